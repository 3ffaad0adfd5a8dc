//! Who buys: accounts keyed by (issuer, subject) and their ticketing profile (E1).
//!
//! Owns: `users`, `user_profiles`, `saved_profiles`, `push_tokens`. Publishes: nothing. Invariants: one profile per OIB (`user_profiles_one_per_oib`); an
//! OIB is fixed once set; document numbers are stored encrypted and leave masked.

mod actions;
mod entrance;
pub mod http;
pub mod push;
pub mod saved;
mod store;
pub mod tokens;

pub use actions::{buyer_profile, find, identity_of, recognise, recognise_staff};
pub use entrance::Entrance;
pub use store::Profile;
