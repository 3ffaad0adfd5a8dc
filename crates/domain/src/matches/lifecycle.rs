//! A match's states and the ways between them: DRAFT → PUBLISHED → CLOSED, or CANCELLED in two steps (E2-F1, E2-F7, E2-F9).

use super::MatchState;
use crate::Timestamp;
use crate::phases::{BadPhase, Phase};

/// What staff do to a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    /// Puts it before the public, with its seats and its queue.
    Publish,
    /// Ends it after it was played.
    Close,
    /// Asks for its cancellation: nothing more is sold.
    StartCancellation,
    /// Takes that back.
    WithdrawCancellation,
    /// Calls it off.
    ApproveCancellation,
    /// Hides it, with everything it was.
    Delete,
}

impl Turn {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Publish,
        Self::Close,
        Self::StartCancellation,
        Self::WithdrawCancellation,
        Self::ApproveCancellation,
        Self::Delete,
    ];

    /// As refusals and audit entries name it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Publish => "PUBLISH",
            Self::Close => "CLOSE",
            Self::StartCancellation => "START_CANCELLATION",
            Self::WithdrawCancellation => "WITHDRAW_CANCELLATION",
            Self::ApproveCancellation => "APPROVE_CANCELLATION",
            Self::Delete => "DELETE",
        }
    }

    const fn in_words(self) -> &'static str {
        match self {
            Self::Publish => "publish it",
            Self::Close => "close it",
            Self::StartCancellation => "ask for its cancellation",
            Self::WithdrawCancellation => "withdraw that",
            Self::ApproveCancellation => "approve it (somebody else than who asked)",
            Self::Delete => "delete it",
        }
    }
}

/// Where a match stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Its state.
    pub state: MatchState,
    /// Somebody has asked for its cancellation, and nobody has approved it yet.
    pub is_being_cancelled: bool,
    /// When it is played.
    pub kick_off_at: Timestamp,
    /// Somebody has a ticket for it.
    pub has_tickets: bool,
}

/// A turn that is not one from here, and those that are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongTurn {
    /// What was to be done.
    pub turn: Turn,
    /// Where the match stands.
    pub state: MatchState,
    /// What would be right now.
    pub possible: Vec<Turn>,
}

impl Standing {
    /// Whether this turn is possible at `now`.
    #[must_use]
    pub fn allows(&self, turn: Turn, now: Timestamp) -> bool {
        let is_played = now >= self.kick_off_at;
        match (self.state, turn) {
            (MatchState::Draft, Turn::Publish) => !is_played,
            (MatchState::Published, Turn::Close) => is_played && !self.is_being_cancelled,
            (MatchState::Published, Turn::StartCancellation) => !self.is_being_cancelled,
            (MatchState::Published, Turn::WithdrawCancellation | Turn::ApproveCancellation) => {
                self.is_being_cancelled
            }
            (MatchState::Draft, Turn::Delete) => true,
            (MatchState::Closed | MatchState::Cancelled, Turn::Delete) => !self.has_tickets,
            (MatchState::Published, Turn::Publish | Turn::Delete)
            | (
                MatchState::Draft,
                Turn::Close
                | Turn::StartCancellation
                | Turn::WithdrawCancellation
                | Turn::ApproveCancellation,
            )
            | (
                MatchState::Closed | MatchState::Cancelled,
                Turn::Publish
                | Turn::Close
                | Turn::StartCancellation
                | Turn::WithdrawCancellation
                | Turn::ApproveCancellation,
            ) => false,
        }
    }
}

impl WrongTurn {
    /// What is in the way, and what would be right.
    #[must_use]
    pub fn advice(&self) -> String {
        let possible: Vec<&str> = self.possible.iter().map(|turn| turn.in_words()).collect();
        match possible.as_slice() {
            [] => format!("{}: nothing can be done with it any more", self.reason()),
            possible => format!("{}: now one can {}", self.reason(), possible.join(", or ")),
        }
    }

