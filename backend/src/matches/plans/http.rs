//! `GET|POST /admin/matches` · `GET|PUT|DELETE /admin/matches/{match_id}` · `POST …/publication`, `…/closure` ·
//! `POST|DELETE …/cancellation` · `POST …/cancellation/approval`.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpResponse, delete, get, post, put};
use chrono::{DateTime, Utc};
use domain::ids::MatchId;
use domain::matches::MatchState;
use platform::body::Body;
use platform::problems::{INVALID_REQUEST, Problem};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::actions::{self, Planner};
use super::body::MatchBody;
use super::editing::{self, Edit};
use super::publishing;
use super::store::{PlanFilter, PlanRow, PlanSort};
use crate::app::App;
use crate::audit::Actor;
use crate::http::fault::Fault;
use crate::http::keys::{KeyedRequest, SeenVersion};
use crate::http::pages::CountedPage;
use crate::http::reasons::{self, Reason};
use crate::http::staff::{ApproveCancellation, ManageMatches, ReadMatches, Staff, StartCancellation};
use crate::staff::once;

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_plans)
        .service(create_match)
        .service(read_plan)
        .service(change_match)
        .service(delete_match)
        .service(publish_match)
        .service(close_match)
        .service(start_cancellation)
        .service(withdraw_cancellation)
        .service(approve_cancellation);
}

/// A match as staff see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanView {
    match_id: Uuid,
    /// Give it as `If-Match` to change the match.
    version: i32,
    /// DRAFT, PUBLISHED, CLOSED or CANCELLED.
    #[schema(example = "DRAFT")]
    state: &'static str,
    home_team: String,
    away_team: String,
    competition: String,
    kick_off_at: DateTime<Utc>,
    stadium_id: Uuid,
    stadium: String,
    /// Version of the stadium's layout that the match keeps.
    layout_version: i32,
    /// Whether the waiting room of this match is there.
    queue_ready: bool,
    /// Since when its cancellation is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    cancellation_started_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancellation_reason: Option<String>,
    updated_at: DateTime<Utc>,
}

impl From<PlanRow> for PlanView {
    fn from(row: PlanRow) -> Self {
        Self {
            match_id: row.match_id.0,
            version: row.version,
            state: row.state.code(),
            home_team: row.home_team,
            away_team: row.away_team,
            competition: row.competition,
            kick_off_at: row.kick_off_at,
            stadium_id: row.stadium_id.0,
            stadium: row.stadium,
            layout_version: row.layout_version,
            queue_ready: row.queue_id.is_some(),
            cancellation_started_at: row.cancellation_started_at,
            cancellation_reason: row.cancellation_reason,
            updated_at: row.updated_at,
        }
    }
}

/// A match with everything that was said of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct WholePlanView {
    #[serde(flatten)]
    plan: PlanView,
    /// As `PUT` takes it.
    said: MatchBody,
}

/// How a change is told.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChangeQuery {
    /// Whether everybody with a ticket gets a mail; must be said of a published match.
    pub notify: Option<bool>,
    /// Why, 3 to 500 characters; must be said where seats of a published match are taken from the sale or given to it.
    pub reason: Option<String>,
}

/// Which matches.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PlansQuery {
    /// In the names of both sides and of the competition.
    pub search: Option<String>,
    /// DRAFT, PUBLISHED, CLOSED or CANCELLED.
    pub state: Option<String>,
    /// Played at or after.
    pub from: Option<DateTime<Utc>>,
    /// Played before.
    pub to: Option<DateTime<Utc>>,
    /// KICK_OFF (the default), KICK_OFF_DESC or CHANGED (the last change first; what is changed while you turn pages comes again).
    #[param(value_type = Option<String>)]
    #[serde(default)]
    pub sort: PlanSort,
    /// `next_cursor` of the page before.
    pub cursor: Option<Uuid>,
}

