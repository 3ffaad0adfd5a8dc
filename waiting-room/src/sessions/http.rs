//! Routes of sessions, for tenants' servers, and the key set, for everybody.

use std::sync::Arc;

use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use actix_web::{HttpResponse, get, post, web};
use contracts::room::{AccessGranted, AccessQuery, SessionEnded};
use platform::problems::Problem;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::actions::{self, AccessRefused, EndRefused};
use crate::app::App;
use crate::faults::Fault;
use crate::ids::TicketId;
use crate::line_store::Ending;
use crate::tenants::Tenant;

pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(access)
        .service(complete_session)
        .service(abandon_session)
        .service(key_set);
}

/// Whether the fan may buy now, until when, and a pass to prove it.
#[utoipa::path(tag = "sessions", params(AccessQuery), security(("service_token" = [])), responses(
    (status = 200, body = AccessGranted), (status = 401, body = Problem),
    (status = 403, body = Problem, description = "`still-waiting` (members `position`, `now`)"),
    (status = 404, body = Problem, description = "`never-joined` (member `now`), `no-such-queue`"),
    (status = 410, body = Problem, description = "`session-over` (members `reason`, `now`; `expired_because` if dropped)")),
    extensions(("x-epic" = json!("E5")), ("x-feature" = json!("E5-F4")), ("x-rules" = json!(["one-clock"]))))]
#[get("/access")]
async fn access(
    app: web::Data<Arc<App>>,
    tenant: Tenant,
    query: web::Query<AccessQuery>,
) -> Result<web::Json<AccessGranted>, Fault<AccessRefused>> {
    actions::access(&app, &tenant, &query).await.map(web::Json)
}

/// The purchase is done: the slot is free at once. Repeating it answers how the session ended.
#[utoipa::path(tag = "sessions", security(("service_token" = [])), responses(
    (status = 200, body = SessionEnded), (status = 401, body = Problem),
    (status = 404, body = Problem, description = "`no-such-ticket`"),
    (status = 409, body = Problem, description = "`not-admitted`")),
    extensions(("x-epic" = json!("E5")), ("x-feature" = json!("E5-F4")),
        ("x-rules" = json!(["slot-free-at-once"]))))]
#[post("/sessions/{ticket_id}/complete")]
async fn complete_session(
    app: web::Data<Arc<App>>,
    tenant: Tenant,
    id: web::Path<Uuid>,
) -> Result<web::Json<SessionEnded>, Fault<EndRefused>> {
    actions::end(&app, &tenant, TicketId(*id), Ending::Complete)
        .await
        .map(web::Json)
}

/// The fan gave up: the slot is free at once. Repeating it answers how the session ended.
#[utoipa::path(tag = "sessions", security(("service_token" = [])), responses(
    (status = 200, body = SessionEnded), (status = 401, body = Problem),
    (status = 404, body = Problem, description = "`no-such-ticket`"),
    (status = 409, body = Problem, description = "`not-admitted`")),
    extensions(("x-epic" = json!("E5")), ("x-feature" = json!("E5-F4")),
        ("x-rules" = json!(["slot-free-at-once"]))))]
#[post("/sessions/{ticket_id}/abandon")]
async fn abandon_session(
    app: web::Data<Arc<App>>,
    tenant: Tenant,
    id: web::Path<Uuid>,
) -> Result<web::Json<SessionEnded>, Fault<EndRefused>> {
    actions::end(&app, &tenant, TicketId(*id), Ending::Abandon)
        .await
        .map(web::Json)
}

/// The keys that passes are verified with.
#[utoipa::path(tag = "sessions", responses((status = 200, description = "A JSON Web Key Set")),
    extensions(("x-epic" = json!("E5")), ("x-feature" = json!("E5-F4")),
        ("x-rules" = json!(["signed-pass"]))))]
#[get("/.well-known/jwks.json")]
async fn key_set(app: web::Data<Arc<App>>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")))
        .json(serde_json::json!({ "keys": [app.key.jwk()] }))
}
