//! Which request gets which seats: the snake's rule, adjacency, and what a buyer may hold (E4-F3, E4-F4).
//!
//! Pure: the lane reads and locks, this decides, the lane writes.

mod shelf;

pub use shelf::{FreeSeat, Prospect, Shelf, judge_prospect};

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::ids::{CartId, OrderId};
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
    /// The phase that is open gives this buyer no ticket: too few loyalty points.
    #[error("not in this phase")]
    NotEligible,
    /// The fan's session is over.
    #[error("the session is over")]
    SessionOver,
    /// The session was opened for an earlier phase of the sale.
    #[error("the session is of an earlier phase")]
    EarlierPhase,
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
        /// The largest party that would not have heard this; 0 when there is not one seat.
        largest_party: usize,
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
    if !terms.is_of_this_phase(wish.session_ends_at) {
        return Err(HoldRefused::EarlierPhase);
    }
    let live = buyer.live_cart(now);
    if let Some(order_id) = live.and_then(|cart| cart.order_id) {
        return Err(HoldRefused::OrderOpen { order_id });
    }
    let current = live.map(|_| buyer.version);
    if wish.seen_version != current {
        return Err(HoldRefused::VersionMismatch { current });
    }
    if terms.ticket_limit == 0 {
        return Err(HoldRefused::NotEligible);
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
    use uuid::Uuid;

    use super::*;
    use crate::matches::tests::{at, terms};

    fn quantity(number: u32) -> SeatQuantity {
        SeatQuantity::parse(number).unwrap()
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
    fn a_session_of_an_earlier_phase_holds_nothing_ahead_of_the_line() {
        let earlier = HoldWish {
            session_ends_at: at(999),
            ..wish(1)
        };
        assert_eq!(
            decide_hold(&buyer(0, None), &earlier, &terms(), at(500)),
            Err(HoldRefused::EarlierPhase)
        );
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
