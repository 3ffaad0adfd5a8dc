//! Background tasks that shutdown waits for, and sleeps that shutdown wakes.

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Every task of a process. Clones share the same tracker.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Tasks {
    /// A fresh tracker.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs `future` in the background; `name` is for the log.
    pub fn spawn<F>(&self, name: &'static str, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.tracker.spawn(async move {
            future.await;
            tracing::debug!(task = name, "Task ended");
        });
    }

    /// Waits; `false` when the process is shutting down (at once, then).
    pub async fn sleep(&self, duration: Duration) -> bool {
        tokio::select! {
            () = self.stop.cancelled() => false,
            () = timer(duration) => true,
        }
    }

    /// The token that is cancelled when shutdown begins.
    #[must_use]
    pub fn shutting_down(&self) -> &CancellationToken {
        &self.stop
    }

    /// Asks every task to stop and waits for them, at most `limit`. Says whether all ended in time.
    pub async fn shutdown(&self, limit: Duration) -> bool {
        self.stop.cancel();
        self.tracker.close();
        tokio::time::timeout(limit, self.tracker.wait()).await.is_ok()
    }
}

/// Completes at SIGTERM or SIGINT.
pub async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(mut terminate), Ok(mut interrupt)) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
        _ => tracing::error!("Signals cannot be watched; stopping at once"),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that sleeps, and it wakes at shutdown"
)]
async fn timer(duration: Duration) {
    tokio::time::sleep(duration).await;
}
