//! The model: what there is, and what can happen next.

use chrono::{DateTime, TimeDelta};
use domain::Timestamp;
use domain::ids::{CartId, SeatId};
use domain::inventory::{Buyer, BuyerCart, FreeSeat, SeatQuantity};
use domain::matches::{MatchState, SaleTerms};
use domain::money::{Currency, Rate};
use domain::phases::{Phase, PhaseKind};
use rust_decimal::Decimal;
use stateright::{Model, Property};
use uuid::Uuid;

use crate::lane::{Lane, Step};
use crate::payment::{Payment, capture};
use crate::promises;

/// Seats of the zone; the first two are neighbours of each other and the third one stands alone.
pub(crate) const SEATS: usize = 3;
/// Tickets that one fan may have.
pub(crate) const LIMIT: u32 = 2;
/// Instants of the clock. Sessions end at 1, or at 2 for fans of odd numbers.
const LAST_TICK: u8 = 2;

/// What a negative control leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guard {
    /// Seats are claimed under their row locks.
    SeatLock,
    /// A buyer's row is locked before anything is decided.
    BuyerLock,
    /// A hold is committed before it is answered.
    CommitBeforeAnswer,
    /// What comes back within the session is not gone.
    BackWithinSession,
    /// A key that was used is looked up, and unique.
    Key,
    /// A payment takes its seats only if they are still its own, or free.
    StillOurs,
}

/// A sale to try: who asks for how many seats, and what is left out.
#[derive(Debug, Clone)]
pub(crate) struct Sale {
    /// (fan, seats). The same wish of the same fan again is the same request, sent twice.
    wishes: Vec<(usize, u32)>,
    lanes: usize,
    pub(crate) without: Option<Guard>,
}

/// All there is, at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct World {
    pub(crate) now: u8,
    pub(crate) seats: Vec<Seat>,
    pub(crate) buyers: Vec<BuyerRow>,
    pub(crate) carts: Vec<Cart>,
    /// By number of its wish.
    pub(crate) requests: Vec<Request>,
    pub(crate) lanes: Vec<Lane>,
    /// By fan.
    pub(crate) payments: Vec<Payment>,
    pub(crate) seen: Seen,
}

/// A row of `match_seat_inventory`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Seat {
    /// Fan who has a ticket for it.
    pub(crate) sold_to: Option<usize>,
    /// Cart and end of its lock.
    pub(crate) lock: Option<(usize, u8)>,
    /// Lane whose transaction has the row.
    pub(crate) row_lock: Option<usize>,
}

/// A row of `match_buyers`; that there may be none yet is the statement's business.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct BuyerRow {
    pub(crate) sold: u32,
    /// Cart, its seats, its end, and whether it is checked out.
    pub(crate) cart: Option<(usize, u32, u8, bool)>,
    pub(crate) version: i32,
    pub(crate) row_lock: Option<usize>,
}

/// A row of `carts`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Cart {
    pub(crate) fan: usize,
    /// (fan, seats) stands for the fan's idempotency key.
    pub(crate) key: (usize, u32),
    pub(crate) seats: Vec<usize>,
    pub(crate) until: u8,
    /// Replaced, sold, or given back.
    pub(crate) is_over: bool,
}

/// A fan's request, as their app knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Request {
    /// Not sent, or lost with its process: it is sent, or sent again.
    ToBeSent,
    /// In a lane.
    Waiting,
    Answered(Answer),
}

/// What a fan was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Answer {
    Held(usize),
    Gone,
    Busy,
    OverLimit,
    Refused,
}

/// What has happened that a state by itself does not show.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Seen {
    pub(crate) crash_in_transaction: bool,
    pub(crate) repeated: bool,
    pub(crate) taken_over: bool,
    pub(crate) equal_seats: bool,
    pub(crate) refund: bool,
    /// `gone` was said of what could be had.
    pub(crate) lie: bool,
}

/// What can happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// A request comes to a lane.
    Comes {
        wish: usize,
        lane: usize,
    },
    /// A lane takes its next step.
    Steps {
        lane: usize,
    },
    /// A lane's process dies: Postgres rolls back, fans send again.
    Dies {
        lane: usize,
    },
    /// A fan checks their cart out.
    ChecksOut {
        fan: usize,
    },
    /// The gateway tells of the fan's capture, for the first time or again.
    Captured {
        fan: usize,
    },
    Tick,
}

impl Sale {
    pub(crate) fn of(wishes: &[(usize, u32)], lanes: usize) -> Self {
        Self {
            wishes: wishes.to_vec(),
            lanes,
            without: None,
        }
    }

    #[cfg(test)]
    pub(crate) fn without(mut self, guard: Guard) -> Self {
        self.without = Some(guard);
        self
    }

    pub(crate) fn has(&self, guard: Guard) -> bool {
        self.without != Some(guard)
    }

    pub(crate) fn wish(&self, number: usize) -> (usize, SeatQuantity) {
        let (fan, seats) = self.wishes[number];
        (
            fan,
            SeatQuantity::parse(seats).unwrap_or_else(|_| unreachable!("wishes are of 1 to 4 seats")),
        )
    }

    pub(crate) fn key(&self, wish: usize) -> (usize, u32) {
        self.wishes[wish]
    }

