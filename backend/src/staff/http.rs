//! `GET /admin/staff/me` · `GET /admin/staff` · `PUT|DELETE /admin/staff/{user_id}/roles/{role}`.

use actix_web::web::{Data, Json, Path, Query};
use actix_web::{delete, get, put};
use chrono::{DateTime, Utc};
use domain::ids::UserId;
use domain::staff::{Permission, Role};
use platform::body::Body;
use platform::problems::{INVALID_REQUEST, Problem};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::actions::{self, GrantRefused, RoleChange};
use super::store::{Member, MemberFilter};
use crate::app::App;
use crate::audit::Actor;
use crate::http::fault::{Fault, Refusal};
use crate::http::pages::{Age, CountedPage};
use crate::http::problems::NOT_FOUND;
use crate::http::reasons::Reason;
use crate::http::staff::{BeStaff, ManageStaff, ReadStaff, Staff};
use crate::settings::RolesFrom;

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(read_me)
        .service(list_staff)
        .service(grant_role)
        .service(revoke_role);
}

/// A member of staff.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberView {
    user_id: Uuid,
    /// Who signs them in.
    issuer: String,
    /// As the issuer names them.
    subject: String,
    #[schema(value_type = Vec<String>, example = json!(["MATCH_MANAGER"]))]
    roles: Vec<&'static str>,
    /// When they got the newest of them.
    granted_at: DateTime<Utc>,
}

impl From<Member> for MemberView {
    fn from(member: Member) -> Self {
        Self {
            user_id: member.user_id.0,
            issuer: member.issuer,
            subject: member.subject,
            roles: codes(&member.roles),
            granted_at: member.granted_at,
        }
    }
}

/// Me, as staff.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeView {
    user_id: Uuid,
    #[schema(value_type = Vec<String>)]
    roles: Vec<&'static str>,
    /// What these roles may do.
    #[schema(value_type = Vec<String>)]
    permissions: Vec<&'static str>,
}

/// Somebody's roles.
#[derive(Debug, Serialize, ToSchema)]
pub struct RolesView {
    user_id: Uuid,
    #[schema(value_type = Vec<String>)]
    roles: Vec<&'static str>,
}

/// Which members.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MembersQuery {
    /// Only those with this role.
    pub role: Option<String>,
    /// In the name that the identity provider gives them (`sub`).
    pub search: Option<String>,
    /// OLDEST accounts first, unless NEWEST is asked for.
    #[param(value_type = Option<String>)]
    pub sort: Option<Age>,
    /// `next_cursor` of the page before.
    pub cursor: Option<Uuid>,
}

fn codes(roles: &[Role]) -> Vec<&'static str> {
    roles.iter().map(|role| role.code()).collect()
}

fn role(name: &str) -> Result<Role, Problem> {
    Role::parse(name).ok_or_else(|| {
        Problem::new(NOT_FOUND)
            .detail("there is no such role")
            .member("roles", codes(&Role::ALL))
    })
}

/// My roles, and what they may do.
#[utoipa::path(tag = "staff", responses((status = 200, body = MeView), (status = 403, body = Problem)),
    extensions(("x-epic" = json!("E0")), ("x-feature" = json!("E0-F1")), ("x-rules" = json!(["second-factor"])),
        ("x-permission" = json!("staff.self"))))]
#[get("/staff/me")]
async fn read_me(staff: Staff<BeStaff>) -> Json<MeView> {
    let may = |permission: &Permission| permission.is_held_by(&staff.roles);
    let permissions = Permission::ALL.into_iter().filter(may);
    Json(MeView {
        user_id: staff.id.0,
        roles: codes(&staff.roles),
        permissions: permissions.map(|permission| permission.code()).collect(),
    })
}

/// Who is staff, by age of their accounts.
#[utoipa::path(tag = "staff", params(MembersQuery),
    responses((status = 200, body = CountedPage<MemberView>), (status = 400, body = Problem), (status = 403, body = Problem)),
    extensions(("x-epic" = json!("E0")), ("x-feature" = json!("E0-F1")), ("x-rules" = json!([])),
        ("x-permission" = json!("staff.read"))))]
#[get("/staff")]
async fn list_staff(
    app: Data<App>,
    _staff: Staff<ReadStaff>,
    query: Query<MembersQuery>,
) -> Result<Json<CountedPage<MemberView>>, Fault<Problem>> {
    let no_role = |_| {
        Problem::new(INVALID_REQUEST).detail(format!("`role` is one of {}", codes(&Role::ALL).join(", ")))
    };
    let filter = MemberFilter {
        role: query.role.as_deref().map(role).transpose().map_err(no_role)?,
        search: query.search.as_deref(),
        is_newest_first: query.sort == Some(Age::Newest),
    };
    let (members, total) = actions::list(&app.db, filter, query.cursor).await?;
    let items = members.into_iter().map(MemberView::from).collect();
    Ok(Json(CountedPage::of((items, total), |member: &MemberView| {
        member.user_id
    })))
}

/// Give somebody a role. They must have signed in once.
#[utoipa::path(tag = "staff", request_body = Reason,
    params(("user_id" = Uuid, Path), ("role" = String, Path, example = "MATCH_MANAGER")),
    responses((status = 200, body = RolesView), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)),
    extensions(("x-epic" = json!("E0")), ("x-feature" = json!("E0-F1")), ("x-rules" = json!(["step-up", "reason"])),
        ("x-permission" = json!("staff.manage"))))]
#[put("/staff/{user_id}/roles/{role}")]
async fn grant_role(
    app: Data<App>,
    staff: Staff<ManageStaff>,
    path: Path<(UserId, String)>,
    body: Body<Reason>,
) -> Result<Json<RolesView>, Fault<Problem>> {
    let change = change(&app, path.into_inner(), body.into_inner())?;
    let roles = actions::grant(&app.db, Actor::Staff(staff.id), &change).await;
    Ok(Json(RolesView {
        user_id: change.user.0,
        roles: codes(&roles.map_err(Fault::told)?),
    }))
}

/// Take a role from somebody.
#[utoipa::path(tag = "staff", request_body = Reason,
    params(("user_id" = Uuid, Path), ("role" = String, Path, example = "MATCH_MANAGER")),
    responses((status = 200, body = RolesView), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)),
    extensions(("x-epic" = json!("E0")), ("x-feature" = json!("E0-F1")), ("x-rules" = json!(["step-up", "reason"])),
        ("x-permission" = json!("staff.manage"))))]
#[delete("/staff/{user_id}/roles/{role}")]
async fn revoke_role(
    app: Data<App>,
    staff: Staff<ManageStaff>,
    path: Path<(UserId, String)>,
    body: Body<Reason>,
) -> Result<Json<RolesView>, Fault<Problem>> {
    let change = change(&app, path.into_inner(), body.into_inner())?;
    let roles = actions::revoke(&app.db, Actor::Staff(staff.id), &change).await;
    Ok(Json(RolesView {
        user_id: change.user.0,
        roles: codes(&roles.map_err(Fault::told)?),
    }))
}

fn change(app: &App, (user, name): (UserId, String), reason: Reason) -> Result<RoleChange, Problem> {
    match app.settings.staff.roles {
        RolesFrom::Claim => Err(GrantRefused::RolesAreClaims.problem()),
        RolesFrom::Table => Ok(RoleChange {
            user,
            role: role(&name)?,
            reason: reason.parse()?,
        }),
    }
}
