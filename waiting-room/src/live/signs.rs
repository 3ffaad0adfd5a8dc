//! Signs of life: kept here, brought to the store in batches, at most once a minute.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::registry::Line;
use crate::app::App;
use crate::ids::TicketId;
use crate::line_store::touch_batches;
use crate::outage::Outage;

/// Between two flushes, at most, ms; a third of the ticket TTL if that is shorter.
const FLUSH_EVERY_MS: u64 = 60_000;

/// Fans who asked since the last flush. Who has an open socket is a sign of life by themselves.
#[derive(Default)]
pub(crate) struct Signs {
    asked: Mutex<BTreeSet<TicketId>>,
}

impl Signs {
    pub(crate) fn note(&self, ticket: TicketId) {
        self.asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(ticket);
    }

    fn take(&self) -> BTreeSet<TicketId> {
        std::mem::take(&mut *self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Runs until the line retires or the process stops, which flushes once more.
pub(super) async fn flush_signs(app: Arc<App>, line: Arc<Line>) {
    let every = Duration::from_millis(FLUSH_EVERY_MS.min(line.queue.ticket_ttl_ms / 3).max(100));
    let mut outage = Outage::of("live.flush_signs");
    let mut running = true;
    while running && !line.retired() {
        running = app.tasks.sleep(every).await;
        match flush(&app, &line).await {
            Ok(()) => outage.worked(),
            Err(error) => outage.failed(&error),
        }
    }
}

async fn flush(app: &App, line: &Line) -> anyhow::Result<()> {
    let mut alive = line.signs.take();
    let asked = alive.clone();
    alive.extend(line.followers.tickets());
    let alive: Vec<TicketId> = alive.into_iter().collect();
    for batch in touch_batches(&alive) {
        if let Err(error) = app.store.touch(&line.keys, batch).await {
            asked.into_iter().for_each(|ticket| line.signs.note(ticket));
            return Err(error);
        }
    }
    Ok(())
}
