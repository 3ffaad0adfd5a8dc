//! The golden samples under `nats/schemas/golden/` are what our types write and read, to the letter, and what the schemas
//! beside them demand. A sample never changes within a version: who changed a type so that this fails has broken readers.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test: whatever is missing fails it"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use contracts::events::{Envelope, GatewayEventReceived, MailRequested, OrderCompleted, OrderRefunded};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

fn schemas() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../nats/schemas")
}

fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    let files = entries.map(|entry| entry.path()).filter(|path| path.is_file());
    files
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect()
}

/// Through the type and back.
fn round_trip<T: DeserializeOwned + Serialize>(value: &Value) -> Value {
    serde_json::to_value(serde_json::from_value::<T>(value.clone()).unwrap()).unwrap()
}

fn survives<T: DeserializeOwned + Serialize>(kind: &str) {
    let sample = read(&schemas().join(format!("golden/{kind}.v1.json")));
    assert_eq!(round_trip::<Envelope>(&sample), sample);
    assert_eq!(round_trip::<T>(&sample["data"]), sample["data"]);
    assert_eq!(sample["type"], kind);
}

#[test]
fn every_sample_survives_the_trip_through_its_type() {
    survives::<GatewayEventReceived>("stripe.event_received");
    survives::<OrderCompleted>("order.completed");
    survives::<OrderRefunded>("order.refunded");
    survives::<MailRequested>("mail.order_confirmation");
}

#[test]
fn every_schema_has_a_sample_and_every_sample_a_schema() {
    let mut schemas_there = names(&schemas());
    assert!(schemas_there.remove("envelope.v1.json"));
    assert_eq!(schemas_there, names(&schemas().join("golden")));
}

#[test]
fn every_sample_has_exactly_the_fields_its_schema_knows() {
    let envelope = read(&schemas().join("envelope.v1.json"));
    for name in names(&schemas().join("golden")) {
        let schema = read(&schemas().join(&name));
        let sample = read(&schemas().join("golden").join(&name));
        assert_eq!(sample["dataschema"], schema["$id"], "{name}");
        fits(&envelope, &sample, &name);
        fits(&schema, &sample["data"], &name);
    }
}

/// Required fields are there, others are known.
fn fits(schema: &Value, value: &Value, name: &str) {
    for field in schema["required"].as_array().unwrap() {
        assert!(
            value.get(field.as_str().unwrap()).is_some(),
            "{name}: {field} is missing"
        );
    }
    for field in value.as_object().unwrap().keys() {
        assert!(
            schema["properties"].get(field).is_some(),
            "{name}: {field} is not in the schema"
        );
    }
}
