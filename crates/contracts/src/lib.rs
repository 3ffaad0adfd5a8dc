//! What crosses a process border, and nothing else: token claims, waiting-room bodies and frames, events and their
//! subjects. Plain wire types: no behaviour beyond (de)serialising, no dependency on our other crates.

pub mod events;
pub mod room;
pub mod tokens;

/// Header in which a fan's app hands the signed session pass to the origin.
pub const SESSION_PASS_HEADER: &str = "Tribina-Session-Pass";

/// Header that makes a creating POST or PUT repeatable: same key and body, same answer.
pub const IDEMPOTENCY_KEY_HEADER: &str = "Idempotency-Key";
