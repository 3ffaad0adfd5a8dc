//! Statements on `users` and `user_profiles`.
#![expect(
    clippy::as_conversions,
    reason = "sqlx's way to name a parameter's type: nothing is converted"
)]

use chrono::NaiveDate;
use domain::ids::UserId;
use sqlx::{PgConnection, query, query_as, query_scalar};

/// A ticketing profile as stored.
#[derive(Debug, Clone)]
pub struct Profile {
    /// As in the documents.
    pub full_name: String,
    /// For the age rules.
    pub date_of_birth: NaiveDate,
    /// ISO 3166-1 alpha-2.
    pub nationality: String,
    /// Encrypted.
    pub oib_encrypted: Vec<u8>,
    /// Blind index.
    pub oib_index: Vec<u8>,
    /// Where mail goes.
    pub email: String,
    /// If given.
    pub phone: Option<String>,
}

/// The account of (issuer, subject), if there is one.
pub(super) async fn find_user(
    conn: &mut PgConnection,
    issuer: &str,
    subject: &str,
) -> Result<Option<UserId>, sqlx::Error> {
    query_scalar!(
        "SELECT user_id AS \"user_id: UserId\" FROM users WHERE issuer = $1 AND subject = $2",
        issuer,
        subject,
    )
    .fetch_optional(conn)
    .await
}

/// The account of (issuer, subject), made if it is new.
pub(super) async fn find_or_insert_user(
    conn: &mut PgConnection,
    fresh: UserId,
    issuer: &str,
    subject: &str,
) -> Result<UserId, sqlx::Error> {
    query_scalar!(
        // Whoever is known is only read: a write would wait for every transaction that refers to them, such as their own
        // publication. The no-op update makes the statement answer the row also when another request makes it at this moment.
        "WITH known AS (SELECT user_id FROM users WHERE issuer = $2 AND subject = $3),
              made AS (
                  INSERT INTO users (user_id, issuer, subject)
                  SELECT $1, $2, $3 WHERE NOT EXISTS (SELECT FROM known)
                  ON CONFLICT ON CONSTRAINT users_one_per_subject DO UPDATE SET subject = EXCLUDED.subject
                  RETURNING user_id)
         SELECT user_id AS \"user_id!: UserId\" FROM known UNION ALL SELECT user_id FROM made",
        fresh as UserId,
        issuer,
        subject,
    )
    .fetch_one(conn)
    .await
}

pub(super) async fn find_profile(
    conn: &mut PgConnection,
    user: UserId,
) -> Result<Option<Profile>, sqlx::Error> {
    query_as!(
        Profile,
        "SELECT full_name, date_of_birth, nationality, oib_encrypted, oib_index, email, phone
         FROM user_profiles
         WHERE user_id = $1",
        user as UserId,
    )
    .fetch_optional(conn)
    .await
}

/// `false` when the user has a profile or another has the OIB, also if it was made in this moment. Both are looked at together:
/// of two equal inserts at once either may meet the other at the OIB first. What the user had saved of the same person goes: it
/// is they themselves, and nobody is among one's profiles twice (E1-F4).
pub(super) async fn insert_profile(
    conn: &mut PgConnection,
    user: UserId,
    profile: &Profile,
) -> Result<bool, sqlx::Error> {
    query_scalar!(
        "WITH made AS (
             INSERT INTO user_profiles
                 (user_id, full_name, date_of_birth, nationality, oib_encrypted, oib_index, email, phone)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT DO NOTHING
             RETURNING user_id, oib_index
         ), saved_before AS (
             DELETE FROM saved_profiles s
             USING made
             WHERE s.user_id = made.user_id AND s.identity = made.oib_index
         )
         SELECT EXISTS (SELECT FROM made) AS \"made!\"",
        user as UserId,
        profile.full_name,
        profile.date_of_birth,
        profile.nationality,
        profile.oib_encrypted,
        profile.oib_index,
        profile.email,
        profile.phone,
    )
    .fetch_one(conn)
    .await
}

/// Saves what a fan may change; nationality and OIB stay (E1-F3). `false` when there is no profile with this OIB.
pub(super) async fn save_profile(
    conn: &mut PgConnection,
    user: UserId,
    profile: &Profile,
) -> Result<bool, sqlx::Error> {
    let saved = query!(
        "UPDATE user_profiles
         SET full_name = $2, date_of_birth = $3, email = $4, phone = $5, updated_at = now()
         WHERE user_id = $1 AND oib_index = $6",
        user as UserId,
        profile.full_name,
        profile.date_of_birth,
        profile.email,
        profile.phone,
        profile.oib_index,
    )
    .execute(conn)
    .await?;
    Ok(saved.rows_affected() == 1)
}
