//! One ticket per person and match: an identity is taken while its ticket lives or its hold is ahead.
#![expect(
    clippy::as_conversions,
    reason = "sqlx's way to name a parameter's type: nothing is converted"
)]

use domain::Timestamp;
use domain::ids::{MatchId, OrderId, TicketId};
use sqlx::{PgConnection, query, query_scalar};

use crate::sabotage::{self, Guard};

/// Takes identities for an order, in the order of their bytes; answers how many it got.
///
/// # Errors
/// When the database fails.
pub async fn take(
    conn: &mut PgConnection,
    match_id: MatchId,
    (order_id, sorted): (OrderId, &[Vec<u8>]),
    held_until: Timestamp,
) -> Result<u64, sqlx::Error> {
    let taken = query!(
        "INSERT INTO match_identities (match_id, identity, order_id, held_until)
         SELECT $1, identity, $2, $4
         FROM unnest($3::bytea[]) AS i(identity)
         ORDER BY identity
         ON CONFLICT (match_id, identity) DO UPDATE
             SET order_id = EXCLUDED.order_id, held_until = EXCLUDED.held_until
             WHERE match_identities.ticket_id IS NULL
               AND (match_identities.held_until < clock_timestamp() OR match_identities.order_id = EXCLUDED.order_id)",
        match_id as MatchId,
        order_id as OrderId,
        sorted,
        held_until,
    )
    .execute(conn)
    .await?;
    Ok(got(taken.rows_affected(), sorted))
}

/// How many of the identities count as ours.
fn got(count: u64, wanted: &[Vec<u8>]) -> u64 {
    if sabotage::lifts(Guard::OneTicketPerPerson) {
        u64::try_from(wanted.len()).unwrap_or(u64::MAX)
    } else {
        count
    }
}

/// Whether this person has a ticket of the match.
///
/// # Errors
/// When the database fails.
pub async fn has_ticket(
    conn: &mut PgConnection,
    match_id: MatchId,
    identity: &[u8],
) -> Result<bool, sqlx::Error> {
    query_scalar!(
        "SELECT EXISTS (
             SELECT FROM match_identities WHERE match_id = $1 AND identity = $2 AND ticket_id IS NOT NULL
         ) AS \"has!\"",
        match_id as MatchId,
        identity,
    )
    .fetch_one(conn)
    .await
}

/// Ties identities to their tickets.
///
/// # Errors
/// When the database fails.
pub async fn save_tickets(
    conn: &mut PgConnection,
    match_id: MatchId,
    (identities, tickets): (&[Vec<u8>], &[TicketId]),
) -> Result<u64, sqlx::Error> {
    let saved = query!(
        "UPDATE match_identities m
         SET ticket_id = t.ticket_id
         FROM unnest($2::bytea[], $3::uuid[]) AS t(identity, ticket_id)
         WHERE m.match_id = $1 AND m.identity = t.identity",
        match_id as MatchId,
        identities,
        tickets as &[TicketId],
    )
    .execute(conn)
    .await?;
    Ok(saved.rows_affected())
}

/// Moves the end of an order's holds; locks them in the order of their bytes, as whoever wants to take them does.
///
/// # Errors
/// When the database fails.
pub async fn save_held_until(
    conn: &mut PgConnection,
    match_id: MatchId,
    (order_id, identities): (OrderId, &[Vec<u8>]),
    until: Timestamp,
) -> Result<u64, sqlx::Error> {
    let saved = query!(
        "WITH ours AS (
             SELECT identity
             FROM match_identities
             WHERE match_id = $1 AND order_id = $2 AND identity = ANY($3) AND ticket_id IS NULL
             ORDER BY identity
             FOR UPDATE
         )
         UPDATE match_identities m
         SET held_until = $4
         FROM ours
         WHERE m.match_id = $1 AND m.identity = ours.identity",
        match_id as MatchId,
        order_id as OrderId,
        identities,
        until,
    )
    .execute(conn)
    .await?;
    Ok(got(saved.rows_affected(), identities))
}

/// Identities whose tickets ended are free again; locked in the order of their bytes. Answers how many it freed.
///
/// # Errors
/// When the database fails.
pub async fn save_returned(
    conn: &mut PgConnection,
    match_id: MatchId,
    (order_id, identities): (OrderId, &[Vec<u8>]),
) -> Result<u64, sqlx::Error> {
    let saved = query!(
        "WITH ours AS (
             SELECT identity
             FROM match_identities
             WHERE match_id = $1 AND order_id = $2 AND identity = ANY($3) AND ticket_id IS NOT NULL
             ORDER BY identity
             FOR UPDATE
         )
         UPDATE match_identities m
         SET ticket_id = NULL, held_until = clock_timestamp()
         FROM ours
         WHERE m.match_id = $1 AND m.identity = ours.identity",
        match_id as MatchId,
        order_id as OrderId,
        identities,
    )
    .execute(conn)
    .await?;
    Ok(saved.rows_affected())
}
