//! Stadium files and the matches made of them by the operator: `backend admin seed`.
//!
//! Owns: `stadiums`, `sectors`, `seats`; writes a new match's rows of `matches`, `match_sales`, `match_zones` and
//! `match_seat_inventory` in one transaction. Publishes: the job that provisions the match's queue. Invariant: a file whose
//! seats do not add up to its capacity is refused whole.

mod actions;
mod file;
mod store;

pub use actions::{Seed, seed};