    fn reason(&self) -> &'static str {
        let is_being_cancelled = self.possible.contains(&Turn::WithdrawCancellation);
        match (self.state, self.turn) {
            (MatchState::Draft, Turn::Publish) => "its kick-off is over",
            (
                MatchState::Draft,
                Turn::Close
                | Turn::StartCancellation
                | Turn::WithdrawCancellation
                | Turn::ApproveCancellation
                | Turn::Delete,
            ) => "it is a draft, which nobody outside has seen",
            (MatchState::Published, Turn::Publish) => "it is published already",
            (MatchState::Published, Turn::Close | Turn::StartCancellation) if is_being_cancelled => {
                "somebody has asked for its cancellation"
            }
            (MatchState::Published, Turn::Close) => "it was not played yet",
            (MatchState::Published, Turn::WithdrawCancellation | Turn::ApproveCancellation) => {
                "nobody has asked for its cancellation"
            }
            (MatchState::Published, Turn::StartCancellation | Turn::Delete) => "it is published",
            (MatchState::Closed | MatchState::Cancelled, Turn::Delete) => "somebody has a ticket for it",
            (
                MatchState::Closed,
                Turn::Publish
                | Turn::Close
                | Turn::StartCancellation
                | Turn::WithdrawCancellation
                | Turn::ApproveCancellation,
            ) => "it is closed",
            (
                MatchState::Cancelled,
                Turn::Publish
                | Turn::Close
                | Turn::StartCancellation
                | Turn::WithdrawCancellation
                | Turn::ApproveCancellation,
            ) => "it is called off",
        }
    }
}

/// Whether the match may make this turn.
///
/// # Errors
/// [`WrongTurn`], with what would be right.
pub fn decide_turn(standing: &Standing, turn: Turn, now: Timestamp) -> Result<(), WrongTurn> {
    if standing.allows(turn, now) {
        return Ok(());
    }
    let possible = Turn::ALL.into_iter().filter(|other| standing.allows(*other, now));
    Err(WrongTurn {
        turn,
        state: standing.state,
        possible: possible.collect(),
    })
}

/// What a match has, when it is to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preparation {
    /// When it is played.
    pub kick_off_at: Timestamp,
    /// Seats that could be sold.
    pub seats: u64,
    /// Names of active sectors without prices.
    pub without_prices: Vec<String>,
    /// By their beginning.
    pub phases: Vec<Phase>,
}

/// What is missing before a match can be published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// Nothing could be sold.
    #[error("no sector has a seat for sale: choose a stadium and open its sectors")]
    Seats,
    /// A sector that is sold has no prices.
    #[error("sector {0} has no price category with prices")]
    Prices(String),
    /// Nobody could buy.
    #[error("there is no sales phase")]
    Phases,
    /// A phase does not hold.
    #[error("phase {0}: {1}")]
    Phase(usize, BadPhase),
    /// Nobody could buy any more.
    #[error("the last sales phase is over")]
    AllOver,
    /// Two phases are open at once.
    #[error("phases {0} and {1} overlap")]
    Overlap(usize, usize),
}

