//! Start a payment: stored first, then created at Stripe. Repeating it answers the same intent.

use domain::Timestamp;
use domain::ids::{OrderId, PaymentId};
use domain::money::Money;
use domain::payments::{Attempt, PaymentWindow, StartPaymentRefused, decide_start_payment};
use platform::problems::Problem;
use serde_json::json;
use sqlx::PgConnection;

use super::super::gateway::IntentState;
use super::super::store;
use super::close::first_question;
use crate::admission::Entered;
use crate::app::App;
use crate::audit::{self, Actor, Entry};
use crate::http::actor::Fan;
use crate::http::fault::{Fault, Refusal};
use crate::http::problems::{GATEWAY_UNAVAILABLE, ORDER_NOT_PAYABLE};
use crate::inventory::{self, buyers, identities, seats};
use crate::jobs::{self, Job};
use crate::matches;
use crate::orders::{self, Order};

/// What the fan's app needs to pay.
#[derive(Debug, Clone)]
pub struct Started {
    /// Stripe's id of the intent.
    pub intent_id: String,
    /// Lets the app confirm the intent with a card.
    pub client_secret: String,
    /// What will be captured.
    pub price: Money,
    /// The end of the fan's session.
    pub pay_by: Timestamp,
}

/// Starts the payment of a fan's order, or goes on with it.
///
/// # Errors
/// The problem that forbids it.
pub async fn start(app: &App, fan: Fan, order_id: OrderId) -> Result<Started, Fault<Problem>> {
    let match_id = match_of(app, &fan, order_id).await.map_err(Fault::told)?;
    let entered = Entered::through_gate(app, fan, match_id).await?;

    let (payment_id, price, window) = record(app, &entered.fan, order_id).await.map_err(Fault::told)?;

    let intent = app
        .gateway
        .create(payment_id, order_id, price)
        .await
        .map_err(|fault| {
            tracing::warn!(order.id = %order_id, %fault, "A payment could not be created yet");
            Problem::new(GATEWAY_UNAVAILABLE).retry_after(2)
        })?;
    let mut conn = app.db.acquire().await?;
    store::save_intent(&mut conn, payment_id, &intent.id).await?;
    match (intent.state, intent.client_secret) {
        (IntentState::Open, Some(client_secret)) => Ok(Started {
            intent_id: intent.id,
            client_secret,
            price,
            pay_by: window.pay_by,
        }),
        (IntentState::Open | IntentState::Captured(_) | IntentState::Canceled, _) => {
            Err(Problem::new(ORDER_NOT_PAYABLE).into())
        }
    }
}

async fn match_of(
    app: &App,
    fan: &Fan,
    order_id: OrderId,
) -> Result<domain::ids::MatchId, Fault<StartPaymentRefused>> {
    let mut conn = app.db.acquire().await?;
    let order = orders::find_order(&mut conn, order_id)
        .await?
        .filter(|order| order.user_id == fan.id);
    Ok(order.ok_or(StartPaymentRefused::NoSuchOrder)?.match_id)
}

/// Stores the attempt and moves the ends of what it holds: after this, Stripe may hear of it.
async fn record(
    app: &App,
    fan: &Fan,
    order_id: OrderId,
) -> Result<(PaymentId, Money, PaymentWindow), Fault<StartPaymentRefused>> {
    let mut tx = app.db.begin().await?;
    let order = orders::lock_order(&mut tx, order_id)
        .await?
        .ok_or(StartPaymentRefused::NoSuchOrder)?;
    let payment = store::lock_payment(&mut tx, order_id).await?;
    let terms = matches::sale_terms(&mut tx, order.match_id)
        .await?
        .ok_or(StartPaymentRefused::NoSuchOrder)?;
    let now = seats::now(&mut tx).await?;

    let attempt = match &payment {
        None => Attempt::None,
        Some(payment) if payment.cancel_asked_at.is_some() => Attempt::TakenBack,
        Some(_) => Attempt::Open,
    };
    let window = decide_start_payment(order.state, attempt, order.session_ends_at, &terms, now)?;
    let price = order.price()?;
    if let Some(payment) = payment {
        tx.rollback().await?;
        return Ok((payment.payment_id, price, window));
    }

    let payment_id = PaymentId(app.ids.next());
    store::insert_payment(&mut tx, (payment_id, order_id), price, now).await?;
    hold_for_landing(&mut tx, &order, window.hold_until).await?;
    jobs::bring_forward(&mut tx, Job::CloseOrder(order_id), first_question(now)).await?;
    audit::record(&mut tx, started(fan, &order, payment_id)).await?;

    tx.commit().await?;
    Ok((payment_id, price, window))
}

/// Moves the ends of cart, buyer, identities and seats once, so that a payment under way can land (decision "End of the
/// session"): only if all of it is still the order's and nothing is past.
async fn hold_for_landing(
    conn: &mut PgConnection,
    order: &Order,
    until: Timestamp,
) -> Result<(), Fault<StartPaymentRefused>> {
    let buyer = (order.match_id, order.user_id);
    let lines = orders::list_lines(conn, order.order_id).await?;
    let cart = inventory::find_cart(conn, order.cart_id)
        .await?
        .ok_or(StartPaymentRefused::NotPayable)?;
    let held: Vec<Vec<u8>> = lines.iter().map(|line| line.identity.clone()).collect();

    let buyer_moved = buyers::save_cart_end(conn, buyer, order.cart_id, until).await?;
    let identities =
        identities::save_held_until(conn, order.match_id, (order.order_id, &held), until).await?;
    let owned = seats::lock_of_cart(conn, order.match_id, (order.cart_id, &cart.seat_ids)).await?;
    let moved = seats::save_locked_until(conn, order.match_id, (order.cart_id, &owned), until).await?;
    inventory::save_cart_until(conn, order.cart_id, until).await?;

    let all = u64::try_from(lines.len()).unwrap_or(u64::MAX);
    if buyer_moved && identities == all && moved == all {
        Ok(())
    } else {
        Err(StartPaymentRefused::NotPayable.into())
    }
}

fn started(fan: &Fan, order: &Order, payment: PaymentId) -> Entry {
    Entry {
        actor: Actor::Fan(fan.id),
        deed: "payment.started",
        subject_id: order.order_id.0,
        details: json!({"payment_id": payment, "amount": order.total.to_string(), "currency": order.currency}),
    }
}

impl Refusal for StartPaymentRefused {
    fn problem(&self) -> Problem {
        use crate::http::problems::{NOT_FOUND, SESSION_ENDING};
        match self {
            Self::NoSuchOrder => Problem::new(NOT_FOUND),
            Self::NotPayable => Problem::new(ORDER_NOT_PAYABLE),
            Self::SessionEnding => Problem::new(SESSION_ENDING),
        }
    }
}
