//! What honest runs are made of: purchases, payments, refunds, and all that is written down about them.

use uuid::Uuid;

use super::{BUYERS, CART, EVENT, MOVEMENT, ORDER, PLACE, SEAT, TICKET, USER, ZONE, at, id};
use crate::checker::audit;
use crate::checker::facts::{
    AuditEntry, Cart, Facts, Intent, LedgerLeg, LineEntry, Order, OutboxRow, Payment, Refund, Seat, Ticket,
    Time,
};
use crate::fans::history::{GoneAnswer, History, Step, What};

/// Three fans who bought two seats each, one who saw everything in other hands.
pub(super) fn sale() -> Facts {
    let mut facts = Facts {
        now: at(1_000_000),
        ticket_limit: 4,
        sessions_max: 1,
        ..Facts::default()
    };
    for fan in BUYERS {
        buy(&mut facts, fan);
    }
    let gone = GoneAnswer {
        zone_id: id(ZONE, 1),
        quantity: 1,
        as_of: at(40_000),
        session_ends_at: at(220_000),
    };
    let step = Step {
        sent_us: 40_000_000,
        answered_us: 40_001_000,
        what: What::Gone(gone),
    };
    facts.histories.push(History {
        fan: 4,
        steps: vec![step],
        ..History::default()
    });
    facts
}

/// What a fan buys: two seats each, one after the other.
fn buy(facts: &mut Facts, fan: u32) {
    let start = i64::from(fan) * 10_000;
    let (order_id, user_id, ticket_id) = (id(ORDER, fan), id(USER, fan), id(PLACE, fan));
    let seats = vec![id(SEAT, fan * 2), id(SEAT, fan * 2 + 1)];
    for (number, seat_id) in (fan * 2..).zip(&seats) {
        facts.seats.push(seat(*seat_id, "SOLD"));
        facts.tickets.push(Ticket {
            ticket_id: id(TICKET, number),
            order_id,
            seat_id: *seat_id,
            user_id,
            identity: number.to_be_bytes().to_vec(),
            state: "SOLD".to_owned(),
            issued_at: at(start + 5_000),
            cancelled_at: None,
        });
    }
    hold_and_order(facts, (fan, start), seats.clone());
    pay(facts, (fan, start));
    for (number, subject) in [(fan, "mail.order_confirmation"), (fan + 100, "order.completed")] {
        let row = published(number, subject, order_id, start + 5_000);
        facts.outbox.push(row);
    }
    facts.mails_sent.push(id(EVENT, fan));
    facts.emails.insert(user_id, format!("fan{fan}@fans.example"));
    facts.received_mails.insert(format!("fan{fan}@fans.example"), 1);
    let deeds = ["order.placed", "payment.started", "order.completed"];
    facts.audit.extend(chain(order_id, &deeds));
    visit_line(facts, ticket_id, start);
    facts.histories.push(history(fan, start, &seats));
}

/// A seat of the one zone that fans ask for.
pub(super) fn seat(seat_id: Uuid, status: &str) -> Seat {
    Seat {
        seat_id,
        zone_id: id(ZONE, 1),
        status: status.to_owned(),
    }
}

pub(super) fn published(number: u32, subject: &str, order_id: Uuid, created: i64) -> OutboxRow {
    OutboxRow {
        event_id: id(EVENT, number),
        nats_subject: subject.to_owned(),
        aggregate_id: order_id,
        created_at: at(created),
        published_at: Some(at(created + 100)),
    }
}

fn hold_and_order(facts: &mut Facts, (fan, start): (u32, i64), seat_ids: Vec<Uuid>) {
    let (cart_id, order_id, user_id) = (id(CART, fan), id(ORDER, fan), id(USER, fan));
    facts.carts.push(Cart {
        cart_id,
        user_id,
        seat_ids,
        held_at: at(start + 2_000),
        locked_until: at(start + 201_000),
        ended_at: Some(at(start + 5_000)),
        ended_as: Some("SOLD".to_owned()),
    });
    facts.orders.push(Order {
        order_id,
        user_id,
        cart_id,
        state: "COMPLETED".to_owned(),
        total_cents: 8480,
        session_ends_at: at(start + 181_000),
        lines: 2,
        lines_cents: 8480,
    });
}

