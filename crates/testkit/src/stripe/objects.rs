//! Stripe's objects as JSON, with every member that async-stripe needs to read them.

use std::collections::BTreeMap;

use rand::RngExt;
use rand::distr::Alphanumeric;
use serde_json::{Value, json};

use crate::stripe::API_VERSION;
use crate::stripe::errors::{Decline, Face};

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
            "customer": null, "customer_account": null, "description": self.description,
            "excluded_payment_method_types": null, "last_payment_error": self.last_payment_error,
            "latest_charge": self.latest_charge, "livemode": false, "managed_payments": null,
            "metadata": self.metadata, "next_action": self.next_action,
            "on_behalf_of": null, "payment_method": self.payment_method,
            "payment_method_configuration_details": null,
            "payment_method_options": {"card": {
                "installments": null, "mandate_options": null, "network": null, "request_three_d_secure": "automatic",
            }},
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
    pub(crate) face: Face,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) receipt_email: Option<String>,
    pub(crate) failure: Option<Decline>,
}

impl Charge {
    pub(crate) fn captured(&self) -> i64 {
        if self.paid { self.amount } else { 0 }
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "id": self.id, "object": "charge",
            "amount": self.amount, "amount_captured": self.captured(), "amount_refunded": self.refunded,
            "application": null, "application_fee": null, "application_fee_amount": null,
            "balance_transaction": null,
            "billing_details": billing_details(),
            "calculated_statement_descriptor": "TRIBINA", "captured": self.paid, "created": self.created,
            "currency": self.currency, "customer": null, "description": null, "disputed": false,
            "failure_balance_transaction": null, "failure_code": self.failure.map(|decline| decline.code),
            "failure_message": self.failure.map(|decline| decline.message), "fraud_details": {}, "livemode": false,
            "metadata": self.metadata, "on_behalf_of": null, "outcome": self.outcome(),
            "paid": self.paid, "payment_intent": self.intent, "payment_method": self.payment_method,
            "payment_method_details": {"type": "card", "card": self.card()},
            "receipt_email": self.receipt_email, "receipt_number": null,
            "receipt_url": null, "refunded": self.paid && self.refunded == self.amount, "review": null,
            "shipping": null, "source": null, "source_transfer": null, "statement_descriptor": null,
            "statement_descriptor_suffix": null, "status": if self.paid { "succeeded" } else { "failed" },
            "transfer_data": null, "transfer_group": null,
        })
    }

    /// What the issuer said.
    fn outcome(&self) -> Value {
        let (kind, status, said) = match self.failure {
            None => ("authorized", "approved_by_network", "Payment complete."),
            Some(_) => (
                "issuer_declined",
                "declined_by_network",
                "The bank declined the payment.",
            ),
        };
        json!({
            "type": kind, "network_status": status, "seller_message": said,
            "reason": self.failure.map(|decline| decline.decline_code),
            "risk_level": "normal", "advice_code": null, "network_advice_code": null, "network_decline_code": null,
        })
    }

    fn card(&self) -> Value {
        json!({
            "amount_authorized": self.captured(), "authorization_code": null, "brand": self.face.brand,
            "checks": {"address_line1_check": null, "address_postal_code_check": null, "cvc_check": "pass"},
            "country": "US", "exp_month": 12, "exp_year": 2034, "extended_authorization": {"status": "disabled"},
            "fingerprint": null, "funding": "credit", "incremental_authorization": {"status": "unavailable"},
            "installments": null, "last4": self.face.last4, "mandate": null, "multicapture": {"status": "unavailable"},
            "network": self.face.brand, "network_token": {"used": false}, "network_transaction_id": null,
            "overcapture": {"maximum_amount_capturable": self.captured(), "status": "unavailable"},
            "regulated_status": null, "three_d_secure": null, "transaction_link_id": null, "wallet": null,
        })
    }
}

/// Of fans' cards Stripe is told nothing that it would have to keep.
fn billing_details() -> Value {
    json!({
        "address": {
            "city": null, "country": null, "line1": null, "line2": null, "postal_code": null, "state": null,
        },
        "email": null, "name": null, "phone": null, "tax_id": null,
    })
}

#[derive(Debug, Clone)]
pub(crate) struct Refund {
    pub(crate) id: String,
    pub(crate) charge: String,
    pub(crate) intent: String,
    pub(crate) payment_method: String,
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
            "charge": self.charge, "created": self.created, "currency": self.currency, "customer": null,
            "customer_account": null,
            "destination_details": {"type": "card", "card": {
                "type": "refund", "reference_status": "pending", "reference_type": "acquirer_reference_number",
            }},
            "metadata": self.metadata, "payment_intent": self.intent, "payment_method": self.payment_method,
            "reason": self.reason, "receipt_number": null,
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
