//! Fans that listen on this node, and the news for them: only ever the newest, never a backlog.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use contracts::room::{ExpiryReason, QueueState, TicketState};
use tokio::sync::watch;

use super::registry::Line;
use crate::ids::TicketId;
use crate::line_store::TicketChange;

/// The newest about one ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum News {
    /// Nothing since the fan came.
    #[default]
    None,
    /// The session is open.
    Admitted { session_expires_at_ms: u64 },
    /// The fan was dropped from the line.
    Dropped { reason: Option<ExpiryReason> },
    /// It is over in another way.
    Ended(TicketState),
}

/// The newest about a whole queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct QueueNews {
    pub(crate) state: QueueState,
    pub(crate) reason: String,
    /// Grows when deltas may have been missed: whoever listens reads their ticket anew.
    pub(crate) rebuilds: u64,
}

/// Everybody who listens to one line here.
pub(crate) struct Followers {
    tickets: Mutex<HashMap<TicketId, watch::Sender<News>>>,
    queue: watch::Sender<QueueNews>,
}

impl Default for Followers {
    fn default() -> Self {
        let news = QueueNews {
            state: QueueState::Open,
            reason: String::new(),
            rebuilds: 0,
        };
        Self {
            tickets: Mutex::default(),
            queue: watch::Sender::new(news),
        }
    }
}

/// A listening fan; stops listening when dropped.
pub(crate) struct Following {
    line: Arc<Line>,
    ticket: TicketId,
    pub(crate) news: watch::Receiver<News>,
    pub(crate) queue_news: watch::Receiver<QueueNews>,
}

impl Following {
    /// Starts to listen for `ticket`: everything from here on is heard, so read the ticket's state after this.
    pub(crate) fn start(line: &Arc<Line>, ticket: TicketId) -> Self {
        let news = line.followers.lock().entry(ticket).or_default().subscribe();
        Self {
            line: Arc::clone(line),
            ticket,
            news,
            queue_news: line.followers.queue.subscribe(),
        }
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let mut tickets = self.line.followers.lock();
        let last = tickets
            .get(&self.ticket)
            .is_some_and(|sender| sender.receiver_count() <= 1);
        if last {
            tickets.remove(&self.ticket);
        }
    }
}

impl Followers {
    pub(super) fn tell(&self, ticket: TicketId, change: TicketChange, session_expires_at_ms: u64) {
        let news = match change {
            TicketChange::Joined => return,
            TicketChange::Admitted => News::Admitted {
                session_expires_at_ms,
            },
            TicketChange::Left | TicketChange::Cancelled => News::Ended(TicketState::Cancelled),
            TicketChange::Expired(reason) => News::Dropped { reason },
            TicketChange::Completed => News::Ended(TicketState::Completed),
            TicketChange::SessionExpired => News::Ended(TicketState::SessionExpired),
        };
        if let Some(sender) = self.lock().get(&ticket) {
            sender.send_replace(news);
        }
    }

    pub(super) fn tell_all(&self, state: QueueState, reason: &str) {
        self.queue.send_if_modified(|news| {
            let changed = news.state != state;
            news.state = state;
            reason.clone_into(&mut news.reason);
            changed
        });
    }

    pub(super) fn tell_rebuilt(&self) {
        self.queue.send_modify(|news| news.rebuilds += 1);
    }

    pub(super) fn tickets(&self) -> Vec<TicketId> {
        self.lock().keys().copied().collect()
    }

    pub(super) fn any(&self) -> bool {
        !self.lock().is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TicketId, watch::Sender<News>>> {
        self.tickets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
