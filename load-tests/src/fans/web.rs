//! A fan's HTTP: sends, keeps the times, tries again when no answer came.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::RequestBuilder;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;
use uuid::Uuid;

use crate::clock::{RunClock, pause};
use crate::fans::tally::Count;

/// A fan's app waits so long for an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);
/// Connections kept open per server: as many as fans may act at once.
const IDLE_CONNECTIONS_MAX: usize = 1024;
/// So long the same request is sent again when no answer comes: who came for a ticket does not go home over a busy minute.
const INSISTS_FOR: Duration = Duration::from_secs(120);
/// The first pause before it is sent again; it doubles.
const PAUSE_MIN: Duration = Duration::from_millis(200);
/// Longest pause before it is sent again, before up to half as much is added by chance.
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// A connection that breaks does so after this, before or after the server has acted.
const BREAKS_AFTER: Duration = Duration::from_millis(8);
/// Longest pause that a server may ask for; fans are impatient.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3);

/// The client that all fans share.
#[derive(Debug)]
pub(crate) struct Web {
    http: reqwest::Client,
    clock: RunClock,
    traffic: Traffic,
    attempts: Mutex<Vec<Attempt>>,
}

/// All requests of the run, whatever they asked for. A repetition hides a failure from the fan, not from the report.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    pub(crate) requests: Count,
    /// Answers of 503 for which the fan asked again at once; what is an answer to a fan, like `busy`, is counted apart.
    pub(crate) retried_503: Count,
    /// The same, by their codes.
    retried_codes: Mutex<BTreeMap<String, u64>>,
    pub(crate) no_answers: Count,
    /// Answers of 5xx other than 503, by method and status: never an answer to a fan.
    broken: Mutex<BTreeMap<String, u64>>,
    /// Requests whose fan lost the connection on purpose.
    pub(crate) lost: Count,
}

impl Traffic {
    fn refused(&self, code: &str) {
        self.retried_503.one_more();
        let mut codes = self.retried_codes.lock().unwrap_or_else(PoisonError::into_inner);
        *codes.entry(code.to_owned()).or_default() += 1;
    }

    fn broke(&self, method: &str, path: &str, status: u16) {
        let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        let last = path.rsplit('/').find(|part| part.parse::<Uuid>().is_err());
        let what = format!("{method} …/{} answered {status}", last.unwrap_or_default());
        *broken.entry(what).or_default() += 1;
    }

    /// What must never be answered, and how often it was.
    pub(crate) fn broken(&self) -> BTreeMap<String, u64> {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How often fans asked again at once, by the code of the 503.
    pub(crate) fn retried_codes(&self) -> BTreeMap<String, u64> {
        self.retried_codes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// What a request was to get from a part that may be killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Seats: needs a backend, Postgres and the gate.
    Seats,
    /// A place in the line, or a look at it: needs a node of the waiting room.
    Line,
}

/// One sending of such a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt {
    pub(crate) asked: Asked,
    pub(crate) sent_us: u64,
    pub(crate) answered_us: u64,
    /// What was asked for was decided: given, or refused for a reason of business.
    pub(crate) served: bool,
}

/// A lane that cannot decide says `busy` after two seconds.
const QUICK_US: u64 = 1_000_000;

impl Asked {
    fn of(request: &reqwest::Request) -> Option<Self> {
        let path = request.url().path();
        if path.ends_with("/cart") && request.method() == reqwest::Method::PUT {
            Some(Self::Seats)
        } else if path.starts_with("/tickets/") || path.starts_with("/queues/") {
            Some(Self::Line)
        } else {
            None
        }
    }

    fn is_served_by(self, answer: &Answer) -> bool {
        match self {
            // `busy` is an answer too, others hold what is left, unless a lane has only run out of time.
            Self::Seats => {
                let is_quick = answer.answered_us.saturating_sub(answer.sent_us) < QUICK_US;
                answer.is_success()
                    || [409, 412].contains(&answer.status)
                    || (answer.code() == "busy" && is_quick)
            }
            Self::Line => answer.status < 500,
        }
    }
}

/// An answer, with the times of the very request that it answers.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) retry_after: Option<Duration>,
    /// When the fan first asked: earlier than `sent_us` if the request had to be repeated.
    pub(crate) asked_us: u64,
    pub(crate) sent_us: u64,
    pub(crate) answered_us: u64,
}

