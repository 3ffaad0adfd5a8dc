//! The ticks of one line.

use std::sync::Arc;
use std::time::Duration;

use contracts::room::QueueState;
use line::admission::{Plan, plan};

use crate::app::App;
use crate::line_store::{ADMISSION_BATCH, Leadership, LineFacts};
use crate::live::Line;
use crate::outage::Outage;
use crate::{line_log, queues};

/// A leader's tick.
const TICK: Duration = Duration::from_millis(100);

/// How often another node looks whether the lease is free.
const WATCH: Duration = Duration::from_millis(500);

const SOLD_OUT: &str = "SOLD_OUT";

/// Runs until the line retires or the process stops, which gives the lease back.
pub(crate) async fn lead(app: Arc<App>, line: Arc<Line>) {
    let mut outage = Outage::of("admission.tick");
    loop {
        let pause = match tick(&app, &line).await {
            Ok(pause) => {
                outage.worked();
                pause
            }
            Err(error) => {
                line.set_leads(false);
                outage.failed(&error);
                WATCH
            }
        };
        if line.retired() || !app.tasks.sleep(pause).await {
            break;
        }
    }
    if line.leads()
        && let Err(error) = app.store.release(&line.keys, &app.node).await
    {
        tracing::debug!(queue.id = %line.queue.id, "The lease could not be given back: {error:#}");
    }
}

/// Says when the next tick is due.
async fn tick(app: &App, line: &Line) -> anyhow::Result<Duration> {
    let leadership = queues::on_line(app, line, || app.store.tick(&line.keys, &app.node)).await?;
    let (facts, fence, sweep_more) = match leadership {
        Leadership::Leader {
            facts,
            fence,
            sweep_more,
        } => (facts, fence, sweep_more),
        Leadership::Follower => {
            line.set_leads(false);
            return Ok(WATCH);
        }
    };
    line.set_leads(true);

    match plan(&facts.for_admission()) {
        Plan::Admit(count) => admit(app, line, fence, count).await?,
        Plan::CloseSoldOut => {
            app.store.close_line(&line.keys, fence, SOLD_OUT).await?;
            tracing::info!(queue.id = %line.queue.id, waiting = facts.waiting, "Closed a queue: everything is sold");
        }
        Plan::Hold(_) => {}
    }
    if is_over(&facts) && line_log::is_written(app, line, facts.delta).await? {
        queues::mark_over(&app.db, line.queue.id).await?;
        line.retire();
    }
    Ok(if sweep_more { Duration::ZERO } else { TICK })
}

async fn admit(app: &App, line: &Line, fence: u64, planned: u64) -> anyhow::Result<()> {
    let mut left = planned;
    while left > 0 {
        let batch = left.min(ADMISSION_BATCH);
        match app.store.admit(&line.keys, fence, batch).await? {
            Some(Some(admitted)) if admitted == batch => left -= admitted,
            // The cap was reached, the line ran empty, or another node leads: the next tick knows more.
            Some(Some(_) | None) | None => return Ok(()),
        }
    }
    Ok(())
}

fn is_over(facts: &LineFacts) -> bool {
    facts.state == QueueState::Closed && facts.waiting == 0 && facts.active == 0
}
