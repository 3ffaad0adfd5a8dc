//! Statements that load a stadium and make a match of it.
#![expect(
    clippy::as_conversions,
    reason = "sqlx's way to name a parameter's type: nothing is converted"
)]

use domain::Timestamp;
use domain::ids::{MatchId, SeatId, SectorId, StadiumId, ZoneId};
use domain::stadiums::SeatKind;
use rust_decimal::Decimal;
use sqlx::{PgConnection, query, query_scalar};

use super::actions::Seed;
use super::file::{SectorEntry, StadiumFile};

/// The columns of a sector's seats, side by side, for one statement.
#[derive(Debug, Default)]
pub(super) struct SeatColumns {
    pub(super) seat_ids: Vec<SeatId>,
    pub(super) rows: Vec<String>,
    pub(super) numbers: Vec<String>,
    pub(super) kinds: Vec<SeatKind>,
    pub(super) ranks: Vec<i32>,
    pub(super) runs: Vec<i32>,
}

pub(super) async fn find_stadium(
    conn: &mut PgConnection,
    name: &str,
) -> Result<Option<StadiumId>, sqlx::Error> {
    query_scalar!(
        "SELECT stadium_id AS \"stadium_id: StadiumId\" FROM stadiums WHERE name = $1",
        name
    )
    .fetch_optional(conn)
    .await
}

