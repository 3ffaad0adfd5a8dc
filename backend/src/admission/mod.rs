//! Whether a fan may enter: the waiting room's `/access` decision, cached, in front of every protected request.
//!
//! Owns: no tables; the keys `access:{queue}:{user}` in Redis. Publishes: nothing. Invariants: a *yes* is believed until
//! min(5 s, `max_age`, end of session) and while no pass of a later session is shown, a *no* for at most 250 ms; an unreachable room lets in only who holds a signed pass.

mod entered;
mod gate;
pub mod room;

pub use entered::Entered;
pub use gate::{Gate, NotAdmitted, Session};
