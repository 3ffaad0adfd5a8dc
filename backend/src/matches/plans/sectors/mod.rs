//! What a match uses its sectors for (E2-F4): sold, closed, out of order, kept empty.
//!
//! Invariants: no seat that somebody has changes its state; no seat is sold without a price; of a published match, whoever moves a
//! sector says why (E3-F1).

pub(crate) mod actions;
pub mod http;

pub(super) use actions::{check_prices, move_sectors};
