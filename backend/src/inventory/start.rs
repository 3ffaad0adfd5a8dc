//! Where a lane begins to look for free seats, so that a hold costs the same in a zone that is almost sold.

use std::time::{Duration, Instant};

/// Before the first seat of every snake.
const FRONT: i32 = i32::MIN;

/// Looks from the front take at most one part of so many of a lane's time.
const SHARE_OF_FRONT_LOOKS: u32 = 20;

/// The rank behind the seats that were given last. Behind it is where free seats are; before it are those that came back, and
/// leftovers of a few seats. They are found by a look from the front, which passes every seat that is held: it is taken as
/// often as it costs little. A hint and nothing more: whoever comes up short has the whole zone read.
pub(super) struct Start {
    rank: i32,
    front_again_at: Option<Instant>,
}

/// Where one round looked from, and when.
#[derive(Clone, Copy)]
pub(super) struct Look {
    /// No seat before this rank is looked at.
    pub(super) from: i32,
    began: Instant,
}

impl Start {
    pub(super) fn new() -> Self {
        Self {
            rank: FRONT,
            front_again_at: None,
        }
    }

    /// Where to look at `now`; `whole`: everywhere.
    pub(super) fn look(&self, now: Instant, whole: bool) -> Look {
        let is_front_due = self.front_again_at.is_none_or(|at| at <= now);
        Look {
            from: if whole || is_front_due { FRONT } else { self.rank },
            began: now,
        }
    }

    /// A look ended at `now`.
    pub(super) fn looked(&mut self, look: Look, now: Instant) {
        if look.from == FRONT {
            let took: Duration = now.saturating_duration_since(look.began);
            self.front_again_at = now.checked_add(took.saturating_mul(SHARE_OF_FRONT_LOOKS));
        }
    }

    /// A seat of this rank was given, and none behind it.
    pub(super) fn gave(&mut self, last: i32) {
        self.rank = last.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_goes_on_behind_what_it_gave_and_looks_at_the_front_a_twentieth_of_the_time() {
        let began = Instant::now();
        let mut start = Start::new();
        let first = start.look(began, false);
        assert_eq!(first.from, FRONT);

        let ended = began + Duration::from_millis(2);
        start.looked(first, ended);
        start.gave(7);
        assert_eq!(start.look(ended + Duration::from_millis(39), false).from, 8);
        assert_eq!(start.look(ended + Duration::from_millis(40), false).from, FRONT);
    }

    #[test]
    fn whoever_came_up_short_has_everything_looked_at() {
        let mut start = Start::new();
        let now = Instant::now();
        start.looked(start.look(now, false), now + Duration::from_secs(1));
        start.gave(7);
        assert_eq!(start.look(now + Duration::from_secs(2), true).from, FRONT);
    }
}
