//! Publish, close, call off, hide.

use chrono::TimeDelta;
use domain::ids::{MatchId, UserId};
use domain::matches::{MatchState, Preparation, Standing, Turn, decide_turn, missing};
use platform::ids::Ids;
use serde_json::json;
use sqlx::PgConnection;

use super::actions::{PlanRefused, Planner, find, record};
use super::inventory::{self, Pace};
use super::store::{self, PlanRow};
use super::{notices, phases};
use crate::audit::Actor;
use crate::http::fault::Fault;
use crate::jobs::{self, Job};

/// Beside a running sale seats are copied a few at a time, which takes a fifth of a millisecond of a core: 50,000 take four seconds
/// and a twentieth of a core, instead of all of one for a quarter of a second (ADR 0013).
const BESIDE_A_SALE: Pace = Pace {
    seats: 50,
    every: TimeDelta::milliseconds(4),
};

/// Puts a match before the public: its zones, its seats and the order for its queue, in the caller's transaction. A crash before
/// the commit leaves a draft; after it, the job makes the queue with its openings, as often as it takes.
///
/// # Errors
/// [`PlanRefused::NotReady`] with everything that is missing.
pub async fn publish(
    conn: &mut PgConnection,
    ids: Ids,
    planner: &Planner,
    (match_id, seen): (MatchId, Option<i32>),
) -> Result<PlanRow, Fault<PlanRefused>> {
    let before = turn(conn, (match_id, seen), Turn::Publish).await?;
    let now = store::now(conn).await?;
    let phases = phases::list_phases(conn, match_id).await?;
    let preparation = Preparation {
        kick_off_at: before.kick_off_at,
        has_seats: inventory::has_seats_for_sale(conn, match_id).await?,
        without_prices: inventory::list_without_prices(conn, match_id).await?,
        phases: phases.into_iter().map(|row| row.phase).collect(),
    };
    let missing = missing(&preparation, now);
    if !missing.is_empty() {
        return Err(PlanRefused::NotReady(missing.iter().map(ToString::to_string).collect()).into());
    }

    let seats = fill(conn, match_id).await?;
    store::save_state(conn, match_id, MatchState::Published).await?;
    jobs::renew(conn, ids, Job::SyncQueue(match_id)).await?;
    let told = (
        json!({"state": "DRAFT"}),
        json!({"state": "PUBLISHED", "seats": seats}),
    );
    record(conn, planner, "match.published", (match_id, told.0, told.1)).await?;
    find(conn, match_id).await
}

/// Gives a match its zones and all of their seats; answers how many seats. Beside a running sale it takes its time, so that
/// fans who are buying do not feel it.
pub(super) async fn fill(conn: &mut PgConnection, match_id: MatchId) -> Result<u64, sqlx::Error> {
    let pace = inventory::is_anything_on_sale(conn)
        .await?
        .then_some(BESIDE_A_SALE);
    inventory::insert_zones(conn, match_id).await?;
    let mut seats = 0;
    for zone_id in inventory::list_zone_ids(conn, match_id).await? {
        seats += inventory::insert_seats(conn, zone_id, pace).await?;
    }
    Ok(seats)
}

/// Ends a match that was played.
///
/// # Errors
/// [`PlanRefused`].
pub async fn close(
    conn: &mut PgConnection,
    ids: Ids,
    planner: &Planner,
    (match_id, seen): (MatchId, Option<i32>),
) -> Result<PlanRow, Fault<PlanRefused>> {
    turn(conn, (match_id, seen), Turn::Close).await?;
    store::save_state(conn, match_id, MatchState::Closed).await?;
    jobs::renew(conn, ids, Job::SyncQueue(match_id)).await?;
    let told = (json!({"state": "PUBLISHED"}), json!({"state": "CLOSED"}));
    record(conn, planner, "match.closed", (match_id, told.0, told.1)).await?;
    find(conn, match_id).await
}

