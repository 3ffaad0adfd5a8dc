//! Webhooks that a Stripe signs which others wrote.

use serde_json::{Value, json};

use crate::support::{eventually, variable};
use crate::world::World;

/// One `POST` to the counterpart, as Stripe's form.
async fn ask(world: &World, path: &str, form: &[(&str, &str)]) -> Value {
    let url = format!("{}{path}", variable("COUNTERPART_STRIPE"));
    let sent = world.http.post(url).bearer_auth("sk_test_any").form(form).send();
    let answer = sent.await.unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    assert!(status.is_success(), "{path} answered {status}: {text}");
    serde_json::from_str(&text).unwrap_or_default()
}

/// The counterpart tells `world` of everything that happens from now on, signed with `secret`.
async fn tell(world: &World, secret: &str) {
    let stripe = variable("COUNTERPART_STRIPE");
    let url = format!("{stripe}/_config/webhooks/{}", world.match_id);
    let webhook = json!({"url": format!("{}/webhooks/stripe", world.api_url), "secret": secret});
    let answer = world.http.post(url).json(&webhook).send().await.unwrap();
    assert!(answer.status().is_success(), "{answer:?}");
}

/// A paid intent of this test's own.
async fn pay(world: &World) -> String {
    let card = [
        ("type", "card"),
        ("card[number]", "4242424242424242"),
        ("card[exp_month]", "12"),
        ("card[exp_year]", "2039"),
        ("card[cvc]", "123"),
    ];
    let method = ask(world, "/v1/payment_methods", &card).await;
    let site = world.match_id.to_string();
    let intent = [
        ("amount", "8480"),
        ("currency", "eur"),
        ("payment_method", method["id"].as_str().unwrap()),
        ("confirm", "true"),
        ("metadata[site]", site.as_str()),
    ];
    let intent = ask(world, "/v1/payment_intents", &intent).await;
    assert_eq!(intent["status"], "succeeded", "{intent}");
    intent["id"].as_str().unwrap().to_owned()
}

async fn stored(world: &World, intent: &str) -> i64 {
    sqlx::query_scalar(
        "SELECT count(*) FROM gateway_events
         WHERE kind = 'payment_intent.succeeded' AND payload #>> '{data,object,id}' = $1",
    )
    .bind(intent)
    .fetch_one(&world.app.db)
    .await
    .unwrap()
}

#[tokio::test]
#[ignore = "`cargo xtask counterparts` starts the Stripe"]
async fn its_signature_is_verified_and_its_event_is_stored_once() {
    let (world, deceived) = (
        World::start_without_webhooks().await,
        World::start_without_webhooks().await,
    );
    // It goes through its webhooks in the order of their registration, one after the other.
    tell(&deceived, "whsec_of_somebody_else").await;
    tell(&world, "whsec_stand_in").await;

    let intent = pay(&world).await;

    eventually("the event is stored", || async {
        stored(&world, &intent).await == 1
    })
    .await;
    assert_eq!(stored(&deceived, &intent).await, 0, "not signed with our secret");
    world.stop().await;
    deceived.stop().await;
}
