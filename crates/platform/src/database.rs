//! The Postgres pool.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgPool};
use tokio::time::{Instant, timeout};

/// How long a request waits for a connection before it answers 503: the whole budget of a hold is 50 ms at p99, so a
/// longer wait would only hide that the pool is too small.
const ACQUIRE_TIMEOUT: Duration = Duration::from_millis(250);

/// How long a starting process waits for its first connection: a database that was started with it has been up for less.
const START_PATIENCE: Duration = Duration::from_secs(5);

/// A connection that was idle for longer is tried before it is given out: when Postgres has restarted, all of them are dead, and
/// each would fail somebody's request. Under load nothing is idle, and nothing is tried.
const UNTESTED_IDLE_MAX: Duration = Duration::from_millis(500);

/// No statement of ours takes seconds; one that does is broken, and must not hold its locks for ever.
const STATEMENT_TIMEOUT: &str = "15s";

/// A process that is frozen between BEGIN and COMMIT loses its transaction, and with it its locks.
const IDLE_IN_TRANSACTION_TIMEOUT: &str = "10s";

/// Connects `size` connections at once and keeps them.
///
/// # Errors
/// When the database cannot be reached within five seconds, or refuses us.
pub async fn pool(options: PgConnectOptions, size: u32) -> Result<PgPool, sqlx::Error> {
    let options = options.options([
        ("statement_timeout", STATEMENT_TIMEOUT),
        ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION_TIMEOUT),
    ]);
    let pool = PgPoolOptions::new()
        .min_connections(size)
        .max_connections(size)
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                // An error closes it, and the pool gives the next one or makes a new one.
                if meta.idle_for > UNTESTED_IDLE_MAX {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_lazy_with(options.clone());
    let patience_ends = Instant::now() + START_PATIENCE;
    let mut connections = Vec::new();
    while u32::try_from(connections.len()).is_ok_and(|count| count < size) {
        match pool.acquire().await {
            Ok(connection) => connections.push(connection),
            Err(sqlx::Error::PoolTimedOut) if Instant::now() < patience_ends => {}
            Err(sqlx::Error::PoolTimedOut) => return Err(reason(options).await),
            Err(error) => return Err(error),
        }
    }
    Ok(pool)
}

/// A pool keeps to itself why nobody answered; a connection says it.
async fn reason(options: PgConnectOptions) -> sqlx::Error {
    match timeout(START_PATIENCE, options.connect()).await {
        Ok(Err(error)) => error,
        Ok(Ok(_)) | Err(_) => sqlx::Error::PoolTimedOut,
    }
}

/// Whether the database had no answer to give, and nothing happened: answer 503 and let the client try again.
#[must_use]
pub fn is_unavailable(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => true,
        // 57P01-57P03: the server is stopping or starting; 53300: too many connections; 55P03, 57014, 25P03: our own limits on
        // waiting for a lock, on a statement, on an idle transaction; 40P01: the victim of a deadlock.
        sqlx::Error::Database(database) => matches!(
            database.code().as_deref(),
            Some("57P01" | "57P02" | "57P03" | "53300" | "55P03" | "57014" | "25P03" | "40P01")
        ),
        _ => false,
    }
}

/// Whether somebody else was in the way for longer than we wait: 55P03, a lock; 40P01, a deadlock that ended with us.
#[must_use]
pub fn is_contended(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(database) => matches!(database.code().as_deref(), Some("55P03" | "40P01")),
        _ => false,
    }
}
