//! One fan's socket, from the first state to the end.

use std::sync::Arc;
use std::time::Duration;

use contracts::room::{ExpiryReason, QueueState, RoomEvent, Ticket, TicketState};
use contracts::tokens::TicketTokenClaims;
use futures_util::StreamExt;
use line::pace::next_frame_in_ms;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use super::frames::{
    CLOSE_DONE, CLOSE_RESTART, CLOSE_TOO_TALKATIVE, CLOSE_TRY_AGAIN, Gone, Versions, close, ping, send,
};
use super::handshake::Socket;
use crate::app::App;
use crate::ids::{QueueId, TicketId, UserId};
use crate::line_store::PlacedTicket;
use crate::live::{Following, Line, News, QueueNews};
use crate::sabotage::{self, Guard};
use crate::time::{instant, millis};
use crate::{queues, sessions, tickets};

const PING_EVERY: Duration = Duration::from_secs(30);

/// Two pings without any answer.
const SILENCE_MAX: Duration = Duration::from_secs(75);

/// A place that could not be told is looked for again so soon.
const UNPLACED_RETRY: Duration = Duration::from_secs(1);

/// A fan has nothing to say after the token.
const MESSAGES_MAX: u32 = 32;

/// Serves the socket to its end. A closed socket changes nothing.
pub(super) async fn attend(app: &Arc<App>, mut socket: Socket, claims: &TicketTokenClaims) {
    let Ok(line) = Box::pin(queues::line_of(app, QueueId(claims.queue_id))).await else {
        Box::pin(close(&mut socket, CLOSE_TRY_AGAIN, "unavailable")).await;
        return;
    };
    let following = Following::start(&line, TicketId(claims.ticket_id));
    let mut attendance = Attendance::new(app, &line, claims);
    if let Some((code, reason)) = attendance.run(&mut socket, following).await {
        Box::pin(close(&mut socket, code, reason)).await;
    }
}

/// How a socket ends, if the other side still hears it.
type Ending = Option<(u16, &'static str)>;

struct Attendance<'a> {
    app: &'a Arc<App>,
    line: &'a Arc<Line>,
    claims: &'a TicketTokenClaims,
    versions: Versions,
    /// What the fan was told last while waiting: position and size.
    told: Option<(u64, u64)>,
    /// The fan waits, and their place could not be told.
    unplaced: bool,
    next_position: Instant,
    next_ping: Instant,
    heard: Instant,
    messages: u32,
    /// Rebuilds of the mirror up to which nothing was missed.
    rebuilds: u64,
}

/// What to do after a step.
enum Next {
    Stay,
    End(Ending),
}

impl From<Gone> for Next {
    fn from(_: Gone) -> Self {
        Self::End(None)
    }
}

impl<'a> Attendance<'a> {
    fn new(app: &'a Arc<App>, line: &'a Arc<Line>, claims: &'a TicketTokenClaims) -> Self {
        let now = Instant::now();
        Self {
            app,
            line,
            claims,
            versions: Versions::default(),
            told: None,
            unplaced: false,
            next_position: now,
            next_ping: now + PING_EVERY,
            heard: now,
            messages: 0,
            rebuilds: 0,
        }
    }

    async fn run(&mut self, socket: &mut Socket, mut following: Following) -> Ending {
        // Every step is boxed for as long as it takes: what a task holds while it waits is what a fan costs.
        let mut next = Box::pin(self.greet(socket, &mut following)).await;
        loop {
            if let Next::End(ending) = next {
                return ending;
            }
            let wake = self.next_position.min(self.next_ping);
            // The ticket's own news first: whoever was admitted before the closing is not sent away by it.
            next = tokio::select! {
                biased;
                () = self.app.tasks.shutting_down().cancelled() => Next::End(Some((CLOSE_RESTART, "restart"))),
                changed = following.news.changed() => match changed {
                    Ok(()) => Box::pin(self.tell_news(socket, &mut following)).await,
                    Err(_) => Next::End(None),
                },
                changed = following.queue_news.changed() => match changed {
                    Ok(()) => Box::pin(self.tell_queue_news(socket, &mut following)).await,
                    Err(_) => Next::End(None),
                },
                message = socket.next() => self.hear(message),
                _ = tokio::time::timeout_at(wake, std::future::pending::<()>()) => Box::pin(self.wake(socket)).await,
            };
        }
    }

