//! Reads what a script answered: an outcome, then words in the script's order.

use anyhow::Context;
use contracts::room::{QueueState, TicketState};
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

    pub(super) fn ticket_state(&mut self) -> anyhow::Result<TicketState> {
        match self.word()?.as_str() {
            "WAITING" => Ok(TicketState::Waiting),
            "ADMITTED" => Ok(TicketState::Admitted),
            "COMPLETED" => Ok(TicketState::Completed),
            "SESSION_EXPIRED" => Ok(TicketState::SessionExpired),
            "CANCELLED" => Ok(TicketState::Cancelled),
            "EXPIRED" => Ok(TicketState::Expired),
            other => anyhow::bail!("a script of the line answered the ticket state `{other}`"),
        }
    }

    pub(super) fn queue_state(&mut self) -> anyhow::Result<QueueState> {
        parse_queue_state(&self.word()?)
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
