//! `GET|POST /admin/stadiums` · `GET|PUT|DELETE /admin/stadiums/{stadium_id}` · `GET …/file`, `…/sectors/{code}/snake` ·
//! `POST /admin/stadium-imports`.

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Json, Path, Query};
use actix_web::{HttpResponse, delete, get, post, put};
use domain::ids::StadiumId;
use platform::body::Body;
use platform::misfits;
use platform::problems::{INVALID_REQUEST, Problem};
use serde_json::Value;
use sqlx::PgConnection;
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::{self, Author};
use super::body::{
    Format, ImportQuery, ImportView, SectorView, SnakeQuery, SnakeSeatView, SnakeView, Sort, StadiumBody,
    StadiumView, StadiumsQuery, WholeStadiumView,
};
use super::file::{CheckedFile, MISTAKES_NAMED_MAX, Mistakes, StadiumFile};
use crate::app::App;
use crate::audit::Actor;
use crate::http::fault::{Fault, Refusal};
use crate::http::keys::{KeyedRequest, SeenVersion};
use crate::http::pages::CountedPage;
use crate::http::problems::INVALID_STADIUM;
use crate::http::reasons::{self, Reason};
use crate::http::staff::{ManageStadiums, ReadStadiums, Staff};
use crate::staff::{once, rehearse};

/// Seats of one page of a snake: what a screen shows at once.
const SNAKE_ITEMS_MAX: i64 = 500;

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_stadiums)
        .service(create_stadium)
        .service(read_stadium)
        .service(change_stadium)
        .service(delete_stadium)
        .service(export_stadium)
        .service(preview_snake)
        .service(import_stadium);
}

impl Refusal for Mistakes {
    fn problem(&self) -> Problem {
        let named: Vec<&String> = self.0.iter().take(MISTAKES_NAMED_MAX).collect();
        Problem::new(INVALID_STADIUM)
            .detail(self.counted())
            .member("mistakes", serde_json::json!(named))
    }
}

fn author<N>(staff: &Staff<N>, reason: &str) -> Result<Author, Problem> {
    Ok(Author {
        actor: Actor::Staff(staff.id),
        reason: reasons::parse(reason)?,
    })
}

fn checked(stadium: &Value) -> Result<CheckedFile, Problem> {
    let file = misfits::read(stadium)
        .map_err(|misfit| Problem::new(INVALID_REQUEST).detail(format!("stadium: {misfit}")))?;
    CheckedFile::of(file).map_err(|mistakes| mistakes.problem())
}

/// Stadiums.
#[utoipa::path(tag = "stadiums", params(StadiumsQuery),
    responses((status = 200, body = CountedPage<StadiumView>), (status = 403, body = Problem)),
    extensions(("x-epic" = json!("E2")), ("x-feature" = json!("E2-F3")), ("x-rules" = json!([])),
        ("x-permission" = json!("stadiums.read"))))]
#[get("/stadiums")]
async fn list_stadiums(
    app: Data<App>,
    _staff: Staff<ReadStadiums>,
    query: Query<StadiumsQuery>,
) -> Result<Json<CountedPage<StadiumView>>, Fault<Problem>> {
    let filter = (query.search.as_deref(), query.kind);
    let (rows, total) =
        actions::list(&app.db, filter, (query.sort == Some(Sort::Name), query.cursor)).await?;
    let items = rows.into_iter().map(StadiumView::from).collect();
    Ok(Json(CountedPage::of((items, total), |item: &StadiumView| {
        item.stadium_id
    })))
}

/// Make a stadium.
#[utoipa::path(tag = "stadiums", request_body = StadiumBody,
    params(("Idempotency-Key" = String, Header, description = "8 to 100 characters")),
    responses((status = 201, body = StadiumView), (status = 403, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)),
    extensions(("x-epic" = json!("E2")), ("x-feature" = json!("E2-F3")), ("x-rules" = json!(["all-or-nothing", "reason"])),
        ("x-permission" = json!("stadiums.manage"))))]
