//! What Stripe publishes of its answers, and where an answer departs from it: `fixtures/README.md` says what is from where.

use std::collections::BTreeMap;

use boon::{Compiler, SchemaIndex, Schemas, ValidationError};
use miniserde::Deserialize;
use serde_json::{Value, json};
use stripe_shared::{ApiErrors, ApiErrorsCode, Charge, Event, EventType, PaymentIntent, Refund};
use stripe_types::List;

const FIELDS: &str = include_str!("fixtures/fields.json");
const CHARGE: &str = include_str!("fixtures/charge.json");
const EXAMPLES: [(&str, &str); 4] = [
    ("payment_intent", include_str!("fixtures/payment_intent.json")),
    ("charge", CHARGE),
    ("refund", include_str!("fixtures/refund.json")),
    ("event", include_str!("fixtures/event.json")),
];
/// What an example has and an answer may leave out: since version 2022-11-15 a charge shows its refunds on request only.
const ON_REQUEST: [(&str, &str); 1] = [("charge", "refunds")];

/// The fields and examples of every kind of answer.
pub(crate) struct Published {
    schemas: Schemas,
    fields: BTreeMap<&'static str, SchemaIndex>,
    examples: BTreeMap<&'static str, Value>,
}

impl Published {
    pub(crate) fn new() -> Self {
        let examples = examples();
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler
            .add_resource("fields.json", serde_json::from_str(FIELDS).unwrap())
            .unwrap();
        let mut fields_of = |kind| {
            let place = format!("fields.json#/$defs/{kind}");
            compiler.compile(&place, &mut schemas).unwrap()
        };
        let mut fields: BTreeMap<_, _> = examples.keys().map(|kind| (*kind, fields_of(*kind))).collect();
        fields.insert("failure", fields_of("failure"));
        Self {
            schemas,
            fields,
            examples,
        }
    }

    /// Every place where an answer, or an object of Stripe's within it, is not as published; none if it is.
    pub(crate) fn departures(&self, answer: &Value) -> Vec<String> {
        let mut found = Vec::new();
        match kind_of(answer).filter(|kind| self.fields.contains_key(kind)) {
            Some(_) => self.look(answer, "", &mut found),
            None => found.push("it is no object that Stripe answers with".to_owned()),
        }
        found
    }

