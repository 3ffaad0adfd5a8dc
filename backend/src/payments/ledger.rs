//! Double entry: every movement has legs that sum to zero (`ledger_movement_is_balanced`). Amounts owed to us and cash at
//! the gateway are positive, what we owe and what we earned negative. Balances are derived.
#![expect(
    clippy::as_conversions,
    reason = "sqlx's way to name a parameter's type: nothing is converted"
)]

use domain::ids::OrderId;
use domain::money::Money;
use platform::ids::Ids;
use rust_decimal::Decimal;
use sqlx::{PgConnection, query};

use crate::orders::Line;
use crate::sabotage::{self, Guard};

/// One leg.
type Leg = (&'static str, Decimal);

/// Captured and fulfilled: cash against tickets, fees and their VAT.
pub(super) async fn book_sale(
    conn: &mut PgConnection,
    ids: Ids,
    order: OrderId,
    (captured, lines): (Money, &[Line]),
) -> Result<(), sqlx::Error> {
    let sum = |amount: fn(&Line) -> Decimal| -> Decimal { lines.iter().map(amount).sum() };
    let legs = [
        ("gateway", captured.amount()),
        ("tickets", -sum(|line| line.ticket_price - line.ticket_vat)),
        ("ticket_vat", -sum(|line| line.ticket_vat)),
        ("fees", -sum(|line| line.fee - line.fee_vat)),
        ("fee_vat", -sum(|line| line.fee_vat)),
    ];
    book(conn, ids, (order, captured), &legs).await
}

/// Tickets that came back: what the sale had booked is owed to the buyer, fee included (decision "Refund of the fee").
pub(super) async fn book_return(
    conn: &mut PgConnection,
    ids: Ids,
    order: OrderId,
    (amount, lines): (Money, &[Line]),
) -> Result<(), sqlx::Error> {
    let sum = |amount: fn(&Line) -> Decimal| -> Decimal { lines.iter().map(amount).sum() };
    let legs = [
        ("refunds_due", -amount.amount()),
        ("tickets", sum(|line| line.ticket_price - line.ticket_vat)),
        ("ticket_vat", sum(|line| line.ticket_vat)),
        ("fees", sum(|line| line.fee - line.fee_vat)),
        ("fee_vat", sum(|line| line.fee_vat)),
    ];
    book(conn, ids, (order, amount), &legs).await
}

/// Captured too late: cash that we owe back.
pub(super) async fn book_refund_due(
    conn: &mut PgConnection,
    ids: Ids,
    order: OrderId,
    captured: Money,
) -> Result<(), sqlx::Error> {
    let legs = [
        ("gateway", captured.amount()),
        ("refunds_due", -captured.amount()),
    ];
    book(conn, ids, (order, captured), &legs).await
}

/// Sent back.
pub(super) async fn book_refunded(
    conn: &mut PgConnection,
    ids: Ids,
    order: OrderId,
    amount: Money,
) -> Result<(), sqlx::Error> {
    let legs = [("refunds_due", amount.amount()), ("gateway", -amount.amount())];
    book(conn, ids, (order, amount), &legs).await
}

async fn book(
    conn: &mut PgConnection,
    ids: Ids,
    (order, of): (OrderId, Money),
    mut legs: &[Leg],
) -> Result<(), sqlx::Error> {
    if sabotage::lifts(Guard::BalancedMovement)
        && let Some((_, rest)) = legs.split_last()
    {
        legs = rest;
    }
    let accounts: Vec<String> = legs.iter().map(|leg| leg.0.to_owned()).collect();
    let amounts: Vec<Decimal> = legs.iter().map(|leg| leg.1).collect();
    query!(
        "INSERT INTO ledger_entries (movement_id, leg, order_id, account, amount, currency)
         SELECT $1, leg, $2, account, amount, $3
         FROM unnest($4::text[], $5::numeric[]) WITH ORDINALITY AS l(account, amount, leg)",
        ids.next(),
        order as OrderId,
        of.currency().code(),
        &accounts,
        &amounts,
    )
    .execute(conn)
    .await?;
    Ok(())
}
