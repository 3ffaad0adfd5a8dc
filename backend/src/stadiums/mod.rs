//! Stadiums as staff describe them (E2-F3, E2-F5, E2-F10).
//!
//! Owns: `stadiums`, `stadium_layouts`, `layout_price_categories`, `sectors`, `seats`. Publishes: nothing. Invariants: a description
//! with a mistake is refused whole, and every mistake is named; a layout never changes: what staff change is a new one, and a
//! match keeps the one it was made with; capacity is counted.

pub mod actions;
mod body;
pub mod file;
pub mod http;
mod reading;
mod store;
mod trail;

pub use store::{SectorRow, StadiumRow};
