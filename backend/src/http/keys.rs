//! `Idempotency-Key` and `If-Match`: what makes a request repeatable, and what it was based on.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::IF_MATCH;
use actix_web::{FromRequest, HttpRequest};
use platform::problems::{INVALID_REQUEST, Problem};

use super::problems::IDEMPOTENCY_KEY_REQUIRED;

/// The client's own name for one intent: repeating it repeats the answer, not the deed.
#[derive(Debug, Clone)]
pub struct IdempotencyKey(pub String);

impl FromRequest for IdempotencyKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let key = request
            .headers()
            .get(contracts::IDEMPOTENCY_KEY_HEADER)
            .and_then(|value| value.to_str().ok())
            .map(str::trim)
            .filter(|key| (8..=100).contains(&key.len()))
            .map(|key| Self(key.to_owned()));
        ready(key.ok_or_else(|| Problem::new(IDEMPOTENCY_KEY_REQUIRED)))
    }
}

/// A request that may come again: its key, and what it asks for beside its body.
#[derive(Debug, Clone)]
pub struct KeyedRequest {
    /// The client's name for it.
    pub key: IdempotencyKey,
    /// Method, path and query.
    pub asks: String,
}

impl FromRequest for KeyedRequest {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let asks = format!("{} {}", request.method(), request.uri());
        let key = IdempotencyKey::from_request(request, payload).into_inner();
        ready(key.map(|key| Self { key, asks }))
    }
}

/// The version the client saw (`If-Match: "7"`), if it saw one.
#[derive(Debug, Clone, Copy)]
pub struct SeenVersion(pub Option<i32>);

impl FromRequest for SeenVersion {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(header) = request.headers().get(IF_MATCH) else {
            return ready(Ok(Self(None)));
        };
        let version = header
            .to_str()
            .ok()
            .and_then(|text| text.trim().trim_matches('"').parse().ok());
        ready(match version {
            Some(version) => Ok(Self(Some(version))),
            None => Err(Problem::new(INVALID_REQUEST)
                .detail("If-Match must be the version that you saw, as in \"3\"")),
        })
    }
}
