//! Who goes away next, and for how long: decided by the seed alone.

use std::ops::RangeInclusive;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use serde::Serialize;

/// From one victim to the next, if the first is well again by then.
const PAUSE_MS: RangeInclusive<u64> = 4_000..=9_000;
/// What a supervisor needs to start one of our processes again.
const OURS_DOWN_MS: RangeInclusive<u64> = 200..=1_000;
/// A server's machine comes back, or another takes over.
const SERVER_DOWN_MS: RangeInclusive<u64> = 1_000..=4_000;

/// What a victim is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Serves fans.
    Backend,
    /// Works without a request.
    Worker,
    /// Of the waiting room.
    Node,
    Postgres,
    Nats,
    Redis,
}

impl Kind {
    fn down_ms(self) -> RangeInclusive<u64> {
        match self {
            Self::Backend | Self::Worker | Self::Node => OURS_DOWN_MS,
            Self::Postgres | Self::Nats | Self::Redis => SERVER_DOWN_MS,
        }
    }
}

/// One blow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turn {
    /// Since the blow before, or since fans began to buy.
    pub(super) pause: Duration,
    /// Which of the parts, counted from 0.
    pub(super) part: usize,
    /// So long it stays away.
    pub(super) down: Duration,
}

/// All turns of a run. Every kind has its turn before any has a second one, so that a short run meets them all.
pub(super) struct Turns {
    random: StdRng,
    kinds: Vec<Kind>,
    /// What is left of this round, last one first.
    round: Vec<Kind>,
}

impl Turns {
    /// Of parts of these kinds.
    pub(super) fn new(seed: u64, kinds: Vec<Kind>) -> Self {
        Self {
            random: StdRng::seed_from_u64(seed),
            kinds,
            round: Vec::new(),
        }
    }

    fn next_kind(&mut self) -> Option<Kind> {
        if self.round.is_empty() {
            self.round.clone_from(&self.kinds);
            self.round.sort();
            self.round.dedup();
            self.round.shuffle(&mut self.random);
        }
        self.round.pop()
    }

    fn one_of(&mut self, kind: Kind) -> Option<usize> {
        let parts = self.kinds.iter().enumerate();
        let alike: Vec<usize> = parts
            .filter(|(_, other)| **other == kind)
            .map(|(part, _)| part)
            .collect();
        let chosen = self.random.random_range(0..alike.len());
        alike.get(chosen).copied()
    }
}

/// Without an end, unless there is nobody to hit.
impl Iterator for Turns {
    type Item = Turn;

    fn next(&mut self) -> Option<Turn> {
        let kind = self.next_kind()?;
        let part = self.one_of(kind)?;
        let pause = Duration::from_millis(self.random.random_range(PAUSE_MS));
        let down = Duration::from_millis(self.random.random_range(kind.down_ms()));
        Some(Turn { pause, part, down })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [Kind; 9] = [
        Kind::Postgres,
        Kind::Redis,
        Kind::Nats,
        Kind::Node,
        Kind::Node,
        Kind::Node,
        Kind::Worker,
        Kind::Backend,
        Kind::Backend,
    ];

    fn turns(seed: u64, count: usize) -> Vec<Turn> {
        Turns::new(seed, KINDS.to_vec()).take(count).collect()
    }

    #[test]
    fn the_same_seed_hits_the_same_parts_at_the_same_times() {
        assert_eq!(turns(1, 50), turns(1, 50));
        assert_ne!(turns(1, 50), turns(2, 50));
    }

    #[test]
    fn every_kind_has_its_turn_before_any_has_a_second_one() {
        for seed in 0..20 {
            for round in turns(seed, 60).chunks(6) {
                let mut kinds: Vec<_> = round.iter().map(|turn| KINDS[turn.part]).collect();
                kinds.sort();
                kinds.dedup();
                assert_eq!(kinds.len(), 6, "{round:?}");
            }
        }
    }

    #[test]
    fn rounds_differ_and_every_part_is_hit() {
        let all = turns(7, 120);
        let order = |round: &[Turn]| -> Vec<_> { round.iter().map(|turn| KINDS[turn.part]).collect() };
        assert!(
            all.chunks(6)
                .skip(1)
                .any(|round| order(round) != order(&all[..6]))
        );
        assert!((0..KINDS.len()).all(|part| all.iter().any(|turn| turn.part == part)));
    }

    #[test]
    fn pauses_and_absences_keep_their_limits() {
        for turn in turns(3, 500) {
            assert!((4_000..=9_000).contains(&turn.pause.as_millis()), "{turn:?}");
            let server = matches!(KINDS[turn.part], Kind::Postgres | Kind::Nats | Kind::Redis);
            let limits = if server { 1_000..=4_000 } else { 200..=1_000 };
            assert!(limits.contains(&turn.down.as_millis()), "{turn:?}");
        }
    }

    #[test]
    fn with_nobody_to_hit_nobody_is_hit() {
        assert_eq!(Turns::new(1, Vec::new()).next(), None);
    }
}
