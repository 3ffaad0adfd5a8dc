//! Forged histories: a small run in which all is well, and one lie per invariant that the checker must name, and name alone.

mod line;
mod money;
mod records;
mod seats;

use chrono::{DateTime, TimeDelta};
use uuid::Uuid;

use crate::checker::facts::{
    AuditEntry, Cart, Facts, Intent, LedgerLeg, LineEntry, Order, OutboxRow, Payment, Refund, Seat, Ticket,
    Time,
};
use crate::checker::{audit, check};
use crate::fans::history::{GoneAnswer, History, Step, What};

fn at(seconds: f64) -> Time {
    let milliseconds: i64 = format!("{:.0}", seconds * 1000.0).parse().unwrap();
    DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::milliseconds(milliseconds)
}

fn id(kind: u128, number: u128) -> Uuid {
    Uuid::from_u128(kind << 32 | number)
}

const SEAT: u128 = 1;
const CART: u128 = 2;
const ORDER: u128 = 3;
const TICKET: u128 = 4;
const USER: u128 = 5;
const PLACE: u128 = 6;
const EVENT: u128 = 7;
const ZONE: u128 = 8;

/// What a fan buys: two seats each, one after the other.
fn buy(facts: &mut Facts, fan: u128) {
    let start = f64::from(u32::try_from(fan).unwrap()) * 10.0;
    let seats = vec![id(SEAT, fan * 2), id(SEAT, fan * 2 + 1)];
    let (order_id, user_id, ticket_id) = (id(ORDER, fan), id(USER, fan), id(PLACE, fan));
    let intent_id = format!("pi_{fan}");
    for (line, seat_id) in seats.iter().enumerate() {
        let number = fan * 2 + u128::try_from(line).unwrap();
        facts.seats.push(Seat {
            seat_id: *seat_id,
            zone_id: id(ZONE, 1),
            status: "SOLD".to_owned(),
        });
        facts.tickets.push(Ticket {
            ticket_id: id(TICKET, number),
            order_id,
            seat_id: *seat_id,
            user_id,
            identity: number.to_be_bytes().to_vec(),
            state: "SOLD".to_owned(),
            issued_at: at(start + 5.0),
            cancelled_at: None,
        });
    }
    hold_and_order(facts, (fan, start), seats.clone());
    pay(facts, (fan, start));
    for (number, subject) in [(fan, "mail.order_confirmation"), (fan + 100, "order.completed")] {
        facts
            .outbox
            .push(published(number, subject, order_id, start + 5.0));
    }
    facts.mails_sent.push(id(EVENT, fan));
    facts.emails.insert(user_id, format!("fan{fan}@fans.example"));
    facts.received_mails.insert(format!("fan{fan}@fans.example"), 1);
    facts.audit.extend(chain(
        order_id,
        &["order.placed", "payment.started", "order.completed"],
    ));
    visit_line(facts, ticket_id, start);
    facts.histories.push(history(fan, start, &seats, &intent_id));
}

fn published(number: u128, subject: &str, order_id: Uuid, created: f64) -> OutboxRow {
    OutboxRow {
        event_id: id(EVENT, number),
        nats_subject: subject.to_owned(),
        aggregate_id: order_id,
        created_at: at(created),
        published_at: Some(at(created + 0.1)),
    }
}

fn hold_and_order(facts: &mut Facts, (fan, start): (u128, f64), seat_ids: Vec<Uuid>) {
    let (cart_id, order_id, user_id) = (id(CART, fan), id(ORDER, fan), id(USER, fan));
    facts.carts.push(Cart {
        cart_id,
        user_id,
        seat_ids,
        held_at: at(start + 2.0),
        locked_until: at(start + 201.0),
        ended_at: Some(at(start + 5.0)),
        ended_as: Some("SOLD".to_owned()),
    });
    facts.orders.push(Order {
        order_id,
        user_id,
        cart_id,
        state: "COMPLETED".to_owned(),
        total_cents: 8480,
        session_ends_at: at(start + 181.0),
        lines: 2,
        lines_cents: 8480,
    });
}

fn pay(facts: &mut Facts, (fan, start): (u128, f64)) {
    let order_id = id(ORDER, fan);
    let intent_id = format!("pi_{fan}");
    facts.payments.push(Payment {
        order_id,
        state: "SUCCEEDED".to_owned(),
        amount_cents: 8480,
        intent_id: Some(intent_id.clone()),
        started_at: at(start + 4.0),
    });
    facts.intents.push(Intent {
        id: intent_id,
        captured_cents: 8480,
        refunded_cents: 0,
    });
    for (account, cents) in [("gateway", 8480), ("tickets", -8000), ("fees", -480)] {
        let (account, currency) = (account.to_owned(), "EUR".to_owned());
        facts.ledger.push(LedgerLeg {
            movement_id: id(9, fan),
            order_id,
            account,
            cents,
            currency,
        });
    }
}

