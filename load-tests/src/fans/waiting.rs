//! The line, from the fan's side: join, follow by socket or by polling, be admitted.

use std::time::Duration;

use chrono::{DateTime, Utc};
use contracts::room::{JoinQueue, RoomEvent, RoomFrame, Ticket, TicketState, WS_SUBPROTOCOL};
use futures_util::StreamExt;
use rand::RngExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config, tungstenite::Message};
use uuid::Uuid;

use crate::clock::pause;
use crate::fans::character::{Follows, Quirk};
use crate::fans::history::What;
use crate::fans::life::Fan;
use crate::fans::web::Answer;
use crate::fans::wire::JoinGrant;

/// Between two polls of a fan without sockets.
const POLL_EVERY: Duration = Duration::from_millis(1_500);
/// A bot does not wait to be called.
const BOT_LOOKS_EVERY: Duration = Duration::from_millis(500);
/// Between two polls of a fan whose turn is far away.
const FAR_POLL_EVERY: Duration = Duration::from_secs(15);
/// Further back than this is far away.
const FAR: u64 = 500;
/// A shaky connection breaks so often.
const SOCKET_DROPS: u32 = 3;
/// A socket that says nothing for so long is checked by a poll: the room pings every 30 s.
const SILENCE_MAX: Duration = Duration::from_secs(45);
/// Before the queue exists, or while the backend is unwell.
const GRANT_TRIES: u32 = 20;
/// Small, so that thousands of sockets fit into this process.
const SOCKET_BUFFER_BYTES: usize = 4096;

/// A place in the line.
#[derive(Debug, Clone)]
pub(super) struct Place {
    ticket_id: Uuid,
    token: String,
    ws_url: String,
}

impl Place {
    pub(super) fn ticket_id(&self) -> Uuid {
        self.ticket_id
    }
}

/// An open session.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) ends_at: DateTime<Utc>,
    pub(super) pass: String,
}

/// How joining went.
pub(super) enum Joining {
    Placed(Place),
    LineClosed,
    Failed,
}

/// How waiting ended.
pub(super) enum Waited {
    Admitted(Session),
    LineClosed,
    Dropped,
    TimeUp,
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

impl Fan {
    /// Fetches a join grant and takes it to the room.
    pub(super) async fn join(&mut self) -> Joining {
        let Some(grant) = self.join_grant().await else {
            return Joining::Failed;
        };
        let Some(ticket) = self.show_grant(&grant).await else {
            return if self.line_is_closed {
                Joining::LineClosed
            } else {
                Joining::Failed
            };
        };
        match ticket.ticket_token {
            Some(token) => Joining::Placed(Place {
                ticket_id: ticket.ticket_id,
                token,
                ws_url: ticket.ws_url,
            }),
            None => Joining::Failed,
        }
    }

    pub(super) async fn join_grant(&mut self) -> Option<JoinGrant> {
        let url = self.match_url("/join-grant");
        for _ in 0..GRANT_TRIES {
            let answer = self
                .insist("queue-not-ready", |http, fan| {
                    http.post(&url).bearer_auth(&fan.token)
                })
                .await;
            let is_early = |answer: &Answer| answer.code() == "queue-not-ready";
            if !answer.as_ref().is_some_and(is_early) {
                return self.expect_success("join-grant", answer)?.read();
            }
            pause(Duration::from_secs(1)).await;
        }
        None
    }

    /// The room's answer to a grant: a place, or the one that the fan has already.
    pub(super) async fn show_grant(&mut self, grant: &JoinGrant) -> Option<Ticket> {
        let body = JoinQueue {
            grant: Some(grant.grant.clone()),
            user_id: None,
        };
        let answer = self
            .insist("", |http, _| http.post(&grant.join_url).json(&body))
            .await;
        let is_closed = |answer: &Answer| answer.code() == "queue-closed";
        if answer.as_ref().is_some_and(is_closed) {
            self.line_is_closed = true;
            return None;
        }
        let answer = self.expect_success("join", answer)?;
        let ticket = answer.read::<Ticket>()?;
        let ticket_id = ticket.ticket_id;
        self.remember(&answer, What::Joined { ticket_id });
        self.note_position(&ticket);
        Some(ticket)
    }

    /// Waits to be admitted.
    pub(super) async fn wait(&mut self, place: &mut Place) -> Waited {
        let mut drops = if self.character.follows == Follows::ShakySocket {
            SOCKET_DROPS
        } else {
            0
        };
        let mut was_lost = false;
        loop {
            if self.world.is_over() {
                return Waited::TimeUp;
            }
            let ended = match self.character.follows {
                _ if self.character.quirk == Quirk::Bot => self.poll(place).await,
                Follows::Polling => self.poll(place).await,
                Follows::Socket | Follows::ShakySocket => match connect(place).await {
                    Some(socket) => {
                        let patience = if drops > 0 {
                            self.until_it_drops()
                        } else {
                            SILENCE_MAX
                        };
                        let is_back = std::mem::replace(&mut was_lost, true);
                        self.follow(place, socket, (patience, is_back)).await
                    }
                    None => self.poll(place).await,
                },
            };
            if let Some(waited) = ended {
                return waited;
            }
            drops = drops.saturating_sub(1);
            pause(self.between_looks()).await;
        }
    }

