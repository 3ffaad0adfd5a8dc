//! Matches as staff plan them (E2-F1, E2-F2, E2-F4, E2-F6, E2-F7): drafted, published, changed, closed, called off.
//!
//! Invariants: a match is published with its seats and the order for its queue, or not at all; what buyers rely on stays:
//! its layout once a seat was held, its prices once one was bought, a sector's state while somebody has a seat there; every change leaves one audit entry with before and after; it is called off by two people.

pub mod actions;
pub mod body;
pub mod editing;
pub mod http;
mod inventory;
pub mod notices;
mod parts;
pub mod phases;
pub mod publishing;
pub mod sale;
pub mod sectors;
mod store;

pub use store::{PlanRow, PlanSort};
