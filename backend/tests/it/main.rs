//! Integration tests of the backend, on real Postgres and NATS. They mirror `backend/src`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod actors;
mod admin;
mod api;
mod audit;
mod counterparts;
mod crash;
mod events;
mod jobs;
mod matches;
mod migrations;
mod notifications;
mod operator;
mod orders;
mod proxy;
mod settings;
mod support;
mod tickets;
mod users;
mod webhooks;
mod world;
