//! Statements on `orders` and `order_lines`.
#![expect(
    clippy::as_conversions,
    reason = "sqlx's way to name a parameter's type: nothing is converted"
)]

use chrono::NaiveDate;
use domain::Timestamp;
use domain::ids::{CartId, MatchId, OrderId, SeatId, SessionTicketId, UserId, ZoneId};
use domain::money::{Currency, Money};
use domain::orders::OrderState;
use domain::users::DocumentKind;
use rust_decimal::Decimal;
use sqlx::{PgConnection, query, query_as};
use uuid::Uuid;

/// An order as stored.
#[derive(Debug, Clone)]
pub struct Order {
    /// Which order.
    pub order_id: OrderId,
    /// What people call it.
    pub order_number: i64,
    /// Of which match.
    pub match_id: MatchId,
    /// Whose.
    pub user_id: UserId,
    /// The cart it was made of.
    pub cart_id: CartId,
    /// The cart's zone.
    pub zone_id: ZoneId,
    /// Where it stands.
    pub state: OrderState,
    /// Whether the fan takes equal seats if a late payment finds its own gone.
    pub accept_equal_seats: bool,
    /// What it costs.
    pub total: Decimal,
    /// Of all amounts.
    pub currency: String,
    /// End of the fan's session.
    pub session_ends_at: Timestamp,
    /// The fan's place of the line.
    pub session_ticket_id: SessionTicketId,
    /// Grows with every change.
    pub version: i32,
    /// Checkout.
    pub created_at: Timestamp,
    /// Why it ended as it did.
    pub end_reason: Option<String>,
    /// The client's name for the checkout.
    pub idempotency_key: String,
    /// What the checkout said.
    pub request_hash: Vec<u8>,
}

impl Order {
    /// What it costs.
    ///
    /// # Errors
    /// When the stored value does not hold.
    pub fn price(&self) -> anyhow::Result<Money> {
        let currency =
            Currency::parse(&self.currency).ok_or_else(|| anyhow::anyhow!("unknown stored currency"))?;
        Ok(Money::new(self.total, currency)?)
    }

    /// As people write it.
    #[must_use]
    pub fn number(&self) -> String {
        format!("HNS-{}-{:08}", self.created_at.format("%Y"), self.order_number)
    }
}

/// One ticket of an order.
#[derive(Debug, Clone)]
pub struct Line {
    /// From 1.
    pub line_no: i32,
    /// The seat.
    pub seat_id: SeatId,
    /// Who sits there.
    pub holder_name: String,
    /// Where their mail goes.
    pub holder_email: Option<String>,
    /// Blind index of their document.
    pub identity: Vec<u8>,
    /// VAT included.
    pub ticket_price: Decimal,
    /// The VAT in it.
    pub ticket_vat: Decimal,
    /// VAT included.
    pub fee: Decimal,
    /// The VAT in it.
    pub fee_vat: Decimal,
}

/// A line to be stored.
#[derive(Debug, Clone)]
pub(super) struct NewLine {
    pub(super) line: Line,
    pub(super) born: NaiveDate,
    pub(super) nationality: String,
    pub(super) document_kind: DocumentKind,
    pub(super) document_encrypted: Vec<u8>,
}

pub(super) async fn insert_order(conn: &mut PgConnection, order: &Order) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        "INSERT INTO orders (order_id, match_id, user_id, cart_id, zone_id, state, accept_equal_seats, total, currency,
                             session_ends_at, session_ticket_id, created_at, idempotency_key, request_hash)
         VALUES ($1, $2, $3, $4, $5, 'AWAITING_PAYMENT', $6, $7, $8, $9, $10, $11, $12, $13)
         RETURNING order_number",
        order.order_id as OrderId,
        order.match_id as MatchId,
        order.user_id as UserId,
        order.cart_id as CartId,
        order.zone_id as ZoneId,
        order.accept_equal_seats,
        order.total,
        order.currency,
        order.session_ends_at,
        order.session_ticket_id as SessionTicketId,
        order.created_at,
        order.idempotency_key,
        order.request_hash,
    )
    .fetch_one(conn)
    .await
}

