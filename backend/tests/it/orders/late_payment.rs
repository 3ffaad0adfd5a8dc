//! Payments that land late, twice, or without a word: every captured cent ends as tickets or goes back.

use backend::jobs::Outcome;
use backend::payments::actions::{close_order, refund};
use chrono::TimeDelta;
use domain::ids::{OrderId, PaymentId};
use domain::staff::Role;
use platform::clock::{Clock, SystemClock};
use serde_json::{Value, json};

use crate::support::eventually;
use crate::world::World;

/// Longer than a session of the seeded match, shorter than session and landing.
const SESSION: u32 = 1_205;
/// Longer than a webhook takes, much shorter than a session.
const A_WHILE: u32 = 16;
/// Long after everything has lapsed.
const LONG: u32 = 3_600;

fn id(order: &Value) -> OrderId {
    serde_json::from_value(order["order_id"].clone()).unwrap()
}

fn refunded_and_captured(world: &World) -> (i64, i64) {
    let ledger = world.stripe.ledger();
    let sum = |member: &str| {
        let intents = ledger["intents"].as_array().unwrap().iter();
        intents.map(|intent| intent[member].as_i64().unwrap()).sum()
    };
    (sum("refunded"), sum("captured"))
}

/// The refund is through: what was captured went back, and nobody has a ticket.
async fn all_is_paid_back(world: &World) {
    eventually("the refund is through", || async {
        world
            .number("SELECT count(*) FROM refunds WHERE state = 'SUCCEEDED'")
            .await
            == 1
    })
    .await;
    assert_eq!(refunded_and_captured(world), (8_480, 8_480));
    assert_eq!(world.number("SELECT count(*) FROM tickets").await, 0);
}

/// Three others take all seats of zone A.
async fn others_take_everything(world: &World) {
    let until = SystemClock.now() + TimeDelta::minutes(10);
    for name in ["ben", "eva", "ivo"] {
        let other = world.fan(name).await;
        other.admit_until(until);
        other.hold(world.zones[0], 4).await.ok();
    }
}

#[tokio::test]
async fn a_payment_whose_webhook_never_comes_is_asked_about_before_the_session_ends() {
    let world = World::start_without_webhooks().await;
    let ana = world.fan("ana").await;
    let (order, _) = ana.order_and_pay(2).await;

    assert!(matches!(
        close_order(&world.app, id(&order)).await.unwrap(),
        Outcome::Again { .. }
    ));
    assert_eq!(ana.read_order(&order).await["state"], "AWAITING_PAYMENT");
    world.time_passes(A_WHILE).await;
    assert_eq!(close_order(&world.app, id(&order)).await.unwrap(), Outcome::Done);

    assert_eq!(ana.read_order(&order).await["state"], "COMPLETED");
    world.assert_books_balance().await;
    world.stop().await;
}

#[tokio::test]
async fn a_fan_who_has_not_paid_yet_is_left_in_peace_when_stripe_is_asked() {
    let world = World::start_without_webhooks().await;
    let ana = world.fan("ana").await;
    let order = ana.order(2).await;
    let payment = ana.start_payment(&order).await.ok();
    world.time_passes(A_WHILE).await;

    let asked = close_order(&world.app, id(&order)).await.unwrap();

    let Outcome::Again { after } = asked else {
        panic!("{asked:?}")
    };
    assert!(after.as_secs() >= 15, "less and less often: {after:?}");
    ana.pay(&payment, "pm_card_visa").await.ok();
    world.start_workers().await;
    world.time_passes(A_WHILE).await;
    ana.sees(&order, "COMPLETED").await;
    world.stop().await;
}

