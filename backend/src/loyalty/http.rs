//! `GET /users/me/loyalty`, `/users/me/loyalty/history` · `GET /admin/users/{user_id}/loyalty` · `POST /admin/loyalty-imports` ·
//! `GET /admin/loyalty-distribution`.

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Json, Path, Query};
use actix_web::{HttpResponse, get, post};
use chrono::NaiveDate;
use domain::ids::UserId;
use domain::loyalty::counts_until;
use domain::matches::day_in_zagreb;
use platform::problems::{INVALID_REQUEST, Problem};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::{self, Balance, NotImported};
use crate::app::App;
use crate::audit::Actor;
use crate::http::actor::Fan;
use crate::http::fault::{Fault, Refusal};
use crate::http::keys::KeyedRequest;
use crate::http::problems::INVALID_LIST;
use crate::http::reasons;
use crate::http::staff::{ManageLoyalty, ReadLoyalty, Staff};
use crate::staff::{once, rehearse};

/// The routes of fans.
pub fn routes(config: &mut ServiceConfig) {
    config.service(read_balance).service(read_history);
}

/// The routes of staff.
pub fn staff_routes(config: &mut ServiceConfig) {
    config
        .service(read_balance_of)
        .service(read_distribution)
        .service(import_points);
}

/// My points.
#[derive(Debug, Serialize, ToSchema)]
pub struct BalanceView {
    /// Points that count today.
    points: i64,
    /// Points of matches since then count.
    counted_since: NaiveDate,
}

impl From<Balance> for BalanceView {
    fn from(balance: Balance) -> Self {
        Self {
            points: balance.points,
            counted_since: balance.since,
        }
    }
}

/// A point.
#[derive(Debug, Serialize, ToSchema)]
pub struct PointView {
    played_on: NaiveDate,
    #[serde(rename = "match")]
    #[schema(example = "Hrvatska – Francuska")]
    title: String,
    /// The last day on which it counts.
    counts_until: NaiveDate,
}

/// My points, one by one.
#[derive(Debug, Serialize, ToSchema)]
pub struct HistoryView {
    /// The newest first; those that no longer count are among them.
    items: Vec<PointView>,
    /// Points that count today.
    points: i64,
}

/// What an import is told beside the file.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// Where the points come from.
    pub source: String,
    /// Say what would be, and change nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// 3 to 500 characters; no personal data.
    pub reason: String,
}

/// What an import did, or would do.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportView {
    dry_run: bool,
    /// Different points in the file.
    named: usize,
    /// Points that are new.
    added: u64,
}

impl Refusal for NotImported {
    fn problem(&self) -> Problem {
        Problem::new(INVALID_LIST)
            .detail(format!("{} lines are wrong", self.0.len()))
            .member("mistakes", self.0.clone())
    }
}

/// How many loyalty points I have.
#[utoipa::path(tag = "profile", responses((status = 200, body = BalanceView)),
    extensions(("x-epic" = json!("E6")), ("x-feature" = json!("E6-F1")), ("x-rules" = json!(["five-years"]))))]
#[get("/users/me/loyalty")]
async fn read_balance(app: Data<App>, fan: Fan) -> Result<Json<BalanceView>, Fault<Problem>> {
    Ok(Json(actions::balance(&app, fan.id).await?.into()))
}

/// Which matches they are of.
#[utoipa::path(tag = "profile", responses((status = 200, body = HistoryView)),
    extensions(("x-epic" = json!("E6")), ("x-feature" = json!("E6-F1")), ("x-rules" = json!(["five-years"]))))]
#[get("/users/me/loyalty/history")]
async fn read_history(app: Data<App>, fan: Fan) -> Result<Json<HistoryView>, Fault<Problem>> {
    let balance = actions::balance(&app, fan.id).await?;
    let view = |point: super::PointRow| PointView {
        counts_until: counts_until(point.played_on),
        played_on: point.played_on,
        title: point.title,
    };
    Ok(Json(HistoryView {
        points: balance.points,
        items: balance.history.into_iter().map(view).collect(),
    }))
}

