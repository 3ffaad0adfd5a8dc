//! `POST /matches/{id}/checkout` · `GET /orders`, `/orders/{id}`.

use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, Utc};
use domain::ids::{MatchId, OrderId, SavedProfileId};
use domain::orders::{CheckoutRefused, OrderState};
use domain::users::Holder;
use platform::body::Body;
use platform::problems::{INVALID_REQUEST, Problem};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::actions::{self, Checkout};
use super::store::{Line, Order};
use crate::admission::Entered;
use crate::app::App;
use crate::http::actor::Fan;
use crate::http::client::Client;
use crate::http::fault::{Fault, Refusal};
use crate::http::holders::HolderBody;
use crate::http::keys::IdempotencyKey;
use crate::http::pages::{Page, PageQuery};
use crate::http::problems::{
    CART_VERSION_MISMATCH, HOLDER_BLACKLISTED, HOLDER_HAS_TICKET, IDEMPOTENCY_KEY_REUSED, INVALID_HOLDER,
    NO_CART, NOT_FOUND, ORDER_OPEN, PROFILE_REQUIRED, SALE_CLOSED,
};

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(check_out).service(list_orders).service(read_order);
}

impl Refusal for CheckoutRefused {
    fn problem(&self) -> Problem {
        match self {
            Self::NoCart => Problem::new(NO_CART),
            Self::VersionMismatch { current } => {
                Problem::new(CART_VERSION_MISMATCH).member("current_version", *current)
            }
            Self::OrderOpen { order_id } => Problem::new(ORDER_OPEN).member("order_id", order_id.to_string()),
            Self::SaleClosed => Problem::new(SALE_CLOSED),
            Self::ProfileRequired => Problem::new(PROFILE_REQUIRED),
            Self::HolderCount { wanted } => Problem::new(INVALID_HOLDER)
                .detail(format!(
                    "name {wanted} holders: ticket 1 is your own, unless you have one already"
                ))
                .member("wanted", *wanted),
            Self::HolderTwice { holder } => Problem::new(INVALID_HOLDER)
                .detail(format!("the holder of ticket {holder} is named twice"))
                .member("holder", *holder),
            Self::NoSuchSavedProfile => {
                Problem::new(INVALID_HOLDER).detail("saved_holders names a profile that is none of yours")
            }
            Self::HolderHasTicket => Problem::new(HOLDER_HAS_TICKET),
            Self::Blacklisted => Problem::new(HOLDER_BLACKLISTED),
            Self::KeyReused => Problem::new(IDEMPOTENCY_KEY_REUSED),
        }
    }
}

/// What a fan says at checkout.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckoutBody {
    /// The cart's version that the app saw.
    cart_version: i32,
    /// Holders of tickets 2 and up: ticket 1 is the buyer's own, unless they have one for this match already.
    #[schema(max_items = 4)]
    holders: Vec<HolderBody>,
    /// The same by what is saved of them (`/users/me/saved-profiles`): holders of the tickets after those of `holders`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Uuid>, max_items = 4)]
    saved_holders: Vec<SavedProfileId>,
    /// Whether equal seats, together in the same zone, will do if a late payment finds these gone.
    #[serde(default)]
    accept_equal_seats: bool,
}

impl CheckoutBody {
    fn parse(&self, app: &App, key: IdempotencyKey, match_id: MatchId) -> Result<Checkout, Problem> {
        let now = app.clock.now();
        if self.holders.len() + self.saved_holders.len() > 4 {
            return Err(Problem::new(INVALID_REQUEST).detail("at most 4 holders"));
        }
        let holder = |(index, body): (usize, &HolderBody)| {
            let invalid = |why: &str| {
                Problem::new(INVALID_HOLDER)
                    .detail(why)
                    .member("holder", index + 1)
            };
            body.parse(now).map_err(invalid)
        };
        let holders: Result<Vec<Holder>, Problem> = self.holders.iter().enumerate().map(holder).collect();
        let said = serde_json::to_vec(&(match_id, self)).unwrap_or_default();
        Ok(Checkout {
            cart_version: self.cart_version,
            holders: holders?,
            saved_holders: self.saved_holders.clone(),
            accept_equal_seats: self.accept_equal_seats,
            key: key.0,
            request_hash: app.personal_data.request_hash(&said),
        })
    }
}

/// One ticket of an order.
#[derive(Debug, Serialize, ToSchema)]
pub struct LineView {
    seat_id: Uuid,
    holder_name: String,
    /// VAT included.
    #[schema(value_type = String, example = "40.00")]
    ticket_price: Decimal,
    /// Service fee, VAT included.
    #[schema(value_type = String, example = "2.40")]
    fee: Decimal,
    #[schema(value_type = String, example = "42.40")]
    total: Decimal,
}

