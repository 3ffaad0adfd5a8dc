//! Who may not be sold a ticket, by law (E11).
//!
//! Owns: `blacklist`, `blacklist_violations`. Publishes: nothing. Invariant: every holder is checked at checkout, all or
//! nothing, and a blocked attempt is written down.
#![expect(
    clippy::as_conversions,
    reason = "sqlx's way to name a parameter's type: nothing is converted"
)]

pub mod actions;

use domain::ids::{MatchId, UserId};
use sqlx::{PgConnection, query, query_scalar};
use uuid::Uuid;

/// Those of `identities` that are blacklisted.
///
/// # Errors
/// When the database fails.
pub async fn list_blocked(
    conn: &mut PgConnection,
    identities: &[Vec<u8>],
) -> Result<Vec<Vec<u8>>, sqlx::Error> {
    query_scalar!(
        "SELECT identity FROM blacklist WHERE identity = ANY($1)",
        identities
    )
    .fetch_all(conn)
    .await
}

/// Adds those of `identities` that are not on the blacklist, and answers how many those were.
///
/// # Errors
/// When the database fails.
async fn insert(conn: &mut PgConnection, identities: &[Vec<u8>], source: &str) -> Result<u64, sqlx::Error> {
    let done = query!(
        "INSERT INTO blacklist (identity, source) SELECT identity, $2 FROM unnest($1::bytea[]) AS identity
         ON CONFLICT (identity) DO NOTHING",
        identities,
        source,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Writes down a blocked attempt.
///
/// # Errors
/// When the database fails.
pub async fn insert_violation(
    conn: &mut PgConnection,
    violation_id: Uuid,
    (match_id, user): (MatchId, UserId),
    identity: &[u8],
) -> Result<(), sqlx::Error> {
    query!(
        "INSERT INTO blacklist_violations (violation_id, identity, match_id, user_id) VALUES ($1, $2, $3, $4)",
        violation_id,
        identity,
        match_id as MatchId,
        user as UserId,
    )
    .execute(conn)
    .await?;
    Ok(())
}
