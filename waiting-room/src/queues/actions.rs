//! One function per use case of a queue.

use std::sync::Arc;
use std::time::Duration;

use contracts::room::{self, ChangeQueue, CreateQueue, OriginHealth, QueueState, QueueStats};
use line::admission::{Hold, Plan, Stock, plan};
use platform::problems::Problem;
use sqlx::PgConnection;

use super::founding::{bring_settings, on_line};
use super::rules::{self, SettingInvalid};
use super::store::{self, StoredState};
use crate::app::App;
use crate::faults::{Fault, Refusal};
use crate::ids::{QueueId, QueueNumber};
use crate::live::Line;
use crate::outage::Outage;
use crate::problems::{NO_SUCH_QUEUE, QUEUE_CLOSED, QUEUE_EXISTS};
use crate::tenants::Tenant;

/// How soon a node hears of a queue that another node made.
const WATCH: Duration = Duration::from_secs(1);

const CLOSED_BY_TENANT: &str = "CLOSED_BY_TENANT";

/// There is no such queue, or not of this tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoSuchQueue;

impl Refusal for NoSuchQueue {
    fn problem(&self) -> Problem {
        Problem::new(NO_SUCH_QUEUE)
    }
}

/// Why a queue is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CreateRefused {
    /// A value is out of range.
    Invalid(SettingInvalid),
    /// The tenant has one under this reference that is set otherwise.
    Exists { queue: QueueId },
}

impl Refusal for CreateRefused {
    fn problem(&self) -> Problem {
        match self {
            Self::Invalid(setting) => setting.problem(),
            Self::Exists { queue } => Problem::new(QUEUE_EXISTS)
                .detail("read the queue as it is set; its caps can be changed")
                .member("queue_id", queue.to_string()),
        }
    }
}

/// Why a queue is not changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ChangeRefused {
    /// There is none.
    NoSuchQueue,
    /// A value is out of range.
    Invalid(SettingInvalid),
    /// It is over.
    Closed { reason: String },
}

impl Refusal for ChangeRefused {
    fn problem(&self) -> Problem {
        match self {
            Self::NoSuchQueue => NoSuchQueue.problem(),
            Self::Invalid(setting) => setting.problem(),
            Self::Closed { reason } => Problem::new(QUEUE_CLOSED).member("reason", reason.as_str()),
        }
    }
}

impl From<NoSuchQueue> for ChangeRefused {
    fn from(_: NoSuchQueue) -> Self {
        Self::NoSuchQueue
    }
}

/// Makes a queue, or finds the one that the tenant made under this reference with the same settings. One that is set
/// otherwise is refused: the tenant would believe that its new settings are in force.
pub(super) async fn create(
    app: &Arc<App>,
    tenant: &Tenant,
    wanted: &CreateQueue,
) -> Result<(room::Queue, bool), Fault<CreateRefused>> {
    rules::check_new(wanted, app.clock.now()).map_err(CreateRefused::Invalid)?;

    let mut conn = app.db.acquire().await?;
    let fresh = QueueId(app.ids.next());
    let made = store::insert_queue(&mut conn, fresh, tenant.id, wanted).await?;
    let known = store::find_queue_id(&mut conn, tenant.id, &wanted.reference).await?;
    drop(conn);
    let id = QueueId(known.ok_or(sqlx::Error::RowNotFound)?);

    let row = bring_settings(app, id).await?;
    app.lines.run(app, row.queue()?);
    let queue = row.on_the_wire()?;
    if !made && !rules::is_set_so(&queue, wanted) {
        return Err(CreateRefused::Exists { queue: id }.into());
    }
    Ok((queue, made))
}

pub(super) async fn get(app: &App, tenant: &Tenant, id: QueueId) -> Result<room::Queue, Fault<NoSuchQueue>> {
    let row = store::find_queue(&mut *app.db.acquire().await?, id)
        .await?
        .ok_or(NoSuchQueue)?;
    if row.tenant_id != tenant.id.0 {
        return Err(NoSuchQueue.into());
    }
    Ok(row.on_the_wire()?)
}

/// Changes caps and openings. Lowering a cap drains, it never evicts.
pub(super) async fn change(
    app: &App,
    tenant: &Tenant,
    id: QueueId,
    change: &ChangeQueue,
) -> Result<room::Queue, Fault<ChangeRefused>> {
    rules::check_change(change, app.clock.now()).map_err(ChangeRefused::Invalid)?;

    let saved = store::save_settings(&mut *app.db.acquire().await?, id, tenant.id, change).await?;
    if !saved {
        return Err(ChangeRefused::NoSuchQueue.into());
    }

    Ok(bring_settings(app, id).await?.on_the_wire()?)
}

