//! Lies about seats and their buyers.

use super::honest::{give_back, other_cart, resold, sale, seat, second_holds};
use super::{CART, Forged, SEAT, TICKET, USER, ZONE, at, changed, id};
use crate::checker::facts::Facts;
use crate::fans::history::What;

pub(super) fn ownership() -> Vec<Forged> {
    let twice = |times, story, facts| Forged::lie(("double_sold", times), story, facts);
    vec![
        Forged::honest("three bought two seats each, one saw them gone", sale()),
        Forged::honest("a seat was given back and sold again", resold(22_000)),
        Forged::honest(
            "an owner ended as the next one began",
            changed(|facts| earlier_cart(facts, 12_000)),
        ),
        twice(
            1,
            "an owner ended a millisecond after the next one began",
            changed(|facts| earlier_cart(facts, 12_001)),
        ),
        twice(
            1,
            "a live cart lay on a sold seat",
            changed(|facts| facts.carts.push(other_cart(2, 20_000, 21_000))),
        ),
        twice(
            1,
            "two live carts lay on one seat",
            changed(|facts| facts.carts.push(other_cart(2, 11_000, 13_000))),
        ),
        twice(
            1,
            "two live tickets are for one seat",
            changed(|facts| {
                facts.seats.retain(|seat| seat.seat_id != id(SEAT, 4));
                facts.tickets[2].seat_id = id(SEAT, 2);
                second_holds(facts, &[id(SEAT, 2), id(SEAT, 5)]);
            }),
        ),
        twice(
            2,
            "seats were sold again long before they came back",
            resold(60_000),
        ),
        // The second cart was held at 22 s.
        twice(
            2,
            "seats were sold again just before they came back",
            resold(22_001),
        ),
        twice(
            1,
            "one purchase had two tickets for a seat, and one was cancelled",
            changed(|facts| {
                let mut twin = facts.tickets[0].clone();
                (twin.ticket_id, twin.identity) = (id(TICKET, 99), vec![99]);
                (twin.state, twin.cancelled_at) = ("CANCELLED".to_owned(), Some(at(20_000)));
                facts.tickets.push(twin);
            }),
        ),
        twice(
            2,
            "a cancelled ticket bears no time, so it still owns its seat",
            {
                let mut facts = resold(21_000);
                for ticket in &mut facts.tickets[..2] {
                    ticket.cancelled_at = None;
                }
                facts
            },
        ),
        twice(
            1,
            "a seat with a live ticket is for sale",
            changed(|facts| facts.seats[0].status = "BLOCKED".to_owned()),
        ),
    ]
}

/// Somebody held the first fan's seat before, and let it go.
fn earlier_cart(facts: &mut Facts, ended: i64) {
    let mut earlier = other_cart(2, 5_000, 180_000);
    (earlier.ended_at, earlier.ended_as) = (Some(at(ended)), Some("RELEASED".to_owned()));
    facts.carts.push(earlier);
}

pub(super) fn gone() -> Vec<Forged> {
    let untrue = |story, facts| Forged::lie(("false_sold_out", 1), story, facts);
    let held_until = |end| {
        changed(|facts| {
            facts.seats.push(seat(id(SEAT, 50), "AVAILABLE"));
            facts.carts.push(other_cart(50, 30_000, end));
        })
    };
    vec![
        untrue(
            "gone was said while a seat was free",
            changed(|facts| facts.seats.push(seat(id(SEAT, 50), "AVAILABLE"))),
        ),
        untrue(
            "gone was said while a lock would end within the session",
            held_until(219_000),
        ),
        Forged::honest(
            "gone was said while a lock would end with the session",
            held_until(220_000),
        ),
        untrue(
            "gone was said after a ticket had been given back",
            changed(|facts| give_back(facts, 30_000)),
        ),
        // Stamped before the answer's reading, perhaps committed after it.
        Forged::honest(
            "gone was said as a ticket was being given back",
            changed(|facts| give_back(facts, 39_600)),
        ),
        untrue(
            "a seat is sold, and nobody has a ticket for it",
            changed(|facts| {
                let mut lost = seat(id(SEAT, 50), "SOLD");
                lost.zone_id = id(ZONE, 2);
                facts.seats.push(lost);
            }),
        ),
    ]
}

pub(super) fn buyers() -> Vec<Forged> {
    let over = |story, facts| Forged::lie(("over_limit_buyers", 1), story, facts);
    let doubled = |story, facts| Forged::lie(("duplicate_holders", 1), story, facts);
    let returned_at_50 = |held| {
        changed(|facts| {
            give_back(facts, 50_000);
            first_holds_three_more(facts, held);
        })
    };
    vec![
        over(
            "a buyer of two seats held three more",
            changed(|facts| first_holds_three_more(facts, 20_000)),
        ),
        over(
            "a buyer of two seats held three more just before giving the two back",
            returned_at_50(49_000),
        ),
        Forged::honest(
            "a buyer of two seats gave them back and held three",
            returned_at_50(50_000),
        ),
        doubled(
            "two live tickets carry one identity",
            changed(|facts| facts.tickets[1].identity = facts.tickets[2].identity.clone()),
        ),
        doubled(
            "one person was named in three orders, whatever the index says",
            changed(|facts| name_holders(facts, |oibs| oibs[0] = "the-same".to_owned())),
        ),
        doubled(
            "one person was named twice in one order",
            changed(|facts| {
                let others = facts.histories.split_off(1);
                name_holders(facts, |oibs| oibs[1] = oibs[0].clone());
                facts.histories.extend(others);
            }),
        ),
    ]
}

fn first_holds_three_more(facts: &mut Facts, held: i64) {
    let mut cart = other_cart(60, held, 60_000);
    (cart.cart_id, cart.user_id) = (id(CART, 77), id(USER, 1));
    cart.seat_ids = [60, 61, 62].map(|number| id(SEAT, number)).to_vec();
    facts.carts.push(cart);
}

fn name_holders(facts: &mut Facts, name: impl Fn(&mut Vec<String>)) {
    let steps = facts.histories.iter_mut().flat_map(|history| &mut history.steps);
    for step in steps {
        if let What::CheckedOut { oibs, .. } = &mut step.what {
            name(oibs);
        }
    }
}
