//! Stripe's objects as JSON, with every member that async-stripe needs to read them.

use std::collections::BTreeMap;

use rand::RngExt;
use rand::distr::Alphanumeric;
use serde_json::{Value, json};

use crate::stripe::API_VERSION;

/// Random part of an id: as long as Stripe's.
const ID_CHARACTERS: usize = 24;

/// A fresh id, such as `pi_3Nk…`.
pub(crate) fn fresh_id(prefix: &str) -> String {
    let random: String = rand::rng()
        .sample_iter(Alphanumeric)
        .take(ID_CHARACTERS)
        .map(char::from)
        .collect();
    format!("{prefix}_{random}")
}

/// Where an intent stands, of Stripe's states those that cards reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IntentStatus {
    RequiresPaymentMethod,
    /// The fan's bank wants a second factor.
    RequiresAction,
    Succeeded,
    Canceled,
}

impl IntentStatus {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::RequiresPaymentMethod => "requires_payment_method",
            Self::RequiresAction => "requires_action",
            Self::Succeeded => "succeeded",
            Self::Canceled => "canceled",
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Intent {
    pub(crate) id: String,
    pub(crate) client_secret: String,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) created: i64,
    pub(crate) status: IntentStatus,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) description: Option<String>,
    pub(crate) receipt_email: Option<String>,
    pub(crate) payment_method: Option<String>,
    pub(crate) latest_charge: Option<String>,
    pub(crate) next_action: Option<Value>,
    pub(crate) last_payment_error: Option<Value>,
    pub(crate) canceled_at: Option<i64>,
    pub(crate) cancellation_reason: Option<String>,
}

impl Intent {
    pub(crate) fn received(&self) -> i64 {
        if self.status == IntentStatus::Succeeded {
            self.amount
        } else {
            0
        }
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "id": self.id, "object": "payment_intent",
            "amount": self.amount, "amount_capturable": 0, "amount_received": self.received(),
            "amount_details": {"tip": {}}, "application": null, "application_fee_amount": null,
            "automatic_payment_methods": {"enabled": true, "allow_redirects": "never"},
            "canceled_at": self.canceled_at, "cancellation_reason": self.cancellation_reason,
            "capture_method": "automatic_async", "confirmation_method": "automatic",
            "client_secret": self.client_secret, "created": self.created, "currency": self.currency,
            "customer": null, "description": self.description, "last_payment_error": self.last_payment_error,
            "latest_charge": self.latest_charge, "livemode": false, "metadata": self.metadata,
            "next_action": self.next_action,
            "on_behalf_of": null, "payment_method": self.payment_method,
            "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
            "payment_method_types": ["card"], "processing": null, "receipt_email": self.receipt_email,
            "review": null, "setup_future_usage": null, "shipping": null, "source": null,
            "statement_descriptor": null, "statement_descriptor_suffix": null, "status": self.status.name(),
            "transfer_data": null, "transfer_group": null,
        })
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Charge {
    pub(crate) id: String,
    pub(crate) intent: String,
    pub(crate) amount: i64,
    pub(crate) refunded: i64,
    pub(crate) currency: String,
    pub(crate) created: i64,
    pub(crate) paid: bool,
    pub(crate) payment_method: String,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) receipt_email: Option<String>,
    /// Code and message of the decline.
    pub(crate) failure: Option<(String, String)>,
}

impl Charge {
    pub(crate) fn captured(&self) -> i64 {
        if self.paid { self.amount } else { 0 }
    }

    pub(crate) fn json(&self) -> Value {
        let (failure_code, failure_message) = match &self.failure {
            Some((code, message)) => (Some(code), Some(message)),
            None => (None, None),
        };
        json!({
            "id": self.id, "object": "charge",
            "amount": self.amount, "amount_captured": self.captured(), "amount_refunded": self.refunded,
            "application": null, "application_fee": null, "application_fee_amount": null,
            "balance_transaction": null,
            "billing_details": {"address": null, "email": null, "name": null, "phone": null, "tax_id": null},
            "calculated_statement_descriptor": "TRIBINA", "captured": self.paid, "created": self.created,
            "currency": self.currency, "customer": null, "description": null, "disputed": false,
            "failure_balance_transaction": null, "failure_code": failure_code, "failure_message": failure_message,
            "fraud_details": {}, "livemode": false, "metadata": self.metadata, "on_behalf_of": null, "outcome": null,
            "paid": self.paid, "payment_intent": self.intent, "payment_method": self.payment_method,
            "payment_method_details": null, "receipt_email": self.receipt_email, "receipt_number": null,
            "receipt_url": null, "refunded": self.paid && self.refunded == self.amount, "review": null,
            "shipping": null, "source": null, "source_transfer": null, "statement_descriptor": null,
            "statement_descriptor_suffix": null, "status": if self.paid { "succeeded" } else { "failed" },
            "transfer_data": null, "transfer_group": null,
        })
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Refund {
    pub(crate) id: String,
    pub(crate) charge: String,
    pub(crate) intent: String,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) created: i64,
    pub(crate) reason: Option<String>,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) status: &'static str,
}

impl Refund {
    pub(crate) fn json(&self) -> Value {
        json!({
            "id": self.id, "object": "refund", "amount": self.amount, "balance_transaction": null,
            "charge": self.charge, "created": self.created, "currency": self.currency, "metadata": self.metadata,
            "payment_intent": self.intent, "reason": self.reason, "receipt_number": null,
            "source_transfer_reversal": null, "status": self.status, "transfer_reversal": null,
        })
    }
}

/// What the fan's app is told when the bank wants a second factor. Stripe's own library reads the inner part; for everybody
/// else it is opaque.
pub(crate) fn second_factor() -> Value {
    let source = fresh_id("src");
    let page = format!(
        "https://hooks.stripe.com/redirect/authenticate/{source}?client_secret={}",
        fresh_id("src_client_secret")
    );
    json!({
        "type": "use_stripe_sdk",
        "use_stripe_sdk": {"type": "three_d_secure_redirect", "stripe_js": page, "source": source},
    })
}

/// Something happened: the envelope of a webhook.
pub(crate) fn event(kind: &str, object: Value, now: i64, idempotency_key: Option<&str>) -> Value {
    json!({
        "id": fresh_id("evt"), "object": "event", "api_version": API_VERSION, "created": now,
        "data": {"object": object}, "livemode": false, "pending_webhooks": 1,
        "request": {"id": fresh_id("req"), "idempotency_key": idempotency_key}, "type": kind,
    })
}

/// A page of a list.
pub(crate) fn list(url: &str, page: Vec<Value>, has_more: bool) -> Value {
    json!({"object": "list", "url": url, "has_more": has_more, "data": page})
}
