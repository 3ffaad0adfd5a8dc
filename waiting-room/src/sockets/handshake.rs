//! The handshake: which ticket, and the proof. The token comes as subprotocol (`tribina.v1, <token>`), in the first
//! frame, or (old clients) as `?token=`. It is never logged.

use std::fmt;

use contracts::room::{FanFrame, WS_SUBPROTOCOL};
use contracts::tokens::TicketTokenClaims;
use futures_util::StreamExt;
use platform::problems::{NO_SUCH_ROUTE, Problem};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::http::header::SEC_WEBSOCKET_PROTOCOL;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};
use uuid::Uuid;

use super::frames::{CLOSE_UNAUTHORIZED, close};
use super::refusals;
use crate::app::App;
use crate::faults::Refusal;
use crate::problems::{TICKET_TOKEN_INVALID, TOO_MANY_SOCKETS};
use crate::tickets;

pub(super) type Socket = WebSocketStream<TcpStream>;

/// What a fan may send is small.
const MESSAGE_BYTES_MAX: usize = 4 * 1024;

/// The largest frame of ours, twice: with a pass in it, under 2 KB.
const WRITE_BYTES_MAX: usize = 8 * 1024;

const READ_BUFFER_BYTES: usize = 1024;

/// Why a socket was not opened.
#[derive(Debug)]
pub(super) enum NotOpened {
    Handshake(Error),
    /// The first frame brought no valid token.
    Unauthorized,
}

impl fmt::Display for NotOpened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Handshake(error) => error.fmt(f),
            Self::Unauthorized => f.write_str("no valid ticket token"),
        }
    }
}

/// Opens the socket and tells whose it is.
pub(super) async fn greet(
    app: &App,
    mut stream: TcpStream,
    has_room: bool,
) -> Result<(Socket, TicketTokenClaims), NotOpened> {
    let mut asked = Asked::default();
    let callback = |request: &Request, response: Response| {
        asked = read_request(app, request, has_room).map_err(|problem| refusals::refusal(&problem))?;
        Ok(accepted(request, response))
    };
    // Only lent: who asked for no socket is still to be answered. Nothing is read beyond the request (more than that is an
    // error of the protocol), so that the socket can start over on the stream.
    let shaken = tokio_tungstenite::accept_hdr_async_with_config(&mut stream, callback, Some(config()))
        .await
        .map(drop);
    if let Err(error) = shaken {
        if let Error::Protocol(_) = error {
            refusals::send_away(&mut stream).await;
        }
        return Err(NotOpened::Handshake(error));
    }
    let mut socket = Socket::from_raw_socket(stream, Role::Server, Some(config())).await;
    if let Some(claims) = asked.claims {
        return Ok((socket, claims));
    }
    match first_frame(app, &mut socket, asked.ticket).await {
        Some(claims) => Ok((socket, claims)),
        None => {
            close(&mut socket, CLOSE_UNAUTHORIZED, TICKET_TOKEN_INVALID.code).await;
            Err(NotOpened::Unauthorized)
        }
    }
}

/// 128 KiB are read ahead by default: a million fans would take 128 GB.
fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BYTES_MAX)
        .max_message_size(Some(MESSAGE_BYTES_MAX))
        .max_frame_size(Some(MESSAGE_BYTES_MAX))
}

#[derive(Default)]
struct Asked {
    ticket: Uuid,
    /// `None` when the first frame is to bring the token.
    claims: Option<TicketTokenClaims>,
}

fn read_request(app: &App, request: &Request, has_room: bool) -> Result<Asked, Box<Problem>> {
    let ticket = ticket_in(request.uri().path()).ok_or_else(|| Box::new(Problem::new(NO_SUCH_ROUTE)))?;
    if !has_room {
        return Err(Box::new(Problem::new(TOO_MANY_SOCKETS).retry_after(5)));
    }
    let token = token_in_protocols(request).or_else(|| token_in_query(request.uri().query()?));
    let Some(token) = token else {
        return Ok(Asked { ticket, claims: None });
    };
    let claims = tickets::verify(app, &token, ticket).map_err(|refused| Box::new(refused.problem()))?;
    Ok(Asked {
        ticket,
        claims: Some(claims),
    })
}

fn ticket_in(path: &str) -> Option<Uuid> {
    let id = path.strip_prefix("/tickets/")?.strip_suffix("/ws")?;
    Uuid::parse_str(id).ok()
}

fn token_in_protocols(request: &Request) -> Option<String> {
    let offered: Vec<&str> = protocols(request).collect();
    let [WS_SUBPROTOCOL, token] = offered[..] else {
        return None;
    };
    Some(token.to_owned())
}

fn token_in_query(query: &str) -> Option<String> {
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix("token="))
        .map(ToOwned::to_owned)
}

fn protocols(request: &Request) -> impl Iterator<Item = &str> {
    let values = request.headers().get_all(SEC_WEBSOCKET_PROTOCOL).into_iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

/// Names the subprotocol if the client offered it: browsers insist.
fn accepted(request: &Request, mut response: Response) -> Response {
    if protocols(request).any(|offered| offered == WS_SUBPROTOCOL) {
        response
            .headers_mut()
            .insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(WS_SUBPROTOCOL));
    }
    response
}

async fn first_frame(app: &App, socket: &mut Socket, ticket: Uuid) -> Option<TicketTokenClaims> {
    let Some(Ok(Message::Text(text))) = socket.next().await else {
        return None;
    };
    let FanFrame::Authenticate { token } = serde_json::from_str(&text).ok()?;
    tickets::verify(app, &token, ticket).ok()
}
