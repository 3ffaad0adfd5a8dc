//! The way in: an event is a row of the change's own transaction.

use domain::ids::EventId;
use platform::ids::Ids;
use sqlx::PgConnection;
use uuid::Uuid;

use super::store;

/// A fact, in the past tense.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// Where it goes: `order.completed`, `stripe.<site>`, `mail.<template>`, …
    pub nats_subject: String,
    /// The CloudEvents type; names the schema in `nats/schemas/`.
    pub kind: &'static str,
    /// What it is about.
    pub aggregate_id: Uuid,
    /// Its version after the change: who sees an older one later ignores it.
    pub aggregate_version: i64,
    /// The body, of the type that `contracts::events` gives to this kind.
    pub data: serde_json::Value,
}

/// Writes the event; the relay takes it from there once the transaction has committed ([`super::relay::poke`] hurries it).
///
/// # Errors
/// When the statement fails.
pub async fn record(conn: &mut PgConnection, ids: Ids, event: NewEvent) -> Result<EventId, sqlx::Error> {
    let id = EventId(ids.next());
    store::insert_event(conn, id, &event).await?;
    Ok(id)
}
