//! Rounds of reading the line's deltas, for whoever must not be told what is older than what somebody else was told.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

/// A store that is away must not keep anybody waiting.
const PATIENCE: Duration = Duration::from_millis(500);

/// Which reads of a line have begun, and which have ended well.
#[derive(Debug, Default)]
pub(crate) struct Reads {
    begun: AtomicU64,
    ended: watch::Sender<u64>,
}

impl Reads {
    /// A read begins: what the store has now, it will find.
    pub(super) fn begin(&self) -> u64 {
        self.begun.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// The read of that number has been taken into the mirror.
    pub(super) fn end(&self, round: u64) {
        self.ended.send_replace(round);
    }

    /// Waits for a read that begins after this call: whatever any node has told anybody so far, the mirror knows then. Takes
    /// one pause between reads, 25 ms, while fans listen. `false`: no such read has ended in time, and somebody may know
    /// better.
    pub(crate) async fn next(&self) -> bool {
        let round = self.begun.load(Ordering::SeqCst) + 1;
        let mut ended = self.ended.subscribe();
        timeout(PATIENCE, ended.wait_for(|ended| *ended >= round))
            .await
            .is_ok_and(|ended| ended.is_ok())
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    #[tokio::test]
    async fn a_read_that_had_begun_before_is_not_waited_for() {
        let reads = Reads::default();
        let old = reads.begin();
        let mut next = pin!(reads.next());
        let mut context = Context::from_waker(Waker::noop());
        assert_eq!(next.as_mut().poll(&mut context), Poll::Pending);
        reads.end(old);
        assert_eq!(
            next.as_mut().poll(&mut context),
            Poll::Pending,
            "it may have missed news"
        );
        let fresh = reads.begin();
        reads.end(fresh);
        assert_eq!(next.as_mut().poll(&mut context), Poll::Ready(true));
    }
}
