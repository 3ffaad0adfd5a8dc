//! The Stripe stand-in, seen through async-stripe: what the backend will see.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what tests share may fail as tests do"
)]

mod answers;
mod authentication;
mod published;
mod receiver;
mod webhooks;

use std::collections::HashMap;
use std::time::Duration;

use platform::tasks::Tasks;
use stripe::{Client, ClientBuilder, IdempotencyKey, RequestStrategy, StripeError, StripeRequest};
use stripe_core::payment_intent::{
    CancelPaymentIntent, ConfirmPaymentIntent, CreatePaymentIntent, ListPaymentIntent, RetrievePaymentIntent,
};
use stripe_core::refund::CreateRefund;
use stripe_shared::{ApiErrorsCode, PaymentIntent, PaymentIntentStatus};
use stripe_types::Currency;
use testkit::stripe::{API_VERSION, Settings, Stripe};

fn stand_in() -> (Tasks, Stripe, Client) {
    let tasks = Tasks::new();
    let (stripe, client) = stand_in_with(&tasks, Settings::for_tests());
    (tasks, stripe, client)
}

fn stand_in_with(tasks: &Tasks, settings: Settings) -> (Stripe, Client) {
    // Several providers are linked into this workspace's tests: rustls wants to be told which. A second call changes nothing.
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    let stripe = testkit::stripe::start(tasks, settings).unwrap();
    let client = ClientBuilder::new("sk_test_stand_in")
        .url(stripe.base_url())
        .build()
        .unwrap();
    (stripe, client)
}

async fn create(client: &Client, cents: i64, key: &str) -> Result<PaymentIntent, StripeError> {
    CreatePaymentIntent::new(cents, Currency::EUR)
        .metadata(HashMap::from([("order_id".to_owned(), "order-7".to_owned())]))
        .customize()
        .request_strategy(RequestStrategy::Idempotent(IdempotencyKey::new(key).unwrap()))
        .send(client)
        .await
}

fn refusal(error: StripeError) -> (Box<stripe_shared::ApiErrors>, u16) {
    match error {
        StripeError::Stripe(errors, status) => (errors, status),
        other => panic!("not an answer of Stripe: {other}"),
    }
}

#[test]
fn the_version_is_the_one_that_the_client_pins() {
    assert_eq!(API_VERSION, stripe_shared::version::VERSION.as_str());
}

