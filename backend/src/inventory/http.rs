//! `GET|PUT|DELETE /matches/{id}/cart` (E4-F2 to E4-F4).

use actix_web::http::header::ETAG;
use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, get, put};
use chrono::{DateTime, Utc};
use domain::ids::{MatchId, ZoneId};
use domain::inventory::{BadQuantity, HoldRefused, SeatQuantity};
use domain::money::with_cents;
use platform::body::Body;
use platform::problems::{INVALID_REQUEST, Problem};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::actions::{self, Hold};
use super::store::{LabelledCart, SeatLabel};
use crate::admission::Entered;
use crate::app::App;
use crate::http::actor::Fan;
use crate::http::fault::{Fault, Refusal};
use crate::http::keys::{IdempotencyKey, SeenVersion};
use crate::http::problems::{
    BUSY, CART_VERSION_MISMATCH, EARLIER_PHASE, GONE, IDEMPOTENCY_KEY_REUSED, NO_CART, NOT_ELIGIBLE,
    NOT_FOUND, ORDER_OPEN, OVER_LIMIT, QUEUE_SESSION_EXPIRED, SALE_CLOSED,
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(read_cart)
        .service(hold_seats)
        .service(release_cart);
}

impl Refusal for HoldRefused {
    fn problem(&self) -> Problem {
        match self {
            Self::SaleClosed => Problem::new(SALE_CLOSED),
            Self::NotEligible => Problem::new(NOT_ELIGIBLE),
            Self::SessionOver => Problem::new(QUEUE_SESSION_EXPIRED).member("reason", "SESSION_EXPIRED"),
            Self::EarlierPhase => Problem::new(EARLIER_PHASE),
            Self::OverLimit { left } => Problem::new(OVER_LIMIT).member("left", *left),
            Self::VersionMismatch { current } => Problem::new(CART_VERSION_MISMATCH)
                .member("current_version", *current)
                .detail("send the cart's version as If-Match; without a live cart send none"),
            Self::OrderOpen { order_id } => Problem::new(ORDER_OPEN).member("order_id", order_id.to_string()),
            Self::KeyReused => Problem::new(IDEMPOTENCY_KEY_REUSED),
            Self::NoSuchZone => Problem::new(NOT_FOUND).detail("this match has no such zone"),
            Self::Gone { as_of, largest_party } => Problem::new(GONE)
                .member("as_of", json!(as_of))
                .member("largest_party", *largest_party),
            Self::Busy { retry_after_seconds } => Problem::new(BUSY).retry_after(*retry_after_seconds),
        }
    }
}

/// What a fan asks for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CartBody {
    /// One of the match's zones.
    zone_id: Uuid,
    /// 1 to 4.
    #[schema(minimum = 1, maximum = 4)]
    quantity: u32,
}

impl CartBody {
    fn parse(&self, key: IdempotencyKey, seen: SeenVersion) -> Result<Hold, Fault<Problem>> {
        let quantity = SeatQuantity::parse(self.quantity).map_err(|bad| match bad {
            BadQuantity::None => Problem::new(INVALID_REQUEST).detail("quantity must be 1 to 4"),
            BadQuantity::OverLimit => Problem::new(OVER_LIMIT).detail("at most 4 tickets in one purchase"),
        })?;
        Ok(Hold {
            zone_id: ZoneId(self.zone_id),
            quantity,
            seen_version: seen.0,
            key: key.0,
        })
    }
}

/// A seat, as it is called.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SeatView {
    seat_id: Uuid,
    #[schema(example = "Zapad donji 1")]
    sector: String,
    /// Absent, as `number`: a place without a number.
    #[schema(example = "8")]
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<String>,
    #[schema(example = "14")]
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
}

impl From<SeatLabel> for SeatView {
    fn from(label: SeatLabel) -> Self {
        Self {
            seat_id: label.seat_id.0,
            sector: label.sector,
            row: label.row,
            number: label.number,
        }
    }
}

