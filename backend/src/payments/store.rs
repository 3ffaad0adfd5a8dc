//! Statements on `payments`, `refunds`, `gateway_events`.
#![expect(
    clippy::as_conversions,
    reason = "sqlx's way to name a parameter's type: nothing is converted"
)]

use domain::Timestamp;
use domain::ids::{EventId, OrderId, PaymentId, RefundId};
use domain::money::{Currency, Money};
use domain::payments::{PaymentState, RefundReason};
use rust_decimal::Decimal;
use serde_json::Value;
use sqlx::{PgConnection, query, query_as};

/// A payment as stored.
#[derive(Debug, Clone)]
pub(super) struct Payment {
    pub(super) payment_id: PaymentId,
    pub(super) order_id: OrderId,
    pub(super) state: PaymentState,
    pub(super) amount: Decimal,
    pub(super) currency: String,
    pub(super) intent_id: Option<String>,
    pub(super) started_at: Timestamp,
    pub(super) cancel_asked_at: Option<Timestamp>,
}

impl Payment {
    pub(super) fn price(&self) -> anyhow::Result<Money> {
        let currency =
            Currency::parse(&self.currency).ok_or_else(|| anyhow::anyhow!("unknown stored currency"))?;
        Ok(Money::new(self.amount, currency)?)
    }
}

pub(super) async fn lock_payment(
    conn: &mut PgConnection,
    order: OrderId,
) -> Result<Option<Payment>, sqlx::Error> {
    query_as!(
        Payment,
        "SELECT payment_id, order_id, state, amount, currency, intent_id, started_at, cancel_asked_at
         FROM payments
         WHERE order_id = $1
         FOR UPDATE",
        order as OrderId,
    )
    .fetch_optional(conn)
    .await
}

pub(super) async fn find_payment(
    conn: &mut PgConnection,
    order: OrderId,
) -> Result<Option<Payment>, sqlx::Error> {
    query_as!(
        Payment,
        "SELECT payment_id, order_id, state, amount, currency, intent_id, started_at, cancel_asked_at
         FROM payments
         WHERE order_id = $1",
        order as OrderId,
    )
    .fetch_optional(conn)
    .await
}

/// The order that an intent pays for: by the intent, or, if its creation is not stored yet, by our own id in its metadata.
pub(super) async fn find_order_of_intent(
    conn: &mut PgConnection,
    intent_id: &str,
    payment_id: Option<PaymentId>,
) -> Result<Option<OrderId>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT order_id FROM payments WHERE intent_id = $1 OR payment_id = $2 LIMIT 1",
        intent_id,
        payment_id as Option<PaymentId>,
    )
    .fetch_optional(conn)
    .await
}

