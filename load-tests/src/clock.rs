//! One monotonic clock for all histories of a run, and the only place that waits.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

/// Counts from the start of the run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RunClock {
    start: Instant,
    /// The machine's clock at the start: what others wrote down is put beside the histories by it.
    start_wall: DateTime<Utc>,
}

impl RunClock {
    pub(crate) fn start() -> Self {
        Self {
            start: Instant::now(),
            start_wall: wall_now(),
        }
    }

    /// Microseconds since the start.
    pub(crate) fn now_us(self) -> u64 {
        u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Microseconds since the start of what happened at `at`; 0 for what was before.
    pub(crate) fn us_of(self, at: DateTime<Utc>) -> u64 {
        let since = (at - self.start_wall).num_microseconds();
        since
            .and_then(|since| u64::try_from(since).ok())
            .unwrap_or_default()
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.start.elapsed()
    }
}

/// Waits. A load generator has nothing to shut down: its run has an end of its own.
#[expect(clippy::disallowed_methods, reason = "the one place of this tool that waits")]
pub(crate) async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// The machine's clock, for what a fan compares with a session's end.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place of this tool that reads the machine's clock"
)]
pub(crate) fn wall_now() -> DateTime<Utc> {
    Utc::now()
}
