//! The line itself, in Redis: a handful of scripts, one atomic script per change.
//!
//! Owns: every key under `tribina:line:{queue}` and the scripts that touch them; nobody else speaks to Redis.
//! Publishes: a delta per change, in the line's stream, in the same call as the change.
//! Invariants: the cap is never crossed (`admit.lua`); a user has one living ticket per queue (`join.lua`); a refused
//! join burns no number; every deadline is judged by the store's own clock, in ms (`prelude.lua`); deltas are numbered
//! without gaps; a leader of old changes nothing (`fence`).

mod deltas;
mod keys;
mod lease;
mod reply;
mod scripts;
mod tickets;

use std::time::Duration;

use fred::prelude::{Builder, Client, ClientLike, ReconnectPolicy};
use fred::types::config::Config;

pub(crate) use deltas::{Delta, Happening, Snapshot, TicketChange};
pub(crate) use keys::LineKeys;
pub(crate) use lease::{ADMISSION_BATCH, Leadership, LineFacts, touch_batches};
pub(crate) use tickets::{Ending, Finished, Joined, PlacedTicket};

use crate::ids::UserId;
use reply::Reply;
use scripts::Scripts;

/// A command takes well under a millisecond: what takes so long will not come.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(2);

/// Between two attempts to reach the store again, at most, ms.
const RECONNECT_DELAY_MAX_MS: u32 = 1_000;

/// A closed line is kept for those who ask what became of their ticket, ms: a week.
const KEEP_CLOSED_MS: u64 = 7 * 24 * 3_600 * 1_000;

/// The store of all lines.
pub(crate) struct LineStore {
    client: Client,
    scripts: Scripts,
}

/// A line as its queue wants it.
#[derive(Debug, Clone)]
pub(crate) struct LineSettings {
    pub(crate) version: u64,
    pub(crate) state: contracts::room::QueueState,
    pub(crate) close_reason: String,
    pub(crate) max_active_sessions: u32,
    pub(crate) admissions_per_minute: Option<u32>,
    /// First instant and first instant after, if it ends, ms: by time.
    pub(crate) openings: Vec<(u64, Option<u64>)>,
    pub(crate) session_ttl_ms: u64,
    pub(crate) ticket_ttl_ms: u64,
    /// A line founded anew goes on behind this sequence.
    pub(crate) sequence_from: u64,
}

/// What a verb found: the line, or that the store has lost it (or never had it).
pub(crate) type Found<T> = anyhow::Result<Option<T>>;

/// As the scripts read them: `from-to`, 0 for no end.
fn openings_text(openings: &[(u64, Option<u64>)]) -> String {
    let one = |(from, to): &(u64, Option<u64>)| format!("{from}-{}", to.unwrap_or(0));
    openings.iter().map(one).collect::<Vec<_>>().join(",")
}

impl LineStore {
    pub(crate) async fn connect(config: Config) -> anyhow::Result<Self> {
        let client = Builder::from_config(config)
            .with_performance_config(|performance| performance.default_command_timeout = COMMAND_TIMEOUT)
            .with_connection_config(|connection| {
                connection.connection_timeout = COMMAND_TIMEOUT;
                connection.internal_command_timeout = COMMAND_TIMEOUT;
                connection.max_command_attempts = 2;
                connection.tcp.nodelay = Some(true);
            })
            .set_policy(ReconnectPolicy::new_exponential(0, 50, RECONNECT_DELAY_MAX_MS, 2))
            .build()?;
        client.init().await?;
        Ok(Self {
            client,
            scripts: Scripts::new(),
        })
    }

    pub(crate) async fn ping(&self) -> anyhow::Result<()> {
        let _: String = self.client.ping(None).await?;
        Ok(())
    }

    pub(crate) async fn close(&self) {
        if let Err(error) = self.client.quit().await {
            tracing::debug!(%error, "The line store was gone before it was closed");
        }
    }

    /// Founds the line, or brings newer settings to it.
    pub(crate) async fn configure(&self, keys: &LineKeys, settings: &LineSettings) -> anyhow::Result<()> {
        let arguments = vec![
            settings.version.to_string(),
            state_name(settings.state).to_owned(),
            settings.close_reason.clone(),
            settings.max_active_sessions.to_string(),
            settings.admissions_per_minute.unwrap_or(0).to_string(),
            openings_text(&settings.openings),
            settings.session_ttl_ms.to_string(),
            settings.ticket_ttl_ms.to_string(),
            settings.sequence_from.to_string(),
            KEEP_CLOSED_MS.to_string(),
        ];
        self.run(&self.scripts.configure, keys, arguments).await.map(drop)
    }

    /// Notes what the origin says is left to sell.
    pub(crate) async fn note_stock(&self, keys: &LineKeys, stock: line::admission::Stock) -> Found<()> {
        let arguments = vec![
            stock.free.to_string(),
            stock.held.to_string(),
            stock.paying.to_string(),
        ];
        let reply = self.run(&self.scripts.health, keys, arguments).await?;
        Ok(reply.map(drop))
    }

    /// Notes signs of life of fans who wait; others are left out.
    pub(crate) async fn touch(
        &self,
        keys: &LineKeys,
        tickets: &[crate::ids::TicketId],
    ) -> anyhow::Result<()> {
        let arguments = tickets.iter().map(ToString::to_string).collect();
        self.run(&self.scripts.touch, keys, arguments).await.map(drop)
    }

    /// The ticket that `user` has now, or had last.
    pub(crate) async fn ticket_of(
        &self,
        keys: &LineKeys,
        user: UserId,
    ) -> Found<(u64, Option<PlacedTicket>)> {
        self.find(keys, "user", user.to_string()).await
    }

    async fn run(
        &self,
        script: &fred::types::scripts::Script,
        keys: &LineKeys,
        arguments: Vec<String>,
    ) -> Found<Reply> {
        let words: Vec<String> = script
            .evalsha_with_reload(&self.client, keys.all(), arguments)
            .await?;
        Reply::new(words).found()
    }
}

fn state_name(state: contracts::room::QueueState) -> &'static str {
    use contracts::room::QueueState;
    match state {
        QueueState::Open => "OPEN",
        QueueState::Paused => "PAUSED",
        QueueState::Closed => "CLOSED",
    }
}
