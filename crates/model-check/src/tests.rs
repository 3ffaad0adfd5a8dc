use std::collections::BTreeSet;

use stateright::{Checker, Expectation, HasDiscoveries, Model};

use crate::promises::{GONE_IS_GONE, KEPT, LIMIT_KEPT, ONE_CART, ONE_OWNER};
use crate::sale::{Guard, Sale};
use crate::{sales, threads};

/// What was found of a sale: broken promises, and what happened at some time.
fn found(sale: Sale) -> (BTreeSet<&'static str>, BTreeSet<&'static str>) {
    let checker = sale.checker().threads(threads()).spawn_bfs().join();
    println!(
        "{} states, {} of them different, {} steps deep",
        checker.state_count(),
        checker.unique_state_count(),
        checker.max_depth()
    );
    let (mut broken, mut happened) = (BTreeSet::new(), BTreeSet::new());
    for property in checker.model().properties() {
        if let Some(path) = checker.discovery(property.name) {
            match property.expectation {
                Expectation::Always | Expectation::Eventually => {
                    println!("{}: {:?}", property.name, path.into_actions());
                    broken.insert(property.name);
                }
                Expectation::Sometimes => {
                    happened.insert(property.name);
                }
            }
        }
    }
    (broken, happened)
}

#[test]
fn every_promise_is_kept_in_every_order_of_events_and_every_danger_was_met() {
    let mut met = BTreeSet::new();
    for (name, sale) in sales() {
        let (broken, happened) = found(sale);
        assert_eq!(broken, BTreeSet::new(), "{name}");
        met.extend(happened);
    }
    let dangers = crate::promises::all();
    for danger in dangers
        .iter()
        .filter(|one| matches!(one.expectation, Expectation::Sometimes))
    {
        assert!(met.contains(danger.name), "never: {}", danger.name);
    }
}

/// Without a guard this promise is broken, and somebody sees it: looked for until it is found.
fn is_missed(guard: Guard, promise: &'static str) {
    let is_broken = sales().into_iter().any(|(_, sale)| {
        let found = HasDiscoveries::AnyOf(BTreeSet::from([promise]));
        let checker = sale
            .without(guard)
            .checker()
            .threads(threads())
            .finish_when(found)
            .spawn_bfs()
            .join();
        checker.discovery(promise).is_some()
    });
    assert!(
        is_broken,
        "without {guard:?} nobody sees that not always {promise}"
    );
}

#[test]
fn without_row_locks_on_seats_a_seat_has_two_owners() {
    is_missed(Guard::SeatLock, ONE_OWNER);
}

#[test]
fn without_row_locks_on_buyers_somebody_has_more_than_the_limit() {
    is_missed(Guard::BuyerLock, LIMIT_KEPT);
}

#[test]
fn an_answer_before_the_commit_may_be_of_a_hold_that_never_was() {
    is_missed(Guard::CommitBeforeAnswer, KEPT);
}

#[test]
fn what_comes_back_within_the_session_is_not_gone() {
    is_missed(Guard::BackWithinSession, GONE_IS_GONE);
}

#[test]
fn a_key_that_nobody_looks_up_makes_two_carts() {
    is_missed(Guard::Key, ONE_CART);
}

#[test]
fn a_late_payment_that_does_not_look_takes_somebodys_seats() {
    is_missed(Guard::StillOurs, ONE_OWNER);
}