impl Answer {
    /// The problem's stable code, or Stripe's.
    pub(crate) fn code(&self) -> &str {
        let ours = self.body.get("code").and_then(Value::as_str);
        let stripes = || self.body.pointer("/error/code").and_then(Value::as_str);
        ours.or_else(stripes).unwrap_or_default()
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as `T`; an answer that cannot be read is no answer.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_value(self.body.clone()).ok()
    }

    /// What the server asks to wait, within reason.
    pub(crate) fn pause(&self) -> Duration {
        self.retry_after
            .unwrap_or(Duration::from_millis(500))
            .min(RETRY_AFTER_MAX)
    }
}

impl Web {
    pub(crate) fn new(clock: RunClock) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(ANSWER_TIMEOUT)
            .connect_timeout(Duration::from_secs(5))
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
            .tcp_nodelay(true)
            .build()?;
        Ok(Self {
            http,
            clock,
            traffic: Traffic::default(),
            attempts: Mutex::default(),
        })
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    pub(crate) fn clock(&self) -> RunClock {
        self.clock
    }

    pub(crate) fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// Every sending of a request for seats or for a place, in the order of the answers.
    pub(crate) fn attempts(&self) -> Vec<Attempt> {
        self.attempts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Sends once; `None` when no whole answer came.
    async fn send(&self, request: RequestBuilder) -> Option<Answer> {
        let request = request.build().ok()?;
        let asked = Asked::of(&request);
        let sent_us = self.clock.now_us();
        self.traffic.requests.one_more();
        let answer = self.exchange(request).await;
        if answer.is_none() {
            self.traffic.no_answers.one_more();
        }
        if let Some(asked) = asked {
            let attempt = Attempt {
                asked,
                sent_us,
                answered_us: self.clock.now_us(),
                served: answer.as_ref().is_some_and(|answer| asked.is_served_by(answer)),
            };
            self.attempts
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(attempt);
        }
        answer
    }

    async fn exchange(&self, request: reqwest::Request) -> Option<Answer> {
        let sent_us = self.clock.now_us();
        let (method, path) = (request.method().to_string(), request.url().path().to_owned());
        let response = self.http.execute(request).await.ok()?;
        let status = response.status().as_u16();
        if status >= 500 && status != 503 {
            self.traffic.broke(&method, &path, status);
        }
        let retry_after = response
            .headers()
            .get("Retry-After")
            .and_then(|value| value.to_str().ok()?.parse().ok())
            .map(Duration::from_secs);
        let bytes = response.bytes().await.ok()?;
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Some(Answer {
            status,
            body,
            retry_after,
            asked_us: sent_us,
            sent_us,
            answered_us: self.clock.now_us(),
        })
    }

    /// Sends again while no answer comes or the server says 503 (a code of `unless` is an answer all the same): only for
    /// requests that may be repeated.
    pub(crate) async fn insist<F>(&self, unless: &str, make: F) -> Option<Answer>
    where
        F: Fn(&reqwest::Client) -> RequestBuilder,
    {
        let (started, asked_us) = (Instant::now(), self.clock.now_us());
        let mut patience = PAUSE_MIN;
        loop {
            let answer = self.send(make(&self.http)).await;
            let answer = answer.map(|answer| Answer { asked_us, ..answer });
            let least = match &answer {
                Some(answer) if answer.status == 503 && answer.code() != unless => {
                    self.traffic.refused(answer.code());
                    answer.pause()
                }
                Some(_) => return answer,
                None => Duration::ZERO,
            };
            // Thousands were turned away in the same second: they must not come back in the same second.
            let wait = least.max(patience).mul_f64(rand::random_range(1.0..1.5));
            if started.elapsed() + wait > INSISTS_FOR {
                return answer;
            }
            pause(wait).await;
            patience = PAUSE_MAX.min(patience * 2);
        }
    }

    /// Sends, and loses the connection before an answer can be read: nobody knows whether the server has acted.
    pub(crate) async fn lose(&self, request: RequestBuilder) {
        self.traffic.requests.one_more();
        self.traffic.lost.one_more();
        drop(request.timeout(BREAKS_AFTER).send().await);
    }
}