    async fn greet(&mut self, socket: &mut Socket, following: &mut Following) -> Next {
        let news = following.queue_news.borrow_and_update().clone();
        self.rebuilds = news.rebuilds;
        match self.tell_state(socket).await {
            Next::Stay if news.state == QueueState::Paused && self.waits() => {
                self.tell(socket, RoomEvent::QueuePaused).await
            }
            next => next,
        }
    }

    /// The whole state, on connecting and whenever news may have been missed.
    async fn tell_state(&mut self, socket: &mut Socket) -> Next {
        let Ok((_, ticket)) = tickets::look(self.app, self.claims).await else {
            return Next::End(Some((CLOSE_TRY_AGAIN, "unavailable")));
        };
        let over = has_ended(&ticket);
        self.told = ticket.position.map(|position| (position, ticket.queue_size));
        self.unplaced = ticket.state == TicketState::Waiting && ticket.position.is_none();
        self.schedule();
        let event = RoomEvent::State { ticket };
        if over {
            self.tell_last(socket, event).await
        } else {
            self.tell(socket, event).await
        }
    }

    async fn tell_queue_news(&mut self, socket: &mut Socket, following: &mut Following) -> Next {
        let news = following.queue_news.borrow_and_update().clone();
        if news.rebuilds != self.rebuilds {
            return self.greet(socket, following).await;
        }
        if !self.waits() {
            return Next::Stay;
        }
        match news.state {
            QueueState::Open => self.tell_state(socket).await,
            QueueState::Paused => self.tell(socket, RoomEvent::QueuePaused).await,
            QueueState::Closed => {
                self.tell_last(socket, RoomEvent::QueueClosed { reason: news.reason })
                    .await
            }
        }
    }

    async fn tell_news(&mut self, socket: &mut Socket, following: &mut Following) -> Next {
        let news = *following.news.borrow_and_update();
        match news {
            News::None => Next::Stay,
            News::Admitted {
                session_expires_at_ms,
            } => {
                self.told = None;
                self.unplaced = false;
                self.schedule();
                match self.admitted(session_expires_at_ms) {
                    Ok(event) => self.tell(socket, event).await,
                    Err(error) => {
                        tracing::error!(ticket.id = %self.claims.ticket_id, "A pass could not be signed: {error:#}");
                        Next::End(Some((CLOSE_TRY_AGAIN, "unavailable")))
                    }
                }
            }
            News::Dropped { reason } => {
                let event = dropped(reason, &following.queue_news.borrow());
                self.tell_last(socket, event).await
            }
            News::Ended(state) => self.tell_last(socket, ended(state)).await,
        }
    }

    async fn tell(&mut self, socket: &mut Socket, event: RoomEvent) -> Next {
        match send(self.app, socket, &mut self.versions, event).await {
            Ok(()) => Next::Stay,
            Err(gone) => gone.into(),
        }
    }

    async fn tell_last(&mut self, socket: &mut Socket, event: RoomEvent) -> Next {
        match send(self.app, socket, &mut self.versions, event).await {
            Ok(()) => Next::End(Some((CLOSE_DONE, "over"))),
            Err(gone) => gone.into(),
        }
    }

    fn admitted(&self, session_expires_at_ms: u64) -> anyhow::Result<RoomEvent> {
        let ticket = PlacedTicket {
            id: TicketId(self.claims.ticket_id),
            state: TicketState::Admitted,
            reason: None,
            sequence: self.claims.sequence,
            user: UserId(self.claims.sub),
            session_expires_at_ms,
            version: 0,
            position: 0,
            queue_size: 0,
        };
        let pass = sessions::issue_pass(self.app, self.line, &ticket)?;
        Ok(RoomEvent::Admitted {
            session_expires_at: instant(session_expires_at_ms),
            pass,
        })
    }