#[tokio::test]
async fn an_intent_is_created_read_confirmed_and_refunded() {
    let (tasks, _stripe, client) = stand_in();
    let intent = create(&client, 5300, "a").await.unwrap();
    assert_eq!(
        (intent.amount, intent.status.clone()),
        (5300, PaymentIntentStatus::RequiresPaymentMethod)
    );
    assert!(
        intent
            .client_secret
            .as_deref()
            .unwrap()
            .starts_with(intent.id.as_str())
    );

    let paid = ConfirmPaymentIntent::new(intent.id.clone())
        .payment_method("pm_card_visa")
        .send(&client)
        .await
        .unwrap();
    assert_eq!(
        (paid.status, paid.amount_received),
        (PaymentIntentStatus::Succeeded, 5300)
    );
    let read = RetrievePaymentIntent::new(intent.id.clone())
        .send(&client)
        .await
        .unwrap();
    assert!(read.latest_charge.is_some());
    assert_eq!(read.metadata.get("order_id").map(String::as_str), Some("order-7"));
    let expanded = RetrievePaymentIntent::new(intent.id.clone())
        .expand(vec!["latest_charge".to_owned()])
        .send(&client)
        .await
        .unwrap();
    assert_eq!(
        expanded
            .latest_charge
            .unwrap()
            .as_object()
            .unwrap()
            .amount_captured,
        5300
    );
    tasks.shutdown(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn what_was_captured_is_refunded_in_parts_and_never_twice() {
    let (tasks, stripe, client) = stand_in();
    let intent = create(&client, 5300, "a").await.unwrap();
    ConfirmPaymentIntent::new(intent.id.clone())
        .payment_method("pm_card_visa")
        .send(&client)
        .await
        .unwrap();

    let part = CreateRefund::new()
        .payment_intent(intent.id.as_str())
        .amount(300)
        .send(&client)
        .await
        .unwrap();
    assert_eq!(part.amount, 300);
    let rest = CreateRefund::new()
        .payment_intent(intent.id.as_str())
        .send(&client)
        .await
        .unwrap();
    assert_eq!(rest.amount, 5000);
    let (again, status) = refusal(
        CreateRefund::new()
            .payment_intent(intent.id.as_str())
            .send(&client)
            .await
            .unwrap_err(),
    );
    assert_eq!(
        (status, again.code),
        (400, Some(ApiErrorsCode::ChargeAlreadyRefunded))
    );

    let line = stripe.ledger()["intents"][0].clone();
    assert_eq!(
        (line["captured"].as_i64(), line["refunded"].as_i64()),
        (Some(5300), Some(5300))
    );
    tasks.shutdown(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_declined_card_leaves_the_intent_payable() {
    let (_tasks, stripe, client) = stand_in();
    let intent = create(&client, 1000, "a").await.unwrap();
    let confirm = |method: &str| ConfirmPaymentIntent::new(intent.id.clone()).payment_method(method);
    let (declined, status) = refusal(confirm("pm_card_chargeDeclined").send(&client).await.unwrap_err());
    assert_eq!((status, declined.code), (402, Some(ApiErrorsCode::CardDeclined)));
    assert_eq!(
        declined.payment_intent.unwrap().status,
        PaymentIntentStatus::RequiresPaymentMethod
    );
    assert_eq!(stripe.ledger()["intents"][0]["captured"], 0);
    let paid = confirm("pm_card_visa").send(&client).await.unwrap();
    assert_eq!(paid.status, PaymentIntentStatus::Succeeded);
    assert_eq!(stripe.ledger()["intents"][0]["captured"], 1000);
}

#[tokio::test]
async fn a_key_answers_the_same_or_refuses_other_parameters() {
    let (_tasks, stripe, client) = stand_in();
    let first = create(&client, 1000, "same").await.unwrap();
    let again = create(&client, 1000, "same").await.unwrap();
    assert_eq!(first.id, again.id);
    let (other, status) = refusal(create(&client, 2000, "same").await.unwrap_err());
    assert_eq!(
        (status, other.type_),
        (400, stripe_shared::ApiErrorsType::IdempotencyError)
    );
    assert_eq!(stripe.ledger()["intents"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_has_succeeded_cannot_be_cancelled_and_what_is_cancelled_cannot_be_paid() {
    let (_tasks, _stripe, client) = stand_in();
    let paid = create(&client, 1000, "a").await.unwrap();
    ConfirmPaymentIntent::new(paid.id.clone())
        .payment_method("pm_card_visa")
        .send(&client)
        .await
        .unwrap();
    let (error, status) = refusal(
        CancelPaymentIntent::new(paid.id.clone())
            .send(&client)
            .await
            .unwrap_err(),
    );
    assert_eq!(
        (status, error.code),
        (400, Some(ApiErrorsCode::PaymentIntentUnexpectedState))
    );
    assert_eq!(
        error.payment_intent.unwrap().status,
        PaymentIntentStatus::Succeeded
    );

    let left = create(&client, 1000, "b").await.unwrap();
    let canceled = CancelPaymentIntent::new(left.id.clone())
        .send(&client)
        .await
        .unwrap();
    assert_eq!(canceled.status, PaymentIntentStatus::Canceled);
    let confirm = ConfirmPaymentIntent::new(left.id.clone()).payment_method("pm_card_visa");
    let (error, _) = refusal(confirm.send(&client).await.unwrap_err());
    assert_eq!(error.code, Some(ApiErrorsCode::PaymentIntentUnexpectedState));
}

#[tokio::test]
async fn lists_go_newest_first_in_pages() {
    let (_tasks, _stripe, client) = stand_in();
    let mut ids = Vec::new();
    for key in ["a", "b", "c"] {
        ids.push(create(&client, 1000, key).await.unwrap().id);
    }
    let page = ListPaymentIntent::new().limit(2).send(&client).await.unwrap();
    assert!(page.has_more);
    assert_eq!(
        page.data
            .iter()
            .map(|intent| intent.id.clone())
            .collect::<Vec<_>>(),
        [ids[2].clone(), ids[1].clone()]
    );
    let rest = ListPaymentIntent::new()
        .starting_after(ids[1].as_str())
        .send(&client)
        .await
        .unwrap();
    assert_eq!((rest.has_more, rest.data.len()), (false, 1));
}

#[tokio::test]
async fn strangers_unknown_ids_and_raw_cards_are_refused() {
    let (_tasks, stripe, client) = stand_in();
    let stranger = ClientBuilder::new("sk_test_wrong")
        .url(stripe.base_url())
        .build()
        .unwrap();
    assert_eq!(refusal(create(&stranger, 1000, "a").await.unwrap_err()).1, 401);
    let unknown = RetrievePaymentIntent::new("pi_unknown")
        .send(&client)
        .await
        .unwrap_err();
    assert_eq!(refusal(unknown).0.code, Some(ApiErrorsCode::ResourceMissing));

    let intent = create(&client, 1000, "b").await.unwrap();
    let http = platform::http_client(Duration::from_secs(5)).unwrap();
    let confirm = format!("{}/v1/payment_intents/{}/confirm", stripe.base_url(), intent.id);
    let secret = intent.client_secret.unwrap();
    let raw = [
        ("client_secret", secret.as_str()),
        ("payment_method_data[card][number]", "4000056655665556"),
    ];
    assert_eq!(http.post(&confirm).form(&raw).send().await.unwrap().status(), 402);
    let guessed = [
        ("client_secret", "pi_secret_guess"),
        ("payment_method", "pm_card_visa"),
    ];
    assert_eq!(
        http.post(&confirm).form(&guessed).send().await.unwrap().status(),
        401
    );
    let fan = [
        ("client_secret", secret.as_str()),
        ("payment_method", "pm_card_visa"),
    ];
    assert_eq!(http.post(&confirm).form(&fan).send().await.unwrap().status(), 200);
}
