//! Who owned a seat when: carts while they live, tickets from their issue until they are cancelled.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::checker::facts::{Cart, Facts, Time};

/// One owner of some seats for some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ownership {
    /// The purchase: a cart, and the tickets that came of it.
    pub(crate) purchase: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) seat_id: Uuid,
    pub(crate) from: Time,
    /// `None`: a ticket that was never cancelled.
    pub(crate) until: Option<Time>,
}

/// Every ownership of the match.
pub(crate) fn all(facts: &Facts) -> Vec<Ownership> {
    let cart_of_order: BTreeMap<Uuid, Uuid> = facts
        .orders
        .iter()
        .map(|order| (order.order_id, order.cart_id))
        .collect();
    let tickets = facts.tickets.iter().map(|ticket| Ownership {
        purchase: cart_of_order
            .get(&ticket.order_id)
            .copied()
            .unwrap_or(ticket.order_id),
        user_id: ticket.user_id,
        seat_id: ticket.seat_id,
        from: ticket.issued_at,
        until: ticket.owned_until(),
    });
    let mut issued: BTreeMap<Uuid, Time> = BTreeMap::new();
    for ticket in tickets.clone() {
        let first = issued.entry(ticket.purchase).or_insert(ticket.from);
        *first = (*first).min(ticket.from);
    }
    let carts = facts.carts.iter().flat_map(|cart| {
        // What became a ticket is owned by the ticket from then on.
        let until = issued
            .get(&cart.cart_id)
            .map_or(end_of(cart), |issued| end_of(cart).min(*issued));
        cart.seat_ids.iter().map(move |seat_id| Ownership {
            purchase: cart.cart_id,
            user_id: cart.user_id,
            seat_id: *seat_id,
            from: cart.held_at,
            until: Some(until),
        })
    });
    tickets
        .chain(carts)
        .filter(|owned| owned.until.is_none_or(|until| until > owned.from))
        .collect()
}

/// min(ended, locked until).
pub(crate) fn end_of(cart: &Cart) -> Time {
    cart.ended_at
        .map_or(cart.locked_until, |ended| ended.min(cart.locked_until))
}

/// Orders by time.
pub(crate) fn in_order(mut owners: Vec<Ownership>) -> Vec<Ownership> {
    owners.sort_by_key(|owner| (owner.from, owner.until));
    owners
}

/// Whether `earlier` still owned when `later` began.
pub(crate) fn overlap(earlier: &Ownership, later: &Ownership) -> bool {
    earlier.until.is_none_or(|until| until > later.from)
}