#[tokio::test]
async fn a_payment_that_lands_after_its_match_was_called_off_goes_back_whole() {
    let world = World::start_without_webhooks().await;
    let (iva, eva) = (
        world.clerk("iva", &[Role::MatchManager]).await,
        world.clerk("eva", &[Role::SuperAdmin]).await,
    );
    let ana = world.fan("ana").await;
    let (order, _) = ana.order_and_pay(2).await;
    let path = format!("/matches/{}/cancellation", world.match_id);
    let reason = json!({"reason": "a storm comes"});
    iva.post(&path, &reason).await.ok();
    eva.post(&format!("{path}/approval"), &reason).await.ok();

    world.start_workers().await;
    world.time_passes(A_WHILE).await;

    ana.sees(&order, "REFUNDED").await;
    assert_eq!(ana.read_order(&order).await["reason"], "MATCH_CANCELLED");
    all_is_paid_back(&world).await;
    world.assert_seats_are_whole().await;
    world.assert_books_balance().await;
    world.stop().await;
}

#[tokio::test]
async fn a_late_success_whose_seats_are_taken_goes_back_whole() {
    let world = World::start_without_webhooks().await;
    let ana = world.fan("ana").await;
    let (order, _) = ana.order_and_pay(2).await;
    world.time_passes(LONG).await;
    others_take_everything(&world).await;

    world.start_workers().await;

    ana.sees(&order, "REFUNDED").await;
    assert_eq!(ana.read_order(&order).await["reason"], "SEATS_GONE");
    all_is_paid_back(&world).await;
    assert_eq!(
        world.locked_seats().await,
        12,
        "what the others hold stays theirs"
    );
    world.assert_seats_are_whole().await;
    world.assert_books_balance().await;
    world.stop().await;
}

#[tokio::test]
async fn a_refund_that_takes_its_time_is_sent_once_and_asked_about_until_it_is_through() {
    let world = World::start_without_webhooks().await;
    let ana = world.fan("ana").await;
    let order = ana.order(2).await;
    let payment = ana.start_payment(&order).await.ok();
    ana.pay(&payment, "pm_card_pendingRefund").await.ok();
    world.time_passes(LONG).await;
    others_take_everything(&world).await;
    assert_eq!(close_order(&world.app, id(&order)).await.unwrap(), Outcome::Done);
    let payment_id = world.text("SELECT payment_id::text FROM refunds").await.unwrap();
    let payment_id = PaymentId(payment_id.parse().unwrap());

    let first = refund(&world.app, payment_id).await.unwrap();
    assert!(
        matches!(first, Outcome::Again { .. }),
        "Stripe says pending: {first:?}"
    );
    assert_eq!(refund(&world.app, payment_id).await.unwrap(), Outcome::Done);

    let through = "SELECT count(*) FROM refunds WHERE state = 'SUCCEEDED'";
    assert_eq!(world.number(through).await, 1);
    assert_eq!(refunded_and_captured(&world), (8_480, 8_480));
    world.assert_books_balance().await;
    world.stop().await;
}

#[tokio::test]
async fn a_late_success_gets_its_own_seats_if_nobody_took_them() {
    let world = World::start_without_webhooks().await;
    let ana = world.fan("ana").await;
    let (order, _) = ana.order_and_pay(2).await;
    world.time_passes(LONG).await;

    world.start_workers().await;

    ana.sees(&order, "COMPLETED").await;
    let seats = |lines: &Value, member: &str| -> Vec<String> {
        let mut seats: Vec<String> = lines
            .as_array()
            .unwrap()
            .iter()
            .map(|line| line[member].to_string())
            .collect();
        seats.sort();
        seats
    };
    assert_eq!(
        seats(&json!(ana.tickets().await), "seat_id"),
        seats(&order["lines"], "seat_id")
    );
    assert_eq!(refunded_and_captured(&world), (0, 8_480));
    world.assert_seats_are_whole().await;
    world.assert_books_balance().await;
    world.stop().await;
}

