//! Tickets: issued once per line of a paid order, each with a code that gates verify offline (E9). A code proves that it was
//! issued; whether its ticket still lives only the list of tickets says.
//!
//! Owns: `tickets`. Publishes: nothing (`order.completed` names them). Invariants: `tickets_one_live_per_seat`,
//! `tickets_one_live_per_identity`, `tickets_one_per_line`, `tickets_one_per_barcode`.

pub mod http;
mod store;

use domain::ids::{OrderId, TicketId};
use domain::tickets::{TicketState, barcode};
use sqlx::PgConnection;

use crate::orders::{Line, Order};

/// Issues one ticket per line. Joins the transaction that completes the order.
///
/// # Errors
/// When the database refuses: a seat or a person would have two live tickets of the match.
pub async fn issue(
    conn: &mut PgConnection,
    order: &Order,
    lines: &[Line],
    ticket_ids: &[TicketId],
) -> Result<(), sqlx::Error> {
    for (line, ticket_id) in lines.iter().zip(ticket_ids) {
        store::insert_ticket(conn, *ticket_id, (order, line), &barcode(rand::random())).await?;
    }
    Ok(())
}

/// States of an order's tickets.
///
/// # Errors
/// When the database fails.
pub async fn states(conn: &mut PgConnection, order: OrderId) -> Result<Vec<TicketState>, sqlx::Error> {
    store::list_states(conn, order).await
}

/// Ends an order's unused tickets, the last lock of the transaction that returns it; answers how many.
///
/// # Errors
/// When the database fails.
pub async fn cancel(conn: &mut PgConnection, order: OrderId) -> Result<u64, sqlx::Error> {
    store::save_cancelled(conn, order).await
}
