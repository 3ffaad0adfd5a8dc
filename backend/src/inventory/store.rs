//! Statements on `carts`, and the labels of seats.
#![expect(
    clippy::as_conversions,
    reason = "sqlx's way to name a parameter's type: nothing is converted"
)]

use domain::Timestamp;
use domain::ids::{CartId, MatchId, SeatId, UserId, ZoneId};
use domain::money::{Currency, Money};
use rust_decimal::Decimal;
use sqlx::{PgConnection, query, query_as};

/// How a cart ended, if somebody ended it; a cart whose lock ran out ended by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "cart_end", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CartEnd {
    /// By another cart of the same buyer.
    Replaced,
    /// By its fan.
    Released,
    /// By its sale.
    Sold,
    /// With its cancelled order.
    Cancelled,
    /// With its expired order.
    Expired,
}

/// A hold: one to four seats of one zone, for one buyer, until one instant.
#[derive(Debug, Clone)]
pub struct Cart {
    /// Which cart.
    pub cart_id: CartId,
    /// Of which match.
    pub match_id: MatchId,
    /// Whose.
    pub user_id: UserId,
    /// In which zone.
    pub zone_id: ZoneId,
    /// Which seats, in snake order.
    pub seat_ids: Vec<SeatId>,
    /// Of one seat: holds until the lock ends.
    pub unit_price: Decimal,
    /// Of the price.
    pub currency: String,
    /// Whether all seats are neighbours.
    pub adjacent: bool,
    /// The buyer's version when it was made.
    pub version: i32,
    /// When it was made.
    pub held_at: Timestamp,
    /// When it ends by itself.
    pub locked_until: Timestamp,
    /// The client's name for the request that made it.
    pub idempotency_key: String,
}

impl Cart {
    /// The price of one seat.
    ///
    /// # Errors
    /// When the stored value does not hold.
    pub fn price(&self) -> anyhow::Result<Money> {
        let currency =
            Currency::parse(&self.currency).ok_or_else(|| anyhow::anyhow!("unknown stored currency"))?;
        Ok(Money::new(self.unit_price, currency)?)
    }
}

/// Carts that were made for these (user, key) pairs already: their answers are repeated.
pub(super) async fn list_by_key(
    conn: &mut PgConnection,
    users: &[UserId],
    keys: &[String],
) -> Result<Vec<Cart>, sqlx::Error> {
    query_as!(
        Cart,
        "SELECT c.*
         FROM unnest($1::uuid[], $2::text[]) AS wanted(user_id, key)
         CROSS JOIN LATERAL (
             SELECT cart_id, match_id, user_id, zone_id, seat_ids, unit_price, currency, adjacent, version, held_at,
                    locked_until, idempotency_key
             FROM carts
             WHERE user_id = wanted.user_id AND idempotency_key = wanted.key
         ) c",
        users as &[UserId],
        keys,
    )
    .fetch_all(conn)
    .await
}

/// A cart by its id.
///
/// # Errors
/// When the database fails.
pub async fn find_cart(conn: &mut PgConnection, cart: CartId) -> Result<Option<Cart>, sqlx::Error> {
    query_as!(
        Cart,
        "SELECT cart_id, match_id, user_id, zone_id, seat_ids, unit_price, currency, adjacent, version, held_at,
                locked_until, idempotency_key
         FROM carts
         WHERE cart_id = $1",
        cart as CartId,
    )
    .fetch_optional(conn)
    .await
}

/// Writes down how carts ended, unless that is written already.
///
/// # Errors
/// When the database fails.
pub async fn end_cart(conn: &mut PgConnection, carts: &[CartId], end: CartEnd) -> Result<(), sqlx::Error> {
    query!(
        "UPDATE carts SET ended_at = clock_timestamp(), ended_as = $2
         WHERE cart_id = ANY($1) AND ended_at IS NULL",
        carts as &[CartId],
        end as CartEnd,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Moves a cart's end, once, when its payment starts.
///
/// # Errors
/// When the database fails.
pub async fn save_cart_until(
    conn: &mut PgConnection,
    cart: CartId,
    until: Timestamp,
) -> Result<(), sqlx::Error> {
    query!(
        "UPDATE carts SET locked_until = $2 WHERE cart_id = $1 AND ended_at IS NULL",
        cart as CartId,
        until
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What a seat is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatLabel {
    /// Which seat.
    pub seat_id: SeatId,
    /// Its sector's public name.
    pub sector: String,
    /// Its row; none of a place without a number.
    pub row: Option<String>,
    /// Its number, if it has one.
    pub number: Option<String>,
}

impl SeatLabel {
    /// As people say it.
    #[must_use]
    pub fn in_words(&self) -> String {
        let parts = [Some(&self.sector), self.row.as_ref(), self.number.as_ref()];
        parts
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(", ")
    }
}

/// A cart with what its seats are called, at the database's `now`.
#[derive(Debug, Clone)]
pub struct LabelledCart {
    /// The cart.
    pub cart: Cart,
    /// Its seats, in the cart's order.
    pub seats: Vec<SeatLabel>,
    /// When it was read.
    pub now: Timestamp,
}

/// What these seats are called.
///
/// # Errors
/// When the database fails.
pub async fn list_labels(conn: &mut PgConnection, seats: &[SeatId]) -> Result<Vec<SeatLabel>, sqlx::Error> {
    query_as!(
        SeatLabel,
        "SELECT s.seat_id, c.name AS sector, nullif(s.row_label, '') AS \"row?\", CASE WHEN s.row_label <> '' THEN s.number END AS \"number?\"
         FROM seats s
         JOIN sectors c USING (sector_id)
         WHERE s.seat_id = ANY($1)",
        seats as &[SeatId],
    )
    .fetch_all(conn)
    .await
}
