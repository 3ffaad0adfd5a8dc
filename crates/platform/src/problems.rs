//! The error body of every HTTP answer: RFC 9457 `application/problem+json`, with stable codes from each binary's one
//! table of [`Code`]s.

use actix_web::error::{JsonPayloadError, PathError, QueryPayloadError};
use actix_web::http::StatusCode;
use actix_web::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use serde::Serialize;
use serde_json::{Map, Value};

/// Media type of [`Problem`].
pub const PROBLEM_JSON: &str = "application/problem+json";

/// A line of a table of problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// Stable, kebab-case: what clients branch on.
    pub code: &'static str,
    /// HTTP status.
    pub status: u16,
    /// One line, the same for every occurrence.
    pub title: &'static str,
}

/// Malformed body, path or query.
pub const INVALID_REQUEST: Code = Code {
    code: "invalid-request",
    status: 400,
    title: "The request cannot be understood",
};
/// Unknown path.
pub const NO_SUCH_ROUTE: Code = Code {
    code: "no-such-route",
    status: 404,
    title: "There is nothing at this address",
};
/// Known path, other method.
pub const METHOD_NOT_ALLOWED: Code = Code {
    code: "method-not-allowed",
    status: 405,
    title: "This address does not take this method",
};
/// Body over the limit.
pub const BODY_TOO_LARGE: Code = Code {
    code: "body-too-large",
    status: 413,
    title: "The body is too large",
};
/// Body of another kind.
pub const UNSUPPORTED_MEDIA_TYPE: Code = Code {
    code: "unsupported-media-type",
    status: 415,
    title: "The body must be application/json",
};
/// Our fault.
pub const INTERNAL: Code = Code {
    code: "internal",
    status: 500,
    title: "Something broke on our side",
};
/// A store cannot be reached now.
pub const UNAVAILABLE: Code = Code {
    code: "unavailable",
    status: 503,
    title: "Try again in a moment",
};

/// An error a client can act on.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// `https://tribina.dev/problems/{code}`.
    #[serde(rename = "type")]
    kind: String,
    /// One line, the same for every occurrence of the code.
    title: &'static str,
    /// The HTTP status, repeated.
    status: u16,
    /// Stable, kebab-case: what to branch on.
    code: &'static str,
    /// What happened here and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// The id under which the server logged this request.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    /// Members that only some codes carry.
    #[serde(flatten)]
    members: Map<String, Value>,
    #[serde(skip)]
    retry_after_seconds: Option<u32>,
    #[serde(skip)]
    challenge: Option<String>,
}

impl Problem {
    /// An occurrence of `code`.
    #[must_use]
    pub fn new(code: Code) -> Self {
        Self {
            kind: format!("https://tribina.dev/problems/{}", code.code),
            title: code.title,
            status: code.status,
            code: code.code,
            detail: None,
            request_id: None,
            members: Map::new(),
            retry_after_seconds: None,
            challenge: None,
        }
    }

    /// Adds what happened here.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds a member of this code.
    #[must_use]
    pub fn member(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// Adds `Retry-After`.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }

    /// Adds `WWW-Authenticate`: how to come back with what is missing.
    #[must_use]
    pub fn challenge(mut self, challenge: impl Into<String>) -> Self {
        self.challenge = Some(challenge.into());
        self
    }

    /// For a terminal: the title, what happened here, and every member, a line each.
    #[must_use]
    pub fn in_words(&self) -> String {
        let mut words = format!("{} ({})", self.title, self.code);
        for line in self
            .detail
            .iter()
            .cloned()
            .chain(self.members.iter().flat_map(lines))
        {
            words.push_str("\n  ");
            words.push_str(&line);
        }
        words
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// What `Retry-After` says, if it is sent.
    #[must_use]
    pub fn retry_after_seconds(&self) -> Option<u32> {
        self.retry_after_seconds
    }
}

fn lines((name, value): (&String, &Value)) -> Vec<String> {
    match value {
        Value::Array(items) => items
            .iter()
            .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned))
            .collect(),
        other => vec![format!("{name}: {other}")],
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.title, self.code)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut body = self.clone();
        body.request_id = crate::requests::current_id();
        let mut response = HttpResponse::build(self.status_code());
        if let Some(seconds) = self.retry_after_seconds {
            response.insert_header((RETRY_AFTER, seconds));
        }
        if let Some(challenge) = &self.challenge {
            response.insert_header((WWW_AUTHENTICATE, challenge.as_str()));
        }
        response
            .content_type(PROBLEM_JSON)
            .body(serde_json::to_string(&body).unwrap_or_default())
    }
}

/// Makes the extractors answer problems instead of plain text. `body_limit` is the largest JSON body, bytes.
pub fn configure_extractors(config: &mut web::ServiceConfig, body_limit: usize) {
    config
        .app_data(
            web::JsonConfig::default()
                .limit(body_limit)
                .error_handler(|error, _| json_problem(&error).into()),
        )
        .app_data(web::PayloadConfig::default().limit(body_limit))
        .app_data(web::PathConfig::default().error_handler(|error, _| path_problem(&error).into()))
        .app_data(web::QueryConfig::default().error_handler(|error, _| query_problem(&error).into()));
}

/// For `default_service`: nothing is registered for this method at this address.
///
/// `#[get]` and its like guard the whole resource, so that a known address comes here with any other method, and only the
/// map of resources still knows it. No `Allow` is sent, since that map knows no methods.
pub async fn no_such_route(request: HttpRequest) -> HttpResponse {
    // The path as the router compares it: percent-decoded, unlike `request.path()`.
    let is_known = request.resource_map().has_resource(request.match_info().as_str());
    let code = if is_known {
        METHOD_NOT_ALLOWED
    } else {
        NO_SUCH_ROUTE
    };
    Problem::new(code).error_response()
}

fn json_problem(error: &JsonPayloadError) -> Problem {
    match error {
        JsonPayloadError::Overflow { .. } | JsonPayloadError::OverflowKnownLength { .. } => {
            Problem::new(BODY_TOO_LARGE).detail(error.to_string())
        }
        JsonPayloadError::ContentType => Problem::new(UNSUPPORTED_MEDIA_TYPE),
        JsonPayloadError::Deserialize(wrong) if wrong.is_eof() && wrong.column() == 0 => {
            Problem::new(INVALID_REQUEST).detail("a JSON body is needed")
        }
        other => Problem::new(INVALID_REQUEST).detail(other.to_string()),
    }
}

/// A path segment that does not parse names nothing: 404, like an unknown id.
fn path_problem(_: &PathError) -> Problem {
    Problem::new(NO_SUCH_ROUTE)
}

fn query_problem(error: &QueryPayloadError) -> Problem {
    Problem::new(INVALID_REQUEST).detail(error.to_string())
}