/// Seats held for a fan until the end of their session.
#[derive(Debug, Serialize, ToSchema)]
pub struct CartView {
    cart_id: Uuid,
    match_id: Uuid,
    /// Send it as `If-Match` to change the cart, as `cart_version` to check it out.
    version: i32,
    zone_id: Uuid,
    zone_name: String,
    seats: Vec<SeatView>,
    /// `false`: no seats together are left in this zone.
    adjacent: bool,
    /// Of one seat; VAT included; holds until the lock ends.
    #[schema(value_type = String, example = "40.00")]
    unit_price: Decimal,
    /// Without the service fee.
    #[schema(value_type = String, example = "80.00")]
    total: Decimal,
    #[schema(example = "EUR")]
    currency: String,
    locked_until: DateTime<Utc>,
    /// The server's clock, for the countdown.
    now: DateTime<Utc>,
}

impl From<LabelledCart> for CartView {
    fn from(labelled: LabelledCart) -> Self {
        let cart = labelled.cart;
        let seats: Vec<SeatView> = labelled.seats.into_iter().map(SeatView::from).collect();
        Self {
            cart_id: cart.cart_id.0,
            match_id: cart.match_id.0,
            version: cart.version,
            zone_id: cart.zone_id.0,
            zone_name: seats.first().map(|seat| seat.sector.clone()).unwrap_or_default(),
            total: with_cents(cart.unit_price * Decimal::from(seats.len())),
            seats,
            adjacent: cart.adjacent,
            unit_price: with_cents(cart.unit_price),
            currency: cart.currency,
            locked_until: cart.locked_until,
            now: labelled.now,
        }
    }
}

/// My live cart.
#[utoipa::path(tag = "cart", params(("match_id" = Uuid, Path)),
    responses((status = 200, body = CartView), (status = 404, body = Problem)),
    extensions(("x-epic" = json!("E4")), ("x-feature" = json!("E4-F4")), ("x-rules" = json!([]))))]
#[get("/matches/{match_id}/cart")]
async fn read_cart(
    app: Data<App>,
    fan: Fan,
    match_id: Path<MatchId>,
) -> Result<HttpResponse, Fault<HoldRefused>> {
    match actions::read(&app, &fan, *match_id).await? {
        Some(cart) => Ok(answer(cart)),
        None => Ok(actix_web::ResponseError::error_response(&Problem::new(NO_CART))),
    }
}

/// Hold seats: neighbours if there are any, for the rest of my session. Changes the cart if I have one.
#[utoipa::path(tag = "cart", request_body = CartBody,
    params(
        ("match_id" = Uuid, Path),
        ("Idempotency-Key" = String, Header, description = "8 to 100 characters"),
        ("If-Match" = Option<String>, Header, description = "The live cart's version"),
        ("Tribina-Session-Pass" = Option<String>, Header, description = "The waiting room's signed pass"),
    ),
    responses((status = 200, body = CartView), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 412, body = Problem),
        (status = 422, body = Problem), (status = 503, body = Problem)),
    extensions(("x-epic" = json!("E4")), ("x-feature" = json!("E4-F3")),
        ("x-rules" = json!(["limit-of-4", "one-clock", "snake", "no-false-sold-out"]))))]
#[put("/matches/{match_id}/cart")]
async fn hold_seats(
    app: Data<App>,
    entered: Entered,
    match_id: Path<MatchId>,
    (key, seen): (IdempotencyKey, SeenVersion),
    body: Body<CartBody>,
) -> Result<HttpResponse, Fault<Problem>> {
    let hold = body.parse(key, seen)?;
    let cart = actions::hold(&app, &entered, *match_id, hold)
        .await
        .map_err(Fault::told)?;
    Ok(answer(cart))
}

/// Give my seats back.
#[utoipa::path(tag = "cart", params(("match_id" = Uuid, Path)),
    responses((status = 204), (status = 409, body = Problem)),
    extensions(("x-epic" = json!("E4")), ("x-feature" = json!("E4-F4")), ("x-rules" = json!([]))))]
#[delete("/matches/{match_id}/cart")]
async fn release_cart(
    app: Data<App>,
    fan: Fan,
    match_id: Path<MatchId>,
) -> Result<HttpResponse, Fault<HoldRefused>> {
    actions::release(&app, &fan, *match_id).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn answer(cart: LabelledCart) -> HttpResponse {
    let view = CartView::from(cart);
    HttpResponse::Ok()
        .insert_header((ETAG, format!("\"{}\"", view.version)))
        .json(view)
}
