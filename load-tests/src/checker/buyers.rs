//! `over_limit_buyers` and `duplicate_holders`.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::checker::Finding;
use crate::checker::facts::{Facts, Time};
use crate::checker::ownership::{self, Ownership, in_order};
use crate::fans::history::What;

/// A buyer owns more than the limit, in tickets plus live cart, at any instant.
pub(crate) fn over_limit_buyers(facts: &Facts) -> Vec<Finding> {
    let mut by_buyer: BTreeMap<Uuid, Vec<Ownership>> = BTreeMap::new();
    for owned in ownership::all(facts) {
        by_buyer.entry(owned.user_id).or_default().push(owned);
    }
    let limit = facts.ticket_limit;
    let over = by_buyer.into_iter().filter_map(|(buyer, owned)| {
        let (most, at) = most_at_once(&in_order(owned))?;
        (most > limit).then(|| format!("buyer {buyer} owned {most} seats at {at}, the limit is {limit}"))
    });
    over.collect()
}

/// The largest number of seats owned at once, and since when.
fn most_at_once(owned: &[Ownership]) -> Option<(usize, Time)> {
    let at_start = |start: Time| {
        let seats: BTreeSet<Uuid> = owned
            .iter()
            .filter(|other| other.from <= start && other.until.is_none_or(|until| until > start))
            .map(|other| other.seat_id)
            .collect();
        seats.len()
    };
    owned
        .iter()
        .map(|one| (at_start(one.from), one.from))
        .max_by_key(|(seats, _)| *seats)
}

/// Two live tickets carry one identity: by the database's blind index, and by what the fans themselves named.
pub(crate) fn duplicate_holders(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut by_identity: BTreeMap<&[u8], Vec<Uuid>> = BTreeMap::new();
    for ticket in facts.tickets.iter().filter(|ticket| ticket.is_live()) {
        by_identity
            .entry(&ticket.identity)
            .or_default()
            .push(ticket.ticket_id);
    }
    for tickets in by_identity.into_values().filter(|tickets| tickets.len() > 1) {
        findings.push(format!("tickets {tickets:?} carry one identity"));
    }

    let completed: BTreeSet<Uuid> = facts
        .orders
        .iter()
        .filter(|order| order.state == "COMPLETED")
        .map(|order| order.order_id)
        .collect();
    let mut holders: BTreeMap<&str, BTreeSet<Uuid>> = BTreeMap::new();
    for what in facts.histories.iter().flat_map(|history| history.whats()) {
        if let What::CheckedOut { order_id, oibs } = what
            && completed.contains(order_id)
        {
            for (index, oib) in oibs.iter().enumerate() {
                holders.entry(oib).or_default().insert(*order_id);
                if oibs.iter().take(index).any(|earlier| earlier == oib) {
                    findings.push(format!("one person holds two tickets of order {order_id}"));
                }
            }
        }
    }
    for orders in holders.into_values().filter(|orders| orders.len() > 1) {
        findings.push(format!("one person holds tickets of orders {orders:?}"));
    }
    findings
}
