//! `GET|POST /users/me/saved-profiles` · `GET|PUT|DELETE /users/me/saved-profiles/{saved_profile_id}`.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, delete, get, post, put};
use chrono::NaiveDate;
use domain::Timestamp;
use domain::ids::SavedProfileId;
use domain::users::DocumentKind;
use platform::body::Body;
use platform::problems::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::actions::{self, Person};
use super::store::SavedProfile;
use crate::app::App;
use crate::http::actor::Fan;
use crate::http::fault::Fault;
use crate::http::holders::HolderBody;
use crate::http::keys::IdempotencyKey;
use crate::http::problems::INVALID_PROFILE;

/// Longest word for what somebody is to a fan, characters.
const RELATIONSHIP_CHARS_MAX: usize = 40;
/// Longest telephone number, characters.
const PHONE_CHARS_MAX: usize = 30;

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_saved)
        .service(create_saved)
        .service(read_saved)
        .service(change_saved)
        .service(delete_saved);
}

/// Somebody a fan buys for: an OIB or a passport, not both.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SavedProfileBody {
    /// As in the document.
    full_name: String,
    /// `1990-01-31`.
    date_of_birth: NaiveDate,
    /// ISO 3166-1 alpha-2.
    #[schema(example = "HR")]
    nationality: String,
    /// 11 digits with a valid check digit.
    oib: Option<String>,
    /// 5 to 20 letters and digits.
    passport: Option<String>,
    /// Where their tickets go; none for minors.
    email: Option<String>,
    /// At most 30 characters.
    phone: Option<String>,
    /// What they are to me, at most 40 characters.
    #[schema(example = "daughter")]
    relationship: Option<String>,
}

impl SavedProfileBody {
    fn parse(self, now: Timestamp) -> Result<Person, Problem> {
        let invalid = |what: &str| Problem::new(INVALID_PROFILE).detail(what);
        let holder = HolderBody {
            full_name: self.full_name,
            date_of_birth: self.date_of_birth,
            nationality: self.nationality,
            oib: self.oib,
            passport: self.passport,
            email: self.email,
        };
        Ok(Person {
            holder: holder.parse(now).map_err(invalid)?,
            phone: short(self.phone, PHONE_CHARS_MAX)
                .map_err(|()| invalid("phone must have at most 30 characters"))?,
            relationship: short(self.relationship, RELATIONSHIP_CHARS_MAX)
                .map_err(|()| invalid("relationship must have at most 40 characters"))?,
        })
    }
}

fn short(text: Option<String>, chars_max: usize) -> Result<Option<String>, ()> {
    let text = text
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty());
    match text {
        Some(text) if text.chars().count() > chars_max || text.contains(char::is_control) => Err(()),
        text => Ok(text),
    }
}

/// Somebody a fan buys for. The number of their document is never shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct SavedProfileView {
    saved_profile_id: Uuid,
    full_name: String,
    date_of_birth: NaiveDate,
    nationality: String,
    /// OIB or PASSPORT.
    #[schema(example = "OIB")]
    document_kind: &'static str,
    /// Always masked.
    #[schema(example = "***********")]
    document: &'static str,
    email: Option<String>,
    phone: Option<String>,
    relationship: Option<String>,
}

impl From<SavedProfile> for SavedProfileView {
    fn from(profile: SavedProfile) -> Self {
        Self {
            saved_profile_id: profile.saved_profile_id.0,
            full_name: profile.full_name,
            date_of_birth: profile.date_of_birth,
            nationality: profile.nationality,
            document_kind: match profile.document_kind {
                DocumentKind::Oib => "OIB",
                DocumentKind::Passport => "PASSPORT",
            },
            document: "***********",
            email: profile.email,
            phone: profile.phone,
            relationship: profile.relationship,
        }
    }
}

/// All of mine: ten at most, so there are no pages.
#[derive(Debug, Serialize, ToSchema)]
pub struct SavedProfilesView {
    /// As they were saved.
    items: Vec<SavedProfileView>,
}

