//! Every statement on `queues`.

use contracts::room::{ChangeQueue, CreateQueue, Opening, QueueMode, QueueState};
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::Queue;
use super::rules::kept_openings;
use crate::ids::{QueueId, QueueNumber, TenantId};

/// `queue_state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "queue_state", rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum StoredState {
    Open,
    Paused,
    Closed,
}

/// A row of `queues` with its tenant's name.
#[derive(Debug, Clone)]
pub(super) struct QueueRow {
    pub(super) queue_id: Uuid,
    pub(super) queue_number: i32,
    pub(super) tenant_id: Uuid,
    pub(super) tenant_name: String,
    pub(super) reference: String,
    pub(super) settings_version: i64,
    pub(super) state: StoredState,
    pub(super) close_reason: Option<String>,
    pub(super) max_active_sessions: i32,
    pub(super) admissions_per_minute: Option<i32>,
    pub(super) session_ttl_seconds: i32,
    pub(super) ticket_ttl_seconds: i32,
    pub(super) openings: Json<Vec<Opening>>,
}

/// Makes the queue, unless the tenant has one under this reference.
#[expect(
    clippy::as_conversions,
    reason = "the checked macro's way to name a parameter's type; it casts nothing"
)]
pub(super) async fn insert_queue(
    conn: &mut PgConnection,
    id: QueueId,
    tenant: TenantId,
    queue: &CreateQueue,
) -> anyhow::Result<bool> {
    let inserted = sqlx::query!(
        "INSERT INTO queues (queue_id, tenant_id, reference, max_active_sessions, admissions_per_minute,
                             session_ttl_seconds, ticket_ttl_seconds, openings)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT ON CONSTRAINT queues_one_per_reference DO NOTHING",
        id.0,
        tenant.0,
        queue.reference,
        i32::try_from(queue.max_active_sessions)?,
        queue.admissions_per_minute.map(i32::try_from).transpose()?,
        i32::try_from(queue.session_ttl_seconds)?,
        i32::try_from(queue.ticket_ttl_seconds)?,
        Json(kept_openings(&queue.openings)) as Json<Vec<Opening>>,
    )
    .execute(conn)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

pub(super) async fn find_queue(conn: &mut PgConnection, id: QueueId) -> sqlx::Result<Option<QueueRow>> {
    sqlx::query_as!(
        QueueRow,
        r#"SELECT queue_id, queue_number, tenant_id, tenants.name AS tenant_name, reference, settings_version,
                  state AS "state: StoredState", close_reason, max_active_sessions, admissions_per_minute,
                  session_ttl_seconds, ticket_ttl_seconds, openings AS "openings: Json<Vec<Opening>>"
           FROM queues JOIN tenants USING (tenant_id) WHERE queue_id = $1"#,
        id.0
    )
    .fetch_optional(conn)
    .await
}

/// The id of the queue that the tenant has under this reference.
pub(super) async fn find_queue_id(
    conn: &mut PgConnection,
    tenant: TenantId,
    reference: &str,
) -> sqlx::Result<Option<Uuid>> {
    sqlx::query_scalar!(
        "SELECT queue_id FROM queues WHERE tenant_id = $1 AND reference = $2",
        tenant.0,
        reference
    )
    .fetch_optional(conn)
    .await
}

/// The id of the queue with this number.
pub(super) async fn find_queue_id_numbered(
    conn: &mut PgConnection,
    number: QueueNumber,
) -> sqlx::Result<Option<Uuid>> {
    let Ok(number) = i32::try_from(number.0) else {
        return Ok(None);
    };
    sqlx::query_scalar!("SELECT queue_id FROM queues WHERE queue_number = $1", number)
        .fetch_optional(conn)
        .await
}

/// Queues that are not over, with numbers above `after`.
pub(super) async fn list_queues_after(conn: &mut PgConnection, after: i32) -> sqlx::Result<Vec<QueueRow>> {
    sqlx::query_as!(
        QueueRow,
        r#"SELECT queue_id, queue_number, tenant_id, tenants.name AS tenant_name, reference, settings_version,
                  state AS "state: StoredState", close_reason, max_active_sessions, admissions_per_minute,
                  session_ttl_seconds, ticket_ttl_seconds, openings AS "openings: Json<Vec<Opening>>"
           FROM queues JOIN tenants USING (tenant_id)
           WHERE over_at IS NULL AND queue_number > $1
           ORDER BY queue_number"#,
        after
    )
    .fetch_all(conn)
    .await
}

