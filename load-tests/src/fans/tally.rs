//! What happens now, for whoever watches.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// Counters that fans move.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) arrived: Count,
    pub(crate) waiting: Level,
    pub(crate) in_session: Level,
    pub(crate) holds: Count,
    pub(crate) paid: Count,
    pub(crate) gone: Count,
    pub(crate) busy: Count,
    pub(crate) ended: Count,
    pub(crate) seats_left: Level,
}

/// Only grows.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn one_more(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Goes up and down.
#[derive(Debug, Default)]
pub(crate) struct Level(AtomicI64);

impl Level {
    pub(crate) fn up(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn down(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn set(&self, value: i64) {
        self.0.store(value, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}
