//! Statements on a match's queue in the waiting room: how it should be, which it is, and which matches are on sale.
#![expect(
    clippy::as_conversions,
    reason = "sqlx's way to name a parameter's type: nothing is converted"
)]

use chrono::{DateTime, Utc};
use contracts::room::{CreateQueue, Opening, QueueMode, QueueState};
use domain::Timestamp;
use domain::ids::MatchId;
use domain::matches::MatchState;
use sqlx::{PgConnection, query, query_scalar};
use uuid::Uuid;

use crate::admission::room::Room;

/// A waiting fan is dropped after so long without a sign of life (decision "Disconnect").
const TICKET_TTL_SECONDS: u32 = 1_800;

/// What the waiting room must do for a match.
#[derive(Debug, Clone)]
pub(super) struct QueueOrder {
    /// The queue, with an opening for each phase.
    pub(super) queue: CreateQueue,
    /// How it must stand.
    pub(super) state: QueueState,
    /// Queues of the match that are over.
    pub(super) queues_over: i32,
}

impl QueueOrder {
    /// Whether somebody could still buy: the match is on, and an opening is on or to come.
    pub(super) fn goes_on(&self, now: DateTime<Utc>) -> bool {
        let mut openings = self.queue.openings.iter();
        self.state == QueueState::Open
            && openings.any(|one| one.closes_at.is_none_or(|closes_at| closes_at > now))
    }
}

/// What the waiting room must do for this match; nothing for a draft.
pub(super) async fn find_queue_order(
    conn: &mut PgConnection,
    match_id: MatchId,
) -> anyhow::Result<Option<QueueOrder>> {
    let row = query!(
        "SELECT m.state AS \"state: MatchState\", m.cancellation_started_at IS NOT NULL AS \"is_held!\",
                m.queues_over, s.session_seconds, s.max_active_sessions, s.admissions_per_minute
         FROM matches m
         JOIN match_sales s USING (match_id)
         WHERE m.match_id = $1 AND m.state <> 'DRAFT'",
        match_id as MatchId,
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let openings = query!(
        "SELECT starts_at, ends_at FROM sales_phases WHERE match_id = $1 AND starts_at < ends_at ORDER BY starts_at",
        match_id as MatchId,
    )
    .fetch_all(conn)
    .await?;
    let opening = |phase: (Timestamp, Timestamp)| Opening {
        opens_at: phase.0.with_timezone(&Utc),
        closes_at: Some(phase.1.with_timezone(&Utc)),
    };
    Ok(Some(QueueOrder {
        queue: CreateQueue {
            reference: Room::reference(match_id, row.queues_over),
            mode: QueueMode::Capacity,
            max_active_sessions: u32::try_from(row.max_active_sessions)?,
            admissions_per_minute: row.admissions_per_minute.map(u32::try_from).transpose()?,
            session_ttl_seconds: u32::try_from(row.session_seconds)?,
            ticket_ttl_seconds: TICKET_TTL_SECONDS,
            openings: openings
                .into_iter()
                .map(|phase| opening((phase.starts_at, phase.ends_at)))
                .collect(),
        },
        state: match row.state {
            MatchState::Closed | MatchState::Cancelled => QueueState::Closed,
            MatchState::Published | MatchState::Draft if row.is_held => QueueState::Paused,
            MatchState::Published | MatchState::Draft => QueueState::Open,
        },
        queues_over: row.queues_over,
    }))
}

/// This is the match's queue now; `queues_over` were before it.
pub(super) async fn save_queue(
    conn: &mut PgConnection,
    match_id: MatchId,
    (queue_id, queues_over): (Uuid, i32),
) -> Result<(), sqlx::Error> {
    query!(
        "UPDATE matches SET waiting_room_queue_id = $2, queues_over = $3 WHERE match_id = $1",
        match_id as MatchId,
        queue_id,
        queues_over,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn find_queue(
    conn: &mut PgConnection,
    match_id: MatchId,
) -> Result<Option<Option<Uuid>>, sqlx::Error> {
    query_scalar!(
        "SELECT waiting_room_queue_id
         FROM matches
         WHERE match_id = $1 AND state <> 'DRAFT' AND deleted_at IS NULL
           AND coalesce(visible_from <= clock_timestamp(), true)",
        match_id as MatchId,
    )
    .fetch_optional(conn)
    .await
}

/// Matches on sale now, with their queues.
///
/// # Errors
/// When the database fails.
pub async fn list_on_sale(conn: &mut PgConnection) -> Result<Vec<(MatchId, Uuid)>, sqlx::Error> {
    let rows = query!(
        "SELECT m.match_id, m.waiting_room_queue_id AS \"queue_id!\"
         FROM matches m
         JOIN sale_windows w USING (match_id)
         WHERE m.state = 'PUBLISHED' AND m.waiting_room_queue_id IS NOT NULL AND m.deleted_at IS NULL
           AND clock_timestamp() >= w.starts_at AND clock_timestamp() < w.ends_at",
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.match_id, row.queue_id)).collect())
}
