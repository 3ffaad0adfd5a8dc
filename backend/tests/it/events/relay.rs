//! Outbox → bus.

use std::time::{Duration, Instant};

use backend::events::NewEvent;
use backend::events::bus::Bus;
use backend::events::relay;
use backend::settings::Nats;
use platform::ids::Ids;
use platform::tasks::Tasks;
use secrecy::SecretString;
use serde_json::json;
use sqlx::{PgPool, query, query_scalar};
use uuid::Uuid;

use crate::support::{TestBus, database, eventually, record};

fn completed() -> NewEvent {
    NewEvent {
        nats_subject: "order.completed".to_owned(),
        kind: "order.completed",
        aggregate_id: Uuid::from_u128(5),
        aggregate_version: 2,
        data: json!({"total": "10.00", "ticket_ids": ["a", "b"]}),
    }
}

async fn unpublished(db: &PgPool) -> i64 {
    query_scalar!(r#"SELECT count(*) AS "count!" FROM outbox WHERE published_at IS NULL"#)
        .fetch_one(db)
        .await
        .unwrap()
}

#[tokio::test]
async fn an_event_is_published_exactly_as_recorded() {
    let (db, test) = (database().await, TestBus::start().await);
    let event = completed();
    let id = record(&db, test.own(event.clone())).await;

    assert_eq!(relay::publish_due(&db, &test.bus).await.unwrap(), 1);

    let (subject, message_id, envelope) = test.message(1).await;
    assert_eq!(subject, test.subject("order.completed"));
    assert_eq!(message_id, id.to_string());
    assert_eq!(envelope["id"], id.to_string());
    assert_eq!(envelope["type"], event.kind);
    assert_eq!(envelope["subject"], event.aggregate_id.to_string());
    assert_eq!(envelope["aggregate_version"], event.aggregate_version);
    assert_eq!(envelope["data"], event.data);
    assert_eq!(unpublished(&db).await, 0);
    assert_eq!(relay::publish_due(&db, &test.bus).await.unwrap(), 0);
    test.stop().await;
}

#[tokio::test]
async fn an_event_of_a_change_that_was_rolled_back_is_never_published() {
    let (db, test) = (database().await, TestBus::start().await);
    let mut tx = db.begin().await.unwrap();
    backend::events::record(&mut tx, Ids, test.own(completed()))
        .await
        .unwrap();
    tx.rollback().await.unwrap();

    assert_eq!(relay::publish_due(&db, &test.bus).await.unwrap(), 0);
    assert_eq!(test.messages().await, 0);
    test.stop().await;
}

#[tokio::test]
async fn the_rows_of_a_dead_relay_come_back_when_its_claim_ends() {
    let (db, test) = (database().await, TestBus::start().await);
    record(&db, test.own(completed())).await;
    query!("UPDATE outbox SET claimed_until = clock_timestamp() + interval '1 second'")
        .execute(&db)
        .await
        .unwrap();

    assert_eq!(relay::publish_due(&db, &test.bus).await.unwrap(), 0);
    eventually("the row is published", || async {
        relay::publish_due(&db, &test.bus).await.unwrap() == 1 && unpublished(&db).await == 0
    })
    .await;
    test.stop().await;
}

#[tokio::test]
async fn a_relay_that_died_before_it_marked_its_rows_does_not_put_them_into_the_stream_twice() {
    let (db, test) = (database().await, TestBus::start().await);
    record(&db, test.own(completed())).await;
    relay::publish_due(&db, &test.bus).await.unwrap();
    query!("UPDATE outbox SET published_at = NULL")
        .execute(&db)
        .await
        .unwrap();

    assert_eq!(relay::publish_due(&db, &test.bus).await.unwrap(), 1);
    assert_eq!(test.messages().await, 1);
    assert_eq!(unpublished(&db).await, 0);
    test.stop().await;
}

#[tokio::test]
async fn two_relays_publish_a_full_outbox_and_stop_at_once() {
    let (db, test) = (database().await, TestBus::start().await);
    let mut tx = db.begin().await.unwrap();
    for _ in 0..1_000 {
        backend::events::record(&mut tx, Ids, test.own(completed()))
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();

    let tasks = Tasks::new();
    for _ in 0..2 {
        let (db, own_tasks, bus) = (db.clone(), tasks.clone(), test.bus.clone());
        tasks.spawn("relay", async move { relay::run_on(&db, &own_tasks, &bus).await });
    }
    eventually("all are published", || async { unpublished(&db).await == 0 }).await;
    assert_eq!(test.messages().await, 1_000);

    let before = Instant::now();
    assert!(tasks.shutdown(Duration::from_secs(5)).await);
    assert!(
        before.elapsed() < Duration::from_secs(1),
        "{:?}",
        before.elapsed()
    );
    test.stop().await;
}

#[tokio::test]
async fn an_event_without_a_stream_stays_in_the_outbox_and_holds_up_no_other() {
    let (db, test) = (database().await, TestBus::start().await);
    let lost = NewEvent {
        nats_subject: test.subject("nobody.listens"),
        ..completed()
    };
    record(&db, lost).await;
    record(&db, test.own(completed())).await;

    let error = relay::publish_due(&db, &test.bus).await.unwrap_err();
    assert!(
        format!("{error:#}").contains("1 of 2 events unconfirmed"),
        "{error:#}"
    );
    assert_eq!(test.messages().await, 1);
    assert_eq!(unpublished(&db).await, 1);
    test.stop().await;
}

#[tokio::test]
async fn the_outbox_waits_unclaimed_for_a_bus_that_is_away() {
    let (db, test) = (database().await, TestBus::start().await);
    let settings = Nats {
        url: SecretString::from("nats://127.0.0.1:1"),
        files: test.files.clone(),
    };
    let away = Bus::connect(&settings).await.unwrap();
    record(&db, test.own(completed())).await;

    assert!(relay::publish_due(&db, &away).await.is_err());
    assert_eq!(relay::publish_due(&db, &test.bus).await.unwrap(), 1);
    test.stop().await;
}

#[tokio::test]
async fn published_events_can_be_published_again_by_range() {
    let (db, test) = (database().await, TestBus::start().await);
    record(&db, test.own(completed())).await;
    relay::publish_due(&db, &test.bus).await.unwrap();
    let at = query_scalar!(r#"SELECT published_at AS "at!" FROM outbox"#)
        .fetch_one(&db)
        .await
        .unwrap();

    assert_eq!(
        relay::republish(&db, at - Duration::from_secs(1), at)
            .await
            .unwrap(),
        0
    );
    assert_eq!(
        relay::republish(&db, at, at + Duration::from_secs(1))
            .await
            .unwrap(),
        1
    );
    assert_eq!(unpublished(&db).await, 1);
    test.stop().await;
}
