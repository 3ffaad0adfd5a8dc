//! The chain of audit entries.

use backend::audit::{self, Actor, BrokenChain, Entry};
use domain::ids::UserId;
use serde_json::{Value, json};
use sqlx::{PgPool, query, query_scalar};
use uuid::Uuid;

use crate::support::database;

const ORDER: Uuid = Uuid::from_u128(1);

async fn record(db: &PgPool, subject_id: Uuid, deed: &'static str, details: Value) {
    let entry = Entry {
        actor: Actor::Fan(UserId(Uuid::from_u128(9))),
        deed,
        subject_id,
        details,
    };
    let mut tx = db.begin().await.unwrap();
    audit::record(&mut tx, entry).await.unwrap();
    tx.commit().await.unwrap();
}

async fn three_entries(db: &PgPool) {
    record(
        db,
        ORDER,
        "order.placed",
        json!({"total": "10.00", "note": "š \"quoted\""}),
    )
    .await;
    record(db, ORDER, "payment.captured", json!({"amount": "10.00"})).await;
    record(db, ORDER, "order.completed", Value::Null).await;
    record(
        db,
        Uuid::from_u128(2),
        "order.placed",
        json!({"nested": {"b": [1, 2.50], "a": null}}),
    )
    .await;
}

async fn broken(db: &PgPool) -> Vec<BrokenChain> {
    audit::verify(db).await.unwrap()
}

#[tokio::test]
async fn the_entries_of_a_subject_are_numbered_and_their_chain_verifies() {
    let db = database().await;
    three_entries(&db).await;

    let numbers = query_scalar!(
        "SELECT entry_no FROM audit_entries WHERE subject_id = $1 ORDER BY entry_no",
        ORDER
    )
    .fetch_all(&db)
    .await
    .unwrap();
    assert_eq!(numbers, [1, 2, 3]);
    assert_eq!(broken(&db).await, []);
}

#[tokio::test]
async fn a_changed_entry_breaks_its_chain_there() {
    let db = database().await;
    three_entries(&db).await;

    query!(
        "UPDATE audit_entries SET details = '{\"amount\": \"1.00\"}' WHERE subject_id = $1 AND entry_no = 2",
        ORDER,
    )
    .execute(&db)
    .await
    .unwrap();

    assert_eq!(
        broken(&db).await,
        [BrokenChain {
            subject_id: ORDER,
            entry_no: 2
        }]
    );
}

#[tokio::test]
async fn an_entry_whose_hash_was_made_to_fit_breaks_the_next_one() {
    let db = database().await;
    three_entries(&db).await;

    query!(
        "UPDATE audit_entries SET hash = sha256('forged') WHERE subject_id = $1 AND entry_no = 1",
        ORDER
    )
    .execute(&db)
    .await
    .unwrap();

    assert_eq!(broken(&db).await[0].entry_no, 1);
}

#[tokio::test]
async fn a_removed_entry_breaks_its_chain_at_the_gap() {
    let db = database().await;
    three_entries(&db).await;

    query!(
        "DELETE FROM audit_entries WHERE subject_id = $1 AND entry_no = 2",
        ORDER
    )
    .execute(&db)
    .await
    .unwrap();

    assert_eq!(
        broken(&db).await,
        [BrokenChain {
            subject_id: ORDER,
            entry_no: 3
        }]
    );
}

#[tokio::test]
async fn an_entry_of_a_change_that_was_rolled_back_is_not_there() {
    let db = database().await;
    let mut tx = db.begin().await.unwrap();
    let entry = Entry {
        actor: Actor::System("payments"),
        deed: "payment.captured",
        subject_id: ORDER,
        details: Value::Null,
    };
    audit::record(&mut tx, entry).await.unwrap();
    tx.rollback().await.unwrap();

    record(&db, ORDER, "order.cancelled", Value::Null).await;
    let deeds = query_scalar!("SELECT deed FROM audit_entries")
        .fetch_all(&db)
        .await
        .unwrap();
    assert_eq!(deeds, ["order.cancelled"]);
    assert_eq!(broken(&db).await, []);
}
