//! Webhooks as they come, and as they come on a bad day.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use platform::tasks::Tasks;
use serde_json::{Value, json};
use stripe::Client;
use stripe_core::payment_intent::{CancelPaymentIntent, ConfirmPaymentIntent};
use stripe_core::refund::CreateRefund;
use stripe_webhook::EventObject;
use testkit::stripe::{Fate, Mischief, Settings, Stripe};

use crate::receiver::{Manner, Receiver};
use crate::{create, stand_in_with};

/// Enough events for every fate to be among them.
const EVENTS: u64 = 40;

struct World {
    tasks: Tasks,
    receiver: Receiver,
    stripe: Stripe,
    client: Client,
}

impl World {
    fn with(manner: Manner, webhook_mischief: Mischief) -> Self {
        let tasks = Tasks::new();
        let receiver = Receiver::start(&tasks, manner);
        let settings = Settings {
            webhook_url: Some(receiver.url.clone()),
            webhook_mischief,
            ..Settings::for_tests()
        };
        let (stripe, client) = stand_in_with(&tasks, settings);
        Self {
            tasks,
            receiver,
            stripe,
            client,
        }
    }

    /// One event each: the n-th intent is the n-th event.
    async fn create_intents(&self, count: u64) -> Vec<String> {
        let mut ids = Vec::new();
        for number in 0..count {
            let intent = create(&self.client, 1000, &number.to_string()).await.unwrap();
            ids.push(intent.id.to_string());
        }
        ids
    }

    /// How often each intent's event came, once all are out.
    async fn deliveries(&mut self) -> HashMap<String, usize> {
        self.stripe.webhooks_settled().await;
        let mut deliveries = HashMap::new();
        for taken in self.receiver.rest() {
            let EventObject::PaymentIntentCreated(intent) = &taken.event.data.object else {
                panic!("{}", taken.kind());
            };
            *deliveries.entry(intent.id.to_string()).or_default() += 1;
        }
        deliveries
    }

    fn counts(&self) -> Value {
        self.stripe.ledger()["webhooks"].clone()
    }

    async fn end(self) {
        assert!(self.tasks.shutdown(Duration::from_secs(5)).await);
    }
}

#[tokio::test]
async fn webhooks_are_signed_readable_and_come_again_until_taken() {
    let mut world = World::with(Manner::RefusesFirst, Mischief::default());
    let intent = create(&world.client, 1000, "a").await.unwrap();
    for method in ["pm_card_chargeDeclined", "pm_card_visa"] {
        let confirm = ConfirmPaymentIntent::new(intent.id.clone()).payment_method(method);
        drop(confirm.send(&world.client).await);
    }
    let refund = CreateRefund::new().payment_intent(intent.id.as_str());
    refund.send(&world.client).await.unwrap();
    let left = create(&world.client, 1000, "b").await.unwrap();
    let cancel = CancelPaymentIntent::new(left.id);
    cancel.send(&world.client).await.unwrap();

    world.stripe.webhooks_settled().await;
    let taken = world.receiver.rest();
    for taken in &taken {
        if let EventObject::PaymentIntentSucceeded(intent) = &taken.event.data.object {
            assert!(intent.latest_charge.is_some());
            let order = intent.metadata.get("order_id").map(String::as_str);
            assert_eq!(order, Some("order-7"));
        }
    }
    let mut kinds: Vec<String> = taken.iter().map(crate::receiver::Taken::kind).collect();
    kinds.sort();
    let expected = [
        "charge.refunded",
        "payment_intent.canceled",
        "payment_intent.created",
        "payment_intent.created",
        "payment_intent.payment_failed",
        "payment_intent.succeeded",
        "refund.created",
        "refund.updated",
    ];
    assert_eq!(kinds, expected);
    let all_out = json!({"sent": 8, "delivered": 8, "pending": 0,
        "duplicated": 0, "delayed": 0, "reordered": 0, "lost": 0});
    assert_eq!(world.counts(), all_out);
    world.end().await;
}