fn pay(facts: &mut Facts, (fan, start): (u32, i64)) {
    let order_id = id(ORDER, fan);
    facts.payments.push(Payment {
        order_id,
        state: "SUCCEEDED".to_owned(),
        amount_cents: 8480,
        intent_id: Some(format!("pi_{fan}")),
        started_at: at(start + 4_000),
    });
    facts.intents.push(Intent {
        id: format!("pi_{fan}"),
        captured_cents: 8480,
        refunded_cents: 0,
    });
    book(
        facts,
        (fan, order_id),
        &[("gateway", 8480), ("tickets", -8000), ("fees", -480)],
    );
}

/// One movement of the ledger.
fn book(facts: &mut Facts, (movement, order_id): (u32, Uuid), legs: &[(&str, i64)]) {
    facts.ledger.extend(legs.iter().map(|(account, cents)| LedgerLeg {
        movement_id: id(MOVEMENT, movement),
        order_id,
        account: (*account).to_owned(),
        cents: *cents,
        currency: "EUR".to_owned(),
    }));
}

/// A sealed chain of entries about one subject.
pub(super) fn chain(subject_id: Uuid, deeds: &[&str]) -> Vec<AuditEntry> {
    let mut entries: Vec<AuditEntry> = (1..)
        .zip(deeds)
        .map(|(entry_no, deed)| AuditEntry {
            subject_id,
            entry_no,
            at_text: "2027-01-15T08:00:00.000000".to_owned(),
            actor: "system:payments".to_owned(),
            deed: (*deed).to_owned(),
            details_text: "{\"total\": \"84.80\"}".to_owned(),
            hash: Vec::new(),
        })
        .collect();
    audit::seal(&mut entries);
    entries
}

fn visit_line(facts: &mut Facts, ticket_id: Uuid, start: i64) {
    let mut entry = |kind: &str, milliseconds: i64, session_expires_at: Option<Time>| {
        facts.line.push(LineEntry {
            kind: kind.to_owned(),
            ticket_id,
            at: at(milliseconds),
            session_expires_at,
        });
    };
    entry("JOINED", start, None);
    entry("ADMITTED", start + 1_000, Some(at(start + 181_000)));
    entry("COMPLETED", start + 6_000, None);
}

fn history(fan: u32, start: i64, seats: &[Uuid]) -> History {
    let (order_id, ticket_id) = (id(ORDER, fan), id(PLACE, fan));
    let placed = |position| What::Placed { ticket_id, position };
    let whats = [
        What::Joined { ticket_id },
        placed(3),
        placed(1),
        What::Admitted { ticket_id },
        What::Held {
            cart_id: id(CART, fan),
            seat_ids: seats.to_vec(),
        },
        What::CheckedOut {
            order_id,
            oibs: vec![format!("oib-{fan}-a"), format!("oib-{fan}-b")],
        },
        What::PaymentStarted {
            order_id,
            intent_id: format!("pi_{fan}"),
        },
        What::CardPaid { order_id },
        What::OrderSeen {
            order_id,
            state: "COMPLETED".to_owned(),
        },
        What::TicketsSeen {
            order_id,
            ticket_ids: vec![id(TICKET, fan * 2), id(TICKET, fan * 2 + 1)],
        },
    ];
    let start_us = start.unsigned_abs() * 1_000;
    let steps = (0..).zip(whats).map(|(index, what): (u64, What)| {
        let sent_us = start_us + index * 500_000;
        Step {
            sent_us,
            answered_us: sent_us + 1_000,
            what,
        }
    });
    History {
        fan: usize::try_from(fan).unwrap_or_default(),
        steps: steps.collect(),
        ..History::default()
    }
}

/// A cart beside the purchases of [`sale`], by a fan of its own.
pub(super) fn other_cart(seat: u32, from: i64, until: i64) -> Cart {
    Cart {
        cart_id: id(CART, 77),
        user_id: id(USER, 77),
        seat_ids: vec![id(SEAT, seat)],
        held_at: at(from),
        locked_until: at(until),
        ended_at: None,
        ended_as: None,
    }
}

