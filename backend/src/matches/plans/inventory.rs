//! Statements that make a match's zones and seats: `match_zones`, `match_seat_inventory`.
#![expect(
    clippy::as_conversions,
    reason = "sqlx's way to name a parameter's type: nothing is converted"
)]

use chrono::TimeDelta;
use domain::ids::{MatchId, ZoneId};
use domain::inventory::SeatStatus;
use sqlx::{PgConnection, query, query_scalar};

/// Whether there is a seat that the match could sell to the public: one of an active sector without a purpose that is not technical.
pub(super) async fn has_seats_for_sale(
    conn: &mut PgConnection,
    match_id: MatchId,
) -> Result<bool, sqlx::Error> {
    query_scalar!(
        "SELECT EXISTS (
             SELECT FROM match_sectors u
             JOIN seats s USING (sector_id)
             WHERE u.match_id = $1 AND u.state = 'ACTIVE' AND u.purpose IS NULL AND NOT u.is_free AND s.kind <> 'TECHNICAL'
         ) AS \"has!\"",
        match_id as MatchId,
    )
    .fetch_one(conn)
    .await
}

/// Codes of sectors that are sold to the public and have no price.
pub(super) async fn list_without_prices(
    conn: &mut PgConnection,
    match_id: MatchId,
) -> Result<Vec<String>, sqlx::Error> {
    query_scalar!(
        "SELECT s.code
         FROM match_sectors u
         JOIN sectors s USING (sector_id)
         LEFT JOIN match_price_categories p ON p.match_id = u.match_id AND p.code = u.price_category
         WHERE u.match_id = $1 AND u.state = 'ACTIVE' AND u.purpose IS NULL AND NOT u.is_free
           AND (p.code IS NULL OR p.presale_price = 0 OR p.match_day_price = 0)
         ORDER BY s.position, s.code",
        match_id as MatchId,
    )
    .fetch_all(conn)
    .await
}

