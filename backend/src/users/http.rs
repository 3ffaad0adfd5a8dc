//! `GET|POST|PUT /users/me/profile` (E1-F3).

use actix_web::web::{Data, Json};
use actix_web::{HttpResponse, get, post, put};
use chrono::NaiveDate;
use domain::users::{Email, FullName, Nationality, Oib};
use platform::body::Body;
use platform::problems::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::{self, ProfileDraft, ProfileRefused};
use super::store::Profile;
use crate::app::App;
use crate::http::actor::Fan;
use crate::http::fault::Fault;
use crate::http::keys::IdempotencyKey;

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(read_profile)
        .service(create_profile)
        .service(change_profile);
}

/// What a fan says about themselves.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileBody {
    /// As in the documents.
    pub full_name: String,
    /// `1990-01-31`.
    pub date_of_birth: NaiveDate,
    /// ISO 3166-1 alpha-2.
    #[schema(example = "HR")]
    pub nationality: String,
    /// 11 digits with a valid check digit.
    pub oib: String,
    /// Where mail goes.
    pub email: String,
    /// If given, at most 30 characters.
    pub phone: Option<String>,
}

impl ProfileBody {
    fn parse(self) -> Result<ProfileDraft, ProfileRefused> {
        let invalid = ProfileRefused::Invalid;
        Ok(ProfileDraft {
            name: FullName::parse(&self.full_name)
                .ok_or(invalid("full_name must have 2 to 120 characters"))?,
            born: self.date_of_birth,
            nationality: Nationality::parse(&self.nationality)
                .ok_or(invalid("nationality must be a two-letter country code"))?,
            oib: Oib::parse(self.oib.trim())
                .map_err(|_| invalid("oib must be 11 digits with a valid check digit"))?,
            email: Email::parse(&self.email).ok_or(invalid("email must be an address"))?,
            phone: match self
                .phone
                .map(|phone| phone.trim().to_owned())
                .filter(|phone| !phone.is_empty())
            {
                Some(phone) if phone.len() > 30 || phone.contains(char::is_control) => {
                    return Err(invalid(
                        "phone must have at most 30 characters, none of them control characters",
                    ));
                }
                phone => phone,
            },
        })
    }
}

/// A fan's ticketing profile. The OIB is never shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProfileView {
    /// As in the documents.
    pub full_name: String,
    /// For the age rules.
    pub date_of_birth: NaiveDate,
    /// ISO 3166-1 alpha-2.
    pub nationality: String,
    /// Always masked.
    #[schema(example = "***********")]
    pub oib: String,
    /// Where mail goes.
    pub email: String,
    /// If given.
    pub phone: Option<String>,
}

impl From<Profile> for ProfileView {
    fn from(profile: Profile) -> Self {
        Self {
            full_name: profile.full_name,
            date_of_birth: profile.date_of_birth,
            nationality: profile.nationality,
            oib: "***********".to_owned(),
            email: profile.email,
            phone: profile.phone,
        }
    }
}

/// My ticketing profile.
#[utoipa::path(tag = "profile", responses((status = 200, body = ProfileView), (status = 404, body = Problem)),
    extensions(("x-epic" = json!("E1")), ("x-feature" = json!("E1-F3")), ("x-rules" = json!(["oib-masked"]))))]
#[get("/users/me/profile")]
async fn read_profile(app: Data<App>, fan: Fan) -> Result<Json<ProfileView>, Fault<ProfileRefused>> {
    Ok(Json(actions::read(&app, &fan).await?.into()))
}

/// Create my ticketing profile. Needed before buying.
#[utoipa::path(tag = "profile", request_body = ProfileBody,
    params(("Idempotency-Key" = String, Header, description = "8 to 100 characters")),
    responses((status = 201, body = ProfileView), (status = 409, body = Problem), (status = 422, body = Problem)),
    extensions(("x-epic" = json!("E1")), ("x-feature" = json!("E1-F3")), ("x-rules" = json!(["oib-checksum", "oib-unique"]))))]
#[post("/users/me/profile")]
async fn create_profile(
    app: Data<App>,
    fan: Fan,
    _key: IdempotencyKey,
    body: Body<ProfileBody>,
) -> Result<HttpResponse, Fault<ProfileRefused>> {
    let draft = body.into_inner().parse()?;
    let profile = actions::create(&app, &fan, draft).await?;
    Ok(HttpResponse::Created().json(ProfileView::from(profile)))
}

/// Change my ticketing profile. Nationality and OIB are fixed.
#[utoipa::path(tag = "profile", request_body = ProfileBody,
    responses((status = 200, body = ProfileView), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)),
    extensions(("x-epic" = json!("E1")), ("x-feature" = json!("E1-F3")), ("x-rules" = json!(["oib-fixed"]))))]
#[put("/users/me/profile")]
async fn change_profile(
    app: Data<App>,
    fan: Fan,
    body: Body<ProfileBody>,
) -> Result<Json<ProfileView>, Fault<ProfileRefused>> {
    let draft = body.into_inner().parse()?;
    Ok(Json(actions::change(&app, &fan, draft).await?.into()))
}