/// Everything that is missing before the match can be published; nothing, if it can.
#[must_use]
pub fn missing(preparation: &Preparation, now: Timestamp) -> Vec<Missing> {
    let mut missing = Vec::new();
    if preparation.seats == 0 {
        missing.push(Missing::Seats);
    }
    missing.extend(preparation.without_prices.iter().cloned().map(Missing::Prices));
    let phases = &preparation.phases;
    if phases.is_empty() {
        missing.push(Missing::Phases);
    } else if phases.iter().all(|phase| phase.ends_at <= now) {
        missing.push(Missing::AllOver);
    }
    for (number, phase) in (1..).zip(phases) {
        missing.extend(
            phase
                .check(preparation.kick_off_at)
                .err()
                .map(|bad| Missing::Phase(number, bad)),
        );
        let later = (1..).zip(phases).skip(number);
        missing.extend(
            later
                .filter(|(_, other)| phase.overlaps(other))
                .map(|(other, _)| Missing::Overlap(number, other)),
        );
    }
    missing
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::matches::tests::at;
    use crate::phases::PhaseKind;

    fn standing(state: MatchState) -> Standing {
        Standing {
            state,
            is_being_cancelled: false,
            kick_off_at: at(100),
            has_tickets: false,
        }
    }

    #[test]
    fn a_wrong_turn_is_answered_with_those_that_are_right() {
        let published = standing(MatchState::Published);
        let wrong = decide_turn(&published, Turn::Publish, at(50)).unwrap_err();
        assert_eq!(wrong.possible, [Turn::StartCancellation]);
        assert_eq!(
            wrong.advice(),
            "it is published already: now one can ask for its cancellation"
        );
        let wrong = decide_turn(&published, Turn::Delete, at(100)).unwrap_err();
        assert_eq!(wrong.possible, [Turn::Close, Turn::StartCancellation]);
        let asked = Standing {
            is_being_cancelled: true,
            ..published
        };
        let wrong = decide_turn(&asked, Turn::Close, at(100)).unwrap_err();
        assert_eq!(
            wrong.possible,
            [Turn::WithdrawCancellation, Turn::ApproveCancellation]
        );
        assert_eq!(
            wrong.advice(),
            "somebody has asked for its cancellation: now one can withdraw that, or approve it (somebody else than who asked)"
        );
    }

    #[test]
    fn nothing_is_published_after_kick_off_nor_closed_before() {
        assert!(decide_turn(&standing(MatchState::Draft), Turn::Publish, at(99)).is_ok());
        assert!(decide_turn(&standing(MatchState::Draft), Turn::Publish, at(100)).is_err());
        assert!(decide_turn(&standing(MatchState::Published), Turn::Close, at(99)).is_err());
        assert!(decide_turn(&standing(MatchState::Published), Turn::Close, at(100)).is_ok());
    }

    fn phase(starts: i64, ends: i64) -> Phase {
        Phase {
            kind: PhaseKind::GeneralPublic,
            starts_at: at(starts),
            ends_at: at(ends),
            ticket_limit: 4,
            thresholds: Vec::new(),
        }
    }

    #[test]
    fn everything_that_is_missing_is_named_at_once() {
        let bare = Preparation {
            kick_off_at: at(1_000),
            seats: 0,
            without_prices: vec!["ZD1".to_owned(), "ZD2".to_owned()],
            phases: Vec::new(),
        };
        let told: Vec<String> = missing(&bare, at(0)).iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "no sector has a seat for sale: choose a stadium and open its sectors",
                "sector ZD1 has no price category with prices",
                "sector ZD2 has no price category with prices",
                "there is no sales phase",
            ]
        );
        let ready = Preparation {
            seats: 1,
            without_prices: Vec::new(),
            phases: vec![phase(0, 100), phase(100, 1_000)],
            ..bare
        };
        assert_eq!(missing(&ready, at(0)), []);
        assert_eq!(missing(&ready, at(1_000)), [Missing::AllOver]);
        let clumsy = Preparation {
            phases: vec![phase(0, 100), phase(99, 2_000)],
            ..ready
        };
        let late = BadPhase::AfterKickOff(at(1_000));
        assert_eq!(
            missing(&clumsy, at(0)),
            [Missing::Overlap(1, 2), Missing::Phase(2, late)]
        );
    }

    fn states() -> impl Strategy<Value = MatchState> {
        proptest::sample::select(vec![
            MatchState::Draft,
            MatchState::Published,
            MatchState::Closed,
            MatchState::Cancelled,
        ])
    }

    proptest! {
        #[test]
        fn what_is_refused_is_never_among_what_would_be_right(
            state in states(), is_being_cancelled in any::<bool>(), has_tickets in any::<bool>(), now in 0_i64..200,
            turn in proptest::sample::select(Turn::ALL.to_vec()),
        ) {
            let standing = Standing { is_being_cancelled, has_tickets, ..standing(state) };
            match decide_turn(&standing, turn, at(now)) {
                Ok(()) => prop_assert!(standing.allows(turn, at(now))),
                Err(wrong) => {
                    prop_assert!(!wrong.possible.contains(&turn));
                    prop_assert!(wrong.possible.iter().all(|other| decide_turn(&standing, *other, at(now)).is_ok()));
                }
            }
        }

        #[test]
        fn what_has_tickets_is_never_hidden_and_what_is_over_never_comes_back(
            state in states(), is_being_cancelled in any::<bool>(), now in 0_i64..200,
        ) {
            let standing = Standing { is_being_cancelled, has_tickets: true, ..standing(state) };
            if state != MatchState::Draft {
                prop_assert!(!standing.allows(Turn::Delete, at(now)));
                prop_assert!(!standing.allows(Turn::Publish, at(now)));
            }
        }
    }
}
