//! Who of a round gets which of the locked seats: decided in memory, by the snake's rule of `domain`.

use std::collections::BTreeMap;

use domain::ids::{CartId, SeatId};
use domain::inventory::{FreeSeat, HoldPlan, Shelf};
use domain::stadiums::SECTOR_SEATS_MAX;

use super::claim::{HoldRequest, Verdict};
use super::locking::LockedSeat;
use super::writes::{CartColumns, SeatColumns};

/// Seats locked beyond what a batch needs, so that neighbours are found: about a row.
const ADJACENCY_MARGIN: i64 = 40;

/// Seats one round locks at most; a second look at a zone may lock all of it.
const LOCKED_SEATS_MAX: i64 = 512;

/// What was decided for one request and must now be written.
pub(super) struct Claim<'a> {
    pub(super) request: &'a HoldRequest,
    pub(super) plan: HoldPlan,
    /// Where the buyer's row lies, if there is one.
    pub(super) buyer_place: Option<String>,
    pub(super) seats: Vec<SeatId>,
    pub(super) adjacent: bool,
}

/// A request that its buyer may make: now seats are looked for.
pub(super) struct Planned<'a> {
    pub(super) request: &'a HoldRequest,
    pub(super) plan: HoldPlan,
    pub(super) buyer_place: Option<String>,
}

/// By the place of its request in the batch.
pub(super) type Plans<'a> = BTreeMap<usize, Planned<'a>>;
pub(super) type Claims<'a> = BTreeMap<usize, Claim<'a>>;
pub(super) type Verdicts = BTreeMap<usize, Verdict>;

pub(super) fn seats_to_lock(plans: &Plans<'_>) -> i64 {
    if plans.values().any(|planned| planned.request.whole_zone) {
        return i64::from(SECTOR_SEATS_MAX);
    }
    let needed: usize = plans
        .values()
        .map(|planned| planned.request.wish.quantity.seats())
        .sum();
    i64::try_from(needed)
        .unwrap_or(LOCKED_SEATS_MAX)
        .saturating_add(ADJACENCY_MARGIN)
        .min(LOCKED_SEATS_MAX)
}

/// Gives neighbours to whoever can have them, singles to whoever was shown that no neighbours can be had.
pub(super) fn give_seats<'a>(locked: &[LockedSeat], plans: Plans<'a>, verdicts: &mut Verdicts) -> Claims<'a> {
    let free: Vec<FreeSeat> = locked.iter().map(|one| one.seat).collect();
    let mut shelf = Shelf::of(&free);
    let mut claims = Claims::new();
    for (index, planned) in plans {
        let quantity = planned.request.wish.quantity;
        let together = shelf.take_adjacent(quantity).map(|seats| (seats, true));
        let apart = |shelf: &mut Shelf| shelf.take_singles(quantity).map(|seats| (seats, false));
        match together.or_else(|| {
            if planned.request.singles {
                apart(&mut shelf)
            } else {
                None
            }
        }) {
            Some((seats, adjacent)) => {
                let claim = Claim {
                    request: planned.request,
                    plan: planned.plan,
                    buyer_place: planned.buyer_place,
                    seats,
                    adjacent,
                };
                claims.insert(index, claim);
            }
            None => {
                verdicts.insert(index, Verdict::Short);
            }
        }
    }
    claims
}

/// The claims, column by column.
pub(super) fn columns(
    cart_ids: &[CartId],
    claims: &Claims<'_>,
    locked: &[LockedSeat],
) -> anyhow::Result<(CartColumns, SeatColumns)> {
    let places: BTreeMap<SeatId, &str> = locked
        .iter()
        .map(|one| (one.seat.seat_id, one.place.as_str()))
        .collect();
    let (mut carts, mut seats) = (CartColumns::default(), SeatColumns::default());
    for (cart_id, claim) in cart_ids.iter().zip(claims.values()) {
        let until = claim.request.wish.session_ends_at;
        carts.cart_ids.push(*cart_id);
        carts.users.push(claim.request.user_id);
        carts.buyer_places.push(claim.buyer_place.clone());
        carts.first_seats.push(i32::try_from(seats.seat_ids.len() + 1)?);
        carts.quantities.push(i32::try_from(claim.seats.len())?);
        carts.adjacent.push(claim.adjacent);
        carts.versions.push(claim.plan.version);
        carts.keys.push(claim.request.key.clone());
        carts.until.push(until);
        for seat in &claim.seats {
            let place = places
                .get(seat)
                .copied()
                .ok_or_else(|| anyhow::anyhow!("seat {seat} was not locked"))?;
            seats.places.push(place.to_owned());
            seats.seat_ids.push(*seat);
            seats.carts.push(*cart_id);
            seats.until.push(until);
        }
    }
    Ok((carts, seats))
}
