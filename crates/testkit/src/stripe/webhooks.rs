//! Delivers events: signed, each on its own, again with backoff until the receiver answers 2xx, and with the mischief
//! that the settings ask for.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use platform::clock::{Clock, SystemClock};
use platform::tasks::Tasks;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::sync::{Semaphore, watch};

use crate::stripe::Settings;
use crate::stripe::mischief::{Fate, Mischief};

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
}

#[derive(Debug)]
struct Route {
    tasks: Tasks,
    client: reqwest::Client,
    url: Option<String>,
    secret: SecretString,
    delay: Duration,
    mischief: Mischief,
    slots: Semaphore,
    progress: watch::Sender<Progress>,
}

/// What was done so far, in events.
#[derive(Debug, Default)]
struct Progress {
    sent: u64,
    /// All copies of them.
    delivered: u64,
    duplicated: u64,
    delayed: u64,
    reordered: u64,
    lost: u64,
    /// The highest number delivered yet of any intent, and of each.
    latest: Option<u64>,
    latest_of: HashMap<String, u64>,
}

impl Progress {
    fn pending(&self) -> u64 {
        self.sent.saturating_sub(self.lost).saturating_sub(self.delivered)
    }
}

/// An event under way.
struct Parcel {
    number: u64,
    intent: String,
    body: String,
}

/// The process is stopping: what is under way stays undelivered.
struct Stopping;

impl Courier {
    pub(crate) fn new(tasks: Tasks, settings: &Settings) -> anyhow::Result<Self> {
        let route = Route {
            tasks,
            client: platform::http_client(ANSWER_TIMEOUT)?,
            url: settings.webhook_url.clone(),
            secret: settings.webhook_secret.clone(),
            delay: settings.webhook_delay,
            mischief: settings.webhook_mischief.clone(),
            slots: Semaphore::new(AT_ONCE),
            progress: watch::Sender::default(),
        };
        Ok(Self {
            route: Arc::new(route),
        })
    }

    /// Delivers in the background.
    pub(crate) fn send(&self, event: &Value) {
        if self.route.url.is_none() {
            return;
        }
        let (mut number, mut fate) = (0, Fate::Spared);
        self.route.progress.send_modify(|progress| {
            number = progress.sent;
            fate = self.route.mischief.fate(number);
            progress.sent += 1;
            match fate {
                Fate::Spared | Fate::HeldBack | Fate::Duplicated(_) => {}
                Fate::Delayed(_) => progress.delayed += 1,
                Fate::Lost => progress.lost += 1,
            }
        });
        let parcel = Parcel {
            number,
            intent: intent_of(event),
            body: event.to_string(),
        };
        let route = self.route.clone();
        self.route.tasks.spawn("webhook", async move {
            // Stopping is no failure: the account is gone with the process.
            drop(route.carry(&parcel, fate).await);
        });
    }

    /// Waits until everything that will ever be delivered is.
    pub(crate) async fn settled(&self) {
        let mut progress = self.route.progress.subscribe();
        // The sender lives as long as `self`: waiting cannot fail.
        drop(progress.wait_for(|progress| progress.pending() == 0).await);
    }

    pub(crate) fn counts(&self) -> Value {
        let progress = self.route.progress.borrow();
        json!({
            "sent": progress.sent, "delivered": progress.delivered, "pending": progress.pending(),
            "duplicated": progress.duplicated, "delayed": progress.delayed, "reordered": progress.reordered,
            "lost": progress.lost,
        })
    }
}

/// The intent that an event is about: its object, or what its charge or refund belongs to.
fn intent_of(event: &Value) -> String {
    let member = |name| event.pointer(name).and_then(Value::as_str);
    let intent = member("/data/object/payment_intent").or_else(|| member("/data/object/id"));
    intent.unwrap_or_default().to_owned()
}

impl Route {
    async fn carry(&self, parcel: &Parcel, fate: Fate) -> Result<(), Stopping> {
        let mut pauses = Vec::new();
        let mut was_overtaken = false;
        match fate {
            Fate::Lost => return Ok(()),
            Fate::Spared => {}
            Fate::Duplicated(apart) => pauses = apart,
            Fate::Delayed(delay) => self.pause(delay).await?,
            Fate::HeldBack => was_overtaken = self.overtaken(parcel).await?,
        }
        self.pause(self.delay).await?;
        self.deliver(parcel).await?;
        for apart in &pauses {
            self.pause(*apart).await?;
            self.deliver(parcel).await?;
        }
        self.progress.send_modify(|progress| {
            progress.delivered += 1;
            progress.duplicated += u64::from(!pauses.is_empty());
            progress.reordered += u64::from(was_overtaken);
        });
        Ok(())
    }

    /// Waits for a later event of the same intent, then for one of any. Says whether one came: an account's last event has
    /// nobody behind it, and must go out all the same.
    async fn overtaken(&self, parcel: &Parcel) -> Result<bool, Stopping> {
        let later = |latest: Option<u64>| latest.is_some_and(|number| number > parcel.number);
        let of_intent = |progress: &Progress| later(progress.latest_of.get(&parcel.intent).copied());
        let of_any = |progress: &Progress| later(progress.latest);
        Ok(self.comes_to(of_intent).await? || self.comes_to(of_any).await?)
    }

    /// Whether `wanted` comes true before patience ends.
    async fn comes_to(&self, wanted: impl Fn(&Progress) -> bool + Send) -> Result<bool, Stopping> {
        let mut progress = self.progress.subscribe();
        tokio::select! {
            _ = progress.wait_for(|progress| wanted(progress)) => Ok(true),
            paused = self.pause(Duration::from_millis(self.mischief.patience_ms)) => paused.map(|()| false),
        }
    }

    /// One copy, however often it takes.
    async fn deliver(&self, parcel: &Parcel) -> Result<(), Stopping> {
        let mut next_pause = FIRST_PAUSE;
        while !self.attempt(&parcel.body).await {
            self.pause(next_pause).await?;
            next_pause = LONGEST_PAUSE.min(next_pause * 2);
        }
        self.progress.send_modify(|progress| {
            progress.latest = progress.latest.max(Some(parcel.number));
            let latest = progress.latest_of.entry(parcel.intent.clone()).or_default();
            *latest = parcel.number.max(*latest);
        });
        Ok(())
    }

    async fn pause(&self, pause: Duration) -> Result<(), Stopping> {
        if pause.is_zero() || self.tasks.sleep(pause).await {
            Ok(())
        } else {
            Err(Stopping)
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
