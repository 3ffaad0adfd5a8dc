//! A crowd that fills a sector, served as a lane serves it and by somebody who sees everything and serves one after the other.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use uuid::Uuid;

use super::*;

const SEATS: usize = 5_000;
/// A lane's batch, and what it locks beyond what the batch needs.
const BATCH: usize = 64;
const MARGIN: usize = 40;
/// A lane looks from the front at least so often.
const FRONT_EVERY: usize = 4;

/// Rows of 20 to 40 seats, some with a gap.
fn sector(dice: &mut StdRng) -> Vec<FreeSeat> {
    let mut seats = Vec::new();
    let (mut run_id, mut left_of_run) = (0, 0);
    for snake_rank in (0_i32..).take(SEATS) {
        if left_of_run == 0 {
            run_id += 1;
            left_of_run = if dice.random_ratio(1, 4) {
                dice.random_range(5..15)
            } else {
                dice.random_range(20..40)
            };
        }
        left_of_run -= 1;
        seats.push(FreeSeat {
            seat_id: SeatId(Uuid::from_u128(u128::from(snake_rank.unsigned_abs()))),
            snake_rank,
            run_id,
        });
    }
    seats
}

fn party(dice: &mut StdRng) -> SeatQuantity {
    let number = match dice.random_range(0..100) {
        0..20 => 1,
        20..70 => 2,
        70..85 => 3,
        _ => 4,
    };
    SeatQuantity::parse(number).unwrap()
}

/// A sector that is being sold.
struct Sale {
    seats: Vec<FreeSeat>,
    /// By rank, which is a seat's number too.
    taken: Vec<bool>,
    /// Parties of two and more that sit together.
    together: usize,
}

impl Sale {
    fn of(seats: &[FreeSeat]) -> Self {
        Self {
            seats: seats.to_vec(),
            taken: vec![false; seats.len()],
            together: 0,
        }
    }

    fn free_from(&self, rank: i32, limit: usize) -> Vec<FreeSeat> {
        let skipped = usize::try_from(rank).unwrap();
        let seats = self.seats.iter().zip(&self.taken).skip(skipped);
        seats
            .filter(|(_, taken)| !**taken)
            .map(|(seat, _)| *seat)
            .take(limit)
            .collect()
    }

    /// Gives a party its seats from a shelf; whether it got some.
    fn serve(&mut self, shelf: &mut Shelf, party: SeatQuantity, may_be_torn: bool) -> bool {
        let together = shelf.take_adjacent(party);
        self.together += usize::from(together.is_some() && party.seats() > 1);
        let given = match together {
            None if may_be_torn => shelf.take_singles(party),
            given => given,
        };
        for seat in given.iter().flatten() {
            self.taken[usize::try_from(seat.0.as_u128()).unwrap()] = true;
        }
        given.is_some()
    }

    fn count(&self) -> usize {
        self.taken.iter().filter(|taken| **taken).count()
    }

    /// Free seats without a free neighbour, of a thousand seats.
    fn stranded_per_mille(&self) -> usize {
        let shelf = Shelf::of(&self.free_from(0, SEATS));
        let stranded = shelf.stretches.iter().filter(|stretch| stretch.length == 1);
        stranded.count() * 1_000 / SEATS
    }
}

/// One after the other, each with the whole sector in view.
fn one_by_one(seats: &[FreeSeat], parties: &[SeatQuantity]) -> Sale {
    let mut sale = Sale::of(seats);
    for party in parties {
        let mut shelf = Shelf::of(&sale.free_from(0, SEATS));
        sale.serve(&mut shelf, *party, true);
    }
    sale
}

/// As a lane does: a batch at a time from a short stretch of the snake; whoever comes up short has the whole zone looked at.
fn in_batches(seats: &[FreeSeat], parties: &[SeatQuantity]) -> Sale {
    let mut sale = Sale::of(seats);
    let mut behind_last = 0;
    for (round, batch) in parties.chunks(BATCH).enumerate() {
        let from = if round.is_multiple_of(FRONT_EVERY) {
            0
        } else {
            behind_last
        };
        let needed: usize = batch.iter().map(|party| party.seats()).sum();
        let window = sale.free_from(from, needed + MARGIN);
        let mut shelf = Shelf::of(&window);
        let short: Vec<SeatQuantity> = batch
            .iter()
            .filter(|party| !sale.serve(&mut shelf, **party, false))
            .copied()
            .collect();
        let mut shelf = Shelf::of(&sale.free_from(0, SEATS));
        for party in short {
            sale.serve(&mut shelf, party, true);
        }
        let last = window
            .iter()
            .rfind(|seat| sale.taken[usize::try_from(seat.snake_rank).unwrap()]);
        behind_last = last.map_or(behind_last, |seat| seat.snake_rank + 1);
    }
    sale
}

/// Parties that want so many of a hundred seats together.
fn parties_for(dice: &mut StdRng, percent: usize) -> Vec<SeatQuantity> {
    let mut parties = Vec::new();
    let mut wanted = 0;
    while wanted < SEATS * percent / 100 {
        let next = party(dice);
        wanted += next.seats();
        parties.push(next);
    }
    parties
}

#[test]
fn batches_seat_as_many_together_as_somebody_who_sees_everything() {
    for seed in 0..8 {
        let mut dice = StdRng::seed_from_u64(seed);
        let seats = sector(&mut dice);
        for percent in [50, 90, 99] {
            let parties = parties_for(&mut dice, percent);
            let (ours, oracle) = (in_batches(&seats, &parties), one_by_one(&seats, &parties));
            assert_eq!(ours.count(), oracle.count(), "seed {seed}, {percent} %");
            assert!(
                ours.together * 100 >= oracle.together * 98,
                "seed {seed}, {percent} %: {} parties together instead of {}",
                ours.together,
                oracle.together
            );
            assert!(
                ours.stranded_per_mille() <= 20,
                "seed {seed}, {percent} %: {} per mille",
                ours.stranded_per_mille()
            );
        }
    }
}