#[tokio::test]
async fn a_duplicate_comes_twice_or_three_times_and_others_once() {
    let mischief = Mischief {
        duplicated: 500,
        copies_apart_ms: [1, 30],
        ..Mischief::default()
    };
    let mut world = World::with(Manner::TakesAll, mischief.clone());
    let ids = world.create_intents(EVENTS).await;
    let deliveries = world.deliveries().await;

    let mut duplicated = 0;
    for (id, number) in ids.iter().zip(0..) {
        let copies = match mischief.fate(number) {
            Fate::Duplicated(pauses) => {
                duplicated += 1;
                pauses.len()
            }
            Fate::Spared | Fate::Delayed(_) | Fate::HeldBack | Fate::Lost => 0,
        };
        assert_eq!(deliveries.get(id), Some(&(1 + copies)), "event {number}");
    }
    assert!((1..EVENTS).contains(&duplicated));
    let counts = world.counts();
    assert_eq!(counts["duplicated"], duplicated);
    assert_eq!(
        (&counts["delivered"], &counts["pending"]),
        (&json!(EVENTS), &json!(0))
    );
    world.end().await;
}

#[tokio::test]
async fn a_lost_webhook_never_comes_and_nobody_waits_for_it() {
    let mischief = Mischief {
        lost: 500,
        ..Mischief::default()
    };
    let mut world = World::with(Manner::TakesAll, mischief.clone());
    let ids = world.create_intents(EVENTS).await;
    let deliveries = world.deliveries().await;

    let mut lost = 0;
    for (id, number) in ids.iter().zip(0..) {
        let is_lost = mischief.fate(number) == Fate::Lost;
        lost += u64::from(is_lost);
        assert_eq!(deliveries.contains_key(id), !is_lost, "event {number}");
    }
    assert!((1..EVENTS).contains(&lost));
    let all_out = json!({"sent": EVENTS, "delivered": EVENTS - lost, "pending": 0,
        "duplicated": 0, "delayed": 0, "reordered": 0, "lost": lost});
    assert_eq!(world.counts(), all_out);
    world.end().await;
}

#[tokio::test]
async fn a_delayed_webhook_comes_late() {
    let mut world = World::with(
        Manner::TakesAll,
        Mischief {
            delayed: 1_000,
            delay_ms: [300, 300],
            ..Mischief::default()
        },
    );
    let sent = Instant::now();
    world.create_intents(1).await;
    assert_eq!(world.counts()["pending"], 1);
    let late = world.receiver.next().await.at - sent;
    assert!(late >= Duration::from_millis(300), "{late:?}");
    world.stripe.webhooks_settled().await;
    assert_eq!(world.counts()["delayed"], 1);
    world.end().await;
}

/// The first event is held back, the second is not.
fn holds_back_the_first(patience_ms: u64) -> Mischief {
    (0..)
        .map(|seed| Mischief {
            seed,
            reordered: 500,
            patience_ms,
            ..Mischief::default()
        })
        .find(|mischief| mischief.fate(0) == Fate::HeldBack && mischief.fate(1) == Fate::Spared)
        .unwrap()
}

#[tokio::test]
async fn a_reordered_webhook_comes_after_a_later_one_of_its_intent() {
    let mut world = World::with(Manner::TakesAll, holds_back_the_first(60_000));
    let intent = create(&world.client, 1000, "a").await.unwrap();
    let confirm = ConfirmPaymentIntent::new(intent.id).payment_method("pm_card_visa");
    confirm.send(&world.client).await.unwrap();
    assert_eq!(world.receiver.next().await.kind(), "payment_intent.succeeded");
    assert_eq!(world.receiver.next().await.kind(), "payment_intent.created");
    world.stripe.webhooks_settled().await;
    assert_eq!(world.counts()["reordered"], 1);
    world.end().await;
}

#[tokio::test]
async fn a_reordered_webhook_makes_do_with_a_later_one_of_another_intent() {
    let mut world = World::with(Manner::TakesAll, holds_back_the_first(100));
    let ids = world.create_intents(2).await;
    let mut came = Vec::new();
    for _ in 0..2 {
        let EventObject::PaymentIntentCreated(intent) = world.receiver.next().await.event.data.object else {
            panic!("another event");
        };
        came.push(intent.id.to_string());
    }
    assert_eq!(came, [ids[1].clone(), ids[0].clone()]);
    world.stripe.webhooks_settled().await;
    assert_eq!(world.counts()["reordered"], 1);
    world.end().await;
}

#[tokio::test]
async fn a_reordered_webhook_that_nothing_follows_comes_all_the_same() {
    let mut world = World::with(Manner::TakesAll, holds_back_the_first(20));
    world.create_intents(1).await;
    assert_eq!(world.receiver.next().await.kind(), "payment_intent.created");
    world.stripe.webhooks_settled().await;
    let counts = world.counts();
    assert_eq!((&counts["reordered"], &counts["pending"]), (&json!(0), &json!(0)));
    world.end().await;
}
