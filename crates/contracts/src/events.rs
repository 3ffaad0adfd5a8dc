//! Events on the bus: CloudEvents 1.0 envelopes, their subjects, their bodies. Schemas and golden samples: `nats/schemas/`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// The one stream.
pub const STREAM: &str = "hns_ticketing_events";

/// CloudEvents 1.0 in JSON, plus the version of the aggregate and the trace it belongs to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    pub specversion: String,
    /// Also the `Nats-Msg-Id` and the inbox key.
    pub id: Uuid,
    pub source: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub time: DateTime<Utc>,
    /// The aggregate's id.
    pub subject: String,
    pub datacontenttype: String,
    pub dataschema: String,
    pub aggregate_version: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    pub data: Value,
}

/// `stripe.<site>`: a verified gateway event waits in `gateway_events` under its Stripe id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayEventReceived {
    /// Stripe's event id.
    pub gateway_event_id: String,
    /// Stripe's event type.
    pub gateway_event_type: String,
}

/// `order.completed`: paid, and every ticket is issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderCompleted {
    pub order_id: Uuid,
    pub match_id: Uuid,
    pub ticket_ids: Vec<Uuid>,
    /// Decimal string.
    pub total: String,
    pub currency: String,
}

/// `order.refunded`: paid too late, or given back by its buyer; the money goes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRefunded {
    pub order_id: Uuid,
    pub match_id: Uuid,
    /// Decimal string.
    pub amount: String,
    pub currency: String,
    pub reason: String,
}

/// `mail.<template>`: the one event that carries an address; its outbox copy is blanked once the mail is accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailRequested {
    pub template: String,
    /// `hr` or `en`.
    pub language: String,
    pub to: String,
    /// What the template's placeholders stand for.
    pub variables: serde_json::Map<String, Value>,
}
