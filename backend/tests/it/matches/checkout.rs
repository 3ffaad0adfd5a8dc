//! `POST /matches/{id}/checkout`: a cart becomes an order.

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Fan, World, answer, fresh_key};

/// The same checkout as often as it is sent.
async fn check_out_as(fan: &Fan<'_>, key: &str, body: &Value) -> crate::world::Answer {
    let path = format!("/matches/{}/checkout", fan.world.match_id);
    let request = fan.request(Method::POST, &path);
    answer(request.header("Idempotency-Key", key).json(body)).await
}

#[tokio::test]
async fn ticket_one_is_the_buyers_and_prices_are_those_of_the_cart() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let cart = ana.hold(world.zones[0], 2).await.ok();
    let friend = world.person();

    let order = ana.check_out(&cart, std::slice::from_ref(&friend)).await.ok();

    assert_eq!(order["state"], "AWAITING_PAYMENT");
    assert_eq!(order["lines"][0]["holder_name"], ana.profile["full_name"]);
    assert_eq!(order["lines"][1]["holder_name"], friend["full_name"]);
    assert_eq!(order["lines"][0]["ticket_price"], "40.00");
    assert_eq!(order["lines"][0]["fee"], "2.40");
    assert_eq!(order["total"], "84.80");
    assert_eq!(order["pay_by"], cart["locked_until"]);
    let deeds = "SELECT count(*) FROM audit_entries WHERE deed = 'order.placed'";
    assert_eq!(world.number(deeds).await, 1, "an order is audited");
    world.assert_books_balance().await;
    world.stop().await;
}

#[tokio::test]
async fn no_document_number_is_stored_in_the_clear() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let cart = ana.hold(world.zones[0], 2).await.ok();
    let friend = world.person();
    ana.check_out(&cart, std::slice::from_ref(&friend)).await.ok();

    for number in [&ana.profile["oib"], &friend["oib"]] {
        let number = number.as_str().unwrap();
        for table in world.fingerprint().await.keys() {
            let found = format!(
                "DO $$ BEGIN IF EXISTS (SELECT FROM {table} t WHERE t::text LIKE '%{number}%' OR t::text LIKE '%' || \
                 encode('{number}', 'hex') || '%') THEN RAISE EXCEPTION '{number} is in {table}'; END IF; END $$"
            );
            world.execute(&found).await;
        }
    }
    world.stop().await;
}

#[tokio::test]
async fn a_profile_is_needed_before_buying() {
    let world = World::start().await;
    let ana = world.visitor("ana").await;
    ana.admit_for(600);
    let cart = ana.hold(world.zones[0], 1).await.ok();

    ana.check_out(&cart, &[]).await.refused(409, "profile-required");
    ana.create_profile().await;

    ana.check_out(&cart, &[]).await.ok();
    world.stop().await;
}

#[tokio::test]
async fn without_a_live_cart_there_is_nothing_to_check_out() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    ana.check_out(&json!({"version": 1}), &[])
        .await
        .refused(404, "no-cart");
    let cart = ana.hold(world.zones[0], 1).await.ok();

    ana.check_out(&json!({"version": 9}), &[])
        .await
        .refused(412, "cart-version-mismatch");
    world.time_passes(1_201).await;
    ana.check_out(&cart, &[]).await.refused(404, "no-cart");

    assert_eq!(world.number("SELECT count(*) FROM orders").await, 0);
    world.stop().await;
}

#[tokio::test]
async fn the_same_key_repeats_the_order_and_another_body_is_refused() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let cart = ana.hold(world.zones[0], 2).await.ok();
    let (key, friend) = (fresh_key(), world.person());
    let body = json!({"cart_version": cart["version"], "holders": [friend]});

    let first = check_out_as(&ana, &key, &body).await.ok();
    let again = check_out_as(&ana, &key, &body).await.ok();

    assert_eq!(first, again);
    let other = json!({"cart_version": cart["version"], "holders": [world.person()]});
    check_out_as(&ana, &key, &other)
        .await
        .refused(422, "idempotency-key-reused");
    check_out_as(&ana, &fresh_key(), &body)
        .await
        .refused(409, "order-open");
    assert_eq!(world.number("SELECT count(*) FROM orders").await, 1);
    assert_eq!(
        world
            .number("SELECT count(*) FROM audit_entries WHERE deed LIKE 'order.%'")
            .await,
        1
    );
    world.stop().await;
}

#[tokio::test]
async fn one_cart_checked_out_many_times_at_once_is_one_order() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let cart = ana.hold(world.zones[0], 1).await.ok();

    let checkouts = (0..10).map(|_| ana.check_out(&cart, &[]));
    let answers = futures_util::future::join_all(checkouts).await;

    let placed = answers.iter().filter(|answered| answered.status == 201).count();
    assert_eq!(placed, 1);
    assert!(
        answers
            .iter()
            .all(|answered| answered.status == 201 || answered.code() == "order-open")
    );
    assert_eq!(world.number("SELECT count(*) FROM orders").await, 1);
    world.stop().await;
}

#[tokio::test]
async fn a_session_that_ended_checks_nothing_out() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let cart = ana.hold(world.zones[0], 1).await.ok();
    ana.session_ends("SESSION_EXPIRED").await;

    ana.check_out(&cart, &[])
        .await
        .refused(401, "queue-session-expired");

    assert_eq!(world.number("SELECT count(*) FROM orders").await, 0);
    world.stop().await;
}
