//! The files of `nats/`, applied.

use std::path::Path;

use backend::events::bus::apply_files;
use serde_json::Value;

use crate::support::TestBus;

async fn refused(test: &TestBus, change: impl FnOnce(&mut Value)) -> String {
    let path = test.files.join("consumers/mail.json");
    let mut consumer: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    change(&mut consumer);
    std::fs::write(&path, consumer.to_string()).unwrap();
    format!("{:#}", apply_files(&test.bus, &test.files).await.unwrap_err())
}

#[tokio::test]
async fn the_files_can_be_applied_again_and_a_changed_setting_reaches_the_server() {
    let test = TestBus::start().await;
    apply_files(&test.bus, &test.files).await.unwrap();

    let path = test.files.join("consumers/mail.json");
    let changed = std::fs::read_to_string(&path)
        .unwrap()
        .replace("\"max_ack_pending\":256", "\"max_ack_pending\":77");
    std::fs::write(&path, changed).unwrap();
    apply_files(&test.bus, &test.files).await.unwrap();
    test.stop().await;
}

#[tokio::test]
async fn a_consumer_without_its_one_filter_is_refused() {
    let test = TestBus::start().await;
    let sentence = refused(&test, |consumer| {
        let filter = consumer["filter_subject"].take();
        consumer["filter_subject"] = "".into();
        consumer["filter_subjects"] = vec![filter].into();
    })
    .await;
    assert!(
        sentence.contains("mail.json: it should have exactly one `filter_subject`"),
        "{sentence}"
    );
    test.stop().await;
}

#[tokio::test]
async fn a_setting_that_the_server_does_not_keep_is_refused_by_name() {
    let test = TestBus::start().await;
    let sentence = refused(&test, |consumer| consumer["max_delivery"] = 12.into()).await;
    assert!(
        sentence.contains("mail.json: the server made `max_delivery` null of 12"),
        "{sentence}"
    );
    test.stop().await;
}

#[tokio::test]
async fn a_consumer_that_would_lose_messages_before_they_are_dead_letters_is_refused() {
    let test = TestBus::start().await;
    let sentence = refused(&test, |consumer| consumer["max_deliver"] = 3.into()).await;
    assert!(
        sentence.contains("`max_deliver` should be more than 8"),
        "{sentence}"
    );
    test.stop().await;
}

#[tokio::test]
async fn a_missing_file_is_named() {
    let test = TestBus::start().await;
    let error = apply_files(&test.bus, Path::new("/nowhere")).await.unwrap_err();
    assert!(format!("{error:#}").contains("/nowhere/stream.json"), "{error:#}");
    test.stop().await;
}
