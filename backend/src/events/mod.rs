//! Facts that leave by the same door as the change: outbox, relay, bus, consumers, dead letters.
//!
//! Owns: `outbox`, `dead_letters` (and the shape of `inbox`, whose rows each consumer writes with its own effect).
//! Publishes: what the contexts record, exactly as recorded. Invariants: an event is on the bus only if its change is
//! committed, and then at least once; its id is the `Nats-Msg-Id` and the inbox key, so that twice delivered is once
//! handled; the bus is transport, never the record: it may lose, repeat or reorder, and nothing breaks; a message that
//! cannot be handled ends in `dead_letters` with an error in the log, never in silence.

mod backoff;
pub mod bus;
pub mod consumers;
pub mod dead_letters;
mod envelope;
pub mod fallback;
mod outage;
mod outbox;
mod read_models;
pub mod relay;
mod store;

pub use outbox::{NewEvent, record};

pub(crate) use backoff::backoff;
pub(crate) use outage::Outage;
pub(crate) use store::blank_mail;
