//! `POST /orders/{id}/payment`: from an order to tickets, through Stripe, webhook, bus and consumer.

use serde_json::json;

use crate::support::eventually;
use crate::world::World;

/// What truly happened at Stripe to the one intent of this test.
fn intent(world: &World) -> serde_json::Value {
    let ledger = world.stripe.ledger();
    assert_eq!(ledger["intents"].as_array().unwrap().len(), 1, "{ledger}");
    ledger["intents"][0].clone()
}

#[tokio::test]
async fn a_paid_order_becomes_tickets() {
    let world = World::start().await;
    world.start_workers().await;
    let ana = world.fan("ana").await;

    let order = ana.order(3).await;
    let payment = ana.start_payment(&order).await.ok();
    assert_eq!(
        (&payment["amount"], &payment["currency"]),
        (&order["total"], &json!("EUR"))
    );
    ana.pay(&payment, "pm_card_visa").await.ok();
    ana.sees(&order, "COMPLETED").await;

    assert_eq!(ana.tickets().await.len(), 3);
    assert_eq!(world.number("SELECT count(*) FROM tickets").await, 3);
    assert_eq!(
        world
            .number("SELECT count(*) FROM match_seat_inventory WHERE status = 'SOLD'")
            .await,
        3
    );
    assert_eq!(world.locked_seats().await, 0);
    world.assert_seats_are_whole().await;
    world.assert_books_balance().await;
    eventually("the waiting room has its place back", || async {
        world.room.completed().len() == 1
    })
    .await;
    eventually("the confirmation is on the bus", || async {
        let sql =
            "SELECT count(*) FROM outbox WHERE kind = 'mail.order_confirmation' AND published_at IS NOT NULL";
        world.number(sql).await == 1
    })
    .await;
    world.stop().await;
}

#[tokio::test]
async fn starting_again_answers_the_same_intent() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let order = ana.order(1).await;

    let first = ana.start_payment(&order).await.ok();
    let attempts = (0..5).map(|_| ana.start_payment(&order));
    for again in futures_util::future::join_all(attempts).await {
        assert_eq!(again.ok(), first);
    }

    assert_eq!(intent(&world)["amount"], 4_240);
    assert_eq!(world.number("SELECT count(*) FROM payments").await, 1);
    world.stop().await;
}

#[tokio::test]
async fn first_attempts_at_once_make_one_payment() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let order = ana.order(1).await;

    let attempts = (0..10).map(|_| ana.start_payment(&order));
    let answers = futures_util::future::join_all(attempts).await;

    let started: Vec<_> = answers
        .into_iter()
        .filter(|answered| answered.status == 200)
        .collect();
    assert!(!started.is_empty());
    let ids: std::collections::BTreeSet<String> = started
        .into_iter()
        .map(|answered| answered.ok()["payment_intent_id"].to_string())
        .collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(world.number("SELECT count(*) FROM payments").await, 1);
    assert_eq!(intent(&world)["status"], "requires_payment_method");
    world.stop().await;
}

#[tokio::test]
async fn a_declined_card_leaves_the_order_payable() {
    let world = World::start().await;
    world.start_workers().await;
    let ana = world.fan("ana").await;
    let order = ana.order(1).await;
    let payment = ana.start_payment(&order).await.ok();

    assert_eq!(ana.pay(&payment, "pm_card_chargeDeclined").await.status, 402);
    let again = ana.start_payment(&order).await.ok();
    assert_eq!(again["payment_intent_id"], payment["payment_intent_id"]);
    ana.pay(&again, "pm_card_visa").await.ok();

    ana.sees(&order, "COMPLETED").await;
    world.stop().await;
}

#[tokio::test]
async fn a_card_that_wants_a_second_factor_pays_once_that_came() {
    let world = World::start().await;
    world.start_workers().await;
    let ana = world.fan("ana").await;
    let order = ana.order(2).await;
    let payment = ana.start_payment(&order).await.ok();

    let challenged = ana.pay(&payment, "pm_card_authenticationRequired").await.ok();
    assert_eq!(challenged["status"], "requires_action");
    let again = ana.start_payment(&order).await.ok();
    assert_eq!(again, payment, "the payment goes on where it was");
    ana.authenticate(&payment, "failed").await.ok();
    ana.pay(&payment, "pm_card_authenticationRequired").await.ok();
    assert_eq!(ana.read_order(&order).await["state"], "AWAITING_PAYMENT");
    ana.authenticate(&payment, "succeeded").await.ok();

    ana.sees(&order, "COMPLETED").await;
    assert_eq!(ana.tickets().await.len(), 2);
    world.assert_books_balance().await;
    world.stop().await;
}

