//! Admission: one leader per line turns `line::admission::plan` into admissions, ten times a second.
//!
//! Owns: the leader's lease of every line, and the ticks.
//! Publishes: admissions, endings of what is over, closings when everything is sold (all through `line_store`).
//! Invariants: the cap on open sessions is never crossed, whatever two leaders think (the script keeps it, and a leader
//! of old is fenced); a sweep is bounded, so that a mass expiry never blocks the line.

mod ticker;

pub(crate) use ticker::lead;
