//! Loyalty points: one for every attended paid match, for five years (E6-F1).
//!
//! Owns: `loyalty_points`. Publishes: nothing. Invariants: a point is of a person, by the blind index of their OIB, so that it may be
//! there before their account; one per person and match (`loyalty_points_one_per_match`); points are never spent.

pub mod actions;
pub mod http;
mod store;

pub use actions::points_of;
pub use store::PointRow;
