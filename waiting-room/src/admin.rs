//! What an operator does from the command line.

use platform::ids::Ids;
use platform::keys::VerifyingKey;
use platform::settings::BadSettings;
use sqlx::PgPool;
use uuid::Uuid;

use crate::settings::Settings;
use crate::tenants;

/// The commands use one connection after the other.
const CONNECTIONS: u32 = 1;

/// Applies the migrations that are missing.
///
/// # Errors
/// When the database cannot be reached or a migration fails.
pub async fn migrate(settings: &Settings) -> anyhow::Result<()> {
    let db = connect(settings).await?;
    sqlx::migrate!("../migrations/waiting-room").run(&db).await?;
    db.close().await;
    Ok(())
}

/// Registers a tenant under its Ed25519 public key (32 bytes, standard base64). Again with the same key: nothing
/// changes; with another key: the key is replaced.
///
/// # Errors
/// When the name or the key is not one, or the database cannot be reached.
pub async fn register_tenant(settings: &Settings, name: &str, public_key: &str) -> anyhow::Result<Uuid> {
    let fits = (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !fits {
        return Err(BadSettings::new("--name", &format!("`{name}`"), "1 to 64 of a-z, 0-9 and -").into());
    }
    if VerifyingKey::from_base64(public_key).is_err() {
        let wanted = "an Ed25519 public key: 32 bytes in standard base64";
        return Err(BadSettings::new("--public-key", &format!("`{public_key}`"), wanted).into());
    }
    let db = connect(settings).await?;
    let id = tenants::register(&db, Ids, name, public_key).await?;
    db.close().await;
    Ok(id)
}

async fn connect(settings: &Settings) -> anyhow::Result<PgPool> {
    use anyhow::Context;
    platform::database::pool(settings.database.options()?, CONNECTIONS)
        .await
        .context("Postgres cannot be reached at database.url")
}
