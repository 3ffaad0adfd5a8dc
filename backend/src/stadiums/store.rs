//! Statements on `stadiums`, `stadium_layouts`, `layout_price_categories`, `sectors` and `seats`.
#![expect(
    clippy::as_conversions,
    reason = "sqlx's way to name a parameter's type: nothing is converted"
)]

use domain::Timestamp;
use domain::ids::{LayoutId, SeatId, SectorId, StadiumId};
use domain::stadiums::{SeatKind, SectorKind, StadiumKind};
use rust_decimal::Decimal;
use serde_json::Value;
use sqlx::{PgConnection, query, query_as, query_scalar};
use uuid::Uuid;

/// A stadium with its newest layout.
#[derive(Debug, Clone)]
pub struct StadiumRow {
    /// Its id.
    pub stadium_id: StadiumId,
    /// As people call it.
    pub name: String,
    /// Where it is.
    pub city: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Ours, or where we are guests.
    pub kind: StadiumKind,
    /// Its newest layout.
    pub layout_id: LayoutId,
    /// Number of that layout, from 1.
    pub version: i32,
    /// Seats that can be sold.
    pub capacity: i32,
    /// All seats.
    pub seats: i32,
    /// When that layout was made.
    pub updated_at: Timestamp,
}

/// A sector of a layout.
#[derive(Debug, Clone)]
pub struct SectorRow {
    /// Its id.
    pub sector_id: SectorId,
    /// Unique in the layout.
    pub code: String,
    /// What the public sees.
    pub name: String,
    /// Which side of the ground.
    pub stand: String,
    /// What it is.
    pub kind: SectorKind,
    /// Which prices it has.
    pub price_category: i32,
    /// As the file has it, if the layout has a description.
    pub described: Option<Value>,
    /// Seats that can be sold.
    pub capacity: i64,
}

/// A layout's sectors, side by side, for one statement.
#[derive(Debug, Default)]
pub(super) struct SectorColumns {
    pub(super) sector_ids: Vec<SectorId>,
    pub(super) codes: Vec<String>,
    pub(super) names: Vec<String>,
    pub(super) stands: Vec<String>,
    pub(super) kinds: Vec<SectorKind>,
    pub(super) price_categories: Vec<i32>,
    pub(super) described: Vec<Value>,
}

/// A layout's seats, side by side, for one statement.
#[derive(Debug, Default)]
pub(super) struct SeatColumns {
    pub(super) seat_ids: Vec<SeatId>,
    pub(super) sector_ids: Vec<SectorId>,
    pub(super) rows: Vec<String>,
    pub(super) numbers: Vec<String>,
    pub(super) kinds: Vec<SeatKind>,
    pub(super) ranks: Vec<i32>,
    pub(super) runs: Vec<i32>,
}

/// A seat in its place in the snake.
#[derive(Debug, Clone)]
pub struct SnakeRow {
    /// From 0.
    pub snake_rank: i32,
    /// Neighbours are of one run.
    pub run_id: i32,
    /// Its row's label.
    pub row_label: String,
    /// Its number.
    pub number: String,
    /// What it is.
    pub kind: SeatKind,
}

/// Locks a stadium that is there, so that its layouts come one after the other.
pub(super) async fn lock_stadium(conn: &mut PgConnection, stadium: StadiumId) -> Result<bool, sqlx::Error> {
    let found = query_scalar!(
        "SELECT 1 AS \"one!\" FROM stadiums WHERE stadium_id = $1 AND deleted_at IS NULL FOR UPDATE",
        stadium as StadiumId,
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.is_some())
}

pub(super) async fn find_id(conn: &mut PgConnection, name: &str) -> Result<Option<StadiumId>, sqlx::Error> {
    query_scalar!(
        "SELECT stadium_id FROM stadiums WHERE name = $1 AND deleted_at IS NULL",
        name
    )
    .fetch_optional(conn)
    .await
}

/// `false` when another stadium has the name.
pub(super) async fn insert_stadium(
    conn: &mut PgConnection,
    stadium: StadiumId,
    (name, city, country): (&str, &str, &str),
    kind: StadiumKind,
) -> Result<bool, sqlx::Error> {
    let made = query!(
        "INSERT INTO stadiums (stadium_id, name, city, country, kind)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (name) WHERE deleted_at IS NULL DO NOTHING",
        stadium as StadiumId,
        name,
        city,
        country,
        kind as StadiumKind,
    )
    .execute(conn)
    .await?;
    Ok(made.rows_affected() == 1)
}