#[tokio::test]
async fn a_late_success_gets_equal_seats_if_its_fan_agreed() {
    let world = World::start_without_webhooks().await;
    let ana = world.fan("ana").await;
    let cart = ana.hold(world.zones[0], 2).await.ok();
    let body =
        json!({"cart_version": cart["version"], "holders": [world.person()], "accept_equal_seats": true});
    let order = ana
        .post(&format!("/matches/{}/checkout", world.match_id), &body)
        .await
        .ok();
    let payment = ana.start_payment(&order).await.ok();
    ana.pay(&payment, "pm_card_visa").await.ok();
    world.time_passes(LONG).await;
    let ben = world.fan("ben").await;
    let taken = ben.hold(world.zones[0], 2).await.ok();
    assert_eq!(taken["seats"], cart["seats"]);

    world.start_workers().await;

    ana.sees(&order, "COMPLETED").await;
    assert_eq!(ana.tickets().await.len(), 2);
    assert_eq!(ben.get(&ben.cart_path()).await.ok()["seats"], taken["seats"]);
    assert_eq!(refunded_and_captured(&world), (0, 8_480));
    world.assert_seats_are_whole().await;
    world.assert_books_balance().await;
    world.stop().await;
}

#[tokio::test]
async fn a_late_success_for_a_holder_who_found_a_ticket_elsewhere_goes_back() {
    let world = World::start_without_webhooks().await;
    let (ana, ben) = (world.fan("ana").await, world.fan("ben").await);
    let friend = [world.person()];
    let cart = ana.hold(world.zones[0], 2).await.ok();
    let order = ana.check_out(&cart, &friend).await.ok();
    let payment = ana.start_payment(&order).await.ok();
    ana.pay(&payment, "pm_card_visa").await.ok();
    world.time_passes(LONG).await;
    let cart = ben.hold(world.zones[1], 2).await.ok();
    ben.check_out(&cart, &friend).await.ok();

    world.start_workers().await;

    ana.sees(&order, "REFUNDED").await;
    assert_eq!(ana.read_order(&order).await["reason"], "HOLDER_HAS_TICKET");
    eventually("the money is back", || async {
        refunded_and_captured(&world) == (8_480, 8_480)
    })
    .await;
    world.assert_seats_are_whole().await;
    world.assert_books_balance().await;
    world.stop().await;
}

#[tokio::test]
async fn a_success_whose_webhook_never_came_is_found_at_the_end_of_the_session() {
    let world = World::start_without_webhooks().await;
    let ana = world.fan("ana").await;
    let (order, _) = ana.order_and_pay(1).await;

    let early = close_order(&world.app, id(&order)).await.unwrap();
    assert!(
        matches!(early, Outcome::Again { .. }),
        "the session is not over: {early:?}"
    );
    world.time_passes(SESSION).await;
    assert_eq!(close_order(&world.app, id(&order)).await.unwrap(), Outcome::Done);

    assert_eq!(ana.read_order(&order).await["state"], "COMPLETED");
    assert_eq!(ana.tickets().await.len(), 1);
    assert_eq!(refunded_and_captured(&world), (0, 4_240));
    world.assert_books_balance().await;
    world.stop().await;
}

#[tokio::test]
async fn an_order_that_nobody_pays_ends_with_its_session() {
    let world = World::start().await;
    let (ana, ben) = (world.fan("ana").await, world.fan("ben").await);
    let never_started = ana.order(2).await;
    let never_paid = ben.order(2).await;
    let payment = ben.start_payment(&never_paid).await.ok();
    world.time_passes(SESSION).await;

    world.start_workers().await;

    ana.sees(&never_started, "EXPIRED").await;
    ben.sees(&never_paid, "EXPIRED").await;
    assert_eq!(world.locked_seats().await, 0);
    assert_eq!(
        ben.pay(&payment, "pm_card_visa").await.status,
        400,
        "Stripe takes no card any more"
    );
    assert_eq!(
        world
            .number("SELECT count(*) FROM match_identities WHERE held_until > clock_timestamp()")
            .await,
        0
    );
    assert_eq!(refunded_and_captured(&world), (0, 0));
    world.assert_seats_are_whole().await;
    world.stop().await;
}
