//! The line's log in Postgres: who joined, was admitted and ended, in the line's order and by the line's clock.
//!
//! Owns: table `line_log` and the cursor `queues.logged_delta`.
//! Publishes: the record that fairness is checked against; what a lost line is founded from.
//! Invariants: every delta of a ticket is logged exactly once and in order (the cursor moves in the transaction that
//! inserts, and only from where it was read); at most a second behind while both stores are up; a delta is trimmed from
//! the stream only after it was logged.

mod store;
mod writer;

pub(crate) use store::highest_sequence;
pub(crate) use writer::{is_written, write};