pub(super) async fn save_stadium(
    conn: &mut PgConnection,
    stadium: StadiumId,
    (name, city, country): (&str, &str, &str),
    kind: StadiumKind,
) -> Result<(), sqlx::Error> {
    query!(
        "UPDATE stadiums
         SET name = $2, city = $3, country = $4, kind = $5, updated_at = clock_timestamp()
         WHERE stadium_id = $1",
        stadium as StadiumId,
        name,
        city,
        country,
        kind as StadiumKind,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// `false` when it is not there, or no more.
pub(super) async fn delete_stadium(conn: &mut PgConnection, stadium: StadiumId) -> Result<bool, sqlx::Error> {
    let gone = query!(
        "UPDATE stadiums SET deleted_at = clock_timestamp() WHERE stadium_id = $1 AND deleted_at IS NULL",
        stadium as StadiumId,
    )
    .execute(conn)
    .await?;
    Ok(gone.rows_affected() == 1)
}

/// The next layout of a stadium whose row the caller has locked; answers its number.
pub(super) async fn insert_layout(
    conn: &mut PgConnection,
    (layout, stadium): (LayoutId, StadiumId),
    (capacity, seats): (i32, i32),
) -> Result<i32, sqlx::Error> {
    query_scalar!(
        "INSERT INTO stadium_layouts (layout_id, stadium_id, version, capacity, seats)
         SELECT $1, $2, coalesce(max(version), 0) + 1, $3, $4
         FROM stadium_layouts
         WHERE stadium_id = $2
         RETURNING version",
        layout as LayoutId,
        stadium as StadiumId,
        capacity,
        seats,
    )
    .fetch_one(conn)
    .await
}

pub(super) async fn insert_prices(
    conn: &mut PgConnection,
    layout: LayoutId,
    (codes, names): (&[i32], &[String]),
    (presale, match_day): (&[Decimal], &[Decimal]),
) -> Result<(), sqlx::Error> {
    query!(
        "INSERT INTO layout_price_categories (layout_id, code, name, presale_price, match_day_price)
         SELECT $1, code, name, presale_price, match_day_price
         FROM unnest($2::int[], $3::text[], $4::numeric[], $5::numeric[])
              AS p(code, name, presale_price, match_day_price)",
        layout as LayoutId,
        codes,
        names,
        presale,
        match_day,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn insert_sectors(
    conn: &mut PgConnection,
    layout: LayoutId,
    sectors: &SectorColumns,
) -> Result<(), sqlx::Error> {
    query!(
        "INSERT INTO sectors (sector_id, layout_id, code, name, stand, kind, price_category, described, position)
         SELECT sector_id, $1, code, name, stand, kind, price_category, described, position
         FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::sector_kind[], $7::int[], $8::jsonb[])
              WITH ORDINALITY AS s(sector_id, code, name, stand, kind, price_category, described, position)",
        layout as LayoutId,
        &sectors.sector_ids as &[SectorId],
        &sectors.codes,
        &sectors.names,
        &sectors.stands,
        &sectors.kinds as &[SectorKind],
        &sectors.price_categories,
        &sectors.described,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn insert_seats(conn: &mut PgConnection, seats: &SeatColumns) -> Result<(), sqlx::Error> {
    query!(
        "INSERT INTO seats (seat_id, sector_id, row_label, number, kind, snake_rank, run_id)
         SELECT seat_id, sector_id, row_label, number, kind, snake_rank, run_id
         FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::seat_kind[], $6::int[], $7::int[])
              AS s(seat_id, sector_id, row_label, number, kind, snake_rank, run_id)",
        &seats.seat_ids as &[SeatId],
        &seats.sector_ids as &[SectorId],
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

pub(super) async fn find_stadium(
    conn: &mut PgConnection,
    stadium: StadiumId,
    (version, is_deleted_too): (Option<i32>, bool),
) -> Result<Option<StadiumRow>, sqlx::Error> {
    query_as!(
        StadiumRow,
        "SELECT s.stadium_id, s.name, s.city, s.country, s.kind, l.layout_id, l.version, l.capacity, l.seats,
                l.created_at AS updated_at
         FROM stadiums s
         JOIN stadium_layouts l USING (stadium_id)
         WHERE s.stadium_id = $1 AND (s.deleted_at IS NULL OR $3) AND ($2::int IS NULL OR l.version = $2)
         ORDER BY l.version DESC
         LIMIT 1",
        stadium as StadiumId,
        version,
        is_deleted_too,
    )
    .fetch_optional(conn)
    .await
}

/// Stadiums after `cursor`, by name or else by id (which is by age), whose name or city holds `search`.
pub(super) async fn list_stadiums(
    conn: &mut PgConnection,
    (search, kind): (Option<&str>, Option<StadiumKind>),
    (by_name, cursor, limit): (bool, Option<Uuid>, i64),
) -> Result<Vec<StadiumRow>, sqlx::Error> {
    query_as!(
        StadiumRow,
        "SELECT s.stadium_id, s.name, s.city, s.country, s.kind, l.layout_id, l.version, l.capacity, l.seats,
                l.created_at AS updated_at
         FROM stadiums s
         CROSS JOIN LATERAL (
             SELECT layout_id, version, capacity, seats, created_at
             FROM stadium_layouts
             WHERE stadium_id = s.stadium_id
             ORDER BY version DESC
             LIMIT 1
         ) l
         WHERE s.deleted_at IS NULL
           AND ($1::text IS NULL OR position(lower($1) IN lower(s.name || ' ' || s.city)) > 0)
           AND ($2::stadium_kind IS NULL OR s.kind = $2)
           AND ($3::uuid IS NULL OR (CASE WHEN $5::bool THEN s.name ELSE '' END, s.stadium_id) > (
                   SELECT CASE WHEN $5 THEN name ELSE '' END, stadium_id FROM stadiums WHERE stadium_id = $3))
         ORDER BY CASE WHEN $5 THEN s.name END, s.stadium_id
         LIMIT $4",
        search,
        kind as Option<StadiumKind>,
        cursor,
        limit,
        by_name,
    )
    .fetch_all(conn)
    .await
}

pub(super) async fn count_stadiums(
    conn: &mut PgConnection,
    (search, kind): (Option<&str>, Option<StadiumKind>),
) -> Result<i64, sqlx::Error> {
    query_scalar!(
        "SELECT count(*) AS \"count!\"
         FROM stadiums s
         WHERE s.deleted_at IS NULL
           AND ($1::text IS NULL OR position(lower($1) IN lower(s.name || ' ' || s.city)) > 0)
           AND ($2::stadium_kind IS NULL OR s.kind = $2)",
        search,
        kind as Option<StadiumKind>,
    )
    .fetch_one(conn)
    .await
}

pub(super) async fn list_sectors(
    conn: &mut PgConnection,
    layout: LayoutId,
) -> Result<Vec<SectorRow>, sqlx::Error> {
    query_as!(
        SectorRow,
        "SELECT sector_id, code, name, stand, kind, price_category, described,
                (SELECT count(*) FROM seats WHERE sector_id = sectors.sector_id AND kind <> 'TECHNICAL') AS \"capacity!\"
         FROM sectors
         WHERE layout_id = $1
         ORDER BY position, code",
        layout as LayoutId,
    )
    .fetch_all(conn)
    .await
}

/// Code, name, price until the day before, price on match day.
pub(super) async fn list_prices(
    conn: &mut PgConnection,
    layout: LayoutId,
) -> Result<Vec<(i32, String, Decimal, Decimal)>, sqlx::Error> {
    let rows = query!(
        "SELECT code, name, presale_price, match_day_price
         FROM layout_price_categories
         WHERE layout_id = $1
         ORDER BY code",
        layout as LayoutId,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.code, row.name, row.presale_price, row.match_day_price))
        .collect())
}

/// A sector's seats as the snake walks them, from `after` on.
pub(super) async fn list_snake(
    conn: &mut PgConnection,
    (layout, code): (LayoutId, &str),
    (after, limit): (i32, i64),
) -> Result<Vec<SnakeRow>, sqlx::Error> {
    query_as!(
        SnakeRow,
        "SELECT snake_rank, run_id, row_label, number, seats.kind
         FROM seats
         JOIN sectors USING (sector_id)
         WHERE layout_id = $1 AND code = $2 AND snake_rank > $3
         ORDER BY snake_rank
         LIMIT $4",
        layout as LayoutId,
        code,
        after,
        limit,
    )
    .fetch_all(conn)
    .await
}
