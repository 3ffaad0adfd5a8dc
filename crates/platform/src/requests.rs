//! One id per request: in the answer's `X-Request-Id`, in problems, in the log. Broken requests are logged here, once.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use tracing::Instrument;

use crate::ids::Ids;
use crate::problems::{INVALID_REQUEST, NO_SUCH_ROUTE, Problem};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

tokio::task_local! {
    static CURRENT: String;
}

/// The id of the request that this task serves.
#[must_use]
pub fn current_id() -> Option<String> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Middleware (`actix_web::middleware::from_fn`): refuses addresses with a NUL character, which no text of a database has.
///
/// # Errors
/// Only what the inner service answers.
pub async fn refuse_nul<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let has_nul = |text: &str| text.contains("%00");
    let problem = if has_nul(request.path()) {
        Problem::new(NO_SUCH_ROUTE)
    } else if has_nul(request.query_string()) {
        Problem::new(INVALID_REQUEST).detail("a query without NUL characters is expected")
    } else {
        return Ok(next.call(request).await?.map_into_left_body());
    };
    Ok(request.error_response(problem).map_into_right_body())
}

/// Middleware (`actix_web::middleware::from_fn`): names the request and logs it if it broke.
///
/// # Errors
/// Only what the inner service answers.
pub async fn name_request<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let id = Ids.next().to_string();
    let method = request.method().clone();
    let route = request.match_pattern().unwrap_or_else(|| "-".to_owned());
    let span = tracing::info_span!("request", id = %id);
    let outcome = CURRENT
        .scope(id.clone(), next.call(request))
        .instrument(span)
        .await;
    match outcome {
        Ok(mut response) => {
            if let Ok(value) = HeaderValue::from_str(&id) {
                response.headers_mut().insert(REQUEST_ID, value);
            }
            if response.status().as_u16() == 500 {
                let cause = response
                    .response()
                    .error()
                    .map(ToString::to_string)
                    .unwrap_or_default();
                tracing::error!(request.id = %id, %method, route, cause, "Request broke");
            }
            Ok(response)
        }
        Err(error) => Err(error),
    }
}
