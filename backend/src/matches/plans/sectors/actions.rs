//! Move sectors of a match from one state to another.

use domain::ids::MatchId;
use domain::matches::{MatchState, Missing};
use platform::ids::Ids;
use serde_json::json;
use sqlx::{Connection, PgConnection};

use crate::audit::{self, Entry};
use crate::http::fault::Fault;
use crate::jobs::{self, Job};
use crate::matches::plans::actions::{PlanRefused, Planner, body_of, find};
use crate::matches::plans::body::{MatchBody, SectorBody, SectorState};
use crate::matches::plans::inventory::{self, StateColumns};
use crate::matches::plans::parts;
use crate::matches::plans::store::{self, PlanRow};

/// Says anew what one sector of a match is, and nothing else. The same again changes nothing.
///
/// # Errors
/// [`PlanRefused`], with nothing changed.
pub(crate) async fn change_sector(
    conn: &mut PgConnection,
    ids: Ids,
    planner: &Planner,
    (match_id, code, state): (MatchId, &str, SectorState),
) -> Result<PlanRow, Fault<PlanRefused>> {
    if !store::lock_match(conn, match_id).await? {
        return Err(PlanRefused::NoSuchMatch.into());
    }
    let row = find(conn, match_id).await?;
    let is_published = match row.state {
        MatchState::Draft => false,
        MatchState::Published => true,
        MatchState::Closed | MatchState::Cancelled => {
            return Err(PlanRefused::Locked(vec!["everything"]).into());
        }
    };
    let before = body_of(conn, &row).await?;
    let present = before.sectors.iter().find(|sector| sector.code == code);
    let present = present.ok_or(PlanRefused::NoSuchSector)?;
    if present.state == state {
        return Ok(row);
    }
    let mut tx = conn.begin().await?;
    parts::save_sector_state(&mut tx, match_id, (code, state)).await?;
    if is_published {
        let after = body_of(&mut tx, &row).await?;
        move_sectors(&mut tx, planner, match_id, (&before, &after)).await?;
        check_prices(&mut tx, match_id).await?;
        jobs::renew(&mut tx, ids, Job::SyncQueue(match_id)).await?;
    }
    store::touch_match(&mut tx, match_id).await?;
    let entry = Entry {
        actor: planner.actor,
        deed: "match.sector-changed",
        subject_id: match_id.0,
        details: json!({"sector": code, "before": {"state": present.state}, "after": {"state": state}, "reason": planner.reason}),
    };
    audit::record(&mut tx, entry).await?;
    let changed = find(&mut tx, match_id).await?;
    tx.commit().await?;
    Ok(changed)
}

/// Gives the seats of a published match the states that its sectors have now.
pub(in crate::matches::plans) async fn move_sectors(
    conn: &mut PgConnection,
    planner: &Planner,
    match_id: MatchId,
    (before, after): (&MatchBody, &MatchBody),
) -> Result<(), Fault<PlanRefused>> {
    let pairs = before.sectors.iter().zip(&after.sectors);
    let mut moved = StateColumns::default();
    let is_moved = |pair: &(&SectorBody, &SectorBody)| pair.0.seat_status() != pair.1.seat_status();
    for (before, after) in pairs.filter(is_moved) {
        moved.codes.push(after.code.clone());
        moved.before.push(before.seat_status());
        moved.after.push(after.seat_status());
    }
    if moved.codes.is_empty() {
        return Ok(());
    }
    if planner.reason.is_none() {
        return Err(PlanRefused::WithoutReason.into());
    }
    inventory::save_seat_states(conn, match_id, &moved).await?;
    let taken = inventory::list_taken(conn, match_id, &moved.codes).await?;
    if taken.is_empty() {
        Ok(())
    } else {
        Err(PlanRefused::SeatsTaken(taken).into())
    }
}

/// Nothing is sold without a price.
pub(in crate::matches::plans) async fn check_prices(
    conn: &mut PgConnection,
    match_id: MatchId,
) -> Result<(), Fault<PlanRefused>> {
    let unpriced = inventory::list_without_prices(conn, match_id).await?;
    if unpriced.is_empty() {
        return Ok(());
    }
    let missing = unpriced
        .into_iter()
        .map(|sector| Missing::Prices(sector).to_string());
    Err(PlanRefused::NotReady(missing.collect()).into())
}
