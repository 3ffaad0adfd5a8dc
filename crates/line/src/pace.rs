//! Pace: how fast the line moves, what that says about the wait, and how often a fan is told.

const WINDOW_SECONDS: u64 = 60;

/// Departures from the line in the last minute: admitted, gone and dropped alike, since all of them bring the rest
/// forward.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pace {
    /// Departures by second, `second % 60`.
    buckets: [u32; 60],
    newest: u64,
    first: Option<u64>,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            buckets: [0; 60],
            newest: 0,
            first: None,
        }
    }
}

/// A range of seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// At the soonest.
    pub from: u32,
    /// At the latest.
    pub to: u32,
}

impl Pace {
    /// One fan left the line at `at_ms`.
    pub fn record(&mut self, at_ms: u64) {
        let second = at_ms / 1000;
        self.advance(second);
        self.first.get_or_insert(second);
        if self.newest.saturating_sub(second) < WINDOW_SECONDS
            && let Some(bucket) = self.buckets.get_mut(slot(second))
        {
            *bucket = bucket.saturating_add(1);
        }
    }

    /// The wait of who stands at `position`, if the line has moved lately.
    #[must_use]
    pub fn wait(&self, position: u64, now_ms: u64) -> Option<Wait> {
        let now = now_ms / 1000;
        let left = self.departures_until(now);
        if left == 0 {
            return None;
        }
        let observed = now.saturating_sub(self.first?).clamp(1, WINDOW_SECONDS);
        let expected = position.saturating_mul(observed).div_ceil(left);
        Some(Wait {
            from: seconds(expected.saturating_mul(3) / 4),
            to: seconds(expected.saturating_mul(3).div_ceil(2)),
        })
    }

    fn departures_until(&self, now: u64) -> u64 {
        (now.saturating_sub(WINDOW_SECONDS - 1)..=now)
            .filter(|second| *second <= self.newest && self.newest - second < WINDOW_SECONDS)
            .filter_map(|second| self.buckets.get(slot(second)))
            .map(|count| u64::from(*count))
            .sum()
    }

    fn advance(&mut self, second: u64) {
        let steps = second.saturating_sub(self.newest).min(WINDOW_SECONDS);
        for step in 0..steps {
            if let Some(bucket) = self.buckets.get_mut(slot(second - step)) {
                *bucket = 0;
            }
        }
        self.newest = self.newest.max(second);
    }
}

fn slot(second: u64) -> usize {
    usize::try_from(second % WINDOW_SECONDS).unwrap_or_default()
}

fn seconds(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// How long after one frame the next is due for who stands at `position`, milliseconds: a frame costs 4 µs of CPU, so a
/// million fans can be told once a minute, but whoever is near the front wants to see the line move.
#[must_use]
pub fn next_frame_in_ms(position: u64) -> u64 {
    match position {
        0..=100 => 1_000,
        101..=1_000 => 5_000,
        1_001..=10_000 => 30_000,
        _ => 60_000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_moves_at_ten_a_second_brings_the_hundredth_in_in_about_ten_seconds() {
        let mut pace = Pace::default();
        for tenth in 0..600 {
            pace.record(1_000_000 + tenth * 100);
        }
        let wait = pace.wait(100, 1_060_000).unwrap();
        assert!(wait.from <= 10 && 10 <= wait.to, "{wait:?}");
    }

    #[test]
    fn a_line_that_stands_still_promises_nothing() {
        let mut pace = Pace::default();
        assert_eq!(pace.wait(1, 5_000), None);
        pace.record(5_000);
        assert!(pace.wait(1, 6_000).is_some());
        assert_eq!(pace.wait(1, 70_000), None);
    }

    #[test]
    fn old_departures_are_forgotten() {
        let mut pace = Pace::default();
        pace.record(1_000);
        pace.record(200_000);
        assert_eq!(pace.departures_until(200), 1);
        pace.record(1_000);
        assert_eq!(pace.departures_until(200), 1);
    }

    #[test]
    fn who_is_near_the_front_is_told_more_often() {
        let paces = [1, 500, 5_000, 500_000].map(next_frame_in_ms);
        assert!(paces.is_sorted());
        assert_eq!(paces[0], 1_000);
    }
}
