//! What this node holds of every line in memory.
//!
//! Owns: the mirror of each line (who waits, how fast it moves), the fans that listen here, their signs of life.
//! Publishes: places without a store read; news to sockets the moment their delta is read.
//! Invariants: a mirror is only ever a snapshot plus an unbroken run of deltas, else it is rebuilt, so that a missed
//! delta can never make a place wrong for ever; a place shown never goes up, whether store or mirror was asked
//! (`Line::place_of`), nor when another node had shown it (`Reads::next`, before every look from memory).

mod follow;
mod mirror;
mod reader;
mod reads;
mod registry;
mod signs;

pub(crate) use follow::{Following, News, QueueNews};
pub(crate) use mirror::Place;
pub(crate) use registry::{Line, Lines};
