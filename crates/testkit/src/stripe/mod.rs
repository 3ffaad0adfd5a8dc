//! A stateful Stripe for cards: PaymentIntents, refunds, signed webhooks, in the version that async-stripe pins.
//!
//! It keeps Stripe's habits that hurt: an `Idempotency-Key` answers the stored answer or refuses other parameters,
//! a decline is 402 and leaves the intent payable, cancelling what has succeeded is an error, webhooks come later,
//! in any order, and again until they are answered 2xx. It never sees card numbers: a fan pays with one of Stripe's
//! test payment methods (`pm_card_visa`, `pm_card_chargeDeclined`, …), raw card data is refused unread.
//!
//! On demand it misbehaves: [`Mischief`] is how many webhooks are duplicated, delayed, reordered or lost.
//!
//! Beside Stripe's own routes, `GET /stand-in/ledger` tells a checker what truly happened to every intent and to the
//! webhooks, and `POST /stand-in/payment_intents/{id}/authentication` (`client_secret`, `outcome=succeeded|failed`) is the
//! bank's page that asks the fan for a second factor, after `pm_card_authenticationRequired`.

mod account;
mod confirm;
mod errors;
mod idempotency;
mod mischief;
mod objects;
mod params;
mod routes;
mod webhooks;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::web;
use platform::tasks::Tasks;
use secrecy::SecretString;
use serde_json::Value;

pub use crate::stripe::mischief::{Fate, Mischief};

use crate::server::{Server, healthy};
use crate::stripe::account::Account;
use crate::stripe::idempotency::Answers;
use crate::stripe::webhooks::Courier;

/// Stripe's API version that async-stripe 1.0.0-rc.10 pins; a test compares.
pub const API_VERSION: &str = "2026-09-30.endive";

/// Where to listen, whom to trust, whom to tell.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Port 0 takes any free one.
    pub listen: SocketAddr,
    /// Callers show it as bearer token.
    pub secret_key: SecretString,
    /// Signs webhooks.
    pub webhook_secret: SecretString,
    /// Receives webhooks; without it none are sent.
    pub webhook_url: Option<String>,
    /// How long after the change a webhook is first sent.
    pub webhook_delay: Duration,
    /// What goes wrong with webhooks.
    pub webhook_mischief: Mischief,
    /// How long every API call takes at least.
    pub answer_delay: Duration,
}

impl Settings {
    /// For tests: any free port, `sk_test_stand_in`, `whsec_stand_in`, no webhooks, no delays, no mischief.
    #[must_use]
    pub fn for_tests() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            secret_key: SecretString::from("sk_test_stand_in"),
            webhook_secret: SecretString::from("whsec_stand_in"),
            webhook_url: None,
            webhook_delay: Duration::ZERO,
            webhook_mischief: Mischief::default(),
            answer_delay: Duration::ZERO,
        }
    }
}

/// A running Stripe.
#[derive(Debug, Clone)]
pub struct Stripe {
    shared: Arc<Shared>,
    server: Server,
}

impl Stripe {
    /// Its base URL, without `/v1`.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.server.base_url
    }

    /// What `GET /stand-in/ledger` answers.
    #[must_use]
    pub fn ledger(&self) -> Value {
        self.shared.ledger()
    }

    /// Waits until every webhook that will ever be delivered is.
    pub async fn webhooks_settled(&self) {
        self.shared.courier.settled().await;
    }

    /// Stops serving; webhooks already under way still go out until the tasks shut down.
    pub async fn stop(&self) {
        self.server.stop().await;
    }
}

/// Starts a Stripe with an empty account.
///
/// # Errors
/// When the address is taken.
pub fn start(tasks: &Tasks, settings: Settings) -> anyhow::Result<Stripe> {
    let courier = Courier::new(tasks.clone(), &settings)?;
    let shared = Arc::new(Shared {
        books: Mutex::default(),
        courier,
        tasks: tasks.clone(),
        secret_key: settings.secret_key,
        answer_delay: settings.answer_delay,
    });
    let state = web::Data::from(shared.clone());
    let server = Server::start(tasks, "stripe", settings.listen, move |config| {
        config
            .app_data(state.clone())
            .route("/healthz", web::get().to(healthy))
            .configure(routes::mount);
    })?;
    Ok(Stripe { shared, server })
}

/// Everything that one account of this Stripe is.
#[derive(Debug)]
struct Shared {
    books: Mutex<Books>,
    courier: Courier,
    tasks: Tasks,
    secret_key: SecretString,
    answer_delay: Duration,
}

/// What changes: locked as one, so that a request is a transaction.
#[derive(Debug, Default)]
struct Books {
    account: Account,
    answers: Answers,
}

impl Shared {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ledger(&self) -> Value {
        let mut ledger = self.books().account.ledger();
        if let Some(members) = ledger.as_object_mut() {
            members.insert("webhooks".to_owned(), self.courier.counts());
        }
        ledger
    }
}
