//! The guards that the negative control leaves out, one at a time, and what must then be reported.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;

/// The variable that names the guard to a sabotaged binary.
pub(crate) const VARIABLE: &str = "TRIBINA_SABOTAGE";

/// What `--sabotage` without a name leaves out.
pub(crate) const DEFAULT: &str = "seat-lock";

/// A sale without a guard may never come to rest: what is wrong by then stays wrong.
pub(crate) const SHORT_SALE: [&str; 6] = [
    "--arrivals-seconds",
    "5",
    "--limit-seconds",
    "60",
    "--settle-seconds",
    "45",
];

/// Whose guard it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    Backend,
    WaitingRoom,
}

impl Program {
    /// Its package, which is also its binary.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Backend => "backend",
            Self::WaitingRoom => "waiting-room",
        }
    }
}

/// A guard of the product.
pub(crate) struct Guard {
    pub(crate) name: &'static str,
    /// None: nothing is left out.
    pub(crate) program: Option<Program>,
    /// What must be reported without it.
    pub(crate) invariant: &'static str,
    /// What is left out.
    pub(crate) without: &'static str,
    /// As few fans as show it reliably; without a program, a sale like any other.
    pub(crate) fans: u32,
    /// Two make seats run short; four leave enough for whoever comes back for more.
    pub(crate) seats_per_fan: u32,
}

/// How often each invariant was broken, without those that held.
pub(crate) type Broken = BTreeMap<String, u64>;

/// What a report says of its sale.
pub(crate) struct Verdict {
    pub(crate) broken: Broken,
    /// Nothing at all is wrong: no invariant, no floor, no fault.
    is_ok: bool,
}

impl Guard {
    /// Of "nothing" it is not so: that sale is like any other.
    pub(crate) fn is_left_out(&self) -> bool {
        self.program.is_some()
    }

    /// Whether the checker said what it must of a sale without this guard; of a sale with all of them it must say nothing.
    pub(crate) fn is_missed_in(&self, verdict: &Verdict) -> bool {
        match self.program {
            Some(_) => verdict.broken.contains_key(self.invariant),
            None => verdict.is_ok,
        }
    }
}

const FANS: u32 = 60;

const fn guard(
    (name, program): (&'static str, Program),
    invariant: &'static str,
    without: &'static str,
) -> Guard {
    Guard {
        name,
        program: Some(program),
        invariant,
        without,
        fans: FANS,
        seats_per_fan: 2,
    }
}

/// All of them, at least one per invariant, in the order of the checker's report; before them the sale that lacks none, or
/// what is reported of the others would prove nothing.
pub(crate) const GUARDS: [Guard; 13] = [
    Guard {
        name: "nothing",
        program: None,
        invariant: "nothing",
        without: "every guard is there",
        fans: 100,
        seats_per_fan: 2,
    },
    guard(
        ("seat-lock", Program::Backend),
        "double_sold",
        "seats are read without row locks and whatever lock is on them; tickets_one_live_per_seat is dropped; two backends",
    ),
    guard(
        ("commit-before-answer", Program::Backend),
        "lost_ack",
        "a hold in four is answered and rolled back",
    ),
    Guard {
        fans: 150,
        ..guard(
            ("back-within-session", Program::Backend),
            "false_sold_out",
            "`gone` counts what is free now, not what comes back within the session",
        )
    },
    guard(
        ("capture-applied", Program::Backend),
        "paid_without_outcome",
        "the capture of an order in four is acknowledged and not applied, nor when Stripe is asked",
    ),
    guard(
        ("balanced-movement", Program::Backend),
        "money_mismatch",
        "the last leg of every movement is not booked; ledger_movement_is_balanced is dropped",
    ),
    Guard {
        fans: 200,
        seats_per_fan: 4,
        ..guard(
            ("ticket-limit", Program::Backend),
            "over_limit_buyers",
            "a hold does not ask how many tickets the buyer has",
        )
    },
    Guard {
        fans: 300,
        seats_per_fan: 4,
        ..guard(
            ("one-ticket-per-person", Program::Backend),
            "duplicate_holders",
            "nobody asks whose identity is taken; tickets_one_live_per_identity is dropped",
        )
    },
    guard(
        ("front-first", Program::WaitingRoom),
        "fifo_inversions",
        "who came last is admitted first",
    ),
    guard(
        ("session-cap", Program::WaitingRoom),
        "cap_overruns",
        "neither the plan nor the script looks at the cap",
    ),
    guard(
        ("newcomers-last", Program::WaitingRoom),
        "lost_places",
        "who comes joins in front, and a place told may rise",
    ),
    guard(
        ("sent-before-published", Program::Backend),
        "events_unpublished",
        "an event in four is marked as published and never sent",
    ),
    guard(
        ("audit-entry", Program::Backend),
        "audit_gaps",
        "the changes of a subject in four leave no entry",
    ),
];

/// The names, for the command line.
pub(crate) fn names() -> Vec<&'static str> {
    GUARDS.iter().map(|guard| guard.name).collect()
}

/// The guard of this name.
pub(crate) fn find(name: &str) -> anyhow::Result<&'static Guard> {
    GUARDS
        .iter()
        .find(|guard| guard.name == name)
        .with_context(|| format!("there is no guard `{name}`; there are {}", names().join(", ")))
}

/// What a report says was broken, and how often.
pub(crate) fn verdict(report: &Path) -> anyhow::Result<Verdict> {
    let text = std::fs::read_to_string(report)
        .with_context(|| format!("the sale left no report {}", report.display()))?;
    let report: serde_json::Value = serde_json::from_str(&text)?;
    let times = |guard: &Guard| report[guard.invariant].as_u64().filter(|times| *times > 0);
    let broken = GUARDS
        .iter()
        .filter_map(|guard| Some((guard.invariant.to_owned(), times(guard)?)));
    Ok(Verdict {
        broken: broken.collect(),
        is_ok: report["ok"] == true,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_invariant_that_the_checker_judges_has_a_guard_and_no_guard_has_another() {
        let checker = include_str!("../../../load-tests/src/checker/mod.rs");
        let named = GUARDS.iter().filter(|guard| guard.is_left_out());
        let named: BTreeSet<&str> = named.map(|guard| guard.invariant).collect();
        for invariant in &named {
            assert!(checker.contains(&format!("(\"{invariant}\", ")), "{invariant}");
        }
        assert_eq!(checker.matches("(facts)),").count(), named.len());
    }

    #[test]
    fn the_programs_know_these_guards_and_no_others() {
        for (program, source) in [
            (Program::Backend, include_str!("../../../backend/src/sabotage.rs")),
            (
                Program::WaitingRoom,
                include_str!("../../../waiting-room/src/sabotage.rs"),
            ),
        ] {
            let ours = GUARDS.iter().filter(|guard| guard.program == Some(program));
            let ours: Vec<&str> = ours.map(|guard| guard.name).collect();
            assert_eq!(source.matches("\", Guard::").count(), ours.len());
            for name in ours {
                assert!(source.contains(&format!("(\"{name}\", Guard::")), "{name}");
            }
        }
    }
}
