//! Writes the log behind the line. Only the line's leader does; the cursor guards against two who think they are.

use std::sync::Arc;
use std::time::Duration;

use contracts::room::QueueState;

use super::store;
use crate::app::App;
use crate::line_store::{Delta, Happening};
use crate::live::Line;
use crate::outage::Outage;
use crate::queues;

/// The log is so late at most, as long as a batch suffices.
const PACE: Duration = Duration::from_millis(200);

/// Deltas in one transaction.
const DELTAS_BATCH: u64 = 1_000;

const BATCH_FULL: usize = 1_000;

/// Logged deltas that the stream keeps, for nodes that lag.
const KEPT_DELTAS: u64 = 20_000;

/// Runs until the line retires or the process stops, which writes once more.
pub(crate) async fn write(app: Arc<App>, line: Arc<Line>) {
    let mut outage = Outage::of("line_log.write");
    let mut running = true;
    while running && !line.retired() {
        running = app.tasks.sleep(PACE).await;
        if !line.leads() {
            continue;
        }
        match write_all(&app, &line).await {
            Ok(()) => outage.worked(),
            Err(error) => outage.failed(&error),
        }
    }
}

/// Whether everything up to `delta` is in the log.
pub(crate) async fn is_written(app: &App, line: &Line, delta: u64) -> anyhow::Result<bool> {
    let mut conn = app.db.acquire().await?;
    let cursor = store::find_cursor(&mut conn, line.queue.id).await?;
    Ok(u64::try_from(cursor).is_ok_and(|cursor| cursor >= delta))
}

async fn write_all(app: &App, line: &Line) -> anyhow::Result<()> {
    while write_batch(app, line).await? == BATCH_FULL {}
    Ok(())
}

async fn write_batch(app: &App, line: &Line) -> anyhow::Result<usize> {
    let cursor = store::find_cursor(&mut *app.db.acquire().await?, line.queue.id).await?;
    let known = u64::try_from(cursor)?;
    let deltas = app.store.deltas_after(&line.keys, known, DELTAS_BATCH).await?;
    let Some(last) = deltas.last() else { return Ok(0) };

    let mut tx = app.db.begin().await?;
    if !store::move_cursor(&mut tx, line.queue.id, cursor, i64::try_from(last.number)?).await? {
        tx.rollback().await?;
        return Ok(0);
    }
    store::insert_deltas(&mut tx, line.queue.id, &deltas).await?;
    if let Some(reason) = closed_for(&deltas) {
        queues::mark_closed(&mut tx, line.queue.id, reason).await?;
    }
    tx.commit().await?;

    app.store
        .trim_deltas(&line.keys, last.number.saturating_sub(KEPT_DELTAS))
        .await?;
    Ok(deltas.len())
}

fn closed_for(deltas: &[Delta]) -> Option<&str> {
    deltas.iter().find_map(|delta| match &delta.happening {
        Happening::Queue {
            state: QueueState::Closed,
            reason,
        } => Some(reason.as_str()),
        Happening::Queue { .. } | Happening::Ticket { .. } | Happening::Founded => None,
    })
}
