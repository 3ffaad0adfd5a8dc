//! Statements of the seed.
#![expect(
    clippy::as_conversions,
    reason = "sqlx's way to name a parameter's type: nothing is converted"
)]

use domain::Timestamp;
use domain::ids::{MatchId, StadiumId};
use sqlx::{PgConnection, query, query_scalar};

pub(super) async fn find_open_match(
    conn: &mut PgConnection,
    stadium: StadiumId,
) -> Result<Option<MatchId>, sqlx::Error> {
    query_scalar!(
        "SELECT m.match_id
         FROM matches m
         JOIN sale_windows w USING (match_id)
         WHERE m.stadium_id = $1 AND m.state = 'PUBLISHED' AND w.ends_at > clock_timestamp()
         ORDER BY m.created_at
         LIMIT 1",
        stadium as StadiumId,
    )
    .fetch_optional(conn)
    .await
}

/// Leaves `open_seats` AVAILABLE, the best of every zone in turn over `open_zones` zones, and blocks the rest.
pub(super) async fn block_rest(
    conn: &mut PgConnection,
    match_id: MatchId,
    (open_zones, open_seats): (i64, i64),
) -> Result<(), sqlx::Error> {
    query!(
        "WITH placed AS (
             SELECT i.seat_id, i.snake_rank, i.zone_id, dense_rank() OVER (ORDER BY z.name, z.zone_id) AS zone_no
             FROM match_seat_inventory i
             JOIN match_zones z USING (zone_id)
             WHERE i.match_id = $1 AND i.status = 'AVAILABLE'
         ), ranked AS (
             SELECT seat_id, row_number() OVER (ORDER BY (zone_no > $2), snake_rank, zone_id) AS turn
             FROM placed
         )
         UPDATE match_seat_inventory i
         SET status = 'BLOCKED'
         FROM ranked r
         WHERE i.match_id = $1 AND i.seat_id = r.seat_id AND r.turn > $3",
        match_id as MatchId,
        open_zones,
        open_seats,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn database_now(conn: &mut PgConnection) -> Result<Timestamp, sqlx::Error> {
    query_scalar!("SELECT clock_timestamp() AS \"now!\"")
        .fetch_one(conn)
        .await
}
