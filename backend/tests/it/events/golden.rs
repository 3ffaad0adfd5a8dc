//! What is on the bus has the shape of the golden samples in `nats/schemas/golden/`.

use backend::events::relay;
use backend::notifications::{OrderConfirmation, Recipient, order_confirmation};
use domain::ids::OrderId;
use serde_json::Value;
use uuid::Uuid;

use crate::support::{TestBus, database, record};

#[tokio::test]
async fn a_mail_on_the_bus_has_the_shape_of_its_golden_sample() {
    let (db, test) = (database().await, TestBus::start().await);
    let details = OrderConfirmation {
        order_number: "7".to_owned(),
        match_title: "Hrvatska – Portugal".to_owned(),
        kick_off: "20:45".to_owned(),
        venue: "Poljud".to_owned(),
        seats: vec!["Zapad".to_owned()],
        total: "60.00 EUR".to_owned(),
    };
    let recipient = Recipient {
        to: "ana@example.com",
        language: "en",
    };
    record(
        &db,
        test.own(order_confirmation(
            OrderId(Uuid::from_u128(3)),
            recipient,
            &details,
        )),
    )
    .await;
    relay::publish_due(&db, &test.bus).await.unwrap();

    let golden = include_str!("../../../../nats/schemas/golden/mail.order_confirmation.v1.json");
    let golden: Value = serde_json::from_str(golden).unwrap();
    let (_, _, envelope) = test.message(1).await;
    assert_eq!(shape(&envelope), shape(&golden));
    for name in [
        "specversion",
        "source",
        "type",
        "datacontenttype",
        "dataschema",
        "aggregate_version",
    ] {
        assert_eq!(envelope[name], golden[name], "{name}");
    }
    test.stop().await;
}

/// The names of all members, at every depth.
fn shape(value: &Value) -> Vec<String> {
    let mut names: Vec<String> = value
        .as_object()
        .into_iter()
        .flatten()
        .flat_map(|(name, member)| {
            std::iter::once(name.clone()).chain(
                shape(member)
                    .into_iter()
                    .map(move |inner| format!("{name}.{inner}")),
            )
        })
        .collect();
    names.sort();
    names
}
