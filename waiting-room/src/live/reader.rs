//! Reads a line's deltas into its mirror and to its followers.

use std::sync::Arc;
use std::time::Duration;

use super::registry::Line;
use crate::app::App;
use crate::line_store::{Delta, Happening};
use crate::outage::Outage;
use crate::queues;

/// While fans listen or the line moves: the age of the news at most.
const PACE_BUSY: Duration = Duration::from_millis(25);

/// Otherwise.
const PACE_IDLE: Duration = Duration::from_millis(200);

/// Reads without news before a line counts as idle: ten seconds.
const READS_UNTIL_IDLE: u32 = 400;

/// Deltas read at once: about 200 KB.
const DELTAS_BATCH: u64 = 2_000;

const BATCH_FULL: usize = 2_000;

/// Runs until the line retires or the process stops.
pub(super) async fn read_deltas(app: Arc<App>, line: Arc<Line>) {
    let mut outage = Outage::of("live.read_deltas");
    let mut quiet_reads = 0_u32;
    while !line.retired() {
        let round = line.reads.begin();
        let pause = match catch_up(&app, &line).await {
            Ok(count) => {
                outage.worked();
                if count < BATCH_FULL {
                    line.reads.end(round);
                }
                quiet_reads = if count == 0 {
                    quiet_reads.saturating_add(1)
                } else {
                    0
                };
                if count == BATCH_FULL {
                    continue;
                }
                if quiet_reads < READS_UNTIL_IDLE || line.followers.any() {
                    PACE_BUSY
                } else {
                    PACE_IDLE
                }
            }
            Err(error) => {
                outage.failed(&error);
                PACE_IDLE
            }
        };
        if !app.tasks.sleep(pause).await {
            return;
        }
    }
}

/// Takes what is new. Says how many deltas that were.
async fn catch_up(app: &App, line: &Line) -> anyhow::Result<usize> {
    let Some(known) = line.mirror.delta() else {
        rebuild(app, line).await?;
        return Ok(0);
    };
    let deltas = app.store.deltas_after(&line.keys, known, DELTAS_BATCH).await?;
    for delta in &deltas {
        if !line.mirror.apply(delta) {
            tracing::info!(queue.id = %line.queue.id, delta.known = known, delta.read = delta.number, "Rebuilding a line");
            rebuild(app, line).await?;
            return Ok(1);
        }
        pass_on(line, delta);
    }
    Ok(deltas.len())
}

async fn rebuild(app: &App, line: &Line) -> anyhow::Result<()> {
    let snapshot = queues::on_line(app, line, || app.store.snapshot(&line.keys)).await?;
    line.mirror.rebuild(&snapshot);
    line.followers.tell_all(snapshot.state, &snapshot.reason);
    line.followers.tell_rebuilt();
    Ok(())
}

fn pass_on(line: &Line, delta: &Delta) {
    match &delta.happening {
        Happening::Ticket {
            kind,
            ticket,
            session_expires_at_ms,
            ..
        } => {
            line.followers.tell(*ticket, *kind, *session_expires_at_ms);
        }
        Happening::Queue { state, reason } => line.followers.tell_all(*state, reason),
        Happening::Founded => {}
    }
}
