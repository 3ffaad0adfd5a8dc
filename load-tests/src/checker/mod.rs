//! Decides whether a run kept its promises. Shares nothing with the code under test: it reads both databases, the line's
//! log, what Stripe and the mail server truly did, and the fans' own histories.
//!
//! [`load`] fetches, everything else is pure: facts in, findings out, so that forged histories can show that each
//! invariant would be noticed.

mod acks;
mod audit;
mod buyers;
mod events;
pub(crate) mod facts;
pub(crate) mod forged;
mod line;
pub(crate) mod load;
mod money;
pub(crate) mod ownership;
mod seats;

use crate::checker::facts::Facts;

/// A broken promise: one sentence that names what broke it.
pub(crate) type Finding = String;

/// All findings, by invariant, in the order of the report.
pub(crate) fn check(facts: &Facts) -> Vec<(&'static str, Vec<Finding>)> {
    vec![
        ("double_sold", seats::double_sold(facts)),
        ("lost_ack", acks::lost_ack(facts)),
        ("false_sold_out", seats::false_sold_out(facts)),
        ("paid_without_outcome", money::paid_without_outcome(facts)),
        ("money_mismatch", money::money_mismatch(facts)),
        ("over_limit_buyers", buyers::over_limit_buyers(facts)),
        ("duplicate_holders", buyers::duplicate_holders(facts)),
        ("fifo_inversions", line::fifo_inversions(facts)),
        ("cap_overruns", line::cap_overruns(facts)),
        ("lost_places", line::lost_places(facts)),
        ("events_unpublished", events::events_unpublished(facts)),
        ("audit_gaps", audit::audit_gaps(facts)),
    ]
}
