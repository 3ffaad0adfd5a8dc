//! Which request gets which seats: the snake's rule, adjacency, and what a buyer may hold (E4-F3, E4-F4).
//!
//! Pure: the lane reads and locks, this decides, the lane writes.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::ids::{CartId, OrderId, SeatId};
use crate::matches::SaleTerms;

/// Tickets of one purchase: 1 to 4 (decision "Limit of 4").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SeatQuantity(u8);

/// Why a number is no quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadQuantity {
    /// Nothing was asked for.
    None,
    /// More than [`SeatQuantity::MAX`].
    OverLimit,
}

impl SeatQuantity {
    /// The largest.
    pub const MAX: u8 = 4;

    /// Checks 1..=4.
    ///
    /// # Errors
    /// [`BadQuantity`].
    pub fn parse(number: u32) -> Result<Self, BadQuantity> {
        match u8::try_from(number) {
            Ok(0) => Err(BadQuantity::None),
            Ok(quantity) if quantity <= Self::MAX => Ok(Self(quantity)),
            Ok(_) | Err(_) => Err(BadQuantity::OverLimit),
        }
    }

    /// As a number of seats.
    #[must_use]
    pub fn seats(self) -> usize {
        usize::from(self.0)
    }
}

/// The ten statuses (E3-F1). In a cart is none of them: such a seat is `AVAILABLE` with a lock ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "seat_status", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SeatStatus {
    /// For sale, unless a live lock says otherwise.
    Available,
    /// Has a live ticket.
    Sold,
    /// Claimed out of a quota.
    Reserved,
    /// No seat to sit on.
    Technical,
    /// For officials.
    Official,
    /// Taken off sale.
    Blocked,
    /// Under repair.
    Maintenance,
    /// Set apart.
    Quarantined,
    /// Given to a quota.
    Allocated,
    /// Not part of this match.
    Inactive,
}

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

/// One buyer of one match, as locked in the lane's or the checkout's transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buyer {
    /// Tickets already bought for this match, over all phases.
    pub sold: u32,
    /// The last cart, alive or not.
    pub cart: Option<BuyerCart>,
    /// Grows with every change of the cart.
    pub version: i32,
}

/// The cart as the buyer's row knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuyerCart {
    /// Which cart.
    pub cart_id: CartId,
    /// How many seats it holds.
    pub seats: u32,
    /// When it ends by itself.
    pub until: Timestamp,
    /// Set once it is checked out.
    pub order_id: Option<OrderId>,
}

impl Buyer {
    /// The cart, if its end is still ahead.
    #[must_use]
    pub fn live_cart(&self, now: Timestamp) -> Option<&BuyerCart> {
        self.cart.as_ref().filter(|cart| cart.until > now)
    }
}

/// A fan's wish for seats, as far as the buyer's row can judge it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldWish {
    /// How many seats.
    pub quantity: SeatQuantity,
    /// The version the fan's app saw (`If-Match`), if it knew of a cart.
    pub seen_version: Option<i32>,
    /// The end of the fan's session: also the end of the lock.
    pub session_ends_at: Timestamp,
}

/// What to write if seats are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldPlan {
    /// The live cart that the new one replaces.
    pub replaces: Option<CartId>,
    /// The new cart's version.
    pub version: i32,
}

/// Why no seats are held.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HoldRefused {
    /// The sale of this match is not open now.
    #[error("the sale is not open")]
    SaleClosed,
    /// The fan's session is over.
    #[error("the session is over")]
    SessionOver,
    /// More tickets than the match allows one buyer.
    #[error("over the limit; {left} more tickets are allowed")]
    OverLimit {
        /// How many more this buyer may have.
        left: u32,
    },
    /// The cart has changed since the app saw it.
    #[error("the cart is at version {current:?}")]
    VersionMismatch {
        /// The live cart's version, if there is one.
        current: Option<i32>,
    },
    /// The cart is checked out: pay or cancel the order first.
    #[error("order {order_id} is open")]
    OrderOpen {
        /// The open order.
        order_id: OrderId,
    },
    /// The idempotency key was used for another request.
    #[error("the key was used for another request")]
    KeyReused,
    /// The zone is not one of this match.
    #[error("no such zone in this match")]
    NoSuchZone,
    /// Not so many seats can be had in this zone within the fan's session.
    #[error("gone")]
    Gone {
        /// The database's time of the reading that showed it.
        as_of: Timestamp,
    },
    /// Seats may come back, or too many ask at once.
    #[error("busy; try again in {retry_after_seconds} s")]
    Busy {
        /// When to try again, seconds.
        retry_after_seconds: u32,
    },
}

