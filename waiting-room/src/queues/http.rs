//! Routes of queues, for tenants' servers.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, patch, post, web};
use contracts::room::{ChangeQueue, CreateQueue, OriginHealth, Queue, QueueState, QueueStats};
use platform::body::Body;
use platform::problems::Problem;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::actions::{self, ChangeRefused, CreateRefused, NoSuchQueue};
use crate::app::App;
use crate::faults::Fault;
use crate::ids::QueueId;
use crate::tenants::Tenant;

pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(create_queue)
        .service(get_queue)
        .service(change_queue)
        .service(pause_queue)
        .service(resume_queue)
        .service(close_queue)
        .service(queue_stats)
        .service(origin_health);
}

/// Makes a queue. The same `reference` again answers the queue that it already made, if it is set so.
#[utoipa::path(request_body = CreateQueue, tag = "queues", security(("service_token" = [])), responses(
    (status = 201, body = Queue), (status = 200, body = Queue, description = "It was there already"),
    (status = 401, body = Problem),
    (status = 409, body = Problem, description = "`queue-exists` (member `queue_id`): it is set otherwise"),
    (status = 422, body = Problem, description = "`queue-setting-invalid`")),
    extensions(("x-epic" = json!("E5")), ("x-feature" = json!("E5-F1")),
        ("x-rules" = json!(["one-queue-per-reference"]))))]
#[post("/queues")]
async fn create_queue(
    app: web::Data<Arc<App>>,
    tenant: Tenant,
    body: Body<CreateQueue>,
) -> Result<HttpResponse, Fault<CreateRefused>> {
    let (queue, made) = actions::create(&app, &tenant, &body).await?;
    let status = if made { StatusCode::CREATED } else { StatusCode::OK };
    Ok(HttpResponse::build(status).json(queue))
}

/// A queue as it is set.
#[utoipa::path(tag = "queues", security(("service_token" = [])), responses(
    (status = 200, body = Queue), (status = 401, body = Problem), (status = 404, body = Problem)),
    extensions(("x-epic" = json!("E5")), ("x-feature" = json!("E5-F1")), ("x-rules" = json!([]))))]
#[get("/queues/{queue_id}")]
async fn get_queue(
    app: web::Data<Arc<App>>,
    tenant: Tenant,
    id: web::Path<Uuid>,
) -> Result<web::Json<Queue>, Fault<NoSuchQueue>> {
    actions::get(&app, &tenant, QueueId(*id)).await.map(web::Json)
}

/// Changes caps and openings; what is left out stays. Lowering a cap drains, it never evicts.
#[utoipa::path(request_body = ChangeQueue, tag = "queues", security(("service_token" = [])), responses(
    (status = 200, body = Queue), (status = 401, body = Problem), (status = 404, body = Problem),
    (status = 422, body = Problem, description = "`queue-setting-invalid`")),
    extensions(("x-epic" = json!("E5")), ("x-feature" = json!("E5-F4")),
        ("x-rules" = json!(["lowering-drains"]))))]
#[patch("/queues/{queue_id}")]
async fn change_queue(
    app: web::Data<Arc<App>>,
    tenant: Tenant,
    id: web::Path<Uuid>,
    body: Body<ChangeQueue>,
) -> Result<web::Json<Queue>, Fault<ChangeRefused>> {
    actions::change(&app, &tenant, QueueId(*id), &body)
        .await
        .map(web::Json)
}

/// Admits nobody until resumed; joins go on.
#[utoipa::path(tag = "queues", security(("service_token" = [])), responses(
    (status = 200, body = Queue), (status = 401, body = Problem), (status = 404, body = Problem),
    (status = 409, body = Problem, description = "`queue-closed`")),
    extensions(("x-epic" = json!("E5")), ("x-feature" = json!("E5-F4")),
        ("x-rules" = json!(["joins-go-on"]))))]
#[post("/queues/{queue_id}/pause")]
async fn pause_queue(
    app: web::Data<Arc<App>>,
    tenant: Tenant,
    id: web::Path<Uuid>,
) -> Result<web::Json<Queue>, Fault<ChangeRefused>> {
    actions::set_state(&app, &tenant, QueueId(*id), QueueState::Paused)
        .await
        .map(web::Json)
}

/// Admits again.
#[utoipa::path(tag = "queues", security(("service_token" = [])), responses(
    (status = 200, body = Queue), (status = 401, body = Problem), (status = 404, body = Problem),
    (status = 409, body = Problem, description = "`queue-closed`")),
    extensions(("x-epic" = json!("E5")), ("x-feature" = json!("E5-F4")),
        ("x-rules" = json!(["closed-is-final"]))))]
#[post("/queues/{queue_id}/resume")]
async fn resume_queue(
    app: web::Data<Arc<App>>,
    tenant: Tenant,
    id: web::Path<Uuid>,
) -> Result<web::Json<Queue>, Fault<ChangeRefused>> {
    actions::set_state(&app, &tenant, QueueId(*id), QueueState::Open)
        .await
        .map(web::Json)
}

/// Ends the queue: everybody who waits is told; open sessions go on to their end. Final.
#[utoipa::path(tag = "queues", security(("service_token" = [])), responses(
    (status = 200, body = Queue), (status = 401, body = Problem), (status = 404, body = Problem)),
    extensions(("x-epic" = json!("E5")), ("x-feature" = json!("E5-F1")),
        ("x-rules" = json!(["closed-is-final", "sessions-go-on"]))))]
#[post("/queues/{queue_id}/close")]
async fn close_queue(
    app: web::Data<Arc<App>>,
    tenant: Tenant,
    id: web::Path<Uuid>,
) -> Result<web::Json<Queue>, Fault<ChangeRefused>> {
    actions::set_state(&app, &tenant, QueueId(*id), QueueState::Closed)
        .await
        .map(web::Json)
}

/// How the line stands now.
#[utoipa::path(tag = "queues", security(("service_token" = [])), responses(
    (status = 200, body = QueueStats), (status = 401, body = Problem), (status = 404, body = Problem)),
    extensions(("x-epic" = json!("E5")), ("x-feature" = json!("E5-F1")), ("x-rules" = json!([]))))]
#[get("/queues/{queue_id}/stats")]
async fn queue_stats(
    app: web::Data<Arc<App>>,
    tenant: Tenant,
    id: web::Path<Uuid>,
) -> Result<web::Json<QueueStats>, Fault<NoSuchQueue>> {
    actions::stats(&app, &tenant, QueueId(*id)).await.map(web::Json)
}

/// What the origin has left to sell; counts for five seconds. Nothing free but something held: nobody is admitted.
/// Nothing at all: the queue closes as `SOLD_OUT`.
#[utoipa::path(request_body = OriginHealth, tag = "queues", security(("service_token" = [])), responses(
    (status = 204, description = "Noted"), (status = 401, body = Problem), (status = 404, body = Problem)),
    extensions(("x-epic" = json!("E5")), ("x-feature" = json!("E5-F1")),
        ("x-rules" = json!(["admit-what-can-be-sold", "close-when-sold-out"]))))]
#[post("/queues/{queue_id}/origin-health")]
async fn origin_health(
    app: web::Data<Arc<App>>,
    tenant: Tenant,
    id: web::Path<Uuid>,
    body: Body<OriginHealth>,
) -> Result<HttpResponse, Fault<NoSuchQueue>> {
    actions::note_health(&app, &tenant, QueueId(*id), &body).await?;
    Ok(HttpResponse::NoContent().finish())
}
