//! The wrapping of an outbox row: CloudEvents 1.0 in JSON.

use contracts::events::Envelope;

use super::store::Recorded;

/// `source` of every event of ours.
const SOURCE: &str = "https://tribina.dev/backend";
/// Schemas are published under this address; the files are in `nats/schemas/`.
const SCHEMAS: &str = "https://tribina.dev/schemas";

/// The same row always gives the same envelope, however often it is published.
pub(super) fn envelope(row: Recorded) -> Envelope {
    Envelope {
        specversion: "1.0".to_owned(),
        id: row.event_id.0,
        source: SOURCE.to_owned(),
        dataschema: format!("{SCHEMAS}/{}.v1.json", row.kind),
        kind: row.kind,
        time: row.created_at,
        subject: row.aggregate_id.to_string(),
        datacontenttype: "application/json".to_owned(),
        aggregate_version: row.aggregate_version,
        traceparent: None,
        data: row.body,
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use domain::ids::EventId;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn an_outbox_row_becomes_a_cloud_event() {
        let row = Recorded {
            event_id: EventId(Uuid::from_u128(1)),
            nats_subject: "order.completed".to_owned(),
            kind: "order.completed".to_owned(),
            aggregate_id: Uuid::from_u128(2),
            aggregate_version: 3,
            body: json!({"total": "10.00"}),
            created_at: DateTime::from_timestamp(1_700_000_000, 0).unwrap(),
        };
        assert_eq!(
            serde_json::to_value(envelope(row)).unwrap(),
            json!({
                "specversion": "1.0",
                "id": "00000000-0000-0000-0000-000000000001",
                "source": "https://tribina.dev/backend",
                "type": "order.completed",
                "time": "2023-11-14T22:13:20Z",
                "subject": "00000000-0000-0000-0000-000000000002",
                "datacontenttype": "application/json",
                "dataschema": "https://tribina.dev/schemas/order.completed.v1.json",
                "aggregate_version": 3,
                "data": {"total": "10.00"},
            })
        );
    }
}
