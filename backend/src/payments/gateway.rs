//! Every place that talks to Stripe. Our own enums come out; our own keys go in, so that any call can be repeated.
//!
//! There is one gateway, so there is no trait: tests and the development stack put a stand-in behind its address.

use std::num::NonZeroU32;
use std::time::Duration;

use domain::ids::{OrderId, PaymentId, RefundId};
use domain::money::{Currency, Money};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use secrecy::ExposeSecret;
use stripe::{
    ApiErrorsCode, Client, ClientBuilder, IdempotencyKey, RequestStrategy, StripeError, StripeRequest,
};
use stripe_core::payment_intent::{CancelPaymentIntent, CreatePaymentIntent, RetrievePaymentIntent};
use stripe_core::refund::{CreateRefund, RetrieveRefund};
use stripe_shared::{PaymentIntent, PaymentIntentAllowedPaymentMethodTypes, PaymentIntentStatus, Refund};

use crate::settings::Stripe;

/// How long a new payment waits for its turn within our share of the account's budget.
const BUDGET_PATIENCE: Duration = Duration::from_secs(2);

/// Why there is no answer to act on.
#[derive(Debug, thiserror::Error)]
pub enum GatewayFault {
    /// A time-out or a lost connection: it may have happened. Repeat with the same key, or read.
    #[error("Stripe's answer is unknown: {0}")]
    Unknown(String),
    /// Stripe said no.
    #[error("Stripe refused: {0}")]
    Refused(String),
}

/// Where an intent stands, as far as we care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntentState {
    /// Waits for a card, or for what a card needs.
    Open,
    /// So much was captured.
    Captured(Money),
    /// Nothing can be captured any more.
    Canceled,
}

/// An intent at Stripe.
#[derive(Debug, Clone)]
pub struct Intent {
    /// Stripe's id.
    pub id: String,
    /// With it, and only with it, the fan's app can pay. Never stored, never logged.
    pub client_secret: Option<String>,
    /// Where it stands.
    pub state: IntentState,
}

/// A refund at Stripe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayRefund {
    /// Stripe's id.
    pub id: String,
    /// Whether the money has left for good.
    pub is_through: bool,
}

/// A client within our share of the account's budget.
pub struct StripeGateway {
    client: Client,
    site: String,
    budget: DefaultDirectRateLimiter,
}

impl StripeGateway {
    /// A client for the address and key of `settings`.
    ///
    /// # Errors
    /// When the key cannot be sent.
    pub fn new(settings: &Stripe, timeout: Duration) -> anyhow::Result<Self> {
        let client = ClientBuilder::new(settings.secret_key.expose_secret())
            .url(format!("{}/", settings.api_url))
            .timeout(timeout)
            .build()?;
        let per_second = NonZeroU32::new(settings.requests_per_second).unwrap_or(NonZeroU32::MIN);
        Ok(Self {
            client,
            site: settings.site.clone(),
            budget: RateLimiter::direct(Quota::per_second(per_second)),
        })
    }

    /// Creates the intent of a payment; repeated with the same payment, it answers the same intent.
    ///
    /// # Errors
    /// [`GatewayFault`].
    pub async fn create(
        &self,
        payment: PaymentId,
        order: OrderId,
        amount: Money,
    ) -> Result<Intent, GatewayFault> {
        let currency = match amount.currency() {
            Currency::Eur => stripe_types::Currency::EUR,
        };
        let cents = amount
            .cents()
            .map_err(|error| GatewayFault::Refused(error.to_string()))?;
        let metadata = [
            ("site".to_owned(), self.site.clone()),
            ("payment_id".to_owned(), payment.to_string()),
            ("order_id".to_owned(), order.to_string()),
        ];
        let request = CreatePaymentIntent::new(cents, currency)
            .allowed_payment_method_types([PaymentIntentAllowedPaymentMethodTypes::Card])
            .metadata(metadata);
        // A fan waits here: better told to try again than left hanging behind a queue of others.
        tokio::time::timeout(BUDGET_PATIENCE, self.budget.until_ready())
            .await
            .map_err(|_| GatewayFault::Unknown("our share of Stripe's budget is used up".to_owned()))?;
        let intent = request
            .customize()
            .request_strategy(key(&payment.to_string())?)
            .send(&self.client)
            .await
            .map_err(|error| fault(&error))?;
        understand(intent)
    }

    /// Cancels an intent. Whatever the answer, it says where the intent stands now: a capture may have been faster.
    ///
    /// # Errors
    /// [`GatewayFault`].
    pub async fn cancel(&self, intent: &str) -> Result<Intent, GatewayFault> {
        self.budget.until_ready().await;
        match CancelPaymentIntent::new(intent).send(&self.client).await {
            Ok(intent) => understand(intent),
            Err(StripeError::Stripe(error, _))
                if error.code == Some(ApiErrorsCode::PaymentIntentUnexpectedState) =>
            {
                self.retrieve(intent).await
            }
            Err(error) => Err(fault(&error)),
        }
    }

