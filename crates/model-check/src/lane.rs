//! A lane, statement by statement, as `backend/src/inventory/claim.rs` runs them. Each lane is a process of its own.

use std::collections::BTreeSet;

use domain::inventory::{FreeSeat, HoldRefused, HoldWish, Prospect, Shelf, decide_hold, judge_prospect};

use crate::sale::{
    Answer, Cart, Guard, Request, Sale, World, at, cart_of, in_snake, seat_of, session_end, terms,
};

/// Where a lane is in its transaction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    #[default]
    Gathering,
    /// `buyers::lock_batch` and `store::list_by_key` are next.
    LockingBuyers,
    /// `locking::lock_free_seats` is next.
    LockingSeats,
    /// `writes::save_round` and COMMIT are next: nobody sees the one without the other.
    Writing,
    /// Committed; the answers are next.
    Answering,
    /// Seats did not suffice for somebody: `seats::list_zone` is next.
    ReadingZone,
}

/// A lane and its transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Lane {
    pub(crate) step: Step,
    /// Wishes of this round.
    pub(crate) batch: Vec<Wish>,
}

/// A wish and what the round has found out of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Wish {
    number: usize,
    may_be_torn: bool,
    stage: Stage,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Stage {
    Waiting,
    /// The buyer may; this cart would be replaced, and this is the new version.
    Planned {
        replaces: Option<usize>,
        version: i32,
    },
    /// Seats are locked for it.
    Given {
        replaces: Option<usize>,
        version: i32,
        seats: Vec<usize>,
    },
    Short,
    Told(Answer),
}

impl Lane {
    pub(crate) fn take(&mut self, number: usize) {
        self.batch.push(Wish {
            number,
            may_be_torn: false,
            stage: Stage::Waiting,
        });
    }
}

/// The lane's next statement.
pub(crate) fn step(sale: &Sale, world: &mut World, lane: usize) {
    let mut own = std::mem::take(&mut world.lanes[lane]);
    own.step = match own.step {
        Step::Gathering => Step::LockingBuyers,
        Step::LockingBuyers => {
            lock_buyers(sale, world, (lane, &mut own.batch));
            Step::LockingSeats
        }
        Step::LockingSeats => {
            lock_seats(sale, world, (lane, &mut own.batch));
            if !sale.has(Guard::CommitBeforeAnswer) {
                promise(sale, world, &own.batch);
            }
            Step::Writing
        }
        Step::Writing => {
            write(sale, world, &mut own.batch);
            unlock(world, lane);
            Step::Answering
        }
        Step::Answering => {
            own.batch.retain(|wish| !answer(world, wish));
            let is_short = own.batch.iter().any(|wish| wish.stage == Stage::Short);
            if is_short {
                Step::ReadingZone
            } else {
                Step::Gathering
            }
        }
        Step::ReadingZone => {
            read_zone(sale, world, &mut own.batch);
            Step::Gathering
        }
    };
    if own.step == Step::Gathering {
        own.batch.iter_mut().for_each(|wish| wish.stage = Stage::Waiting);
    }
    world.lanes[lane] = own;
}

/// The process is gone; its fans send again under the same keys.
pub(crate) fn die(world: &mut World, lane: usize) {
    let own = std::mem::take(&mut world.lanes[lane]);
    world.seen.crash_in_transaction |= own.step == Step::Writing;
    unlock(world, lane);
    for wish in own.batch {
        if world.requests[wish.number] == Request::Waiting {
            world.requests[wish.number] = Request::ToBeSent;
        }
    }
}

/// `FOR UPDATE SKIP LOCKED` on the buyers; what is decided is decided of what was committed by then.
fn lock_buyers(sale: &Sale, world: &mut World, (lane, batch): (usize, &mut [Wish])) {
    let mut met = BTreeSet::new();
    for wish in batch {
        let (fan, quantity) = sale.wish(wish.number);
        let is_locked_elsewhere = world.buyers[fan].row_lock.is_some_and(|other| other != lane);
        if !met.insert(fan) || (is_locked_elsewhere && sale.has(Guard::BuyerLock)) {
            continue;
        }
        world.buyers[fan].row_lock.get_or_insert(lane);
        let key = sale.key(wish.number);
        let repeated = world.carts.iter().position(|cart| cart.key == key);
        if let Some(cart) = repeated.filter(|_| sale.has(Guard::Key)) {
            world.seen.repeated = true;
            wish.stage = Stage::Told(Answer::Held(cart));
            continue;
        }
        let buyer = world.buyer(fan);
        let asked = HoldWish {
            quantity,
            // The app knows its cart: the one device's the other one's, too.
            seen_version: buyer.live_cart(at(world.now)).map(|_| buyer.version),
            session_ends_at: at(session_end(fan)),
        };
        wish.stage = match decide_hold(&buyer, &asked, &terms(), at(world.now)) {
            Ok(plan) => Stage::Planned {
                replaces: plan.replaces.map(cart_of),
                version: plan.version,
            },
            Err(HoldRefused::OverLimit { .. }) => Stage::Told(Answer::OverLimit),
            Err(_) => Stage::Told(Answer::Refused),
        };
    }
}

