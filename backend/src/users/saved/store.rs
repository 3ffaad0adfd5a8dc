//! Statements on `saved_profiles`.
#![expect(
    clippy::as_conversions,
    reason = "sqlx's way to name a parameter's type: nothing is converted"
)]

use chrono::NaiveDate;
use domain::ids::{SavedProfileId, UserId};
use domain::users::DocumentKind;
use sqlx::{PgConnection, query, query_as, query_scalar};

use crate::http::fault::constraint;

/// Somebody a fan buys for, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SavedProfile {
    pub(super) saved_profile_id: SavedProfileId,
    pub(super) full_name: String,
    pub(super) date_of_birth: NaiveDate,
    pub(super) nationality: String,
    pub(super) document_kind: DocumentKind,
    pub(super) document_encrypted: Vec<u8>,
    pub(super) identity: Vec<u8>,
    pub(super) email: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) relationship: Option<String>,
}

/// Locks the account, so that of two profiles that it saves at once one is the first.
pub(super) async fn lock_account(conn: &mut PgConnection, user: UserId) -> Result<(), sqlx::Error> {
    query_scalar!(
        "SELECT user_id FROM users WHERE user_id = $1 FOR NO KEY UPDATE",
        user as UserId
    )
    .fetch_one(conn)
    .await?;
    Ok(())
}

/// Whether this document is that of the user's own profile.
pub(super) async fn is_own(
    conn: &mut PgConnection,
    user: UserId,
    identity: &[u8],
) -> Result<bool, sqlx::Error> {
    query_scalar!(
        "SELECT EXISTS (SELECT FROM user_profiles WHERE user_id = $1 AND oib_index = $2) AS \"is_own!\"",
        user as UserId,
        identity,
    )
    .fetch_one(conn)
    .await
}

/// The first of the ten places that nobody has.
pub(super) async fn find_free_place(
    conn: &mut PgConnection,
    user: UserId,
) -> Result<Option<i16>, sqlx::Error> {
    query_scalar!(
        "SELECT place::smallint AS \"place!\"
         FROM generate_series(1, 10) AS place
         WHERE place NOT IN (SELECT place FROM saved_profiles WHERE user_id = $1)
         ORDER BY place
         LIMIT 1",
        user as UserId,
    )
    .fetch_optional(conn)
    .await
}

pub(super) async fn insert(
    conn: &mut PgConnection,
    (user, place): (UserId, i16),
    profile: &SavedProfile,
) -> Result<(), sqlx::Error> {
    query!(
        "INSERT INTO saved_profiles
             (saved_profile_id, user_id, place, full_name, date_of_birth, nationality, document_kind, document_encrypted,
              identity, email, phone, relationship)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        profile.saved_profile_id as SavedProfileId,
        user as UserId,
        place,
        profile.full_name,
        profile.date_of_birth,
        profile.nationality,
        profile.document_kind as DocumentKind,
        profile.document_encrypted,
        profile.identity,
        profile.email,
        profile.phone,
        profile.relationship,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What a change came to.
pub(super) enum Saved {
    Yes,
    NotThere,
    /// Another profile of theirs has this document.
    DocumentTwice,
}

pub(super) async fn save(
    conn: &mut PgConnection,
    user: UserId,
    profile: &SavedProfile,
) -> Result<Saved, sqlx::Error> {
    let saved = query!(
        "UPDATE saved_profiles
         SET full_name = $3, date_of_birth = $4, nationality = $5, document_kind = $6, document_encrypted = $7, identity = $8,
             email = $9, phone = $10, relationship = $11, updated_at = clock_timestamp()
         WHERE saved_profile_id = $1 AND user_id = $2",
        profile.saved_profile_id as SavedProfileId,
        user as UserId,
        profile.full_name,
        profile.date_of_birth,
        profile.nationality,
        profile.document_kind as DocumentKind,
        profile.document_encrypted,
        profile.identity,
        profile.email,
        profile.phone,
        profile.relationship,
    )
    .execute(conn)
    .await;
    match saved {
        Ok(saved) if saved.rows_affected() == 1 => Ok(Saved::Yes),
        Ok(_) => Ok(Saved::NotThere),
        Err(error) if constraint(&error) == Some("saved_profiles_one_per_document") => {
            Ok(Saved::DocumentTwice)
        }
        Err(error) => Err(error),
    }
}

/// `false` when it is not there, or another fan's.
pub(super) async fn delete(
    conn: &mut PgConnection,
    user: UserId,
    profile: SavedProfileId,
) -> Result<bool, sqlx::Error> {
    let gone = query!(
        "DELETE FROM saved_profiles WHERE saved_profile_id = $1 AND user_id = $2",
        profile as SavedProfileId,
        user as UserId,
    )
    .execute(conn)
    .await?;
    Ok(gone.rows_affected() == 1)
}

/// All of a user, as they were saved.
pub(super) async fn list_of_user(
    conn: &mut PgConnection,
    user: UserId,
) -> Result<Vec<SavedProfile>, sqlx::Error> {
    query_as!(
        SavedProfile,
        "SELECT saved_profile_id, full_name, date_of_birth, nationality, document_kind, document_encrypted, identity, email,
                phone, relationship
         FROM saved_profiles
         WHERE user_id = $1
         ORDER BY saved_profile_id",
        user as UserId,
    )
    .fetch_all(conn)
    .await
}