#[tokio::test]
async fn no_attempt_starts_in_the_last_moments_of_a_session() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    ana.admit_for(80);
    let order = ana.order(1).await;

    ana.start_payment(&order).await.refused(409, "session-ending");

    assert_eq!(world.number("SELECT count(*) FROM payments").await, 0);
    assert_eq!(world.stripe.ledger()["intents"], json!([]));
    world.stop().await;
}

#[tokio::test]
async fn a_started_payment_holds_everything_until_it_can_have_landed() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let order = ana.order(2).await;
    ana.start_payment(&order).await.ok();

    let ends = "SELECT count(DISTINCT e)::bigint FROM (
        SELECT locked_until AS e FROM match_seat_inventory WHERE locked_until IS NOT NULL
        UNION ALL SELECT held_until FROM match_identities
        UNION ALL SELECT cart_until FROM match_buyers
        UNION ALL SELECT locked_until FROM carts
        UNION ALL SELECT session_ends_at + interval '60 s' FROM orders) ends";
    assert_eq!(world.number(ends).await, 1);
    world.stop().await;
}

#[tokio::test]
async fn only_the_buyer_may_pay() {
    let world = World::start().await;
    let (ana, ben) = (world.fan("ana").await, world.fan("ben").await);
    let order = ana.order(1).await;

    ben.start_payment(&order).await.refused(404, "not-found");
    let nobodys = json!({"order_id": uuid::Uuid::nil().to_string()});
    ana.start_payment(&nobodys).await.refused(404, "not-found");

    world.stop().await;
}

#[tokio::test]
async fn while_stripe_is_away_the_fan_is_told_to_try_again() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let order = ana.order(1).await;
    world.stripe.stop().await;

    let answered = ana.start_payment(&order).await;
    assert!(answered.header("retry-after").is_some());
    answered.refused(503, "gateway-unavailable");

    assert_eq!(ana.read_order(&order).await["state"], "AWAITING_PAYMENT");
    assert_eq!(world.locked_seats().await, 1);
    world.stop().await;
}

#[tokio::test]
async fn an_order_that_has_ended_cannot_be_paid() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let order = ana.order(1).await;
    ana.cancel(&order).await.ok();

    ana.start_payment(&order).await.refused(409, "order-not-payable");

    world.stop().await;
}

#[tokio::test]
async fn a_purchase_never_waits_for_the_bus_and_the_bus_finds_it_done() {
    let world = World::start().await;
    world.start_workers_without_bus();
    let ana = world.fan("ana").await;
    let (order, _) = ana.order_and_pay(2).await;
    eventually("the webhook is stored", || async {
        world
            .number("SELECT count(*) FROM gateway_events WHERE kind = 'payment_intent.succeeded'")
            .await
            == 1
    })
    .await;
    world
        .execute("UPDATE gateway_events SET received_at = received_at - interval '6 s'")
        .await;

    ana.sees(&order, "COMPLETED").await;

    world.start_workers().await;
    eventually("everything has left", || async {
        world
            .number("SELECT count(*) FROM outbox WHERE published_at IS NULL")
            .await
            == 0
    })
    .await;
    eventually("the consumer has seen the event", || async {
        world.number("SELECT count(*) FROM inbox").await > 0
    })
    .await;
    assert_eq!(world.number("SELECT count(*) FROM tickets").await, 2);
    assert_eq!(
        world
            .number("SELECT count(*) FROM outbox WHERE kind = 'order.completed'")
            .await,
        1
    );
    world.assert_books_balance().await;
    world.stop().await;
}

#[tokio::test]
async fn a_lock_that_somebody_keeps_is_our_outage_and_not_a_broken_answer() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let order = ana.order(1).await;
    let mut frozen = world.app.db.begin().await.unwrap();
    sqlx::query_scalar::<_, i64>("SELECT order_number FROM orders FOR UPDATE")
        .fetch_one(&mut *frozen)
        .await
        .unwrap();

    let answered = ana.start_payment(&order).await;

    assert!(answered.header("retry-after").is_some());
    answered.refused(503, "unavailable");
    frozen.rollback().await.unwrap();
    ana.start_payment(&order).await.ok();
    world.stop().await;
}