/// `FOR NO KEY UPDATE SKIP LOCKED` on the free seats, in snake order; then the shelf decides.
fn lock_seats(sale: &Sale, world: &mut World, (lane, batch): (usize, &mut [Wish])) {
    let free: Vec<FreeSeat> = (0..world.seats.len())
        .filter(|seat| world.is_free(*seat))
        .filter(|seat| world.seats[*seat].row_lock.is_none() || !sale.has(Guard::SeatLock))
        .map(in_snake)
        .collect();
    if batch
        .iter()
        .any(|wish| matches!(wish.stage, Stage::Planned { .. }))
    {
        for seat in &free {
            world.seats[seat_of(seat.seat_id)].row_lock.get_or_insert(lane);
        }
    }
    let mut shelf = Shelf::of(&free);
    for wish in batch {
        let Stage::Planned { replaces, version } = wish.stage else {
            continue;
        };
        let (_, quantity) = sale.wish(wish.number);
        let given = match shelf.take_adjacent(quantity) {
            None if wish.may_be_torn => shelf.take_singles(quantity),
            together => together,
        };
        wish.stage = match given {
            Some(seats) => Stage::Given {
                replaces,
                version,
                seats: seats.into_iter().map(seat_of).collect(),
            },
            None => Stage::Short,
        };
    }
}

/// Everything that the round writes, and its COMMIT. The conditions are the statement's own.
fn write(sale: &Sale, world: &mut World, batch: &mut [Wish]) {
    for wish in batch {
        let Stage::Given {
            replaces,
            version,
            seats,
        } = &wish.stage
        else {
            continue;
        };
        let (fan, _) = sale.wish(wish.number);
        let until = session_end(fan);
        let is_key_used = world.carts.iter().any(|cart| cart.key == sale.key(wish.number));
        if until <= world.now || (is_key_used && sale.has(Guard::Key)) {
            // Refused before COMMIT: nothing of it is written, and it is tried again.
            wish.stage = Stage::Waiting;
            continue;
        }
        let cart = world.carts.len();
        if let Some(old) = replaces {
            world.carts[*old].is_over = true;
            for seat in world
                .seats
                .iter_mut()
                .filter(|seat| seat.lock.is_some_and(|(owner, _)| owner == *old))
            {
                seat.lock = None;
            }
        }
        for seat in seats {
            world.seen.taken_over |= world.seats[*seat].lock.is_some();
            world.seats[*seat].lock = Some((cart, until));
        }
        world.carts.push(Cart {
            fan,
            key: sale.key(wish.number),
            seats: seats.clone(),
            until,
            is_over: false,
        });
        let seats = u32::try_from(seats.len()).unwrap_or(u32::MAX);
        let row = &mut world.buyers[fan];
        (row.cart, row.version) = (Some((cart, seats, until, false)), *version);
        wish.stage = Stage::Told(Answer::Held(cart));
    }
}

/// Answers whoever was told something; whether it did.
fn answer(world: &mut World, wish: &Wish) -> bool {
    if let Stage::Told(told) = wish.stage {
        world.requests[wish.number] = Request::Answered(told);
        return true;
    }
    false
}

/// What must never be: a cart is promised that is not committed.
fn promise(sale: &Sale, world: &mut World, batch: &[Wish]) {
    for wish in batch
        .iter()
        .filter(|wish| matches!(wish.stage, Stage::Given { .. }))
    {
        let promised = world.carts.len();
        if sale.wish(wish.number).0 < world.buyers.len() {
            world.requests[wish.number] = Request::Answered(Answer::Held(promised));
        }
    }
}

/// One reading of the whole zone, without locks, decides for all who came up short.
fn read_zone(sale: &Sale, world: &mut World, batch: &mut Vec<Wish>) {
    let free: Vec<FreeSeat> = (0..world.seats.len())
        .filter(|seat| world.is_free(*seat))
        .map(in_snake)
        .collect();
    batch.retain_mut(|wish| {
        if wish.stage != Stage::Short {
            return true;
        }
        let (fan, quantity) = sale.wish(wish.number);
        let within: Vec<FreeSeat> = if sale.has(Guard::BackWithinSession) {
            let comes_back = |seat: &usize| {
                let row = &world.seats[*seat];
                row.sold_to.is_none() && row.lock.is_none_or(|(_, until)| until < session_end(fan))
            };
            (0..world.seats.len()).filter(comes_back).map(in_snake).collect()
        } else {
            free.clone()
        };
        let told = match judge_prospect(quantity, &Shelf::of(&free), &Shelf::of(&within)) {
            Prospect::NextRound => return true,
            Prospect::SinglesNow => {
                wish.may_be_torn = true;
                return true;
            }
            Prospect::MayComeBack => Answer::Busy,
            Prospect::Gone { .. } => Answer::Gone,
        };
        world.seen.lie |= told == Answer::Gone && could_have(world, fan) >= quantity.seats();
        world.requests[wish.number] = Request::Answered(told);
        false
    });
}

/// Counted apart from the code under test: seats that a fan could have before their session ends.
fn could_have(world: &World, fan: usize) -> usize {
    let possible = world.seats.iter().filter(|seat| match (seat.sold_to, seat.lock) {
        (Some(_), _) => false,
        (None, None) => true,
        (None, Some((_, until))) => until <= world.now || until < session_end(fan),
    });
    possible.count()
}

fn unlock(world: &mut World, lane: usize) {
    world
        .seats
        .iter_mut()
        .filter(|seat| seat.row_lock == Some(lane))
        .for_each(|seat| seat.row_lock = None);
    world
        .buyers
        .iter_mut()
        .filter(|buyer| buyer.row_lock == Some(lane))
        .for_each(|buyer| buyer.row_lock = None);
}
