//! Statements on `outbox` and `dead_letters`.

use domain::Timestamp;
use domain::ids::EventId;
use serde_json::Value;
use sqlx::{PgConnection, query, query_as};
use uuid::Uuid;

use super::outbox::NewEvent;
use crate::app::Db;

/// An outbox row.
#[derive(Debug, Clone)]
pub(super) struct Recorded {
    pub(super) event_id: EventId,
    pub(super) nats_subject: String,
    pub(super) kind: String,
    pub(super) aggregate_id: Uuid,
    pub(super) aggregate_version: i64,
    pub(super) body: Value,
    pub(super) created_at: Timestamp,
}

/// A message that a consumer gave up.
#[derive(Debug, Clone)]
pub(super) struct DeadLetter {
    pub(super) event_id: Uuid,
    pub(super) nats_subject: String,
    pub(super) envelope: Value,
    pub(super) dead_at: Timestamp,
}

pub(super) async fn insert_event(
    conn: &mut PgConnection,
    id: EventId,
    event: &NewEvent,
) -> Result<(), sqlx::Error> {
    query!(
        "INSERT INTO outbox (event_id, nats_subject, kind, aggregate_id, aggregate_version, body)
         VALUES ($1, $2, $3, $4, $5, $6)",
        id.0,
        event.nats_subject,
        event.kind,
        event.aggregate_id,
        event.aggregate_version,
        event.data,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Claims the oldest unpublished rows for 10 s. SKIP LOCKED, never `id > last`: commit order is not id order.
pub(super) async fn claim_unpublished(db: &Db, limit: i64) -> Result<Vec<Recorded>, sqlx::Error> {
    query_as!(
        Recorded,
        "WITH due AS (
             SELECT event_id
             FROM outbox
             WHERE published_at IS NULL AND (claimed_until IS NULL OR claimed_until <= clock_timestamp())
             ORDER BY created_at
             LIMIT $1
             FOR UPDATE SKIP LOCKED
         )
         UPDATE outbox
         SET claimed_until = clock_timestamp() + interval '10 seconds'
         FROM due
         WHERE outbox.event_id = due.event_id
         RETURNING outbox.event_id,
                   outbox.nats_subject,
                   outbox.kind,
                   outbox.aggregate_id,
                   outbox.aggregate_version,
                   outbox.body,
                   outbox.created_at",
        limit,
    )
    .fetch_all(db)
    .await
}

pub(super) async fn find_event(db: &Db, id: EventId) -> Result<Option<Recorded>, sqlx::Error> {
    query_as!(
        Recorded,
        "SELECT event_id, nats_subject, kind, aggregate_id, aggregate_version, body, created_at
         FROM outbox
         WHERE event_id = $1",
        id.0,
    )
    .fetch_optional(db)
    .await
}

pub(super) async fn save_published(db: &Db, events: &[Uuid]) -> Result<(), sqlx::Error> {
    query!(
        "UPDATE outbox
         SET published_at = clock_timestamp(), claimed_until = NULL
         WHERE event_id = ANY($1) AND published_at IS NULL",
        events,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Lets the relay publish again what it published from `from` (inclusive) to `to` (exclusive).
pub(super) async fn save_unpublished(db: &Db, from: Timestamp, to: Timestamp) -> Result<u64, sqlx::Error> {
    let reopened = query!(
        "UPDATE outbox
         SET published_at = NULL
         WHERE published_at >= $1 AND published_at < $2",
        from,
        to,
    )
    .execute(db)
    .await?;
    Ok(reopened.rows_affected())
}

/// Deletes at most `limit` rows that were published more than 7 days ago.
pub(super) async fn delete_published_long_ago(db: &Db, limit: i64) -> Result<u64, sqlx::Error> {
    let deleted = query!(
        "DELETE FROM outbox
         WHERE event_id IN (
             SELECT event_id
             FROM outbox
             WHERE published_at < clock_timestamp() - interval '7 days'
             LIMIT $1
         )",
        limit,
    )
    .execute(db)
    .await?;
    Ok(deleted.rows_affected())
}

/// Forgets the address and the variables of a mail that was accepted; the rest of the row stays what it was.
pub(crate) async fn blank_mail(conn: &mut PgConnection, event: EventId) -> Result<(), sqlx::Error> {
    query!(
        r#"UPDATE outbox
         SET body = body || '{"to": "", "variables": {}}'
         WHERE event_id = $1"#,
        event.0,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Keeps a message that `consumer` gave up; dead a second time, it keeps its newest error.
pub(super) async fn save_dead_letter(
    db: &Db,
    consumer: &str,
    nats_subject: &str,
    envelope: (Uuid, &Value),
    error: &str,
) -> Result<(), sqlx::Error> {
    query!(
        "INSERT INTO dead_letters (consumer, event_id, nats_subject, envelope, error)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (consumer, event_id) DO UPDATE SET error = EXCLUDED.error, dead_at = now()",
        consumer,
        envelope.0,
        nats_subject,
        envelope.1,
        error,
    )
    .execute(db)
    .await?;
    Ok(())
}

pub(super) async fn list_dead_letters(
    db: &Db,
    consumer: &str,
    limit: i64,
) -> Result<Vec<DeadLetter>, sqlx::Error> {
    query_as!(
        DeadLetter,
        "SELECT event_id, nats_subject, envelope, dead_at
         FROM dead_letters
         WHERE consumer = $1
         ORDER BY dead_at
         LIMIT $2",
        consumer,
        limit,
    )
    .fetch_all(db)
    .await
}

/// Of no effect when the letter died again since it was read.
pub(super) async fn delete_dead_letter(
    db: &Db,
    consumer: &str,
    letter: &DeadLetter,
) -> Result<(), sqlx::Error> {
    query!(
        "DELETE FROM dead_letters
         WHERE consumer = $1 AND event_id = $2 AND dead_at = $3",
        consumer,
        letter.event_id,
        letter.dead_at,
    )
    .execute(db)
    .await?;
    Ok(())
}
