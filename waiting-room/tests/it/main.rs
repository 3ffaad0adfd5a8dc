//! The waiting room on real Postgres and Redis, through its own HTTP and sockets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::as_conversions,
    reason = "tests say so when something fails, and set up what they need"
)]

mod access;
mod actors;
mod admission;
mod bad_input;
mod harness;
mod herd;
mod joining;
mod line_log;
mod migrations;
mod nodes;
mod openings;
mod queues;
mod settings;
mod sockets;
mod tenants;
