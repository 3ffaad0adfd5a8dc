//! Fans' places: joining, looking, leaving.
//!
//! Owns: ticket tokens; the ticket as a fan sees it.
//! Publishes: `JOINED` and `LEFT` deltas through `line_store`.
//! Invariants: the same fan has the same ticket while it lives; a refused join burns no number; looking at a waiting
//! ticket reads no store; a ticket token opens its own ticket only.

mod actions;
mod http;
mod tokens;
mod view;

pub(crate) use actions::look;
pub(crate) use http::configure;
pub(crate) use tokens::verify;
