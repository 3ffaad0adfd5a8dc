//! Statements on `tickets`.
#![expect(
    clippy::as_conversions,
    reason = "sqlx's way to name a parameter's type: nothing is converted"
)]

use domain::Timestamp;
use domain::ids::{MatchId, OrderId, SeatId, TicketId, UserId};
use domain::tickets::TicketState;
use sqlx::{PgConnection, query, query_as, query_scalar};
use uuid::Uuid;

use crate::orders::{Line, Order};

/// A ticket with what its seat is called and when its match kicks off.
#[derive(Debug, Clone)]
pub(super) struct TicketRow {
    pub(super) ticket_id: TicketId,
    pub(super) order_id: OrderId,
    pub(super) match_id: MatchId,
    pub(super) seat_id: SeatId,
    pub(super) sector: String,
    /// None, as the number: a place without a number.
    pub(super) row: Option<String>,
    pub(super) number: Option<String>,
    pub(super) holder_name: String,
    pub(super) state: TicketState,
    pub(super) barcode: String,
    pub(super) epoch: i32,
    pub(super) issued_at: Timestamp,
    pub(super) kick_off_at: Timestamp,
}

pub(super) async fn insert_ticket(
    conn: &mut PgConnection,
    ticket_id: TicketId,
    (order, line): (&Order, &Line),
    barcode: &str,
) -> Result<(), sqlx::Error> {
    query!(
        "INSERT INTO tickets (ticket_id, order_id, line_no, match_id, seat_id, user_id, identity, holder_name, state,
                              barcode, issued_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'SOLD', $9, clock_timestamp())",
        ticket_id as TicketId,
        order.order_id as OrderId,
        line.line_no,
        order.match_id as MatchId,
        line.seat_id as SeatId,
        order.user_id as UserId,
        line.identity,
        line.holder_name,
        barcode,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// States of an order's tickets.
pub(super) async fn list_states(
    conn: &mut PgConnection,
    order: OrderId,
) -> Result<Vec<TicketState>, sqlx::Error> {
    query_scalar!(
        r#"SELECT state AS "state: TicketState" FROM tickets WHERE order_id = $1"#,
        order as OrderId
    )
    .fetch_all(conn)
    .await
}

/// Ends an order's unused tickets; answers how many.
pub(super) async fn save_cancelled(conn: &mut PgConnection, order: OrderId) -> Result<u64, sqlx::Error> {
    let saved = query!(
        "UPDATE tickets SET state = 'CANCELLED', cancelled_at = clock_timestamp() WHERE order_id = $1 AND state = 'SOLD'",
        order as OrderId,
    )
    .execute(conn)
    .await?;
    Ok(saved.rows_affected())
}

pub(super) async fn list_of_user(
    conn: &mut PgConnection,
    user: UserId,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<TicketRow>, sqlx::Error> {
    query_as!(
        TicketRow,
        "SELECT t.ticket_id, t.order_id, t.match_id, t.seat_id, c.name AS sector, nullif(s.row_label, '') AS \"row?\", CASE WHEN s.row_label <> '' THEN s.number END AS \"number?\",
                t.holder_name, t.state, t.barcode, t.epoch, t.issued_at, m.kick_off_at
         FROM tickets t
         JOIN seats s USING (seat_id)
         JOIN sectors c USING (sector_id)
         JOIN matches m USING (match_id)
         WHERE t.user_id = $1 AND ($2::uuid IS NULL OR t.ticket_id < $2)
         ORDER BY t.ticket_id DESC
         LIMIT $3",
        user as UserId,
        before,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// A ticket of this user; anybody else's is not there.
pub(super) async fn find_of_user(
    conn: &mut PgConnection,
    user: UserId,
    ticket: TicketId,
) -> Result<Option<TicketRow>, sqlx::Error> {
    query_as!(
        TicketRow,
        "SELECT t.ticket_id, t.order_id, t.match_id, t.seat_id, c.name AS sector, nullif(s.row_label, '') AS \"row?\", CASE WHEN s.row_label <> '' THEN s.number END AS \"number?\",
                t.holder_name, t.state, t.barcode, t.epoch, t.issued_at, m.kick_off_at
         FROM tickets t
         JOIN seats s USING (seat_id)
         JOIN sectors c USING (sector_id)
         JOIN matches m USING (match_id)
         WHERE t.user_id = $1 AND t.ticket_id = $2",
        user as UserId,
        ticket as TicketId,
    )
    .fetch_optional(conn)
    .await
}
