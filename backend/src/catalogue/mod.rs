//! A stadium and one match on sale there, for demonstrations and simulated sales: `backend admin seed`.
//!
//! Owns: no tables; imports, drafts and publishes as staff do, in one transaction, and blocks the seats that a small sale leaves
//! out. Publishes: nothing. Invariant: a match is seeded once.

mod actions;
mod store;

pub use actions::{Seed, seed};
