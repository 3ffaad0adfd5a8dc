//! `GET|POST /admin/blacklist` · `DELETE /admin/blacklist/{entry_id}` · `POST /admin/blacklist/checks`, `/admin/blacklist/clearing`,
//! `/admin/blacklist-imports` · `GET /admin/blacklist/violations`, `/admin/blacklist/violations.csv`.

use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::web::{Bytes, Data, Json, Path, Query};
use actix_web::{HttpResponse, delete, get, post};
use domain::users::Oib;
use platform::body::Body;
use platform::problems::{INVALID_REQUEST, Problem};
use sqlx::PgConnection;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::actions::{self, Keeper};
use super::body::{
    AddedView, CheckBody, CheckView, ClearedView, ClearingBody, EntriesQuery, EntryBody, EntryView,
    ImportQuery, ImportView, ViolationView, ViolationsQuery,
};
use super::file::{self, Listed, NotImported};
use super::store::EntryFilter;
use crate::app::App;
use crate::audit::Actor;
use crate::http::fault::{Fault, Refusal};
use crate::http::keys::KeyedRequest;
use crate::http::pages::{Age, CountedPage, PAGE_ITEMS_MAX};
use crate::http::problems::{INVALID_LIST, INVALID_PROFILE};
use crate::http::reasons::{self, Reason};
use crate::http::staff::{CheckBlacklist, ManageBlacklist, ReadBlacklist, Staff};
use crate::staff::{once, rehearse};
use crate::tables;

/// Lines of a report as CSV: years of them.
const REPORT_LINES_MAX: i64 = 100_000;

const REPORT_HEAD: [&str; 7] = [
    "blocked_at",
    "first_name",
    "last_name",
    "oib",
    "match",
    "address",
    "account",
];

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_violations)
        .service(export_violations)
        .service(list_entries)
        .service(add_entry)
        .service(check_person)
        .service(clear_list)
        .service(remove_entry)
        .service(import_list);
}

impl Refusal for NotImported {
    fn problem(&self) -> Problem {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        Problem::new(INVALID_LIST)
            .detail(format!("{} lines name nobody", lines.len()))
            .member("mistakes", lines)
    }
}

fn keeper<N>(staff: &Staff<N>, reason: &str) -> Result<Keeper, Problem> {
    Ok(Keeper {
        actor: Actor::Staff(staff.id),
        reason: reasons::parse(reason)?,
    })
}

fn oib(text: &str) -> Result<Oib, Problem> {
    let oib = Oib::parse(text.trim());
    oib.map_err(|_| Problem::new(INVALID_PROFILE).detail("oib must be 11 digits with a valid check digit"))
}

/// Who is on the blacklist, and who was.
#[utoipa::path(tag = "blacklist", params(EntriesQuery),
    responses((status = 200, body = CountedPage<EntryView>), (status = 403, body = Problem)),
    extensions(("x-epic" = json!("E11")), ("x-feature" = json!("E11-F1")), ("x-rules" = json!(["oib-masked"])),
        ("x-permission" = json!("blacklist.read"))))]
#[get("/blacklist")]
async fn list_entries(
    app: Data<App>,
    _staff: Staff<ReadBlacklist>,
    query: Query<EntriesQuery>,
) -> Result<Json<CountedPage<EntryView>>, Fault<Problem>> {
    let filter = EntryFilter {
        search: query.search.clone(),
        identity: None,
        is_active: query.active,
        is_oldest_first: query.sort == Some(Age::Oldest),
    };
    let (rows, total) = actions::list(&app.db, &filter, query.cursor).await?;
    let items: anyhow::Result<Vec<EntryView>> = rows
        .into_iter()
        .map(|row| EntryView::of(&app.personal_data, row))
        .collect();
    Ok(Json(CountedPage::of((items?, total), |item: &EntryView| {
        item.entry_id
    })))
}

/// Put somebody on the blacklist. Their tickets are named, and stay valid.
#[utoipa::path(tag = "blacklist", request_body = EntryBody,
    params(("Idempotency-Key" = String, Header, description = "8 to 100 characters")),
    responses((status = 201, body = AddedView), (status = 400, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)),
    extensions(("x-epic" = json!("E11")), ("x-feature" = json!("E11-F1")), ("x-rules" = json!(["reason", "oib-checksum"])),
        ("x-permission" = json!("blacklist.manage"))))]
