//! `events_unpublished`: everything that was to leave has left, and had its effect exactly once.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use uuid::Uuid;

use crate::checker::Finding;
use crate::checker::facts::Facts;

/// An event may be on its way for so long.
const LATE: TimeDelta = TimeDelta::seconds(30);
const CONFIRMATION: &str = "mail.order_confirmation";

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
        .collect();
    findings.extend(confirmations(facts));
    findings.extend(arrivals(facts));
    findings
}

/// Every completed order has one confirmation, asked for once and sent once; no other order has one.
fn confirmations(facts: &Facts) -> Vec<Finding> {
    let sent: BTreeSet<Uuid> = facts.mails_sent.iter().copied().collect();
    let mut asked: BTreeMap<Uuid, Vec<Uuid>> = BTreeMap::new();
    for row in facts.outbox.iter().filter(|row| row.nats_subject == CONFIRMATION) {
        asked.entry(row.aggregate_id).or_default().push(row.event_id);
    }
    let mut findings = Vec::new();
    for order in &facts.orders {
        let events = asked.remove(&order.order_id).unwrap_or_default();
        let done = events.iter().filter(|event| sent.contains(event)).count();
        let wanted = usize::from(order.state == "COMPLETED");
        if events.len() != wanted || done != wanted {
            findings.push(format!(
                "order {} ({}) asked for {} confirmations and {done} were sent",
                order.order_id,
                order.state,
                events.len()
            ));
        }
    }
    findings.extend(
        asked
            .keys()
            .map(|order| format!("a confirmation names order {order}, which is not there")),
    );
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
