//! The phases of a match's sale (E2-F2, E6-F2): planned, changed, opened and closed by hand, closed when everything is sold.
//!
//! Invariants: two phases of a match never overlap (`sales_phases_do_not_overlap`); what is over stays as it was; the openings of
//! the match's queue follow (`sync_queue`).

pub(crate) mod actions;
pub mod http;
mod store;

pub use actions::close_sold_out;
pub use store::PhaseRow;
pub(in crate::matches) use store::list_phases;
pub(super) use store::{delete_phases, insert_phase};