pub(super) async fn insert_payment(
    conn: &mut PgConnection,
    (payment, order): (PaymentId, OrderId),
    price: Money,
    started_at: Timestamp,
) -> Result<(), sqlx::Error> {
    query!(
        "INSERT INTO payments (payment_id, order_id, state, amount, currency, started_at)
         VALUES ($1, $2, 'CREATING', $3, $4, $5)",
        payment as PaymentId,
        order as OrderId,
        price.amount(),
        price.currency().code(),
        started_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Stores what Stripe calls the payment; a later state stays.
pub(super) async fn save_intent(
    conn: &mut PgConnection,
    payment: PaymentId,
    intent_id: &str,
) -> Result<(), sqlx::Error> {
    query!(
        "UPDATE payments
         SET intent_id = $2, state = CASE WHEN state = 'CREATING' THEN 'AWAITING_CARD' ELSE state END
         WHERE payment_id = $1",
        payment as PaymentId,
        intent_id,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn save_cancel_asked(
    conn: &mut PgConnection,
    payment: PaymentId,
) -> Result<(), sqlx::Error> {
    query!(
        "UPDATE payments SET cancel_asked_at = coalesce(cancel_asked_at, clock_timestamp()) WHERE payment_id = $1",
        payment as PaymentId,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn save_captured(conn: &mut PgConnection, payment: PaymentId) -> Result<(), sqlx::Error> {
    query!(
        "UPDATE payments SET state = 'SUCCEEDED', captured_at = clock_timestamp() WHERE payment_id = $1",
        payment as PaymentId,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn save_canceled(conn: &mut PgConnection, payment: PaymentId) -> Result<(), sqlx::Error> {
    query!(
        "UPDATE payments SET state = 'CANCELED', canceled_at = clock_timestamp() WHERE payment_id = $1",
        payment as PaymentId,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A refund with what it needs to be made.
#[derive(Debug, Clone)]
pub(super) struct Refund {
    pub(super) refund_id: RefundId,
    pub(super) order_id: OrderId,
    pub(super) amount: Decimal,
    pub(super) currency: String,
    pub(super) is_open: bool,
    /// What Stripe calls it, once Stripe has taken it.
    pub(super) gateway_id: Option<String>,
    pub(super) intent_id: Option<String>,
}

pub(super) async fn insert_refund(
    conn: &mut PgConnection,
    (refund, payment): (RefundId, &Payment),
    captured: Money,
    reason: RefundReason,
) -> Result<(), sqlx::Error> {
    query!(
        "INSERT INTO refunds (refund_id, payment_id, order_id, amount, currency, reason, state, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, 'PENDING', clock_timestamp())",
        refund as RefundId,
        payment.payment_id as PaymentId,
        payment.order_id as OrderId,
        captured.amount(),
        captured.currency().code(),
        reason.code(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn find_refund(
    conn: &mut PgConnection,
    payment: PaymentId,
) -> Result<Option<Refund>, sqlx::Error> {
    query_as!(
        Refund,
        "SELECT r.refund_id, r.order_id, r.amount, r.currency, r.state = 'PENDING' AS \"is_open!\", r.gateway_id,
                p.intent_id
         FROM refunds r
         JOIN payments p USING (payment_id)
         WHERE r.payment_id = $1",
        payment as PaymentId,
    )
    .fetch_optional(conn)
    .await
}

/// Keeps what Stripe calls a refund that it has taken.
pub(super) async fn save_refund_taken(
    conn: &mut PgConnection,
    refund: RefundId,
    gateway_id: &str,
) -> Result<(), sqlx::Error> {
    query!(
        "UPDATE refunds SET gateway_id = $2 WHERE refund_id = $1",
        refund as RefundId,
        gateway_id
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Marks a refund as through, once. `false` when it was already.
pub(super) async fn save_refunded(
    conn: &mut PgConnection,
    refund: RefundId,
    gateway_id: &str,
) -> Result<bool, sqlx::Error> {
    let saved = query!(
        "UPDATE refunds
         SET state = 'SUCCEEDED', gateway_id = $2, completed_at = clock_timestamp()
         WHERE refund_id = $1 AND state = 'PENDING'",
        refund as RefundId,
        gateway_id,
    )
    .execute(conn)
    .await?;
    Ok(saved.rows_affected() == 1)
}

/// Stores a webhook under Stripe's event id. `false` when it was stored before.
pub(super) async fn insert_gateway_event(
    conn: &mut PgConnection,
    (gateway_event_id, kind): (&str, &str),
    (payload, site): (&Value, &str),
    event: EventId,
) -> Result<bool, sqlx::Error> {
    let stored = query!(
        "INSERT INTO gateway_events (gateway_event_id, kind, payload, site, event_id)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (gateway_event_id) DO NOTHING",
        gateway_event_id,
        kind,
        payload,
        site,
        event as EventId,
    )
    .execute(conn)
    .await?;
    Ok(stored.rows_affected() == 1)
}

pub(super) async fn find_gateway_event(
    conn: &mut PgConnection,
    gateway_event_id: &str,
) -> Result<Option<(String, Value)>, sqlx::Error> {
    let row = query!(
        "SELECT kind, payload FROM gateway_events WHERE gateway_event_id = $1",
        gateway_event_id
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (row.kind, row.payload)))
}

pub(super) async fn save_applied(
    conn: &mut PgConnection,
    gateway_event_id: &str,
    outcome: &str,
) -> Result<(), sqlx::Error> {
    query!(
        "UPDATE gateway_events SET applied_at = clock_timestamp(), outcome = $2 WHERE gateway_event_id = $1",
        gateway_event_id,
        outcome,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes an event for a consumer, once. `false` when it was taken before: a redelivery.
pub(super) async fn insert_inbox(
    conn: &mut PgConnection,
    consumer: &str,
    event: EventId,
) -> Result<bool, sqlx::Error> {
    let taken = query!(
        "INSERT INTO inbox (consumer, event_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        consumer,
        event as EventId,
    )
    .execute(conn)
    .await?;
    Ok(taken.rows_affected() == 1)
}
