//! Statements on matches as staff plan them: `matches`.
#![expect(
    clippy::as_conversions,
    reason = "sqlx's way to name a parameter's type: nothing is converted"
)]

use domain::Timestamp;
use domain::ids::{LayoutId, MatchId, StadiumId, UserId};
use domain::matches::MatchState;
use domain::stadiums::StadiumKind;
use serde_json::Value;
use sqlx::{PgConnection, query, query_as, query_scalar};
use uuid::Uuid;

/// A match in a list of staff.
#[derive(Debug, Clone)]
pub struct PlanRow {
    /// Its id.
    pub match_id: MatchId,
    /// Grows with every change.
    pub version: i32,
    /// Home side.
    pub home_team: String,
    /// Away side.
    pub away_team: String,
    /// Which cup or league.
    pub competition: String,
    /// Kick-off.
    pub kick_off_at: Timestamp,
    /// Where.
    pub stadium_id: StadiumId,
    /// As people call it.
    pub stadium: String,
    /// Ours, or where we are guests.
    pub stadium_kind: StadiumKind,
    /// The layout that the match keeps.
    pub layout_id: LayoutId,
    /// Its version, of the stadium's.
    pub layout_version: i32,
    /// Where it stands.
    pub state: MatchState,
    /// What fans are shown.
    pub content: Value,
    /// Since when it is shown.
    pub visible_from: Option<Timestamp>,
    /// Since when its cancellation is asked for.
    pub cancellation_started_at: Option<Timestamp>,
    /// By whom.
    pub cancellation_started_by: Option<UserId>,
    /// Why.
    pub cancellation_reason: Option<String>,
    /// Its queue in the waiting room, once made.
    pub queue_id: Option<Uuid>,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What a match says of itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words<'a> {
    pub(super) home_team: &'a str,
    pub(super) away_team: &'a str,
    pub(super) competition: &'a str,
    pub(super) kick_off_at: Timestamp,
    pub(super) content: &'a Value,
    pub(super) visible_from: Option<Timestamp>,
}

