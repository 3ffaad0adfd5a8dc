//! Ticketing without IO: types, decisions, policies. Facts and `now` come in, a plan or a refusal goes out.
//!
//! Architecture Invariant: nothing here awaits, reads a clock, logs, panics, iterates a hash map or uses a float.
#![deny(
    clippy::float_arithmetic,
    clippy::wildcard_enum_match_arm,
    clippy::disallowed_types
)]

pub mod ids;
pub mod inventory;
pub mod loyalty;
pub mod matches;
pub mod money;
pub mod orders;
pub mod payments;
pub mod phases;
pub mod stadiums;
pub mod staff;
pub mod tickets;
pub mod users;

/// An instant.
pub type Timestamp = chrono::DateTime<chrono::Utc>;
