//! The snake's rule over what is free: neighbours first, no orphans, singles last, and what a short read means.

use super::SeatQuantity;
use crate::ids::SeatId;

/// A seat that nobody owns now, in its place in the snake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FreeSeat {
    /// Which seat.
    pub seat_id: SeatId,
    /// Its place in the snake of its sector.
    pub snake_rank: i32,
    /// Seats of one run with neighbouring ranks are neighbours.
    pub run_id: i32,
}

/// Free seats of one sector, as stretches of neighbours in snake order, from which a batch takes.
///
/// The rule, for a party of `k`:
/// 1. Together: from the front of the first stretch that holds `k` and leaves no single seat behind, an orphan that only somebody who
///    comes alone could want; if all that hold `k` would leave one, the first of them.
/// 2. Apart, where no stretch holds `k`, in pieces as large as can be: the first of the longest stretches, again and again.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    /// In snake order.
    seats: Vec<FreeSeat>,
    /// What is left of each stretch.
    stretches: Vec<Stretch>,
    /// Seats in all of them.
    left: usize,
    /// By party: every stretch before this one is too short. Stretches only shrink, so it never has to go back.
    holds_from: [usize; PARTIES],
}

/// Parties of 1 to 4.
const PARTIES: usize = 4;

/// Neighbours: so many of [`Shelf::seats`], from one on.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    first: usize,
    length: usize,
}

impl Shelf {
    /// Groups free seats, given in snake order, into stretches of neighbours.
    #[must_use]
    pub fn of(free: &[FreeSeat]) -> Self {
        let neighbours =
            |a: &FreeSeat, b: &FreeSeat| a.run_id == b.run_id && a.snake_rank + 1 == b.snake_rank;
        let mut first = 0;
        let stretches = free.chunk_by(neighbours).map(|stretch| {
            let length = stretch.len();
            first += length;
            Stretch {
                first: first - length,
                length,
            }
        });
        Self {
            stretches: stretches.collect(),
            seats: free.to_vec(),
            left: free.len(),
            holds_from: [0; PARTIES],
        }
    }

    /// Takes `quantity` neighbours, or none and leaves the shelf as it was.
    pub fn take_adjacent(&mut self, quantity: SeatQuantity) -> Option<Vec<SeatId>> {
        let wanted = quantity.seats();
        let first = self.first_that_holds(wanted)?;
        let lasting = self
            .stretches
            .iter()
            .skip(first)
            .position(|stretch| stretch.length == wanted || stretch.length > wanted + 1);
        let mut taken = Vec::with_capacity(wanted);
        self.take(
            lasting.map_or(first, |further| first + further),
            wanted,
            &mut taken,
        );
        Some(taken)
    }

    /// Takes `quantity` seats in pieces as large as can be, or none and leaves the shelf as it was.
    pub fn take_singles(&mut self, quantity: SeatQuantity) -> Option<Vec<SeatId>> {
        let wanted = quantity.seats();
        if self.left < wanted {
            return None;
        }
        let mut taken = Vec::with_capacity(wanted);
        while taken.len() < wanted {
            let missing = wanted - taken.len();
            let (longest, length) = (1..=missing)
                .rev()
                .find_map(|length| Some((self.first_that_holds(length)?, length)))?;
            self.take(longest, length, &mut taken);
        }
        Some(taken)
    }

    /// Whether neighbours for `quantity` are here.
    #[must_use]
    pub fn has_adjacent(&self, quantity: SeatQuantity) -> bool {
        self.stretches
            .iter()
            .any(|stretch| stretch.length >= quantity.seats())
    }

    /// Seats left.
    #[must_use]
    pub fn len(&self) -> usize {
        self.left
    }

    /// Whether no seat is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.left == 0
    }

    /// The first stretch that holds so many.
    fn first_that_holds(&mut self, wanted: usize) -> Option<usize> {
        let from = self.holds_from.get_mut(wanted.checked_sub(1)?)?;
        let further = self
            .stretches
            .iter()
            .skip(*from)
            .position(|stretch| stretch.length >= wanted);
        *from = further.map_or(self.stretches.len(), |further| *from + further);
        further.map(|_| *from)
    }

    fn take(&mut self, stretch: usize, count: usize, taken: &mut Vec<SeatId>) {
        let Some(stretch) = self.stretches.get_mut(stretch) else {
            return;
        };
        let seats = self.seats.iter().skip(stretch.first).take(count);
        taken.extend(seats.map(|seat| seat.seat_id));
        stretch.first += count;
        stretch.length -= count;
        self.left -= count;
    }
}

/// What the whole sector, read without locks, says about a request that got no neighbours from the locked part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prospect {
    /// What was asked for is free but was locked for a moment by somebody else: try the next round.
    NextRound,
    /// Nothing together is free or can become free within the session, but so many seats are free apart.
    SinglesNow,
    /// What was asked for may come back within the session: neither `gone` nor torn apart.
    MayComeBack,
    /// Fewer seats than asked for can be had within the session.
    Gone {
        /// So many can: the largest party that would not hear this.
        largest_party: usize,
    },
}

/// Judges a request (`INV false_sold_out`): `free` are the seats free now, `within_session` also those whose lock ends
/// before the fan's session does; both in snake order.
#[must_use]
pub fn judge_prospect(quantity: SeatQuantity, free: &Shelf, within_session: &Shelf) -> Prospect {
    if free.has_adjacent(quantity) {
        Prospect::NextRound
    } else if within_session.has_adjacent(quantity) {
        Prospect::MayComeBack
    } else if free.len() >= quantity.seats() {
        Prospect::SinglesNow
    } else if within_session.len() >= quantity.seats() {
        Prospect::MayComeBack
    } else {
        Prospect::Gone {
            largest_party: within_session.len(),
        }
    }
}

#[cfg(test)]
mod crowd;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;
