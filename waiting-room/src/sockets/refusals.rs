//! What is answered instead of a socket: the problem documents of the API, on a connection that then ends.

use actix_web::ResponseError;
use platform::problems::{PROBLEM_JSON, Problem};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, write_response};
use tokio_tungstenite::tungstenite::http::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode};

use crate::problems::UPGRADE_REQUIRED;

/// Of what a plain request brings along so much is read, so that it does not stand in the way of the answer.
const BODY_BYTES_MAX: u64 = 64 * 1024;

/// The problem as an answer to the handshake.
pub(super) fn refusal(problem: &Problem) -> ErrorResponse {
    let body = serde_json::to_string(problem).unwrap_or_default();
    let length = body.len();
    let mut response = ErrorResponse::new(Some(body));
    *response.status_mut() =
        StatusCode::from_u16(problem.status_code().as_u16()).unwrap_or(StatusCode::BAD_REQUEST);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    if let Some(seconds) = problem.retry_after_seconds() {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Tells who asked for no socket, or not properly, what is taken here.
pub(super) async fn send_away(stream: &mut TcpStream) {
    // The other side may be gone already: nothing is to be done about it.
    if stream.write_all(&upgrade_required()).await.is_err() || stream.shutdown().await.is_err() {
        return;
    }
    // Closing over unread bytes resets the connection, and the answer may be lost with it.
    let mut rest = stream.take(BODY_BYTES_MAX);
    let _ = tokio::io::copy(&mut rest, &mut tokio::io::sink()).await;
}

fn upgrade_required() -> Vec<u8> {
    let mut response = refusal(&Problem::new(UPGRADE_REQUIRED));
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade, close"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    let mut bytes = Vec::new();
    if let Err(error) = write_response(&mut bytes, &response) {
        tracing::error!("A refusal cannot be written: {error}");
    }
    bytes.extend(response.into_body().unwrap_or_default().into_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problems::TOO_MANY_SOCKETS;

    #[test]
    fn a_refusal_says_when_to_come_back() {
        let response = refusal(&Problem::new(TOO_MANY_SOCKETS).retry_after(5));
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[RETRY_AFTER], "5");
        assert_eq!(response.headers()[CONTENT_TYPE], PROBLEM_JSON);
        let body: serde_json::Value = serde_json::from_str(response.body().as_deref().unwrap()).unwrap();
        assert_eq!(body["code"], "too-many-sockets");
        assert!(
            !refusal(&Problem::new(UPGRADE_REQUIRED))
                .headers()
                .contains_key(RETRY_AFTER)
        );
    }
}
