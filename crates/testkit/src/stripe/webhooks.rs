//! Delivers events: signed, each on its own, again with backoff until the receiver answers 2xx.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use platform::clock::{Clock, SystemClock};
use platform::tasks::Tasks;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::sync::Semaphore;

use crate::stripe::Settings;

/// Deliveries at once: enough for a sold-out minute, few enough for a small receiver.
const AT_ONCE: usize = 32;
/// A receiver that answers later than this has not answered.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// The first pause before delivering again; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// Takes events to the receiver.
#[derive(Debug, Clone)]
pub(crate) struct Courier {
    route: Arc<Route>,
    tasks: Tasks,
}

#[derive(Debug)]
struct Route {
    client: reqwest::Client,
    url: Option<String>,
    secret: SecretString,
    delay: Duration,
    slots: Semaphore,
    sent: AtomicU64,
    delivered: AtomicU64,
}

impl Courier {
    pub(crate) fn new(tasks: Tasks, settings: &Settings) -> anyhow::Result<Self> {
        let route = Route {
            client: platform::http_client(ANSWER_TIMEOUT)?,
            url: settings.webhook_url.clone(),
            secret: settings.webhook_secret.clone(),
            delay: settings.webhook_delay,
            slots: Semaphore::new(AT_ONCE),
            sent: AtomicU64::new(0),
            delivered: AtomicU64::new(0),
        };
        Ok(Self {
            route: Arc::new(route),
            tasks,
        })
    }

    /// Delivers in the background.
    pub(crate) fn send(&self, event: &Value) {
        if self.route.url.is_none() {
            return;
        }
        self.route.sent.fetch_add(1, Ordering::Relaxed);
        let (route, tasks, body) = (self.route.clone(), self.tasks.clone(), event.to_string());
        self.tasks
            .spawn("webhook", async move { route.deliver(&tasks, &body).await });
    }

    pub(crate) fn counts(&self) -> Value {
        let sent = self.route.sent.load(Ordering::Relaxed);
        let delivered = self.route.delivered.load(Ordering::Relaxed);
        json!({"sent": sent, "delivered": delivered, "pending": sent.saturating_sub(delivered)})
    }
}

impl Route {
    async fn deliver(&self, tasks: &Tasks, body: &str) {
        let mut pause = self.delay;
        let mut next_pause = FIRST_PAUSE;
        loop {
            if !pause.is_zero() && !tasks.sleep(pause).await {
                return;
            }
            if self.attempt(body).await {
                self.delivered.fetch_add(1, Ordering::Relaxed);
                return;
            }
            pause = next_pause;
            next_pause = LONGEST_PAUSE.min(next_pause * 2);
        }
    }

    /// One delivery, freshly signed as Stripe does for every attempt.
    async fn attempt(&self, body: &str) -> bool {
        let (Some(url), Ok(_slot)) = (&self.url, self.slots.acquire().await) else {
            return false;
        };
        let signature = signature(self.secret.expose_secret(), SystemClock.now().timestamp(), body);
        let request = self
            .client
            .post(url)
            .header("Content-Type", "application/json; charset=utf-8")
            .header("User-Agent", "Stripe/1.0 (stand-in)")
            .header("Stripe-Signature", signature)
            .body(body.to_owned());
        match request.send().await {
            Ok(answer) if answer.status().is_success() => true,
            Ok(answer) => {
                tracing::info!(
                    status = answer.status().as_u16(),
                    "A webhook was refused and will come again"
                );
                false
            }
            Err(error) => {
                tracing::info!(%error, "A webhook was not delivered and will come again");
                false
            }
        }
    }
}

/// The `Stripe-Signature` header: HMAC-SHA256 over `t.body`.
fn signature(secret: &str, at: i64, body: &str) -> String {
    // HMAC takes keys of any length: the error is unreachable, and an unsigned webhook would be refused anyway.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(format!("{at}.{body}").as_bytes());
    format!("t={at},v1={}", hex::encode(mac.finalize().into_bytes()))
}
