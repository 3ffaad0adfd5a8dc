//! Sessions: who may buy now, until when, and the end of it.
//!
//! Owns: session passes and the key set to verify them with.
//! Publishes: the `/access` decision; `COMPLETED` and `CANCELLED` deltas through `line_store`.
//! Invariants: a session ends at admission + TTL by the store's clock, swept or not, and is never extended; a slot is
//! free the moment its session is completed or abandoned; a tenant sees only its own fans.

mod actions;
mod http;
mod passes;

pub(crate) use http::configure;
pub(crate) use passes::issue as issue_pass;
