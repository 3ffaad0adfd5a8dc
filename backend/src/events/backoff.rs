//! How long to wait after the n-th failure in a row.

use std::time::Duration;

/// `first`, then twice as long each time, never longer than `longest`. The first failure is number 1.
pub(crate) fn backoff(first: Duration, longest: Duration, failure: u32) -> Duration {
    let doublings = failure.saturating_sub(1).min(31);
    first.saturating_mul(1 << doublings).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_their_limit() {
        let wait =
            |failure| backoff(Duration::from_millis(500), Duration::from_secs(60), failure).as_millis();
        assert_eq!([wait(1), wait(2), wait(3), wait(7)], [500, 1_000, 2_000, 32_000]);
        assert_eq!([wait(8), wait(100), wait(u32::MAX)], [60_000; 3]);
        assert_eq!(wait(0), 500);
    }
}
