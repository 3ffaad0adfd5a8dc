//! Provision a match's queue; grant the way into it; tell the room what is left to sell.

use std::time::Duration;

use contracts::room::OriginHealth;
use domain::ids::MatchId;
use platform::problems::Problem;
use uuid::Uuid;

use super::store;
use crate::admission::room::JoinGrant;
use crate::app::App;
use crate::http::actor::Fan;
use crate::http::fault::{Fault, Refusal};
use crate::http::problems::{NOT_FOUND, QUEUE_NOT_READY};
use crate::inventory;
use crate::jobs::Outcome;

/// How often the room hears what is left to sell: it believes a report for 5 s.
const HEALTH_INTERVAL: Duration = Duration::from_secs(1);

/// Why there is no way into the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueRefused {
    /// Unknown match.
    NoSuchMatch,
    /// The queue is being made.
    NotReady,
}

impl Refusal for QueueRefused {
    fn problem(&self) -> Problem {
        match self {
            Self::NoSuchMatch => Problem::new(NOT_FOUND),
            Self::NotReady => Problem::new(QUEUE_NOT_READY).retry_after(1),
        }
    }
}

/// The queue of a match; remembered, because it never changes once it is made.
///
/// # Errors
/// [`QueueRefused`].
pub async fn queue_of(app: &App, match_id: MatchId) -> Result<Uuid, Fault<QueueRefused>> {
    if let Some(queue_id) = app.queues.get(&match_id).await {
        return Ok(queue_id);
    }
    let mut conn = app.db.acquire().await?;
    let stored = store::find_queue(&mut conn, match_id)
        .await?
        .ok_or(QueueRefused::NoSuchMatch)?;
    let queue_id = stored.ok_or(QueueRefused::NotReady)?;
    app.queues.insert(match_id, queue_id).await;
    Ok(queue_id)
}

/// Lets a fan's app join the match's queue; the room itself judges when.
pub(super) async fn grant_join(
    app: &App,
    fan: &Fan,
    match_id: MatchId,
) -> Result<(Uuid, JoinGrant), Fault<QueueRefused>> {
    let queue_id = queue_of(app, match_id).await?;
    Ok((queue_id, app.room.grant(queue_id, fan.id)?))
}

/// Job: makes the match's queue in the room. Repeatable: the room answers the queue it already made.
///
/// # Errors
/// When the room or the database cannot be reached; the job is tried again.
pub async fn provision_queue(app: &App, match_id: MatchId) -> anyhow::Result<Outcome> {
    let mut conn = app.db.acquire().await?;
    let Some(policy) = store::session_policy(&mut conn, match_id).await? else {
        return Ok(Outcome::Done);
    };
    drop(conn);

    let queue = app.room.create_queue(&policy).await?;

    let mut conn = app.db.acquire().await?;
    store::save_queue(&mut conn, match_id, queue.id).await?;
    tracing::info!(match.id = %match_id, queue.id = %queue.id, "Provisioned the queue of match {match_id}");
    Ok(Outcome::Done)
}

/// Tells the room every second what is left to sell, so that it holds or closes the queue when nothing is.
pub async fn report_health(app: &App) {
    let mut was_down = false;
    while app.tasks.sleep(HEALTH_INTERVAL).await {
        match report_once(app).await {
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
    let mut conn = app.db.acquire().await?;
    for (match_id, queue_id) in store::list_on_sale(&mut conn).await? {
        let stock = inventory::count_stock(&mut conn, match_id).await?;
        let health = OriginHealth {
            stock_free: stock.free,
            stock_held: stock.held,
            stock_paying: stock.paying,
        };
        app.room.report_health(queue_id, &health).await?;
    }
    Ok(())
}
