//! `events_unpublished`: everything that was to leave has left, and had its effect exactly once.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use uuid::Uuid;

use crate::checker::Finding;
use crate::checker::facts::Facts;

/// An event may be on its way for so long.
const LATE: TimeDelta = TimeDelta::seconds(30);

/// What becomes known of an order, by its final state: each once, and nothing else.
const TOLD: [(&str, &str); 3] = [
    ("COMPLETED", "order.completed"),
    ("COMPLETED", "mail.order_confirmation"),
    ("REFUNDED", "order.refunded"),
];

/// An outbox row older than 30 s is unpublished, or an effect is missing or doubled.
pub(crate) fn events_unpublished(facts: &Facts) -> Vec<Finding> {
    let late = |created| facts.now - created > LATE;
    let unpublished = facts
        .outbox
        .iter()
        .filter(|row| row.published_at.is_none() && late(row.created_at));
    let unapplied = facts
        .unapplied_gateway_events
        .iter()
        .filter(|event| late(event.received_at));
    let mut findings: Vec<Finding> = unpublished
        .map(|row| {
            format!(
                "event {} ({}) of {} is unpublished",
                row.event_id, row.nats_subject, row.created_at
            )
        })
        .chain(
            unapplied.map(|event| format!("{} ({}) was never applied", event.gateway_event_id, event.kind)),
        )
        .chain(
            facts
                .dead_letters
                .iter()
                .map(|(consumer, event)| format!("{consumer} gave up on event {event}")),
        )
        .chain(
            facts
                .dead_jobs
                .iter()
                .map(|(kind, subject)| format!("the job {kind} of {subject} was given up")),
        )
        .collect();
    findings.extend(announcements(facts));
    findings.extend(arrivals(facts));
    findings
}

/// Every event about an order was made as often as the order's state asks for, every mail sent as often as asked for.
fn announcements(facts: &Facts) -> Vec<Finding> {
    let sent: BTreeSet<Uuid> = facts.mails_sent.iter().copied().collect();
    let mut made: BTreeMap<(&str, Uuid), Vec<Uuid>> = BTreeMap::new();
    for row in &facts.outbox {
        made.entry((row.nats_subject.as_str(), row.aggregate_id))
            .or_default()
            .push(row.event_id);
    }
    let mut findings = Vec::new();
    // An order that was given back was completed before.
    let with_tickets: BTreeSet<Uuid> = facts.tickets.iter().map(|ticket| ticket.order_id).collect();
    for order in &facts.orders {
        let returned = order.state == "REFUNDED" && with_tickets.contains(&order.order_id);
        for (state, subject) in TOLD {
            let events = made.remove(&(subject, order.order_id)).unwrap_or_default();
            let wanted = usize::from(order.state == state || (returned && state == "COMPLETED"));
            let done = if subject.starts_with("mail.") {
                events.iter().filter(|event| sent.contains(event)).count()
            } else {
                events.len()
            };
            if events.len() != wanted || done != wanted {
                findings.push(format!(
                    "order {} ({}) made {} {subject}, {done} took effect, {wanted} should",
                    order.order_id,
                    order.state,
                    events.len()
                ));
            }
        }
    }
    let of_orders = |subject: &str| TOLD.iter().any(|(_, told)| *told == subject);
    let strays = made.keys().filter(|(subject, _)| of_orders(subject));
    findings
        .extend(strays.map(|(subject, order)| format!("{subject} names order {order}, which is not there")));
    findings
}

/// As many mails arrived at each buyer's address as were sent to it.
fn arrivals(facts: &Facts) -> Vec<Finding> {
    let sent: BTreeSet<Uuid> = facts.mails_sent.iter().copied().collect();
    let buyer: BTreeMap<Uuid, Uuid> = facts
        .orders
        .iter()
        .map(|order| (order.order_id, order.user_id))
        .collect();
    let mut wanted: BTreeMap<Uuid, usize> = BTreeMap::new();
    let mails = facts
        .outbox
        .iter()
        .filter(|row| row.nats_subject.starts_with("mail.") && sent.contains(&row.event_id));
    for user in mails.filter_map(|row| buyer.get(&row.aggregate_id)) {
        *wanted.entry(*user).or_default() += 1;
    }
    let wrong = facts.emails.iter().filter_map(|(user, email)| {
        let wanted = wanted.get(user).copied().unwrap_or(0);
        let arrived = facts
            .received_mails
            .get(&email.to_lowercase())
            .copied()
            .unwrap_or(0);
        (wanted != arrived).then(|| format!("buyer {user} was sent {wanted} mails and received {arrived}"))
    });
    wrong.collect()
}
