//! Recognise staff; give and take roles.

use domain::ids::UserId;
use domain::staff::{Credentials, Role};
use platform::problems::Problem;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::StaffClaims;
use super::store::{self, Member, MemberFilter};
use crate::app::{App, Db};
use crate::audit::{self, Actor, Entry};
use crate::http::fault::{Fault, Refusal};
use crate::http::ids::USERS_LISTED;
use crate::http::pages::PAGE_ITEMS_MAX;
use crate::http::problems::{LAST_SUPER_ADMIN, NOT_FOUND, ROLES_ARE_CLAIMS};
use crate::settings::RolesFrom;
use crate::users;

/// Why roles stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantRefused {
    /// Nobody has this account.
    NoSuchAccount,
    /// Nobody would be left to give roles.
    LastSuperAdmin,
    /// The identity provider gives them.
    RolesAreClaims,
}

impl Refusal for GrantRefused {
    fn problem(&self) -> Problem {
        match self {
            Self::NoSuchAccount => {
                Problem::new(NOT_FOUND).detail(format!("nobody has this user_id: {USERS_LISTED}"))
            }
            Self::LastSuperAdmin => Problem::new(LAST_SUPER_ADMIN),
            Self::RolesAreClaims => Problem::new(ROLES_ARE_CLAIMS),
        }
    }
}

/// A change of somebody's roles.
#[derive(Debug, Clone)]
pub struct RoleChange {
    /// Whose.
    pub user: UserId,
    /// Which.
    pub role: Role,
    /// Why.
    pub reason: String,
}

/// Who shows these claims, and what they may show for themselves.
///
/// # Errors
/// When the database fails.
pub async fn recognise(app: &App, claims: &StaffClaims) -> Result<(UserId, Credentials), sqlx::Error> {
    let settings = &app.settings.staff;
    let mut conn = app.db.acquire().await?;
    let id = users::recognise_staff(&mut conn, app.ids, (&claims.iss, &claims.sub)).await?;
    let roles = match settings.roles {
        RolesFrom::Table => store::list_roles(&mut conn, id).await?,
        RolesFrom::Claim => claims.roles(settings),
    };
    let credentials = Credentials {
        roles,
        has_second_factor: claims.has_second_factor(settings),
        signed_in_at: claims.signed_in_at(),
    };
    Ok((id, credentials))
}

/// Gives a role, and answers all they have now. The same again changes nothing.
///
/// # Errors
/// [`GrantRefused`].
pub async fn grant(db: &Db, by: Actor, change: &RoleChange) -> Result<Vec<Role>, Fault<GrantRefused>> {
    let mut tx = db.begin().await?;
    let roles = grant_in(&mut tx, by, change).await?;
    tx.commit().await?;
    Ok(roles)
}

/// The same within a transaction that the caller commits, or rolls back to have only asked.
///
/// # Errors
/// [`GrantRefused`].
pub async fn grant_in(
    conn: &mut PgConnection,
    by: Actor,
    change: &RoleChange,
) -> Result<Vec<Role>, Fault<GrantRefused>> {
    let before = lock_roles(conn, change.user).await?;

    if store::insert_grant(conn, change.user, change.role).await? {
        record(conn, (by, "staff.role-granted"), change, &before).await?;
    }
    Ok(store::list_roles(conn, change.user).await?)
}

/// Takes a role, and answers what is left. The same again changes nothing.
///
/// # Errors
/// [`GrantRefused`].
pub async fn revoke(db: &Db, by: Actor, change: &RoleChange) -> Result<Vec<Role>, Fault<GrantRefused>> {
    let mut tx = db.begin().await?;
    let roles = revoke_in(&mut tx, by, change).await?;
    tx.commit().await?;
    Ok(roles)
}

/// The same within a transaction that the caller commits, or rolls back to have only asked.
///
/// # Errors
/// [`GrantRefused`].
pub async fn revoke_in(
    conn: &mut PgConnection,
    by: Actor,
    change: &RoleChange,
) -> Result<Vec<Role>, Fault<GrantRefused>> {
    if change.role == Role::SuperAdmin && store::lock_super_admins(conn).await? == [change.user] {
        return Err(GrantRefused::LastSuperAdmin.into());
    }
    let before = lock_roles(conn, change.user).await?;

    if store::delete_grant(conn, change.user, change.role).await? {
        record(conn, (by, "staff.role-revoked"), change, &before).await?;
    }
    Ok(store::list_roles(conn, change.user).await?)
}

async fn lock_roles(conn: &mut PgConnection, user: UserId) -> Result<Vec<Role>, Fault<GrantRefused>> {
    if !store::lock_account(conn, user).await? {
        return Err(GrantRefused::NoSuchAccount.into());
    }
    Ok(store::list_roles(conn, user).await?)
}

async fn record(
    conn: &mut PgConnection,
    (actor, deed): (Actor, &'static str),
    change: &RoleChange,
    before: &[Role],
) -> Result<(), sqlx::Error> {
    let codes = |roles: &[Role]| roles.iter().map(|role| role.code()).collect::<Vec<_>>();
    let after = store::list_roles(conn, change.user).await?;
    let entry = Entry {
        actor,
        deed,
        subject_id: change.user.0,
        details: json!({"before": codes(before), "after": codes(&after), "reason": change.reason}),
    };
    audit::record(conn, entry).await
}

/// A page of members, and how many there are.
///
/// # Errors
/// When the database fails.
pub async fn list(
    db: &Db,
    filter: MemberFilter<'_>,
    cursor: Option<Uuid>,
) -> Result<(Vec<Member>, i64), sqlx::Error> {
    let mut conn = db.acquire().await?;
    let members = store::list_members(&mut conn, filter, (cursor, PAGE_ITEMS_MAX)).await?;
    Ok((members, store::count_members(&mut conn, filter).await?))
}