/// The people I buy for.
#[utoipa::path(tag = "profile", responses((status = 200, body = SavedProfilesView)),
    extensions(("x-epic" = json!("E1")), ("x-feature" = json!("E1-F4")), ("x-rules" = json!(["ten-profiles", "document-masked"]))))]
#[get("/users/me/saved-profiles")]
async fn list_saved(app: Data<App>, fan: Fan) -> Result<Json<SavedProfilesView>, Fault<Problem>> {
    let all = actions::list(&app, &fan).await?;
    Ok(Json(SavedProfilesView {
        items: all.into_iter().map(SavedProfileView::from).collect(),
    }))
}

/// Save somebody I buy for.
#[utoipa::path(tag = "profile", request_body = SavedProfileBody,
    params(("Idempotency-Key" = String, Header, description = "8 to 100 characters")),
    responses((status = 201, body = SavedProfileView), (status = 409, body = Problem), (status = 422, body = Problem)),
    extensions(("x-epic" = json!("E1")), ("x-feature" = json!("E1-F4")),
        ("x-rules" = json!(["ten-profiles", "oib-checksum", "each-person-once"]))))]
#[post("/users/me/saved-profiles")]
async fn create_saved(
    app: Data<App>,
    fan: Fan,
    _key: IdempotencyKey,
    body: Body<SavedProfileBody>,
) -> Result<HttpResponse, Fault<Problem>> {
    let person = body.into_inner().parse(app.clock.now())?;
    let saved = actions::create(&app, &fan, &person).await.map_err(Fault::told)?;
    Ok(HttpResponse::Created().json(SavedProfileView::from(saved)))
}

/// One of them.
#[utoipa::path(tag = "profile", params(("saved_profile_id" = Uuid, Path)),
    responses((status = 200, body = SavedProfileView), (status = 404, body = Problem)),
    extensions(("x-epic" = json!("E1")), ("x-feature" = json!("E1-F4")), ("x-rules" = json!(["document-masked"]))))]
#[get("/users/me/saved-profiles/{saved_profile_id}")]
async fn read_saved(
    app: Data<App>,
    fan: Fan,
    id: Path<SavedProfileId>,
) -> Result<Json<SavedProfileView>, Fault<Problem>> {
    Ok(Json(
        actions::read(&app, &fan, *id).await.map_err(Fault::told)?.into(),
    ))
}

/// Say anew who somebody is.
#[utoipa::path(tag = "profile", request_body = SavedProfileBody, params(("saved_profile_id" = Uuid, Path)),
    responses((status = 200, body = SavedProfileView), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)),
    extensions(("x-epic" = json!("E1")), ("x-feature" = json!("E1-F4")), ("x-rules" = json!(["oib-checksum", "each-person-once"]))))]
#[put("/users/me/saved-profiles/{saved_profile_id}")]
async fn change_saved(
    app: Data<App>,
    fan: Fan,
    id: Path<SavedProfileId>,
    body: Body<SavedProfileBody>,
) -> Result<Json<SavedProfileView>, Fault<Problem>> {
    let person = body.into_inner().parse(app.clock.now())?;
    let saved = actions::change(&app, &fan, (*id, &person))
        .await
        .map_err(Fault::told)?;
    Ok(Json(saved.into()))
}

/// Forget somebody.
#[utoipa::path(tag = "profile", params(("saved_profile_id" = Uuid, Path)),
    responses((status = 204), (status = 404, body = Problem)),
    extensions(("x-epic" = json!("E1")), ("x-feature" = json!("E1-F4")), ("x-rules" = json!([]))))]
#[delete("/users/me/saved-profiles/{saved_profile_id}")]
async fn delete_saved(
    app: Data<App>,
    fan: Fan,
    id: Path<SavedProfileId>,
) -> Result<HttpResponse, Fault<Problem>> {
    actions::delete(&app, &fan, *id).await.map_err(Fault::told)?;
    Ok(HttpResponse::NoContent().finish())
}
