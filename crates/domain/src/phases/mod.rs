//! Phases of a sale: who may buy how much when (E2-F2, E6-F2).

mod joining;
mod turns;

use chrono::TimeDelta;

use crate::Timestamp;

pub use joining::next_line;
pub use turns::{TurnRefused, decide_change, decide_close, decide_open, decide_removal};

/// Tickets of one buyer and match over all phases (decision "Limit of 4").
pub const TICKETS_MAX: u32 = 4;
/// Steps of a loyalty phase: more would be no table that a fan can read.
const THRESHOLDS_MAX: usize = 10;
/// A phase shorter than that is a slip of the pen.
const LENGTH_MIN: TimeDelta = TimeDelta::minutes(1);

/// What a phase is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, sqlx::Type)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[sqlx(type_name = "phase_kind", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PhaseKind {
    /// Points decide how much.
    Loyalty,
    /// Everybody alike.
    GeneralPublic,
}

/// From so many points on a buyer may have so many tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// Points, at least.
    pub min_points: u32,
    /// Tickets, at most.
    pub max_tickets: u32,
}

/// A phase, checked in itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phase {
    /// What it is.
    pub kind: PhaseKind,
    /// Its first instant.
    pub starts_at: Timestamp,
    /// The first instant after it.
    pub ends_at: Timestamp,
    /// Tickets of one buyer by the end of it.
    pub ticket_limit: u32,
    /// Of a loyalty phase, by points, highest first; none of a general one.
    pub thresholds: Vec<Threshold>,
}

/// Why a phase is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadPhase {
    /// It ends before it begins, or at once.
    #[error("a phase lasts at least a minute")]
    TooShort,
    /// It goes on after kick-off.
    #[error("a phase ends by kick-off ({0})")]
    AfterKickOff(Timestamp),
    /// Nobody, or more than anybody may have.
    #[error("ticket_limit must be 1 to {TICKETS_MAX}")]
    Limit,
    /// A loyalty phase without steps.
    #[error(
        "a LOYALTY phase needs 1 to {THRESHOLDS_MAX} `thresholds`, each with `min_points` and `max_tickets`"
    )]
    NoThresholds,
    /// A general phase with steps.
    #[error("a GENERAL_PUBLIC phase has no thresholds")]
    NeedlessThresholds,
    /// Steps that do not fall, or fewer tickets for more points.
    #[error("thresholds must fall in min_points, and more points must not give fewer tickets")]
    Order,
    /// A step beyond the limit.
    #[error("a threshold's max_tickets must be 0 to ticket_limit")]
    ThresholdLimit,
}

impl Phase {
    /// Checks what can be checked of one phase.
    ///
    /// # Errors
    /// [`BadPhase`], the first.
    pub fn check(&self, kick_off_at: Timestamp) -> Result<(), BadPhase> {
        if self.ends_at - self.starts_at < LENGTH_MIN {
            return Err(BadPhase::TooShort);
        }
        if self.ends_at > kick_off_at {
            return Err(BadPhase::AfterKickOff(kick_off_at));
        }
        if !(1..=TICKETS_MAX).contains(&self.ticket_limit) {
            return Err(BadPhase::Limit);
        }
        match self.kind {
            PhaseKind::GeneralPublic if self.thresholds.is_empty() => Ok(()),
            PhaseKind::GeneralPublic => Err(BadPhase::NeedlessThresholds),
            PhaseKind::Loyalty => self.check_thresholds(),
        }
    }

    fn check_thresholds(&self) -> Result<(), BadPhase> {
        if !(1..=THRESHOLDS_MAX).contains(&self.thresholds.len()) {
            return Err(BadPhase::NoThresholds);
        }
        if self
            .thresholds
            .iter()
            .any(|step| step.max_tickets > self.ticket_limit)
        {
            return Err(BadPhase::ThresholdLimit);
        }
        let falls = |pair: &[Threshold]| match pair {
            [more, fewer] => more.min_points > fewer.min_points && more.max_tickets >= fewer.max_tickets,
            _ => true,
        };
        if self.thresholds.windows(2).all(falls) {
            Ok(())
        } else {
            Err(BadPhase::Order)
        }
    }

    /// How many tickets a buyer with so many points may have by the end of this phase, those of earlier phases among them.
    #[must_use]
    pub fn allowance(&self, points: u32) -> u32 {
        match self.kind {
            PhaseKind::GeneralPublic => self.ticket_limit,
            PhaseKind::Loyalty => {
                let reached = self.thresholds.iter().find(|step| points >= step.min_points);
                reached.map_or(0, |step| step.max_tickets)
            }
        }
    }

