//! `PUT|DELETE /users/me/push-tokens/{device_id}`: where a fan's devices are reached.
#![expect(
    clippy::as_conversions,
    reason = "sqlx's way to name a parameter's type: nothing is converted"
)]

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, put};
use domain::ids::UserId;
use domain::users::PushPlatform;
use platform::body::Body;
use platform::problems::Problem;
use serde::Deserialize;
use sqlx::{PgConnection, query};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::http::actor::Fan;
use crate::http::fault::Fault;
use crate::http::problems::INVALID_PUSH_TOKEN;

/// Devices of one fan: the one that was silent for longest makes room.
const DEVICES_MAX: i64 = 10;
/// Longest name of a device, characters: apps use an installation's id.
const DEVICE_CHARS_MAX: usize = 100;
/// Longest token, characters: Firebase's have about 160, and may grow to 4,096 bytes.
const TOKEN_CHARS_MAX: usize = 4_096;

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(save_push_token).service(delete_push_token);
}

/// How a device is reached.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PushTokenBody {
    /// ANDROID or IOS.
    #[schema(value_type = String, example = "ANDROID")]
    platform: PushPlatform,
    /// As the push service gave it to the app.
    token: String,
}

/// Says how one of my devices is reached. A token that another account had is taken over: the device has changed hands.
#[utoipa::path(tag = "profile", request_body = PushTokenBody, params(("device_id" = String, Path)),
    responses((status = 204), (status = 422, body = Problem)),
    extensions(("x-epic" = json!("E15")), ("x-feature" = json!("E15-F3")), ("x-rules" = json!([]))))]
#[put("/users/me/push-tokens/{device_id}")]
async fn save_push_token(
    app: Data<App>,
    fan: Fan,
    device: Path<String>,
    body: Body<PushTokenBody>,
) -> Result<HttpResponse, Fault<Problem>> {
    let fits = |text: &str, max: usize| {
        (1..=max).contains(&text.len()) && text.chars().all(|c| c.is_ascii_graphic())
    };
    if !fits(&device, DEVICE_CHARS_MAX) || !fits(&body.token, TOKEN_CHARS_MAX) {
        return Err(Problem::new(INVALID_PUSH_TOKEN).into());
    }
    let mut tx = app.db.begin().await?;
    lock_token(&mut tx, &body.token).await?;
    delete_of_token(&mut tx, (fan.id, &device), &body.token).await?;
    insert_or_save(&mut tx, (fan.id, &device), &body).await?;
    delete_beyond_limit(&mut tx, fan.id).await?;
    tx.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}

/// One of my devices is not to be reached any more.
#[utoipa::path(tag = "profile", params(("device_id" = String, Path)), responses((status = 204)),
    extensions(("x-epic" = json!("E15")), ("x-feature" = json!("E15-F3")), ("x-rules" = json!([]))))]
#[delete("/users/me/push-tokens/{device_id}")]
async fn delete_push_token(
    app: Data<App>,
    fan: Fan,
    device: Path<String>,
) -> Result<HttpResponse, Fault<Problem>> {
    let mut conn = app.db.acquire().await?;
    delete_of_device(&mut conn, (fan.id, &device)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Two accounts that take the same token over do it one after the other.
async fn lock_token(conn: &mut PgConnection, token: &str) -> Result<(), sqlx::Error> {
    query!("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", token)
        .execute(conn)
        .await?;
    Ok(())
}

async fn delete_of_token(
    conn: &mut PgConnection,
    (user, device): (UserId, &str),
    token: &str,
) -> Result<(), sqlx::Error> {
    query!(
        "DELETE FROM push_tokens WHERE token = $3 AND (user_id, device_id) <> ($1, $2)",
        user as UserId,
        device,
        token,
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn insert_or_save(
    conn: &mut PgConnection,
    (user, device): (UserId, &str),
    body: &PushTokenBody,
) -> Result<(), sqlx::Error> {
    query!(
        "INSERT INTO push_tokens (user_id, device_id, platform, token)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT (user_id, device_id) DO UPDATE
         SET platform = EXCLUDED.platform, token = EXCLUDED.token, updated_at = clock_timestamp()",
        user as UserId,
        device,
        body.platform as PushPlatform,
        body.token,
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn delete_beyond_limit(conn: &mut PgConnection, user: UserId) -> Result<(), sqlx::Error> {
    query!(
        "DELETE FROM push_tokens
         WHERE user_id = $1 AND device_id IN (
             SELECT device_id FROM push_tokens WHERE user_id = $1 ORDER BY updated_at DESC, device_id OFFSET $2
         )",
        user as UserId,
        DEVICES_MAX,
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn delete_of_device(
    conn: &mut PgConnection,
    (user, device): (UserId, &str),
) -> Result<(), sqlx::Error> {
    query!(
        "DELETE FROM push_tokens WHERE user_id = $1 AND device_id = $2",
        user as UserId,
        device,
    )
    .execute(conn)
    .await?;
    Ok(())
}
