//! Apply what Stripe told us, once: from the bus, or from Postgres when the bus is late, under the same inbox key.

use domain::ids::{EventId, OrderId};
use domain::payments::{GatewayNews, Reaction, decide_on_gateway_event};
use sqlx::PgConnection;

use super::super::news::{self, Told};
use super::super::store;
use super::fulfil::{GATEWAY, fulfil_or_refund, refund_all};
use super::release::release_order;
use crate::app::App;
use crate::orders;
use crate::sabotage::{self, Guard};

/// The name under which payments take events from the inbox.
const CONSUMER: &str = "payments";

/// Applies a stored gateway event. A second call with the same key does nothing.
///
/// # Errors
/// When the database fails: nothing is applied, and the event comes again.
pub async fn apply_gateway_event(
    app: &App,
    gateway_event_id: &str,
    inbox_key: EventId,
) -> anyhow::Result<()> {
    let mut tx = app.db.begin().await?;
    if !store::insert_inbox(&mut tx, CONSUMER, inbox_key).await? {
        return Ok(());
    }
    let Some((kind, payload)) = store::find_gateway_event(&mut tx, gateway_event_id).await? else {
        anyhow::bail!("gateway event {gateway_event_id} is not stored");
    };

    let outcome = match news::read(&kind, &payload) {
        Told::OfIntent {
            intent_id,
            payment_id,
            news,
        } => match store::find_order_of_intent(&mut tx, &intent_id, payment_id).await? {
            Some(order_id) => apply_news(&mut tx, app, order_id, news).await?,
            None => alarm(gateway_event_id, "UNKNOWN_PAYMENT"),
        },
        Told::Nothing => "IGNORED",
        Told::Unreadable(why) => {
            tracing::error!(
                gateway_event.id = gateway_event_id,
                why,
                "A gateway event cannot be read"
            );
            alarm(gateway_event_id, "UNREADABLE")
        }
    };

    store::save_applied(&mut tx, gateway_event_id, outcome).await?;
    tx.commit().await?;
    Ok(())
}

fn alarm(gateway_event_id: &str, outcome: &'static str) -> &'static str {
    tracing::error!(
        gateway_event.id = gateway_event_id,
        outcome,
        "A gateway event needs a look; it is kept"
    );
    outcome
}

/// Applies news of an order's payment: joins a transaction. Locks in the order order → payment → buyer → identities → seats.
pub(super) async fn apply_news(
    conn: &mut PgConnection,
    app: &App,
    order_id: OrderId,
    news: GatewayNews,
) -> anyhow::Result<&'static str> {
    let order = orders::lock_order(conn, order_id)
        .await?
        .ok_or_else(|| anyhow::anyhow!("no order {order_id}"))?;
    let payment = store::lock_payment(conn, order_id)
        .await?
        .ok_or_else(|| anyhow::anyhow!("no payment of {order_id}"))?;

    let cancel_asked = payment.cancel_asked_at.is_some();
    match (
        decide_on_gateway_event(order.state, payment.state, cancel_asked, payment.price()?, news),
        news,
    ) {
        (Reaction::FulfilOrRefund, GatewayNews::Captured(_))
            if sabotage::lifts_for(Guard::CaptureApplied, order_id.0) =>
        {
            Ok("NOTHING")
        }
        (Reaction::FulfilOrRefund, GatewayNews::Captured(captured)) => {
            fulfil_or_refund(conn, app, (&order, &payment), captured).await
        }
        (Reaction::Refund(reason), GatewayNews::Captured(captured)) => {
            refund_all(conn, app, (&order, &payment), captured, reason).await?;
            Ok(reason.code())
        }
        (Reaction::Release(end), _) => {
            release_order(conn, (&order, Some(&payment)), end, GATEWAY).await?;
            Ok("RELEASED")
        }
        (Reaction::Nothing | Reaction::FulfilOrRefund | Reaction::Refund(_), _) => Ok("NOTHING"),
    }
}
