//! Provision a match's queue; grant the way into it; tell the room what is left to sell.

use std::sync::Arc;
use std::time::{Duration, Instant};

use contracts::room::{OriginHealth, QueueState};
use domain::ids::MatchId;
use domain::phases::{Phase, PhaseKind, next_line};
use platform::problems::Problem;
use uuid::Uuid;

use super::{plans, queues, store};
use crate::admission::room::{JOIN_GRANT_LIFE, JoinGrant, Room};
use crate::app::App;
use crate::http::actor::Fan;
use crate::http::fault::{Fault, Refusal};
use crate::http::problems::{NOT_ELIGIBLE, NOT_FOUND, QUEUE_NOT_READY};
use crate::inventory;
use crate::jobs::Outcome;
use crate::loyalty;

/// How often the room hears what is left to sell: it believes a report for 5 s.
const HEALTH_INTERVAL: Duration = Duration::from_secs(1);

/// So much of its belief may pass between two reports.
const HEALTH_INTERVAL_MAX: Duration = Duration::from_secs(2);

/// Counting takes at most one part of so many of the time, as far as [`HEALTH_INTERVAL_MAX`] lets it.
const SHARE_OF_COUNTING: u32 = 20;

/// Why there is no way into the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueRefused {
    /// Unknown match.
    NoSuchMatch,
    /// The queue is being made.
    NotReady,
    /// The phase that is open, or the next one, gives this fan no ticket.
    NotEligible,
}

impl Refusal for QueueRefused {
    fn problem(&self) -> Problem {
        match self {
            Self::NoSuchMatch => Problem::new(NOT_FOUND),
            Self::NotReady => Problem::new(QUEUE_NOT_READY).retry_after(1),
            Self::NotEligible => Problem::new(NOT_ELIGIBLE),
        }
    }
}

/// The queue of a match; remembered for a few seconds: another one comes only when a sale goes on that was sold out.
///
/// # Errors
/// [`QueueRefused`].
pub async fn queue_of(app: &App, match_id: MatchId) -> Result<Uuid, Fault<QueueRefused>> {
    if let Some(queue_id) = app.queues.get(&match_id).await {
        return Ok(queue_id);
    }
    let mut conn = app.db.acquire().await?;
    let stored = queues::find_queue(&mut conn, match_id)
        .await?
        .ok_or(QueueRefused::NoSuchMatch)?;
    let queue_id = stored.ok_or(QueueRefused::NotReady)?;
    app.queues.insert(match_id, queue_id).await;
    Ok(queue_id)
}

/// The phase that is open, or the next one; remembered for a second, because a crowd asks.
async fn phase_of(app: &App, match_id: MatchId) -> Result<Arc<Phase>, Fault<QueueRefused>> {
    if let Some(phase) = app.phases.get(&match_id).await {
        return Ok(phase);
    }
    let mut conn = app.db.acquire().await?;
    let terms = store::sale_terms(&mut conn, match_id).await?;
    let phase = Arc::new(terms.ok_or(QueueRefused::NoSuchMatch)?.phase);
    app.phases.insert(match_id, phase.clone()).await;
    Ok(phase)
}

/// Lets a fan's app join the match's queue; the room itself judges when. Whoever a loyalty phase gives no ticket does not take
/// a place in its line.
pub(super) async fn grant_join(
    app: &App,
    fan: &Fan,
    match_id: MatchId,
) -> Result<(Uuid, JoinGrant), Fault<QueueRefused>> {
    let queue_id = queue_of(app, match_id).await?;
    let phase = phase_of(app, match_id).await?;
    if phase.kind != PhaseKind::Loyalty {
        return Ok((queue_id, app.room.grant(queue_id, fan.id, None)?));
    }
    let now = app.clock.now();
    let mut conn = app.db.acquire().await?;
    let points = loyalty::points_of(&mut conn, &[fan.id], now).await?;
    let points = points.get(&fan.id).copied().unwrap_or(0);
    if phase.allowance(points) > 0 {
        return Ok((queue_id, app.room.grant(queue_id, fan.id, None)?));
    }
    let phases = plans::phases::list_phases(&mut conn, match_id).await?;
    let phases: Vec<Phase> = phases.into_iter().map(|row| row.phase).collect();
    let opens_at = next_line((&phase, &phases), points, JOIN_GRANT_LIFE, now);
    let opens_at = opens_at.ok_or(QueueRefused::NotEligible)?;
    Ok((queue_id, app.room.grant(queue_id, fan.id, Some(opens_at))?))
}