impl PlansQuery {
    fn filter(&self) -> Result<PlanFilter, Problem> {
        let state = self.state.as_deref().map(|code| {
            MatchState::parse(code)
                .ok_or_else(|| Problem::new(INVALID_REQUEST).detail("there is no such state"))
        });
        Ok(PlanFilter {
            sort: self.sort,
            search: self.search.clone(),
            state: state.transpose()?,
            from: self.from,
            to: self.to,
        })
    }
}

/// Whoever asks, as the one who plans.
pub(super) fn planner<N>(staff: &Staff<N>, reason: Option<String>) -> Planner {
    Planner {
        actor: Actor::Staff(staff.id),
        reason,
        step_up: staff.step_up,
    }
}

/// Matches, of every state.
#[utoipa::path(tag = "matches", params(PlansQuery),
    responses((status = 200, body = CountedPage<PlanView>), (status = 403, body = Problem)),
    extensions(("x-epic" = json!("E2")), ("x-feature" = json!("E2-F1")), ("x-rules" = json!([])),
        ("x-permission" = json!("matches.read"))))]
#[get("/matches")]
async fn list_plans(
    app: Data<App>,
    _staff: Staff<ReadMatches>,
    query: Query<PlansQuery>,
) -> Result<Json<CountedPage<PlanView>>, Fault<Problem>> {
    let (rows, total) = actions::list(&app.db, &query.filter()?, query.cursor).await?;
    let items = rows.into_iter().map(PlanView::from).collect();
    Ok(Json(CountedPage::of((items, total), |item: &PlanView| {
        item.match_id
    })))
}

/// Draft a match.
#[utoipa::path(tag = "matches", request_body = MatchBody,
    params(("Idempotency-Key" = String, Header, description = "8 to 100 characters")),
    responses((status = 201, body = PlanView), (status = 403, body = Problem), (status = 422, body = Problem)),
    extensions(("x-epic" = json!("E2")), ("x-feature" = json!("E2-F1")), ("x-rules" = json!(["phases-do-not-overlap"])),
        ("x-permission" = json!("matches.manage"))))]
#[post("/matches")]
async fn create_match(
    app: Data<App>,
    staff: Staff<ManageMatches>,
    request: KeyedRequest,
    body: Body<MatchBody>,
) -> Result<HttpResponse, Fault<Problem>> {
    once(
        &app,
        (staff.id, &request),
        &*body,
        StatusCode::CREATED,
        async |tx| {
            let made = actions::create(tx, app.ids, &planner(&staff, None), &body).await;
            made.map(PlanView::from).map_err(Fault::told)
        },
    )
    .await
}

/// One match.
#[utoipa::path(tag = "matches", params(("match_id" = Uuid, Path)),
    responses((status = 200, body = WholePlanView), (status = 403, body = Problem), (status = 404, body = Problem)),
    extensions(("x-epic" = json!("E2")), ("x-feature" = json!("E2-F1")), ("x-rules" = json!([])),
        ("x-permission" = json!("matches.read"))))]
#[get("/matches/{match_id}")]
async fn read_plan(
    app: Data<App>,
    _staff: Staff<ReadMatches>,
    match_id: Path<MatchId>,
) -> Result<Json<WholePlanView>, Fault<Problem>> {
    let (row, said) = actions::read(&app.db, *match_id).await.map_err(Fault::told)?;
    Ok(Json(WholePlanView {
        plan: row.into(),
        said,
    }))
}

/// Say anew how a match should be. A published one keeps what buyers rely on, and those with tickets are told or not, as you say;
/// whoever changes what it costs signed in just now.
#[utoipa::path(tag = "matches", request_body = MatchBody,
    params(("match_id" = Uuid, Path), ChangeQuery, ("If-Match" = Option<String>, Header, description = "the version seen")),
    responses((status = 200, body = PlanView), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 412, body = Problem), (status = 422, body = Problem)),
    extensions(("x-epic" = json!("E2")), ("x-feature" = json!("E2-F6")),
        ("x-rules" = json!(["phases-do-not-overlap", "notify-or-silent", "locked-after-first-sale", "step-up-for-prices",
            "reason-for-seats"])),
        ("x-permission" = json!("matches.manage"))))]