    /// Whether it is open at `now`.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.starts_at <= now && now < self.ends_at
    }

    /// Whether both are open at some instant.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.starts_at < other.ends_at && other.starts_at < self.ends_at
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::*;

    pub(super) fn at(minutes: i64) -> Timestamp {
        DateTime::from_timestamp(minutes * 60, 0).unwrap()
    }

    pub(super) fn general(starts: i64, ends: i64) -> Phase {
        Phase {
            kind: PhaseKind::GeneralPublic,
            starts_at: at(starts),
            ends_at: at(ends),
            ticket_limit: 4,
            thresholds: Vec::new(),
        }
    }

    pub(super) fn loyalty(steps: &[(u32, u32)]) -> Phase {
        let step = |(min_points, max_tickets): &(u32, u32)| Threshold {
            min_points: *min_points,
            max_tickets: *max_tickets,
        };
        Phase {
            kind: PhaseKind::Loyalty,
            thresholds: steps.iter().map(step).collect(),
            ..general(0, 60)
        }
    }

    #[test]
    fn points_give_tickets_by_the_step_they_reach() {
        let phase = loyalty(&[(27, 4), (20, 3), (10, 2), (0, 0)]);
        assert_eq!(phase.check(at(60)), Ok(()));
        let allowances = [0, 9, 10, 19, 20, 26, 27, 500].map(|points| phase.allowance(points));
        assert_eq!(allowances, [0, 0, 2, 2, 3, 3, 4, 4]);
        assert_eq!(general(0, 60).allowance(0), 4);
        assert_eq!(loyalty(&[(10, 2)]).allowance(9), 0);
    }

    #[test]
    fn a_phase_that_does_not_hold_says_why() {
        let kick_off = at(60);
        let wrong = [
            (general(5, 5), BadPhase::TooShort),
            (general(5, 61), BadPhase::AfterKickOff(kick_off)),
            (
                Phase {
                    ticket_limit: 5,
                    ..general(0, 5)
                },
                BadPhase::Limit,
            ),
            (
                Phase {
                    ticket_limit: 0,
                    ..general(0, 5)
                },
                BadPhase::Limit,
            ),
            (loyalty(&[]), BadPhase::NoThresholds),
            (loyalty(&[(0, 1); 11]), BadPhase::NoThresholds),
            (
                Phase {
                    kind: PhaseKind::GeneralPublic,
                    ..loyalty(&[(0, 1)])
                },
                BadPhase::NeedlessThresholds,
            ),
            (loyalty(&[(10, 1), (10, 1)]), BadPhase::Order),
            (loyalty(&[(20, 1), (10, 2)]), BadPhase::Order),
            (loyalty(&[(20, 5)]), BadPhase::ThresholdLimit),
        ];
        for (phase, why) in wrong {
            assert_eq!(phase.check(kick_off), Err(why), "{phase:?}");
        }
    }

    pub(super) fn phase() -> impl Strategy<Value = Phase> {
        (0_i64..100, 1_i64..50).prop_map(|(starts, length)| general(starts, starts + length))
    }

    proptest! {
        #[test]
        fn two_phases_overlap_exactly_when_both_are_open_at_some_instant(one in phase(), other in phase()) {
            let together = (0..160).any(|minute| one.is_open(at(minute)) && other.is_open(at(minute)));
            prop_assert_eq!(one.overlaps(&other), together);
            prop_assert_eq!(one.overlaps(&other), other.overlaps(&one));
        }

        #[test]
        fn more_points_never_give_fewer_tickets_and_nobody_gets_more_than_the_limit(
            points in proptest::collection::btree_set(0_u32..50, 1..=10), tickets in proptest::collection::vec(0_u32..=4, 10),
            limit in 1_u32..=4, asked in proptest::collection::vec(0_u32..60, 2),
        ) {
            let mut tickets: Vec<u32> = tickets.into_iter().map(|tickets| tickets.min(limit)).collect();
            tickets.sort_unstable();
            let steps: Vec<(u32, u32)> = points.into_iter().zip(tickets).rev().collect();
            let mut phase = loyalty(&steps);
            phase.ticket_limit = limit;
            prop_assert_eq!(phase.check(at(60)), Ok(()));
            let (fewer, more) = (asked[0].min(asked[1]), asked[0].max(asked[1]));
            prop_assert!(phase.allowance(fewer) <= phase.allowance(more));
            prop_assert!(phase.allowance(more) <= limit);
        }
    }
}
