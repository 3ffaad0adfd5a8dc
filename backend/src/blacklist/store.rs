//! Statements on `blacklist` and `blacklist_violations`.
#![expect(
    clippy::as_conversions,
    reason = "sqlx's way to name a parameter's type: nothing is converted"
)]

use domain::Timestamp;
use domain::ids::{MatchId, SessionTicketId, UserId};
use platform::ids::Ids;
use sqlx::{PgConnection, query, query_as, query_scalar};
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
        "SELECT identity FROM blacklist WHERE identity = ANY($1) AND removed_at IS NULL",
        identities
    )
    .fetch_all(conn)
    .await
}

/// An attempt that was blocked.
#[derive(Debug, Clone)]
pub struct Attempt<'a> {
    /// What was to be bought.
    pub match_id: MatchId,
    /// By whom.
    pub user: UserId,
    /// In which session of the waiting room.
    pub session: Option<SessionTicketId>,
    /// From where, coarsely.
    pub address_class: Option<&'a str>,
    /// With which app.
    pub user_agent: Option<&'a str>,
}

/// Writes down a blocked attempt, for each person whom it would have let in.
///
/// # Errors
/// When the database fails.
pub async fn insert_violations(
    conn: &mut PgConnection,
    ids: Ids,
    attempt: &Attempt<'_>,
    identities: &[Vec<u8>],
) -> Result<(), sqlx::Error> {
    let violation_ids: Vec<Uuid> = identities.iter().map(|_| ids.next()).collect();
    query!(
        "INSERT INTO blacklist_violations
             (violation_id, identity, match_id, user_id, session_ticket_id, address_class, user_agent)
         SELECT violation_id, identity, $3, $4, $5, $6, $7
         FROM unnest($1::uuid[], $2::bytea[]) AS blocked (violation_id, identity)",
        &violation_ids,
        identities,
        attempt.match_id as MatchId,
        attempt.user as UserId,
        attempt.session as Option<SessionTicketId>,
        attempt.address_class,
        attempt.user_agent,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// People to be put on the list, side by side, for one statement.
#[derive(Debug, Default)]
pub(super) struct EntryColumns {
    pub(super) entry_ids: Vec<Uuid>,
    pub(super) identities: Vec<Vec<u8>>,
    pub(super) oibs: Vec<Vec<u8>>,
    pub(super) first_names: Vec<Option<String>>,
    pub(super) last_names: Vec<Option<String>>,
}

/// Puts those on the list who are not on it, and answers who those were.
pub(super) async fn insert_entries(
    conn: &mut PgConnection,
    people: &EntryColumns,
    (source, by): (&str, Option<UserId>),
) -> Result<Vec<Vec<u8>>, sqlx::Error> {
    query_scalar!(
        "INSERT INTO blacklist (entry_id, identity, oib_encrypted, first_name, last_name, source, added_by)
         SELECT entry_id, identity, oib, first_name, last_name, $6, $7::uuid
         FROM unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::text[], $5::text[])
              AS p(entry_id, identity, oib, first_name, last_name)
         ORDER BY identity
         ON CONFLICT (identity) WHERE removed_at IS NULL DO NOTHING
         RETURNING identity",
        &people.entry_ids,
        &people.identities,
        &people.oibs,
        &people.first_names as &[Option<String>],
        &people.last_names as &[Option<String>],
        source,
        by as Option<UserId>,
    )
    .fetch_all(conn)
    .await
}

/// An entry, on the list or in its history.
#[derive(Debug, Clone)]
pub struct EntryRow {
    /// Its id.
    pub entry_id: Uuid,
    /// Encrypted; none for entries of long ago.
    pub oib_encrypted: Option<Vec<u8>>,
    /// If known.
    pub first_name: Option<String>,
    /// If known.
    pub last_name: Option<String>,
    /// Who says so.
    pub source: String,
    /// Who put them on it; nobody: an operator.
    pub added_by: Option<UserId>,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when.
    pub removed_at: Option<Timestamp>,
    /// Who took them off; nobody: an operator.
    pub removed_by: Option<UserId>,
    /// Why not any more.
    pub removal_reason: Option<String>,
}

/// Which entries.
#[derive(Debug, Clone, Default)]
pub struct EntryFilter {
    /// A part of a name.
    pub search: Option<String>,
    /// One person.
    pub identity: Option<Vec<u8>>,
    /// On the list, or in its history; none: both.
    pub is_active: Option<bool>,
    /// The other way round than usual.
    pub is_oldest_first: bool,
}

/// Entries after `cursor`, by id.
pub(super) async fn list_entries(
    conn: &mut PgConnection,
    filter: &EntryFilter,
    (cursor, limit): (Option<Uuid>, i64),
) -> Result<Vec<EntryRow>, sqlx::Error> {
    query_as!(
        EntryRow,
        "SELECT entry_id, oib_encrypted, first_name, last_name, source, added_by AS \"added_by: UserId\", created_at,
                removed_at, removed_by AS \"removed_by: UserId\", removal_reason
         FROM blacklist
         WHERE ($1::text IS NULL OR position(lower($1) IN lower(concat_ws(' ', first_name, last_name))) > 0)
           AND ($2::bytea IS NULL OR identity = $2)
           AND ($3::bool IS NULL OR (removed_at IS NULL) = $3)
           AND ($4::uuid IS NULL OR CASE WHEN $6::bool THEN entry_id > $4 ELSE entry_id < $4 END)
         ORDER BY CASE WHEN $6 THEN entry_id END, entry_id DESC
         LIMIT $5",
        filter.search,
        filter.identity,
        filter.is_active,
        cursor,
        limit,
        filter.is_oldest_first,
    )
    .fetch_all(conn)
    .await
}

pub(super) async fn count_entries(conn: &mut PgConnection, filter: &EntryFilter) -> Result<i64, sqlx::Error> {
    query_scalar!(
        "SELECT count(*) AS \"count!\"
         FROM blacklist
         WHERE ($1::text IS NULL OR position(lower($1) IN lower(concat_ws(' ', first_name, last_name))) > 0)
           AND ($2::bytea IS NULL OR identity = $2)
           AND ($3::bool IS NULL OR (removed_at IS NULL) = $3)",
        filter.search,
        filter.identity,
        filter.is_active,
    )
    .fetch_one(conn)
    .await
}

/// Takes somebody off. `None` when the entry is not there, or not on the list.
pub(super) async fn remove_entry(
    conn: &mut PgConnection,
    entry: Uuid,
    (reason, by): (&str, Option<UserId>),
) -> Result<Option<EntryRow>, sqlx::Error> {
    query_as!(
        EntryRow,
        "UPDATE blacklist
         SET removed_at = clock_timestamp(), removal_reason = $2, removed_by = $3
         WHERE entry_id = $1 AND removed_at IS NULL
         RETURNING entry_id, oib_encrypted, first_name, last_name, source, added_by AS \"added_by: UserId\", created_at,
                   removed_at, removed_by AS \"removed_by: UserId\", removal_reason",
        entry,
        reason,
        by as Option<UserId>,
    )
    .fetch_optional(conn)
    .await
}

/// Keeps others from changing the list until the transaction ends; whoever only checks it goes on.
pub(super) async fn lock_list(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    query!("LOCK TABLE blacklist IN SHARE ROW EXCLUSIVE MODE")
        .execute(conn)
        .await?;
    Ok(())
}

/// Takes everybody off, and answers how many those were.
pub(super) async fn remove_all(
    conn: &mut PgConnection,
    (reason, by): (&str, Option<UserId>),
) -> Result<u64, sqlx::Error> {
    let done = query!(
        "UPDATE blacklist
         SET removed_at = clock_timestamp(), removal_reason = $1, removed_by = $2
         WHERE removed_at IS NULL",
        reason,
        by as Option<UserId>,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// An attempt that was blocked, as the report tells of it.
#[derive(Debug, Clone)]
pub struct ViolationRow {
    /// Its id.
    pub violation_id: Uuid,
    /// When.
    pub blocked_at: Timestamp,
    /// Encrypted, if the list knew.
    pub oib_encrypted: Option<Vec<u8>>,
    /// If the list knew.
    pub first_name: Option<String>,
    /// If the list knew.
    pub last_name: Option<String>,
    /// For which match.
    pub match_id: MatchId,
    /// As people call the match.
    pub match_title: Option<String>,
    /// Whose account it was.
    pub user_id: UserId,
    /// From where, coarsely.
    pub address_class: Option<String>,
    /// With which app.
    pub user_agent: Option<String>,
}

/// Which attempts.
#[derive(Debug, Clone, Default)]
pub struct ViolationFilter {
    /// At or after.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
    /// For one match.
    pub match_id: Option<MatchId>,
    /// Of one person: an entry of theirs on the blacklist.
    pub entry_id: Option<Uuid>,
    /// In a name that the list has, or had, for them.
    pub search: Option<String>,
    /// The other way round than usual.
    pub is_oldest_first: bool,
}

/// Attempts after `cursor`, by id (which is by age).
pub(super) async fn list_violations(
    conn: &mut PgConnection,
    filter: &ViolationFilter,
    (cursor, limit): (Option<Uuid>, i64),
) -> Result<Vec<ViolationRow>, sqlx::Error> {
    query_as!(
        ViolationRow,
        "SELECT v.violation_id, v.blocked_at, b.oib_encrypted, b.first_name, b.last_name, v.match_id,
                m.home_team || ' – ' || m.away_team AS match_title, v.user_id, v.address_class, v.user_agent
         FROM blacklist_violations v
         LEFT JOIN matches m USING (match_id)
         LEFT JOIN LATERAL (
             SELECT oib_encrypted, first_name, last_name
             FROM blacklist
             WHERE identity = v.identity
             ORDER BY created_at DESC
             LIMIT 1
         ) b ON true
         WHERE ($1::timestamptz IS NULL OR v.blocked_at >= $1)
           AND ($2::timestamptz IS NULL OR v.blocked_at < $2)
           AND ($3::uuid IS NULL OR v.match_id = $3)
           AND ($4::uuid IS NULL OR v.identity = (SELECT identity FROM blacklist WHERE entry_id = $4))
           AND ($5::uuid IS NULL OR CASE WHEN $7::bool THEN v.violation_id > $5 ELSE v.violation_id < $5 END)
           AND ($8::text IS NULL OR v.identity IN (
                   SELECT identity FROM blacklist WHERE position(lower($8) IN lower(concat_ws(' ', first_name, last_name))) > 0))
         ORDER BY CASE WHEN $7 THEN v.violation_id END, v.violation_id DESC
         LIMIT $6",
        filter.from,
        filter.to,
        filter.match_id as Option<MatchId>,
        filter.entry_id,
        cursor,
        limit,
        filter.is_oldest_first,
        filter.search,
    )
    .fetch_all(conn)
    .await
}

pub(super) async fn count_violations(
    conn: &mut PgConnection,
    filter: &ViolationFilter,
) -> Result<i64, sqlx::Error> {
    query_scalar!(
        "SELECT count(*) AS \"count!\"
         FROM blacklist_violations
         WHERE ($1::timestamptz IS NULL OR blocked_at >= $1)
           AND ($2::timestamptz IS NULL OR blocked_at < $2)
           AND ($3::uuid IS NULL OR match_id = $3)
           AND ($4::uuid IS NULL OR identity = (SELECT identity FROM blacklist WHERE entry_id = $4))
           AND ($5::text IS NULL OR identity IN (
                   SELECT identity FROM blacklist WHERE position(lower($5) IN lower(concat_ws(' ', first_name, last_name))) > 0))",
        filter.from,
        filter.to,
        filter.match_id as Option<MatchId>,
        filter.entry_id,
        filter.search,
    )
    .fetch_one(conn)
    .await
}
