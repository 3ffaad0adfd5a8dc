//! Who buys: accounts keyed by (issuer, subject) and their ticketing profile (E1).
//!
//! Owns: `users`, `user_profiles`. Publishes: nothing. Invariants: one profile per OIB (`user_profiles_one_per_oib`); an
//! OIB is fixed once set; document numbers are stored encrypted and leave masked.

mod actions;
mod entrance;
pub mod http;
mod store;
pub mod tokens;

pub use actions::{buyer_profile, recognise};
pub use entrance::Entrance;
pub use store::Profile;
