//! What every handler shares: the table of problems, faults, who asks, ids in addresses, idempotency keys, pages.
//!
//! Owns: no tables. Publishes: nothing. Invariant: every answer that is not a success is a problem of [`problems`].

pub mod actor;
pub mod client;
pub mod fault;
pub mod holders;
pub mod ids;
pub mod keys;
pub mod pages;
pub mod problems;
pub mod reasons;
pub mod staff;
