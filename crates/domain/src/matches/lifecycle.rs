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
            (MatchState::Draft, Turn::Publish | Turn::Delete) => true,
            (MatchState::Published, Turn::Close) => is_played && !self.is_being_cancelled,
            (MatchState::Published, Turn::StartCancellation) => !self.is_being_cancelled,
            (MatchState::Published, Turn::WithdrawCancellation | Turn::ApproveCancellation) => {
                self.is_being_cancelled
            }
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
            (
                MatchState::Draft,
                Turn::Publish
                | Turn::Close
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
                "there is no request that could be approved or withdrawn"
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
    /// Whether there is a seat that could be sold.
    pub has_seats: bool,
    /// Names of active sectors without prices.
    pub without_prices: Vec<String>,
    /// By their beginning.
    pub phases: Vec<Phase>,
}

/// What is missing before a match can be published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// It was played.
    #[error("its kick-off is over: change kick_off_at")]
    KickOffOver,
    /// Nothing could be sold.
    #[error("no sector has a seat for sale: choose a stadium and open its sectors")]
    Seats,
    /// A sector that is sold has no prices.
    #[error(
        "sector {0} has no price category with prices: give its price category both of them, or close the sector"
    )]
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
    if now >= preparation.kick_off_at {
        missing.push(Missing::KickOffOver);
    }
    if !preparation.has_seats {
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
mod tests;