/// An order.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrderView {
    order_id: Uuid,
    #[schema(example = "HNS-2026-00012345")]
    order_number: String,
    match_id: Uuid,
    /// AWAITING_PAYMENT, COMPLETED, CANCELLED, EXPIRED or REFUNDED.
    #[schema(example = "AWAITING_PAYMENT")]
    state: &'static str,
    /// Why it ended as it did, if there is more to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    version: i32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lines: Vec<LineView>,
    #[schema(value_type = String, example = "84.80")]
    total: Decimal,
    #[schema(example = "EUR")]
    currency: String,
    /// The end of the fan's session.
    pay_by: DateTime<Utc>,
    created_at: DateTime<Utc>,
}

impl OrderView {
    /// An order as its fan sees it; a list leaves the lines out.
    #[must_use]
    pub fn of(order: Order, lines: Vec<Line>) -> Self {
        let line = |line: Line| LineView {
            seat_id: line.seat_id.0,
            holder_name: line.holder_name,
            ticket_price: line.ticket_price,
            fee: line.fee,
            total: line.ticket_price + line.fee,
        };
        Self {
            order_id: order.order_id.0,
            order_number: order.number(),
            match_id: order.match_id.0,
            state: state_name(order.state),
            version: order.version,
            lines: lines.into_iter().map(line).collect(),
            total: order.total,
            currency: order.currency,
            pay_by: order.session_ends_at,
            created_at: order.created_at,
            reason: order.end_reason,
        }
    }
}

fn state_name(state: OrderState) -> &'static str {
    match state {
        OrderState::AwaitingPayment => "AWAITING_PAYMENT",
        OrderState::Completed => "COMPLETED",
        OrderState::Cancelled => "CANCELLED",
        OrderState::Expired => "EXPIRED",
        OrderState::Refunded => "REFUNDED",
    }
}

/// Check out my cart: name the holders, get an order to pay.
#[utoipa::path(tag = "orders", request_body = CheckoutBody,
    params(
        ("match_id" = Uuid, Path),
        ("Idempotency-Key" = String, Header, description = "8 to 100 characters"),
        ("Tribina-Session-Pass" = Option<String>, Header, description = "The waiting room's signed pass"),
    ),
    responses((status = 201, body = OrderView), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 412, body = Problem), (status = 422, body = Problem)),
    extensions(("x-epic" = json!("E4")), ("x-feature" = json!("E4-F5")),
        ("x-rules" = json!(["one-ticket-per-person", "blacklist", "ticket-one-is-the-buyers"]))))]
#[post("/matches/{match_id}/checkout")]
#[expect(
    clippy::too_many_arguments,
    reason = "a handler takes each part of its request"
)]
async fn check_out(
    app: Data<App>,
    entered: Entered,
    client: Client,
    match_id: Path<MatchId>,
    key: IdempotencyKey,
    body: Body<CheckoutBody>,
) -> Result<HttpResponse, Fault<Problem>> {
    let checkout = body.parse(&app, key, *match_id)?;
    let (order, lines) = actions::check_out(&app, (&entered, &client), *match_id, checkout)
        .await
        .map_err(Fault::told)?;
    Ok(HttpResponse::Created().json(OrderView::of(order, lines)))
}

/// My orders.
#[utoipa::path(tag = "orders", params(PageQuery), responses((status = 200, body = Page<OrderView>)),
    extensions(("x-epic" = json!("E9")), ("x-feature" = json!("E9-F7")), ("x-rules" = json!([]))))]
#[get("/orders")]
async fn list_orders(
    app: Data<App>,
    fan: Fan,
    page: Query<PageQuery>,
) -> Result<Json<Page<OrderView>>, Fault<Problem>> {
    let orders = actions::list(&app, &fan, page.cursor).await?;
    let items = orders
        .into_iter()
        .map(|order| OrderView::of(order, Vec::new()))
        .collect();
    Ok(Json(Page::of(items, |item: &OrderView| item.order_id)))
}

/// One order of mine.
#[utoipa::path(tag = "orders", params(("order_id" = Uuid, Path)),
    responses((status = 200, body = OrderView), (status = 404, body = Problem)),
    extensions(("x-epic" = json!("E9")), ("x-feature" = json!("E9-F7")), ("x-rules" = json!(["buyer-only"]))))]
#[get("/orders/{order_id}")]
async fn read_order(
    app: Data<App>,
    fan: Fan,
    order_id: Path<OrderId>,
) -> Result<Json<OrderView>, Fault<Problem>> {
    let (order, lines) = actions::read(&app, &fan, *order_id)
        .await?
        .ok_or_else(|| Problem::new(NOT_FOUND))?;
    Ok(Json(OrderView::of(order, lines)))
}