/// Job: makes the match's queue in the room as the match is: its caps, an opening for each sales phase, paused while a
/// cancellation waits for approval, closed when the match is over. Repeatable: what is so already stays so.
///
/// # Errors
/// When the room or the database cannot be reached; the job is tried again.
pub async fn sync_queue(app: &App, match_id: MatchId) -> anyhow::Result<Outcome> {
    let mut conn = app.db.acquire().await?;
    let Some(mut order) = queues::find_queue_order(&mut conn, match_id).await? else {
        return Ok(Outcome::Done);
    };
    drop(conn);

    let mut queue = app.room.ensure_queue(&order.queue).await?;
    if queue.state == QueueState::Closed && order.goes_on(app.clock.now()) {
        // It sold out, and there is something to sell again: a closed line stays closed.
        order.queues_over += 1;
        order.queue.reference = Room::reference(match_id, order.queues_over);
        queue = app.room.ensure_queue(&order.queue).await?;
    }
    if queue.state != order.state && queue.state != QueueState::Closed {
        app.room.set_state(queue.id, order.state).await?;
    }

    let mut conn = app.db.acquire().await?;
    queues::save_queue(&mut conn, match_id, (queue.id, order.queues_over)).await?;
    app.queues.invalidate(&match_id).await;
    tracing::info!(match.id = %match_id, queue.id = %queue.id, state = ?order.state, "The queue of match {match_id} is as the match is");
    Ok(Outcome::Done)
}

/// Tells the room every second what is left to sell, so that it holds or closes the queue when nothing is; less often, where counting
/// takes long.
pub async fn report_health(app: &App) {
    let mut was_down = false;
    let mut pause = HEALTH_INTERVAL;
    while app.tasks.sleep(pause).await {
        let began = Instant::now();
        let reported = report_once(app).await;
        pause = (began.elapsed() * SHARE_OF_COUNTING).clamp(HEALTH_INTERVAL, HEALTH_INTERVAL_MAX);
        match reported {
            Ok(()) => was_down = false,
            Err(error) if !was_down => {
                tracing::warn!(%error, "The waiting room cannot be told what is left to sell");
                was_down = true;
            }
            Err(_) => {}
        }
    }
}

async fn report_once(app: &App) -> anyhow::Result<()> {
    let on_sale = queues::list_on_sale(&mut *app.db.acquire().await?).await?;
    let mut reported = Ok(());
    for (match_id, queue_id) in on_sale {
        // One match that cannot be reported does not silence the others.
        reported = report_match(app, match_id, queue_id).await.and(reported);
    }
    reported
}

async fn report_match(app: &App, match_id: MatchId, queue_id: Uuid) -> anyhow::Result<()> {
    let mut conn = app.db.acquire().await?;
    let stock = inventory::count_stock(&mut conn, match_id).await?;
    drop(conn);
    let health = OriginHealth {
        stock_free: stock.free,
        stock_held: stock.held,
        stock_paying: stock.paying,
    };
    // A phase that sold out ends first: a room that hears of nothing to sell closes the line for good, and nothing would open it
    // again if a seat came back before the phase had ended.
    let is_nothing_left = (stock.free, stock.held, stock.paying) == (0, 0, 0);
    if is_nothing_left && !plans::phases::close_sold_out(app, match_id).await? {
        return Ok(());
    }
    app.room.report_health(queue_id, &health).await
}
