//! Every answer of the stand-in, in every state that it reaches, against what Stripe publishes.

use std::collections::BTreeSet;
use std::time::Duration;

use platform::tasks::Tasks;
use serde_json::{Value, json};
use testkit::stripe::{Settings, Stripe};

use crate::published::{Published, read_by_the_client};
use crate::receiver::{Manner, Receiver};
use crate::stand_in_with;

const INTENTS: &str = "/v1/payment_intents";
const REFUNDS: &str = "/v1/refunds";
const CREATION: [(&str, &str); 6] = [
    ("amount", "5300"),
    ("currency", "eur"),
    ("description", "Dinamo – Hajduk"),
    ("receipt_email", "ana@example.hr"),
    ("metadata[order_id]", "order-7"),
    ("metadata[match_id]", "match-1"),
];

type Form<'a> = &'a [(&'a str, &'a str)];

/// Speaks HTTP, so that nothing of an answer is lost, and judges all that it hears.
struct Caller {
    tasks: Tasks,
    stripe: Stripe,
    http: reqwest::Client,
    published: Published,
}

impl Caller {
    fn new(settings: impl FnOnce(&Tasks) -> Settings) -> Self {
        let tasks = Tasks::new();
        let settings = settings(&tasks);
        let (stripe, _) = stand_in_with(&tasks, settings);
        Self {
            tasks,
            stripe,
            http: platform::http_client(Duration::from_secs(5)).unwrap(),
            published: Published::new(),
        }
    }

    async fn end(self) {
        assert!(self.tasks.shutdown(Duration::from_secs(5)).await);
    }

    async fn hear(&self, request: reqwest::RequestBuilder) -> (u16, Value) {
        let answer = request.send().await.unwrap();
        let heard = (answer.status().as_u16(), answer.json().await.unwrap());
        self.judge(&heard.1);
        heard
    }

    fn judge(&self, answer: &Value) {
        let departures = self.published.departures(answer);
        assert!(departures.is_empty(), "{departures:#?} in {answer:#}");
        read_by_the_client(answer);
    }

    fn posting(&self, path: &str, form: Form<'_>) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.stripe.base_url());
        self.http.post(url).bearer_auth("sk_test_stand_in").form(form)
    }

    async fn post(&self, path: &str, form: Form<'_>) -> (u16, Value) {
        self.hear(self.posting(path, form)).await
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let url = format!("{}{path}", self.stripe.base_url());
        self.hear(self.http.get(url).bearer_auth("sk_test_stand_in"))
            .await
    }

    /// The id of a new intent.
    async fn intent(&self) -> String {
        text(&self.post(INTENTS, &CREATION).await.1["id"])
    }

    async fn confirm(&self, intent: &str, card: &str) -> (u16, Value) {
        let path = format!("{INTENTS}/{intent}/confirm");
        self.post(&path, &[("payment_method", card)]).await
    }

    async fn authenticate(&self, intent: &str, outcome: &str) -> (u16, Value) {
        let path = format!("/stand-in/payment_intents/{intent}/authentication");
        self.post(&path, &[("outcome", outcome)]).await
    }

