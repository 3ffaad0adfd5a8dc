//! What goes wrong with a webhook on its way, as it does with the real Stripe's: how much of it, and to which event.
//!
//! The choice is a pure function of the seed and the event's running number, so that a run can be told again.

use std::time::Duration;

use serde::Deserialize;
use sha2::{Digest, Sha256};

/// Shares are counted per so many events.
const WHOLE: u32 = 1_000;

/// How many events of a thousand meet which mischief, and how long it takes. The default does none.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mischief {
    /// The same seed chooses the same.
    pub seed: u64,
    /// Delivered twice or three times.
    pub duplicated: u32,
    /// First delivered late.
    pub delayed: u32,
    /// Held back until a later event was delivered.
    pub reordered: u32,
    /// Never delivered: whoever waits for it must ask.
    pub lost: u32,
    /// Shortest and longest time from one copy to the next, milliseconds.
    pub copies_apart_ms: [u64; 2],
    /// Shortest and longest delay of a delayed event, milliseconds.
    pub delay_ms: [u64; 2],
    /// How long a reordered event waits for a later one of its intent, and then as long again for one of any intent,
    /// milliseconds.
    pub patience_ms: u64,
}

impl Default for Mischief {
    fn default() -> Self {
        Self {
            seed: 0,
            duplicated: 0,
            delayed: 0,
            reordered: 0,
            lost: 0,
            copies_apart_ms: [100, 5_000],
            delay_ms: [2_000, 20_000],
            patience_ms: 3_000,
        }
    }
}

/// What the courier does with one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Delivered once, at once.
    Spared,
    /// Delivered once more after each of these pauses.
    Duplicated(Vec<Duration>),
    /// Delivered once, so late.
    Delayed(Duration),
    /// Delivered once, after a later event.
    HeldBack,
    /// Not delivered.
    Lost,
}

impl Mischief {
    /// Whether the shares fit into a thousand and every range has its ends in order.
    #[must_use]
    pub fn is_possible(&self) -> bool {
        let shares = [self.duplicated, self.delayed, self.reordered, self.lost];
        let all = shares.iter().copied().fold(0, u32::saturating_add);
        let ordered = |[shortest, longest]: [u64; 2]| shortest <= longest;
        all <= WHOLE && ordered(self.copies_apart_ms) && ordered(self.delay_ms)
    }

    /// What becomes of the event with this running number.
    #[must_use]
    pub fn fate(&self, number: u64) -> Fate {
        let mut draws = Draws::of(self.seed, number);
        let mut drawn = draws.below(u64::from(WHOLE));
        let mut falls_into = |share: u32| {
            let hit = drawn < u64::from(share);
            drawn = drawn.saturating_sub(u64::from(share));
            hit
        };
        if falls_into(self.duplicated) {
            let copies = 1 + draws.below(2);
            return Fate::Duplicated((0..copies).map(|_| draws.within(self.copies_apart_ms)).collect());
        }
        if falls_into(self.delayed) {
            return Fate::Delayed(draws.within(self.delay_ms));
        }
        if falls_into(self.reordered) {
            return Fate::HeldBack;
        }
        if falls_into(self.lost) {
            return Fate::Lost;
        }
        Fate::Spared
    }
}

/// A few numbers that depend on nothing but seed and event: a digest, cut into words. No generator of a library promises
/// the same numbers in its next version.
struct Draws {
    digest: [u8; 32],
    taken: usize,
}

impl Draws {
    fn of(seed: u64, number: u64) -> Self {
        let mut digest = Sha256::new();
        digest.update(seed.to_be_bytes());
        digest.update(number.to_be_bytes());
        Self {
            digest: digest.finalize().into(),
            taken: 0,
        }
    }

    /// At most four draws are different: nothing here takes more.
    fn below(&mut self, end: u64) -> u64 {
        let word = self.digest.chunks_exact(8).nth(self.taken % 4);
        self.taken += 1;
        let word = word
            .and_then(|word| word.try_into().ok())
            .map_or(0, u64::from_be_bytes);
        word % end.max(1)
    }

    fn within(&mut self, [shortest, longest]: [u64; 2]) -> Duration {
        let span = longest.saturating_sub(shortest).saturating_add(1);
        Duration::from_millis(shortest.saturating_add(self.below(span)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Mischief {
        Mischief {
            seed: 1,
            duplicated: 50,
            delayed: 30,
            reordered: 50,
            lost: 10,
            ..Mischief::default()
        }
    }

    fn fates(mischief: &Mischief, events: u64) -> Vec<Fate> {
        (0..events).map(|number| mischief.fate(number)).collect()
    }

    #[test]
    fn without_shares_nothing_happens() {
        let spared = fates(&Mischief::default(), 1_000);
        assert!(spared.iter().all(|fate| *fate == Fate::Spared));
    }

    #[test]
    fn the_same_seed_chooses_the_same_and_another_does_not() {
        let another = Mischief { seed: 2, ..some() };
        assert_eq!(fates(&some(), 1_000), fates(&some(), 1_000));
        assert_ne!(fates(&some(), 1_000), fates(&another, 1_000));
    }

    #[test]
    fn the_shares_come_out_right() {
        let fates = fates(&some(), 100_000);
        let share = |of: fn(&Fate) -> bool| fates.iter().filter(|fate| of(fate)).count() / 100;
        for (counted, wanted) in [
            (share(|fate| matches!(fate, Fate::Duplicated(_))), 50),
            (share(|fate| matches!(fate, Fate::Delayed(_))), 30),
            (share(|fate| matches!(fate, Fate::HeldBack)), 50),
            (share(|fate| matches!(fate, Fate::Lost)), 10),
        ] {
            assert!(counted.abs_diff(wanted) <= wanted / 10, "{counted} of {wanted}");
        }
    }

    #[test]
    fn pauses_stay_in_their_ranges_and_copies_are_one_or_two() {
        let (mut one, mut two) = (0, 0);
        for fate in fates(&some(), 100_000) {
            match fate {
                Fate::Duplicated(pauses) => {
                    assert!(
                        pauses
                            .iter()
                            .all(|pause| (100..=5_000).contains(&pause.as_millis()))
                    );
                    one += i32::from(pauses.len() == 1);
                    two += i32::from(pauses.len() == 2);
                    assert!((1..=2).contains(&pauses.len()));
                }
                Fate::Delayed(delay) => assert!((2_000..=20_000).contains(&delay.as_millis())),
                Fate::Spared | Fate::HeldBack | Fate::Lost => {}
            }
        }
        assert!(one > 2_000 && two > 2_000, "{one} {two}");
    }

    #[test]
    fn more_than_everything_and_ranges_upside_down_are_impossible() {
        assert!(some().is_possible());
        assert!(!Mischief { lost: 990, ..some() }.is_possible());
        assert!(
            !Mischief {
                delay_ms: [2, 1],
                ..some()
            }
            .is_possible()
        );
    }
}
