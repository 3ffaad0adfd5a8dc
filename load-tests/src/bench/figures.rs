//! Times, and what is said of them.

use std::time::{Duration, Instant};

use serde::Serialize;

/// Milliseconds of single deeds, as they came.
#[derive(Debug, Default, Clone, Serialize)]
pub(crate) struct Times {
    pub(crate) ms: Vec<f64>,
}

impl Times {
    pub(crate) fn add(&mut self, taken: Duration) {
        self.ms.push(millis(taken));
    }

    /// All of them together.
    pub(crate) fn of_all<'a>(many: impl IntoIterator<Item = &'a Self>) -> Self {
        let ms = many.into_iter().flat_map(|times| times.ms.iter().copied());
        Self { ms: ms.collect() }
    }

    /// Does it and keeps how long it took.
    pub(crate) async fn of<T>(&mut self, deed: impl Future<Output = T>) -> T {
        let started = Instant::now();
        let done = deed.await;
        self.add(started.elapsed());
        done
    }

    /// The time that so many of a hundred stay below; 0 of none.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let mut sorted = self.ms.clone();
        sorted.sort_by(f64::total_cmp);
        let rank = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
        sorted.get(rank).copied().unwrap_or_default()
    }

    pub(crate) fn summary(&self) -> Summary {
        Summary {
            count: self.ms.len(),
            p50_ms: self.percentile(50),
            p99_ms: self.percentile(99),
            max_ms: self.percentile(100),
        }
    }
}

/// What people compare.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Summary {
    pub(crate) count: usize,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) max_ms: f64,
}

fn millis(taken: Duration) -> f64 {
    taken.as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let mut times = Times::default();
        assert!(times.percentile(99).total_cmp(&0.0).is_eq());
        for ms in 1..=200 {
            times.add(Duration::from_millis(ms));
        }
        let told = [50, 99, 100].map(|percent| times.percentile(percent).round());
        assert_eq!(told.map(|ms| format!("{ms}")), ["100", "198", "200"]);
    }
}
