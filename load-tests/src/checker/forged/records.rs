//! Lies about what was acknowledged, sent and written down.

use super::honest::{chain, published};
use super::{CART, EVENT, Forged, ORDER, SEAT, TICKET, changed, first_was_told, id};
use crate::fans::history::What;

pub(super) fn histories() -> Vec<Forged> {
    [acknowledged(), announced(), written_down()]
        .into_iter()
        .flatten()
        .collect()
}

fn acknowledged() -> Vec<Forged> {
    let told = |story, what| {
        let facts = changed(|facts| first_was_told(facts, what));
        Forged::lie(("lost_ack", 1), story, facts)
    };
    vec![
        told(
            "a hold was acknowledged and is not there",
            What::Held {
                cart_id: id(CART, 99),
                seat_ids: vec![id(SEAT, 2)],
            },
        ),
        told(
            "an order was acknowledged and is not there",
            What::CheckedOut {
                order_id: id(ORDER, 99),
                oibs: Vec::new(),
            },
        ),
        told(
            "a payment was acknowledged and is not there",
            What::PaymentStarted {
                order_id: id(ORDER, 1),
                intent_id: "pi_other".to_owned(),
            },
        ),
        told(
            "a ticket was shown and not the other",
            What::TicketsSeen {
                order_id: id(ORDER, 1),
                ticket_ids: vec![id(TICKET, 2)],
            },
        ),
    ]
}

fn announced() -> Vec<Forged> {
    let lie = |story, facts| Forged::lie(("events_unpublished", 1), story, facts);
    vec![
        lie(
            "an event never left",
            changed(|facts| facts.outbox[0].published_at = None),
        ),
        lie(
            "a completion was never announced",
            changed(|facts| facts.outbox.retain(|row| row.event_id != id(EVENT, 101))),
        ),
        lie(
            "a completion was announced twice",
            changed(|facts| {
                let again = published(999, "order.completed", id(ORDER, 1), 20_000);
                facts.outbox.push(again);
            }),
        ),
        lie(
            "an order that is not there was announced",
            changed(|facts| {
                let stray = published(999, "order.refunded", id(ORDER, 99), 20_000);
                facts.outbox.push(stray);
            }),
        ),
        lie(
            "a job was given up",
            changed(|facts| facts.dead_jobs.push(("close_order".to_owned(), id(ORDER, 1)))),
        ),
        lie(
            "a confirmation was never sent",
            changed(|facts| {
                facts.mails_sent.remove(0);
                facts.received_mails.remove("fan1@fans.example");
            }),
        ),
        lie(
            "a confirmation came twice",
            changed(|facts| {
                facts.received_mails.insert("fan1@fans.example".to_owned(), 2);
            }),
        ),
    ]
}

fn written_down() -> Vec<Forged> {
    let gaps = "audit_gaps";
    vec![
        Forged::lie(
            (gaps, 2),
            "an entry is missing",
            changed(|facts| {
                facts.audit.remove(1);
            }),
        ),
        Forged::lie(
            (gaps, 1),
            "an entry was changed",
            changed(|facts| facts.audit[1].details_text = "{\"total\": \"0.80\"}".to_owned()),
        ),
        Forged::lie(
            (gaps, 1),
            "a change was written down twice",
            changed(|facts| {
                let order_id = id(ORDER, 1);
                facts.audit.retain(|entry| entry.subject_id != order_id);
                let deeds = [
                    "order.placed",
                    "payment.started",
                    "order.completed",
                    "order.completed",
                ];
                facts.audit.extend(chain(order_id, &deeds));
            }),
        ),
    ]
}
