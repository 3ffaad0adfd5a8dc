//! HTTP between the backend and a neighbour: requests are passed on, and so are answers, until one is to an effect that is
//! the backend's last.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use platform::tasks::Tasks;

use super::fuse::{Fuse, Neighbour};

/// Longer than anybody behind a hop takes.
const ANSWER_LIMIT: Duration = Duration::from_secs(15);
/// The largest body: what Stripe's stand-in and the backend take.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// Whom a request to this path has an effect on, if it is more than a question.
type Effect = fn(path: &str) -> Option<Neighbour>;

struct Hop {
    /// Without a path.
    target: String,
    effect: Effect,
    fuse: Arc<Fuse>,
    http: reqwest::Client,
}

/// Where to send instead of to `target`.
pub(super) fn hop(target: &str, effect: Effect, fuse: &Arc<Fuse>, tasks: &Tasks) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let hop = Data::new(Hop {
        target: target.to_owned(),
        effect,
        fuse: fuse.clone(),
        http: platform::http_client(ANSWER_LIMIT).unwrap(),
    });
    let server = HttpServer::new(move || {
        App::new()
            .app_data(hop.clone())
            .app_data(web::PayloadConfig::new(BODY_BYTES_MAX))
            .default_service(web::to(pass_on))
    })
    .workers(1)
    .disable_signals()
    .shutdown_timeout(1)
    .listen(listener)
    .unwrap()
    .run();
    let (handle, stop) = (server.handle(), tasks.shutting_down().clone());
    tasks.spawn("hop", async move { server.await.unwrap() });
    tasks.spawn("hop stop", async move {
        stop.cancelled().await;
        handle.stop(false).await;
    });
    address
}

async fn pass_on(hop: Data<Hop>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let method = request.method().as_str();
    let Some(answer) = hop.ask(&request, body).await else {
        return HttpResponse::BadGateway().finish();
    };
    let neighbour = (method != "GET").then(|| (hop.effect)(request.path())).flatten();
    let lost = neighbour.is_some_and(|neighbour| {
        let effect = format!("{method} {} {}", request.path(), answer.status().as_u16());
        !hop.fuse.survives(neighbour, &effect)
    });
    if lost {
        HttpResponse::BadGateway().finish()
    } else {
        answer
    }
}

impl Hop {
    /// The whole answer; none if there is nobody, or nobody any more.
    async fn ask(&self, request: &HttpRequest, body: Bytes) -> Option<HttpResponse> {
        let method = request.method().as_str().parse().ok()?;
        let mut asked = self
            .http
            .request(method, format!("{}{}", self.target, request.uri()));
        for (name, value) in request.headers() {
            if ![HOST, CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING].contains(name) {
                asked = asked.header(name.as_str(), value.as_bytes());
            }
        }
        let answered = asked.body(body).send().await.ok()?;
        let mut answer = HttpResponse::build(StatusCode::from_u16(answered.status().as_u16()).ok()?);
        for (name, value) in answered.headers() {
            if !["connection", "content-length", "transfer-encoding"].contains(&name.as_str()) {
                answer.append_header((name.as_str(), value.as_bytes()));
            }
        }
        Some(answer.body(answered.bytes().await.ok()?))
    }
}
