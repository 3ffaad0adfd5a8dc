//! Phases changed, opened and closed by hand.

use super::Phase;
use crate::Timestamp;

/// Why a phase is not opened or closed by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnRefused {
    /// It is over: phases do not come back.
    Over,
    /// It is open already.
    Open,
    /// It is not open.
    NotOpen,
    /// Another phase is open until then.
    OtherOpen(Timestamp),
    /// It is open: its beginning stays.
    Started,
    /// It would be over at once.
    EndsInThePast,
    /// A published match without a phase could not be sold.
    Last,
}

impl TurnRefused {
    /// What is in the way, and what would be right.
    #[must_use]
    pub fn advice(&self) -> String {
        match self {
            Self::Over => "it is over, and what is over stays: plan another phase".to_owned(),
            Self::Open => "it is open: close it, or change its end".to_owned(),
            Self::NotOpen => "it is not open: change it, or take it away".to_owned(),
            Self::OtherOpen(until) => format!(
                "another phase is planned before its end, until {}: close or move that one first",
                until.to_rfc3339()
            ),
            Self::Started => "it is open: its beginning stays, its end may be moved".to_owned(),
            Self::EndsInThePast => "it would be over at once: close it instead".to_owned(),
            Self::Last => "a published match keeps at least one phase: close it instead".to_owned(),
        }
    }
}

/// Whether a phase of a published match, one of `count`, may be taken away.
///
/// # Errors
/// [`TurnRefused`]: only what has not begun goes, and never the last one.
pub fn decide_removal(phase: &Phase, count: usize, now: Timestamp) -> Result<(), TurnRefused> {
    if now >= phase.ends_at {
        Err(TurnRefused::Over)
    } else if phase.is_open(now) {
        Err(TurnRefused::Open)
    } else if count == 1 {
        Err(TurnRefused::Last)
    } else {
        Ok(())
    }
}

/// Whether a phase of a published match may be said anew: what is over stays, what has begun keeps its beginning.
///
/// # Errors
/// [`TurnRefused`].
pub fn decide_change(current: &Phase, wanted: &Phase, now: Timestamp) -> Result<(), TurnRefused> {
    if now >= current.ends_at {
        Err(TurnRefused::Over)
    } else if wanted.ends_at <= now {
        Err(TurnRefused::EndsInThePast)
    } else if current.is_open(now) && wanted.starts_at != current.starts_at {
        Err(TurnRefused::Started)
    } else {
        Ok(())
    }
}

/// Opens a phase before its time.
///
/// # Errors
/// [`TurnRefused`], also when another phase would be open with it.
pub fn decide_open(phase: &Phase, others: &[Phase], now: Timestamp) -> Result<Phase, TurnRefused> {
    if now >= phase.ends_at {
        return Err(TurnRefused::Over);
    }
    if phase.is_open(now) {
        return Err(TurnRefused::Open);
    }
    let opened = Phase {
        starts_at: now,
        ..phase.clone()
    };
    match others.iter().find(|other| other.overlaps(&opened)) {
        Some(other) => Err(TurnRefused::OtherOpen(other.ends_at)),
        None => Ok(opened),
    }
}

/// Closes an open phase before its time.
///
/// # Errors
/// [`TurnRefused`].
pub fn decide_close(phase: &Phase, now: Timestamp) -> Result<Phase, TurnRefused> {
    if now >= phase.ends_at {
        return Err(TurnRefused::Over);
    }
    if now < phase.starts_at {
        return Err(TurnRefused::NotOpen);
    }
    Ok(Phase {
        ends_at: now,
        ..phase.clone()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{at, general, phase};
    use super::*;

    #[test]
    fn a_phase_is_opened_early_unless_it_is_over_open_or_another_is_in_the_way() {
        let (phase, earlier) = (general(10, 20), general(0, 10));
        assert_eq!(decide_open(&phase, &[], at(5)).unwrap().starts_at, at(5));
        assert_eq!(
            decide_open(&phase, &[earlier], at(5)),
            Err(TurnRefused::OtherOpen(at(10)))
        );
        assert_eq!(decide_open(&phase, &[], at(10)), Err(TurnRefused::Open));
        assert_eq!(decide_open(&phase, &[], at(20)), Err(TurnRefused::Over));
    }

    #[test]
    fn what_is_over_stays_and_what_has_begun_keeps_its_beginning() {
        let (phase, longer) = (general(10, 20), general(10, 30));
        assert_eq!(decide_change(&phase, &longer, at(15)), Ok(()));
        assert_eq!(decide_change(&phase, &longer, at(20)), Err(TurnRefused::Over));
        assert_eq!(
            decide_change(&phase, &general(11, 30), at(15)),
            Err(TurnRefused::Started)
        );
        assert_eq!(decide_change(&phase, &general(11, 30), at(9)), Ok(()));
        assert_eq!(
            decide_change(&phase, &general(10, 14), at(15)),
            Err(TurnRefused::EndsInThePast)
        );
    }

    #[test]
    fn only_what_has_not_begun_is_taken_away_and_never_the_last_one() {
        let phase = general(10, 20);
        assert_eq!(decide_removal(&phase, 2, at(9)), Ok(()));
        assert_eq!(decide_removal(&phase, 1, at(9)), Err(TurnRefused::Last));
        assert_eq!(decide_removal(&phase, 2, at(10)), Err(TurnRefused::Open));
        assert_eq!(decide_removal(&phase, 2, at(20)), Err(TurnRefused::Over));
    }

    #[test]
    fn only_an_open_phase_is_closed() {
        let phase = general(10, 20);
        assert_eq!(decide_close(&phase, at(12)).unwrap().ends_at, at(12));
        assert_eq!(decide_close(&phase, at(9)), Err(TurnRefused::NotOpen));
        assert_eq!(decide_close(&phase, at(20)), Err(TurnRefused::Over));
    }

    proptest! {
        #[test]
        fn a_change_that_is_allowed_never_moves_the_beginning_of_an_open_phase_nor_ends_it(
            current in phase(), wanted in phase(), minute in 0_i64..160,
        ) {
            if decide_change(&current, &wanted, at(minute)).is_ok() {
                prop_assert!(at(minute) < current.ends_at && at(minute) < wanted.ends_at);
                prop_assert!(!current.is_open(at(minute)) || wanted.starts_at == current.starts_at);
            }
        }

        #[test]
        fn turning_phases_by_hand_never_makes_them_overlap(
            phases in proptest::collection::vec(phase(), 1..6), turns in proptest::collection::vec((0_usize..6, any::<bool>(), 0_i64..160), 0..20),
        ) {
            let mut schedule: Vec<Phase> = Vec::new();
            for phase in phases {
                if !schedule.iter().any(|other| other.overlaps(&phase)) {
                    schedule.push(phase);
                }
            }
            for (which, opens, minute) in turns {
                let which = which % schedule.len();
                let chosen = schedule.remove(which);
                let turned = if opens { decide_open(&chosen, &schedule, at(minute)) } else { decide_close(&chosen, at(minute)) };
                schedule.insert(which, turned.unwrap_or(chosen));
                for (number, one) in schedule.iter().enumerate() {
                    let others = schedule.iter().skip(number + 1);
                    prop_assert!(others.into_iter().all(|other| !one.overlaps(other)));
                }
            }
        }
    }
}