#[post("/stadiums")]
async fn create_stadium(
    app: Data<App>,
    staff: Staff<ManageStadiums>,
    request: KeyedRequest,
    body: Body<StadiumBody>,
) -> Result<HttpResponse, Fault<Problem>> {
    let (author, file) = (author(&staff, &body.reason)?, checked(&body.stadium)?);
    once(
        &app,
        (staff.id, &request),
        &*body,
        StatusCode::CREATED,
        async |tx| {
            let made = actions::create(tx, app.ids, &author, &file).await;
            made.map(StadiumView::from).map_err(Fault::told)
        },
    )
    .await
}

/// One stadium, with the sectors of its newest layout.
#[utoipa::path(tag = "stadiums", params(("stadium_id" = Uuid, Path)),
    responses((status = 200, body = WholeStadiumView), (status = 403, body = Problem), (status = 404, body = Problem)),
    extensions(("x-epic" = json!("E2")), ("x-feature" = json!("E2-F3")), ("x-rules" = json!(["capacity-is-counted"])),
        ("x-permission" = json!("stadiums.read"))))]
#[get("/stadiums/{stadium_id}")]
async fn read_stadium(
    app: Data<App>,
    _staff: Staff<ReadStadiums>,
    stadium: Path<StadiumId>,
) -> Result<Json<WholeStadiumView>, Fault<Problem>> {
    let (row, sectors) = actions::read(&app.db, *stadium).await.map_err(Fault::told)?;
    Ok(Json(WholeStadiumView {
        stadium: row.into(),
        sectors: sectors.into_iter().map(SectorView::from).collect(),
    }))
}

/// Change a stadium: it gets a new layout, and matches that are there keep theirs.
#[utoipa::path(tag = "stadiums", request_body = StadiumBody,
    params(("stadium_id" = Uuid, Path), ("If-Match" = Option<String>, Header, description = "the version seen")),
    responses((status = 200, body = StadiumView), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 412, body = Problem), (status = 422, body = Problem)),
    extensions(("x-epic" = json!("E2")), ("x-feature" = json!("E2-F3")), ("x-rules" = json!(["all-or-nothing", "reason"])),
        ("x-permission" = json!("stadiums.manage"))))]
#[put("/stadiums/{stadium_id}")]
async fn change_stadium(
    app: Data<App>,
    staff: Staff<ManageStadiums>,
    stadium: Path<StadiumId>,
    seen: SeenVersion,
    body: Body<StadiumBody>,
) -> Result<Json<StadiumView>, Fault<Problem>> {
    let (author, file) = (author(&staff, &body.reason)?, checked(&body.stadium)?);
    let mut tx = app.db.begin().await?;
    let changed = actions::change(&mut tx, app.ids, &author, (*stadium, seen.0, &file)).await;
    let changed = changed.map_err(Fault::told)?;
    tx.commit().await?;
    Ok(Json(changed.into()))
}

/// Take a stadium away. Matches that are there keep what they have.
#[utoipa::path(tag = "stadiums", request_body = Reason, params(("stadium_id" = Uuid, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)),
    extensions(("x-epic" = json!("E2")), ("x-feature" = json!("E2-F3")), ("x-rules" = json!(["reason"])),
        ("x-permission" = json!("stadiums.manage"))))]
#[delete("/stadiums/{stadium_id}")]
async fn delete_stadium(
    app: Data<App>,
    staff: Staff<ManageStadiums>,
    stadium: Path<StadiumId>,
    body: Body<Reason>,
) -> Result<HttpResponse, Fault<Problem>> {
    let author = author(&staff, &body.reason)?;
    actions::delete(&app.db, &author, *stadium)
        .await
        .map_err(Fault::told)?;
    Ok(HttpResponse::NoContent().finish())
}