#[put("/matches/{match_id}")]
#[expect(
    clippy::too_many_arguments,
    reason = "a handler takes each part of its request"
)]
async fn change_match(
    app: Data<App>,
    staff: Staff<ManageMatches>,
    match_id: Path<MatchId>,
    query: Query<ChangeQuery>,
    seen: SeenVersion,
    body: Body<MatchBody>,
) -> Result<Json<PlanView>, Fault<Problem>> {
    let edit = Edit {
        match_id: *match_id,
        seen: seen.0,
        body: &body,
        notify: query.notify,
    };
    let reason = query.reason.as_deref().map(reasons::parse).transpose()?;
    let mut tx = app.db.begin().await?;
    let changed = editing::change(&mut tx, app.ids, &planner(&staff, reason), edit).await;
    let changed = changed.map_err(Fault::told)?;
    tx.commit().await?;
    Ok(Json(changed.into()))
}

/// Hide a match that nobody has a ticket for.
#[utoipa::path(tag = "matches", request_body = Reason, params(("match_id" = Uuid, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)),
    extensions(("x-epic" = json!("E2")), ("x-feature" = json!("E2-F1")), ("x-rules" = json!(["reason"])),
        ("x-permission" = json!("matches.manage"))))]
#[delete("/matches/{match_id}")]
async fn delete_match(
    app: Data<App>,
    staff: Staff<ManageMatches>,
    match_id: Path<MatchId>,
    body: Body<Reason>,
) -> Result<HttpResponse, Fault<Problem>> {
    let reason = body.parse()?;
    let mut tx = app.db.begin().await?;
    publishing::delete(&mut tx, &planner(&staff, Some(reason)), *match_id)
        .await
        .map_err(Fault::told)?;
    tx.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Put a match before the public, with its seats and its queue: at once, or not at all.
#[utoipa::path(tag = "matches",
    params(("match_id" = Uuid, Path), ("If-Match" = Option<String>, Header, description = "the version seen"),
        ("Idempotency-Key" = String, Header, description = "8 to 100 characters")),
    responses((status = 200, body = PlanView), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 412, body = Problem), (status = 422, body = Problem)),
    extensions(("x-epic" = json!("E2")), ("x-feature" = json!("E2-F1")), ("x-rules" = json!(["all-or-nothing"])),
        ("x-permission" = json!("matches.manage"))))]
#[post("/matches/{match_id}/publication")]
async fn publish_match(
    app: Data<App>,
    staff: Staff<ManageMatches>,
    match_id: Path<MatchId>,
    seen: SeenVersion,
    request: KeyedRequest,
) -> Result<HttpResponse, Fault<Problem>> {
    once(&app, (staff.id, &request), &seen.0, StatusCode::OK, async |tx| {
        let published = publishing::publish(tx, app.ids, &planner(&staff, None), (*match_id, seen.0)).await;
        published.map(PlanView::from).map_err(Fault::told)
    })
    .await
}

/// End a match that was played.
#[utoipa::path(tag = "matches", request_body = Reason,
    params(("match_id" = Uuid, Path), ("Idempotency-Key" = String, Header, description = "8 to 100 characters")),
    responses((status = 200, body = PlanView), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)),
    extensions(("x-epic" = json!("E2")), ("x-feature" = json!("E2-F9")), ("x-rules" = json!(["reason"])),
        ("x-permission" = json!("matches.manage"))))]
