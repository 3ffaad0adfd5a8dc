//! The lines that this node runs.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use super::follow::Followers;
use super::mirror::{Mirror, Place};
use super::reads::Reads;
use super::signs::Signs;
use super::{reader, signs};
use crate::app::App;
use crate::ids::{QueueId, QueueNumber};
use crate::line_store::{LineKeys, PlacedTicket};
use crate::queues::Queue;
use crate::time::millis;
use crate::{admission, line_log};

/// A node hears of a change within 25 ms, and within 200 ms in an idle line; it is waited for so long, in such pauses.
const HEARSAY_TRIES: u32 = 100;
const HEARSAY_PAUSE: Duration = Duration::from_millis(5);

/// One line as this node holds it.
pub(crate) struct Line {
    pub(crate) queue: Queue,
    pub(crate) keys: LineKeys,
    pub(crate) mirror: Mirror,
    pub(crate) followers: Followers,
    pub(crate) signs: Signs,
    pub(crate) reads: Reads,
    leads: AtomicBool,
    retired: AtomicBool,
}

impl Line {
    fn new(queue: Queue) -> Self {
        Self {
            keys: LineKeys::of(queue.id),
            queue,
            mirror: Mirror::default(),
            followers: Followers::default(),
            signs: Signs::default(),
            reads: Reads::default(),
            leads: AtomicBool::new(false),
            retired: AtomicBool::new(false),
        }
    }

    /// The place of a ticket of which the store says that it waits.
    ///
    /// A place never goes up, and the next look answers from the mirror, which is a moment behind the store: so it is the
    /// mirror's place that is told, as soon as the mirror has heard of the ticket. A ticket that it knows no more has left
    /// the line since the store was asked, and no later look will take back what the store said.
    pub(crate) async fn place_of(&self, app: &App, ticket: &PlacedTicket) -> Place {
        if let Some(place) = self.mirrored_place(app, ticket) {
            return place;
        }
        self.hear_of(app, ticket).await;
        self.mirrored_place(app, ticket)
            .unwrap_or_else(|| self.stored_place(app, ticket))
    }

    /// The place as the store counted it: of a ticket that was made by the very call that counted.
    pub(crate) fn stored_place(&self, app: &App, ticket: &PlacedTicket) -> Place {
        Place {
            position: ticket.position,
            queue_size: ticket.queue_size,
            estimated_wait: self.mirror.wait_at(ticket.position, millis(app.clock.now())),
        }
    }

    /// Waits until the mirror has heard what the store says of the ticket, or until it seems that it will not.
    pub(crate) async fn hear_of(&self, app: &App, ticket: &PlacedTicket) {
        for _ in 0..HEARSAY_TRIES {
            let heard = self.mirror.delta().is_some_and(|delta| delta >= ticket.version);
            if heard || self.retired() || !app.tasks.sleep(HEARSAY_PAUSE).await {
                return;
            }
        }
    }

    fn mirrored_place(&self, app: &App, ticket: &PlacedTicket) -> Option<Place> {
        self.mirror.place(ticket.sequence, millis(app.clock.now()))
    }

    /// Whether this node is the line's leader, as far as it knows. What a leader does is fenced besides.
    pub(crate) fn leads(&self) -> bool {
        self.leads.load(Ordering::Relaxed)
    }

    pub(crate) fn set_leads(&self, leads: bool) {
        self.leads.store(leads, Ordering::Relaxed);
    }

    /// Whether nothing will ever happen in this line again.
    pub(crate) fn retired(&self) -> bool {
        self.retired.load(Ordering::Relaxed)
    }

    pub(crate) fn retire(&self) {
        self.retired.store(true, Ordering::Relaxed);
    }
}

/// All lines of this node.
#[derive(Default)]
pub(crate) struct Lines {
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    by_id: HashMap<QueueId, Arc<Line>>,
    by_number: HashMap<QueueNumber, Arc<Line>>,
}

impl Lines {
    pub(crate) fn find(&self, id: QueueId) -> Option<Arc<Line>> {
        self.known
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .by_id
            .get(&id)
            .cloned()
    }

    pub(crate) fn find_numbered(&self, number: QueueNumber) -> Option<Arc<Line>> {
        self.known
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .by_number
            .get(&number)
            .cloned()
    }

    /// The running line of `queue`; starts it if this node does not run it yet.
    pub(crate) fn run(&self, app: &Arc<App>, queue: Queue) -> Arc<Line> {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = known.by_id.get(&queue.id) {
            return Arc::clone(line);
        }
        let line = Arc::new(Line::new(queue));
        known.by_id.insert(line.queue.id, Arc::clone(&line));
        known.by_number.insert(line.queue.number, Arc::clone(&line));
        drop(known);

        app.tasks.spawn(
            "live.read_deltas",
            reader::read_deltas(Arc::clone(app), Arc::clone(&line)),
        );
        app.tasks.spawn(
            "live.flush_signs",
            signs::flush_signs(Arc::clone(app), Arc::clone(&line)),
        );
        app.tasks.spawn(
            "admission.tick",
            admission::lead(Arc::clone(app), Arc::clone(&line)),
        );
        app.tasks.spawn(
            "line_log.write",
            line_log::write(Arc::clone(app), Arc::clone(&line)),
        );
        line
    }
}