/// Sets caps and openings; what is left out stays. Says whether the tenant has such a queue.
#[expect(
    clippy::as_conversions,
    reason = "the checked macro's way to name a parameter's type; it casts nothing"
)]
pub(super) async fn save_settings(
    conn: &mut PgConnection,
    id: QueueId,
    tenant: TenantId,
    change: &ChangeQueue,
) -> anyhow::Result<bool> {
    let saved = sqlx::query!(
        "UPDATE queues
         SET max_active_sessions = coalesce($3, max_active_sessions),
             admissions_per_minute = CASE WHEN $4 THEN $5 ELSE admissions_per_minute END,
             openings = coalesce($6, openings),
             settings_version = settings_version + 1
         WHERE queue_id = $1 AND tenant_id = $2",
        id.0,
        tenant.0,
        change.max_active_sessions.map(i32::try_from).transpose()?,
        change.admissions_per_minute.is_some(),
        change
            .admissions_per_minute
            .flatten()
            .map(i32::try_from)
            .transpose()?,
        change
            .openings
            .as_deref()
            .map(|openings| Json(kept_openings(openings))) as Option<Json<Vec<Opening>>>,
    )
    .execute(conn)
    .await?;
    Ok(saved.rows_affected() == 1)
}

/// Opens, pauses or closes a queue that is not closed. Says whether the tenant has such a queue.
#[expect(
    clippy::as_conversions,
    reason = "the checked macro's way to name a column's type; it casts nothing"
)]
pub(super) async fn save_state_unless_closed(
    conn: &mut PgConnection,
    id: QueueId,
    tenant: TenantId,
    (state, close_reason): (StoredState, Option<&str>),
) -> sqlx::Result<bool> {
    let saved = sqlx::query!(
        "UPDATE queues SET state = $3, close_reason = $4, settings_version = settings_version + 1
         WHERE queue_id = $1 AND tenant_id = $2 AND state <> 'CLOSED'",
        id.0,
        tenant.0,
        state as StoredState,
        close_reason,
    )
    .execute(conn)
    .await?;
    Ok(saved.rows_affected() == 1)
}

/// The line closed itself: the row follows.
pub(crate) async fn mark_closed(conn: &mut PgConnection, id: QueueId, reason: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE queues SET state = 'CLOSED', close_reason = $2, settings_version = settings_version + 1
         WHERE queue_id = $1 AND state <> 'CLOSED'",
        id.0,
        reason
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The last session has ended, too.
pub(crate) async fn mark_over(db: &PgPool, id: QueueId) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE queues SET over_at = now() WHERE queue_id = $1 AND over_at IS NULL",
        id.0
    )
    .execute(db)
    .await?;
    Ok(())
}

impl From<StoredState> for QueueState {
    fn from(state: StoredState) -> Self {
        match state {
            StoredState::Open => Self::Open,
            StoredState::Paused => Self::Paused,
            StoredState::Closed => Self::Closed,
        }
    }
}

impl QueueRow {
    /// What never changes.
    pub(super) fn queue(&self) -> anyhow::Result<Queue> {
        let ms = |seconds| u64::try_from(seconds).map(|seconds: u64| seconds * 1_000);
        Ok(Queue {
            id: QueueId(self.queue_id),
            number: QueueNumber(u32::try_from(self.queue_number)?),
            tenant_id: TenantId(self.tenant_id),
            tenant_name: self.tenant_name.clone(),
            session_ttl_ms: ms(self.session_ttl_seconds)?,
            ticket_ttl_ms: ms(self.ticket_ttl_seconds)?,
        })
    }

    /// As its tenant sees it.
    pub(super) fn on_the_wire(&self) -> anyhow::Result<contracts::room::Queue> {
        Ok(contracts::room::Queue {
            id: self.queue_id,
            reference: self.reference.clone(),
            mode: QueueMode::Capacity,
            state: self.state.into(),
            max_active_sessions: u32::try_from(self.max_active_sessions)?,
            admissions_per_minute: self.admissions_per_minute.map(u32::try_from).transpose()?,
            session_ttl_seconds: u32::try_from(self.session_ttl_seconds)?,
            ticket_ttl_seconds: u32::try_from(self.ticket_ttl_seconds)?,
            openings: self.openings.0.clone(),
        })
    }
}
