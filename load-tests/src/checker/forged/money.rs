//! Lies about money.

use super::honest::{give_back, refund_late};
use super::{Forged, changed};
use crate::checker::facts::Intent;

pub(super) fn histories() -> Vec<Forged> {
    let mismatch = "money_mismatch";
    vec![
        Forged::honest("a late payment was refunded", changed(refund_late)),
        Forged::honest(
            "a paid order was given back",
            changed(|facts| give_back(facts, 60_000)),
        ),
        without_outcome(),
        Forged::lie(
            (mismatch, 2),
            "more was captured than the order costs",
            changed(|facts| facts.intents[0].captured_cents = 8481),
        ),
        Forged::lie(
            (mismatch, 2),
            "a leg of the ledger is a cent short",
            changed(|facts| facts.ledger[1].cents = -7999),
        ),
        Forged::lie(
            (mismatch, 1),
            "Stripe refunded what our refunds do not know",
            changed(|facts| {
                refund_late(facts);
                facts.refunds.clear();
                facts.audit.retain(|entry| entry.deed != "refund.completed");
            }),
        ),
    ]
}

/// Such money is neither fulfilled nor refunded, so it is by definition a mismatch too.
fn without_outcome() -> Forged {
    Forged {
        story: "money was captured, and there are neither tickets nor a refund",
        facts: changed(|facts| {
            facts.intents.push(Intent {
                id: "pi_9".to_owned(),
                captured_cents: 100,
                refunded_cents: 0,
            });
        }),
        breaks: vec![("paid_without_outcome", 1), ("money_mismatch", 1)],
    }
}
