//! `POST /webhooks/stripe`: verified, kept once, applied once, whatever comes in whatever order.

use hmac::{Hmac, KeyInit, Mac};
use platform::clock::{Clock, SystemClock};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::eventually;
use crate::world::{Answer, World, answer};

fn signature(secret: &str, at: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{at}.{body}").as_bytes());
    format!("t={at},v1={}", hex::encode(mac.finalize().into_bytes()))
}

async fn deliver_signed(world: &World, body: &str, signature: &str) -> Answer {
    let request = world.http.post(format!("{}/webhooks/stripe", world.api_url));
    answer(
        request
            .header("Content-Type", "application/json")
            .header("Stripe-Signature", signature)
            .body(body.to_owned()),
    )
    .await
}

async fn deliver(world: &World, body: &str) -> Answer {
    let now = SystemClock.now().timestamp();
    deliver_signed(world, body, &signature("whsec_stand_in", now, body)).await
}

/// An event about the one intent of this world, as it stands at Stripe but with this `status`.
fn event(world: &World, id: &str, kind: &str) -> String {
    let intent = world.stripe.ledger()["intents"][0].clone();
    let object = json!({
        "id": intent["id"], "object": "payment_intent", "amount_received": intent["captured"],
        "currency": intent["currency"], "metadata": intent["metadata"],
    });
    json!({"id": id, "object": "event", "type": kind, "data": {"object": object}}).to_string()
}

async fn all_applied(world: &World) {
    eventually("every webhook is applied", || async {
        world
            .number("SELECT count(*) FROM gateway_events WHERE applied_at IS NULL")
            .await
            == 0
    })
    .await;
}

#[tokio::test]
async fn webhooks_that_come_twice_and_in_any_order_make_one_set_of_tickets() {
    let world = World::start_without_webhooks().await;
    world.start_workers().await;
    let ana = world.fan("ana").await;
    let (order, _) = ana.order_and_pay(2).await;

    for (id, kind) in [
        ("evt_late", "payment_intent.payment_failed"),
        ("evt_paid", "payment_intent.succeeded"),
        ("evt_paid", "payment_intent.succeeded"),
        ("evt_paid_again", "payment_intent.succeeded"),
        ("evt_created", "payment_intent.created"),
        ("evt_canceled", "payment_intent.canceled"),
    ] {
        let answered = deliver(&world, &event(&world, id, kind)).await;
        assert_eq!(answered.status, 200);
    }

    ana.sees(&order, "COMPLETED").await;
    all_applied(&world).await;
    assert_eq!(world.number("SELECT count(*) FROM gateway_events").await, 5);
    assert_eq!(ana.tickets().await.len(), 2);
    assert_eq!(
        world
            .number("SELECT count(DISTINCT movement_id) FROM ledger_entries")
            .await,
        1
    );
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
async fn a_webhook_that_stripe_did_not_sign_is_not_kept() {
    let world = World::start().await;
    let body = json!({"id": "evt_1", "type": "payment_intent.succeeded", "data": {}}).to_string();
    let now = SystemClock.now().timestamp();

    for forged in [
        String::new(),
        "t=1,v1=".to_owned(),
        format!("t={now},v1=zz"),
        signature("whsec_another", now, &body),
        signature("whsec_stand_in", now - 3_600, &body),
        signature("whsec_stand_in", now, "another body"),
    ] {
        deliver_signed(&world, &body, &forged)
            .await
            .refused(400, "bad-signature");
    }

    assert_eq!(world.number("SELECT count(*) FROM gateway_events").await, 0);
    world.stop().await;
}

#[tokio::test]
async fn whatever_stripe_signed_is_kept() {
    let world = World::start().await;

    for body in [
        "no json at all".to_owned(),
        json!({"id": "evt_new", "type": "of.tomorrow", "data": {"object": {"id": "x"}}}).to_string(),
        json!({"id": "evt_site", "type": "payment_intent.succeeded",
            "data": {"object": {"metadata": {"site": "a.b.>"}}}})
        .to_string(),
        r#"{"id": "evt_nul", "type": "of.tomorrow", "data": {"object": {"name": "a\u0000b"}}}"#.to_owned(),
    ] {
        let answered = deliver(&world, &body).await;
        assert_eq!(answered.status, 200, "{body}: {answered:?}");
    }

    assert_eq!(world.number("SELECT count(*) FROM gateway_events").await, 4);
    assert_eq!(
        world
            .number("SELECT count(*) FROM outbox WHERE nats_subject = 'stripe.unknown'")
            .await,
        4,
        "none of them may choose its own subject"
    );
    world.stop().await;
}

#[tokio::test]
async fn a_success_of_an_unknown_intent_is_kept_and_changes_nothing() {
    let world = World::start_without_webhooks().await;
    world.start_workers().await;
    let object = json!({"id": "pi_nobodys", "amount_received": 100, "currency": "eur", "metadata": {"site": "backend"}});
    let body = json!({"id": "evt_x", "type": "payment_intent.succeeded", "data": {"object": object}});

    assert_eq!(deliver(&world, &body.to_string()).await.status, 200);

    all_applied(&world).await;
    let outcome = world.text("SELECT outcome FROM gateway_events").await;
    assert_eq!(outcome.as_deref(), Some("UNKNOWN_PAYMENT"));
    assert_eq!(world.number("SELECT count(*) FROM ledger_entries").await, 0);
    world.stop().await;
}

#[tokio::test]
async fn a_wrong_amount_goes_back_whole() {
    let world = World::start_without_webhooks().await;
    let ana = world.fan("ana").await;
    let (order, _) = ana.order_and_pay(1).await;
    let mut told: Value =
        serde_json::from_str(&event(&world, "evt_less", "payment_intent.succeeded")).unwrap();
    told["data"]["object"]["amount_received"] = json!(100);
    deliver(&world, &told.to_string()).await;

    world.start_workers().await;

    ana.sees(&order, "REFUNDED").await;
    assert_eq!(ana.read_order(&order).await["reason"], "WRONG_AMOUNT");
    assert_eq!(world.number("SELECT count(*) FROM tickets").await, 0);
    world.assert_books_balance().await;
    world.stop().await;
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_a_problem_like_any_other() {
    let world = World::start().await;
    let huge = "x".repeat(300 * 1024);
    deliver(&world, &huge).await.refused(413, "body-too-large");

    let request = world.http.post(format!("{}/webhooks/stripe", world.api_url));
    let no_text = answer(
        request
            .header("Stripe-Signature", "t=1,v1=00")
            .body(vec![0xff, 0xfe, 0x00]),
    )
    .await;
    no_text.refused(400, "invalid-request");

    assert_eq!(world.number("SELECT count(*) FROM gateway_events").await, 0);
    world.stop().await;
}
