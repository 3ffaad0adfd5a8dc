//! `lost_ack`: what was acknowledged to a fan is in the database.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::checker::Finding;
use crate::checker::facts::{Cart, Facts, Order, Ticket};
use crate::fans::history::What;

/// A hold, order, payment or ticket was acknowledged and is not there.
pub(crate) fn lost_ack(facts: &Facts) -> Vec<Finding> {
    let kept = Kept::of(facts);
    let mut findings = Vec::new();
    for history in &facts.histories {
        let lost = history.whats().filter_map(|what| kept.misses(what));
        findings.extend(lost.map(|what| format!("fan {}: {what}", history.fan)));
    }
    findings
}

struct Kept<'a> {
    carts: BTreeMap<Uuid, &'a Cart>,
    orders: BTreeMap<Uuid, &'a Order>,
    payments: BTreeSet<(Uuid, &'a str)>,
    tickets: BTreeMap<Uuid, &'a Ticket>,
}

impl<'a> Kept<'a> {
    fn of(facts: &'a Facts) -> Self {
        let intent = |payment: &'a crate::checker::facts::Payment| {
            Some((payment.order_id, payment.intent_id.as_deref()?))
        };
        Self {
            carts: facts.carts.iter().map(|cart| (cart.cart_id, cart)).collect(),
            orders: facts.orders.iter().map(|order| (order.order_id, order)).collect(),
            payments: facts.payments.iter().filter_map(intent).collect(),
            tickets: facts
                .tickets
                .iter()
                .map(|ticket| (ticket.ticket_id, ticket))
                .collect(),
        }
    }

    /// What of this answer is not in the database.
    fn misses(&self, what: &What) -> Option<String> {
        match what {
            What::Held { cart_id, seat_ids } => self.misses_cart(*cart_id, seat_ids),
            What::CheckedOut { order_id, .. } => {
                (!self.orders.contains_key(order_id)).then(|| format!("order {order_id} is not there"))
            }
            What::PaymentStarted { order_id, intent_id } => {
                (!self.payments.contains(&(*order_id, intent_id.as_str())))
                    .then(|| format!("payment {intent_id} of order {order_id} is not there"))
            }
            What::OrderSeen { order_id, state } => self.misses_state(*order_id, state),
            What::TicketsSeen { order_id, ticket_ids } => self.misses_tickets(*order_id, ticket_ids),
            What::Joined { .. }
            | What::Placed { .. }
            | What::PlaceUnknown { .. }
            | What::Admitted { .. }
            | What::Gone(_)
            | What::Busy
            | What::OverLimit
            | What::CardPaid { .. }
            | What::CardDeclined
            | What::PaidLate { .. }
            | What::Reconnected
            | What::Trespassed { .. }
            | What::Refused { .. }
            | What::NoAnswer { .. } => None,
        }
    }

    fn misses_cart(&self, cart_id: Uuid, seat_ids: &[Uuid]) -> Option<String> {
        let Some(cart) = self.carts.get(&cart_id) else {
            return Some(format!("cart {cart_id} is not there"));
        };
        let (kept, told): (BTreeSet<_>, BTreeSet<_>) =
            (cart.seat_ids.iter().collect(), seat_ids.iter().collect());
        (kept != told).then(|| format!("cart {cart_id} holds other seats than told"))
    }

    fn misses_state(&self, order_id: Uuid, state: &str) -> Option<String> {
        let kept = self.orders.get(&order_id).map(|order| order.state.as_str());
        // A completed order may be refunded later; every other outcome is final.
        let fits = kept == Some(state) || (state == "COMPLETED" && kept == Some("REFUNDED"));
        (!fits).then(|| format!("order {order_id} was {state} and is {kept:?}"))
    }

    fn misses_tickets(&self, order_id: Uuid, ticket_ids: &[Uuid]) -> Option<String> {
        let of_order = |id: &&Uuid| {
            self.tickets
                .get(*id)
                .is_none_or(|ticket| ticket.order_id != order_id)
        };
        if let Some(lost) = ticket_ids.iter().find(of_order) {
            return Some(format!("ticket {lost} of order {order_id} is not there"));
        }
        let lines = self.orders.get(&order_id).map_or(0, |order| order.lines);
        let seen = i64::try_from(ticket_ids.len()).unwrap_or(i64::MAX);
        (seen != lines)
            .then(|| format!("order {order_id} has {lines} lines and showed {seen} usable tickets"))
    }
}
