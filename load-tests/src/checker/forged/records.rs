//! Lies about what was acknowledged, sent and written down.

use super::*;

#[test]
fn an_acknowledged_cart_order_payment_or_ticket_that_is_not_there_is_a_lost_ack() {
    let mut facts = clean();
    facts.histories[0].steps.push(Step {
        sent_us: 1,
        answered_us: 2,
        what: What::Held {
            cart_id: id(CART, 99),
            seat_ids: vec![id(SEAT, 2)],
        },
    });
    names(&facts, "lost_ack", 1);

    let mut facts = clean();
    let what = What::CheckedOut {
        order_id: id(ORDER, 99),
        oibs: Vec::new(),
    };
    facts.histories[0].steps.push(Step {
        sent_us: 1,
        answered_us: 2,
        what,
    });
    names(&facts, "lost_ack", 1);

    let mut facts = clean();
    let what = What::PaymentStarted {
        order_id: id(ORDER, 1),
        intent_id: "pi_other".to_owned(),
    };
    facts.histories[0].steps.push(Step {
        sent_us: 1,
        answered_us: 2,
        what,
    });
    names(&facts, "lost_ack", 1);

    let mut facts = clean();
    let what = What::TicketsSeen {
        order_id: id(ORDER, 1),
        ticket_ids: vec![id(TICKET, 2)],
    };
    facts.histories[0].steps.push(Step {
        sent_us: 1,
        answered_us: 2,
        what,
    });
    names(&facts, "lost_ack", 1);
}

#[test]
fn an_event_that_never_left_is_unpublished() {
    let mut facts = clean();
    facts.outbox[0].published_at = None;
    names(&facts, "events_unpublished", 1);
}

#[test]
fn an_order_whose_completion_was_never_or_twice_announced_is_named() {
    let mut facts = clean();
    facts.outbox.retain(|row| row.event_id != id(EVENT, 101));
    names(&facts, "events_unpublished", 1);

    let mut facts = clean();
    facts
        .outbox
        .push(published(999, "order.completed", id(ORDER, 1), 20.0));
    names(&facts, "events_unpublished", 1);

    let mut facts = clean();
    facts
        .outbox
        .push(published(999, "order.refunded", id(ORDER, 99), 20.0));
    names(&facts, "events_unpublished", 1);
}

#[test]
fn a_job_that_was_given_up_is_a_missing_effect() {
    let mut facts = clean();
    facts.dead_jobs.push(("close_order".to_owned(), id(ORDER, 1)));
    names(&facts, "events_unpublished", 1);
}

#[test]
fn a_confirmation_that_is_missing_or_came_twice_is_named() {
    let mut facts = clean();
    facts.mails_sent.remove(0);
    facts.received_mails.remove("fan1@fans.example");
    names(&facts, "events_unpublished", 1);

    let mut facts = clean();
    facts.received_mails.insert("fan1@fans.example".to_owned(), 2);
    names(&facts, "events_unpublished", 1);
}

#[test]
fn a_missing_changed_or_doubled_audit_entry_is_a_gap() {
    let mut facts = clean();
    facts.audit.remove(1);
    names(&facts, "audit_gaps", 2);

    let mut facts = clean();
    facts.audit[1].details_text = "{\"total\": \"0.80\"}".to_owned();
    names(&facts, "audit_gaps", 1);

    let mut facts = clean();
    facts.audit.retain(|entry| entry.subject_id != id(ORDER, 1));
    let deeds = [
        "order.placed",
        "payment.started",
        "order.completed",
        "order.completed",
    ];
    facts.audit.extend(chain(id(ORDER, 1), &deeds));
    names(&facts, "audit_gaps", 1);
}
