//! Routes of fans' places, for fans' apps and tenants' servers.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use contracts::room::{JoinQueue, Ticket};
use contracts::tokens::TicketTokenClaims;
use platform::body::Body;
use platform::problems::Problem;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::actions::{self, JoinRefused, LookRefused};
use super::tokens;
use crate::app::App;
use crate::faults::Fault;
use crate::ids::{QueueId, UserId};
use crate::tenants::{bearer, tenant_of};

pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(join_queue)
        .service(get_ticket)
        .service(leave_queue);
}

/// Joins the line: with a join grant, or by the tenant's server for a user. Same user again: the same ticket.
#[utoipa::path(request_body = JoinQueue, tag = "tickets", security((), ("service_token" = [])), responses(
    (status = 201, body = Ticket), (status = 200, body = Ticket, description = "The place that the fan has already"),
    (status = 401, body = Problem, description = "`join-grant-invalid`, `join-grant-expired`, `service-token-invalid`"),
    (status = 404, body = Problem), (status = 409, body = Problem,
     description = "`queue-not-open-yet` (member `opens_at`), `queue-closed` (member `reason`)")),
    extensions(("x-epic" = json!("E5")), ("x-feature" = json!("E5-F1")),
        ("x-rules" = json!(["first-come-first-served", "one-place-per-fan", "not-before-opening"]))))]
#[post("/queues/{queue_id}/tickets")]
async fn join_queue(
    app: web::Data<Arc<App>>,
    request: HttpRequest,
    id: web::Path<Uuid>,
    body: Body<JoinQueue>,
) -> Result<HttpResponse, Fault<JoinRefused>> {
    let queue = QueueId(*id);
    let (ticket, fresh) = match (&body.grant, body.user_id) {
        (Some(grant), None) => actions::join_with_grant(&app, queue, grant).await?,
        (None, Some(user)) => {
            let tenant = tenant_of(&request).map_err(JoinRefused::from)?;
            actions::join_as(&app, &tenant, queue, UserId(user)).await?
        }
        (None, None) | (Some(_), Some(_)) => return Err(JoinRefused::Ambiguous.into()),
    };
    let status = if fresh {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok(HttpResponse::build(status).json(ticket))
}

/// The place, or what became of it: the same as the socket tells.
#[utoipa::path(tag = "tickets", security(("ticket_token" = [])), responses(
    (status = 200, body = Ticket), (status = 401, body = Problem), (status = 404, body = Problem)),
    extensions(("x-epic" = json!("E5")), ("x-feature" = json!("E5-F2")),
        ("x-rules" = json!(["place-never-rises"]))))]
#[get("/tickets/{ticket_id}")]
async fn get_ticket(
    app: web::Data<Arc<App>>,
    request: HttpRequest,
    id: web::Path<Uuid>,
) -> Result<web::Json<Ticket>, Fault<LookRefused>> {
    let claims = fan_of(&app, &request, *id)?;
    let (_, ticket) = actions::look(&app, &claims).await?;
    Ok(web::Json(ticket))
}

/// Gives up the place or the session. Repeating it changes nothing.
#[utoipa::path(tag = "tickets", security(("ticket_token" = [])), responses(
    (status = 204, description = "Gone"), (status = 401, body = Problem), (status = 404, body = Problem)),
    extensions(("x-epic" = json!("E5")), ("x-feature" = json!("E5-F5")),
        ("x-rules" = json!(["only-leaving-or-silence-ends-a-place"]))))]
#[delete("/tickets/{ticket_id}")]
async fn leave_queue(
    app: web::Data<Arc<App>>,
    request: HttpRequest,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Fault<LookRefused>> {
    let claims = fan_of(&app, &request, *id)?;
    actions::leave(&app, &claims).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The fan whose ticket token the request carries, if it is the token of `ticket`.
fn fan_of(app: &App, request: &HttpRequest, ticket: Uuid) -> Result<TicketTokenClaims, Fault<LookRefused>> {
    let token = bearer(request).ok_or(LookRefused::TokenInvalid)?;
    Ok(tokens::verify(app, token, ticket)?)
}
