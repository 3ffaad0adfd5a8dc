//! Statements on `sales_phases`.
#![expect(
    clippy::as_conversions,
    reason = "sqlx's way to name a parameter's type: nothing is converted"
)]

use domain::ids::MatchId;
use domain::phases::{Phase, PhaseKind};
use sqlx::{PgConnection, query, query_scalar};
use uuid::Uuid;

/// A phase of a match.
#[derive(Debug, Clone)]
pub struct PhaseRow {
    /// Its id.
    pub phase_id: Uuid,
    /// What it says.
    pub phase: Phase,
    /// Why it ended before its time, if it did.
    pub ended_early: Option<String>,
}

pub(in crate::matches::plans) async fn insert_phase(
    conn: &mut PgConnection,
    (phase_id, match_id): (Uuid, MatchId),
    phase: &Phase,
) -> anyhow::Result<()> {
    query!(
        "INSERT INTO sales_phases (phase_id, match_id, kind, starts_at, ends_at, ticket_limit, thresholds)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        phase_id,
        match_id as MatchId,
        phase.kind as PhaseKind,
        phase.starts_at,
        phase.ends_at,
        i32::try_from(phase.ticket_limit)?,
        serde_json::to_value(&phase.thresholds)?,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn save_phase(
    conn: &mut PgConnection,
    phase_id: Uuid,
    phase: &Phase,
    ended_early: Option<&str>,
) -> anyhow::Result<()> {
    query!(
        "UPDATE sales_phases
         SET kind = $2, starts_at = $3, ends_at = $4, ticket_limit = $5, thresholds = $6, ended_early = $7
         WHERE phase_id = $1",
        phase_id,
        phase.kind as PhaseKind,
        phase.starts_at,
        phase.ends_at,
        i32::try_from(phase.ticket_limit)?,
        serde_json::to_value(&phase.thresholds)?,
        ended_early,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn delete_phase(conn: &mut PgConnection, phase_id: Uuid) -> Result<(), sqlx::Error> {
    query!("DELETE FROM sales_phases WHERE phase_id = $1", phase_id)
        .execute(conn)
        .await?;
    Ok(())
}

/// All phases of a match that is about to be said anew.
pub(in crate::matches::plans) async fn delete_phases(
    conn: &mut PgConnection,
    match_id: MatchId,
) -> Result<(), sqlx::Error> {
    query!(
        "DELETE FROM sales_phases WHERE match_id = $1",
        match_id as MatchId
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A match's phases, by their beginning.
pub(in crate::matches) async fn list_phases(
    conn: &mut PgConnection,
    match_id: MatchId,
) -> anyhow::Result<Vec<PhaseRow>> {
    let rows = query!(
        "SELECT phase_id, kind AS \"kind: PhaseKind\", starts_at, ends_at, ticket_limit, thresholds, ended_early
         FROM sales_phases
         WHERE match_id = $1
         ORDER BY starts_at",
        match_id as MatchId,
    )
    .fetch_all(conn)
    .await?;
    let mut phases = Vec::new();
    for row in rows {
        phases.push(PhaseRow {
            phase_id: row.phase_id,
            phase: Phase {
                kind: row.kind,
                starts_at: row.starts_at,
                ends_at: row.ends_at,
                ticket_limit: u32::try_from(row.ticket_limit)?,
                thresholds: serde_json::from_value(row.thresholds)?,
            },
            ended_early: row.ended_early,
        });
    }
    Ok(phases)
}

/// Whether a seat of the match was sold: one without any is closed or in repair, not sold out.
pub(super) async fn has_sold(conn: &mut PgConnection, match_id: MatchId) -> Result<bool, sqlx::Error> {
    query_scalar!(
        "SELECT EXISTS (SELECT FROM match_seat_inventory WHERE match_id = $1 AND status = 'SOLD') AS \"has!\"",
        match_id as MatchId,
    )
    .fetch_one(conn)
    .await
}