pub(super) async fn insert_match(
    conn: &mut PgConnection,
    match_id: MatchId,
    (stadium, layout): (StadiumId, LayoutId),
    words: Words<'_>,
) -> Result<(), sqlx::Error> {
    query!(
        "INSERT INTO matches
             (match_id, stadium_id, layout_id, state, home_team, away_team, competition, kick_off_at, content, visible_from)
         VALUES ($1, $2, $3, 'DRAFT', $4, $5, $6, $7, $8, $9)",
        match_id as MatchId,
        stadium as StadiumId,
        layout as LayoutId,
        words.home_team,
        words.away_team,
        words.competition,
        words.kick_off_at,
        words.content,
        words.visible_from,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn save_match(
    conn: &mut PgConnection,
    match_id: MatchId,
    (stadium, layout): (StadiumId, LayoutId),
    words: Words<'_>,
) -> Result<(), sqlx::Error> {
    query!(
        "UPDATE matches
         SET stadium_id = $2, layout_id = $3, home_team = $4, away_team = $5, competition = $6, kick_off_at = $7, content = $8,
             visible_from = $9, version = version + 1, updated_at = clock_timestamp()
         WHERE match_id = $1",
        match_id as MatchId,
        stadium as StadiumId,
        layout as LayoutId,
        words.home_team,
        words.away_team,
        words.competition,
        words.kick_off_at,
        words.content,
        words.visible_from,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn find_plan(
    conn: &mut PgConnection,
    match_id: MatchId,
) -> Result<Option<PlanRow>, sqlx::Error> {
    query_as!(
        PlanRow,
        "SELECT m.match_id, m.version, m.home_team, m.away_team, m.competition, m.kick_off_at, m.stadium_id,
                st.name AS stadium, st.kind AS stadium_kind, m.layout_id, l.version AS layout_version, m.state, m.content, m.visible_from,
                m.cancellation_started_at, m.cancellation_started_by, m.cancellation_reason,
                m.waiting_room_queue_id AS queue_id, m.updated_at
         FROM matches m
         JOIN stadiums st USING (stadium_id)
         JOIN stadium_layouts l USING (layout_id)
         WHERE m.match_id = $1 AND m.deleted_at IS NULL",
        match_id as MatchId,
    )
    .fetch_optional(conn)
    .await
}

/// Locks a match that is there, so that its changes come one after the other. Fans' paths never lock it.
pub(super) async fn lock_match(conn: &mut PgConnection, match_id: MatchId) -> Result<bool, sqlx::Error> {
    let found = query_scalar!(
        "SELECT 1 AS \"one!\" FROM matches WHERE match_id = $1 AND deleted_at IS NULL FOR NO KEY UPDATE",
        match_id as MatchId,
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.is_some())
}

/// How a list of matches is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PlanSort {
    /// By kick-off.
    #[default]
    KickOff,
    /// The last kick-off first.
    KickOffDesc,
    /// The last change first.
    Changed,
}

impl PlanSort {
    const fn code(self) -> &'static str {
        match self {
            Self::KickOff => "KICK_OFF",
            Self::KickOffDesc => "KICK_OFF_DESC",
            Self::Changed => "CHANGED",
        }
    }
}

/// Which matches.
#[derive(Debug, Clone, Default)]
pub struct PlanFilter {
    /// In which order.
    pub sort: PlanSort,
    /// In the names of both sides and of the competition.
    pub search: Option<String>,
    /// Where they stand.
    pub state: Option<MatchState>,
    /// Played at or after.
    pub from: Option<Timestamp>,
    /// Played before.
    pub to: Option<Timestamp>,
}

/// Matches after `cursor`.
pub(super) async fn list_plans(
    conn: &mut PgConnection,
    filter: &PlanFilter,
    (cursor, limit): (Option<Uuid>, i64),
) -> Result<Vec<PlanRow>, sqlx::Error> {
    query_as!(
        PlanRow,
        "SELECT m.match_id, m.version, m.home_team, m.away_team, m.competition, m.kick_off_at, m.stadium_id,
                st.name AS stadium, st.kind AS stadium_kind, m.layout_id, l.version AS layout_version, m.state, m.content, m.visible_from,
                m.cancellation_started_at, m.cancellation_started_by, m.cancellation_reason,
                m.waiting_room_queue_id AS queue_id, m.updated_at
         FROM (
             SELECT *, CASE $7 WHEN 'KICK_OFF_DESC' THEN -extract(epoch FROM kick_off_at)
                               WHEN 'CHANGED' THEN -extract(epoch FROM updated_at)
                               ELSE extract(epoch FROM kick_off_at) END AS place
             FROM matches
         ) m
         JOIN stadiums st USING (stadium_id)
         JOIN stadium_layouts l USING (layout_id)
         WHERE m.deleted_at IS NULL
           AND ($1::text IS NULL
                OR position(lower($1) IN lower(m.home_team || ' ' || m.away_team || ' ' || m.competition)) > 0)
           AND ($2::match_state IS NULL OR m.state = $2)
           AND ($3::timestamptz IS NULL OR m.kick_off_at >= $3)
           AND ($4::timestamptz IS NULL OR m.kick_off_at < $4)
           AND ($5::uuid IS NULL
                OR (m.place, m.match_id) > (
                    SELECT CASE $7 WHEN 'KICK_OFF_DESC' THEN -extract(epoch FROM kick_off_at)
                                   WHEN 'CHANGED' THEN -extract(epoch FROM updated_at)
                                   ELSE extract(epoch FROM kick_off_at) END, match_id
                    FROM matches
                    WHERE match_id = $5))
         ORDER BY m.place, m.match_id
         LIMIT $6",
        filter.search,
        filter.state as Option<MatchState>,
        filter.from,
        filter.to,
        cursor,
        limit,
        filter.sort.code(),
    )
    .fetch_all(conn)
    .await
}

pub(super) async fn count_plans(conn: &mut PgConnection, filter: &PlanFilter) -> Result<i64, sqlx::Error> {
    query_scalar!(
        "SELECT count(*) AS \"count!\"
         FROM matches m
         WHERE m.deleted_at IS NULL
           AND ($1::text IS NULL
                OR position(lower($1) IN lower(m.home_team || ' ' || m.away_team || ' ' || m.competition)) > 0)
           AND ($2::match_state IS NULL OR m.state = $2)
           AND ($3::timestamptz IS NULL OR m.kick_off_at >= $3)
           AND ($4::timestamptz IS NULL OR m.kick_off_at < $4)",
        filter.search,
        filter.state as Option<MatchState>,
        filter.from,
        filter.to,
    )
    .fetch_one(conn)
    .await
}

/// The database's clock.
pub(super) async fn now(conn: &mut PgConnection) -> Result<Timestamp, sqlx::Error> {
    query_scalar!("SELECT clock_timestamp() AS \"now!\"")
        .fetch_one(conn)
        .await
}

pub(super) async fn save_state(
    conn: &mut PgConnection,
    match_id: MatchId,
    state: MatchState,
) -> Result<(), sqlx::Error> {
    query!(
        "UPDATE matches
         SET state = $2, version = version + 1, updated_at = clock_timestamp(),
             published_at = CASE WHEN $2 = 'PUBLISHED'::match_state THEN clock_timestamp() ELSE published_at END,
             closed_at = CASE WHEN $2 = 'CLOSED'::match_state THEN clock_timestamp() ELSE closed_at END,
             cancelled_at = CASE WHEN $2 = 'CANCELLED'::match_state THEN clock_timestamp() ELSE cancelled_at END
         WHERE match_id = $1",
        match_id as MatchId,
        state as MatchState,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Somebody asks for the cancellation, or takes that back (`None`).
pub(super) async fn save_cancellation(
    conn: &mut PgConnection,
    match_id: MatchId,
    asked: Option<(UserId, &str)>,
) -> Result<(), sqlx::Error> {
    query!(
        "UPDATE matches
         SET cancellation_started_at = CASE WHEN $3::text IS NULL THEN NULL ELSE clock_timestamp() END,
             cancellation_started_by = $2, cancellation_reason = $3, version = version + 1, updated_at = clock_timestamp()
         WHERE match_id = $1",
        match_id as MatchId,
        asked.map(|(by, _)| by) as Option<UserId>,
        asked.map(|(_, reason)| reason),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Something that belongs to the match was changed: a phase, a sector.
pub(super) async fn touch_match(conn: &mut PgConnection, match_id: MatchId) -> Result<(), sqlx::Error> {
    query!(
        "UPDATE matches SET version = version + 1, updated_at = clock_timestamp() WHERE match_id = $1",
        match_id as MatchId,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn delete_match(conn: &mut PgConnection, match_id: MatchId) -> Result<(), sqlx::Error> {
    query!(
        "UPDATE matches SET deleted_at = clock_timestamp(), version = version + 1 WHERE match_id = $1",
        match_id as MatchId,
    )
    .execute(conn)
    .await?;
    Ok(())
}
