//! The two kinds of failure: a refusal that the caller can act on, and something broken.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use fred::error::{Error as StoreError, ErrorKind as StoreErrorKind};
use platform::problems::{INTERNAL, Problem, UNAVAILABLE};

/// Seconds after which a store that was away is worth another try.
const RETRY_AFTER_SECONDS: u32 = 1;

/// A "no" with a stable code. One enum per use case.
pub(crate) trait Refusal: fmt::Debug {
    /// How it reads on the wire.
    fn problem(&self) -> Problem;
}

/// Why a use case did not happen.
#[derive(Debug)]
pub(crate) enum Fault<R> {
    /// The caller can act on it.
    Refused(R),
    /// A plain 500, or 503 if a store is away; logged once at the border.
    Broken(anyhow::Error),
}

impl<R: Refusal> Fault<R> {
    fn problem(&self) -> Problem {
        match self {
            Self::Refused(refusal) => refusal.problem(),
            Self::Broken(error) if is_unavailable(error) => {
                Problem::new(UNAVAILABLE).retry_after(RETRY_AFTER_SECONDS)
            }
            Self::Broken(_) => Problem::new(INTERNAL),
        }
    }

    /// The same fault of a use case that includes this one.
    pub(crate) fn widen<W: From<R>>(self) -> Fault<W> {
        match self {
            Self::Refused(refusal) => Fault::Refused(refusal.into()),
            Self::Broken(error) => Fault::Broken(error),
        }
    }
}

fn is_unavailable(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let store = cause.downcast_ref::<StoreError>().is_some_and(|error| {
            matches!(
                error.kind(),
                StoreErrorKind::IO
                    | StoreErrorKind::Timeout
                    | StoreErrorKind::Canceled
                    | StoreErrorKind::Backpressure
            ) || error.details().starts_with("LOADING")
        });
        store
            || cause
                .downcast_ref::<sqlx::Error>()
                .is_some_and(platform::database::is_unavailable)
    })
}

impl<R: Refusal> fmt::Display for Fault<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => write!(f, "{}", refusal.problem()),
            Self::Broken(error) => write!(f, "{error:#}"),
        }
    }
}

impl<R: Refusal> ResponseError for Fault<R> {
    fn status_code(&self) -> StatusCode {
        self.problem().status_code()
    }

    fn error_response(&self) -> HttpResponse {
        self.problem().error_response()
    }
}

impl<R: Refusal> From<R> for Fault<R> {
    fn from(refusal: R) -> Self {
        Self::Refused(refusal)
    }
}

impl<R> From<anyhow::Error> for Fault<R> {
    fn from(error: anyhow::Error) -> Self {
        Self::Broken(error)
    }
}

impl<R> From<sqlx::Error> for Fault<R> {
    fn from(error: sqlx::Error) -> Self {
        Self::Broken(error.into())
    }
}

impl<R> From<StoreError> for Fault<R> {
    fn from(error: StoreError) -> Self {
        Self::Broken(error.into())
    }
}