/// Pauses or resumes admission; a closed queue stays closed.
pub(super) async fn set_state(
    app: &App,
    tenant: &Tenant,
    id: QueueId,
    state: QueueState,
) -> Result<room::Queue, Fault<ChangeRefused>> {
    let wanted = match state {
        QueueState::Open => (StoredState::Open, None),
        QueueState::Paused => (StoredState::Paused, None),
        QueueState::Closed => (StoredState::Closed, Some(CLOSED_BY_TENANT)),
    };

    let mut conn = app.db.acquire().await?;
    if !store::save_state_unless_closed(&mut conn, id, tenant.id, wanted).await?
        && state != QueueState::Closed
    {
        return Err(why_unchanged(&mut conn, tenant, id).await?.into());
    }
    drop(conn);

    get(app, tenant, id).await.map_err(Fault::widen)?;
    Ok(bring_settings(app, id).await?.on_the_wire()?)
}

async fn why_unchanged(
    conn: &mut PgConnection,
    tenant: &Tenant,
    id: QueueId,
) -> Result<ChangeRefused, Fault<ChangeRefused>> {
    let row = store::find_queue(conn, id)
        .await?
        .filter(|row| row.tenant_id == tenant.id.0);
    Ok(match row {
        Some(row) => ChangeRefused::Closed {
            reason: row.close_reason.unwrap_or_default(),
        },
        None => ChangeRefused::NoSuchQueue,
    })
}

pub(super) async fn stats(
    app: &Arc<App>,
    tenant: &Tenant,
    id: QueueId,
) -> Result<QueueStats, Fault<NoSuchQueue>> {
    let line = tenants_line(app, tenant, id).await?;
    let facts = on_line(app, &line, || app.store.facts(&line.keys)).await?;
    let holding = match plan(&facts.for_admission()) {
        Plan::Hold(Hold::NobodyWaits) | Plan::Admit(_) => None,
        Plan::Hold(hold) => Some(hold.name().to_owned()),
        Plan::CloseSoldOut => Some(Hold::Closed.name().to_owned()),
    };
    Ok(QueueStats {
        state: facts.state,
        waiting: facts.waiting,
        active_sessions: facts.active,
        joined_total: facts.joined_total,
        admitted_total: facts.admitted_total,
        holding,
    })
}

/// Notes what the origin has left to sell; it counts for five seconds.
pub(super) async fn note_health(
    app: &Arc<App>,
    tenant: &Tenant,
    id: QueueId,
    health: &OriginHealth,
) -> Result<(), Fault<NoSuchQueue>> {
    let line = tenants_line(app, tenant, id).await?;
    // Lua counts in doubles: what is beyond 32 bits is as good as endless.
    let bounded = |stock: u64| stock.min(u64::from(u32::MAX));
    let stock = Stock {
        free: bounded(health.stock_free),
        held: bounded(health.stock_held),
        paying: bounded(health.stock_paying),
    };
    Ok(on_line(app, &line, || app.store.note_stock(&line.keys, stock)).await?)
}

/// The line of a queue of this tenant. Another tenant's queue does not exist for it.
pub(crate) async fn tenants_line(
    app: &Arc<App>,
    tenant: &Tenant,
    id: QueueId,
) -> Result<Arc<Line>, Fault<NoSuchQueue>> {
    let line = line_of(app, id).await?;
    if line.queue.tenant_id != tenant.id {
        return Err(NoSuchQueue.into());
    }
    Ok(line)
}

/// The line of a queue.
pub(crate) async fn line_of(app: &Arc<App>, id: QueueId) -> Result<Arc<Line>, Fault<NoSuchQueue>> {
    if let Some(line) = app.lines.find(id) {
        return Ok(line);
    }
    let row = store::find_queue(&mut *app.db.acquire().await?, id)
        .await?
        .ok_or(NoSuchQueue)?;
    Ok(app.lines.run(app, row.queue()?))
}

/// The line of the queue with this number.
pub(crate) async fn line_numbered(
    app: &Arc<App>,
    number: QueueNumber,
) -> Result<Arc<Line>, Fault<NoSuchQueue>> {
    if let Some(line) = app.lines.find_numbered(number) {
        return Ok(line);
    }
    let id = store::find_queue_id_numbered(&mut *app.db.acquire().await?, number)
        .await?
        .ok_or(NoSuchQueue)?;
    line_of(app, QueueId(id)).await
}

/// Runs every queue that is not over, also those that other nodes make, until the process stops.
pub(crate) async fn run_queues(app: Arc<App>) {
    let mut outage = Outage::of("queues.run");
    let mut last = 0;
    loop {
        match run_queues_after(&app, last).await {
            Ok(newest) => {
                last = newest;
                outage.worked();
            }
            Err(error) => outage.failed(&error),
        }
        if !app.tasks.sleep(WATCH).await {
            return;
        }
    }
}

async fn run_queues_after(app: &Arc<App>, after: i32) -> anyhow::Result<i32> {
    let rows = store::list_queues_after(&mut *app.db.acquire().await?, after).await?;
    let mut newest = after;
    for row in rows {
        app.lines.run(app, row.queue()?);
        newest = newest.max(row.queue_number);
    }
    Ok(newest)
}
