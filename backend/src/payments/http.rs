//! `POST /orders/{id}/payment`, `/orders/{id}/cancellation`, `/orders/{id}/refund` · `POST /webhooks/stripe`.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse, post};
use chrono::{DateTime, Utc};
use domain::ids::OrderId;
use domain::orders::{CancelRefused, RefundRefused};
use platform::problems::{BODY_TOO_LARGE, INVALID_REQUEST, Problem};
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::{self, Started};
use crate::app::App;
use crate::http::actor::Fan;
use crate::http::fault::Fault;
use crate::http::keys::IdempotencyKey;
use crate::orders::http::OrderView;

/// The fans' routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(start_payment)
        .service(cancel_order)
        .service(refund_order);
}

/// The gateway's route.
pub fn webhook_routes(config: &mut ServiceConfig) {
    config.service(receive_webhook);
}

/// What the fan's app needs to pay.
#[derive(Debug, Serialize, ToSchema)]
pub struct PaymentView {
    /// Stripe's id of the intent.
    payment_intent_id: String,
    /// Lets the app confirm the intent with a card.
    client_secret: String,
    #[schema(value_type = String, example = "84.80")]
    amount: Decimal,
    #[schema(example = "EUR")]
    currency: &'static str,
    /// Pay before this instant.
    pay_by: DateTime<Utc>,
}

impl From<Started> for PaymentView {
    fn from(started: Started) -> Self {
        Self {
            payment_intent_id: started.intent_id,
            client_secret: started.client_secret,
            amount: started.price.amount(),
            currency: started.price.currency().code(),
            pay_by: started.pay_by,
        }
    }
}

/// Start paying my order, or go on paying it: the same order answers the same intent.
#[utoipa::path(tag = "orders",
    params(
        ("order_id" = Uuid, Path),
        ("Idempotency-Key" = String, Header, description = "8 to 100 characters"),
        ("Tribina-Session-Pass" = Option<String>, Header, description = "The waiting room's signed pass"),
    ),
    responses((status = 200, body = PaymentView), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 503, body = Problem)),
    extensions(("x-epic" = json!("E8")), ("x-feature" = json!("E8-F1")),
        ("x-rules" = json!(["last-attempt", "landing", "one-intent-per-order"]))))]
#[post("/orders/{order_id}/payment")]
async fn start_payment(
    app: Data<App>,
    fan: Fan,
    order_id: Path<OrderId>,
    _key: IdempotencyKey,
) -> Result<Json<PaymentView>, Fault<Problem>> {
    Ok(Json(actions::start(&app, fan, *order_id).await?.into()))
}

/// Take an unpaid order back: its seats are free as soon as its payment cannot be captured any more.
#[utoipa::path(tag = "orders", params(("order_id" = Uuid, Path)),
    responses((status = 200, body = OrderView), (status = 404, body = Problem), (status = 409, body = Problem)),
    extensions(("x-epic" = json!("E4")), ("x-feature" = json!("E4-F7")), ("x-rules" = json!([]))))]
#[post("/orders/{order_id}/cancellation")]
async fn cancel_order(
    app: Data<App>,
    fan: Fan,
    order_id: Path<OrderId>,
) -> Result<Json<OrderView>, Fault<CancelRefused>> {
    let (order, lines) = actions::cancel(&app, &fan, *order_id).await?;
    Ok(Json(OrderView::of(order, lines)))
}

/// Give a paid order back: its tickets end at once, and all of its money goes back to the card.
#[utoipa::path(tag = "orders",
    params(
        ("order_id" = Uuid, Path),
        ("Idempotency-Key" = String, Header, description = "8 to 100 characters"),
    ),
    responses((status = 200, body = OrderView), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem)),
    extensions(("x-epic" = json!("E9")), ("x-feature" = json!("E9-F8")),
        ("x-rules" = json!(["refund-deadline", "fee-goes-back", "refunded-once"]))))]
#[post("/orders/{order_id}/refund")]
async fn refund_order(
    app: Data<App>,
    fan: Fan,
    order_id: Path<OrderId>,
    _key: IdempotencyKey,
) -> Result<Json<OrderView>, Fault<RefundRefused>> {
    let (order, lines) = actions::return_order(&app, &fan, *order_id).await?;
    Ok(Json(OrderView::of(order, lines)))
}

/// Stripe tells us something.
#[utoipa::path(tag = "webhooks", request_body(content = String, content_type = "application/json"),
    params(("Stripe-Signature" = String, Header)),
    responses((status = 200), (status = 400, body = Problem)),
    extensions(("x-epic" = json!("E8")), ("x-feature" = json!("E8-F1")), ("x-rules" = json!(["verified", "stored-once"]))))]
#[post("/webhooks/stripe")]
async fn receive_webhook(
    app: Data<App>,
    request: HttpRequest,
    body: Result<String, actix_web::Error>,
) -> Result<HttpResponse, Fault<Problem>> {
    let body = body.map_err(|error| unreadable(&error))?;
    let signature = request
        .headers()
        .get("Stripe-Signature")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    actions::receive(&app, &body, signature)
        .await
        .map_err(Fault::told)?;
    Ok(HttpResponse::Ok().finish())
}

/// The extractor of raw bodies would answer plain text.
fn unreadable(error: &actix_web::Error) -> Problem {
    match error.as_response_error().status_code() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(BODY_TOO_LARGE),
        _ => Problem::new(INVALID_REQUEST).detail("the body is no text"),
    }
}