/// How many points somebody has; none for an account without a profile.
#[utoipa::path(tag = "loyalty", params(("user_id" = uuid::Uuid, Path)),
    responses((status = 200, body = BalanceView), (status = 403, body = Problem)),
    extensions(("x-epic" = json!("E6")), ("x-feature" = json!("E6-F1")), ("x-rules" = json!(["five-years"])),
        ("x-permission" = json!("loyalty.read"))))]
#[get("/users/{user_id}/loyalty")]
async fn read_balance_of(
    app: Data<App>,
    _staff: Staff<ReadLoyalty>,
    user: Path<UserId>,
) -> Result<Json<BalanceView>, Fault<Problem>> {
    Ok(Json(actions::balance(&app, *user).await?.into()))
}

/// So many people have so many points.
#[derive(Debug, Serialize, ToSchema)]
pub struct StepView {
    points: i64,
    people: i64,
}

/// Who could buy in a loyalty phase: what its thresholds are chosen by.
#[derive(Debug, Serialize, ToSchema)]
pub struct DistributionView {
    /// Most points first; whoever has none is not counted.
    items: Vec<StepView>,
}

/// How many people have how many points today.
#[utoipa::path(tag = "loyalty", responses((status = 200, body = DistributionView), (status = 403, body = Problem)),
    extensions(("x-epic" = json!("E6")), ("x-feature" = json!("E6-F2")), ("x-rules" = json!(["five-years"])),
        ("x-permission" = json!("loyalty.read"))))]
#[get("/loyalty-distribution")]
async fn read_distribution(
    app: Data<App>,
    _staff: Staff<ReadLoyalty>,
) -> Result<Json<DistributionView>, Fault<Problem>> {
    let step = |(points, people)| StepView { points, people };
    Ok(Json(DistributionView {
        items: actions::distribution(&app).await?.into_iter().map(step).collect(),
    }))
}

/// Import points: CSV with the head `oib,played_on,match`, a point a line. All or nothing; a point that is there stays one.
#[utoipa::path(tag = "loyalty",
    params(ImportQuery, ("Idempotency-Key" = String, Header, description = "8 to 100 characters")), request_body(content = String, content_type = "text/csv"),
    responses((status = 200, body = ImportView), (status = 400, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)),
    extensions(("x-epic" = json!("E6")), ("x-feature" = json!("E6-F1")), ("x-rules" = json!(["all-or-nothing", "reason"])),
        ("x-permission" = json!("loyalty.manage"))))]
#[post("/loyalty-imports")]
async fn import_points(
    app: Data<App>,
    staff: Staff<ManageLoyalty>,
    query: Query<ImportQuery>,
    request: KeyedRequest,
    body: Bytes,
) -> Result<HttpResponse, Fault<Problem>> {
    let (reason, source) = (reasons::parse(&query.reason)?, reasons::source(&query.source)?);
    let text = std::str::from_utf8(&body)
        .map_err(|_| Problem::new(INVALID_REQUEST).detail("the file is not UTF-8"))?;
    let import = async |tx: &mut PgConnection| {
        let ours = (app.ids, &app.personal_data, day_in_zagreb(app.clock.now()));
        let by = (Actor::Staff(staff.id), reason.as_str());
        let done = actions::import(tx, ours, by, (text, &source)).await;
        let done = done.map_err(|error| match error.downcast::<NotImported>() {
            Ok(refused) => Fault::Refused(refused.problem()),
            Err(other) => other.into(),
        })?;
        Ok(ImportView {
            dry_run: query.dry_run,
            named: done.named,
            added: done.added,
        })
    };
    if query.dry_run {
        return rehearse(&app, import).await;
    }
    once(&app, (staff.id, &request), &text, StatusCode::OK, import).await
}
