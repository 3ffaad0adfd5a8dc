//! The buyer's row of a match: mutex, cart and allowance in one. Always locked before identities and seats.
#![expect(
    clippy::as_conversions,
    reason = "sqlx's way to name a parameter's type: nothing is converted"
)]

use domain::Timestamp;
use domain::ids::{CartId, MatchId, OrderId, UserId};
use domain::inventory::{Buyer, BuyerCart};
use sqlx::{PgConnection, query};

use super::store::CartColumns;

/// Makes the row when the gate first says yes.
pub(super) async fn insert_if_new(
    conn: &mut PgConnection,
    match_id: MatchId,
    user: UserId,
) -> Result<(), sqlx::Error> {
    query!(
        "INSERT INTO match_buyers (match_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        match_id as MatchId,
        user as UserId,
    )
    .execute(conn)
    .await?;
    Ok(())
}

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

/// Locks a batch's buyers, sorted; whoever is locked elsewhere is left out and comes with the next batch.
pub(super) async fn lock_batch(
    conn: &mut PgConnection,
    match_id: MatchId,
    users: &[UserId],
) -> Result<Vec<(UserId, Buyer)>, sqlx::Error> {
    let rows = sqlx::query_as!(
        BuyerRow,
        "SELECT user_id, sold, cart_id, cart_seats, cart_until, order_id, version
         FROM match_buyers
         WHERE match_id = $1 AND user_id = ANY($2)
         ORDER BY user_id
         FOR UPDATE SKIP LOCKED",
        match_id as MatchId,
        users as &[UserId],
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
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

/// Gives each buyer of the batch their new cart.
pub(super) async fn save_carts(
    conn: &mut PgConnection,
    match_id: MatchId,
    new: &CartColumns,
) -> Result<u64, sqlx::Error> {
    let saved = query!(
        "UPDATE match_buyers b
         SET cart_id = n.cart_id, cart_seats = n.seats, cart_until = n.until, order_id = NULL, version = n.version
         FROM unnest($2::uuid[], $3::uuid[], $4::int[], $5::timestamptz[], $6::int[])
              AS n(user_id, cart_id, seats, until, version)
         WHERE b.match_id = $1 AND b.user_id = n.user_id",
        match_id as MatchId,
        &new.users as &[UserId],
        &new.cart_ids as &[CartId],
        &new.quantities,
        &new.until,
        &new.versions,
    )
    .execute(conn)
    .await?;
    Ok(saved.rows_affected())
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
