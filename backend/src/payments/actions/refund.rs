//! After the outcome: send refunds to Stripe, give the waiting room its slot back.

use std::time::Duration;

use domain::ids::{OrderId, PaymentId};
use domain::money::{Currency, Money};
use serde_json::json;

use super::super::{ledger, store};
use crate::app::App;
use crate::audit::{self, Actor, Entry};
use crate::jobs::Outcome;
use crate::{matches, orders};

/// A refund that Stripe has taken but not finished is asked about again after so long: banks take days, and the calls are
/// taken from those of fans who pay.
const ASK_AGAIN: Duration = Duration::from_mins(10);

/// Job: refunds a payment. The refund's id is the idempotency key, so that a kill at any point refunds once.
///
/// # Errors
/// When Stripe or the database cannot be reached; the job is tried again.
pub async fn refund(app: &App, payment_id: PaymentId) -> anyhow::Result<Outcome> {
    let mut conn = app.db.acquire().await?;
    let refund = store::find_refund(&mut conn, payment_id)
        .await?
        .filter(|refund| refund.is_open);
    drop(conn);
    let Some(refund) = refund else {
        return Ok(Outcome::Done);
    };
    let intent = refund
        .intent_id
        .as_deref()
        .ok_or_else(|| anyhow::anyhow!("captured without an intent"))?;
    let currency =
        Currency::parse(&refund.currency).ok_or_else(|| anyhow::anyhow!("unknown stored currency"))?;
    let amount = Money::new(refund.amount, currency)?;

    let at_gateway = match &refund.gateway_id {
        Some(taken) => app.gateway.retrieve_refund(taken).await?,
        None => app.gateway.refund(refund.refund_id, intent, amount).await?,
    };
    if !at_gateway.is_through {
        let mut conn = app.db.acquire().await?;
        store::save_refund_taken(&mut conn, refund.refund_id, &at_gateway.id).await?;
        return Ok(Outcome::Again { after: ASK_AGAIN });
    }

    let mut tx = app.db.begin().await?;
    orders::lock_order(&mut tx, refund.order_id).await?;
    if store::save_refunded(&mut tx, refund.refund_id, &at_gateway.id).await? {
        ledger::book_refunded(&mut tx, app.ids, refund.order_id, amount).await?;
        let details = json!({"refund_id": refund.refund_id, "amount": amount.to_string()});
        let actor = Actor::System("refunds");
        audit::record(
            &mut tx,
            Entry {
                actor,
                deed: "refund.completed",
                subject_id: refund.order_id.0,
                details,
            },
        )
        .await?;
    }
    tx.commit().await?;
    Ok(Outcome::Done)
}

/// Job: tells the waiting room that a fan is done, so that the next one gets in at once.
///
/// # Errors
/// When the room cannot be reached; the job is tried again.
pub async fn end_session(app: &App, order_id: OrderId) -> anyhow::Result<Outcome> {
    let mut conn = app.db.acquire().await?;
    let Some(order) = orders::find_order(&mut conn, order_id).await? else {
        return Ok(Outcome::Done);
    };
    drop(conn);
    app.room.complete(order.session_ticket_id).await?;
    if let Ok(queue_id) = matches::actions::queue_of(app, order.match_id).await {
        app.gate.forget(queue_id, order.user_id).await;
    }
    Ok(Outcome::Done)
}