/// A stadium as the file that makes it again.
#[utoipa::path(tag = "stadiums", params(("stadium_id" = Uuid, Path)),
    responses((status = 200, body = Object), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem)),
    extensions(("x-epic" = json!("E2")), ("x-feature" = json!("E2-F3")), ("x-rules" = json!([])),
        ("x-permission" = json!("stadiums.read"))))]
#[get("/stadiums/{stadium_id}/file")]
async fn export_stadium(
    app: Data<App>,
    _staff: Staff<ReadStadiums>,
    stadium: Path<StadiumId>,
) -> Result<Json<StadiumFile>, Fault<Problem>> {
    Ok(Json(
        actions::export(&app.db, *stadium).await.map_err(Fault::told)?,
    ))
}

/// In which order a sector's seats are given away.
#[utoipa::path(tag = "stadiums", params(("stadium_id" = Uuid, Path), ("code" = String, Path), SnakeQuery),
    responses((status = 200, body = SnakeView), (status = 403, body = Problem), (status = 404, body = Problem)),
    extensions(("x-epic" = json!("E4")), ("x-feature" = json!("E4-F3")), ("x-rules" = json!(["snake"])),
        ("x-permission" = json!("stadiums.read"))))]
#[get("/stadiums/{stadium_id}/sectors/{code}/snake")]
async fn preview_snake(
    app: Data<App>,
    _staff: Staff<ReadStadiums>,
    path: Path<(StadiumId, String)>,
    query: Query<SnakeQuery>,
) -> Result<Json<SnakeView>, Fault<Problem>> {
    let (stadium, code) = path.into_inner();
    let seats = actions::preview_snake(&app.db, (stadium, &code), query.after, SNAKE_ITEMS_MAX).await;
    Ok(Json(SnakeView {
        seats: seats
            .map_err(Fault::told)?
            .into_iter()
            .map(SnakeSeatView::from)
            .collect(),
    }))
}

/// Import a stadium file: the stadium of its name gets a new layout, or is made. All or nothing.
#[utoipa::path(tag = "stadiums",
    params(ImportQuery, ("Idempotency-Key" = String, Header, description = "8 to 100 characters")), request_body(content = String, content_type = "text/plain"),
    responses((status = 200, body = ImportView), (status = 403, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)),
    extensions(("x-epic" = json!("E2")), ("x-feature" = json!("E2-F3")), ("x-rules" = json!(["all-or-nothing", "reason"])),
        ("x-permission" = json!("stadiums.manage"))))]
#[post("/stadium-imports")]
async fn import_stadium(
    app: Data<App>,
    staff: Staff<ManageStadiums>,
    query: Query<ImportQuery>,
    request: KeyedRequest,
    body: Bytes,
) -> Result<HttpResponse, Fault<Problem>> {
    let author = author(&staff, &query.reason)?;
    let text = std::str::from_utf8(&body)
        .map_err(|_| Problem::new(INVALID_REQUEST).detail("the file is not UTF-8"))?;
    let file = read(&query, text)?;
    let import = async |tx: &mut PgConnection| {
        let stadium = actions::import(tx, app.ids, &author, &file).await;
        Ok(ImportView {
            dry_run: query.dry_run,
            stadium: stadium.map_err(Fault::told)?.into(),
            doubts: file.doubts(),
        })
    };
    if query.dry_run {
        return rehearse(&app, import).await;
    }
    once(&app, (staff.id, &request), &text, StatusCode::OK, import).await
}

fn read(query: &ImportQuery, text: &str) -> Result<CheckedFile, Problem> {
    let read = match query.format {
        Format::Stadium => CheckedFile::from_json(text),
        Format::SeatList => {
            let given = (
                query.name.as_deref(),
                query.city.as_deref(),
                query.country.as_deref(),
            );
            let (Some(name), Some(city), Some(country)) = given else {
                return Err(Problem::new(INVALID_REQUEST)
                    .detail("a list of seats needs `name`, `city` and `country` in the query"));
            };
            CheckedFile::from_seat_list(text, (name, city, country))
        }
    };
    read.map_err(|mistakes| mistakes.problem())
}
