//! Stripe-shaped errors.

use serde_json::{Map, Value, json};

/// `error` of an answer.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) status: u16,
    /// Boxed: failures travel in every `Result` of this module.
    error: Box<Map<String, Value>>,
}

impl Failure {
    fn new(status: u16, kind: &str, message: &str) -> Self {
        let failure = Self {
            status,
            error: Box::default(),
        };
        failure.with("type", kind).with("message", message)
    }

    fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.error.insert(member.to_owned(), value.into());
        self
    }

    /// One of Stripe's codes, and the page about it.
    pub(crate) fn coded(self, code: &str) -> Self {
        let page = format!("https://stripe.com/docs/error-codes/{}", code.replace('_', "-"));
        self.with("code", code).with("doc_url", page)
    }

    pub(crate) fn invalid(message: &str, param: Option<&str>) -> Self {
        let failure = Self::new(400, "invalid_request_error", message);
        match param {
            Some(param) => failure.with("param", param),
            None => failure,
        }
    }

    pub(crate) fn missing(param: &str) -> Self {
        Self::invalid(&format!("Missing required param: {param}."), Some(param)).coded("parameter_missing")
    }

    pub(crate) fn unauthorised() -> Self {
        Self::new(401, "invalid_request_error", "Invalid API Key provided.")
    }

    pub(crate) fn no_such(kind: &str, id: &str) -> Self {
        // Stripe calls an intent's own id so, and everything else's `id`.
        let param = if kind == "payment_intent" { "intent" } else { "id" };
        let failure =
            Self::invalid(&format!("No such {kind}: '{id}'"), Some(param)).coded("resource_missing");
        Self {
            status: 404,
            ..failure
        }
    }

    pub(crate) fn unknown_route(method: &str, path: &str) -> Self {
        let message = format!("Unrecognized request URL ({method}: {path}).");
        Self {
            status: 404,
            ..Self::invalid(&message, None)
        }
    }

    pub(crate) fn key_reused() -> Self {
        Self::new(
            400,
            "idempotency_error",
            "Keys for idempotent requests can only be used with the same parameters they were first used with.",
        )
    }

    pub(crate) fn raw_card() -> Self {
        let message = "Sending credit card numbers directly to the Stripe API is generally unsafe. \
                       Use a test payment method such as pm_card_visa.";
        Self {
            status: 402,
            ..Self::invalid(message, Some("payment_method_data"))
        }
    }

    pub(crate) fn unexpected_state(message: &str, intent: Value) -> Self {
        Self::invalid(message, None)
            .coded("payment_intent_unexpected_state")
            .with("payment_intent", intent)
    }

    pub(crate) fn already_refunded(charge: &str) -> Self {
        Self::invalid(&format!("Charge {charge} has already been refunded."), None)
            .coded("charge_already_refunded")
    }

    pub(crate) fn declined(decline: Decline, charge: &str) -> Self {
        Self::new(402, "card_error", decline.message)
            .coded(decline.code)
            .with("decline_code", decline.decline_code)
            .with("charge", charge)
    }

    /// The bank's second factor was wrong or refused.
    pub(crate) fn not_authenticated() -> Self {
        let message = "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new \
                       PaymentMethod to attempt to fulfill this PaymentIntent again.";
        Self::invalid(message, None).coded("payment_intent_authentication_failure")
    }

    pub(crate) fn with_intent(self, intent: Value) -> Self {
        self.with("payment_intent", intent)
    }

    /// The `error` object alone: also an intent's `last_payment_error`.
    pub(crate) fn object(&self) -> Value {
        Value::Object(self.error.as_ref().clone())
    }

    pub(crate) fn body(&self) -> Value {
        json!({"error": self.object()})
    }
}

/// Why an issuer says no.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decline {
    pub(crate) code: &'static str,
    pub(crate) decline_code: &'static str,
    pub(crate) message: &'static str,
}

/// Pays, and takes its time with a refund: pending at first, through when it is asked about.
const PENDING_REFUND: &str = "pm_card_pendingRefund";

/// What a test payment method does.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Card {
    Pays,
    /// Only after the fan has shown the bank a second factor.
    PaysOnceAuthenticated,
    Declines(Decline),
}

impl Card {
    /// Stripe's test payment methods that this stand-in knows.
    pub(crate) fn of(payment_method: &str) -> Option<Self> {
        let decline = |code, decline_code, message| {
            Self::Declines(Decline {
                code,
                decline_code,
                message,
            })
        };
        Some(match payment_method {
            "pm_card_visa" | "pm_card_mastercard" | PENDING_REFUND => Self::Pays,
            "pm_card_authenticationRequired" => Self::PaysOnceAuthenticated,
            "pm_card_chargeDeclined" | "pm_card_visa_chargeDeclined" => {
                decline("card_declined", "generic_decline", "Your card was declined.")
            }
            "pm_card_chargeDeclinedInsufficientFunds" | "pm_card_visa_chargeDeclinedInsufficientFunds" => {
                decline(
                    "card_declined",
                    "insufficient_funds",
                    "Your card has insufficient funds.",
                )
            }
            "pm_card_chargeDeclinedExpiredCard" | "pm_card_visa_chargeDeclinedExpiredCard" => {
                decline("expired_card", "expired_card", "Your card has expired.")
            }
            _ => return None,
        })
    }
}

/// What is told of a card, and how it takes its money back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Face {
    pub(crate) brand: &'static str,
    pub(crate) last4: &'static str,
    pub(crate) refunds_slowly: bool,
}

impl Face {
    /// The test numbers behind Stripe's test payment methods.
    pub(crate) fn of(payment_method: &str) -> Self {
        let (brand, last4) = match payment_method {
            "pm_card_mastercard" => ("mastercard", "4444"),
            PENDING_REFUND => ("visa", "7726"),
            "pm_card_authenticationRequired" => ("visa", "3184"),
            name if name.ends_with("chargeDeclined") => ("visa", "0002"),
            name if name.ends_with("InsufficientFunds") => ("visa", "9995"),
            name if name.ends_with("ExpiredCard") => ("visa", "0069"),
            _ => ("visa", "4242"),
        };
        Self {
            brand,
            last4,
            refunds_slowly: payment_method == PENDING_REFUND,
        }
    }
}
