//! 3-D Secure: the bank wants a second factor, which comes, fails, or never comes.

use std::time::Duration;

use platform::tasks::Tasks;
use serde_json::Value;
use stripe::Client;
use stripe_core::payment_intent::{CancelPaymentIntent, ConfirmPaymentIntent, RetrievePaymentIntent};
use stripe_shared::{ApiErrorsCode, PaymentIntent, PaymentIntentStatus};
use stripe_webhook::EventObject;
use testkit::stripe::{Settings, Stripe};

use crate::receiver::{Manner, Receiver, Taken};
use crate::{create, stand_in, stand_in_with};

/// An intent whose card wants a second factor.
async fn challenged(client: &Client) -> PaymentIntent {
    let intent = create(client, 1000, "a").await.unwrap();
    let confirm =
        ConfirmPaymentIntent::new(intent.id.clone()).payment_method("pm_card_authenticationRequired");
    let challenged = confirm.send(client).await.unwrap();
    assert_eq!(challenged.status, PaymentIntentStatus::RequiresAction);
    let action = challenged.next_action.as_ref().unwrap();
    assert_eq!(action.type_, "use_stripe_sdk");
    assert!(action.use_stripe_sdk.is_some());
    assert_eq!(challenged.amount_received, 0);
    challenged
}

/// What the fan's browser does at the bank's page.
async fn authenticate(stripe: &Stripe, intent: &str, form: &[(&str, &str)]) -> (u16, Value) {
    let http = platform::http_client(Duration::from_secs(5)).unwrap();
    let page = format!(
        "{}/stand-in/payment_intents/{intent}/authentication",
        stripe.base_url()
    );
    let answer = http.post(&page).form(form).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn read(client: &Client, intent: &PaymentIntent) -> PaymentIntent {
    let retrieve = RetrievePaymentIntent::new(intent.id.clone());
    retrieve.send(client).await.unwrap()
}

#[tokio::test]
async fn a_second_factor_pays_and_every_step_is_told() {
    let tasks = Tasks::new();
    let mut receiver = Receiver::start(&tasks, Manner::TakesAll);
    let settings = Settings {
        webhook_url: Some(receiver.url.clone()),
        ..Settings::for_tests()
    };
    let (stripe, client) = stand_in_with(&tasks, settings);
    let intent = challenged(&client).await;
    let secret = intent.client_secret.as_deref().unwrap();
    for outcome in ["failed", "succeeded"] {
        let form = [("client_secret", secret), ("outcome", outcome)];
        assert_eq!(authenticate(&stripe, intent.id.as_str(), &form).await.0, 200);
        let now = read(&client, &intent).await;
        assert!(now.next_action.is_none());
        if outcome == "failed" {
            assert_eq!(now.status, PaymentIntentStatus::RequiresPaymentMethod);
            let error = now.last_payment_error.unwrap();
            assert_eq!(
                error.code,
                Some(ApiErrorsCode::PaymentIntentAuthenticationFailure)
            );
            let again =
                ConfirmPaymentIntent::new(intent.id.clone()).payment_method("pm_card_authenticationRequired");
            again.send(&client).await.unwrap();
        } else {
            assert_eq!(now.status, PaymentIntentStatus::Succeeded);
            assert_eq!(now.amount_received, 1000);
            assert!(now.latest_charge.is_some());
        }
    }

    stripe.webhooks_settled().await;
    let taken = receiver.rest();
    for taken in &taken {
        match &taken.event.data.object {
            EventObject::PaymentIntentRequiresAction(intent) => assert!(intent.next_action.is_some()),
            EventObject::PaymentIntentPaymentFailed(intent) => assert!(intent.last_payment_error.is_some()),
            _ => {}
        }
    }
    let mut kinds: Vec<String> = taken.iter().map(Taken::kind).collect();
    kinds.sort();
    let expected = [
        "payment_intent.created",
        "payment_intent.payment_failed",
        "payment_intent.requires_action",
        "payment_intent.requires_action",
        "payment_intent.succeeded",
    ];
    assert_eq!(kinds, expected);
    assert_eq!(stripe.ledger()["intents"][0]["captured"], 1000);
    assert!(tasks.shutdown(Duration::from_secs(5)).await);
}

#[tokio::test]
async fn without_a_second_factor_nothing_is_captured_and_the_intent_may_be_cancelled() {
    let (_tasks, stripe, client) = stand_in();
    let intent = challenged(&client).await;
    assert_eq!(
        read(&client, &intent).await.status,
        PaymentIntentStatus::RequiresAction
    );
    let cancel = CancelPaymentIntent::new(intent.id.clone());
    let cancelled = cancel.send(&client).await.unwrap();
    assert_eq!(cancelled.status, PaymentIntentStatus::Canceled);
    assert!(cancelled.next_action.is_none());
    let secret = intent.client_secret.as_deref().unwrap();
    let form = [("client_secret", secret), ("outcome", "succeeded")];
    let (status, refused) = authenticate(&stripe, intent.id.as_str(), &form).await;
    assert_eq!(status, 400);
    assert_eq!(refused["error"]["code"], "payment_intent_unexpected_state");
    assert_eq!(stripe.ledger()["intents"][0]["captured"], 0);
}

#[tokio::test]
async fn a_fan_at_the_second_factor_may_take_another_card() {
    let (_tasks, _stripe, client) = stand_in();
    let intent = challenged(&client).await;
    let confirm = ConfirmPaymentIntent::new(intent.id.clone()).payment_method("pm_card_visa");
    let paid = confirm.send(&client).await.unwrap();
    assert_eq!(paid.status, PaymentIntentStatus::Succeeded);
    assert!(paid.next_action.is_none());
}

#[tokio::test]
async fn only_who_knows_the_secret_authenticates_and_only_with_a_known_outcome() {
    let (_tasks, stripe, client) = stand_in();
    let intent = challenged(&client).await;
    let secret = intent.client_secret.as_deref().unwrap();
    for (secret, outcome, status) in [
        ("pi_secret_guess", "succeeded", 401),
        (secret, "perhaps", 400),
        (secret, "succeeded", 200),
        (secret, "succeeded", 400),
    ] {
        let form = [("client_secret", secret), ("outcome", outcome)];
        let answered = authenticate(&stripe, intent.id.as_str(), &form).await.0;
        assert_eq!(answered, status, "{outcome}");
    }
}
