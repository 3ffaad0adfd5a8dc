//! Plumbing that both binaries use today: settings, telemetry, database pool, tasks and shutdown, clock, ids, signing
//! keys, problems, JSON bodies and what does not fit in them, what OpenAPI documents say of every operation. Nothing of tickets, nothing of lines; no dependency on our other crates.

pub mod body;
pub mod clock;
pub mod database;
pub mod documents;
pub mod ids;
pub mod keys;
pub mod misfits;
pub mod problems;
pub mod requests;
pub mod settings;
pub mod tasks;
pub mod telemetry;

use std::time::Duration;

/// The only way to make an HTTP client: every call has a deadline.
///
/// # Errors
/// When the TLS back end cannot be set up.
pub fn http_client(timeout: Duration) -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .timeout(timeout)
        .connect_timeout(timeout.min(Duration::from_secs(2)))
        .tcp_nodelay(true)
        .build()
}
