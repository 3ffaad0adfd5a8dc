//! Who is staff, and with which roles (product facts 1.2).
//!
//! Owns: `staff_grants`, `staff_answers`. Publishes: nothing. Invariants: a role counts only with a second factor (`domain::staff`); every role
//! that is given or taken leaves one audit entry with who has which roles now; somebody is always Super Admin.

pub mod actions;
mod answers;
mod claims;
pub mod http;
mod store;

pub use actions::recognise;
pub use answers::{once, rehearse};
pub use claims::StaffClaims;
pub use store::{Member, MemberFilter};