    /// The intent as it is now, with and without its charge; the charge alone.
    async fn look(&self, intent: &str) -> (Value, Value) {
        let path = format!("{INTENTS}/{intent}");
        let (status, plain) = self.get(&path).await;
        assert_eq!(status, 200);
        let (_, expanded) = self.get(&format!("{path}?expand[]=latest_charge")).await;
        let charge = match plain["latest_charge"].as_str() {
            Some(id) => self.get(&format!("/v1/charges/{id}")).await.1,
            None => Value::Null,
        };
        assert_eq!(expanded["latest_charge"], charge);
        (plain, charge)
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_intent_is_as_published_in_every_state() {
    let caller = Caller::new(|_| Settings::for_tests());
    let intent = caller.intent().await;
    let (fresh, _) = caller.look(&intent).await;
    assert_eq!(fresh["status"], "requires_payment_method");
    assert_eq!(fresh["last_payment_error"], json!(null));

    for (card, code) in [
        ("pm_card_chargeDeclined", "card_declined"),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card"),
    ] {
        assert_eq!(caller.confirm(&intent, card).await.0, 402);
        let (declined, charge) = caller.look(&intent).await;
        assert_eq!(declined["last_payment_error"]["code"], code);
        assert_eq!(
            (&charge["status"], &charge["failure_code"]),
            (&json!("failed"), &json!(code))
        );
    }

    for outcome in ["failed", "succeeded"] {
        let (status, asked) = caller.confirm(&intent, "pm_card_authenticationRequired").await;
        assert_eq!((status, &asked["status"]), (200, &json!("requires_action")));
        assert_eq!(asked["next_action"]["type"], "use_stripe_sdk");
        assert_eq!(caller.authenticate(&intent, outcome).await.0, 200);
        let (now, _) = caller.look(&intent).await;
        let is_paid = outcome == "succeeded";
        assert_eq!(now["last_payment_error"].is_null(), is_paid);
        assert_eq!(now["status"] == "succeeded", is_paid);
    }
    let (paid, charge) = caller.look(&intent).await;
    assert_eq!(paid["payment_method"], charge["payment_method"]);
    assert_eq!(charge["outcome"]["type"], "authorized");

    for form in [&[][..], &[("cancellation_reason", "abandoned")]] {
        let left = caller.intent().await;
        let (status, cancelled) = caller.post(&format!("{INTENTS}/{left}/cancel"), form).await;
        assert_eq!((status, &cancelled["status"]), (200, &json!("canceled")));
        assert_eq!(cancelled["cancellation_reason"].is_null(), form.is_empty());
        caller.look(&left).await;
    }
    caller.end().await;
}

#[tokio::test]
async fn charges_and_refunds_are_as_published_in_every_state() {
    let caller = Caller::new(|_| Settings::for_tests());
    for (card, brand, state) in [
        ("pm_card_visa", "visa", "succeeded"),
        ("pm_card_mastercard", "mastercard", "succeeded"),
        ("pm_card_pendingRefund", "visa", "pending"),
    ] {
        let intent = caller.intent().await;
        assert_eq!(caller.confirm(&intent, card).await.0, 200);
        let (_, charge) = caller.look(&intent).await;
        assert_eq!(charge["payment_method_details"]["card"]["brand"], brand);

        for form in [
            &[("amount", "300"), ("reason", "requested_by_customer")][..],
            &[("metadata[order_id]", "order-7")],
        ] {
            let whole = [&[("payment_intent", intent.as_str())], form].concat();
            let (status, refund) = caller.post(REFUNDS, &whole).await;
            assert_eq!((status, &refund["status"]), (200, &json!(state)));
            let (status, read) = caller.get(&format!("{REFUNDS}/{}", text(&refund["id"]))).await;
            assert_eq!((status, &read["status"]), (200, &json!("succeeded")));
            let (_, charge) = caller.look(&intent).await;
            assert_eq!(charge["refunded"], form.len() == 1);
        }
        let (_, refunds) = caller.get(&format!("{REFUNDS}?payment_intent={intent}")).await;
        assert_eq!(refunds["data"].as_array().unwrap().len(), 2);
    }
    caller.end().await;
}

#[tokio::test]
async fn lists_are_as_published_be_they_empty_full_or_expanded() {
    let caller = Caller::new(|_| Settings::for_tests());
    assert_eq!(caller.get(INTENTS).await.1["data"], json!([]));
    let intent = caller.intent().await;
    let none = caller.get(&format!("{REFUNDS}?payment_intent={intent}")).await;
    assert_eq!(none.1["data"], json!([]));
    caller.confirm(&intent, "pm_card_visa").await;
    caller.intent().await;
    let (_, first) = caller.get(&format!("{INTENTS}?limit=1")).await;
    assert_eq!(first["has_more"], true);
    let (_, all) = caller
        .get(&format!("{INTENTS}?expand[]=data.latest_charge"))
        .await;
    assert_eq!(all["data"][1]["latest_charge"]["object"], "charge");
    caller.end().await;
}

#[tokio::test]
async fn every_webhook_is_as_published() {
    let mut receiver = None;
    let caller = Caller::new(|tasks| {
        let url = receiver
            .insert(Receiver::start(tasks, Manner::TakesAll))
            .url
            .clone();
        Settings {
            webhook_url: Some(url),
            ..Settings::for_tests()
        }
    });
    let intent = caller.intent().await;
    caller.confirm(&intent, "pm_card_chargeDeclined").await;
    for outcome in ["failed", "succeeded"] {
        caller.confirm(&intent, "pm_card_authenticationRequired").await;
        caller.authenticate(&intent, outcome).await;
    }
    let keyed = caller.posting(REFUNDS, &[("payment_intent", &intent)]);
    caller.hear(keyed.header("Idempotency-Key", "refund-1")).await;
    let left = caller.intent().await;
    caller.post(&format!("{INTENTS}/{left}/cancel"), &[]).await;

    caller.stripe.webhooks_settled().await;
    let mut kinds = BTreeSet::new();
    for taken in receiver.unwrap().rest() {
        caller.judge(&serde_json::from_str(&taken.body).unwrap());
        kinds.insert(taken.kind());
    }
    let expected = [
        "charge.refunded",
        "payment_intent.canceled",
        "payment_intent.created",
        "payment_intent.payment_failed",
        "payment_intent.requires_action",
        "payment_intent.succeeded",
        "refund.created",
        "refund.updated",
    ];
    assert!(kinds.iter().eq(expected), "{kinds:?}");
    caller.end().await;
}

/// A refusal: status, type, code, and what else is told. The codes are those of Stripe's page "Error codes"; which refusal has
/// which is what we know of Stripe, for it publishes no examples.
type Refusal = (u16, &'static str, Option<&'static str>, &'static [&'static str]);

const INVALID: &str = "invalid_request_error";
const WITH_DECLINE: &[&str] = &["decline_code", "charge", "payment_intent"];
const DECLINED: Refusal = (402, "card_error", Some("card_declined"), WITH_DECLINE);
const EXPIRED: Refusal = (402, "card_error", Some("expired_card"), WITH_DECLINE);
const RAW_CARD: Refusal = (402, INVALID, None, &["param"]);
const UNEXPECTED_STATE: Refusal = (
    400,
    INVALID,
    Some("payment_intent_unexpected_state"),
    &["payment_intent"],
);
const MISSING: Refusal = (400, INVALID, Some("parameter_missing"), &["param"]);
const WRONG: Refusal = (400, INVALID, None, &["param"]);
const TOO_SMALL: Refusal = (400, INVALID, Some("amount_too_small"), &["param"]);
const TOO_LARGE: Refusal = (400, INVALID, Some("amount_too_large"), &["param"]);
const UNPAID: Refusal = (400, INVALID, None, &[]);
const REFUNDED: Refusal = (400, INVALID, Some("charge_already_refunded"), &[]);
const UNKNOWN_CARD: Refusal = (400, INVALID, Some("resource_missing"), &["param"]);
const NOT_THERE: Refusal = (404, INVALID, Some("resource_missing"), &["param"]);
const NO_ROUTE: Refusal = (404, INVALID, None, &[]);
const KEY_REUSED: Refusal = (400, "idempotency_error", None, &[]);
const STRANGER: Refusal = (401, INVALID, None, &[]);

fn assert_refused((status, answer): (u16, Value), (published, kind, code, told): Refusal) {
    let error = &answer["error"];
    assert_eq!((status, &error["type"]), (published, &json!(kind)), "{answer}");
    assert_eq!(error["code"].as_str(), code, "{answer}");
    assert!(error["message"].is_string(), "{answer}");
    assert_eq!(error["doc_url"].is_string(), code.is_some(), "{answer}");
    for member in told {
        assert!(!error[member].is_null(), "{member} in {answer}");
    }
}

#[tokio::test]
async fn refusals_are_as_published() {
    let caller = Caller::new(|_| Settings::for_tests());
    let (paid, left) = (caller.intent().await, caller.intent().await);
    for (card, refusal) in [
        ("pm_card_chargeDeclined", DECLINED),
        ("pm_card_chargeDeclinedExpiredCard", EXPIRED),
    ] {
        assert_refused(caller.confirm(&paid, card).await, refusal);
    }
    caller.confirm(&paid, "pm_card_visa").await;
    caller.post(REFUNDS, &[("payment_intent", &paid)]).await;

    let cancel = format!("{INTENTS}/{paid}/cancel");
    let confirm = format!("{INTENTS}/{left}/confirm");
    let posts: [(&str, Form<'_>, Refusal); 11] = [
        (&cancel, &[], UNEXPECTED_STATE),
        (&cancel, &[("cancellation_reason", "rain")], WRONG),
        (&confirm, &[], MISSING),
        (&confirm, &[("payment_method", "pm_card_unknown")], UNKNOWN_CARD),
        (&confirm, &[("card[number]", "4000")], RAW_CARD),
        (INTENTS, &[("currency", "eur")], MISSING),
        (INTENTS, &[("amount", "1"), ("currency", "eur")], TOO_SMALL),
        (
            INTENTS,
            &[("amount", "100000000"), ("currency", "eur")],
            TOO_LARGE,
        ),
        (REFUNDS, &[("payment_intent", &paid)], REFUNDED),
        (REFUNDS, &[("payment_intent", &left)], UNPAID),
        (REFUNDS, &[("payment_intent", &left), ("reason", "rain")], WRONG),
    ];
    for (path, form, refusal) in posts {
        assert_refused(caller.post(path, form).await, refusal);
    }
    for path in ["/v1/payment_intents/pi_1", "/v1/charges/ch_1", "/v1/refunds/re_1"] {
        assert_refused(caller.get(path).await, NOT_THERE);
    }
    assert_refused(caller.get("/v1/plans").await, NO_ROUTE);

    let again = |form| caller.posting(INTENTS, form).header("Idempotency-Key", "once");
    caller.hear(again(&CREATION)).await;
    assert_refused(caller.hear(again(&CREATION[..2])).await, KEY_REUSED);
    let door = format!("{}{INTENTS}", caller.stripe.base_url());
    let stranger = caller.http.get(door).bearer_auth("sk_test_wrong");
    assert_refused(caller.hear(stranger).await, STRANGER);
    caller.end().await;
}
