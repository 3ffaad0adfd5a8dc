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
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    stretches: Vec<Vec<FreeSeat>>,
}

impl Shelf {
    /// Groups free seats, given in snake order, into stretches of neighbours.
    #[must_use]
    pub fn of(free: &[FreeSeat]) -> Self {
        let neighbours =
            |a: &FreeSeat, b: &FreeSeat| a.run_id == b.run_id && a.snake_rank + 1 == b.snake_rank;
        Self {
            stretches: free.chunk_by(neighbours).map(<[FreeSeat]>::to_vec).collect(),
        }
    }

    /// Takes `quantity` neighbours: the first stretch that holds them and leaves no single orphan, else the first that
    /// holds them. `None` leaves the shelf as it was.
    pub fn take_adjacent(&mut self, quantity: SeatQuantity) -> Option<Vec<SeatId>> {
        let wanted = quantity.seats();
        let holds = |stretch: &Vec<FreeSeat>| stretch.len() >= wanted;
        let leaves_no_orphan = |stretch: &Vec<FreeSeat>| holds(stretch) && stretch.len() - wanted != 1;
        let chosen = self
            .stretches
            .iter()
            .position(leaves_no_orphan)
            .or_else(|| self.stretches.iter().position(holds))?;
        let taken = self.stretches.get_mut(chosen)?.drain(..wanted);
        Some(taken.map(|seat| seat.seat_id).collect())
    }

    /// Takes `quantity` seats wherever they are, in snake order. `None` leaves the shelf as it was.
    pub fn take_singles(&mut self, quantity: SeatQuantity) -> Option<Vec<SeatId>> {
        let wanted = quantity.seats();
        if self.len() < wanted {
            return None;
        }
        let mut taken = Vec::with_capacity(wanted);
        for stretch in &mut self.stretches {
            let share = stretch.len().min(wanted - taken.len());
            taken.extend(stretch.drain(..share).map(|seat| seat.seat_id));
        }
        Some(taken)
    }

    /// Whether neighbours for `quantity` are here.
    #[must_use]
    pub fn has_adjacent(&self, quantity: SeatQuantity) -> bool {
        self.stretches
            .iter()
            .any(|stretch| stretch.len() >= quantity.seats())
    }

    /// Seats left.
    #[must_use]
    pub fn len(&self) -> usize {
        self.stretches.iter().map(Vec::len).sum()
    }

    /// Whether no seat is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
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
    Gone,
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
        Prospect::Gone
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn seat(rank: i32, run: i32) -> FreeSeat {
        FreeSeat {
            seat_id: SeatId(Uuid::from_u128(u128::from(rank.unsigned_abs()))),
            snake_rank: rank,
            run_id: run,
        }
    }

    fn quantity(number: u32) -> SeatQuantity {
        SeatQuantity::parse(number).unwrap()
    }

    fn ranks(seats: &[SeatId]) -> Vec<u128> {
        seats.iter().map(|seat| seat.0.as_u128()).collect()
    }

    #[test]
    fn neighbours_come_from_the_first_stretch_that_holds_them() {
        let mut shelf = Shelf::of(&[
            seat(1, 1),
            seat(2, 1),
            seat(5, 1),
            seat(6, 1),
            seat(7, 1),
            seat(8, 2),
        ]);
        assert_eq!(ranks(&shelf.take_adjacent(quantity(3)).unwrap()), [5, 6, 7]);
    }

    #[test]
    fn a_stretch_that_would_leave_an_orphan_comes_last() {
        let mut shelf = Shelf::of(&[seat(1, 1), seat(2, 1), seat(3, 1), seat(6, 1), seat(7, 1)]);
        assert_eq!(ranks(&shelf.take_adjacent(quantity(2)).unwrap()), [6, 7]);
        assert_eq!(ranks(&shelf.take_adjacent(quantity(2)).unwrap()), [1, 2]);
    }

    #[test]
    fn a_gap_breaks_neighbourhood_even_between_neighbouring_ranks() {
        let mut shelf = Shelf::of(&[seat(1, 1), seat(2, 2)]);
        assert_eq!(shelf.take_adjacent(quantity(2)), None);
        assert_eq!(shelf.take_singles(quantity(2)).unwrap().len(), 2);
        assert!(shelf.is_empty());
    }

    #[test]
    fn a_request_that_cannot_be_met_takes_nothing() {
        let mut shelf = Shelf::of(&[seat(1, 1), seat(2, 1)]);
        assert_eq!(shelf.take_adjacent(quantity(3)), None);
        assert_eq!(shelf.take_singles(quantity(3)), None);
        assert_eq!(shelf.len(), 2);
    }

    proptest! {
        #[test]
        fn no_seat_is_ever_given_twice(
            holes in proptest::collection::vec(any::<bool>(), 1..80),
            wishes in proptest::collection::vec(1_u32..=4, 0..40),
        ) {
            let free: Vec<FreeSeat> =
                (0_i32..).zip(&holes).filter(|(_, free)| **free).map(|(rank, _)| seat(rank, rank / 20)).collect();
            let mut shelf = Shelf::of(&free);
            let mut given = std::collections::BTreeSet::new();
            for wish in wishes {
                let taken = shelf.take_adjacent(quantity(wish)).or_else(|| shelf.take_singles(quantity(wish)));
                match taken {
                    Some(seats) => for seat in seats { prop_assert!(given.insert(seat)); },
                    None => prop_assert!(shelf.len() < quantity(wish).seats()),
                }
            }
            prop_assert_eq!(given.len() + shelf.len(), free.len());
        }

        #[test]
        fn neighbours_are_neighbours(holes in proptest::collection::vec(any::<bool>(), 1..80), wish in 1_u32..=4) {
            let free: Vec<FreeSeat> =
                (0_i32..).zip(&holes).filter(|(_, free)| **free).map(|(rank, _)| seat(rank, rank / 7)).collect();
            if let Some(seats) = Shelf::of(&free).take_adjacent(quantity(wish)) {
                let found: Vec<&FreeSeat> = free.iter().filter(|seat| seats.contains(&seat.seat_id)).collect();
                prop_assert!(found.windows(2).all(|pair| pair[0].snake_rank + 1 == pair[1].snake_rank));
                prop_assert!(found.iter().all(|seat| seat.run_id == found[0].run_id));
            }
        }
    }

    #[test]
    fn a_seat_that_may_come_back_is_not_gone() {
        let none = Shelf::default();
        let back = Shelf::of(&[seat(1, 1), seat(2, 1)]);
        assert_eq!(judge_prospect(quantity(2), &none, &back), Prospect::MayComeBack);
        assert_eq!(judge_prospect(quantity(3), &none, &back), Prospect::Gone);
        assert_eq!(judge_prospect(quantity(2), &back, &back), Prospect::NextRound);
    }

    #[test]
    fn singles_are_given_only_when_no_neighbours_can_come_back() {
        let apart = Shelf::of(&[seat(1, 1), seat(3, 1)]);
        let together_later = Shelf::of(&[seat(1, 1), seat(2, 1), seat(3, 1)]);
        assert_eq!(judge_prospect(quantity(2), &apart, &apart), Prospect::SinglesNow);
        assert_eq!(
            judge_prospect(quantity(2), &apart, &together_later),
            Prospect::MayComeBack
        );
    }
}
