//! `GET /matches`, `/matches/{id}`, `/matches/{id}/zones` · `POST /matches/{id}/join-grant`.

use actix_web::http::header::{CACHE_CONTROL, ContentType};
use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, Utc};
use domain::ids::MatchId;
use domain::matches::MatchState;
use domain::phases::PhaseKind;
use platform::problems::Problem;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::actions::{self, QueueRefused};
use super::board::ZonesView;
use super::store::{self, MatchRow};
use crate::app::App;
use crate::http::actor::Fan;
use crate::http::fault::Fault;
use crate::http::pages::{PAGE_ITEMS_MAX, Page, PageQuery};
use crate::http::problems::NOT_FOUND;

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_matches)
        .service(read_match)
        .service(read_zones)
        .service(grant_join);
}

/// A match as the public sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct MatchView {
    match_id: Uuid,
    home_team: String,
    away_team: String,
    competition: String,
    venue: String,
    city: String,
    kick_off_at: DateTime<Utc>,
    /// Beginning of `sale_phase`.
    sale_opens_at: DateTime<Utc>,
    /// End of `sale_phase`; another one may follow.
    sale_closes_at: DateTime<Utc>,
    /// The phase that is open, or the next one, or else the last one: LOYALTY or GENERAL_PUBLIC.
    #[schema(value_type = String, example = "GENERAL_PUBLIC")]
    sale_phase: PhaseKind,
    /// Pictures (`banner_url`, `logo_url`) and words (`promo`, `important_info`), where staff gave any.
    #[schema(value_type = Object)]
    content: Value,
    /// NOT_ON_SALE, ON_SALE, SOLD_OUT (the phase that was open ended because of that, and no other one is to come) or CANCELLED.
    #[schema(example = "ON_SALE")]
    sale_status: &'static str,
    /// Whether the waiting room of this match can be joined.
    queue_ready: bool,
}

impl MatchView {
    fn of(row: MatchRow, now: DateTime<Utc>) -> Self {
        let sale_status = match row.state {
            MatchState::Cancelled => "CANCELLED",
            MatchState::Published if row.is_sold_out && !row.is_held => "SOLD_OUT",
            MatchState::Published if !row.is_held && row.opens_at <= now && now < row.closes_at => "ON_SALE",
            MatchState::Draft | MatchState::Published | MatchState::Closed => "NOT_ON_SALE",
        };
        Self {
            match_id: row.match_id.0,
            home_team: row.home_team,
            away_team: row.away_team,
            competition: row.competition,
            venue: row.venue,
            city: row.city,
            kick_off_at: row.kick_off_at,
            sale_phase: row.phase_kind,
            content: row.content,
            sale_opens_at: row.opens_at,
            sale_closes_at: row.closes_at,
            sale_status,
            queue_ready: row.queue_id.is_some(),
        }
    }
}

/// A way into the queue.
#[derive(Debug, Serialize, ToSchema)]
pub struct JoinGrantView {
    /// Post it as `{"grant": …}` to `join_url`.
    grant: String,
    queue_id: Uuid,
    join_url: String,
    /// The room takes it from then on: the phase that is open gives me no ticket, and this is for the next one. Absent: at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_from: Option<DateTime<Utc>>,
    expires_at: DateTime<Utc>,
}

/// Upcoming matches.
#[utoipa::path(tag = "matches", params(PageQuery), responses((status = 200, body = Page<MatchView>)),
    security(()),
    extensions(("x-epic" = json!("E4")), ("x-feature" = json!("E4-F1")), ("x-rules" = json!([]))))]
#[get("/matches")]
async fn list_matches(
    app: Data<App>,
    page: Query<PageQuery>,
) -> Result<Json<Page<MatchView>>, Fault<Problem>> {
    let mut conn = app.db.acquire().await?;
    let rows = store::list_upcoming(&mut conn, page.cursor, PAGE_ITEMS_MAX).await?;
    let now = app.clock.now();
    let items = rows.into_iter().map(|row| MatchView::of(row, now)).collect();
    Ok(Json(Page::of(items, |item: &MatchView| item.match_id)))
}

/// One match.
#[utoipa::path(tag = "matches", params(("match_id" = Uuid, Path)),
    responses((status = 200, body = MatchView), (status = 404, body = Problem)),
    security(()),
    extensions(("x-epic" = json!("E4")), ("x-feature" = json!("E4-F1")), ("x-rules" = json!([]))))]
#[get("/matches/{match_id}")]
async fn read_match(app: Data<App>, match_id: Path<MatchId>) -> Result<Json<MatchView>, Fault<Problem>> {
    let mut conn = app.db.acquire().await?;
    let row = store::find_public(&mut conn, *match_id)
        .await?
        .ok_or_else(|| Problem::new(NOT_FOUND))?;
    Ok(Json(MatchView::of(row, app.clock.now())))
}

/// The zones of a match, their prices and free seats; counted about once a second.
#[utoipa::path(tag = "matches", params(("match_id" = Uuid, Path)),
    responses((status = 200, body = ZonesView), (status = 404, body = Problem)),
    security(()),
    extensions(("x-epic" = json!("E4")), ("x-feature" = json!("E4-F2")), ("x-rules" = json!(["pre-sale-price"]))))]
#[get("/matches/{match_id}/zones")]
async fn read_zones(app: Data<App>, match_id: Path<MatchId>) -> Result<HttpResponse, Fault<Problem>> {
    let board = app.board.of(*match_id).await?;
    let board = board.ok_or_else(|| Problem::new(NOT_FOUND))?;
    Ok(HttpResponse::Ok()
        .content_type(ContentType::json())
        .insert_header((CACHE_CONTROL, "public, max-age=1"))
        .body(board))
}

/// Permission for my app to join the match's queue directly. Can be fetched before the sale opens; for a phase that follows another
/// one which gives me no ticket, ten minutes before.
#[utoipa::path(tag = "matches", params(("match_id" = Uuid, Path)),
    responses((status = 200, body = JoinGrantView), (status = 403, body = Problem), (status = 404, body = Problem), (status = 503, body = Problem)),
    extensions(("x-epic" = json!("E5")), ("x-feature" = json!("E5-F1")), ("x-rules" = json!(["join-grant"]))))]
#[post("/matches/{match_id}/join-grant")]
async fn grant_join(
    app: Data<App>,
    fan: Fan,
    match_id: Path<MatchId>,
) -> Result<Json<JoinGrantView>, Fault<QueueRefused>> {
    let (queue_id, grant) = actions::grant_join(&app, &fan, *match_id).await?;
    Ok(Json(JoinGrantView {
        grant: grant.token,
        queue_id,
        join_url: grant.join_url,
        valid_from: grant.valid_from,
        expires_at: grant.expires_at,
    }))
}
