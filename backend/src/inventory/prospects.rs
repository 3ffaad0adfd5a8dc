//! What is said to whoever came up short. INV false_sold_out: a short read under SKIP LOCKED is not "gone". One reading of the
//! whole zone, without locks and after the commit, decides for all of them.

use domain::Timestamp;
use domain::inventory::{FreeSeat, HoldRefused, HoldWish, Prospect, Shelf, judge_prospect};

use super::seats::SeatReading;
use crate::sabotage::{self, Guard};

/// A zone, read whole at one instant.
pub(super) struct ZoneReading {
    pub(super) as_of: Timestamp,
    pub(super) seats: Vec<SeatReading>,
}

/// What becomes of a request that came up short.
pub(super) enum Next {
    /// All of the zone is locked for it, and `singles` says whether seats apart are taken.
    Round { singles: bool },
    /// It is answered.
    Answer(HoldRefused),
}

impl ZoneReading {
    /// Judges a request.
    pub(super) fn judge(&self, wish: &HoldWish) -> Next {
        let free = self.shelf(|until| until <= self.as_of);
        let within = if sabotage::lifts(Guard::BackWithinSession) {
            free.clone()
        } else {
            self.shelf(|until| until < wish.session_ends_at)
        };
        match judge_prospect(wish.quantity, &free, &within) {
            Prospect::NextRound => Next::Round { singles: false },
            Prospect::SinglesNow => Next::Round { singles: true },
            Prospect::MayComeBack => Next::Answer(HoldRefused::Busy {
                retry_after_seconds: self.retry_after_seconds(),
            }),
            Prospect::Gone { largest_party } => Next::Answer(HoldRefused::Gone {
                as_of: self.as_of,
                largest_party,
            }),
        }
    }

    /// The seats that are unlocked, or whose lock `ends` soon enough.
    fn shelf(&self, ends: impl Fn(Timestamp) -> bool) -> Shelf {
        let free: Vec<FreeSeat> = self
            .seats
            .iter()
            .filter(|seat| seat.locked_until.is_none_or(&ends))
            .map(|seat| seat.seat)
            .collect();
        Shelf::of(&free)
    }

    /// When the next lock of the zone ends, within what a fan's app can wait for.
    fn retry_after_seconds(&self) -> u32 {
        let next = self
            .seats
            .iter()
            .filter_map(|seat| seat.locked_until)
            .filter(|until| *until > self.as_of)
            .min();
        let seconds = next.map_or(1, |until| (until - self.as_of).num_seconds() + 1);
        u32::try_from(seconds.clamp(1, 5)).unwrap_or(1)
    }
}
