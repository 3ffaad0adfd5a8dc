//! `double_sold` and `false_sold_out`.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use uuid::Uuid;

use crate::checker::Finding;
use crate::checker::facts::{Cart, Facts, Seat, Ticket, Time};
use crate::checker::ownership::{self, Ownership, end_of, in_order, overlap};
use crate::fans::history::{GoneAnswer, What};

/// An end is stamped before it commits: for so long after its stamp a reader may still have seen the cart.
const COMMIT_LAG: TimeDelta = TimeDelta::milliseconds(500);

/// Two tickets, or a ticket and a cart, or two carts own one seat at any instant; or a seat with a live ticket is for sale.
pub(crate) fn double_sold(facts: &Facts) -> Vec<Finding> {
    let mut by_seat: BTreeMap<Uuid, Vec<Ownership>> = BTreeMap::new();
    for owned in ownership::all(facts) {
        by_seat.entry(owned.seat_id).or_default().push(owned);
    }
    let mut findings: Vec<Finding> = by_seat
        .into_iter()
        .filter_map(|(seat, owners)| two_owners(seat, in_order(owners)))
        .collect();
    let taken = facts.seats_with_tickets();
    let for_sale = facts
        .seats
        .iter()
        .filter(|seat| seat.status != "SOLD" && taken.contains(&seat.seat_id));
    findings.extend(for_sale.map(|seat| {
        format!(
            "seat {} has a live ticket and may be sold again: it is {}",
            seat.seat_id, seat.status
        )
    }));
    findings
}

fn two_owners(seat: Uuid, owners: Vec<Ownership>) -> Option<Finding> {
    let mut last: Option<Ownership> = None;
    for owner in owners {
        if let Some(earlier) = last.as_ref().filter(|earlier| overlap(earlier, &owner)) {
            // A purchase's cart ends as its tickets begin, so that both owners of one purchase are tickets.
            return Some(if earlier.purchase == owner.purchase {
                format!(
                    "seat {seat} has two tickets of purchase {} at {}",
                    owner.purchase, owner.from
                )
            } else {
                format!(
                    "seat {seat} belonged to purchases {} and {} at {}",
                    earlier.purchase, owner.purchase, owner.from
                )
            });
        }
        let lasts_longer = last.as_ref().is_none_or(|earlier| !outlasts(earlier, &owner));
        if lasts_longer {
            last = Some(owner);
        }
    }
    None
}

fn outlasts(one: &Ownership, other: &Ownership) -> bool {
    match (one.until, other.until) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(one), Some(other)) => one > other,
    }
}

/// `gone` was answered although so many seats of the zone were free then, or would be within the fan's session; or a seat
/// counts as sold that nobody has.
pub(crate) fn false_sold_out(facts: &Facts) -> Vec<Finding> {
    let taken = facts.seats_with_tickets();
    let lost = facts
        .seats
        .iter()
        .filter(|seat| seat.status == "SOLD" && !taken.contains(&seat.seat_id));
    let mut findings: Vec<Finding> = lost
        .map(|seat| format!("seat {} is sold, and nobody has a ticket for it", seat.seat_id))
        .collect();
    let zones = Zones::of(facts);
    for history in &facts.histories {
        for what in history.whats() {
            let What::Gone(gone) = what else { continue };
            let free = zones.within_session(gone);
            if free >= usize::try_from(gone.quantity).unwrap_or(usize::MAX) {
                findings.push(format!(
                    "fan {} was told gone for {} seats of zone {} at {} while {free} could be had",
                    history.fan, gone.quantity, gone.zone_id, gone.as_of
                ));
            }
        }
    }
    findings
}

/// What happened to every seat of every zone.
struct Zones<'a> {
    seats: BTreeMap<Uuid, Vec<&'a Seat>>,
    tickets_of_seat: BTreeMap<Uuid, Vec<&'a Ticket>>,
    carts_of_seat: BTreeMap<Uuid, Vec<&'a Cart>>,
    /// When a cart's lock was moved, and from where.
    moved: BTreeMap<Uuid, (Time, Time)>,
}

impl<'a> Zones<'a> {
    fn of(facts: &'a Facts) -> Self {
        let mut seats: BTreeMap<Uuid, Vec<&Seat>> = BTreeMap::new();
        for seat in facts.seats.iter().filter(|seat| seat.is_open()) {
            seats.entry(seat.zone_id).or_default().push(seat);
        }
        let mut carts_of_seat: BTreeMap<Uuid, Vec<&Cart>> = BTreeMap::new();
        for cart in &facts.carts {
            for seat in &cart.seat_ids {
                carts_of_seat.entry(*seat).or_default().push(cart);
            }
        }
        let mut tickets_of_seat: BTreeMap<Uuid, Vec<&Ticket>> = BTreeMap::new();
        for ticket in &facts.tickets {
            tickets_of_seat.entry(ticket.seat_id).or_default().push(ticket);
        }
        let payments: BTreeMap<Uuid, Time> = facts
            .payments
            .iter()
            .map(|payment| (payment.order_id, payment.started_at))
            .collect();
        let moved = facts.orders.iter().filter_map(|order| {
            Some((
                order.cart_id,
                (*payments.get(&order.order_id)?, order.session_ends_at),
            ))
        });
        Self {
            seats,
            tickets_of_seat,
            carts_of_seat,
            moved: moved.collect(),
        }
    }

    /// Seats of the zone that were free at the reading or whose lock ended within the fan's session.
    fn within_session(&self, gone: &GoneAnswer) -> usize {
        let seats = self
            .seats
            .get(&gone.zone_id)
            .map(Vec::as_slice)
            .unwrap_or_default();
        seats
            .iter()
            .filter(|seat| self.could_be_had(seat.seat_id, gone))
            .count()
    }

    fn could_be_had(&self, seat: Uuid, gone: &GoneAnswer) -> bool {
        if self.is_sold(seat, gone.as_of) {
            return false;
        }
        let carts = self
            .carts_of_seat
            .get(&seat)
            .map(Vec::as_slice)
            .unwrap_or_default();
        !carts.iter().any(|cart| self.keeps(cart, gone))
    }

    /// Whether a reader at `at` may have seen a ticket for the seat. Nobody can foresee that it will be given back.
    fn is_sold(&self, seat: Uuid, at: Time) -> bool {
        let tickets = self
            .tickets_of_seat
            .get(&seat)
            .map(Vec::as_slice)
            .unwrap_or_default();
        tickets.iter().any(|ticket| {
            let ended = ticket.owned_until();
            ticket.issued_at <= at && ended.is_none_or(|ended| at < ended + COMMIT_LAG)
        })
    }

    /// Whether this cart owned its seats at the reading and would until the end of the fan's session.
    fn keeps(&self, cart: &Cart, gone: &GoneAnswer) -> bool {
        let seen_until = match cart.ended_at {
            Some(ended) if ended < cart.locked_until => ended + COMMIT_LAG,
            _ => end_of(cart),
        };
        let owned = cart.held_at <= gone.as_of && gone.as_of < seen_until;
        owned && self.lock_at(cart, gone.as_of) >= gone.session_ends_at
    }

    /// The lock's end as a reader at `at` saw it: a payment attempt moves it once.
    fn lock_at(&self, cart: &Cart, at: Time) -> Time {
        match self.moved.get(&cart.cart_id) {
            Some((moved_at, original)) if at + COMMIT_LAG < *moved_at => *original,
            _ => cart.locked_until,
        }
    }
}
