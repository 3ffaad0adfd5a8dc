//! Seats outside the lane: locked in the order of their ids, then changed.
#![expect(
    clippy::as_conversions,
    reason = "sqlx's way to name a parameter's type: nothing is converted"
)]

use domain::Timestamp;
use domain::ids::{CartId, MatchId, SeatId, ZoneId};
use domain::inventory::{FreeSeat, SeatStatus};
use sqlx::{PgConnection, query, query_as};

/// A seat, as locked for its sale.
#[derive(Debug, Clone)]
pub struct LockedSeat {
    /// Which seat.
    pub seat_id: SeatId,
    /// Whether this cart owns it, or nobody does.
    pub is_ours_or_free: bool,
}

/// Locks seats, by id, and says of each whether `cart` may still have it. Waits for lanes, which never wait.
///
/// # Errors
/// When the database fails.
pub async fn lock_for_sale(
    conn: &mut PgConnection,
    match_id: MatchId,
    seats: &[SeatId],
    cart: CartId,
) -> Result<Vec<LockedSeat>, sqlx::Error> {
    query_as!(
        LockedSeat,
        "SELECT seat_id,
                (status = 'AVAILABLE' AND (cart_id IS NULL OR cart_id = $3 OR locked_until <= clock_timestamp()))
                    AS \"is_ours_or_free!\"
         FROM match_seat_inventory
         WHERE match_id = $1 AND seat_id = ANY($2)
         ORDER BY seat_id
         FOR UPDATE",
        match_id as MatchId,
        seats as &[SeatId],
        cart as CartId,
    )
    .fetch_all(conn)
    .await
}

/// Free seats of a zone, locked without waiting, in snake order: for a late payment that may get equal ones.
///
/// # Errors
/// When the database fails.
pub async fn lock_equal_seats(
    conn: &mut PgConnection,
    zone_id: ZoneId,
) -> Result<Vec<FreeSeat>, sqlx::Error> {
    query_as!(
        FreeSeat,
        "SELECT seat_id, snake_rank, run_id
         FROM match_seat_inventory
         WHERE zone_id = $1 AND status = 'AVAILABLE'
           AND (locked_until IS NULL OR locked_until <= clock_timestamp())
         ORDER BY snake_rank
         LIMIT 64
         FOR NO KEY UPDATE SKIP LOCKED",
        zone_id as ZoneId,
    )
    .fetch_all(conn)
    .await
}

/// Marks locked seats as sold; answers how many it marked.
///
/// # Errors
/// When the database fails.
pub async fn save_sold(
    conn: &mut PgConnection,
    match_id: MatchId,
    seats: &[SeatId],
) -> Result<u64, sqlx::Error> {
    let saved = query!(
        "UPDATE match_seat_inventory
         SET status = 'SOLD', cart_id = NULL, locked_until = NULL
         WHERE match_id = $1 AND seat_id = ANY($2) AND status = 'AVAILABLE'",
        match_id as MatchId,
        seats as &[SeatId],
    )
    .execute(conn)
    .await?;
    Ok(saved.rows_affected())
}

/// Sold seats are free again; locked in the order of their ids. Answers how many it freed.
///
/// # Errors
/// When the database fails.
pub async fn save_returned(
    conn: &mut PgConnection,
    match_id: MatchId,
    seats: &[SeatId],
) -> Result<u64, sqlx::Error> {
    let saved = query!(
        "WITH sold AS (
             SELECT seat_id
             FROM match_seat_inventory
             WHERE match_id = $1 AND seat_id = ANY($2) AND status = 'SOLD'
             ORDER BY seat_id
             FOR UPDATE
         )
         UPDATE match_seat_inventory i
         SET status = 'AVAILABLE'
         FROM sold
         WHERE i.match_id = $1 AND i.seat_id = sold.seat_id",
        match_id as MatchId,
        seats as &[SeatId],
    )
    .execute(conn)
    .await?;
    Ok(saved.rows_affected())
}

/// Moves the end of a cart's locks, if the cart still owns them all and none is past; answers how many it moved.
///
/// # Errors
/// When the database fails.
pub async fn save_locked_until(
    conn: &mut PgConnection,
    match_id: MatchId,
    (cart, seats): (CartId, &[SeatId]),
    until: Timestamp,
) -> Result<u64, sqlx::Error> {
    let saved = query!(
        "UPDATE match_seat_inventory
         SET locked_until = $4
         WHERE match_id = $1 AND seat_id = ANY($2) AND cart_id = $3 AND locked_until > clock_timestamp()",
        match_id as MatchId,
        seats as &[SeatId],
        cart as CartId,
        until,
    )
    .execute(conn)
    .await?;
    Ok(saved.rows_affected())
}