pub(super) async fn insert_line(
    conn: &mut PgConnection,
    order: OrderId,
    new: &NewLine,
) -> Result<(), sqlx::Error> {
    query!(
        "INSERT INTO order_lines
             (order_id, line_no, seat_id, holder_name, holder_born, holder_nationality, holder_email, document_kind,
              document_encrypted, identity, ticket_price, ticket_vat, fee, fee_vat)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        order as OrderId,
        new.line.line_no,
        new.line.seat_id as SeatId,
        new.line.holder_name,
        new.born,
        new.nationality,
        new.line.holder_email,
        new.document_kind as DocumentKind,
        new.document_encrypted,
        new.line.identity,
        new.line.ticket_price,
        new.line.ticket_vat,
        new.line.fee,
        new.line.fee_vat,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Locks an order: the first lock of everything that ends it.
///
/// # Errors
/// When the database fails.
pub async fn lock_order(conn: &mut PgConnection, order: OrderId) -> Result<Option<Order>, sqlx::Error> {
    query_as!(
        Order,
        "SELECT order_id, order_number, match_id, user_id, cart_id, zone_id, state, accept_equal_seats, total, currency,
                session_ends_at, session_ticket_id, version, created_at, end_reason, idempotency_key, request_hash
         FROM orders
         WHERE order_id = $1
         FOR UPDATE",
        order as OrderId,
    )
    .fetch_optional(conn)
    .await
}

/// An order by its id.
///
/// # Errors
/// When the database fails.
pub async fn find_order(conn: &mut PgConnection, order: OrderId) -> Result<Option<Order>, sqlx::Error> {
    query_as!(
        Order,
        "SELECT order_id, order_number, match_id, user_id, cart_id, zone_id, state, accept_equal_seats, total, currency,
                session_ends_at, session_ticket_id, version, created_at, end_reason, idempotency_key, request_hash
         FROM orders
         WHERE order_id = $1",
        order as OrderId,
    )
    .fetch_optional(conn)
    .await
}

pub(super) async fn find_by_key(
    conn: &mut PgConnection,
    user: UserId,
    key: &str,
) -> Result<Option<Order>, sqlx::Error> {
    query_as!(
        Order,
        "SELECT order_id, order_number, match_id, user_id, cart_id, zone_id, state, accept_equal_seats, total, currency,
                session_ends_at, session_ticket_id, version, created_at, end_reason, idempotency_key, request_hash
         FROM orders
         WHERE user_id = $1 AND idempotency_key = $2",
        user as UserId,
        key,
    )
    .fetch_optional(conn)
    .await
}

pub(super) async fn list_of_user(
    conn: &mut PgConnection,
    user: UserId,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Order>, sqlx::Error> {
    query_as!(
        Order,
        "SELECT order_id, order_number, match_id, user_id, cart_id, zone_id, state, accept_equal_seats, total, currency,
                session_ends_at, session_ticket_id, version, created_at, end_reason, idempotency_key, request_hash
         FROM orders
         WHERE user_id = $1 AND ($2::uuid IS NULL OR order_id < $2)
         ORDER BY order_id DESC
         LIMIT $3",
        user as UserId,
        before,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// The lines of an order, from 1.
///
/// # Errors
/// When the database fails.
pub async fn list_lines(conn: &mut PgConnection, order: OrderId) -> Result<Vec<Line>, sqlx::Error> {
    query_as!(
        Line,
        "SELECT line_no, seat_id, holder_name, holder_email, identity, ticket_price, ticket_vat, fee, fee_vat
         FROM order_lines
         WHERE order_id = $1
         ORDER BY line_no",
        order as OrderId,
    )
    .fetch_all(conn)
    .await
}

/// Ends an order, in whatever state it is: captured money may reopen an expired one only to complete or refund it.
///
/// # Errors
/// When the database fails.
pub async fn save_end(
    conn: &mut PgConnection,
    order: OrderId,
    state: OrderState,
    reason: Option<&str>,
) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar!(
        "UPDATE orders
         SET state = $2, ended_at = clock_timestamp(), end_reason = $3, version = version + 1
         WHERE order_id = $1
         RETURNING version",
        order as OrderId,
        state as OrderState,
        reason,
    )
    .fetch_one(conn)
    .await
}

/// The seats of a line change when a late payment gets equal ones.
///
/// # Errors
/// When the database fails.
pub async fn save_line_seat(
    conn: &mut PgConnection,
    (order, line_no): (OrderId, i32),
    seat: SeatId,
) -> Result<(), sqlx::Error> {
    query!(
        "UPDATE order_lines SET seat_id = $3 WHERE order_id = $1 AND line_no = $2",
        order as OrderId,
        line_no,
        seat as SeatId,
    )
    .execute(conn)
    .await?;
    Ok(())
}