#[post("/blacklist")]
async fn add_entry(
    app: Data<App>,
    staff: Staff<ManageBlacklist>,
    request: KeyedRequest,
    body: Body<EntryBody>,
) -> Result<HttpResponse, Fault<Problem>> {
    let keeper = keeper(&staff, &body.reason)?;
    let name = |text: &Option<String>| {
        file::name(text.as_deref()).map_err(|what| Problem::new(INVALID_PROFILE).detail(what))
    };
    let person = Listed {
        line: 1,
        oib: oib(&body.oib)?,
        first_name: name(&body.first_name)?,
        last_name: name(&body.last_name)?,
    };
    let source = reasons::source(&body.source)?;
    once(
        &app,
        (staff.id, &request),
        &*body,
        StatusCode::CREATED,
        async |tx| {
            let added = actions::add(tx, app.ids, &app.personal_data, &keeper, (person, &source)).await;
            let (entry, has) = added.map_err(Fault::told)?;
            Ok(AddedView {
                entry: EntryView::of(&app.personal_data, entry)?,
                has: has.into(),
            })
        },
    )
    .await
}

/// Take somebody off. The entry stays as history.
#[utoipa::path(tag = "blacklist", request_body = Reason, params(("entry_id" = Uuid, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)),
    extensions(("x-epic" = json!("E11")), ("x-feature" = json!("E11-F1")), ("x-rules" = json!(["reason"])),
        ("x-permission" = json!("blacklist.manage"))))]
#[delete("/blacklist/{entry_id}")]
async fn remove_entry(
    app: Data<App>,
    staff: Staff<ManageBlacklist>,
    entry: Path<Uuid>,
    body: Body<Reason>,
) -> Result<HttpResponse, Fault<Problem>> {
    let keeper = keeper(&staff, &body.reason)?;
    actions::remove(&app.db, &keeper, *entry)
        .await
        .map_err(Fault::told)?;
    Ok(HttpResponse::NoContent().finish())
}

/// Whether somebody may not be sold a ticket. It is audited that you asked, not of whom.
#[utoipa::path(tag = "blacklist", request_body = CheckBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "not needed: asking twice changes nothing")),
    responses((status = 200, body = CheckView), (status = 403, body = Problem), (status = 422, body = Problem)),
    extensions(("x-epic" = json!("E11")), ("x-feature" = json!("E11-F3")), ("x-rules" = json!(["blacklist"])),
        ("x-permission" = json!("blacklist.check"))))]
#[post("/blacklist/checks")]
async fn check_person(
    app: Data<App>,
    staff: Staff<CheckBlacklist>,
    body: Body<CheckBody>,
) -> Result<Json<CheckView>, Fault<Problem>> {
    let asked = (Actor::Staff(staff.id), oib(&body.oib)?);
    let is_blocked = actions::check(&app.db, app.ids, &app.personal_data, asked).await?;
    Ok(Json(CheckView {
        is_blocked,
        message: is_blocked.then_some(crate::http::problems::HOLDER_BLACKLISTED.title),
    }))
}

/// Take everybody off, before a match's own list comes.
#[utoipa::path(tag = "blacklist", request_body = ClearingBody,
    params(("Idempotency-Key" = String, Header, description = "8 to 100 characters")),
    responses((status = 200, body = ClearedView), (status = 403, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)),
    extensions(("x-epic" = json!("E11")), ("x-feature" = json!("E11-F2")), ("x-rules" = json!(["reason", "confirmed"])),
        ("x-permission" = json!("blacklist.manage"))))]
#[post("/blacklist/clearing")]
async fn clear_list(
    app: Data<App>,
    staff: Staff<ManageBlacklist>,
    request: KeyedRequest,
    body: Body<ClearingBody>,
) -> Result<HttpResponse, Fault<Problem>> {
    let keeper = keeper(&staff, &body.reason)?;
    once(&app, (staff.id, &request), &*body, StatusCode::OK, async |tx| {
        let removed = actions::clear(tx, app.ids, &keeper, body.entries).await;
        Ok(ClearedView {
            removed: removed.map_err(Fault::told)?,
        })
    })
    .await
}

