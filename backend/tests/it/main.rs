//! Integration tests of the backend, on real Postgres and NATS. They mirror `backend/src`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod audit;
mod events;
mod jobs;
mod notifications;
mod proxy;
mod support;
