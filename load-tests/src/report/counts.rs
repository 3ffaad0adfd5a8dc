//! What is counted in a run, and what it must have exercised.

use serde::Serialize;
use serde_json::{Value, json};

use crate::checker::facts::{Cart, Facts};
use crate::fans::history::{History, What};
use crate::report::Run;

/// With fewer kills nothing was killed that matters.
const KILLS_MIN: usize = 5;

/// What a run must have exercised to prove anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Floor {
    pub(crate) name: &'static str,
    pub(crate) least: usize,
    pub(crate) reached: usize,
}

impl Floor {
    pub(super) fn is_reached(&self) -> bool {
        self.reached >= self.least
    }
}

/// Numbers that are counted, not judged.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) seats_open: usize,
    pub(super) seats_sold: usize,
    carts_expired: usize,
    gone_answers: usize,
    busy_answers: usize,
    limit_refusals: usize,
    late_payments: usize,
    late_payments_charged: usize,
    reconnects: usize,
    trespasses: usize,
    trespasses_honoured: usize,
    webhooks_duplicated: usize,
}

impl Counts {
    pub(super) fn of(facts: &Facts) -> Self {
        let whats = || facts.histories.iter().flat_map(History::whats);
        let expired = |cart: &&Cart| match cart.ended_as.as_deref() {
            Some(ended_as) => ended_as == "EXPIRED",
            None => cart.locked_until <= facts.now,
        };
        Self {
            seats_open: facts.seats.iter().filter(|seat| seat.is_open()).count(),
            seats_sold: facts.seats_with_tickets().len(),
            carts_expired: facts.carts.iter().filter(expired).count(),
            gone_answers: whats().filter(|what| matches!(what, What::Gone(_))).count(),
            busy_answers: whats().filter(|what| **what == What::Busy).count(),
            limit_refusals: whats().filter(|what| **what == What::OverLimit).count(),
            late_payments: whats()
                .filter(|what| matches!(what, What::PaidLate { .. }))
                .count(),
            late_payments_charged: whats()
                .filter(|what| matches!(what, What::PaidLate { charged: true }))
                .count(),
            webhooks_duplicated: facts.webhooks.duplicated,
            reconnects: whats().filter(|what| **what == What::Reconnected).count(),
            trespasses: whats()
                .filter(|what| matches!(what, What::Trespassed { .. }))
                .count(),
            trespasses_honoured: whats()
                .filter(|what| matches!(what, What::Trespassed { honoured: true, .. }))
                .count(),
        }
    }

    pub(super) fn numbers(&self, facts: &Facts) -> Vec<(&'static str, Value)> {
        let logged = |kind: &str| facts.line.iter().filter(|entry| entry.kind == kind).count();
        let orders = |state: &str| facts.orders.iter().filter(|order| order.state == state).count();
        vec![
            ("joined", json!(logged("JOINED"))),
            ("admitted", json!(logged("ADMITTED"))),
            ("sessions_expired", json!(logged("SESSION_EXPIRED"))),
            ("carts", json!(facts.carts.len())),
            ("carts_expired", json!(self.carts_expired)),
            ("gone_answers", json!(self.gone_answers)),
            ("busy_answers", json!(self.busy_answers)),
            ("limit_refusals", json!(self.limit_refusals)),
            ("late_payments", json!(self.late_payments)),
            ("late_payments_charged", json!(self.late_payments_charged)),
            ("reconnects", json!(self.reconnects)),
            ("trespasses", json!(self.trespasses)),
            ("trespasses_honoured", json!(self.trespasses_honoured)),
            ("webhooks_sent", json!(facts.webhooks.sent)),
            ("webhooks_duplicated", json!(facts.webhooks.duplicated)),
            ("webhooks_delayed", json!(facts.webhooks.delayed)),
            ("webhooks_reordered", json!(facts.webhooks.reordered)),
            ("webhooks_lost", json!(facts.webhooks.lost)),
            ("orders_paid", json!(orders("COMPLETED"))),
            ("orders_refunded", json!(orders("REFUNDED"))),
            ("tickets_issued", json!(facts.tickets.len())),
            ("seats_total", json!(facts.seats.len())),
            ("seats_open", json!(self.seats_open)),
            ("seats_sold", json!(self.seats_sold)),
            ("mails_sent", json!(facts.received_mails.values().sum::<usize>())),
            ("mails_repeated", json!(facts.mails_repeated)),
            ("audit_entries", json!(facts.audit.len())),
        ]
    }
}

/// Each at least one in a hundred fans; and kills enough to say that something was killed.
pub(super) fn floors(run: &Run<'_>, counts: &Counts) -> Vec<Floor> {
    let least = run.fans.div_ceil(100);
    let mut floors: Vec<Floor> = [
        ("gone_answers", counts.gone_answers),
        ("carts_expired", counts.carts_expired),
        ("limit_refusals", counts.limit_refusals),
        ("late_payments", counts.late_payments),
        ("reconnects", counts.reconnects),
        ("webhooks_duplicated", counts.webhooks_duplicated),
    ]
    .into_iter()
    .map(|(name, reached)| Floor { name, least, reached })
    .collect();
    floors.extend(run.chaos.map(|chaos| Floor {
        name: "kills",
        least: KILLS_MIN,
        reached: chaos.kills.len(),
    }));
    floors
}
