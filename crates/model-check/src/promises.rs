//! What must always be so, and what must happen at some time, or nothing was tried.

use stateright::Property;

use crate::sale::{Answer, LIMIT, Request, Sale, World};

pub(crate) const ONE_OWNER: &str = "a seat has one living owner";
pub(crate) const LIMIT_KEPT: &str = "nobody has more than the limit";
pub(crate) const GONE_IS_GONE: &str = "gone is said only of what is gone";
pub(crate) const KEPT: &str = "a hold that was told is there";
pub(crate) const ONE_CART: &str = "one key makes one cart";

/// All of them.
pub(crate) fn all() -> Vec<Property<Sale>> {
    vec![
        Property::always(ONE_OWNER, |_, world: &World| one_owner(world)),
        Property::always(LIMIT_KEPT, |_, world: &World| limit_kept(world)),
        Property::always(GONE_IS_GONE, |_, world: &World| !world.seen.lie),
        Property::always(KEPT, |_, world: &World| kept(world)),
        Property::always(ONE_CART, |_, world: &World| one_cart(world)),
        Property::sometimes("a seat is sold", |_, world: &World| {
            world.seats.iter().any(|seat| seat.sold_to.is_some())
        }),
        Property::sometimes("a lock runs out and its seat is another's", |_, world: &World| {
            world.seen.taken_over
        }),
        Property::sometimes("a lane dies before its commit", |_, world: &World| {
            world.seen.crash_in_transaction
        }),
        Property::sometimes(
            "a request that comes again hears of its cart",
            |_, world: &World| world.seen.repeated,
        ),
        Property::sometimes("a late payment gets equal seats", |_, world: &World| {
            world.seen.equal_seats
        }),
        Property::sometimes("the limit is told", |_, world: &World| {
            is_told(world, Answer::OverLimit)
        }),
        Property::sometimes("a late payment goes back", |_, world: &World| world.seen.refund),
        Property::sometimes("gone is said", |_, world: &World| is_told(world, Answer::Gone)),
    ]
}

/// Living owners: a ticket's fan, and carts whose end is ahead and that nobody has ended.
fn one_owner(world: &World) -> bool {
    (0..world.seats.len()).all(|seat| {
        let carts = world
            .carts
            .iter()
            .filter(|cart| !cart.is_over && cart.until > world.now && cart.seats.contains(&seat));
        carts.count() + usize::from(world.seats[seat].sold_to.is_some()) <= 1
    })
}

fn limit_kept(world: &World) -> bool {
    (0..world.buyers.len()).all(|fan| {
        let tickets = world
            .seats
            .iter()
            .filter(|seat| seat.sold_to == Some(fan))
            .count();
        let living = world
            .carts
            .iter()
            .filter(|cart| cart.fan == fan && !cart.is_over && cart.until > world.now);
        let held: usize = living.map(|cart| cart.seats.len()).sum();
        u32::try_from(tickets + held).is_ok_and(|all| all <= LIMIT)
    })
}

fn kept(world: &World) -> bool {
    world.requests.iter().all(|request| match request {
        Request::Answered(Answer::Held(cart)) => *cart < world.carts.len(),
        Request::Answered(Answer::Gone | Answer::Busy | Answer::OverLimit | Answer::Refused)
        | Request::ToBeSent
        | Request::Waiting => true,
    })
}

fn one_cart(world: &World) -> bool {
    let mut keys: Vec<(usize, u32)> = world.carts.iter().map(|cart| cart.key).collect();
    keys.sort_unstable();
    keys.windows(2).all(|pair| pair[0] != pair[1])
}

fn is_told(world: &World, told: Answer) -> bool {
    world.requests.contains(&Request::Answered(told))
}
