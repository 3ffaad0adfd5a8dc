//! A fresh, migrated database for every test, in milliseconds: migrations run once into a template, tests copy it.

use std::path::Path;
use std::str::FromStr;

use anyhow::Context;
use chrono::TimeDelta;
use platform::clock::{Clock, SystemClock};
use platform::ids::Ids;
use sha2::{Digest, Sha256};
use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};

/// How long a database that nobody dropped is kept.
const KEPT_FOR: TimeDelta = TimeDelta::hours(1);
/// Few, so that no test pays for many others.
const DROPPED_AT_ONCE: i64 = 2;

/// Makes a uniquely named database with the migrations of `migrations_dir` applied and answers its URL.
///
/// `admin_url` names a database whose user may create others.
///
/// # Errors
/// When Postgres cannot be reached, refuses, or a migration fails.
pub async fn fresh_database(admin_url: &str, migrations_dir: &Path) -> anyhow::Result<String> {
    let admin_options = PgConnectOptions::from_str(admin_url).context("the admin URL is no Postgres URL")?;
    let migrator = Migrator::new(migrations_dir)
        .await
        .with_context(|| format!("no migrations in {}", migrations_dir.display()))?;
    let template = template_name(&migrator);
    let mut admin = admin_options
        .connect()
        .await
        .context("Postgres does not answer")?;

    make_template(&mut admin, &admin_options, &template, &migrator).await?;

    drop_forgotten(&mut admin).await?;

    let name = format!("test_{}", Ids.next().simple());
    run(&mut admin, format!("CREATE DATABASE {name} TEMPLATE {template}")).await?;
    admin.close().await?;
    Ok(admin_options.database(&name).to_url_lossy().to_string())
}

/// Drops a database made by [`fresh_database`], with whoever is still connected to it.
///
/// # Errors
/// When Postgres refuses, or the URL is not one of a test database.
pub async fn drop_database(admin_url: &str, url: &str) -> anyhow::Result<()> {
    let options = PgConnectOptions::from_str(url)?;
    let name = options
        .get_database()
        .filter(|name| name.starts_with("test_"))
        .context("not a test database")?;
    let mut admin = PgConnectOptions::from_str(admin_url)?.connect().await?;
    run(&mut admin, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
    admin.close().await?;
    Ok(())
}

/// Same migrations, same template: the name is their checksum.
fn template_name(migrator: &Migrator) -> String {
    let mut digest = Sha256::new();
    for migration in migrator.iter() {
        digest.update(migration.version.to_be_bytes());
        digest.update(&migration.checksum);
    }
    let hash: String = hex::encode(digest.finalize()).chars().take(20).collect();
    format!("template_{hash}")
}

/// Builds the template under another name and renames it last, so that a template that exists is whole. One process
/// builds, the others wait at the advisory lock.
async fn make_template(
    admin: &mut PgConnection,
    options: &PgConnectOptions,
    template: &str,
    migrator: &Migrator,
) -> anyhow::Result<()> {
    run(admin, format!("SELECT pg_advisory_lock(hashtext('{template}'))")).await?;
    let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
        .bind(template)
        .fetch_one(&mut *admin)
        .await?;
    if !exists {
        let building = format!("{template}_new");
        run(admin, format!("DROP DATABASE IF EXISTS {building} WITH (FORCE)")).await?;
        run(admin, format!("CREATE DATABASE {building}")).await?;
        let mut connection = options.clone().database(&building).connect().await?;
        migrator
            .run(&mut connection)
            .await
            .context("a migration failed")?;
        connection.close().await?;
        run(admin, format!("ALTER DATABASE {building} RENAME TO {template}")).await?;
    }
    run(
        admin,
        format!("SELECT pg_advisory_unlock(hashtext('{template}'))"),
    )
    .await
}

/// Tests that fail leave their database behind for whoever looks into it: an hour, then a later test clears it away.
async fn drop_forgotten(admin: &mut PgConnection) -> anyhow::Result<()> {
    let an_hour_ago = (SystemClock.now() - KEPT_FOR).timestamp_millis();
    // Names are UUIDv7: they sort by their time.
    let forgotten: Vec<String> = sqlx::query_scalar(
        "SELECT datname FROM pg_database
         WHERE datname ~ '^test_[0-9a-f]{32}$' AND datname COLLATE \"C\" < $1
         ORDER BY datname
         LIMIT $2",
    )
    .bind(format!("test_{an_hour_ago:012x}"))
    .bind(DROPPED_AT_ONCE)
    .fetch_all(&mut *admin)
    .await?;
    for name in forgotten {
        // Another test may be at it, or somebody may be looking into it.
        let _ = run(admin, format!("DROP DATABASE IF EXISTS {name}")).await;
    }
    Ok(())
}

/// Names of databases cannot be parameters; ours are made of letters, digits and underscores only.
async fn run(connection: &mut PgConnection, statement: String) -> anyhow::Result<()> {
    sqlx::raw_sql(AssertSqlSafe(statement.clone()))
        .execute(connection)
        .await
        .with_context(|| format!("Postgres refused: {statement}"))?;
    Ok(())
}
