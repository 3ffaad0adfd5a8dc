//! `paid_without_outcome` and `money_mismatch`: what Stripe captured against what the backend made of it.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::checker::Finding;
use crate::checker::facts::{Facts, Intent, Order, Payment};

/// Captured, and neither fulfilled nor fully refunded.
pub(crate) fn paid_without_outcome(facts: &Facts) -> Vec<Finding> {
    let books = Books::of(facts);
    let captured = facts.intents.iter().filter(|intent| intent.captured_cents > 0);
    let open = captured
        .filter(|intent| intent.refunded_cents != intent.captured_cents && !books.is_fulfilled(intent));
    open.map(|intent| {
        format!(
            "{} captured {} cents and has neither tickets nor a full refund",
            intent.id, intent.captured_cents
        )
    })
    .collect()
}

/// Captured ≠ fulfilled + refunded, the backend's rows say otherwise than Stripe, or the ledger of a currency is not zero.
pub(crate) fn money_mismatch(facts: &Facts) -> Vec<Finding> {
    let books = Books::of(facts);
    let mut findings = Vec::new();
    for intent in &facts.intents {
        findings.extend(books.intent_mismatch(intent));
    }
    for order in &facts.orders {
        findings.extend(books.order_mismatch(order));
    }
    for (order_id, paid) in &books.by_order {
        let unknown = paid
            .intent_id
            .as_deref()
            .is_some_and(|id| !facts.intents.iter().any(|intent| intent.id == id));
        if unknown {
            findings.push(format!(
                "the payment of order {order_id} names an intent that Stripe does not know"
            ));
        }
    }
    findings.extend(unbalanced(facts));
    findings
}

struct Books<'a> {
    orders: BTreeMap<Uuid, &'a Order>,
    by_order: BTreeMap<Uuid, &'a Payment>,
    by_intent: BTreeMap<&'a str, &'a Payment>,
    live_tickets: BTreeMap<Uuid, i64>,
    refunded: BTreeMap<Uuid, i64>,
    /// Balance of the account `gateway`, by order.
    at_gateway: BTreeMap<Uuid, i64>,
    intents: BTreeMap<&'a str, &'a Intent>,
}

impl<'a> Books<'a> {
    fn of(facts: &'a Facts) -> Self {
        let mut live_tickets = BTreeMap::new();
        for ticket in facts.tickets.iter().filter(|ticket| ticket.is_live()) {
            *live_tickets.entry(ticket.order_id).or_default() += 1;
        }
        let mut refunded = BTreeMap::new();
        for refund in facts.refunds.iter().filter(|refund| refund.state == "SUCCEEDED") {
            *refunded.entry(refund.order_id).or_default() += refund.amount_cents;
        }
        let mut at_gateway = BTreeMap::new();
        for leg in facts.ledger.iter().filter(|leg| leg.account == "gateway") {
            *at_gateway.entry(leg.order_id).or_default() += leg.cents;
        }
        let by_intent = facts
            .payments
            .iter()
            .filter_map(|payment| Some((payment.intent_id.as_deref()?, payment)));
        Self {
            orders: facts.orders.iter().map(|order| (order.order_id, order)).collect(),
            by_order: facts
                .payments
                .iter()
                .map(|payment| (payment.order_id, payment))
                .collect(),
            by_intent: by_intent.collect(),
            live_tickets,
            refunded,
            at_gateway,
            intents: facts
                .intents
                .iter()
                .map(|intent| (intent.id.as_str(), intent))
                .collect(),
        }
    }

    fn order_of(&self, intent: &Intent) -> Option<&'a Order> {
        let payment = self.by_intent.get(intent.id.as_str())?;
        self.orders.get(&payment.order_id).copied()
    }

    fn is_fulfilled(&self, intent: &Intent) -> bool {
        let Some(order) = self.order_of(intent) else {
            return false;
        };
        let live = self.live_tickets.get(&order.order_id).copied().unwrap_or(0);
        order.state == "COMPLETED" && live == order.lines && order.lines > 0
    }

    fn intent_mismatch(&self, intent: &Intent) -> Option<Finding> {
        let Some(payment) = self.by_intent.get(intent.id.as_str()) else {
            // Made, its answer lost, never used: nothing is owed for it.
            return (intent.captured_cents > 0)
                .then(|| format!("{} captured money for no payment of ours", intent.id));
        };
        let order_id = payment.order_id;
        let fulfilled = if self.is_fulfilled(intent) {
            self.orders.get(&order_id).map_or(0, |o| o.total_cents)
        } else {
            0
        };
        let (captured, refunded) = (intent.captured_cents, intent.refunded_cents);
        let recorded = if payment.state == "SUCCEEDED" {
            payment.amount_cents
        } else {
            0
        };
        let sent_back = self.refunded.get(&order_id).copied().unwrap_or(0);
        let booked = self.at_gateway.get(&order_id).copied().unwrap_or(0);
        if captured != fulfilled + refunded {
            Some(format!(
                "order {order_id}: {captured} captured, {fulfilled} fulfilled, {refunded} refunded (cents)"
            ))
        } else if captured != recorded {
            Some(format!(
                "order {order_id}: Stripe captured {captured} cents, our payment says {recorded}"
            ))
        } else if refunded != sent_back {
            Some(format!(
                "order {order_id}: Stripe refunded {refunded} cents, our refunds say {sent_back}"
            ))
        } else if booked != captured - refunded {
            Some(format!(
                "order {order_id}: the ledger has {booked} cents at the gateway, Stripe {}",
                captured - refunded
            ))
        } else {
            None
        }
    }

    fn order_mismatch(&self, order: &Order) -> Option<Finding> {
        let order_id = order.order_id;
        if order.total_cents != order.lines_cents {
            return Some(format!(
                "order {order_id}: total {} ≠ lines {}",
                order.total_cents, order.lines_cents
            ));
        }
        let payment = self.by_order.get(&order_id);
        let intent = payment.and_then(|payment| self.intents.get(payment.intent_id.as_deref()?));
        let captured = intent.map_or(0, |intent| intent.captured_cents);
        (order.state == "COMPLETED" && captured != order.total_cents).then(|| {
            format!(
                "order {order_id} is completed for {} cents, captured {captured}",
                order.total_cents
            )
        })
    }
}

/// Every movement and the whole ledger sum to zero in every currency.
fn unbalanced(facts: &Facts) -> Vec<Finding> {
    let mut movements: BTreeMap<(Uuid, &str), i64> = BTreeMap::new();
    let mut currencies: BTreeMap<&str, i64> = BTreeMap::new();
    for leg in &facts.ledger {
        *movements.entry((leg.movement_id, &leg.currency)).or_default() += leg.cents;
        *currencies.entry(&leg.currency).or_default() += leg.cents;
    }
    let movements = movements.into_iter().filter(|(_, sum)| *sum != 0);
    let currencies = currencies.into_iter().filter(|(_, sum)| *sum != 0);
    movements
        .map(|((movement, currency), sum)| format!("movement {movement} sums to {sum} cents {currency}"))
        .chain(currencies.map(|(currency, sum)| format!("the ledger sums to {sum} cents {currency}")))
        .collect()
}
