//! `GET|POST /admin/matches/{match_id}/sales-phases` · `PUT|DELETE …/{phase_id}` · `POST …/{phase_id}/opening`, `…/closing`.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, delete, get, post, put};
use chrono::{DateTime, Utc};
use domain::Timestamp;
use domain::ids::MatchId;
use domain::phases::{Phase, PhaseKind, Threshold};
use platform::body::Body;
use platform::problems::Problem;
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::actions::ByHand;
use super::{PhaseRow, actions};
use crate::app::App;
use crate::http::fault::Fault;
use crate::http::keys::KeyedRequest;
use crate::http::reasons::Reason;
use crate::http::staff::{ManageMatches, ReadMatches, Staff};
use crate::matches::plans::body::PhaseBody;
use crate::matches::plans::http::planner;
use crate::matches::plans::store;
use crate::staff::once;

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_phases)
        .service(add_phase)
        .service(change_phase)
        .service(remove_phase)
        .service(open_phase)
        .service(close_phase);
}

/// A phase of a sale.
#[derive(Debug, Serialize, ToSchema)]
pub struct PhaseView {
    phase_id: Uuid,
    /// LOYALTY or GENERAL_PUBLIC.
    #[schema(value_type = String, example = "GENERAL_PUBLIC")]
    kind: PhaseKind,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    /// Tickets of one buyer by the end of it.
    ticket_limit: u32,
    /// Of a LOYALTY phase: `min_points` and the `max_tickets` they give, highest first.
    #[schema(value_type = Vec<Object>)]
    thresholds: Vec<Threshold>,
    /// SCHEDULED, OPEN or OVER.
    #[schema(example = "OPEN")]
    status: &'static str,
    /// Why it ended before its time: BY_HAND or SOLD_OUT.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_early: Option<String>,
}

impl PhaseView {
    /// A phase as it stands at `now`.
    #[must_use]
    pub fn of(row: PhaseRow, now: Timestamp) -> Self {
        let Phase {
            kind,
            starts_at,
            ends_at,
            ticket_limit,
            thresholds,
        } = row.phase;
        Self {
            phase_id: row.phase_id,
            kind,
            starts_at,
            ends_at,
            ticket_limit,
            thresholds,
            status: if now >= ends_at {
                "OVER"
            } else if now >= starts_at {
                "OPEN"
            } else {
                "SCHEDULED"
            },
            ended_early: row.ended_early,
        }
    }

    /// A phase as it stands, by the clock that its times are of.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn at_present(conn: &mut PgConnection, row: PhaseRow) -> Result<Self, sqlx::Error> {
        Ok(Self::of(row, store::now(conn).await?))
    }
}

/// All phases of a match: twenty at most, so there are no pages.
#[derive(Debug, Serialize, ToSchema)]
pub struct PhasesView {
    /// By their beginning.
    items: Vec<PhaseView>,
}

/// A match's phases.
#[utoipa::path(tag = "matches", params(("match_id" = Uuid, Path)),
    responses((status = 200, body = PhasesView), (status = 403, body = Problem), (status = 404, body = Problem)),
    extensions(("x-epic" = json!("E2")), ("x-feature" = json!("E2-F2")), ("x-rules" = json!([])),
        ("x-permission" = json!("matches.read"))))]
#[get("/matches/{match_id}/sales-phases")]
async fn list_phases(
    app: Data<App>,
    _staff: Staff<ReadMatches>,
    match_id: Path<MatchId>,
) -> Result<Json<PhasesView>, Fault<Problem>> {
    let mut conn = app.db.acquire().await?;
    let (rows, now) = actions::list(&mut conn, *match_id).await.map_err(Fault::told)?;
    Ok(Json(PhasesView {
        items: rows.into_iter().map(|row| PhaseView::of(row, now)).collect(),
    }))
}

/// Plan another phase.
#[utoipa::path(tag = "matches", request_body = PhaseBody,
    params(("match_id" = Uuid, Path), ("Idempotency-Key" = String, Header, description = "8 to 100 characters")),
    responses((status = 201, body = PhaseView), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)),
    extensions(("x-epic" = json!("E2")), ("x-feature" = json!("E2-F2")), ("x-rules" = json!(["phases-do-not-overlap"])),
        ("x-permission" = json!("matches.manage"))))]
#[post("/matches/{match_id}/sales-phases")]
async fn add_phase(
    app: Data<App>,
    staff: Staff<ManageMatches>,
    match_id: Path<MatchId>,
    request: KeyedRequest,
    body: Body<PhaseBody>,
) -> Result<HttpResponse, Fault<Problem>> {
    let (planner, wanted) = (planner(&staff, None), Phase::from(&*body));
    once(
        &app,
        (staff.id, &request),
        &*body,
        StatusCode::CREATED,
        async |tx| {
            let added = actions::add(tx, app.ids, &planner, (*match_id, &wanted)).await;
            Ok(PhaseView::at_present(tx, added.map_err(Fault::told)?).await?)
        },
    )
    .await
}