/// Asks for a match's cancellation: nothing more is sold. Somebody else approves it.
///
/// # Errors
/// [`PlanRefused`].
pub async fn start_cancellation(
    conn: &mut PgConnection,
    ids: Ids,
    (by, planner): (UserId, &Planner),
    (match_id, reason): (MatchId, &str),
) -> Result<PlanRow, Fault<PlanRefused>> {
    turn(conn, (match_id, None), Turn::StartCancellation).await?;
    store::save_cancellation(conn, match_id, Some((by, reason))).await?;
    jobs::renew(conn, ids, Job::SyncQueue(match_id)).await?;
    let told = (json!({"cancellation": null}), json!({"cancellation": "STARTED"}));
    record(
        conn,
        planner,
        "match.cancellation-started",
        (match_id, told.0, told.1),
    )
    .await?;
    find(conn, match_id).await
}

/// Takes that back: the sale goes on.
///
/// # Errors
/// [`PlanRefused`].
pub async fn withdraw_cancellation(
    conn: &mut PgConnection,
    ids: Ids,
    planner: &Planner,
    match_id: MatchId,
) -> Result<PlanRow, Fault<PlanRefused>> {
    turn(conn, (match_id, None), Turn::WithdrawCancellation).await?;
    store::save_cancellation(conn, match_id, None).await?;
    jobs::renew(conn, ids, Job::SyncQueue(match_id)).await?;
    let told = (json!({"cancellation": "STARTED"}), json!({"cancellation": null}));
    record(
        conn,
        planner,
        "match.cancellation-withdrawn",
        (match_id, told.0, told.1),
    )
    .await?;
    find(conn, match_id).await
}

/// Calls a match off. Whoever asked for it does not approve it.
///
/// # Errors
/// [`PlanRefused::OwnCancellation`] among others.
pub async fn approve_cancellation(
    conn: &mut PgConnection,
    ids: Ids,
    planner: &Planner,
    match_id: MatchId,
) -> Result<PlanRow, Fault<PlanRefused>> {
    let before = turn(conn, (match_id, None), Turn::ApproveCancellation).await?;
    if before.cancellation_started_by.map(Actor::Staff) == Some(planner.actor) {
        return Err(PlanRefused::OwnCancellation.into());
    }
    store::save_state(conn, match_id, MatchState::Cancelled).await?;
    jobs::renew(conn, ids, Job::SyncQueue(match_id)).await?;
    notices::order(conn, ids, (match_id, notices::Kind::Cancelled)).await?;
    let told = (
        json!({"state": "PUBLISHED"}),
        json!({"state": "CANCELLED", "reason": before.cancellation_reason}),
    );
    record(conn, planner, "match.cancelled", (match_id, told.0, told.1)).await?;
    find(conn, match_id).await
}

/// Hides a match, with everything it was.
///
/// # Errors
/// [`PlanRefused`].
pub async fn delete(
    conn: &mut PgConnection,
    planner: &Planner,
    match_id: MatchId,
) -> Result<(), Fault<PlanRefused>> {
    let before = turn(conn, (match_id, None), Turn::Delete).await?;
    store::delete_match(conn, match_id).await?;
    let told = (json!({"state": before.state.code()}), json!({"deleted": true}));
    record(conn, planner, "match.deleted", (match_id, told.0, told.1)).await?;
    Ok(())
}

/// The match, locked, if it may make this turn.
async fn turn(
    conn: &mut PgConnection,
    (match_id, seen): (MatchId, Option<i32>),
    turn: Turn,
) -> Result<PlanRow, Fault<PlanRefused>> {
    if !store::lock_match(conn, match_id).await? {
        return Err(PlanRefused::NoSuchMatch.into());
    }
    let row = find(conn, match_id).await?;
    if seen.is_some_and(|seen| seen != row.version) {
        return Err(PlanRefused::Changed(row.version).into());
    }
    let standing = Standing {
        state: row.state,
        is_being_cancelled: row.cancellation_started_at.is_some() && row.state == MatchState::Published,
        kick_off_at: row.kick_off_at,
        has_tickets: inventory::has_tickets(conn, match_id).await?,
    };
    decide_turn(&standing, turn, store::now(conn).await?).map_err(PlanRefused::WrongTurn)?;
    Ok(row)
}
