//! Sending frames.

use std::borrow::Cow;
use std::time::Duration;

use contracts::room::{RoomEvent, RoomFrame};
use futures_util::SinkExt;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::handshake::Socket;
use crate::app::App;
use crate::time::millis;

/// A reader that takes nothing for so long is gone.
const SEND_TIMEOUT: Duration = Duration::from_secs(20);

/// Goodbyes are a courtesy.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// The ticket has ended: there is nothing more to say.
pub(super) const CLOSE_DONE: u16 = 1000;
/// More was sent than a fan has to say.
pub(super) const CLOSE_TOO_TALKATIVE: u16 = 1008;
/// The node stops: come back, to any other.
pub(super) const CLOSE_RESTART: u16 = 1012;
/// The ticket could not be read just now: try again.
pub(super) const CLOSE_TRY_AGAIN: u16 = 1013;
/// The token is not valid.
pub(super) const CLOSE_UNAUTHORIZED: u16 = 4401;

/// The socket is of no more use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gone;

/// Numbers the frames of one ticket: by the clock, so that they also grow from one connection to the next.
#[derive(Debug, Default)]
pub(super) struct Versions {
    last: u64,
}

impl Versions {
    fn next(&mut self, now_ms: u64) -> u64 {
        self.last = now_ms.max(self.last + 1);
        self.last
    }
}

pub(super) async fn send(
    app: &App,
    socket: &mut Socket,
    versions: &mut Versions,
    event: RoomEvent,
) -> Result<(), Gone> {
    let frame = RoomFrame {
        v: versions.next(millis(app.clock.now())),
        event,
    };
    let text = serde_json::to_string(&frame).map_err(|_| Gone)?;
    send_message(socket, Message::text(text)).await
}

pub(super) async fn ping(socket: &mut Socket) -> Result<(), Gone> {
    send_message(socket, Message::Ping(Vec::new().into())).await
}

async fn send_message(socket: &mut Socket, message: Message) -> Result<(), Gone> {
    match tokio::time::timeout(SEND_TIMEOUT, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(Gone),
    }
}

pub(super) async fn close(socket: &mut Socket, code: u16, reason: &'static str) {
    let frame = CloseFrame {
        code: CloseCode::from(code),
        reason: Cow::Borrowed(reason).as_ref().into(),
    };
    // Whether the other side hears it changes nothing here.
    let _ = tokio::time::timeout(CLOSE_TIMEOUT, socket.close(Some(frame))).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_grow_even_if_the_clock_stands_still_or_goes_back() {
        let mut versions = Versions::default();
        assert_eq!(
            [5_000, 5_000, 4_000, 6_000].map(|now| versions.next(now)),
            [5_000, 5_001, 5_002, 6_000]
        );
    }
}
