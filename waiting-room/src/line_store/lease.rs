//! Verbs of the leader: one node per line holds a lease; its fencing token goes with everything that it changes.

use std::time::Duration;

use contracts::room::QueueState;
use line::admission::{Facts, MinuteCap, Standing, Stock};

use super::reply::Reply;
use super::{Found, KEEP_CLOSED_MS, LineKeys, LineStore};
use crate::ids::TicketId;
use crate::sabotage::{self, Guard};

/// A leader that says nothing for so long is replaced.
const LEASE: Duration = Duration::from_secs(2);

/// Endings swept in one call, of each kind: keeps the script at about a millisecond.
const SWEEP_BATCH: u64 = 200;

/// A report of the origin that is older says nothing, ms.
const STOCK_FRESH_MS: u64 = 5_000;

/// What the line knows of itself at one instant.
#[derive(Debug, Clone)]
pub(crate) struct LineFacts {
    pub(crate) state: QueueState,
    /// An opening is on.
    pub(crate) is_on: bool,
    pub(crate) waiting: u64,
    pub(crate) active: u64,
    pub(crate) cap: u64,
    pub(crate) minute: Option<MinuteCap>,
    pub(crate) stock: Option<Stock>,
    pub(crate) joined_total: u64,
    pub(crate) admitted_total: u64,
    /// Number of the last delta.
    pub(crate) delta: u64,
}

/// What came of a tick.
#[derive(Debug)]
pub(crate) enum Leadership {
    /// This node leads.
    Leader {
        facts: LineFacts,
        fence: u64,
        /// Whether a batch came back full, so that more is probably over.
        sweep_more: bool,
    },
    /// Another node leads.
    Follower,
}

impl LineFacts {
    /// The same, for the decision.
    pub(crate) fn for_admission(&self) -> Facts {
        let standing = match self.state {
            QueueState::Closed => Standing::Closed,
            QueueState::Paused => Standing::Paused,
            QueueState::Open if !self.is_on => Standing::NotOpenYet,
            QueueState::Open => Standing::Open,
        };
        Facts {
            standing,
            waiting: self.waiting,
            active: self.active,
            cap: if sabotage::lifts(Guard::SessionCap) {
                u64::MAX
            } else {
                self.cap
            },
            minute: self.minute,
            stock: self.stock,
        }
    }
}

impl LineStore {
    /// One tick: takes or renews the lease, ends what is over, and gives the facts.
    pub(crate) async fn tick(&self, keys: &LineKeys, node: &str) -> Found<Leadership> {
        let arguments = vec![
            node.to_owned(),
            LEASE.as_millis().to_string(),
            SWEEP_BATCH.to_string(),
        ];
        let Some(mut reply) = self.run(&self.scripts.tick, keys, arguments).await? else {
            return Ok(None);
        };
        if reply.outcome() == "NOT_LEADER" {
            return Ok(Some(Leadership::Follower));
        }
        let facts = read_facts(&mut reply)?;
        let fence = reply.number()?;
        let swept = reply.number()?;
        Ok(Some(Leadership::Leader {
            facts,
            fence,
            sweep_more: swept >= SWEEP_BATCH,
        }))
    }

    /// Admits at most `count` from the front; the script keeps the cap. Says how many were, `None` if another leads.
    pub(crate) async fn admit(&self, keys: &LineKeys, fence: u64, count: u64) -> Found<Option<u64>> {
        let arguments = vec![fence.to_string(), count.to_string()];
        let Some(mut reply) = self.run(&self.scripts.admit, keys, arguments).await? else {
            return Ok(None);
        };
        let _now = reply.number()?;
        match reply.outcome() {
            "FENCED" => Ok(Some(None)),
            _ => Ok(Some(Some(reply.number()?))),
        }
    }

    /// The leader closes the line.
    pub(crate) async fn close_line(&self, keys: &LineKeys, fence: u64, reason: &str) -> anyhow::Result<()> {
        let arguments = vec![fence.to_string(), reason.to_owned(), KEEP_CLOSED_MS.to_string()];
        self.run(&self.scripts.close, keys, arguments).await.map(drop)
    }

    /// A leader that stops lets another take over at once.
    pub(crate) async fn release(&self, keys: &LineKeys, node: &str) -> anyhow::Result<()> {
        self.run(&self.scripts.release, keys, vec![node.to_owned()])
            .await
            .map(drop)
    }

    /// The facts, from any node.
    pub(crate) async fn facts(&self, keys: &LineKeys) -> Found<LineFacts> {
        let Some(mut reply) = self.run(&self.scripts.facts, keys, Vec::new()).await? else {
            return Ok(None);
        };
        read_facts(&mut reply).map(Some)
    }
}

/// Admissions in one call: keeps the script at about a millisecond.
pub(crate) const ADMISSION_BATCH: u64 = 100;

/// Signs of life in one call.
pub(crate) const TOUCH_BATCH: usize = 500;

fn read_facts(reply: &mut Reply) -> anyhow::Result<LineFacts> {
    let now_ms = reply.number()?;
    let state = reply.queue_state()?;
    let is_on = reply.number()? == 1;
    let waiting = reply.number()?;
    let active = reply.number()?;
    let cap = reply.number()?;
    let per_minute = reply.number()?;
    let used = reply.number()?;
    let stock_at = reply.number()?;
    let stock = Stock {
        free: reply.number()?,
        held: reply.number()?,
        paying: reply.number()?,
    };
    Ok(LineFacts {
        state,
        is_on,
        waiting,
        active,
        cap,
        minute: (per_minute > 0).then_some(MinuteCap { per_minute, used }),
        stock: (now_ms.saturating_sub(stock_at) < STOCK_FRESH_MS).then_some(stock),
        joined_total: reply.number()?,
        admitted_total: reply.number()?,
        delta: reply.number()?,
    })
}

/// Splits signs of life into calls.
pub(crate) fn touch_batches(tickets: &[TicketId]) -> std::slice::Chunks<'_, TicketId> {
    tickets.chunks(TOUCH_BATCH)
}
