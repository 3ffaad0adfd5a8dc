//! Two kinds of failure in the type: a refusal has a stable code, everything else is broken and logged at the border.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use platform::problems::{INTERNAL, Problem, UNAVAILABLE};

/// "No", with its problem.
pub trait Refusal: std::fmt::Debug {
    /// What the client is told.
    fn problem(&self) -> Problem;
}

impl Refusal for Problem {
    fn problem(&self) -> Problem {
        self.clone()
    }
}

/// Why an action did not do what was asked.
#[derive(Debug)]
pub enum Fault<R> {
    /// A rule forbids it.
    Refused(R),
    /// A store cannot be reached now: try again.
    Unavailable(anyhow::Error),
    /// Our fault.
    Broken(anyhow::Error),
}

impl<R: Refusal> From<R> for Fault<R> {
    fn from(refusal: R) -> Self {
        Self::Refused(refusal)
    }
}

impl<R> From<sqlx::Error> for Fault<R> {
    fn from(error: sqlx::Error) -> Self {
        if platform::database::is_unavailable(&error) {
            Self::Unavailable(error.into())
        } else {
            Self::Broken(error.into())
        }
    }
}

impl<R> From<anyhow::Error> for Fault<R> {
    fn from(error: anyhow::Error) -> Self {
        match error.downcast::<sqlx::Error>() {
            Ok(sql) => sql.into(),
            Err(other) => Self::Broken(other),
        }
    }
}

impl<R> From<std::sync::Arc<anyhow::Error>> for Fault<R> {
    fn from(error: std::sync::Arc<anyhow::Error>) -> Self {
        let is_unavailable = error
            .chain()
            .filter_map(|cause| cause.downcast_ref())
            .any(platform::database::is_unavailable);
        let error = anyhow::anyhow!("{error:#}");
        if is_unavailable {
            Self::Unavailable(error)
        } else {
            Self::Broken(error)
        }
    }
}

impl<R: Refusal> Fault<R> {
    /// The same fault, with its refusal as it will be told: where refusals of several kinds meet.
    pub fn told(self) -> Fault<Problem> {
        match self {
            Self::Refused(refusal) => Fault::Refused(refusal.problem()),
            Self::Unavailable(error) => Fault::Unavailable(error),
            Self::Broken(error) => Fault::Broken(error),
        }
    }

    fn problem(&self) -> Problem {
        match self {
            Self::Refused(refusal) => refusal.problem(),
            Self::Unavailable(_) => Problem::new(UNAVAILABLE).retry_after(1),
            Self::Broken(_) => Problem::new(INTERNAL),
        }
    }
}

impl<R: Refusal> std::fmt::Display for Fault<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(refusal) => write!(f, "{}", refusal.problem()),
            Self::Unavailable(error) | Self::Broken(error) => write!(f, "{error:#}"),
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

/// The named constraint that the database refused by, if it was one: refusals are mapped by it, next to the statement.
#[must_use]
pub fn constraint(error: &sqlx::Error) -> Option<&str> {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::constraint)
}
