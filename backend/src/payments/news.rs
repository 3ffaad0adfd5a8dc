//! Reads Stripe's events: from their JSON to what they mean for us. Whatever we do not know is kept, never lost.

use domain::ids::PaymentId;
use domain::money::{Currency, Money};
use domain::payments::GatewayNews;
use serde::Deserialize;
use serde_json::Value;

/// What a stored event tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    /// News of an intent.
    OfIntent {
        /// Stripe's id.
        intent_id: String,
        /// Ours, from the metadata.
        payment_id: Option<PaymentId>,
        /// What happened.
        news: GatewayNews,
    },
    /// Nothing that we act on.
    Nothing,
    /// An event of a kind that we act on, but it cannot be read.
    Unreadable(String),
}

#[derive(Deserialize)]
struct Object {
    id: String,
    amount_received: i64,
    currency: String,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Default, Deserialize)]
struct Metadata {
    payment_id: Option<PaymentId>,
}

/// Reads a stored event of `kind`.
pub(super) fn read(kind: &str, payload: &Value) -> Told {
    let object =
        || serde_json::from_value::<Object>(payload.pointer("/data/object").cloned().unwrap_or_default());
    let told = |news: fn(&Object) -> Option<GatewayNews>| match object() {
        Ok(object) => match news(&object) {
            Some(news) => Told::OfIntent {
                intent_id: object.id,
                payment_id: object.metadata.payment_id,
                news,
            },
            None => Told::Unreadable(format!("captured in an unknown currency {}", object.currency)),
        },
        Err(error) => Told::Unreadable(error.to_string()),
    };
    match kind {
        "payment_intent.succeeded" => told(|object| {
            let currency = Currency::parse(&object.currency)?;
            Some(GatewayNews::Captured(Money::from_cents(
                object.amount_received,
                currency,
            )))
        }),
        "payment_intent.canceled" => told(|_| Some(GatewayNews::Canceled)),
        "payment_intent.payment_failed" => told(|_| Some(GatewayNews::CardDeclined)),
        // Known, and nothing to do: we act on what follows from them.
        "payment_intent.created"
        | "payment_intent.processing"
        | "payment_intent.requires_action"
        | "charge.succeeded"
        | "charge.failed"
        | "charge.updated"
        | "charge.refunded"
        | "refund.created"
        | "refund.updated" => Told::Nothing,
        other => Told::Unreadable(format!("nobody knows what to do with {other}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_capture_is_read_with_its_amount() {
        let payload = json!({"data": {"object": {"id": "pi_1", "amount_received": 4240, "currency": "eur",
            "metadata": {"payment_id": "018f0000-0000-7000-8000-000000000001"}}}});
        let Told::OfIntent {
            intent_id,
            payment_id,
            news,
        } = read("payment_intent.succeeded", &payload)
        else {
            panic!("not read");
        };
        assert_eq!(intent_id, "pi_1");
        assert!(payment_id.is_some());
        assert_eq!(
            news,
            GatewayNews::Captured(Money::from_cents(4240, Currency::Eur))
        );
    }

    #[test]
    fn known_kinds_without_news_mean_nothing_and_others_are_named() {
        assert_eq!(read("charge.succeeded", &json!({})), Told::Nothing);
        assert!(matches!(
            read("customer.created", &json!({})),
            Told::Unreadable(_)
        ));
        assert!(matches!(
            read("payment_intent.canceled", &json!({"data": {}})),
            Told::Unreadable(_)
        ));
        let yen = json!({"data": {"object": {"id": "pi_1", "amount_received": 1, "currency": "jpy"}}});
        assert!(matches!(
            read("payment_intent.succeeded", &yen),
            Told::Unreadable(_)
        ));
    }
}