    fn look(&self, value: &Value, at: &str, found: &mut Vec<String>) {
        if let Some(kind) = kind_of(value) {
            if let Some(fields) = self.fields.get(kind)
                && let Err(error) = self.schemas.validate(value, *fields)
            {
                leaves(&error, at, found);
            }
            if let Some(example) = self.examples.get(kind) {
                unlike(kind, (example, value), at, found);
            }
        }
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    self.look(member, &format!("{at}/{name}"), found);
                }
            }
            Value::Array(items) => {
                for (number, item) in items.iter().enumerate() {
                    self.look(item, &format!("{at}/{number}"), found);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

/// By kind; an event brings a payment, and the envelope of a list is one of a charge's.
fn examples() -> BTreeMap<&'static str, Value> {
    let read = |text| serde_json::from_str::<Value>(text).unwrap();
    let mut examples: BTreeMap<_, _> = EXAMPLES.map(|(kind, text)| (kind, read(text))).into();
    examples.insert("list", read(CHARGE)["refunds"].clone());
    let payment = examples["payment_intent"].clone();
    examples.get_mut("event").unwrap()["data"]["object"] = payment;
    examples
}

/// Objects say what they are; the envelope of an error does not.
fn kind_of(value: &Value) -> Option<&str> {
    match value.get("object") {
        Some(kind) => kind.as_str(),
        None => value.get("error").map(|_| "failure"),
    }
}

fn leaves(error: &ValidationError<'_, '_>, at: &str, found: &mut Vec<String>) {
    if error.causes.is_empty() {
        found.push(format!("{at}{}: {}", error.instance_location, error.kind));
    }
    for cause in &error.causes {
        leaves(cause, at, found);
    }
}

/// Members that only the example has, and those of another type. A `null` says nothing of a type: that is up to the
/// fields, and objects within are looked at as what they are.
fn unlike(kind: &str, (example, answer): (&Value, &Value), at: &str, found: &mut Vec<String>) {
    match (example, answer) {
        (Value::Object(published), Value::Object(sent)) => {
            for (name, example) in published {
                let place = format!("{at}/{name}");
                match sent.get(name) {
                    Some(answer) if kind_of(answer).is_some() => {}
                    Some(answer) => unlike(kind, (example, answer), &place, found),
                    None if ON_REQUEST.contains(&(kind, name)) => {}
                    None => found.push(format!("{place}: is not there, as it is in Stripe's example")),
                }
            }
        }
        (Value::Array(published), Value::Array(sent)) => {
            for (number, answer) in sent.iter().enumerate() {
                if let Some(example) = published.first().filter(|_| kind_of(answer).is_none()) {
                    unlike(kind, (example, answer), &format!("{at}/{number}"), found);
                }
            }
        }
        (Value::Null, _) | (_, Value::Null) => {}
        _ => {
            let (published, sent) = (type_of(example), type_of(answer));
            if published != sent {
                found.push(format!(
                    "{at}: is a {sent}, and a {published} in Stripe's example"
                ));
            }
        }
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Reads it as async-stripe's client does.
pub(crate) fn read_by_the_client(answer: &Value) {
    fn read<T: Deserialize>(answer: &Value) -> T {
        let text = answer.to_string();
        miniserde::json::from_str(&text).unwrap_or_else(|_| panic!("async-stripe cannot read {text}"))
    }
    match kind_of(answer).unwrap() {
        "payment_intent" => drop(read::<PaymentIntent>(answer)),
        "charge" => drop(read::<Charge>(answer)),
        "refund" => drop(read::<Refund>(answer)),
        "list" if answer["url"] == "/v1/payment_intents" => drop(read::<List<PaymentIntent>>(answer)),
        "list" => drop(read::<List<Refund>>(answer)),
        "event" => {
            let event: Event = read(answer);
            assert!(!matches!(event.type_, EventType::Unknown(_)), "{answer}");
        }
        "failure" => {
            let error: ApiErrors = read(&answer["error"]);
            assert!(!matches!(error.code, Some(ApiErrorsCode::Unknown(_))), "{answer}");
        }
        other => panic!("nothing reads a {other}"),
    }
}

#[test]
fn the_examples_depart_from_nothing_and_the_client_reads_them() {
    let published = Published::new();
    for (kind, example) in examples() {
        assert_eq!(published.departures(&example), Vec::<String>::new(), "{kind}");
        read_by_the_client(&example);
    }
}

/// A lie, the example that it is told of, and the place that must be named.
type Lie = (&'static str, fn(&mut Value), &'static str);

fn drop_member(object: &mut Value, name: &str) {
    object.as_object_mut().unwrap().remove(name).unwrap();
}

#[test]
fn whatever_is_not_as_published_is_named() {
    let lies: [Lie; 17] = [
        ("payment_intent", |it| it["amount"] = json!("1099"), "/amount: "),
        ("payment_intent", |it| it["amount"] = json!(10.99), "/amount: "),
        ("payment_intent", |it| it["metadata"] = json!(null), "/metadata: "),
        ("payment_intent", |it| drop_member(it, "livemode"), "livemode"),
        (
            "payment_intent",
            |it| drop_member(it, "amount_details"),
            "/amount_details: ",
        ),
        ("payment_intent", |it| it["charges"] = json!([]), "charges"),
        ("payment_intent", |it| it["status"] = json!("paid"), "/status: "),
        ("payment_intent", |it| it["id"] = json!("ch_1"), "/id: "),
        (
            "payment_intent",
            |it| it["latest_charge"] = json!("pi_1"),
            "/latest_charge: ",
        ),
        (
            "payment_intent",
            |it| it["latest_charge"] = json!({"object": "charg"}),
            "/latest_charge: ",
        ),
        ("payment_intent", |it| it["object"] = json!("intent"), "no object"),
        ("charge", |it| it["outcome"]["told"] = json!(true), "told"),
        (
            "charge",
            |it| drop_member(&mut it["billing_details"], "tax_id"),
            "tax_id",
        ),
        (
            "charge",
            |it| it["payment_method_details"]["card"]["last4"] = json!(4242),
            "/last4: ",
        ),
        ("refund", |it| it["reason"] = json!("returned"), "/reason: "),
        ("list", |it| it["data"] = json!([{"object": "refund"}]), "/data/0"),
        (
            "event",
            |it| it["data"]["object"] = json!({"object": "charge"}),
            "/data/object",
        ),
    ];
    let (published, examples) = (Published::new(), examples());
    for (kind, lie, place) in lies {
        let mut told = examples[kind].clone();
        lie(&mut told);
        let departures = published.departures(&told);
        let named = departures.iter().any(|departure| departure.contains(place));
        assert!(named, "{place} of a {kind}: {departures:?}");
    }
    let error = json!({"error": {"type": "card_error", "reason": "stolen"}, "status": 402});
    let departures = published.departures(&error).join("\n");
    assert!(
        departures.contains("reason") && departures.contains("status"),
        "{departures}"
    );
}
