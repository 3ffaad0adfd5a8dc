//! A request of staff that comes again gets the answer it got (decision "API frame"): key, deed and answer are one transaction.
#![expect(
    clippy::as_conversions,
    reason = "sqlx's way to name a parameter's type: nothing is converted"
)]

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use domain::ids::UserId;
use platform::problems::Problem;
use serde::Serialize;
use serde_json::Value;
use sqlx::{PgConnection, query, query_scalar};

use crate::app::App;
use crate::http::fault::Fault;
use crate::http::keys::KeyedRequest;
use crate::http::problems::IDEMPOTENCY_KEY_REUSED;

/// Does what a request asks for, unless it was done: the same key, address and body (`said`) get the same answer, another request
/// under the key is refused. Two at once: the second waits for the first.
///
/// # Errors
/// Those of `deed`, with nothing done and nothing kept.
pub async fn once<T: Serialize>(
    app: &App,
    (by, request): (UserId, &KeyedRequest),
    said: &impl Serialize,
    status: StatusCode,
    deed: impl AsyncFnOnce(&mut PgConnection) -> Result<T, Fault<Problem>>,
) -> Result<HttpResponse, Fault<Problem>> {
    let key = (by, request.key.0.as_str());
    let said = serde_json::to_vec(&(&request.asks, said)).map_err(anyhow::Error::from)?;
    let hash = app.personal_data.request_hash(&said);
    let mut tx = app.db.begin().await?;
    if !insert_key(&mut tx, key, &hash).await? {
        let kept = find_answer(&mut tx, key, &hash).await?;
        let kept = kept.ok_or_else(|| Problem::new(IDEMPOTENCY_KEY_REUSED))?;
        return Ok(HttpResponse::build(status).json(kept));
    }

    let answer = serde_json::to_value(deed(&mut tx).await?).map_err(anyhow::Error::from)?;
    save_answer(&mut tx, key, &answer).await?;

    tx.commit().await?;
    Ok(HttpResponse::build(status).json(answer))
}

/// Does all of it and takes it back: what it would answer.
///
/// # Errors
/// Those of `deed`.
pub async fn rehearse<T: Serialize>(
    app: &App,
    deed: impl AsyncFnOnce(&mut PgConnection) -> Result<T, Fault<Problem>>,
) -> Result<HttpResponse, Fault<Problem>> {
    let mut tx = app.db.begin().await?;
    let answer = deed(&mut tx).await?;
    tx.rollback().await?;
    Ok(HttpResponse::Ok().json(answer))
}

/// `false` when the key was used before. Forgets what is older than a week on the way.
async fn insert_key(
    conn: &mut PgConnection,
    (by, key): (UserId, &str),
    hash: &[u8],
) -> Result<bool, sqlx::Error> {
    query!(
        "DELETE FROM staff_answers
         WHERE (user_id, idempotency_key) IN (
             SELECT user_id, idempotency_key
             FROM staff_answers
             WHERE created_at < clock_timestamp() - interval '7 days'
             LIMIT 100
             FOR UPDATE SKIP LOCKED)"
    )
    .execute(&mut *conn)
    .await?;
    let made = query!(
        "INSERT INTO staff_answers (user_id, idempotency_key, request_hash) VALUES ($1, $2, $3)
         ON CONFLICT ON CONSTRAINT staff_answers_one_per_key DO NOTHING",
        by as UserId,
        key,
        hash,
    )
    .execute(conn)
    .await?;
    Ok(made.rows_affected() == 1)
}

/// `None` when the key was another request's.
async fn find_answer(
    conn: &mut PgConnection,
    (by, key): (UserId, &str),
    hash: &[u8],
) -> Result<Option<Value>, sqlx::Error> {
    query_scalar!(
        "SELECT answer AS \"answer!\" FROM staff_answers WHERE user_id = $1 AND idempotency_key = $2 AND request_hash = $3",
        by as UserId,
        key,
        hash,
    )
    .fetch_optional(conn)
    .await
}

async fn save_answer(
    conn: &mut PgConnection,
    (by, key): (UserId, &str),
    answer: &Value,
) -> Result<(), sqlx::Error> {
    query!(
        "UPDATE staff_answers SET answer = $3 WHERE user_id = $1 AND idempotency_key = $2",
        by as UserId,
        key,
        answer,
    )
    .execute(conn)
    .await?;
    Ok(())
}