pub(super) async fn insert_stadium(
    conn: &mut PgConnection,
    stadium: StadiumId,
    file: &StadiumFile,
) -> Result<(), sqlx::Error> {
    query!(
        "INSERT INTO stadiums (stadium_id, name, city, country, capacity) VALUES ($1, $2, $3, $4, $5)",
        stadium as StadiumId,
        file.name,
        file.city,
        file.country,
        i32::try_from(file.capacity).unwrap_or(i32::MAX),
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn insert_sector(
    conn: &mut PgConnection,
    sector: SectorId,
    stadium: StadiumId,
    entry: &SectorEntry,
) -> Result<(), sqlx::Error> {
    query!(
        "INSERT INTO sectors (sector_id, stadium_id, code, name, stand, price_category) VALUES ($1, $2, $3, $4, $5, $6)",
        sector as SectorId,
        stadium as StadiumId,
        entry.code,
        entry.name,
        entry.stand,
        entry.price_category,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn insert_seats(
    conn: &mut PgConnection,
    sector: SectorId,
    seats: &SeatColumns,
) -> Result<(), sqlx::Error> {
    query!(
        "INSERT INTO seats (seat_id, sector_id, row_label, number, kind, snake_rank, run_id)
         SELECT seat_id, $1, row_label, number, kind, snake_rank, run_id
         FROM unnest($2::uuid[], $3::text[], $4::text[], $5::seat_kind[], $6::int[], $7::int[])
              AS s(seat_id, row_label, number, kind, snake_rank, run_id)",
        sector as SectorId,
        &seats.seat_ids as &[SeatId],
        &seats.rows,
        &seats.numbers,
        &seats.kinds as &[SeatKind],
        &seats.ranks,
        &seats.runs,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn find_open_match(
    conn: &mut PgConnection,
    stadium: StadiumId,
) -> Result<Option<MatchId>, sqlx::Error> {
    query_scalar!(
        "SELECT m.match_id
         FROM matches m
         JOIN match_sales s USING (match_id)
         WHERE m.stadium_id = $1 AND m.state = 'PUBLISHED' AND s.closes_at > clock_timestamp()
         ORDER BY m.created_at
         LIMIT 1",
        stadium as StadiumId,
    )
    .fetch_optional(conn)
    .await
}

pub(super) async fn insert_match(
    conn: &mut PgConnection,
    match_id: MatchId,
    stadium: StadiumId,
    kick_off_at: Timestamp,
) -> Result<(), sqlx::Error> {
    query!(
        "INSERT INTO matches (match_id, home_team, away_team, competition, stadium_id, kick_off_at, state)
         VALUES ($1, 'Hrvatska', 'Portugal', 'UEFA Nations League', $2, $3, 'PUBLISHED')",
        match_id as MatchId,
        stadium as StadiumId,
        kick_off_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The sale opens now, by the database's clock, and closes at kick-off. Limit, fees and VAT are those of a home match.
pub(super) async fn insert_sale(
    conn: &mut PgConnection,
    match_id: MatchId,
    seed: &Seed,
    kick_off_at: Timestamp,
) -> Result<Timestamp, sqlx::Error> {
    query_scalar!(
        "INSERT INTO match_sales
             (match_id, opens_at, closes_at, currency, ticket_limit, fee_percent, ticket_vat_percent, fee_vat_percent,
              session_seconds, last_attempt_seconds, landing_seconds, max_active_sessions, refund_deadline_hours,
              admissions_per_minute)
         VALUES ($1, clock_timestamp(), $2, 'EUR', 4, 6, 5, 25, $3, $4, $5, $6, $7, $8)
         RETURNING opens_at",
        match_id as MatchId,
        kick_off_at,
        seed.session_seconds,
        seed.last_attempt_seconds,
        seed.landing_seconds,
        seed.max_sessions,
        seed.refund_deadline_hours,
        seed.admissions_per_minute,
    )
    .fetch_one(conn)
    .await
}

pub(super) async fn list_sectors(
    conn: &mut PgConnection,
    stadium: StadiumId,
) -> Result<Vec<(SectorId, String, i32)>, sqlx::Error> {
    let rows = query!(
        "SELECT sector_id, name, price_category FROM sectors WHERE stadium_id = $1 ORDER BY code",
        stadium as StadiumId,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.sector_id, row.name, row.price_category))
        .collect())
}

/// A zone for sale.
pub(super) struct NewZone<'a> {
    pub(super) zone_id: ZoneId,
    pub(super) sector_id: SectorId,
    pub(super) name: &'a str,
    pub(super) presale_price: Decimal,
    pub(super) match_day_price: Decimal,
}

pub(super) async fn insert_zone(
    conn: &mut PgConnection,
    match_id: MatchId,
    zone: &NewZone<'_>,
) -> Result<(), sqlx::Error> {
    query!(
        "INSERT INTO match_zones (zone_id, match_id, sector_id, name, presale_price, match_day_price)
         VALUES ($1, $2, $3, $4, $5, $6)",
        zone.zone_id as ZoneId,
        match_id as MatchId,
        zone.sector_id as SectorId,
        zone.name,
        zone.presale_price,
        zone.match_day_price,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Copies the stadium's seats into the match. `open_seats` are AVAILABLE, the best of every zone in turn over `open_zones`
/// zones; the rest is BLOCKED; technical seats stay technical. Answers how many are open.
pub(super) async fn insert_inventory(
    conn: &mut PgConnection,
    match_id: MatchId,
    (open_zones, open_seats): (i64, i64),
) -> Result<i64, sqlx::Error> {
    query_scalar!(
        "WITH placed AS (
             SELECT s.seat_id, z.zone_id, s.snake_rank, s.run_id, s.kind,
                    dense_rank() OVER (ORDER BY z.zone_id) AS zone_no
             FROM match_zones z
             JOIN seats s USING (sector_id)
             WHERE z.match_id = $1
         ), ranked AS (
             SELECT *, row_number() OVER (ORDER BY (kind = 'TECHNICAL'), (zone_no > $2), snake_rank, zone_id) AS turn
             FROM placed
         ), inserted AS (
             INSERT INTO match_seat_inventory (match_id, seat_id, zone_id, snake_rank, run_id, status)
             SELECT $1, seat_id, zone_id, snake_rank, run_id,
                    CASE WHEN kind = 'TECHNICAL' THEN 'TECHNICAL'
                         WHEN turn <= $3 THEN 'AVAILABLE'
                         ELSE 'BLOCKED' END::seat_status
             FROM ranked
             RETURNING status
         )
         SELECT count(*) AS \"open!\" FROM inserted WHERE status = 'AVAILABLE'",
        match_id as MatchId,
        open_zones,
        open_seats,
    )
    .fetch_one(conn)
    .await
}

/// Tells the planner at once how many seats there are now. It would learn of them a minute later by itself, in the middle of
/// the sale; until then it takes every hold through all seats of the match.
pub(super) async fn analyze_inventory(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    query!("ANALYZE match_seat_inventory").execute(conn).await?;
    Ok(())
}

pub(super) async fn database_now(conn: &mut PgConnection) -> Result<Timestamp, sqlx::Error> {
    query_scalar!("SELECT clock_timestamp() AS \"now!\"")
        .fetch_one(conn)
        .await
}
