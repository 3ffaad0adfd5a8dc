//! Outbox → bus. Claims rows and commits, publishes them, waits for every ack, marks them published in a second
//! transaction. Whatever fails in between, the claim ends and the rows come back; consumers know duplicates by their id.

use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use futures_util::future::join_all;
use platform::tasks::Tasks;
use tokio::sync::Notify;
use uuid::Uuid;

use super::bus::{Bus, Unconfirmed};
use super::envelope::envelope;
use super::outage::Outage;
use super::store::{self, Recorded};
use crate::app::{App, Db};
use crate::sabotage::{self, Guard};

/// One round of publishing. Fewer than the acks that the bus lets be open at once.
const BATCH_ROWS: usize = 256;
/// How late an event may be when nobody poked.
const POLL: Duration = Duration::from_millis(100);
/// A bus or a database that just failed is left alone for so long.
const PAUSE_IN_OUTAGE: Duration = Duration::from_secs(1);
/// All acks of a round must be there by then; well before the claim of 10 s ends.
const ROUND_LIMIT: Duration = Duration::from_secs(4);
/// Rounds between two clearings of old rows: about an hour of idle polling.
const CLEARING_ROUNDS: u32 = 36_000;
/// Rows per clearing statement, so that none holds locks for long.
const CLEARED_ROWS: i64 = 5_000;

static POKED: Notify = Notify::const_new();

/// Tells the relay of this process that something was committed. Costs nothing; without it the event is 100 ms late.
pub fn poke() {
    POKED.notify_one();
}

/// Publishes until shutdown.
pub async fn run(app: Arc<App>, bus: Bus) {
    run_on(&app.db, &app.tasks, &bus).await;
}

/// [`run`], on its own pool and tasks.
pub async fn run_on(db: &Db, tasks: &Tasks, bus: &Bus) {
    let outage = Outage::none("outbox relay");
    let mut rounds = 0_u32;
    loop {
        let pause = match publish_due(db, bus).await {
            Ok(published) => {
                outage.over();
                if published == BATCH_ROWS {
                    Duration::ZERO
                } else {
                    POLL
                }
            }
            Err(error) => {
                outage.seen(&error);
                PAUSE_IN_OUTAGE
            }
        };
        rounds = rounds.wrapping_add(1);
        if rounds.is_multiple_of(CLEARING_ROUNDS) {
            clear_old_rows(db).await;
        }
        if !wait(tasks, pause).await {
            return;
        }
    }
}

/// Publishes one batch and says how many rows it held.
///
/// # Errors
/// When the database or the bus does not answer, or did not confirm all of it. The unconfirmed rows come back by themselves.
pub async fn publish_due(db: &Db, bus: &Bus) -> anyhow::Result<usize> {
    // Nothing is claimed for a bus that is away: its rows would only be 10 s later.
    bus.require_connection()?;
    let mut rows = store::claim_unpublished(db, i64::try_from(BATCH_ROWS)?).await?;
    if rows.is_empty() {
        return Ok(0);
    }
    rows.sort_by_key(|row| (row.created_at, row.event_id));
    let claimed = rows.len();

    let Ok((confirmed, refused)) = tokio::time::timeout(ROUND_LIMIT, publish_all(bus, rows)).await else {
        anyhow::bail!("the bus did not confirm {claimed} events in time");
    };

    store::save_published(db, &confirmed).await?;
    match refused {
        Some(error) => Err(error.context(format!(
            "{} of {claimed} events unconfirmed",
            claimed - confirmed.len()
        ))),
        None => Ok(claimed),
    }
}

/// Lets everything published in `[from, to)` be published again: the answer to a lost stream. Says how many events.
///
/// # Errors
/// When the statement fails.
pub async fn republish(db: &Db, from: Timestamp, to: Timestamp) -> Result<u64, sqlx::Error> {
    store::save_unpublished(db, from, to).await
}

/// Sends all, then awaits every ack: a send holds a permit of the client until its ack is awaited.
async fn publish_all(bus: &Bus, rows: Vec<Recorded>) -> (Vec<Uuid>, Option<anyhow::Error>) {
    let mut sent = Vec::with_capacity(rows.len());
    let mut refused = None;
    let mut confirmed = Vec::with_capacity(rows.len());
    for row in rows {
        let id = row.event_id.0;
        if sabotage::lifts_for(Guard::SentBeforePublished, id) {
            confirmed.push(id);
            continue;
        }
        match send(bus, row).await {
            Ok(unconfirmed) => sent.push(async move { (id, unconfirmed.confirmed().await) }),
            Err(error) => refused = Some(error),
        }
    }
    for (id, outcome) in join_all(sent).await {
        match outcome {
            Ok(()) => confirmed.push(id),
            Err(error) => refused = Some(error),
        }
    }
    (confirmed, refused)
}

async fn send(bus: &Bus, row: Recorded) -> anyhow::Result<Unconfirmed> {
    let subject = row.nats_subject.clone();
    let message_id = row.event_id.to_string();
    bus.publish(subject, &message_id, serde_json::to_vec(&envelope(row))?)
        .await
}

async fn clear_old_rows(db: &Db) {
    match store::delete_published_long_ago(db, CLEARED_ROWS).await {
        Ok(0) => {}
        Ok(rows) => tracing::info!(rows, "Cleared outbox rows published more than 7 days ago"),
        Err(error) => tracing::warn!(%error, "Old outbox rows were not cleared"),
    }
}

/// `false` at shutdown.
async fn wait(tasks: &Tasks, pause: Duration) -> bool {
    if pause != POLL {
        return tasks.sleep(pause).await;
    }
    tokio::select! {
        () = POKED.notified() => !tasks.shutting_down().is_cancelled(),
        go_on = tasks.sleep(pause) => go_on,
    }
}