/// Import a list: one OIB a line, or CSV with the head `oib,first_name,last_name`. All or nothing.
#[utoipa::path(tag = "blacklist",
    params(ImportQuery, ("Idempotency-Key" = String, Header, description = "8 to 100 characters")), request_body(content = String, content_type = "text/csv"),
    responses((status = 200, body = ImportView), (status = 400, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)),
    extensions(("x-epic" = json!("E11")), ("x-feature" = json!("E11-F2")),
        ("x-rules" = json!(["all-or-nothing", "reason", "oib-checksum"])), ("x-permission" = json!("blacklist.manage"))))]
#[post("/blacklist-imports")]
async fn import_list(
    app: Data<App>,
    staff: Staff<ManageBlacklist>,
    query: Query<ImportQuery>,
    request: KeyedRequest,
    body: Bytes,
) -> Result<HttpResponse, Fault<Problem>> {
    let (keeper, source) = (keeper(&staff, &query.reason)?, reasons::source(&query.source)?);
    let text = std::str::from_utf8(&body)
        .map_err(|_| Problem::new(INVALID_REQUEST).detail("the list is not UTF-8"))?;
    let import = async |tx: &mut PgConnection| {
        let done = actions::import(tx, app.ids, &app.personal_data, &keeper, (text, &source)).await;
        let done = done.map_err(|error| match error.downcast::<NotImported>() {
            Ok(refused) => Fault::Refused(refused.problem()),
            Err(other) => other.into(),
        })?;
        Ok(ImportView::of(done, query.dry_run))
    };
    if query.dry_run {
        return rehearse(&app, import).await;
    }
    once(&app, (staff.id, &request), &text, StatusCode::OK, import).await
}

/// Attempts that were blocked, by age.
#[utoipa::path(tag = "blacklist", params(ViolationsQuery),
    responses((status = 200, body = CountedPage<ViolationView>), (status = 403, body = Problem)),
    extensions(("x-epic" = json!("E11")), ("x-feature" = json!("E11-F5")), ("x-rules" = json!(["oib-masked"])),
        ("x-permission" = json!("blacklist.read"))))]
#[get("/blacklist/violations")]
async fn list_violations(
    app: Data<App>,
    _staff: Staff<ReadBlacklist>,
    query: Query<ViolationsQuery>,
) -> Result<Json<CountedPage<ViolationView>>, Fault<Problem>> {
    let page = (query.cursor, PAGE_ITEMS_MAX);
    let (rows, total) = actions::list_violations(&app.db, &query.filter(), page).await?;
    let view = |row| ViolationView::of(&app.personal_data, row);
    let items: anyhow::Result<Vec<ViolationView>> = rows.into_iter().map(view).collect();
    Ok(Json(CountedPage::of((items?, total), |item: &ViolationView| {
        item.violation_id
    })))
}

/// The same as CSV, all of it: `cursor` means nothing here.
#[utoipa::path(tag = "blacklist", params(ViolationsQuery),
    responses((status = 200, body = String, content_type = "text/csv"), (status = 400, body = Problem), (status = 403, body = Problem)),
    extensions(("x-epic" = json!("E11")), ("x-feature" = json!("E11-F5")), ("x-rules" = json!(["oib-masked"])),
        ("x-permission" = json!("blacklist.read"))))]
#[get("/blacklist/violations.csv")]
async fn export_violations(
    app: Data<App>,
    _staff: Staff<ReadBlacklist>,
    query: Query<ViolationsQuery>,
) -> Result<HttpResponse, Fault<Problem>> {
    let page = (None, REPORT_LINES_MAX);
    let (rows, total) = actions::list_violations(&app.db, &query.filter(), page).await?;
    if total > REPORT_LINES_MAX {
        let narrower = format!(
            "there are {total}, and a file has {REPORT_LINES_MAX} at most: narrow it by `from` and `to`"
        );
        return Err(Problem::new(INVALID_REQUEST).detail(narrower).into());
    }
    let view = |row| ViolationView::of(&app.personal_data, row);
    let views: anyhow::Result<Vec<ViolationView>> = rows.into_iter().map(view).collect();
    let csv = tables::write(REPORT_HEAD, views?.into_iter().map(ViolationView::row))?;
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"violations.csv\""))
        .body(csv))
}
