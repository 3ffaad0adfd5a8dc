//! Messages that a consumer gave up, and the way back for them.

use serde_json::{Value, json};
use uuid::Uuid;

use super::bus::Bus;
use super::store;
use crate::app::Db;

/// Letters per statement of a replay.
const PAGE: i64 = 200;
/// As much of an error as is kept: enough to see the cause.
const ERROR_CHARS_MAX: usize = 500;

/// Keeps a message and raises the alarm. The log line is what the alert in Grafana looks for.
pub(super) async fn bury(
    db: &Db,
    consumer: &str,
    nats_subject: &str,
    envelope: (Uuid, &Value),
    error: &str,
) -> Result<(), sqlx::Error> {
    let error: String = error.chars().take(ERROR_CHARS_MAX).collect();
    store::save_dead_letter(db, consumer, nats_subject, envelope, &error).await?;
    tracing::error!(
        alarm = "dead_letter",
        consumer,
        event.id = %envelope.0,
        error,
        "Dead letter: `{consumer}` gave up event {}",
        envelope.0
    );
    Ok(())
}

/// Publishes again every dead letter of `consumer`, once its cause is gone, and says how many. The event keeps its id, so
/// whoever handled it already ignores it; the message gets a new one, or the bus would take it for a repetition.
///
/// # Errors
/// When the database or the bus fails. What was published until then is no dead letter any more.
pub async fn replay(db: &Db, bus: &Bus, consumer: &str) -> anyhow::Result<u64> {
    let mut replayed = 0;
    loop {
        let letters = store::list_dead_letters(db, consumer, PAGE).await?;
        if letters.is_empty() {
            return Ok(replayed);
        }
        for letter in letters {
            let message_id = format!("{}.{}", letter.event_id, letter.dead_at.timestamp_micros());
            let payload = serde_json::to_vec(&letter.envelope)?;
            bus.publish(letter.nats_subject.clone(), &message_id, payload)
                .await?
                .confirmed()
                .await?;
            store::delete_dead_letter(db, consumer, &letter).await?;
            replayed += 1;
        }
    }
}

/// What is kept of a payload that is no JSON.
pub(super) fn unreadable(payload: &[u8]) -> Value {
    json!({ "unreadable": String::from_utf8_lossy(payload) })
}