#[post("/matches/{match_id}/closure")]
async fn close_match(
    app: Data<App>,
    staff: Staff<ManageMatches>,
    match_id: Path<MatchId>,
    request: KeyedRequest,
    body: Body<Reason>,
) -> Result<HttpResponse, Fault<Problem>> {
    let planner = planner(&staff, Some(body.parse()?));
    once(&app, (staff.id, &request), &*body, StatusCode::OK, async |tx| {
        let closed = publishing::close(tx, app.ids, &planner, (*match_id, None)).await;
        closed.map(PlanView::from).map_err(Fault::told)
    })
    .await
}

/// Ask for a match's cancellation: nothing more is sold until somebody else approves it, or it is taken back.
#[utoipa::path(tag = "matches", request_body = Reason,
    params(("match_id" = Uuid, Path), ("Idempotency-Key" = String, Header, description = "8 to 100 characters")),
    responses((status = 200, body = PlanView), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)),
    extensions(("x-epic" = json!("E2")), ("x-feature" = json!("E2-F7")), ("x-rules" = json!(["reason", "step-up", "two-people"])),
        ("x-permission" = json!("matches.cancellation.start"))))]
#[post("/matches/{match_id}/cancellation")]
async fn start_cancellation(
    app: Data<App>,
    staff: Staff<StartCancellation>,
    match_id: Path<MatchId>,
    request: KeyedRequest,
    body: Body<Reason>,
) -> Result<HttpResponse, Fault<Problem>> {
    let reason = body.parse()?;
    let planner = planner(&staff, Some(reason.clone()));
    once(&app, (staff.id, &request), &*body, StatusCode::OK, async |tx| {
        let asked =
            publishing::start_cancellation(tx, app.ids, (staff.id, &planner), (*match_id, &reason)).await;
        asked.map(PlanView::from).map_err(Fault::told)
    })
    .await
}

/// Take that back: the sale goes on.
#[utoipa::path(tag = "matches", request_body = Reason, params(("match_id" = Uuid, Path)),
    responses((status = 200, body = PlanView), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)),
    extensions(("x-epic" = json!("E2")), ("x-feature" = json!("E2-F7")), ("x-rules" = json!(["reason", "step-up"])),
        ("x-permission" = json!("matches.cancellation.start"))))]
#[delete("/matches/{match_id}/cancellation")]
async fn withdraw_cancellation(
    app: Data<App>,
    staff: Staff<StartCancellation>,
    match_id: Path<MatchId>,
    body: Body<Reason>,
) -> Result<Json<PlanView>, Fault<Problem>> {
    let reason = body.parse()?;
    let mut tx = app.db.begin().await?;
    let back =
        publishing::withdraw_cancellation(&mut tx, app.ids, &planner(&staff, Some(reason)), *match_id).await;
    let back = back.map_err(Fault::told)?;
    tx.commit().await?;
    Ok(Json(back.into()))
}

/// Call a match off that somebody else asked to be called off.
#[utoipa::path(tag = "matches", request_body = Reason,
    params(("match_id" = Uuid, Path), ("Idempotency-Key" = String, Header, description = "8 to 100 characters")),
    responses((status = 200, body = PlanView), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)),
    extensions(("x-epic" = json!("E2")), ("x-feature" = json!("E2-F7")), ("x-rules" = json!(["reason", "step-up", "two-people"])),
        ("x-permission" = json!("matches.cancellation.approve"))))]
#[post("/matches/{match_id}/cancellation/approval")]
async fn approve_cancellation(
    app: Data<App>,
    staff: Staff<ApproveCancellation>,
    match_id: Path<MatchId>,
    request: KeyedRequest,
    body: Body<Reason>,
) -> Result<HttpResponse, Fault<Problem>> {
    let planner = planner(&staff, Some(body.parse()?));
    once(&app, (staff.id, &request), &*body, StatusCode::OK, async |tx| {
        let called_off = publishing::approve_cancellation(tx, app.ids, &planner, *match_id).await;
        called_off.map(PlanView::from).map_err(Fault::told)
    })
    .await
}
