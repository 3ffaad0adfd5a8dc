//! Tickets: issued once per line of a paid order, each with a code that gates verify offline (E9).
//!
//! Owns: `tickets`. Publishes: nothing (`order.completed` names them). Invariants: `tickets_one_live_per_seat`,
//! `tickets_one_live_per_identity`, `tickets_one_per_line`, `tickets_one_per_barcode`.

pub mod http;
mod store;

use domain::ids::TicketId;
use domain::tickets::barcode;
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