    /// A position is due, or a ping.
    async fn wake(&mut self, socket: &mut Socket) -> Next {
        let now = Instant::now();
        if now >= self.next_ping {
            if now - self.heard > SILENCE_MAX {
                return Next::End(None);
            }
            self.next_ping = now + PING_EVERY;
            if let Err(gone) = ping(socket).await {
                return gone.into();
            }
        }
        if now < self.next_position {
            return Next::Stay;
        }
        if self.unplaced && self.line.reads.next().await {
            return self.tell_state(socket).await;
        }
        let told = self.tell_position(socket).await;
        self.schedule();
        told
    }

    /// Whether the fan is in the line, as far as they were told.
    fn waits(&self) -> bool {
        self.told.is_some() || self.unplaced
    }

    async fn tell_position(&mut self, socket: &mut Socket) -> Next {
        let now = self.app.clock.now();
        let Some(place) = self.line.mirror.place(self.claims.sequence, millis(now)) else {
            return Next::Stay;
        };
        let rises = sabotage::lifts(Guard::NewcomersLast);
        let position = self
            .told
            .filter(|_| !rises)
            .map_or(place.position, |(before, _)| place.position.min(before));
        if self.told.is_none() || self.told == Some((position, place.queue_size)) {
            return Next::Stay;
        }
        self.told = Some((position, place.queue_size));
        let event = RoomEvent::PositionChanged {
            position,
            queue_size: place.queue_size,
            estimated_wait_seconds: place.estimated_wait,
            sync_at: now,
        };
        self.tell(socket, event).await
    }

    fn hear(&mut self, message: Option<Result<Message, tokio_tungstenite::tungstenite::Error>>) -> Next {
        self.heard = Instant::now();
        match message {
            None | Some(Err(_) | Ok(Message::Close(_))) => Next::End(None),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Next::Stay,
            Some(Ok(Message::Text(_) | Message::Binary(_))) => {
                self.messages += 1;
                if self.messages > MESSAGES_MAX {
                    return Next::End(Some((CLOSE_TOO_TALKATIVE, "too talkative")));
                }
                Next::Stay
            }
        }
    }

    /// When the next position is due: often near the front, seldom far back, not at all outside the line.
    fn schedule(&mut self) {
        let now = Instant::now();
        self.next_position = match self.told {
            Some((position, _)) => now + Duration::from_millis(next_frame_in_ms(position)),
            None if self.unplaced => now + UNPLACED_RETRY,
            None => now + SILENCE_MAX,
        };
    }
}

fn has_ended(ticket: &Ticket) -> bool {
    match ticket.state {
        TicketState::Waiting | TicketState::Admitted => false,
        TicketState::Completed
        | TicketState::SessionExpired
        | TicketState::Cancelled
        | TicketState::Expired => true,
    }
}

/// Whoever the closing dropped hears why the queue is over.
fn dropped(reason: Option<ExpiryReason>, queue: &QueueNews) -> RoomEvent {
    let by_closing = match reason {
        Some(ExpiryReason::QueueClosed) | None => queue.state == QueueState::Closed,
        Some(ExpiryReason::Silent | ExpiryReason::OpeningEnded) => false,
    };
    if by_closing {
        RoomEvent::QueueClosed {
            reason: queue.reason.clone(),
        }
    } else {
        RoomEvent::Expired { reason }
    }
}

fn ended(state: TicketState) -> RoomEvent {
    match state {
        TicketState::Completed => RoomEvent::Completed,
        TicketState::SessionExpired => RoomEvent::SessionExpired,
        TicketState::Cancelled => RoomEvent::Cancelled,
        TicketState::Waiting | TicketState::Admitted | TicketState::Expired => {
            RoomEvent::Expired { reason: None }
        }
    }
}
