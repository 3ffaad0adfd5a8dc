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

proptest! {
    #[test]
    fn every_party_gets_what_the_oracle_gives_it(
        holes in proptest::collection::vec(any::<bool>(), 1..120),
        run in 1_i32..30,
        wishes in proptest::collection::vec((1_u32..=4, any::<bool>()), 0..60),
    ) {
        let free: Vec<FreeSeat> =
            (0_i32..).zip(&holes).filter(|(_, free)| **free).map(|(rank, _)| seat(rank, rank / run)).collect();
        let mut shelf = Shelf::of(&free);
        let mut taken = std::collections::BTreeSet::new();
        for (wish, is_torn) in wishes {
            let party = quantity(wish);
            let mut given = shelf.take_adjacent(party);
            let mut expected = oracle::together(&free, &taken, party.seats());
            if given.is_none() && is_torn {
                given = shelf.take_singles(party);
                expected = oracle::apart(&free, &taken, party.seats());
            }
            let expected_seats = expected.as_ref().map(|places| places.iter().map(|place| free[*place].seat_id).collect::<Vec<_>>());
            prop_assert_eq!(given, expected_seats);
            taken.extend(expected.into_iter().flatten());
            prop_assert_eq!(shelf.len(), free.len() - taken.len());
        }
    }
}

#[test]
fn who_must_sit_apart_sits_in_pieces_as_large_as_can_be() {
    let mut shelf = Shelf::of(&[
        seat(1, 1),
        seat(3, 1),
        seat(5, 1),
        seat(6, 1),
        seat(7, 1),
        seat(9, 1),
    ]);
    assert_eq!(shelf.take_adjacent(quantity(4)), None);
    assert_eq!(ranks(&shelf.take_singles(quantity(4)).unwrap()), [5, 6, 7, 1]);
}

#[test]
fn somebody_alone_takes_a_single_seat_before_half_a_pair() {
    let mut shelf = Shelf::of(&[seat(1, 1), seat(2, 1), seat(5, 1)]);
    assert_eq!(ranks(&shelf.take_adjacent(quantity(1)).unwrap()), [5]);
}

#[test]
fn a_seat_that_may_come_back_is_not_gone() {
    let none = Shelf::default();
    let back = Shelf::of(&[seat(1, 1), seat(2, 1)]);
    assert_eq!(judge_prospect(quantity(2), &none, &back), Prospect::MayComeBack);
    assert_eq!(
        judge_prospect(quantity(3), &none, &back),
        Prospect::Gone { largest_party: 2 }
    );
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
