//! Forged histories: small runs that are honest, or bear one lie that the checker must name, and name alone.

mod honest;
mod line;
mod money;
mod records;
mod seats;

use std::ops::RangeInclusive;

use chrono::TimeDelta;
use uuid::Uuid;

use crate::checker::facts::{Facts, Time};
use crate::checker::{Finding, check};
use crate::fans::history::{Step, What};

/// A small run, and what the checker must make of it.
#[derive(Debug)]
pub(crate) struct Forged {
    /// What happened in it.
    pub(crate) story: &'static str,
    pub(crate) facts: Facts,
    /// The invariants that it breaks, and how often: none, if it is honest.
    pub(crate) breaks: Vec<(&'static str, usize)>,
}

impl Forged {
    fn honest(story: &'static str, facts: Facts) -> Self {
        Self {
            story,
            facts,
            breaks: Vec::new(),
        }
    }

    fn lie((invariant, times): (&'static str, usize), story: &'static str, facts: Facts) -> Self {
        Self {
            story,
            facts,
            breaks: vec![(invariant, times)],
        }
    }

    /// Findings of the checker, without the invariants that hold.
    pub(crate) fn judged(&self) -> Vec<(&'static str, Vec<Finding>)> {
        let mut found = check(&self.facts);
        found.retain(|(_, findings)| !findings.is_empty());
        found
    }

    /// Whether the checker says what it must, no less and no more.
    pub(crate) fn is_judged_rightly(&self) -> bool {
        let judged = self.judged();
        let counts = judged
            .iter()
            .map(|(invariant, findings)| (*invariant, findings.len()));
        counts.eq(self.breaks.iter().copied())
    }
}

/// All of them.
pub(crate) fn histories() -> Vec<Forged> {
    [
        seats::ownership(),
        seats::gone(),
        seats::buyers(),
        line::histories(),
        money::histories(),
        records::histories(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Milliseconds after the opening.
fn at(milliseconds: i64) -> Time {
    const OPENING: i64 = 1_800_000_000_000;
    Time::UNIX_EPOCH + TimeDelta::milliseconds(OPENING + milliseconds)
}

/// The fans of [`honest::sale`] who buy. Each has ten seconds for it, one after the other.
const BUYERS: RangeInclusive<u32> = 1..=3;

const SEAT: u32 = 1;
const CART: u32 = 2;
const ORDER: u32 = 3;
const TICKET: u32 = 4;
const USER: u32 = 5;
const PLACE: u32 = 6;
const EVENT: u32 = 7;
const ZONE: u32 = 8;
const MOVEMENT: u32 = 9;

fn id(kind: u32, number: u32) -> Uuid {
    Uuid::from_u128(u128::from(kind) << 32 | u128::from(number))
}

/// The first fan was told this besides.
fn first_was_told(facts: &mut Facts, what: What) {
    facts.histories[0].steps.push(Step {
        sent_us: 1,
        answered_us: 2,
        what,
    });
}

/// The honest sale with one change.
fn changed(change: impl FnOnce(&mut Facts)) -> Facts {
    let mut facts = honest::sale();
    change(&mut facts);
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lie_is_named_alone_and_honest_runs_are_clean() {
        for history in histories() {
            let judged = history.judged();
            assert!(
                history.is_judged_rightly(),
                "{}: {:?} wanted, {judged:#?} found",
                history.story,
                history.breaks
            );
        }
    }

    #[test]
    fn every_invariant_has_a_lie_and_some_runs_are_honest() {
        let histories = histories();
        for (invariant, _) in check(&Facts::default()) {
            let names_it = |history: &Forged| history.breaks.iter().any(|(broken, _)| *broken == invariant);
            assert!(histories.iter().any(names_it), "nobody lies about {invariant}");
        }
        assert!(histories.iter().any(|history| history.breaks.is_empty()));
    }
}
