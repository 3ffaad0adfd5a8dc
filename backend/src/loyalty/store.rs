//! Statements on `loyalty_points`.
#![expect(
    clippy::as_conversions,
    reason = "sqlx's way to name a parameter's type: nothing is converted"
)]

use chrono::NaiveDate;
use domain::ids::UserId;
use sqlx::{PgConnection, query, query_as, query_scalar};

/// A point.
#[derive(Debug, Clone)]
pub struct PointRow {
    /// The day of the match.
    pub played_on: NaiveDate,
    /// As people call the match.
    pub title: String,
}

/// Points to be given, side by side, for one statement.
#[derive(Debug, Default)]
pub(super) struct PointColumns {
    pub(super) identities: Vec<Vec<u8>>,
    pub(super) days: Vec<NaiveDate>,
    pub(super) keys: Vec<String>,
    pub(super) titles: Vec<String>,
}

/// Gives those points that are not there, and answers how many those were.
pub(super) async fn insert_points(
    conn: &mut PgConnection,
    points: &PointColumns,
    source: &str,
) -> Result<u64, sqlx::Error> {
    let done = query!(
        "INSERT INTO loyalty_points (identity, played_on, match_key, title, source)
         SELECT identity, played_on, match_key, title, $5
         FROM unnest($1::bytea[], $2::date[], $3::text[], $4::text[]) AS p(identity, played_on, match_key, title)
         ORDER BY identity, match_key
         ON CONFLICT ON CONSTRAINT loyalty_points_one_per_match DO NOTHING",
        &points.identities,
        &points.days,
        &points.keys,
        &points.titles,
        source,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Points of matches on or after `since` and by `today`.
pub(super) async fn count_points(
    conn: &mut PgConnection,
    identity: &[u8],
    (since, today): (NaiveDate, NaiveDate),
) -> Result<i64, sqlx::Error> {
    query_scalar!(
        "SELECT count(*) AS \"count!\"
         FROM loyalty_points
         WHERE identity = $1 AND played_on BETWEEN $2 AND $3",
        identity,
        since,
        today,
    )
    .fetch_one(conn)
    .await
}

/// The newest first; more matches than that nobody has attended.
pub(super) async fn list_points(
    conn: &mut PgConnection,
    identity: &[u8],
    limit: i64,
) -> Result<Vec<PointRow>, sqlx::Error> {
    query_as!(
        PointRow,
        "SELECT played_on, title
         FROM loyalty_points
         WHERE identity = $1
         ORDER BY played_on DESC, match_key
         LIMIT $2",
        identity,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// Points of accounts by their own OIB, of matches on or after `since` and by `today`; whoever has none is left out.
pub(super) async fn count_points_of(
    conn: &mut PgConnection,
    users: &[UserId],
    (since, today): (NaiveDate, NaiveDate),
) -> Result<Vec<(UserId, i64)>, sqlx::Error> {
    let rows = query!(
        "SELECT p.user_id AS \"user_id: UserId\", count(*) AS \"points!\"
         FROM user_profiles p
         JOIN loyalty_points l ON l.identity = p.oib_index
         WHERE p.user_id = ANY($1) AND l.played_on BETWEEN $2 AND $3
         GROUP BY p.user_id",
        users as &[UserId],
        since,
        today,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.user_id, row.points)).collect())
}

/// How many people have how many points of matches on or after `since` and by `today`; most points first.
pub(super) async fn list_distribution(
    conn: &mut PgConnection,
    (since, today): (NaiveDate, NaiveDate),
) -> Result<Vec<(i64, i64)>, sqlx::Error> {
    let rows = query!(
        "SELECT points AS \"points!\", count(*) AS \"people!\"
         FROM (
             SELECT count(*) AS points FROM loyalty_points WHERE played_on BETWEEN $1 AND $2 GROUP BY identity
         ) p
         GROUP BY points
         ORDER BY points DESC",
        since,
        today,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.points, row.people)).collect())
}
