//! End an unpaid order: its seats and identities are free at once.

use domain::orders::OrderState;
use serde_json::json;
use sqlx::PgConnection;

use super::super::store::{self, Payment};
use crate::audit::{self, Actor, Entry};
use crate::inventory::{self, CartEnd, buyers, identities, seats};
use crate::orders::{self, Order};

/// Joins the transaction that has locked the order and its payment.
pub(super) async fn release_order(
    conn: &mut PgConnection,
    (order, payment): (&Order, Option<&Payment>),
    end: OrderState,
    actor: Actor,
) -> anyhow::Result<()> {
    give_back(conn, order).await?;
    let cart_end = if end == OrderState::Cancelled {
        CartEnd::Cancelled
    } else {
        CartEnd::Expired
    };
    inventory::end_cart(conn, &[order.cart_id], cart_end).await?;
    orders::save_end(conn, order.order_id, end, None).await?;
    if let Some(payment) = payment {
        store::save_canceled(conn, payment.payment_id).await?;
    }
    let deed = if end == OrderState::Cancelled {
        "order.cancelled"
    } else {
        "order.expired"
    };
    let details = json!({"order_number": order.number()});
    audit::record(
        conn,
        Entry {
            actor,
            deed,
            subject_id: order.order_id.0,
            details,
        },
    )
    .await?;
    Ok(())
}

/// Frees what the order still owns, in the lock order: buyer → identities → seats.
pub(super) async fn give_back(conn: &mut PgConnection, order: &Order) -> anyhow::Result<()> {
    buyers::lock(conn, order.match_id, order.user_id).await?;
    buyers::clear_cart(conn, (order.match_id, order.user_id), order.cart_id).await?;
    let mut sorted: Vec<Vec<u8>> = orders::list_lines(conn, order.order_id)
        .await?
        .into_iter()
        .map(|line| line.identity)
        .collect();
    sorted.sort();
    let now = seats::now(conn).await?;
    identities::save_held_until(conn, order.match_id, (order.order_id, &sorted), now).await?;
    if let Some(cart) = inventory::find_cart(conn, order.cart_id).await? {
        let owned = seats::lock_of_cart(conn, order.match_id, (order.cart_id, &cart.seat_ids)).await?;
        seats::release(conn, order.match_id, (order.cart_id, &owned)).await?;
    }
    Ok(())
}
