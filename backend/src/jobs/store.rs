//! Statements on `jobs`.
//!
//! A claim moves `run_at` to the end of the claim. So a `run_at` other than `claimed_until` says that somebody ordered the
//! job anew or brought it forward while it ran, and the run that ends then leaves it due.

use std::time::Duration;

use domain::Timestamp;
use sqlx::postgres::types::PgInterval;
use sqlx::{PgConnection, query, query_as};
use uuid::Uuid;

use super::Job;
use crate::app::Db;

/// A job in our hands until `claimed_until`.
#[derive(Debug, Clone)]
pub(super) struct Claimed {
    pub(super) job_id: Uuid,
    pub(super) kind: String,
    pub(super) subject_id: Uuid,
    /// Runs that failed in a row, this one counted.
    pub(super) attempts: i32,
    /// Also the proof that the claim is still ours.
    pub(super) claimed_until: Timestamp,
}

pub(super) async fn insert_job(
    conn: &mut PgConnection,
    job_id: Uuid,
    job: Job,
    run_at: Timestamp,
) -> Result<(), sqlx::Error> {
    query!(
        "INSERT INTO jobs (job_id, kind, subject_id, run_at)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT ON CONSTRAINT jobs_one_per_subject DO NOTHING",
        job_id,
        job.kind(),
        job.subject_id(),
        run_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn renew_job(
    conn: &mut PgConnection,
    job_id: Uuid,
    job: Job,
    delay_seconds: i32,
) -> Result<(), sqlx::Error> {
    query!(
        "INSERT INTO jobs (job_id, kind, subject_id, run_at)
         VALUES ($1, $2, $3, clock_timestamp() + make_interval(secs => $4::int))
         ON CONFLICT ON CONSTRAINT jobs_one_per_subject DO UPDATE
         SET run_at = EXCLUDED.run_at, attempts = 0, done_at = NULL, dead_at = NULL",
        job_id,
        job.kind(),
        job.subject_id(),
        delay_seconds,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn save_earlier(
    conn: &mut PgConnection,
    job: Job,
    run_at: Timestamp,
) -> Result<(), sqlx::Error> {
    query!(
        "UPDATE jobs
         SET run_at = least(run_at, $3)
         WHERE kind = $1 AND subject_id = $2 AND done_at IS NULL AND dead_at IS NULL",
        job.kind(),
        job.subject_id(),
        run_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Claims at most `limit` due jobs of the kinds this program knows.
pub(super) async fn claim_due_jobs(
    db: &Db,
    kinds: &[String],
    limit: i64,
    claim: Duration,
) -> Result<Vec<Claimed>, sqlx::Error> {
    query_as!(
        Claimed,
        r#"WITH due AS (
             SELECT job_id, clock_timestamp() + $3 AS claimed_until
             FROM jobs
             WHERE done_at IS NULL AND dead_at IS NULL AND kind = ANY($1)
               AND run_at <= clock_timestamp()
               AND (claimed_until IS NULL OR claimed_until <= clock_timestamp())
             ORDER BY run_at
             LIMIT $2
             FOR UPDATE SKIP LOCKED
         )
         UPDATE jobs
         SET claimed_until = due.claimed_until, run_at = due.claimed_until, attempts = attempts + 1
         FROM due
         WHERE jobs.job_id = due.job_id
         RETURNING jobs.job_id, jobs.kind, jobs.subject_id, jobs.attempts, jobs.claimed_until AS "claimed_until!""#,
        kinds,
        limit,
        interval(claim),
    )
    .fetch_all(db)
    .await
}

/// Done, unless somebody ordered it anew or brought it forward meanwhile: then it runs once more. Of no effect when the claim has
/// ended and somebody else has the job.
pub(super) async fn save_done(db: &Db, job: &Claimed) -> Result<(), sqlx::Error> {
    query!(
        "UPDATE jobs
         SET done_at = CASE WHEN run_at <> claimed_until THEN NULL ELSE clock_timestamp() END,
             attempts = CASE WHEN run_at <> claimed_until THEN 0 ELSE attempts END, claimed_until = NULL, last_error = NULL
         WHERE job_id = $1 AND claimed_until = $2",
        job.job_id,
        job.claimed_until,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Gives the job back with `attempts` failures to its name, due in `after` or when it was brought forward to.
pub(super) async fn save_again(
    db: &Db,
    job: &Claimed,
    attempts: i32,
    after: Duration,
    error: Option<&str>,
) -> Result<(), sqlx::Error> {
    query!(
        "UPDATE jobs
         SET run_at = CASE WHEN run_at <> claimed_until THEN run_at ELSE clock_timestamp() + $4 END,
             claimed_until = NULL,
             attempts = $3,
             last_error = $5
         WHERE job_id = $1 AND claimed_until = $2",
        job.job_id,
        job.claimed_until,
        attempts,
        interval(after),
        error,
    )
    .execute(db)
    .await?;
    Ok(())
}

pub(super) async fn save_dead(db: &Db, job: &Claimed, error: &str) -> Result<(), sqlx::Error> {
    query!(
        "UPDATE jobs
         SET dead_at = clock_timestamp(), claimed_until = NULL, last_error = $3
         WHERE job_id = $1 AND claimed_until = $2",
        job.job_id,
        job.claimed_until,
        error,
    )
    .execute(db)
    .await?;
    Ok(())
}

pub(super) async fn revive_dead_jobs(db: &Db) -> Result<u64, sqlx::Error> {
    let revived = query!(
        "UPDATE jobs
         SET dead_at = NULL, attempts = 0, run_at = clock_timestamp()
         WHERE dead_at IS NOT NULL",
    )
    .execute(db)
    .await?;
    Ok(revived.rows_affected())
}

/// Postgres counts whole microseconds; a claim or a delay is far below the limit of its type.
fn interval(duration: Duration) -> PgInterval {
    PgInterval {
        months: 0,
        days: 0,
        microseconds: i64::try_from(duration.as_micros()).unwrap_or(i64::MAX),
    }
}
