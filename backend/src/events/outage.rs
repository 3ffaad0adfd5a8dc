//! One line in the log when something stops answering and one when it is back, however often it is asked in between.

use std::fmt::Display;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether something answers, as last seen by one worker.
#[derive(Debug)]
pub(crate) struct Outage {
    worker: &'static str,
    lasts: AtomicBool,
}

impl Outage {
    /// Nothing is wrong yet with what `worker` needs.
    pub(crate) fn none(worker: &'static str) -> Self {
        Self {
            worker,
            lasts: AtomicBool::new(false),
        }
    }

    /// It does not answer.
    pub(crate) fn seen(&self, error: &dyn Display) {
        if !self.lasts.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                worker = self.worker,
                error = format!("{error:#}"),
                "Outage: {} waits",
                self.worker
            );
        }
    }

    /// It answers.
    pub(crate) fn over(&self) {
        if self.lasts.swap(false, Ordering::Relaxed) {
            tracing::info!(
                worker = self.worker,
                "The outage is over: {} goes on",
                self.worker
            );
        }
    }
}
