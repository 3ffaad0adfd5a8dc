//! Stored answers by `Idempotency-Key`.

use std::collections::{HashMap, VecDeque};

use serde_json::Value;

use crate::stripe::errors::Failure;

/// Stripe keeps keys for a day; a day's purchases of a sold-out stadium, three calls each, fit.
const KEYS_MAX: usize = 200_000;

/// An HTTP answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    /// Stored for its key: validation errors are not, so that a corrected request may use the key again.
    pub(crate) kept: bool,
}

impl Answer {
    pub(crate) fn ok(body: Value) -> Self {
        Self {
            status: 200,
            body,
            kept: true,
        }
    }
}

impl From<Failure> for Answer {
    fn from(failure: Failure) -> Self {
        Self {
            status: failure.status,
            body: failure.body(),
            kept: failure.status == 402,
        }
    }
}

/// What was answered to which key.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    by_key: HashMap<String, Stored>,
    oldest_first: VecDeque<String>,
}

#[derive(Debug)]
struct Stored {
    fingerprint: [u8; 32],
    answer: Answer,
}

impl Answers {
    /// The stored answer, if the key was used for the same request; a failure, if for another.
    pub(crate) fn find(&self, key: &str, fingerprint: [u8; 32]) -> Result<Option<Answer>, Failure> {
        match self.by_key.get(key) {
            None => Ok(None),
            Some(stored) if stored.fingerprint == fingerprint => Ok(Some(stored.answer.clone())),
            Some(_) => Err(Failure::key_reused()),
        }
    }

    pub(crate) fn keep(&mut self, key: &str, fingerprint: [u8; 32], answer: &Answer) {
        if !answer.kept {
            return;
        }
        self.by_key.insert(
            key.to_owned(),
            Stored {
                fingerprint,
                answer: answer.clone(),
            },
        );
        self.oldest_first.push_back(key.to_owned());
        if self.oldest_first.len() > KEYS_MAX
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.by_key.remove(&oldest);
        }
    }
}
