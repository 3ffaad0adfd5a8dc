//! A fan takes an unpaid order back.

use domain::ids::OrderId;
use domain::orders::{CancelRefused, Cancellation, OrderState, decide_cancel};
use platform::problems::Problem;

use super::super::store;
use super::release::release_order;
use crate::app::App;
use crate::audit::{self, Actor, Entry};
use crate::http::actor::Fan;
use crate::http::fault::{Fault, Refusal};
use crate::http::problems::{NOT_FOUND, ORDER_PAID};
use crate::inventory::seats;
use crate::jobs::{self, Job};
use crate::orders::{self, Line, Order};

impl Refusal for CancelRefused {
    fn problem(&self) -> Problem {
        match self {
            Self::NoSuchOrder => Problem::new(NOT_FOUND),
            Self::Paid => Problem::new(ORDER_PAID),
        }
    }
}

/// Cancels an unpaid order: at once if no payment was started, else as soon as Stripe has cancelled the intent.
///
/// # Errors
/// [`CancelRefused`].
pub async fn cancel(
    app: &App,
    fan: &Fan,
    order_id: OrderId,
) -> Result<(Order, Vec<Line>), Fault<CancelRefused>> {
    let mut tx = app.db.begin().await?;
    let order = orders::lock_order(&mut tx, order_id)
        .await?
        .filter(|order| order.user_id == fan.id);
    let order = order.ok_or(CancelRefused::NoSuchOrder)?;
    let payment = store::lock_payment(&mut tx, order_id).await?;

    match (decide_cancel(order.state, payment.is_some())?, &payment) {
        (Cancellation::Now, _) => {
            release_order(&mut tx, (&order, None), OrderState::Cancelled, Actor::Fan(fan.id)).await?;
        }
        (Cancellation::AskGateway, Some(payment)) => {
            store::save_cancel_asked(&mut tx, payment.payment_id).await?;
            if payment.cancel_asked_at.is_none() {
                audit::record(&mut tx, asked(fan, order_id)).await?;
            }
            let now = seats::now(&mut tx).await?;
            jobs::bring_forward(&mut tx, Job::CloseOrder(order_id), now).await?;
        }
        (Cancellation::AskGateway, None) | (Cancellation::AlreadyEnded, _) => {}
    }

    let order = orders::find_order(&mut tx, order_id)
        .await?
        .ok_or(CancelRefused::NoSuchOrder)?;
    let lines = orders::list_lines(&mut tx, order_id).await?;
    tx.commit().await?;
    Ok((order, lines))
}

fn asked(fan: &Fan, order_id: OrderId) -> Entry {
    let details = serde_json::json!({});
    Entry {
        actor: Actor::Fan(fan.id),
        deed: "order.cancellation_asked",
        subject_id: order_id.0,
        details,
    }
}
