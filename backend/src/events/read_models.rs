//! What this folder reads of other contexts' tables.

use domain::ids::EventId;
use sqlx::query_as;

use crate::app::Db;

/// A stored gateway event that nobody has applied.
#[derive(Debug, Clone)]
pub(super) struct WaitingGatewayEvent {
    pub(super) gateway_event_id: String,
    pub(super) event_id: EventId,
}

/// The oldest gateway events that wait for more than 5 s and were not given up.
pub(super) async fn list_waiting_gateway_events(
    db: &Db,
    limit: i64,
) -> Result<Vec<WaitingGatewayEvent>, sqlx::Error> {
    query_as!(
        WaitingGatewayEvent,
        r#"SELECT gateway_event_id, event_id AS "event_id: EventId"
         FROM gateway_events
         WHERE applied_at IS NULL
           AND received_at < clock_timestamp() - interval '5 seconds'
           AND NOT EXISTS (
               SELECT FROM dead_letters
               WHERE dead_letters.consumer = 'payments' AND dead_letters.event_id = gateway_events.event_id
           )
         ORDER BY received_at
         LIMIT $1"#,
        limit,
    )
    .fetch_all(db)
    .await
}
