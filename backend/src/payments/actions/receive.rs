//! Receive a webhook: verified, stored as it came, answered; acted on later.

use contracts::events::GatewayEventReceived;
use platform::problems::Problem;
use secrecy::ExposeSecret;
use serde_json::Value;
use stripe_webhook::{Webhook, WebhookError};
use uuid::Uuid;

use super::super::store;
use crate::app::App;
use crate::events::{self, NewEvent};
use crate::http::fault::{Fault, Refusal};
use crate::http::problems::BAD_SIGNATURE;

/// Why a webhook is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiveRefused {
    /// Not signed by Stripe with our secret, or too long ago.
    BadSignature,
}

impl Refusal for ReceiveRefused {
    fn problem(&self) -> Problem {
        Problem::new(BAD_SIGNATURE)
    }
}

/// Stores a webhook once, whatever it says, and puts it on the bus.
///
/// # Errors
/// [`ReceiveRefused`].
pub async fn receive(app: &App, body: &str, signature: &str) -> Result<(), Fault<ReceiveRefused>> {
    verify(app, body, signature)?;
    let payload = storable(serde_json::from_str(body).unwrap_or_else(|_| Value::String(body.to_owned())));
    let text = |pointer: &str| {
        payload
            .pointer(pointer)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let gateway_event_id = text("/id").unwrap_or_else(|| format!("unparseable-{}", app.ids.next()));
    let kind = text("/type").unwrap_or_else(|| "unparseable".to_owned());
    // Refunds and charges of ours carry the site too; whatever does not is kept and alarmed by its consumer.
    let site = text("/data/object/metadata/site").unwrap_or_else(|| "unknown".to_owned());
    if site == "unknown" && kind.starts_with("payment_intent.") {
        tracing::error!(
            gateway_event.id = gateway_event_id,
            kind,
            "A gateway event names no site; it is kept"
        );
    }

    let mut tx = app.db.begin().await?;
    let event = events::record(&mut tx, app.ids, received(&gateway_event_id, &kind, &site)?).await?;
    if !store::insert_gateway_event(&mut tx, (&gateway_event_id, &kind), (&payload, &site), event).await? {
        // Stripe repeats itself: the first one is on its way, and this one leaves nothing behind.
        tx.rollback().await?;
        return Ok(());
    }
    tx.commit().await?;
    events::relay::poke();
    Ok(())
}

/// Postgres keeps no NUL in a text: refusing it would make Stripe send the same event for days.
fn storable(value: Value) -> Value {
    let text = |text: String| text.replace('\0', "\u{fffd}");
    match value {
        Value::String(string) => Value::String(text(string)),
        Value::Array(items) => items.into_iter().map(storable).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, member)| (text(name), storable(member)))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

/// The library checks signature and time before it parses: an event it cannot parse is still Stripe's, and is stored.
fn verify(app: &App, body: &str, signature: &str) -> Result<(), ReceiveRefused> {
    let secret = app.settings.stripe.webhook_secret.expose_secret();
    match Webhook::construct_event_with_timestamp(body, signature, secret, app.clock.now().timestamp()) {
        Ok(_) | Err(WebhookError::BadParse(_)) => Ok(()),
        Err(_) => Err(ReceiveRefused::BadSignature),
    }
}

fn received(gateway_event_id: &str, kind: &str, site: &str) -> anyhow::Result<NewEvent> {
    // Sites come from metadata that others may write: only a plain token may become part of a subject.
    let is_token = !site.is_empty()
        && site
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let site = if is_token { site } else { "unknown" };
    let data = GatewayEventReceived {
        gateway_event_id: gateway_event_id.to_owned(),
        gateway_event_type: kind.to_owned(),
    };
    Ok(NewEvent {
        nats_subject: format!("stripe.{site}"),
        kind: "stripe.event_received",
        aggregate_id: Uuid::new_v5(&Uuid::NAMESPACE_URL, gateway_event_id.as_bytes()),
        aggregate_version: 1,
        data: serde_json::to_value(data)?,
    })
}