fn chain(subject_id: Uuid, deeds: &[&str]) -> Vec<AuditEntry> {
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

fn visit_line(facts: &mut Facts, ticket_id: Uuid, start: f64) {
    let mut entry = |kind: &str, seconds: f64, session_expires_at: Option<Time>| {
        facts.line.push(LineEntry {
            kind: kind.to_owned(),
            ticket_id,
            at: at(seconds),
            session_expires_at,
        });
    };
    entry("JOINED", start, None);
    entry("ADMITTED", start + 1.0, Some(at(start + 181.0)));
    entry("COMPLETED", start + 6.0, None);
}

fn history(fan: u128, start: f64, seats: &[Uuid], intent_id: &str) -> History {
    let (order_id, ticket_id) = (id(ORDER, fan), id(PLACE, fan));
    let ticket_ids = vec![id(TICKET, fan * 2), id(TICKET, fan * 2 + 1)];
    let oibs = vec![format!("oib-{fan}-a"), format!("oib-{fan}-b")];
    let whats = [
        What::Joined { ticket_id },
        What::Placed {
            ticket_id,
            position: 3,
        },
        What::Placed {
            ticket_id,
            position: 1,
        },
        What::Admitted { ticket_id },
        What::Held {
            cart_id: id(CART, fan),
            seat_ids: seats.to_vec(),
        },
        What::CheckedOut { order_id, oibs },
        What::PaymentStarted {
            order_id,
            intent_id: intent_id.to_owned(),
        },
        What::CardPaid { order_id },
        What::OrderSeen {
            order_id,
            state: "COMPLETED".to_owned(),
        },
        What::TicketsSeen { order_id, ticket_ids },
    ];
    let start_us: u64 = format!("{:.0}", start * 1e6).parse().unwrap();
    let steps = (0..).zip(whats).map(|(index, what): (u64, What)| {
        let sent_us = start_us + index * 500_000;
        Step {
            sent_us,
            answered_us: sent_us + 1_000,
            what,
        }
    });
    History {
        fan: usize::try_from(fan).unwrap(),
        steps: steps.collect(),
        ..History::default()
    }
}

/// Three fans who bought two seats each, one who saw everything in other hands.
fn clean() -> Facts {
    let mut facts = Facts {
        now: at(1_000.0),
        ticket_limit: 4,
        sessions_max: 1,
        ..Facts::default()
    };
    for fan in 1..=3 {
        buy(&mut facts, fan);
    }
    let gone = GoneAnswer {
        zone_id: id(ZONE, 1),
        quantity: 1,
        as_of: at(40.0),
        session_ends_at: at(220.0),
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

/// The first fan's order is returned: money back, tickets cancelled, seats free again.
fn give_back(facts: &mut Facts, when: f64) {
    let order_id = id(ORDER, 1);
    facts.orders[0].state = "REFUNDED".to_owned();
    facts.intents[0].refunded_cents = 8480;
    for ticket in &mut facts.tickets[..2] {
        (ticket.state, ticket.cancelled_at) = ("CANCELLED".to_owned(), Some(at(when)));
    }
    for seat in &mut facts.seats[..2] {
        seat.status = "AVAILABLE".to_owned();
    }
    facts.refunds.push(Refund {
        order_id,
        amount_cents: 8480,
        state: "SUCCEEDED".to_owned(),
    });
    for (movement, legs) in [
        (20, [("refunds_due", -8480), ("tickets", 8000), ("fees", 480)]),
        (21, [("refunds_due", 8480), ("gateway", -8480), ("fees", 0)]),
    ] {
        facts.ledger.extend(legs.map(|(account, cents)| LedgerLeg {
            movement_id: id(9, movement),
            order_id,
            account: account.to_owned(),
            cents,
            currency: "EUR".to_owned(),
        }));
    }
    facts.outbox.push(published(9, "order.refunded", order_id, when));
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

/// Every invariant but `wanted` holds, and `wanted` was broken so often.
#[track_caller]
fn names(facts: &Facts, wanted: &str, times: usize) {
    let broken: Vec<(&str, Vec<String>)> = check(facts)
        .into_iter()
        .filter(|(_, findings)| !findings.is_empty())
        .collect();
    let names: Vec<&str> = broken.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, [wanted], "{broken:#?}");
    assert_eq!(broken[0].1.len(), times, "{broken:#?}");
}

/// A cart beside the purchases of [`clean`], by a fan of its own.
fn other_cart(seat: u128, from: f64, until: f64) -> Cart {
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
