//! The buyer's row of a match: mutex, cart and allowance in one. Always locked before identities and seats.
#![expect(
    clippy::as_conversions,
    reason = "sqlx's way to name a parameter's type: nothing is converted"
)]

use std::collections::BTreeMap;

use domain::Timestamp;
use domain::ids::{CartId, MatchId, OrderId, UserId};
use domain::inventory::{Buyer, BuyerCart};
use sqlx::{PgConnection, query};

struct BuyerRow {
    user_id: UserId,
    sold: i32,
    cart_id: Option<CartId>,
    cart_seats: i32,
    cart_until: Option<Timestamp>,
    order_id: Option<OrderId>,
    version: i32,
}

impl From<BuyerRow> for (UserId, Buyer) {
    fn from(row: BuyerRow) -> Self {
        let cart = row.cart_id.zip(row.cart_until).map(|(cart_id, until)| BuyerCart {
            cart_id,
            seats: row.cart_seats.unsigned_abs(),
            until,
            order_id: row.order_id,
        });
        (
            row.user_id,
            Buyer {
                sold: row.sold.unsigned_abs(),
                cart,
                version: row.version,
            },
        )
    }
}

/// A buyer of a round.
#[derive(Debug, Clone)]
pub(super) struct LockedBuyer {
    pub(super) buyer: Buyer,
    /// Where the locked row lies. None: there is no row yet, and the first cart makes it.
    pub(super) place: Option<String>,
}

/// Locks a round's buyers, who come sorted and once each; whoever is locked elsewhere is left out and comes with the next round. Two
/// processes that meet a new buyer at once both find no row: the primary key lets one of them make it. (A count, because the
/// planner may turn an EXISTS into a look at every buyer.)
pub(super) async fn lock_batch(
    conn: &mut PgConnection,
    match_id: MatchId,
    users: &[UserId],
) -> Result<BTreeMap<UserId, LockedBuyer>, sqlx::Error> {
    let rows = query!(
        "SELECT w.user_id AS \"user_id!: UserId\", b.place AS \"place?\", b.sold AS \"sold?\", b.cart_id AS \"cart_id?: CartId\",
                b.cart_seats AS \"cart_seats?\", b.cart_until AS \"cart_until?\", b.order_id AS \"order_id?: OrderId\",
                b.version AS \"version?\"
         FROM unnest($2::uuid[]) AS w(user_id)
         LEFT JOIN LATERAL (
             SELECT ctid::text AS place, sold, cart_id, cart_seats, cart_until, order_id, version
             FROM match_buyers
             WHERE match_id = $1 AND user_id = w.user_id
             FOR UPDATE SKIP LOCKED
         ) b ON true
         WHERE b.place IS NOT NULL
            OR (SELECT count(*) FROM match_buyers WHERE match_id = $1 AND user_id = w.user_id) = 0",
        match_id as MatchId,
        users as &[UserId],
    )
    .fetch_all(conn)
    .await?;
    let locked = rows.into_iter().map(|row| {
        let known = BuyerRow {
            user_id: row.user_id,
            sold: row.sold.unwrap_or_default(),
            cart_id: row.cart_id,
            cart_seats: row.cart_seats.unwrap_or_default(),
            cart_until: row.cart_until,
            order_id: row.order_id,
            version: row.version.unwrap_or_default(),
        };
        let (user_id, buyer) = known.into();
        let place = row.place;
        (user_id, LockedBuyer { buyer, place })
    });
    Ok(locked.collect())
}

/// Locks one buyer and waits for it. `None` when the buyer never held anything in this match.
///
/// # Errors
/// When the database fails.
pub async fn lock(
    conn: &mut PgConnection,
    match_id: MatchId,
    user: UserId,
) -> Result<Option<Buyer>, sqlx::Error> {
    let row = sqlx::query_as!(
        BuyerRow,
        "SELECT user_id, sold, cart_id, cart_seats, cart_until, order_id, version
         FROM match_buyers
         WHERE match_id = $1 AND user_id = $2
         FOR UPDATE",
        match_id as MatchId,
        user as UserId,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| <(UserId, Buyer)>::from(row).1))
}

/// The buyer's row, without a lock: for reading only.
///
/// # Errors
/// When the database fails.
pub async fn find(
    conn: &mut PgConnection,
    match_id: MatchId,
    user: UserId,
) -> Result<Option<Buyer>, sqlx::Error> {
    let row = sqlx::query_as!(
        BuyerRow,
        "SELECT user_id, sold, cart_id, cart_seats, cart_until, order_id, version
         FROM match_buyers
         WHERE match_id = $1 AND user_id = $2",
        match_id as MatchId,
        user as UserId,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| <(UserId, Buyer)>::from(row).1))
}

/// Marks the cart as checked out.
///
/// # Errors
/// When the database fails.
pub async fn save_checked_out(
    conn: &mut PgConnection,
    (match_id, user): (MatchId, UserId),
    order_id: OrderId,
) -> Result<(), sqlx::Error> {
    query!(
        "UPDATE match_buyers SET order_id = $3 WHERE match_id = $1 AND user_id = $2",
        match_id as MatchId,
        user as UserId,
        order_id as OrderId,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Moves the end of this cart, and of no other.
///
/// # Errors
/// When the database fails.
pub async fn save_cart_end(
    conn: &mut PgConnection,
    (match_id, user): (MatchId, UserId),
    cart: CartId,
    until: Timestamp,
) -> Result<bool, sqlx::Error> {
    let saved = query!(
        "UPDATE match_buyers SET cart_until = $4
         WHERE match_id = $1 AND user_id = $2 AND cart_id = $3 AND cart_until > clock_timestamp()",
        match_id as MatchId,
        user as UserId,
        cart as CartId,
        until,
    )
    .execute(conn)
    .await?;
    Ok(saved.rows_affected() == 1)
}

/// Takes this cart from the buyer, if it is still theirs.
///
/// # Errors
/// When the database fails.
pub async fn clear_cart(
    conn: &mut PgConnection,
    (match_id, user): (MatchId, UserId),
    cart: CartId,
) -> Result<(), sqlx::Error> {
    query!(
        "UPDATE match_buyers
         SET cart_id = NULL, cart_seats = 0, cart_until = NULL, order_id = NULL, version = version + 1
         WHERE match_id = $1 AND user_id = $2 AND cart_id = $3",
        match_id as MatchId,
        user as UserId,
        cart as CartId,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Counts tickets that were sold, or, below zero, returned.
///
/// # Errors
/// When the database fails.
pub async fn save_sold(
    conn: &mut PgConnection,
    (match_id, user): (MatchId, UserId),
    tickets: i32,
) -> Result<(), sqlx::Error> {
    query!(
        "UPDATE match_buyers SET sold = sold + $3 WHERE match_id = $1 AND user_id = $2",
        match_id as MatchId,
        user as UserId,
        tickets,
    )
    .execute(conn)
    .await?;
    Ok(())
}
