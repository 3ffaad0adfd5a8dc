//! What is on sale: matches, the terms of their sale, their zones, the way into their queue (E2, E4-F1, E4-F2).
//!
//! Owns: `matches`, `match_sales`, `match_zones`. Publishes: nothing. Invariant: every match on sale has one queue, made
//! under the match's own reference, so that a crash while making it makes it once.

pub mod actions;
pub mod board;
pub mod http;
mod store;

pub use store::{MatchTitle, ZoneSale, list_on_sale, match_title, sale_terms, session_policy, zone_sale};