/// A zone for every sector of the match: those that are not sold have their seats, and offer none.
pub(super) async fn insert_zones(conn: &mut PgConnection, match_id: MatchId) -> Result<(), sqlx::Error> {
    query!(
        "INSERT INTO match_zones (zone_id, match_id, sector_id, name, presale_price, match_day_price)
         SELECT gen_random_uuid(), u.match_id, u.sector_id, s.name,
                CASE WHEN u.is_free THEN 0 ELSE coalesce(p.presale_price, 0) END,
                CASE WHEN u.is_free THEN 0 ELSE coalesce(p.match_day_price, 0) END
         FROM match_sectors u
         JOIN sectors s USING (sector_id)
         LEFT JOIN match_price_categories p ON p.match_id = u.match_id AND p.code = u.price_category
         WHERE u.match_id = $1",
        match_id as MatchId,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The zones of a match.
pub(super) async fn list_zone_ids(
    conn: &mut PgConnection,
    match_id: MatchId,
) -> Result<Vec<ZoneId>, sqlx::Error> {
    query_scalar!(
        "SELECT zone_id AS \"zone_id: ZoneId\" FROM match_zones WHERE match_id = $1",
        match_id as MatchId,
    )
    .fetch_all(conn)
    .await
}

/// How fast seats are copied.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// So many at once.
    pub(super) seats: i32,
    /// And the next ones so long after these.
    pub(super) every: TimeDelta,
}

/// Copies the seats of the layout into a zone, each in the status that its sector and kind give it: all at once, or at a pace.
/// It is the statement itself that waits, before each `seats`-th seat and a millisecond at least: a round trip for each few seats would
/// wake more processes than the copying does. (A plan that reads seats of other sectors must not wait for those.) Answers how many.
pub(super) async fn insert_seats(
    conn: &mut PgConnection,
    zone_id: ZoneId,
    pace: Option<Pace>,
) -> Result<u64, sqlx::Error> {
    let done = query!(
        "INSERT INTO match_seat_inventory (match_id, seat_id, zone_id, snake_rank, run_id, status)
         SELECT z.match_id, s.seat_id, z.zone_id, s.snake_rank, s.run_id,
                (CASE WHEN s.kind = 'TECHNICAL' THEN 'TECHNICAL'
                      WHEN u.state = 'ACTIVE' AND u.purpose IS NULL AND NOT u.is_free THEN 'AVAILABLE'
                      WHEN u.state = 'CLOSED' THEN 'INACTIVE'
                      WHEN u.state = 'MAINTENANCE' THEN 'MAINTENANCE'
                      ELSE 'BLOCKED' END)::seat_status
         FROM match_zones z
         JOIN match_sectors u USING (match_id, sector_id)
         JOIN seats s USING (sector_id)
         WHERE z.zone_id = $1
           AND CASE WHEN $2::int IS NULL OR s.snake_rank % $2 <> 0 OR s.sector_id <> z.sector_id THEN true
                    ELSE pg_sleep(greatest(0.001, extract(epoch FROM
                             statement_timestamp() + (s.snake_rank / $2 + 1) * $3::interval - clock_timestamp()))) IS NOT NULL END",
        zone_id as ZoneId,
        pace.map(|pace| pace.seats),
        pace.map(|pace| pace.every) as Option<TimeDelta>,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Whether anybody has a ticket for the match.
pub(super) async fn has_tickets(conn: &mut PgConnection, match_id: MatchId) -> Result<bool, sqlx::Error> {
    query_scalar!(
        "SELECT EXISTS (SELECT FROM tickets WHERE match_id = $1 AND state <> 'CANCELLED') AS \"has!\"",
        match_id as MatchId
    )
    .fetch_one(conn)
    .await
}

/// Whether seats of any match are sold now.
pub(super) async fn is_anything_on_sale(conn: &mut PgConnection) -> Result<bool, sqlx::Error> {
    query_scalar!(
        "SELECT EXISTS (
             SELECT FROM sales_phases p
             JOIN matches m USING (match_id)
             WHERE p.starts_at <= clock_timestamp() AND clock_timestamp() < p.ends_at
               AND m.state = 'PUBLISHED' AND m.deleted_at IS NULL
         ) AS \"is!\""
    )
    .fetch_one(conn)
    .await
}

/// Whether anybody has bought seats of the match, or is paying for some: from then on its prices stay.
pub(super) async fn has_buyers(conn: &mut PgConnection, match_id: MatchId) -> Result<bool, sqlx::Error> {
    query_scalar!(
        "SELECT EXISTS (
             SELECT FROM match_buyers WHERE match_id = $1 AND (sold > 0 OR order_id IS NOT NULL)
         ) AS \"has!\"",
        match_id as MatchId
    )
    .fetch_one(conn)
    .await
}

/// Brings the prices of the match's sectors to its zones. Carts keep the price that they were made with.
pub(super) async fn save_zone_prices(conn: &mut PgConnection, match_id: MatchId) -> Result<(), sqlx::Error> {
    query!(
        "UPDATE match_zones z
         SET presale_price = CASE WHEN u.is_free THEN 0 ELSE coalesce(p.presale_price, 0) END,
             match_day_price = CASE WHEN u.is_free THEN 0 ELSE coalesce(p.match_day_price, 0) END
         FROM match_sectors u
         LEFT JOIN match_price_categories p ON p.match_id = u.match_id AND p.code = u.price_category
         WHERE z.match_id = $1 AND u.match_id = z.match_id AND u.sector_id = z.sector_id",
        match_id as MatchId,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Sectors that are to be in another state, side by side, for one statement.
#[derive(Debug, Default)]
pub(super) struct StateColumns {
    pub(super) codes: Vec<String>,
    /// The status that their state gives a seat.
    pub(super) before: Vec<SeatStatus>,
    /// The one that it gives from now on.
    pub(super) after: Vec<SeatStatus>,
}

/// Moves seats that nobody has from one state of their sector to the next. Seats that staff gave a status of their own keep it.
pub(super) async fn save_seat_states(
    conn: &mut PgConnection,
    match_id: MatchId,
    sectors: &StateColumns,
) -> Result<(), sqlx::Error> {
    query!(
        "UPDATE match_seat_inventory i
         SET status = free.after, cart_id = NULL, locked_until = NULL
         FROM (
             SELECT l.seat_id, c.after
             FROM match_seat_inventory l
             JOIN match_zones z USING (zone_id)
             JOIN sectors s USING (sector_id)
             JOIN unnest($2::text[], $3::seat_status[], $4::seat_status[]) AS c(code, before, after) USING (code)
             WHERE l.match_id = $1 AND l.status = c.before
               AND (l.locked_until IS NULL OR l.locked_until <= clock_timestamp())
             ORDER BY l.seat_id
             FOR UPDATE OF l
         ) free
         WHERE i.match_id = $1 AND i.seat_id = free.seat_id",
        match_id as MatchId,
        &sectors.codes,
        &sectors.before as &[SeatStatus],
        &sectors.after as &[SeatStatus],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Seats of these sectors that somebody has: sold, given away or in a cart.
pub(super) async fn list_taken(
    conn: &mut PgConnection,
    match_id: MatchId,
    codes: &[String],
) -> Result<Vec<(String, i64)>, sqlx::Error> {
    let rows = query!(
        "SELECT s.code, count(*) AS \"seats!\"
         FROM match_seat_inventory i
         JOIN match_zones z USING (zone_id)
         JOIN sectors s USING (sector_id)
         WHERE i.match_id = $1 AND s.code = ANY($2)
           AND (i.status IN ('SOLD', 'RESERVED', 'ALLOCATED', 'OFFICIAL') OR i.locked_until > clock_timestamp())
         GROUP BY s.code
         ORDER BY s.code",
        match_id as MatchId,
        codes,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.code, row.seats)).collect())
}

/// Takes a match's zones and seats away, to make them anew. `false` when somebody has held a seat of it: then the caller takes
/// all of it back.
pub(super) async fn delete_inventory(
    conn: &mut PgConnection,
    match_id: MatchId,
) -> Result<bool, sqlx::Error> {
    query!(
        "DELETE FROM match_seat_inventory WHERE match_id = $1 AND cart_id IS NULL",
        match_id as MatchId,
    )
    .execute(&mut *conn)
    .await?;
    let is_untouched = query_scalar!(
        "SELECT NOT EXISTS (SELECT FROM match_seat_inventory WHERE match_id = $1)
                AND NOT EXISTS (SELECT FROM match_buyers WHERE match_id = $1) AS \"is!\"",
        match_id as MatchId,
    )
    .fetch_one(&mut *conn)
    .await?;
    if is_untouched {
        query!("DELETE FROM match_zones WHERE match_id = $1", match_id as MatchId)
            .execute(conn)
            .await?;
    }
    Ok(is_untouched)
}
