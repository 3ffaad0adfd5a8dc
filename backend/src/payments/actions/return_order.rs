//! A buyer gives a paid order back: tickets end, seats and identities are free at once, all of the money goes back.

use domain::ids::{OrderId, RefundId, SeatId};
use domain::orders::{OrderState, RefundRefused, SelfRefund, decide_self_refund};
use domain::payments::RefundReason;
use platform::problems::Problem;
use serde_json::json;
use sqlx::PgConnection;

use super::super::store::{self, Payment};
use super::super::{ledger, messages};
use crate::app::App;
use crate::audit::{self, Actor, Entry};
use crate::http::actor::Fan;
use crate::http::fault::{Fault, Refusal};
use crate::http::problems::{NOT_FOUND, ORDER_NOT_PAID, REFUND_TOO_LATE, TICKET_USED};
use crate::inventory::{buyers, identities, seats};
use crate::jobs::{self, Job};
use crate::orders::{self, Line, Order};
use crate::{events, matches, tickets};

const REASON: RefundReason = RefundReason::Returned;

impl Refusal for RefundRefused {
    fn problem(&self) -> Problem {
        match self {
            Self::NoSuchOrder => Problem::new(NOT_FOUND),
            Self::NotPaid => Problem::new(ORDER_NOT_PAID),
            Self::TooLate { until } => Problem::new(REFUND_TOO_LATE).member("until", json!(until)),
            Self::TicketUsed => Problem::new(TICKET_USED),
        }
    }
}

/// Refunds a paid order to its buyer, once: repeating it answers the same.
///
/// # Errors
/// [`RefundRefused`].
pub async fn return_order(
    app: &App,
    fan: &Fan,
    order_id: OrderId,
) -> Result<(Order, Vec<Line>), Fault<RefundRefused>> {
    let mut tx = app.db.begin().await?;
    let order = orders::lock_order(&mut tx, order_id)
        .await?
        .filter(|order| order.user_id == fan.id)
        .ok_or(RefundRefused::NoSuchOrder)?;
    let payment = store::lock_payment(&mut tx, order_id)
        .await?
        .ok_or(RefundRefused::NotPaid)?;
    let terms = matches::sale_terms(&mut tx, order.match_id)
        .await?
        .ok_or(RefundRefused::NoSuchOrder)?;
    let issued = tickets::states(&mut tx, order_id).await?;
    let now = seats::now(&mut tx).await?;

    let lines = orders::list_lines(&mut tx, order_id).await?;
    match decide_self_refund(order.state, &issued, &terms, now)? {
        SelfRefund::AlreadyRefunded => return Ok((order, lines)),
        SelfRefund::Now => {}
    }
    if !take_back(&mut tx, &order, &lines).await? {
        return Err(RefundRefused::TicketUsed.into());
    }
    owe(&mut tx, app, (&order, &payment, &lines)).await?;
    jobs::enqueue(&mut tx, app.ids, Job::RefundPayment(payment.payment_id), now).await?;
    audit::record(&mut tx, returned(fan, &order)).await?;

    let order = orders::find_order(&mut tx, order_id)
        .await?
        .ok_or(RefundRefused::NoSuchOrder)?;
    tx.commit().await?;
    events::relay::poke();
    Ok((order, lines))
}

/// Frees what the tickets had, in the lock order: buyer → identities → seats → tickets. Answers whether all were unused: a
/// gate may have been faster than the reading before.
async fn take_back(conn: &mut PgConnection, order: &Order, lines: &[Line]) -> anyhow::Result<bool> {
    let count = u64::try_from(lines.len())?;
    let seat_ids: Vec<SeatId> = lines.iter().map(|line| line.seat_id).collect();
    let holders: Vec<Vec<u8>> = lines.iter().map(|line| line.identity.clone()).collect();
    let buyer = (order.match_id, order.user_id);

    buyers::lock(conn, order.match_id, order.user_id).await?;
    buyers::save_sold(conn, buyer, -i32::try_from(lines.len())?).await?;
    let people = identities::save_returned(conn, order.match_id, (order.order_id, &holders)).await?;
    let freed = seats::save_returned(conn, order.match_id, &seat_ids).await?;
    anyhow::ensure!(
        people == count && freed == count,
        "{people} identities and {freed} seats of {count} were freed"
    );
    Ok(tickets::cancel(conn, order.order_id).await? == count)
}

/// The order ends as refunded, and its money is owed back.
async fn owe(
    conn: &mut PgConnection,
    app: &App,
    (order, payment, lines): (&Order, &Payment, &[Line]),
) -> anyhow::Result<()> {
    let amount = order.price()?;
    let version = orders::save_end(conn, order.order_id, OrderState::Refunded, Some(REASON.code())).await?;
    store::insert_refund(conn, (RefundId(app.ids.next()), payment), amount, REASON).await?;
    ledger::book_return(conn, app.ids, order.order_id, (amount, lines)).await?;
    events::record(conn, app.ids, messages::refunded(order, amount, REASON, version)?).await?;
    Ok(())
}

fn returned(fan: &Fan, order: &Order) -> Entry {
    Entry {
        actor: Actor::Fan(fan.id),
        deed: "order.refunded",
        subject_id: order.order_id.0,
        details: json!({
            "order_number": order.number(),
            "amount": order.total.to_string(),
            "reason": REASON.code(),
        }),
    }
}
