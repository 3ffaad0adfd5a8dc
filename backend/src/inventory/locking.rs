//! What a round locks: free seats, and the seats of carts that it replaces. **Nothing here waits**: what others have locked is
//! skipped. Together with the row's lock each statement gives where the row lies, for the write.
#![expect(
    clippy::as_conversions,
    reason = "sqlx's way to name a parameter's type: nothing is converted"
)]

use std::collections::BTreeSet;

use domain::ids::{CartId, MatchId, SeatId, ZoneId};
use domain::inventory::FreeSeat;
use sqlx::{PgConnection, query};

use super::store::{CartEnd, end_cart};
#[cfg(feature = "sabotage")]
use crate::sabotage::{self, Guard};

/// A free seat under its row lock.
pub(super) struct LockedSeat {
    pub(super) seat: FreeSeat,
    /// Where its row lies.
    pub(super) place: String,
}

/// Locks free seats in snake order, from a rank on. INV double_sold: a seat leaves here only under its row lock, and only if no
/// live lock is on it; what others have locked is skipped, never waited for.
pub(super) async fn lock_free_seats(
    conn: &mut PgConnection,
    zone: ZoneId,
    (from, limit): (i32, i64),
) -> Result<Vec<LockedSeat>, sqlx::Error> {
    #[cfg(feature = "sabotage")]
    if sabotage::lifts(Guard::SeatLock) {
        return list_unguarded(conn, zone, limit).await;
    }
    let rows = query!(
        "SELECT seat_id AS \"seat_id: SeatId\", snake_rank, run_id, ctid::text AS \"place!\"
         FROM match_seat_inventory
         WHERE zone_id = $1 AND snake_rank >= $2 AND status = 'AVAILABLE'
           AND (locked_until IS NULL OR locked_until <= clock_timestamp())
         ORDER BY snake_rank
         LIMIT $3
         FOR NO KEY UPDATE SKIP LOCKED",
        zone as ZoneId,
        from,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let locked = |(seat_id, snake_rank, run_id, place)| LockedSeat {
        seat: FreeSeat {
            seat_id,
            snake_rank,
            run_id,
        },
        place,
    };
    Ok(rows
        .into_iter()
        .map(|row| locked((row.seat_id, row.snake_rank, row.run_id, row.place)))
        .collect())
}

/// What must never be done: seats for a claim without row lock and whatever live lock is on them.
#[cfg(feature = "sabotage")]
async fn list_unguarded(
    conn: &mut PgConnection,
    zone: ZoneId,
    limit: i64,
) -> Result<Vec<LockedSeat>, sqlx::Error> {
    let rows = query!(
        "SELECT seat_id AS \"seat_id: SeatId\", snake_rank, run_id, ctid::text AS \"place!\"
         FROM match_seat_inventory
         WHERE zone_id = $1 AND status = 'AVAILABLE'
         ORDER BY snake_rank
         LIMIT $2",
        zone as ZoneId,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let listed = rows.into_iter().map(|row| LockedSeat {
        seat: FreeSeat {
            seat_id: row.seat_id,
            snake_rank: row.snake_rank,
            run_id: row.run_id,
        },
        place: row.place,
    });
    Ok(listed.collect())
}

/// Ends carts that new ones replace, and frees what they still own. Carts of which somebody has a seat locked, a late payment that
/// looks whether it may have it, stay as they are and are answered: freed in part, they would keep seats for nobody.
pub(super) async fn release_replaced(
    conn: &mut PgConnection,
    match_id: MatchId,
    carts: &[CartId],
) -> Result<BTreeSet<CartId>, sqlx::Error> {
    if carts.is_empty() {
        return Ok(BTreeSet::new());
    }
    let owned = query!(
        "SELECT owned.cart_id AS \"cart_id!: CartId\", owned.seat_id AS \"seat_id!: SeatId\", locked.is_locked AS \"is_locked?\"
         FROM unnest($2::uuid[]) AS old(cart_id)
         CROSS JOIN LATERAL (SELECT cart_id, unnest(seat_ids) AS seat_id FROM carts WHERE cart_id = old.cart_id) cart
         CROSS JOIN LATERAL (
             SELECT cart_id, seat_id
             FROM match_seat_inventory
             WHERE match_id = $1 AND seat_id = cart.seat_id AND cart_id = cart.cart_id
             OFFSET 0
         ) owned
         LEFT JOIN LATERAL (
             SELECT true AS is_locked
             FROM match_seat_inventory
             WHERE match_id = $1 AND seat_id = owned.seat_id AND cart_id = owned.cart_id
             FOR NO KEY UPDATE SKIP LOCKED
         ) locked ON true",
        match_id as MatchId,
        carts as &[CartId],
    )
    .fetch_all(&mut *conn)
    .await?;
    let busy: BTreeSet<CartId> = owned
        .iter()
        .filter(|seat| seat.is_locked.is_none())
        .map(|seat| seat.cart_id)
        .collect();
    let freed: Vec<SeatId> = owned
        .iter()
        .filter(|seat| !busy.contains(&seat.cart_id))
        .map(|seat| seat.seat_id)
        .collect();
    let ended: Vec<CartId> = carts
        .iter()
        .filter(|cart| !busy.contains(cart))
        .copied()
        .collect();

    query!(
        "UPDATE match_seat_inventory
         SET cart_id = NULL, locked_until = NULL
         WHERE match_id = $1 AND seat_id = ANY($2) AND cart_id = ANY($3)",
        match_id as MatchId,
        &freed as &[SeatId],
        &ended as &[CartId],
    )
    .execute(&mut *conn)
    .await?;
    end_cart(conn, &ended, CartEnd::Replaced).await?;
    Ok(busy)
}
