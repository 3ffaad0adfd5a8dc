//! Lies about seats and their buyers.

use super::*;

#[test]
fn a_clean_run_has_no_findings() {
    let broken: Vec<_> = check(&clean())
        .into_iter()
        .filter(|(_, findings)| !findings.is_empty())
        .collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn a_live_cart_on_a_sold_seat_is_double_sold() {
    let mut facts = clean();
    facts.carts.push(other_cart(2, 20.0, 21.0));
    names(&facts, "double_sold", 1);
}

#[test]
fn two_live_carts_on_one_seat_are_double_sold() {
    let mut facts = clean();
    facts.carts.push(other_cart(2, 11.0, 13.0));
    names(&facts, "double_sold", 1);
}

#[test]
fn two_live_tickets_of_one_seat_are_double_sold() {
    let mut facts = clean();
    facts.seats.retain(|seat| seat.seat_id != id(SEAT, 4));
    facts
        .tickets
        .iter_mut()
        .filter(|ticket| ticket.seat_id == id(SEAT, 4))
        .for_each(|t| t.seat_id = id(SEAT, 2));
    let cart = facts
        .carts
        .iter_mut()
        .find(|cart| cart.cart_id == id(CART, 2))
        .unwrap();
    cart.seat_ids = vec![id(SEAT, 2), id(SEAT, 5)];
    let told = facts.histories[1]
        .steps
        .iter_mut()
        .find(|step| matches!(step.what, What::Held { .. }))
        .unwrap();
    told.what = What::Held {
        cart_id: id(CART, 2),
        seat_ids: vec![id(SEAT, 2), id(SEAT, 5)],
    };
    names(&facts, "double_sold", 1);
}

/// The first fan's seats were given back at `when`, and the second fan bought them instead of others.
fn resold(when: f64) -> Facts {
    let mut facts = clean();
    give_back(&mut facts, when);
    let seats = [id(SEAT, 2), id(SEAT, 3)];
    facts
        .seats
        .retain(|seat| ![id(SEAT, 4), id(SEAT, 5)].contains(&seat.seat_id));
    for (index, seat) in seats.into_iter().enumerate() {
        facts.seats[index].status = "SOLD".to_owned();
        facts.tickets[2 + index].seat_id = seat;
    }
    facts.carts[1].seat_ids = seats.to_vec();
    for step in &mut facts.histories[1].steps {
        if let What::Held { seat_ids, .. } = &mut step.what {
            *seat_ids = seats.to_vec();
        }
    }
    facts
}

#[test]
fn a_second_ticket_for_a_seat_before_the_first_was_cancelled_is_double_sold() {
    names(&resold(60.0), "double_sold", 2);
    // The second cart was held at 22 s.
    names(&resold(22.001), "double_sold", 2);
    assert!(
        check(&resold(22.0))
            .into_iter()
            .all(|(_, findings)| findings.is_empty())
    );
}

#[test]
fn two_tickets_of_one_purchase_for_one_seat_are_double_sold_also_when_one_was_cancelled() {
    let mut facts = clean();
    let mut twin = facts.tickets[0].clone();
    (twin.ticket_id, twin.identity) = (id(TICKET, 99), vec![99]);
    (twin.state, twin.cancelled_at) = ("CANCELLED".to_owned(), Some(at(20.0)));
    facts.tickets.push(twin);
    names(&facts, "double_sold", 1);
}

#[test]
fn a_cancelled_ticket_without_its_time_still_owns_its_seat() {
    let mut facts = resold(21.0);
    for ticket in &mut facts.tickets[..2] {
        ticket.cancelled_at = None;
    }
    names(&facts, "double_sold", 2);
}

#[test]
fn gone_after_a_ticket_was_given_back_is_a_false_sold_out() {
    let mut facts = clean();
    give_back(&mut facts, 30.0);
    names(&facts, "false_sold_out", 1);

    // Stamped before the answer's reading, perhaps committed after it.
    let mut facts = clean();
    give_back(&mut facts, 39.6);
    assert!(check(&facts).into_iter().all(|(_, findings)| findings.is_empty()));
}

#[test]
fn an_owner_who_ends_as_the_next_one_begins_is_no_second_one() {
    let mut facts = clean();
    let mut earlier = other_cart(2, 5.0, 180.0);
    (earlier.ended_at, earlier.ended_as) = (Some(at(12.0)), Some("RELEASED".to_owned()));
    facts.carts.push(earlier);
    assert!(check(&facts).into_iter().all(|(_, findings)| findings.is_empty()));

    facts.carts.last_mut().unwrap().ended_at = Some(at(12.001));
    names(&facts, "double_sold", 1);
}

#[test]
fn a_seat_with_a_ticket_that_is_for_sale_is_double_sold_and_a_sold_one_without_is_lost() {
    let mut facts = clean();
    facts.seats[0].status = "BLOCKED".to_owned();
    names(&facts, "double_sold", 1);

    let mut facts = clean();
    facts.seats.push(Seat {
        seat_id: id(SEAT, 50),
        zone_id: id(ZONE, 2),
        status: "SOLD".to_owned(),
    });
    names(&facts, "false_sold_out", 1);
}

#[test]
fn gone_while_a_seat_was_free_is_a_false_sold_out() {
    let mut facts = clean();
    facts.seats.push(Seat {
        seat_id: id(SEAT, 50),
        zone_id: id(ZONE, 1),
        status: "AVAILABLE".to_owned(),
    });
    names(&facts, "false_sold_out", 1);
}

#[test]
fn gone_while_a_lock_would_end_within_the_session_is_a_false_sold_out() {
    let mut facts = clean();
    facts.seats.push(Seat {
        seat_id: id(SEAT, 50),
        zone_id: id(ZONE, 1),
        status: "AVAILABLE".to_owned(),
    });
    facts.carts.push(other_cart(50, 30.0, 219.0));
    names(&facts, "false_sold_out", 1);

    let mut facts = clean();
    facts.seats.push(Seat {
        seat_id: id(SEAT, 50),
        zone_id: id(ZONE, 1),
        status: "AVAILABLE".to_owned(),
    });
    facts.carts.push(other_cart(50, 30.0, 220.0));
    assert!(check(&facts).into_iter().all(|(_, findings)| findings.is_empty()));
}

#[test]
fn five_seats_at_once_are_over_the_limit() {
    let mut facts = clean();
    let mut cart = other_cart(60, 20.0, 30.0);
    (cart.user_id, cart.seat_ids) = (id(USER, 1), vec![id(SEAT, 60), id(SEAT, 61), id(SEAT, 62)]);
    facts.carts.push(cart);
    names(&facts, "over_limit_buyers", 1);
}

#[test]
fn tickets_that_were_given_back_count_until_then() {
    let mut facts = clean();
    give_back(&mut facts, 50.0);
    let mut cart = other_cart(60, 49.0, 60.0);
    (cart.user_id, cart.seat_ids) = (id(USER, 1), vec![id(SEAT, 60), id(SEAT, 61), id(SEAT, 62)]);
    facts.carts.push(cart);
    names(&facts, "over_limit_buyers", 1);

    facts.carts.last_mut().unwrap().held_at = at(50.0);
    assert!(check(&facts).into_iter().all(|(_, findings)| findings.is_empty()));
}

#[test]
fn one_identity_on_two_tickets_is_a_duplicate_holder() {
    let mut facts = clean();
    facts.tickets[1].identity = facts.tickets[2].identity.clone();
    names(&facts, "duplicate_holders", 1);
}

#[test]
fn one_person_in_two_orders_is_a_duplicate_holder_whatever_the_index_says() {
    let mut facts = clean();
    for history in &mut facts.histories {
        for step in &mut history.steps {
            if let What::CheckedOut { oibs, .. } = &mut step.what {
                oibs[0] = "the-same".to_owned();
            }
        }
    }
    names(&facts, "duplicate_holders", 1);
}

#[test]
fn one_person_twice_in_one_order_is_a_duplicate_holder() {
    let mut facts = clean();
    for step in &mut facts.histories[0].steps {
        if let What::CheckedOut { oibs, .. } = &mut step.what {
            oibs[1] = oibs[0].clone();
        }
    }
    names(&facts, "duplicate_holders", 1);
}
