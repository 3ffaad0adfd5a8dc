//! A payment that lands, as `backend/src/payments/actions/fulfil.rs` fulfils it: one transaction, which waits for row locks.

use domain::inventory::{FreeSeat, SeatQuantity, Shelf};
use domain::payments::{Fulfilment, FulfilmentFacts, decide_fulfilment};

use crate::sale::{Guard, LIMIT, Sale, World, in_snake, seat_of};

/// A fan's one payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Payment {
    None,
    /// The cart is checked out, and the card may be charged at any time.
    Started {
        cart: usize,
    },
    /// Seats were sold, or the money goes back. To be told again changes nothing.
    Landed,
}

/// The gateway tells of a capture. None: it waits for a lock.
pub(crate) fn capture(sale: &Sale, world: &mut World, fan: usize) -> Option<()> {
    let Payment::Started { cart } = world.payments[fan] else {
        return Some(());
    };
    let seats = world.carts[cart].seats.clone();
    if world.buyers[fan].row_lock.is_some() || seats.iter().any(|seat| world.seats[*seat].row_lock.is_some())
    {
        return None;
    }
    let now = world.now;
    let still_ours = |seat: &usize| {
        let row = &world.seats[*seat];
        row.sold_to.is_none()
            && row
                .lock
                .is_none_or(|(owner, until)| owner == cart || until <= now)
    };
    let same_seats = seats.iter().all(still_ours) || !sale.has(Guard::StillOurs);
    let wanted = u32::try_from(seats.len()).unwrap_or(u32::MAX);
    let other_cart = world.buyers[fan]
        .cart
        .filter(|(own, _, until, _)| *own != cart && *until > now);
    let other_seats = other_cart.map_or(0, |(_, seats, _, _)| seats);
    let facts = FulfilmentFacts {
        is_played: true,
        same_seats,
        equal_seats: (!same_seats).then(|| equal_seats(world, wanted)).flatten(),
        identities_free: true,
        within_limit: world.buyers[fan].sold + wanted + other_seats <= LIMIT,
    };
    world.payments[fan] = Payment::Landed;
    match decide_fulfilment(facts) {
        Fulfilment::SameSeats => sell(world, (fan, cart), &seats),
        Fulfilment::EqualSeats(equal) => {
            world.seen.equal_seats = true;
            give_up(world, cart);
            sell(
                world,
                (fan, cart),
                &equal.into_iter().map(seat_of).collect::<Vec<_>>(),
            );
        }
        Fulfilment::Refund(_) => {
            world.seen.refund = true;
            give_up(world, cart);
            forget(world, (fan, cart));
        }
    }
    Some(())
}

/// Free neighbours whose rows nobody has locked.
fn equal_seats(world: &World, wanted: u32) -> Option<Vec<domain::ids::SeatId>> {
    let free: Vec<FreeSeat> = (0..world.seats.len())
        .filter(|seat| world.is_free(*seat) && world.seats[*seat].row_lock.is_none())
        .map(in_snake)
        .collect();
    Shelf::of(&free).take_adjacent(SeatQuantity::parse(wanted).ok()?)
}

fn sell(world: &mut World, (fan, cart): (usize, usize), seats: &[usize]) {
    for seat in seats {
        let row = &mut world.seats[*seat];
        (row.sold_to, row.lock) = (Some(fan), None);
    }
    world.buyers[fan].sold += u32::try_from(seats.len()).unwrap_or(u32::MAX);
    forget(world, (fan, cart));
}

/// Frees what the cart still owns.
fn give_up(world: &mut World, cart: usize) {
    for seat in world
        .seats
        .iter_mut()
        .filter(|seat| seat.lock.is_some_and(|(owner, _)| owner == cart))
    {
        seat.lock = None;
    }
}

/// The cart is over, and no longer the buyer's.
fn forget(world: &mut World, (fan, cart): (usize, usize)) {
    world.carts[cart].is_over = true;
    let row = &mut world.buyers[fan];
    if row.cart.is_some_and(|(own, ..)| own == cart) {
        row.cart = None;
        row.version += 1;
    }
}