/// Whether the buyer may hold what they wish for, before any seat is looked at.
///
/// # Errors
/// [`HoldRefused`], by the rule that forbids it.
pub fn decide_hold(
    buyer: &Buyer,
    wish: &HoldWish,
    terms: &SaleTerms,
    now: Timestamp,
) -> Result<HoldPlan, HoldRefused> {
    if !terms.is_open(now) {
        return Err(HoldRefused::SaleClosed);
    }
    if wish.session_ends_at <= now {
        return Err(HoldRefused::SessionOver);
    }
    let live = buyer.live_cart(now);
    if let Some(order_id) = live.and_then(|cart| cart.order_id) {
        return Err(HoldRefused::OrderOpen { order_id });
    }
    let current = live.map(|_| buyer.version);
    if wish.seen_version != current {
        return Err(HoldRefused::VersionMismatch { current });
    }
    let left = terms.ticket_limit.saturating_sub(buyer.sold);
    if u32::from(wish.quantity.0) > left {
        return Err(HoldRefused::OverLimit { left });
    }
    Ok(HoldPlan {
        replaces: live.map(|cart| cart.cart_id),
        version: buyer.version + 1,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::matches::tests::{at, terms};

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

    fn wish(number: u32) -> HoldWish {
        HoldWish {
            quantity: quantity(number),
            seen_version: None,
            session_ends_at: at(1_000),
        }
    }

    fn buyer(sold: u32, cart: Option<BuyerCart>) -> Buyer {
        Buyer {
            sold,
            cart,
            version: 7,
        }
    }

    fn cart(until: i64, order_id: Option<OrderId>) -> Option<BuyerCart> {
        Some(BuyerCart {
            cart_id: CartId(Uuid::from_u128(1)),
            seats: 2,
            until: at(until),
            order_id,
        })
    }

    #[test]
    fn bought_tickets_and_the_wish_stay_within_the_limit() {
        assert!(decide_hold(&buyer(2, None), &wish(2), &terms(), at(500)).is_ok());
        let refused = decide_hold(&buyer(2, None), &wish(3), &terms(), at(500));
        assert_eq!(refused, Err(HoldRefused::OverLimit { left: 2 }));
    }

    #[test]
    fn a_live_cart_is_replaced_only_by_who_saw_it() {
        let held = buyer(0, cart(900, None));
        let blind = decide_hold(&held, &wish(1), &terms(), at(500));
        assert_eq!(blind, Err(HoldRefused::VersionMismatch { current: Some(7) }));
        let seen = HoldWish {
            seen_version: Some(7),
            ..wish(1)
        };
        let plan = decide_hold(&held, &seen, &terms(), at(500)).unwrap();
        assert_eq!(
            plan,
            HoldPlan {
                replaces: Some(CartId(Uuid::from_u128(1))),
                version: 8
            }
        );
    }

    #[test]
    fn an_expired_cart_is_no_cart() {
        let plan = decide_hold(&buyer(0, cart(400, None)), &wish(4), &terms(), at(500)).unwrap();
        assert_eq!(plan.replaces, None);
    }

    #[test]
    fn a_checked_out_cart_cannot_be_changed() {
        let order_id = OrderId(Uuid::from_u128(9));
        let refused = decide_hold(&buyer(0, cart(900, Some(order_id))), &wish(1), &terms(), at(500));
        assert_eq!(refused, Err(HoldRefused::OrderOpen { order_id }));
    }

    #[test]
    fn nothing_is_held_after_the_session_or_outside_the_sale() {
        assert_eq!(
            decide_hold(&buyer(0, None), &wish(1), &terms(), at(1_000)),
            Err(HoldRefused::SessionOver)
        );
        assert_eq!(
            decide_hold(&buyer(0, None), &wish(1), &terms(), at(5)),
            Err(HoldRefused::SaleClosed)
        );
    }
}