/// Say a phase anew. Of a published match, what is over stays, and what has begun keeps its beginning.
#[utoipa::path(tag = "matches", request_body = PhaseBody, params(("match_id" = Uuid, Path), ("phase_id" = Uuid, Path)),
    responses((status = 200, body = PhaseView), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)),
    extensions(("x-epic" = json!("E2")), ("x-feature" = json!("E2-F2")), ("x-rules" = json!(["phases-do-not-overlap"])),
        ("x-permission" = json!("matches.manage"))))]
#[put("/matches/{match_id}/sales-phases/{phase_id}")]
async fn change_phase(
    app: Data<App>,
    staff: Staff<ManageMatches>,
    path: Path<(MatchId, Uuid)>,
    body: Body<PhaseBody>,
) -> Result<Json<PhaseView>, Fault<Problem>> {
    let ((match_id, phase_id), wanted) = (path.into_inner(), Phase::from(&*body));
    let mut tx = app.db.begin().await?;
    let changed = actions::change(
        &mut tx,
        app.ids,
        &planner(&staff, None),
        (match_id, phase_id, &wanted),
    )
    .await;
    let changed = PhaseView::at_present(&mut tx, changed.map_err(Fault::told)?).await?;
    tx.commit().await?;
    Ok(Json(changed))
}

/// Take a phase away that has not begun.
#[utoipa::path(tag = "matches", request_body = Reason, params(("match_id" = Uuid, Path), ("phase_id" = Uuid, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)),
    extensions(("x-epic" = json!("E2")), ("x-feature" = json!("E2-F2")), ("x-rules" = json!(["reason"])),
        ("x-permission" = json!("matches.manage"))))]
#[delete("/matches/{match_id}/sales-phases/{phase_id}")]
async fn remove_phase(
    app: Data<App>,
    staff: Staff<ManageMatches>,
    path: Path<(MatchId, Uuid)>,
    body: Body<Reason>,
) -> Result<HttpResponse, Fault<Problem>> {
    let planner = planner(&staff, Some(body.parse()?));
    let mut tx = app.db.begin().await?;
    let removed = actions::remove(&mut tx, app.ids, &planner, path.into_inner()).await;
    removed.map_err(Fault::told)?;
    tx.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Open a phase before its time. The opening of the queue follows.
#[utoipa::path(tag = "matches", request_body = Reason,
    params(("match_id" = Uuid, Path), ("phase_id" = Uuid, Path), ("Idempotency-Key" = String, Header, description = "8 to 100 characters")),
    responses((status = 200, body = PhaseView), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)),
    extensions(("x-epic" = json!("E2")), ("x-feature" = json!("E2-F2")), ("x-rules" = json!(["reason"])),
        ("x-permission" = json!("matches.manage"))))]
#[post("/matches/{match_id}/sales-phases/{phase_id}/opening")]
async fn open_phase(
    app: Data<App>,
    staff: Staff<ManageMatches>,
    path: Path<(MatchId, Uuid)>,
    request: KeyedRequest,
    body: Body<Reason>,
) -> Result<HttpResponse, Fault<Problem>> {
    turn(&app, &staff, *path, (&request, &body), ByHand::Open).await
}

/// Close an open phase before its time: whoever waits for it is told so.
#[utoipa::path(tag = "matches", request_body = Reason,
    params(("match_id" = Uuid, Path), ("phase_id" = Uuid, Path), ("Idempotency-Key" = String, Header, description = "8 to 100 characters")),
    responses((status = 200, body = PhaseView), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)),
    extensions(("x-epic" = json!("E2")), ("x-feature" = json!("E2-F2")), ("x-rules" = json!(["reason"])),
        ("x-permission" = json!("matches.manage"))))]
#[post("/matches/{match_id}/sales-phases/{phase_id}/closing")]
async fn close_phase(
    app: Data<App>,
    staff: Staff<ManageMatches>,
    path: Path<(MatchId, Uuid)>,
    request: KeyedRequest,
    body: Body<Reason>,
) -> Result<HttpResponse, Fault<Problem>> {
    turn(&app, &staff, *path, (&request, &body), ByHand::Close).await
}

async fn turn(
    app: &App,
    staff: &Staff<ManageMatches>,
    (match_id, phase_id): (MatchId, Uuid),
    (request, reason): (&KeyedRequest, &Reason),
    by_hand: ByHand,
) -> Result<HttpResponse, Fault<Problem>> {
    let planner = planner(staff, Some(reason.parse()?));
    once(app, (staff.id, request), reason, StatusCode::OK, async |tx| {
        let turned = actions::turn(tx, app.ids, &planner, (match_id, phase_id, by_hand)).await;
        Ok(PhaseView::at_present(tx, turned.map_err(Fault::told)?).await?)
    })
    .await
}
