//! What a finished payment tells the rest of the world.

use contracts::events::{OrderCompleted, OrderRefunded};
use domain::ids::{SeatId, TicketId};
use domain::matches::local_time;
use domain::money::Money;
use domain::payments::RefundReason;
use sqlx::PgConnection;

use crate::app::App;
use crate::events::NewEvent;
use crate::notifications::{OrderConfirmation, Recipient, order_confirmation};
use crate::orders::Order;
use crate::{inventory, matches, users};

/// `order.completed`.
pub(super) fn completed(order: &Order, tickets: &[TicketId], version: i32) -> anyhow::Result<NewEvent> {
    let data = OrderCompleted {
        order_id: order.order_id.0,
        match_id: order.match_id.0,
        ticket_ids: tickets.iter().map(|ticket| ticket.0).collect(),
        total: order.total.to_string(),
        currency: order.currency.clone(),
    };
    Ok(NewEvent {
        nats_subject: "order.completed".to_owned(),
        kind: "order.completed",
        aggregate_id: order.order_id.0,
        aggregate_version: version.into(),
        data: serde_json::to_value(data)?,
    })
}

/// `order.refunded`.
pub(super) fn refunded(
    order: &Order,
    amount: Money,
    reason: RefundReason,
    version: i32,
) -> anyhow::Result<NewEvent> {
    let data = OrderRefunded {
        order_id: order.order_id.0,
        match_id: order.match_id.0,
        amount: amount.amount().to_string(),
        currency: amount.currency().code().to_owned(),
        reason: reason.code().to_owned(),
    };
    Ok(NewEvent {
        nats_subject: "order.refunded".to_owned(),
        kind: "order.refunded",
        aggregate_id: order.order_id.0,
        aggregate_version: version.into(),
        data: serde_json::to_value(data)?,
    })
}

/// `mail.order_confirmation` to the buyer; none if their profile is gone.
pub(super) async fn confirmation(
    conn: &mut PgConnection,
    app: &App,
    order: &Order,
    seats: &[SeatId],
) -> anyhow::Result<Option<NewEvent>> {
    let Some(buyer) = users::buyer_profile(conn, app, order.user_id).await? else {
        return Ok(None);
    };
    let Some(address) = buyer.email else {
        return Ok(None);
    };
    let title = matches::match_title(conn, order.match_id).await?;
    let labels: Vec<String> = inventory::list_labels(conn, seats)
        .await?
        .into_iter()
        .map(|seat| seat.in_words())
        .collect();
    let kick_off = local_time(title.kick_off_at);
    let language = if buyer.nationality.code() == "HR" {
        "hr"
    } else {
        "en"
    };
    let details = OrderConfirmation {
        order_number: order.number(),
        match_title: format!("{} – {}", title.home_team, title.away_team),
        kick_off,
        venue: title.venue,
        seats: labels,
        total: order.price()?.to_string(),
    };
    let recipient = Recipient {
        to: address.as_str(),
        language,
    };
    Ok(Some(order_confirmation(order.order_id, recipient, &details)))
}
