//! A purchase never waits for the bus: a stored gateway event that was not applied within 5 s is applied from Postgres,
//! under the same inbox key, so that the message that comes later finds it done.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::consumers::{HANDLINGS_MAX, is_unavailable};
use super::envelope::envelope;
use super::read_models::{self, WaitingGatewayEvent};
use super::{Outage, backoff, dead_letters, relay, store};
use crate::app::App;
use crate::payments;

/// How often to look.
const POLL: Duration = Duration::from_secs(1);
/// Events per look; the next look takes more.
const BATCH: i64 = 100;
/// First and longest pause of an event that failed.
const DELAYS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// Failures of an event in this process, and when to try it again.
type Failures = BTreeMap<String, (u32, domain::Timestamp)>;

/// Looks until shutdown.
pub async fn run(app: Arc<App>) {
    let outage = Outage::none("payments fallback");
    let mut failures = Failures::new();
    while app.tasks.sleep(POLL).await {
        match apply_waiting(&app, &mut failures).await {
            Ok(()) => outage.over(),
            Err(error) => outage.seen(&error),
        }
    }
}

/// Applies what waits.
///
/// # Errors
/// When the database is away.
async fn apply_waiting(app: &App, failures: &mut Failures) -> anyhow::Result<()> {
    let waiting = read_models::list_waiting_gateway_events(&app.db, BATCH).await?;
    failures.retain(|id, _| waiting.iter().any(|event| event.gateway_event_id == *id));
    for event in waiting {
        let later = failures
            .get(&event.gateway_event_id)
            .is_some_and(|(_, at)| *at > app.clock.now());
        if later || app.tasks.shutting_down().is_cancelled() {
            continue;
        }
        match payments::actions::apply_gateway_event(app, &event.gateway_event_id, event.event_id).await {
            Ok(()) => {
                tracing::info!(
                    gateway_event.id = event.gateway_event_id,
                    "Applied without the bus"
                );
                relay::poke();
            }
            Err(error) if is_unavailable(&error) => return Err(error),
            Err(error) => count_failure(app, failures, &event, &error).await?,
        }
    }
    Ok(())
}

/// After as many failures as the bus would have allowed, the event is a dead letter like any other.
async fn count_failure(
    app: &App,
    failures: &mut Failures,
    event: &WaitingGatewayEvent,
    error: &anyhow::Error,
) -> anyhow::Result<()> {
    let failed = failures
        .get(&event.gateway_event_id)
        .map_or(0, |(count, _)| *count)
        + 1;
    let again = app.clock.now() + backoff(DELAYS.0, DELAYS.1, failed);
    failures.insert(event.gateway_event_id.clone(), (failed, again));
    tracing::warn!(
        gateway_event.id = event.gateway_event_id,
        failed,
        "Not applied: {error:#}"
    );
    if i64::from(failed) < HANDLINGS_MAX {
        return Ok(());
    }
    // Without its outbox row (cleared after 7 days) it could not be replayed: then it is tried on, and warned of.
    let Some(row) = store::find_event(&app.db, event.event_id).await? else {
        return Ok(());
    };
    let subject = row.nats_subject.clone();
    let envelope = serde_json::to_value(envelope(row))?;
    dead_letters::bury(
        &app.db,
        "payments",
        &subject,
        (event.event_id.0, &envelope),
        &format!("{error:#}"),
    )
    .await?;
    Ok(())
}
