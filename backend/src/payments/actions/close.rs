//! Close an order at its session's end, or when its fan takes it back: whatever Stripe then says decides. Until then, ask
//! Stripe about a payment of which no webhook has told for a while.

use std::time::Duration;

use chrono::TimeDelta;
use domain::Timestamp;
use domain::ids::OrderId;
use domain::orders::OrderState;
use domain::payments::GatewayNews;

use super::super::gateway::{GatewayFault, IntentState};
use super::super::store::{self, Payment};
use super::apply::apply_news;
use super::release::release_order;
use crate::app::App;
use crate::audit::Actor;
use crate::inventory::seats;
use crate::jobs::Outcome;
use crate::orders;

/// An intent in the middle of something (a card check) is asked again after so long.
const ASK_AGAIN: Duration = Duration::from_secs(2);

/// A webhook takes a second or two: one that has not come after so long may never come.
const WEBHOOK_PATIENCE: TimeDelta = TimeDelta::seconds(15);

/// A question that is not answered by then has failed: the limit of every call, and something for ourselves.
const LONGEST_QUESTION: TimeDelta = TimeDelta::seconds(10);

/// Job: ends an order that is still unpaid. Repeatable at every point: what is done is not done again.
///
/// # Errors
/// When Stripe or the database cannot be reached; the job is tried again.
pub async fn close_order(app: &App, order_id: OrderId) -> anyhow::Result<Outcome> {
    let mut conn = app.db.acquire().await?;
    let now = seats::now(&mut conn).await?;
    let Some(order) = orders::find_order(&mut conn, order_id).await? else {
        return Ok(Outcome::Done);
    };
    let payment = store::find_payment(&mut conn, order_id).await?;
    drop(conn);
    if order.state != OrderState::AwaitingPayment {
        return Ok(Outcome::Done);
    }
    let taken_back = payment
        .as_ref()
        .is_some_and(|payment| payment.cancel_asked_at.is_some());
    if now < order.session_ends_at && !taken_back {
        let next = match payment {
            Some(payment) if may_ask(&payment, order.session_ends_at, now) => {
                if ask_about(app, &payment).await? {
                    return Ok(Outcome::Done);
                }
                next_question(payment.started_at, now).min(order.session_ends_at)
            }
            Some(payment) if now < first_question(payment.started_at) => {
                first_question(payment.started_at).min(order.session_ends_at)
            }
            None | Some(_) => order.session_ends_at,
        };
        return Ok(Outcome::Again {
            after: (next - now).to_std().unwrap_or(ASK_AGAIN),
        });
    }
    match payment {
        None => close_unpaid(app, order_id).await,
        Some(payment) => close_at_gateway(app, payment).await,
    }
}

/// When to make sure of a payment's webhook for the first time.
pub(super) fn first_question(started_at: Timestamp) -> Timestamp {
    started_at + WEBHOOK_PATIENCE
}

/// Less and less often: after as long again as it has taken so far.
fn next_question(started_at: Timestamp, now: Timestamp) -> Timestamp {
    now + (now - started_at).max(WEBHOOK_PATIENCE)
}

/// Not before a webhook had its time, and not so late that waiting for the answer would delay the session's end.
fn may_ask(payment: &Payment, session_ends_at: Timestamp, now: Timestamp) -> bool {
    now >= first_question(payment.started_at) && now + LONGEST_QUESTION < session_ends_at
}

/// Whether Stripe knows what became of the payment; then it is done, as if its webhook had come.
async fn ask_about(app: &App, payment: &Payment) -> anyhow::Result<bool> {
    let Some(intent_id) = &payment.intent_id else {
        return Ok(false);
    };
    match app
        .gateway
        .retrieve_if_idle(intent_id)
        .await
        .map(|intent| intent.state)
    {
        Ok(IntentState::Captured(amount)) => {
            tracing::info!(order.id = %payment.order_id, "A payment was captured, and no webhook has said so");
            settle(app, payment.order_id, GatewayNews::Captured(amount)).await?;
            Ok(true)
        }
        // Still open, or cancelled by somebody else: the session's end closes the order.
        Ok(IntentState::Canceled | IntentState::Open) => Ok(false),
        Err(fault) => {
            // Only a question: not one of the attempts that the order's end has.
            tracing::warn!(order.id = %payment.order_id, %fault, "Stripe cannot be asked about a payment now");
            Ok(false)
        }
    }
}

/// No payment was ever started.
async fn close_unpaid(app: &App, order_id: OrderId) -> anyhow::Result<Outcome> {
    let mut tx = app.db.begin().await?;
    let order = orders::lock_order(&mut tx, order_id)
        .await?
        .filter(|order| order.state == OrderState::AwaitingPayment);
    let Some(order) = order else {
        return Ok(Outcome::Done);
    };
    if store::lock_payment(&mut tx, order_id).await?.is_some() {
        // Started in this very moment: it goes the other way.
        return Ok(Outcome::Again { after: ASK_AGAIN });
    }

    release_order(
        &mut tx,
        (&order, None),
        OrderState::Expired,
        Actor::System("session-end"),
    )
    .await?;

    tx.commit().await?;
    Ok(Outcome::Done)
}

/// A payment was started: cancelled at Stripe first, and its answer decides.
async fn close_at_gateway(app: &App, payment: Payment) -> anyhow::Result<Outcome> {
    let Some(intent_id) = known_intent(app, &payment).await? else {
        return settle(app, payment.order_id, GatewayNews::Canceled).await;
    };
    match app.gateway.cancel(&intent_id).await?.state {
        IntentState::Canceled => settle(app, payment.order_id, GatewayNews::Canceled).await,
        IntentState::Captured(amount) => settle(app, payment.order_id, GatewayNews::Captured(amount)).await,
        IntentState::Open => Ok(Outcome::Again { after: ASK_AGAIN }),
    }
}

/// What Stripe calls the payment. Stored, but the answer never came: the same key tells. `None`: Stripe refused to make
/// it, so nothing can ever be captured.
async fn known_intent(app: &App, payment: &Payment) -> anyhow::Result<Option<String>> {
    if let Some(intent_id) = &payment.intent_id {
        return Ok(Some(intent_id.clone()));
    }
    let intent = match app
        .gateway
        .create(payment.payment_id, payment.order_id, payment.price()?)
        .await
    {
        Ok(intent) => intent,
        Err(GatewayFault::Refused(_)) => return Ok(None),
        Err(unknown) => return Err(unknown.into()),
    };
    let mut conn = app.db.acquire().await?;
    store::save_intent(&mut conn, payment.payment_id, &intent.id).await?;
    Ok(Some(intent.id))
}

async fn settle(app: &App, order_id: OrderId, news: GatewayNews) -> anyhow::Result<Outcome> {
    let mut tx = app.db.begin().await?;
    apply_news(&mut tx, app, order_id, news).await?;
    tx.commit().await?;
    Ok(Outcome::Done)
}
