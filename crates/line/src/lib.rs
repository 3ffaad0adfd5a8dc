//! The waiting line without IO: places, admission, pace. Knows nothing of tickets, sockets or stores.
//!
//! Architecture invariant: nothing here awaits, reads a clock, logs, or iterates a hash map; the same facts always give
//! the same answer, so that the service and a model checker can run the very same code.

pub mod admission;
pub mod pace;
pub mod positions;