/// The first fan's order is returned: money back, tickets cancelled, seats free again.
pub(super) fn give_back(facts: &mut Facts, when: i64) {
    let order_id = id(ORDER, 1);
    facts.orders[0].state = "REFUNDED".to_owned();
    facts.intents[0].refunded_cents = 8480;
    for ticket in &mut facts.tickets[..2] {
        (ticket.state, ticket.cancelled_at) = ("CANCELLED".to_owned(), Some(at(when)));
    }
    for seat in &mut facts.seats[..2] {
        seat.status = "AVAILABLE".to_owned();
    }
    refund(facts, order_id, 8480);
    let owed = [("refunds_due", -8480), ("tickets", 8000), ("fees", 480)];
    book(facts, (20, order_id), &owed);
    let sent = [("refunds_due", 8480), ("gateway", -8480)];
    book(facts, (21, order_id), &sent);
    let row = published(9, "order.refunded", order_id, when);
    facts.outbox.push(row);
    facts.audit.retain(|entry| entry.subject_id != order_id);
    let deeds = [
        "order.placed",
        "payment.started",
        "order.completed",
        "order.refunded",
        "refund.completed",
    ];
    facts.audit.extend(chain(order_id, &deeds));
}

fn refund(facts: &mut Facts, order_id: Uuid, amount_cents: i64) {
    facts.refunds.push(Refund {
        order_id,
        amount_cents,
        state: "SUCCEEDED".to_owned(),
    });
}

/// A payment that landed too late, and went back.
pub(super) fn refund_late(facts: &mut Facts) {
    let order_id = id(ORDER, 9);
    let mut cart = other_cart(60, 1_000, 2_000);
    cart.cart_id = id(CART, 9);
    facts.carts.push(cart);
    facts.orders.push(Order {
        order_id,
        user_id: id(USER, 77),
        cart_id: id(CART, 9),
        state: "REFUNDED".to_owned(),
        total_cents: 4240,
        session_ends_at: at(2_000),
        lines: 1,
        lines_cents: 4240,
    });
    facts.payments.push(Payment {
        order_id,
        state: "SUCCEEDED".to_owned(),
        amount_cents: 4240,
        intent_id: Some("pi_9".to_owned()),
        started_at: at(1_500),
    });
    refund(facts, order_id, 4240);
    facts.intents.push(Intent {
        id: "pi_9".to_owned(),
        captured_cents: 4240,
        refunded_cents: 4240,
    });
    book(
        facts,
        (20, order_id),
        &[("gateway", 4240), ("refunds_due", -4240)],
    );
    book(
        facts,
        (21, order_id),
        &[("gateway", -4240), ("refunds_due", 4240)],
    );
    let row = published(9, "order.refunded", order_id, 3_000);
    facts.outbox.push(row);
    let deeds = [
        "order.placed",
        "payment.started",
        "order.refunded",
        "refund.completed",
    ];
    facts.audit.extend(chain(order_id, &deeds));
}

/// The first fan's seats were given back at `when`, and the second fan bought them instead of others.
pub(super) fn resold(when: i64) -> Facts {
    let mut facts = sale();
    give_back(&mut facts, when);
    let seats = [id(SEAT, 2), id(SEAT, 3)];
    let others = [id(SEAT, 4), id(SEAT, 5)];
    facts.seats.retain(|seat| !others.contains(&seat.seat_id));
    for (index, seat) in seats.into_iter().enumerate() {
        facts.seats[index].status = "SOLD".to_owned();
        facts.tickets[2 + index].seat_id = seat;
    }
    second_holds(&mut facts, &seats);
    facts
}

/// The second fan held these, and was told so.
pub(super) fn second_holds(facts: &mut Facts, seats: &[Uuid]) {
    facts.carts[1].seat_ids = seats.to_vec();
    for step in &mut facts.histories[1].steps {
        if let What::Held { seat_ids, .. } = &mut step.what {
            *seat_ids = seats.to_vec();
        }
    }
}
