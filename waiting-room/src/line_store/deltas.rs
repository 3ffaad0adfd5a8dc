//! The line's stream of deltas, and the snapshot to start it from.

use anyhow::Context;
use contracts::room::{ExpiryReason, QueueState};
use fred::prelude::StreamsInterface;
use fred::types::Value;
use uuid::Uuid;

use super::reply::{parse_expiry, parse_queue_state};
use super::{Found, LineKeys, LineStore};
use crate::ids::{TicketId, UserId};

/// One change of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delta {
    /// One more than the delta before.
    pub(crate) number: u64,
    /// By the store's clock, ms; never smaller than before.
    pub(crate) at_ms: u64,
    pub(crate) happening: Happening,
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Happening {
    /// A ticket changed.
    Ticket {
        kind: TicketChange,
        ticket: TicketId,
        user: UserId,
        sequence: u64,
        session_expires_at_ms: u64,
    },
    /// The line was founded: whatever was known of an older one is void.
    Founded,
    /// The queue changed its state.
    Queue { state: QueueState, reason: String },
}

/// How a ticket changed; the names of `line_log.kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TicketChange {
    Joined,
    Admitted,
    Left,
    /// Dropped from the line: why, if the script said so.
    Expired(Option<ExpiryReason>),
    Completed,
    SessionExpired,
    Cancelled,
}

impl TicketChange {
    /// As the scripts write it.
    fn parse(word: &str) -> Option<Self> {
        match word {
            "JOINED" => Some(Self::Joined),
            "ADMITTED" => Some(Self::Admitted),
            "LEFT" => Some(Self::Left),
            "COMPLETED" => Some(Self::Completed),
            "SESSION_EXPIRED" => Some(Self::SessionExpired),
            "CANCELLED" => Some(Self::Cancelled),
            word => parse_expiry(word).map(Self::Expired),
        }
    }

    /// The name in the log.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Joined => "JOINED",
            Self::Admitted => "ADMITTED",
            Self::Left => "LEFT",
            Self::Expired(_) => "EXPIRED",
            Self::Completed => "COMPLETED",
            Self::SessionExpired => "SESSION_EXPIRED",
            Self::Cancelled => "CANCELLED",
        }
    }
}

/// The whole line at the delta `number`.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) bitmap: Vec<u8>,
    pub(crate) number: u64,
    pub(crate) highest_sequence: u64,
    pub(crate) state: QueueState,
    pub(crate) reason: String,
}

impl LineStore {
    /// The deltas after `number`, at most `count`, in order.
    pub(crate) async fn deltas_after(
        &self,
        keys: &LineKeys,
        number: u64,
        count: u64,
    ) -> anyhow::Result<Vec<Delta>> {
        let entries: Vec<(String, std::collections::HashMap<String, String>)> = self
            .client
            .xrange_values(keys.log(), format!("{}-0", number + 1), "+", Some(count))
            .await?;
        entries
            .into_iter()
            .map(|(id, fields)| read_delta(&id, fields.get("d").map_or("", String::as_str)))
            .collect()
    }

    /// Forgets the deltas before `number`.
    pub(crate) async fn trim_deltas(&self, keys: &LineKeys, number: u64) -> anyhow::Result<()> {
        let _: u64 = self
            .client
            .xtrim(keys.log(), ("MINID", "~", format!("{number}-0"), None))
            .await?;
        Ok(())
    }

    /// The line in one piece with the delta up to which it is true.
    pub(crate) async fn snapshot(&self, keys: &LineKeys) -> Found<Snapshot> {
        let script = &self.scripts.snapshot;
        let values: Vec<Value> = script
            .evalsha_with_reload(&self.client, keys.all(), Vec::<String>::new())
            .await?;
        let [bitmap, number, highest, state, reason] = values.as_slice() else {
            return Ok(None);
        };
        let number_of = |value: &Value| value.as_u64().context("snapshot.lua answered no number");
        Ok(Some(Snapshot {
            bitmap: bitmap.as_bytes().map(<[u8]>::to_vec).unwrap_or_default(),
            number: number_of(number)?,
            highest_sequence: number_of(highest)?,
            state: parse_queue_state(&state.as_string().unwrap_or_default())?,
            reason: reason.as_string().unwrap_or_default(),
        }))
    }
}

fn read_delta(id: &str, packed: &str) -> anyhow::Result<Delta> {
    let wrong = || format!("the line's stream has `{packed}` at `{id}`");
    let number = id
        .split('-')
        .next()
        .and_then(|number| number.parse().ok())
        .with_context(wrong)?;
    let words: Vec<&str> = packed.split('|').collect();
    let [kind, subject, user, sequence, at, expires] = words[..] else {
        anyhow::bail!(wrong())
    };
    let queue = |state| {
        Ok(Happening::Queue {
            state,
            reason: subject.to_owned(),
        })
    };
    let happening = match kind {
        "QUEUE_FOUNDED" => Ok(Happening::Founded),
        "QUEUE_RESUMED" => queue(QueueState::Open),
        "QUEUE_PAUSED" => queue(QueueState::Paused),
        "QUEUE_CLOSED" => queue(QueueState::Closed),
        kind => read_ticket_change(kind, [subject, user, sequence, expires]).with_context(wrong),
    }?;
    Ok(Delta {
        number,
        at_ms: at.parse().with_context(wrong)?,
        happening,
    })
}

fn read_ticket_change(kind: &str, [ticket, user, sequence, expires]: [&str; 4]) -> Option<Happening> {
    Some(Happening::Ticket {
        kind: TicketChange::parse(kind)?,
        ticket: TicketId(Uuid::parse_str(ticket).ok()?),
        user: UserId(Uuid::parse_str(user).ok()?),
        sequence: sequence.parse().ok()?,
        session_expires_at_ms: expires.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delta_is_read_as_the_scripts_write_it() {
        let ticket = "0198f3a0-0000-7000-8000-000000000001";
        let user = "0198f3a0-0000-7000-8000-0000000000ff";
        let delta = read_delta(
            "1700000000000001-0",
            &format!("ADMITTED|{ticket}|{user}|7|1700000000123|1700000180123"),
        );
        let delta = delta.unwrap();
        assert_eq!(delta.number, 1_700_000_000_000_001);
        assert_eq!(delta.at_ms, 1_700_000_000_123);
        assert!(matches!(
            delta.happening,
            Happening::Ticket {
                kind: TicketChange::Admitted,
                sequence: 7,
                session_expires_at_ms: 1_700_000_180_123,
                ..
            }
        ));
    }

    #[test]
    fn a_torn_delta_is_an_error_not_a_guess() {
        assert!(read_delta("5-0", "JOINED|x|y|1|2|3").is_err());
        assert!(read_delta("5-0", "").is_err());
        assert!(read_delta("five", "QUEUE_FOUNDED|||0|1|0").is_err());
    }
}
