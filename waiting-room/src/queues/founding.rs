//! Brings a queue's settings to its line; founds the line if the store has lost it.

use std::future::Future;

use anyhow::Context;

use super::store::{self, QueueRow};
use crate::app::App;
use crate::ids::QueueId;
use crate::line_log;
use crate::line_store::{Found, LineKeys, LineSettings};
use crate::live::Line;
use crate::time::millis;

/// A line founded anew gives out sequences so far above the highest that is known: more than could have been given out
/// since the log was last written.
const SEQUENCE_GAP: u64 = 10_000;

/// Does `verb` on the line; founds the line first if the store does not have it.
pub(crate) async fn on_line<T, F>(app: &App, line: &Line, verb: impl Fn() -> F) -> anyhow::Result<T>
where
    F: Future<Output = Found<T>>,
{
    if let Some(found) = verb().await? {
        return Ok(found);
    }
    bring_settings(app, line.queue.id).await?;
    verb()
        .await?
        .context("the store lost the line that was founded just now")
}

/// Brings the queue's settings, as Postgres has them now, to its line.
pub(super) async fn bring_settings(app: &App, id: QueueId) -> anyhow::Result<QueueRow> {
    let mut conn = app.db.acquire().await?;
    let row = store::find_queue(&mut conn, id)
        .await?
        .context("the line of a queue that does not exist")?;
    let logged = line_log::highest_sequence(&mut conn, id).await?;
    drop(conn);

    let queue = row.queue()?;
    let wire = row.on_the_wire()?;
    let settings = LineSettings {
        version: u64::try_from(row.settings_version)?,
        state: wire.state,
        close_reason: row.close_reason.clone().unwrap_or_default(),
        max_active_sessions: wire.max_active_sessions,
        admissions_per_minute: wire.admissions_per_minute,
        openings: wire
            .openings
            .iter()
            .map(|one| (millis(one.opens_at), one.closes_at.map(millis)))
            .collect(),
        session_ttl_ms: queue.session_ttl_ms,
        ticket_ttl_ms: queue.ticket_ttl_ms,
        sequence_from: logged
            .and_then(|highest| u64::try_from(highest).ok())
            .map_or(0, |highest| highest + SEQUENCE_GAP),
    };
    app.store.configure(&LineKeys::of(id), &settings).await?;
    Ok(row)
}
