//! What is on sale: matches, the terms of their sale, their zones, the way into their queue (E2, E4-F1, E4-F2).
//!
//! Owns: `matches`, `match_sales`, `match_zones`. Publishes: nothing. Invariant: every match on sale has one queue, made
//! under the match's own reference, so that a crash while making it makes it once.

pub mod actions;
pub mod board;
pub mod http;
pub mod plans;
mod queues;
mod store;

pub use queues::list_on_sale;
pub use store::{MatchTitle, ZoneSale, match_title, sale_terms, zone_sale};