    /// Where an intent stands.
    ///
    /// # Errors
    /// [`GatewayFault`].
    pub async fn retrieve(&self, intent: &str) -> Result<Intent, GatewayFault> {
        self.budget.until_ready().await;
        let intent = RetrievePaymentIntent::new(intent)
            .send(&self.client)
            .await
            .map_err(|error| fault(&error))?;
        understand(intent)
    }

    /// The same for a mere question: where others need our share of the budget now, it is not asked.
    ///
    /// # Errors
    /// [`GatewayFault`].
    pub async fn retrieve_if_idle(&self, intent: &str) -> Result<Intent, GatewayFault> {
        if self.budget.check().is_err() {
            return Err(GatewayFault::Unknown(
                "our share of Stripe's budget is used up".to_owned(),
            ));
        }
        let intent = RetrievePaymentIntent::new(intent)
            .send(&self.client)
            .await
            .map_err(|error| fault(&error))?;
        understand(intent)
    }

    /// Sends the money of an intent back; repeated with the same refund, the first answer is repeated, whatever became of it:
    /// ask [`Self::retrieve_refund`] from then on.
    ///
    /// # Errors
    /// [`GatewayFault`].
    pub async fn refund(
        &self,
        refund: RefundId,
        intent: &str,
        amount: Money,
    ) -> Result<GatewayRefund, GatewayFault> {
        let cents = amount
            .cents()
            .map_err(|error| GatewayFault::Refused(error.to_string()))?;
        let metadata = [
            ("site".to_owned(), self.site.clone()),
            ("refund_id".to_owned(), refund.to_string()),
        ];
        let request = CreateRefund::new()
            .payment_intent(intent)
            .amount(cents)
            .metadata(metadata);
        self.budget.until_ready().await;
        let made = request
            .customize()
            .request_strategy(key(&refund.to_string())?)
            .send(&self.client)
            .await
            .map_err(|error| fault(&error))?;
        understand_refund(made)
    }

    /// Where a refund stands.
    ///
    /// # Errors
    /// [`GatewayFault`].
    pub async fn retrieve_refund(&self, refund: &str) -> Result<GatewayRefund, GatewayFault> {
        self.budget.until_ready().await;
        let refund = RetrieveRefund::new(refund)
            .send(&self.client)
            .await
            .map_err(|error| fault(&error))?;
        understand_refund(refund)
    }
}

fn key(text: &str) -> Result<RequestStrategy, GatewayFault> {
    IdempotencyKey::new(text)
        .map(RequestStrategy::Idempotent)
        .map_err(|error| GatewayFault::Refused(error.to_string()))
}

fn fault(error: &StripeError) -> GatewayFault {
    match error {
        // 409: another request with this key is running; 429 and 5xx: not now. All may be repeated.
        StripeError::Stripe(details, status @ (409 | 429 | 500..)) => GatewayFault::Unknown(format!(
            "status {status}: {}",
            details.message.as_deref().unwrap_or("no message")
        )),
        StripeError::Stripe(details, status) => GatewayFault::Refused(format!(
            "status {status}: {}",
            details.message.as_deref().unwrap_or("no message")
        )),
        StripeError::ConfigError(message) => GatewayFault::Refused(message.clone()),
        StripeError::JSONDeserialize(message) | StripeError::ClientError(message) => {
            GatewayFault::Unknown(message.clone())
        }
        StripeError::Timeout => GatewayFault::Unknown("time-out".to_owned()),
    }
}

fn understand(intent: PaymentIntent) -> Result<Intent, GatewayFault> {
    let state = match intent.status {
        PaymentIntentStatus::Canceled => IntentState::Canceled,
        PaymentIntentStatus::Succeeded => {
            let currency = Currency::parse(&intent.currency.to_string())
                .ok_or_else(|| GatewayFault::Refused(format!("captured in {}", intent.currency)))?;
            IntentState::Captured(Money::from_cents(intent.amount_received, currency))
        }
        PaymentIntentStatus::Processing
        | PaymentIntentStatus::RequiresAction
        | PaymentIntentStatus::RequiresCapture
        | PaymentIntentStatus::RequiresConfirmation
        | PaymentIntentStatus::RequiresPaymentMethod
        | PaymentIntentStatus::Unknown(_)
        | _ => IntentState::Open,
    };
    Ok(Intent {
        id: intent.id.to_string(),
        client_secret: intent.client_secret,
        state,
    })
}

/// A refund that Stripe gave up is refused: the job that wants it tries on, and becomes an alarm.
fn understand_refund(refund: Refund) -> Result<GatewayRefund, GatewayFault> {
    let is_through = match refund.status.as_deref() {
        Some("succeeded") => true,
        Some("pending" | "requires_action") => false,
        other => {
            let status = other.unwrap_or("without a status");
            return Err(GatewayFault::Refused(format!("the refund is {status}")));
        }
    };
    Ok(GatewayRefund {
        id: refund.id.to_string(),
        is_through,
    })
}