    fn fans(&self) -> usize {
        self.wishes
            .iter()
            .map(|(fan, _)| fan + 1)
            .max()
            .unwrap_or_default()
    }
}

/// When a fan's session ends.
pub(crate) fn session_end(fan: usize) -> u8 {
    if fan.is_multiple_of(2) { 1 } else { 2 }
}

/// An instant, as production sees it.
pub(crate) fn at(tick: u8) -> Timestamp {
    DateTime::UNIX_EPOCH + TimeDelta::hours(1) + TimeDelta::seconds(i64::from(tick))
}

pub(crate) fn seat_id(seat: usize) -> SeatId {
    SeatId(Uuid::from_u64_pair(0, u64::try_from(seat).unwrap_or(u64::MAX)))
}

pub(crate) fn seat_of(id: SeatId) -> usize {
    usize::try_from(id.0.as_u64_pair().1).unwrap_or(usize::MAX)
}

pub(crate) fn cart_of(id: CartId) -> usize {
    usize::try_from(id.0.as_u64_pair().1).unwrap_or(usize::MAX)
}

/// The seat in its snake.
pub(crate) fn in_snake(seat: usize) -> FreeSeat {
    FreeSeat {
        seat_id: seat_id(seat),
        snake_rank: i32::try_from(seat).unwrap_or(i32::MAX),
        run_id: i32::from(seat == SEATS - 1),
    }
}

/// A sale that is open all the time.
pub(crate) fn terms() -> SaleTerms {
    let whole = Rate::percent(Decimal::ZERO);
    SaleTerms {
        state: MatchState::Published,
        is_held: false,
        kick_off_at: at(0) + TimeDelta::days(9),
        phase: Phase {
            kind: PhaseKind::GeneralPublic,
            starts_at: DateTime::UNIX_EPOCH,
            ends_at: at(0) + TimeDelta::days(8),
            ticket_limit: LIMIT,
            thresholds: Vec::new(),
        },
        currency: Currency::Eur,
        ticket_limit: LIMIT,
        fee: whole,
        ticket_vat: whole,
        fee_vat: whole,
        session: TimeDelta::seconds(1),
        last_attempt: TimeDelta::milliseconds(1),
        landing: TimeDelta::milliseconds(1),
        refund_deadline: TimeDelta::days(1),
    }
}

impl World {
    pub(crate) fn buyer(&self, fan: usize) -> Buyer {
        let row = &self.buyers[fan];
        Buyer {
            sold: row.sold,
            cart: row.cart.map(|(cart, seats, until, is_paying)| BuyerCart {
                cart_id: CartId(Uuid::from_u64_pair(0, u64::try_from(cart).unwrap_or(u64::MAX))),
                seats,
                until: at(until),
                order_id: is_paying.then_some(domain::ids::OrderId(Uuid::nil())),
            }),
            version: row.version,
        }
    }

    /// Nobody has a ticket for it, and no lock that is ahead.
    pub(crate) fn is_free(&self, seat: usize) -> bool {
        let seat = &self.seats[seat];
        seat.sold_to.is_none() && seat.lock.is_none_or(|(_, until)| until <= self.now)
    }
}

impl Model for Sale {
    type State = World;
    type Action = Event;

    fn init_states(&self) -> Vec<World> {
        vec![World {
            now: 0,
            seats: vec![Seat::default(); SEATS],
            buyers: vec![BuyerRow::default(); self.fans()],
            carts: Vec::new(),
            requests: vec![Request::ToBeSent; self.wishes.len()],
            lanes: vec![Lane::default(); self.lanes],
            payments: vec![Payment::None; self.fans()],
            seen: Seen::default(),
        }]
    }

    fn actions(&self, world: &World, events: &mut Vec<Event>) {
        for (lane, its) in world.lanes.iter().enumerate() {
            if its.step == Step::Gathering {
                let unsent = (0..self.wishes.len()).filter(|wish| world.requests[*wish] == Request::ToBeSent);
                events.extend(unsent.map(|wish| Event::Comes { wish, lane }));
            }
            if !its.batch.is_empty() {
                events.push(Event::Steps { lane });
                events.push(Event::Dies { lane });
            }
        }
        for fan in 0..self.fans() {
            match world.payments[fan] {
                Payment::None => events.push(Event::ChecksOut { fan }),
                Payment::Started { .. } | Payment::Landed => events.push(Event::Captured { fan }),
            }
        }
        if world.now < LAST_TICK {
            events.push(Event::Tick);
        }
    }

    fn next_state(&self, world: &World, event: Event) -> Option<World> {
        let mut next = world.clone();
        match event {
            Event::Comes { wish, lane } => {
                next.requests[wish] = Request::Waiting;
                next.lanes[lane].take(wish);
            }
            Event::Steps { lane } => crate::lane::step(self, &mut next, lane),
            Event::Dies { lane } => crate::lane::die(&mut next, lane),
            Event::ChecksOut { fan } => {
                let row = &mut next.buyers[fan];
                let (cart, _, until, is_paying) = row.cart.as_mut()?;
                if *until <= next.now || row.row_lock.is_some() {
                    return None;
                }
                *is_paying = true;
                next.payments[fan] = Payment::Started { cart: *cart };
            }
            Event::Captured { fan } => capture(self, &mut next, fan)?,
            Event::Tick => next.now += 1,
        }
        (next != *world).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        promises::all()
    }
}
