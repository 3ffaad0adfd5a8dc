//! Statements on `staff_grants`.
#![expect(
    clippy::as_conversions,
    reason = "sqlx's way to name a parameter's type: nothing is converted"
)]

use domain::Timestamp;
use domain::ids::UserId;
use domain::staff::Role;
use sqlx::{PgConnection, query, query_as, query_scalar};
use uuid::Uuid;

/// A member of staff.
#[derive(Debug, Clone)]
pub struct Member {
    /// Our id for them.
    pub user_id: UserId,
    /// Who signs them in.
    pub issuer: String,
    /// As the issuer names them.
    pub subject: String,
    /// Their roles.
    pub roles: Vec<Role>,
    /// When they got the newest of them.
    pub granted_at: Timestamp,
}

pub(super) async fn list_roles(conn: &mut PgConnection, user: UserId) -> Result<Vec<Role>, sqlx::Error> {
    query_scalar!(
        "SELECT role AS \"role: Role\" FROM staff_grants WHERE user_id = $1 ORDER BY role",
        user as UserId,
    )
    .fetch_all(conn)
    .await
}

/// Locks the account, so that changes of one person's roles come one after the other. `false` for an unknown one.
pub(super) async fn lock_account(conn: &mut PgConnection, user: UserId) -> Result<bool, sqlx::Error> {
    let found = query_scalar!(
        "SELECT user_id FROM users WHERE user_id = $1 FOR NO KEY UPDATE",
        user as UserId
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.is_some())
}

/// Locks who may give roles, so that two Super Admins cannot take each other's role at once.
pub(super) async fn lock_super_admins(conn: &mut PgConnection) -> Result<Vec<UserId>, sqlx::Error> {
    query_scalar!(
        "SELECT user_id AS \"user_id: UserId\" FROM staff_grants WHERE role = 'SUPER_ADMIN' ORDER BY user_id FOR UPDATE"
    )
    .fetch_all(conn)
    .await
}

/// `false` when they have it already.
pub(super) async fn insert_grant(
    conn: &mut PgConnection,
    user: UserId,
    role: Role,
) -> Result<bool, sqlx::Error> {
    let made = query!(
        "INSERT INTO staff_grants (user_id, role) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        user as UserId,
        role as Role,
    )
    .execute(conn)
    .await?;
    Ok(made.rows_affected() == 1)
}

/// `false` when they have not got it.
pub(super) async fn delete_grant(
    conn: &mut PgConnection,
    user: UserId,
    role: Role,
) -> Result<bool, sqlx::Error> {
    let gone = query!(
        "DELETE FROM staff_grants WHERE user_id = $1 AND role = $2",
        user as UserId,
        role as Role,
    )
    .execute(conn)
    .await?;
    Ok(gone.rows_affected() == 1)
}

/// Which members, and in which order.
#[derive(Debug, Clone, Copy, Default)]
pub struct MemberFilter<'a> {
    /// With this role.
    pub role: Option<Role>,
    /// In the name that the identity provider gives them.
    pub search: Option<&'a str>,
    /// The other way round than usual.
    pub is_newest_first: bool,
}

/// Members after `cursor`, by id (which is by age of their account).
pub(super) async fn list_members(
    conn: &mut PgConnection,
    filter: MemberFilter<'_>,
    (cursor, limit): (Option<Uuid>, i64),
) -> Result<Vec<Member>, sqlx::Error> {
    query_as!(
        Member,
        "SELECT u.user_id, u.issuer, u.subject, array_agg(g.role ORDER BY g.role) AS \"roles!: Vec<Role>\",
                max(g.granted_at) AS \"granted_at!\"
         FROM staff_grants g
         JOIN users u USING (user_id)
         WHERE ($2::uuid IS NULL OR CASE WHEN $5::bool THEN u.user_id < $2 ELSE u.user_id > $2 END)
           AND ($4::text IS NULL OR position(lower($4) IN lower(u.subject)) > 0)
         GROUP BY u.user_id
         HAVING $1::staff_role IS NULL OR $1 = ANY(array_agg(g.role))
         ORDER BY CASE WHEN $5 THEN u.user_id END DESC, u.user_id
         LIMIT $3",
        filter.role as Option<Role>,
        cursor,
        limit,
        filter.search,
        filter.is_newest_first,
    )
    .fetch_all(conn)
    .await
}

pub(super) async fn count_members(
    conn: &mut PgConnection,
    filter: MemberFilter<'_>,
) -> Result<i64, sqlx::Error> {
    query_scalar!(
        "SELECT count(DISTINCT user_id) AS \"count!\"
         FROM staff_grants
         JOIN users u USING (user_id)
         WHERE ($1::staff_role IS NULL OR role = $1) AND ($2::text IS NULL OR position(lower($2) IN lower(u.subject)) > 0)",
        filter.role as Option<Role>,
        filter.search,
    )
    .fetch_one(conn)
    .await
}
