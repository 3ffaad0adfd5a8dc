//! Reads what a script answered: an outcome, then words in the script's order.

use anyhow::Context;
use contracts::room::{ExpiryReason, QueueState, TicketState};
use uuid::Uuid;

/// What a script answered.
#[derive(Debug)]
pub(super) struct Reply {
    words: std::vec::IntoIter<String>,
    outcome: String,
}

impl Reply {
    pub(super) fn new(words: Vec<String>) -> Self {
        let mut words = words.into_iter();
        let outcome = words.next().unwrap_or_default();
        Self { words, outcome }
    }

    /// `None` when the store does not have the line.
    pub(super) fn found(self) -> super::Found<Self> {
        match self.outcome.as_str() {
            "NO_LINE" => Ok(None),
            "" => anyhow::bail!("a script of the line answered nothing"),
            _ => Ok(Some(self)),
        }
    }

    pub(super) fn outcome(&self) -> &str {
        &self.outcome
    }

    pub(super) fn word(&mut self) -> anyhow::Result<String> {
        self.words
            .next()
            .context("a script of the line answered too few words")
    }

    pub(super) fn number(&mut self) -> anyhow::Result<u64> {
        let word = self.word()?;
        word.parse()
            .with_context(|| format!("a script of the line answered `{word}` for a number"))
    }

    pub(super) fn uuid(&mut self) -> anyhow::Result<Uuid> {
        let word = self.word()?;
        Uuid::parse_str(&word).with_context(|| format!("a script of the line answered `{word}` for an id"))
    }

    /// The state, and why it is `EXPIRED`.
    pub(super) fn ticket_state(&mut self) -> anyhow::Result<(TicketState, Option<ExpiryReason>)> {
        match self.word()?.as_str() {
            "WAITING" => Ok((TicketState::Waiting, None)),
            "ADMITTED" => Ok((TicketState::Admitted, None)),
            "COMPLETED" => Ok((TicketState::Completed, None)),
            "SESSION_EXPIRED" => Ok((TicketState::SessionExpired, None)),
            "CANCELLED" => Ok((TicketState::Cancelled, None)),
            word => parse_expiry(word)
                .map(|reason| (TicketState::Expired, reason))
                .with_context(|| format!("a script of the line answered the ticket state `{word}`")),
        }
    }

    pub(super) fn queue_state(&mut self) -> anyhow::Result<QueueState> {
        parse_queue_state(&self.word()?)
    }
}

/// Why a ticket is `EXPIRED`, if the scripts' `word` says that it is. Those of earlier versions did not say why.
pub(super) fn parse_expiry(word: &str) -> Option<Option<ExpiryReason>> {
    match word {
        "EXPIRED" => Some(None),
        "SILENT" => Some(Some(ExpiryReason::Silent)),
        "OPENING_ENDED" => Some(Some(ExpiryReason::OpeningEnded)),
        "QUEUE_CLOSED" => Some(Some(ExpiryReason::QueueClosed)),
        _ => None,
    }
}

pub(super) fn parse_queue_state(word: &str) -> anyhow::Result<QueueState> {
    match word {
        "OPEN" => Ok(QueueState::Open),
        "PAUSED" => Ok(QueueState::Paused),
        "CLOSED" => Ok(QueueState::Closed),
        other => anyhow::bail!("the line's store has the queue state `{other}`"),
    }
}