    fn until_it_drops(&mut self) -> Duration {
        Duration::from_millis(self.rng.random_range(200..2_000))
    }

    fn between_looks(&self) -> Duration {
        if self.character.quirk == Quirk::Bot {
            BOT_LOOKS_EVERY
        } else if self.last_position > FAR {
            FAR_POLL_EVERY
        } else {
            POLL_EVERY
        }
    }

    /// Reads frames until something ends the wait. `None`: the socket closed, broke, or stayed silent; nothing is lost by
    /// that, so come back.
    async fn follow(
        &mut self,
        place: &Place,
        mut socket: Socket,
        (patience, mut is_back): (Duration, bool),
    ) -> Option<Waited> {
        loop {
            let message = timeout(patience, socket.next()).await.ok()??.ok()?;
            let Message::Text(text) = message else { continue };
            let Ok(frame) = serde_json::from_str::<RoomFrame>(&text) else {
                self.remember_now(What::Refused {
                    route: "socket",
                    status: 200,
                    code: "unreadable-frame".to_owned(),
                });
                return None;
            };
            // Connected is not enough: the place must be known.
            if std::mem::take(&mut is_back) {
                self.remember_now(What::Reconnected);
            }
            if let Some(waited) = self.hear(place, frame.event) {
                return Some(waited);
            }
            if self.world.is_over() {
                return Some(Waited::TimeUp);
            }
        }
    }

    fn hear(&mut self, place: &Place, event: RoomEvent) -> Option<Waited> {
        match event {
            RoomEvent::State { ticket } => self.look(&ticket),
            RoomEvent::PositionChanged { position, .. } => {
                self.remember_now(What::Placed {
                    ticket_id: place.ticket_id,
                    position,
                });
                None
            }
            RoomEvent::Admitted {
                session_expires_at,
                pass,
            } => {
                self.remember_now(What::Admitted {
                    ticket_id: place.ticket_id,
                });
                Some(Waited::Admitted(Session {
                    ends_at: session_expires_at,
                    pass,
                }))
            }
            RoomEvent::QueueClosed { .. } => Some(Waited::LineClosed),
            RoomEvent::QueuePaused => None,
            RoomEvent::Expired { .. }
            | RoomEvent::SessionExpired
            | RoomEvent::Completed
            | RoomEvent::Cancelled => Some(Waited::Dropped),
        }
    }

    /// One poll. Whoever answers it names its own sockets: those of a node that is gone are left alone.
    async fn poll(&mut self, place: &mut Place) -> Option<Waited> {
        let url = self.ticket_url(place);
        let answer = self
            .insist("", |http, _| http.get(&url).bearer_auth(&place.token))
            .await;
        let answer = answer?;
        if answer.status == 404 || answer.status == 401 {
            self.remember(
                &answer,
                What::PlaceUnknown {
                    ticket_id: place.ticket_id,
                },
            );
            return Some(Waited::Dropped);
        }
        let answer = self.expect_success("ticket", Some(answer))?;
        let ticket = answer.read::<Ticket>()?;
        place.ws_url.clone_from(&ticket.ws_url);
        self.look(&ticket)
    }

    fn look(&mut self, ticket: &Ticket) -> Option<Waited> {
        self.note_position(ticket);
        match ticket.state {
            TicketState::Waiting => None,
            TicketState::Admitted => {
                self.remember_now(What::Admitted {
                    ticket_id: ticket.ticket_id,
                });
                let (ends_at, pass) = (ticket.session_expires_at?, ticket.pass.clone()?);
                Some(Waited::Admitted(Session { ends_at, pass }))
            }
            // Dropped from the line, or the line closed: joining again tells which.
            TicketState::Expired
            | TicketState::Completed
            | TicketState::SessionExpired
            | TicketState::Cancelled => Some(Waited::Dropped),
        }
    }

    fn note_position(&mut self, ticket: &Ticket) {
        if let Some(position) = ticket.position {
            self.last_position = position;
            self.remember_now(What::Placed {
                ticket_id: ticket.ticket_id,
                position,
            });
        }
    }

    /// Gives the place or the session back.
    pub(super) async fn leave(&mut self, place: &Place) {
        let url = self.ticket_url(place);
        let answer = self
            .insist("", |http, _| http.delete(&url).bearer_auth(&place.token))
            .await;
        self.expect_success("leave", answer);
    }

    fn ticket_url(&self, place: &Place) -> String {
        format!(
            "{}/tickets/{}",
            self.world.stack.waiting_room_url.trim_end_matches('/'),
            place.ticket_id
        )
    }
}

async fn connect(place: &Place) -> Option<Socket> {
    let mut request = place.ws_url.as_str().into_client_request().ok()?;
    let protocols = HeaderValue::from_str(&format!("{WS_SUBPROTOCOL}, {}", place.token)).ok()?;
    request.headers_mut().insert("Sec-WebSocket-Protocol", protocols);
    let config = WebSocketConfig::default()
        .read_buffer_size(SOCKET_BUFFER_BYTES)
        .write_buffer_size(0);
    let connecting = connect_async_with_config(request, Some(config), true);
    let (socket, _) = timeout(Duration::from_secs(10), connecting).await.ok()?.ok()?;
    Some(socket)
}
