//! Who may not be sold a ticket, by law (E11).
//!
//! Owns: `blacklist`, `blacklist_violations`. Publishes: nothing. Invariants: every holder is checked at checkout, all or nothing,
//! and a blocked attempt is written down; a person is on the list once at a time (`blacklist_one_active_per_person`); whoever is
//! taken off stays in its history; no OIB is ever in the clear, in the table or in an address.

pub mod actions;
pub(crate) mod body;
mod file;
pub mod http;
mod read_models;
mod store;

pub use file::{BadLine, Listed, NotImported};
pub use store::{Attempt, EntryFilter, insert_violations, list_blocked};