/// Locks what `cart` still owns of `seats`, by id, so that it can be given up without a deadlock.
///
/// # Errors
/// When the database fails.
pub async fn lock_of_cart(
    conn: &mut PgConnection,
    match_id: MatchId,
    (cart, seats): (CartId, &[SeatId]),
) -> Result<Vec<SeatId>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT seat_id
         FROM match_seat_inventory
         WHERE match_id = $1 AND seat_id = ANY($2) AND cart_id = $3
         ORDER BY seat_id
         FOR UPDATE",
        match_id as MatchId,
        seats as &[SeatId],
        cart as CartId,
    )
    .fetch_all(conn)
    .await
}

/// Frees what `cart` still owns of `seats`.
///
/// # Errors
/// When the database fails.
pub async fn release(
    conn: &mut PgConnection,
    match_id: MatchId,
    (cart, seats): (CartId, &[SeatId]),
) -> Result<u64, sqlx::Error> {
    let freed = query!(
        "UPDATE match_seat_inventory
         SET cart_id = NULL, locked_until = NULL
         WHERE match_id = $1 AND seat_id = ANY($2) AND cart_id = $3",
        match_id as MatchId,
        seats as &[SeatId],
        cart as CartId,
    )
    .execute(conn)
    .await?;
    Ok(freed.rows_affected())
}

/// What is left of a match: as much of it as anybody asks about. More than a thousand are as good as any number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stock {
    /// Nobody owns them: counted up to a hundred in each zone.
    pub free: u64,
    /// In carts: counted up to a thousand of them.
    pub held: u64,
    /// In orders that are being paid: the same.
    pub paying: u64,
}

/// Counts a match's seats by who may still give them back. What is free lies at the end of each snake, and is counted from there:
/// the cost does not grow with the match.
///
/// # Errors
/// When the database fails.
pub async fn count_stock(conn: &mut PgConnection, match_id: MatchId) -> anyhow::Result<Stock> {
    let row = query!(
        "SELECT (SELECT count(*)
                 FROM match_zones z
                 CROSS JOIN LATERAL (
                     SELECT
                     FROM match_seat_inventory
                     WHERE zone_id = z.zone_id AND status = 'AVAILABLE'
                       AND (locked_until IS NULL OR locked_until <= clock_timestamp())
                     ORDER BY snake_rank DESC
                     LIMIT 100
                 ) free
                 WHERE z.match_id = $1) AS \"free!\",
                (SELECT coalesce(sum(cart_seats), 0)
                 FROM (SELECT cart_seats FROM match_buyers
                       WHERE match_id = $1 AND cart_until > clock_timestamp() AND order_id IS NULL
                       LIMIT 1000) held) AS \"held!\",
                (SELECT coalesce(sum(cart_seats), 0)
                 FROM (SELECT cart_seats FROM match_buyers
                       WHERE match_id = $1 AND cart_until > clock_timestamp() AND order_id IS NOT NULL
                       LIMIT 1000) paying) AS \"paying!\"",
        match_id as MatchId,
    )
    .fetch_one(conn)
    .await?;
    Ok(Stock {
        free: u64::try_from(row.free)?,
        held: u64::try_from(row.held)?,
        paying: u64::try_from(row.paying)?,
    })
}

/// A seat of the whole zone, read without locks.
#[derive(Debug, Clone)]
pub(super) struct SeatReading {
    pub(super) seat: FreeSeat,
    pub(super) locked_until: Option<Timestamp>,
}

/// Every seat of a zone that can be for sale, in snake order, and the time of the reading: both of one statement, so that
/// nothing can change between them.
pub(super) async fn list_zone(
    conn: &mut PgConnection,
    zone_id: ZoneId,
) -> Result<(Timestamp, Vec<SeatReading>), sqlx::Error> {
    let rows = query!(
        "SELECT t.as_of AS \"as_of!\", i.seat_id AS \"seat_id?\", i.snake_rank AS \"snake_rank?\", i.run_id AS \"run_id?\",
                i.locked_until
         FROM (SELECT statement_timestamp() AS as_of) t
         LEFT JOIN match_seat_inventory i ON i.zone_id = $1 AND i.status = $2
         ORDER BY i.snake_rank",
        zone_id as ZoneId,
        SeatStatus::Available as SeatStatus,
    )
    .fetch_all(conn)
    .await?;
    let as_of = rows
        .first()
        .map(|row| row.as_of)
        .ok_or(sqlx::Error::RowNotFound)?;
    let seats = rows.into_iter().filter_map(|row| {
        let (seat_id, snake_rank, run_id) = (row.seat_id?, row.snake_rank?, row.run_id?);
        Some(SeatReading {
            seat: FreeSeat {
                seat_id,
                snake_rank,
                run_id,
            },
            locked_until: row.locked_until,
        })
    });
    Ok((as_of, seats.collect()))
}

/// The database's clock.
///
/// # Errors
/// When the database fails.
pub async fn now(conn: &mut PgConnection) -> Result<Timestamp, sqlx::Error> {
    sqlx::query_scalar!("SELECT clock_timestamp() AS \"now!\"")
        .fetch_one(conn)
        .await
}
