//! The tenant behind a request.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpRequest, web};
use contracts::tokens::{SERVICE_TYP, ServiceClaims};

use super::Tenant;
use super::actions::{NotATenant, claims_of};
use crate::app::App;
use crate::faults::Fault;

impl FromRequest for Tenant {
    type Error = Fault<NotATenant>;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(tenant_of(request).map_err(Fault::Refused))
    }
}

/// The tenant whose service token the request carries.
pub(crate) fn tenant_of(request: &HttpRequest) -> Result<Tenant, NotATenant> {
    let app = request
        .app_data::<web::Data<Arc<App>>>()
        .ok_or(NotATenant::Invalid)?;
    let token = bearer(request).ok_or(NotATenant::Invalid)?;
    let (tenant, _) = claims_of::<ServiceClaims>(app, SERVICE_TYP, token)?;
    Ok(tenant)
}

/// The token of `Authorization: Bearer …`.
pub(crate) fn bearer(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}
