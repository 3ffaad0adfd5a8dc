//! What an account's calls do: no HTTP, no clock, no waiting.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::stripe::errors::Failure;
use crate::stripe::objects::{Charge, Intent, IntentStatus, Refund, fresh_id};
use crate::stripe::params::Params;

/// Stripe's smallest charge in EUR, cents.
const AMOUNT_MIN: i64 = 50;
/// Stripe's largest: eight digits.
const AMOUNT_MAX: i64 = 99_999_999;

/// Why an intent may be cancelled, and a charge refunded.
const CANCELLATION_REASONS: [&str; 4] = ["abandoned", "duplicate", "fraudulent", "requested_by_customer"];
const REFUND_REASONS: [&str; 3] = ["duplicate", "fraudulent", "requested_by_customer"];

/// What a call did: what is answered, and what happened that webhooks tell.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) answer: Result<Value, Failure>,
    pub(crate) events: Vec<(&'static str, Value)>,
}

impl Done {
    pub(crate) fn ok(answer: Value, events: Vec<(&'static str, Value)>) -> Self {
        Self {
            answer: Ok(answer),
            events,
        }
    }
}

/// Intents, charges and refunds.
#[derive(Debug, Default)]
pub(crate) struct Account {
    pub(crate) intents: HashMap<String, Intent>,
    pub(crate) charges: HashMap<String, Charge>,
    refunds: HashMap<String, Refund>,
    /// Ids of intents, oldest first.
    order: Vec<String>,
}

impl Account {
    pub(crate) fn create_intent(&mut self, params: &Params, now: i64) -> Result<Done, Failure> {
        refuse_raw_card(params)?;
        let amount = params
            .integer("amount")?
            .ok_or_else(|| Failure::missing("amount"))?;
        let currency = params.required("currency")?.to_lowercase();
        if currency.len() != 3 || !currency.chars().all(|letter| letter.is_ascii_lowercase()) {
            return Err(Failure::invalid(
                &format!("Invalid currency: {currency}"),
                Some("currency"),
            ));
        }
        if amount < AMOUNT_MIN {
            return Err(
                Failure::invalid("Amount must be at least €0.50", Some("amount")).coded("amount_too_small")
            );
        }
        if amount > AMOUNT_MAX {
            return Err(
                Failure::invalid("Amount must be no more than €999,999.99", Some("amount"))
                    .coded("amount_too_large"),
            );
        }
        let id = fresh_id("pi");
        let intent = Intent {
            client_secret: format!("{id}_{}", fresh_id("secret")),
            id: id.clone(),
            amount,
            currency,
            created: now,
            status: IntentStatus::RequiresPaymentMethod,
            metadata: params.map("metadata"),
            description: params.owned("description"),
            receipt_email: params.owned("receipt_email"),
            payment_method: None,
            latest_charge: None,
            next_action: None,
            last_payment_error: None,
            canceled_at: None,
            cancellation_reason: None,
        };
        let body = intent.json();
        self.order.push(id.clone());
        self.intents.insert(id, intent);
        Ok(Done::ok(body.clone(), vec![("payment_intent.created", body)]))
    }

    pub(crate) fn find_intent(&self, id: &str) -> Result<&Intent, Failure> {
        self.intents
            .get(id)
            .ok_or_else(|| Failure::no_such("payment_intent", id))
    }

    pub(crate) fn find_charge(&self, id: &str) -> Result<&Charge, Failure> {
        self.charges.get(id).ok_or_else(|| Failure::no_such("charge", id))
    }

    pub(crate) fn find_refund(&self, id: &str) -> Result<&Refund, Failure> {
        self.refunds.get(id).ok_or_else(|| Failure::no_such("refund", id))
    }

    /// Newest first, as Stripe lists.
    pub(crate) fn intents_newest_first(&self) -> impl Iterator<Item = &Intent> {
        self.order.iter().rev().filter_map(|id| self.intents.get(id))
    }

    pub(crate) fn refunds_of_intent<'a>(&'a self, intent: &'a str) -> impl Iterator<Item = &'a Refund> {
        self.refunds
            .values()
            .filter(move |refund| refund.intent == intent)
    }

    pub(crate) fn cancel_intent(&mut self, id: &str, params: &Params, now: i64) -> Result<Done, Failure> {
        let reason = params.one_of("cancellation_reason", &CANCELLATION_REASONS)?;
        let intent = self
            .intents
            .get_mut(id)
            .ok_or_else(|| Failure::no_such("payment_intent", id))?;
        match intent.status {
            IntentStatus::RequiresPaymentMethod | IntentStatus::RequiresAction => {}
            IntentStatus::Succeeded | IntentStatus::Canceled => {
                let message = format!(
                    "You cannot cancel this PaymentIntent because it has a status of {}.",
                    intent.status.name()
                );
                return Err(Failure::unexpected_state(&message, intent.json()));
            }
        }
        intent.status = IntentStatus::Canceled;
        intent.next_action = None;
        intent.canceled_at = Some(now);
        intent.cancellation_reason = reason;
        let body = intent.json();
        Ok(Done::ok(body.clone(), vec![("payment_intent.canceled", body)]))
    }

    pub(crate) fn create_refund(&mut self, params: &Params, now: i64) -> Result<Done, Failure> {
        let reason = params.one_of("reason", &REFUND_REASONS)?;
        let charge_id = match (params.get("charge"), params.get("payment_intent")) {
            (Some(charge), _) => charge.to_owned(),
            (None, Some(intent)) => {
                let unpaid = || {
                    Failure::invalid(
                        "This PaymentIntent does not have a successful charge to refund.",
                        None,
                    )
                };
                self.find_intent(intent)?
                    .latest_charge
                    .clone()
                    .ok_or_else(unpaid)?
            }
            (None, None) => return Err(Failure::missing("payment_intent")),
        };
        let charge = self
            .charges
            .get_mut(&charge_id)
            .ok_or_else(|| Failure::no_such("charge", &charge_id))?;
        let left = charge.captured() - charge.refunded;
        let amount = params.integer("amount")?.unwrap_or(left);
        if left == 0 {
            return Err(if charge.paid {
                Failure::already_refunded(&charge_id)
            } else {
                Failure::invalid(
                    "This PaymentIntent does not have a successful charge to refund.",
                    None,
                )
            });
        }
        if amount < 1 || amount > left {
            let message =
                format!("Refund amount ({amount}) is greater than unrefunded amount on charge ({left})");
            return Err(Failure::invalid(&message, Some("amount")));
        }
        charge.refunded += amount;
        let slow = charge.face.refunds_slowly;
        let mut refund = Refund {
            id: fresh_id("re"),
            charge: charge_id,
            intent: charge.intent.clone(),
            payment_method: charge.payment_method.clone(),
            amount,
            currency: charge.currency.clone(),
            created: now,
            reason,
            metadata: params.map("metadata"),
            status: if slow { "pending" } else { "succeeded" },
        };
        let (body, charge) = (refund.json(), charge.json());
        refund.status = "succeeded";
        let events = vec![
            ("refund.created", body.clone()),
            ("charge.refunded", charge),
            ("refund.updated", refund.json()),
        ];
        self.refunds.insert(refund.id.clone(), refund);
        Ok(Done::ok(body, events))
    }

    /// What truly happened to every intent, oldest first.
    pub(crate) fn ledger(&self) -> Value {
        let intents: Vec<Value> = self
            .order
            .iter()
            .filter_map(|id| self.intents.get(id))
            .map(|i| self.line(i))
            .collect();
        json!({"intents": intents})
    }

    fn line(&self, intent: &Intent) -> Value {
        let charges = self
            .charges
            .values()
            .filter(|charge| charge.intent == intent.id && charge.paid);
        let (captured, refunded) = charges.fold((0, 0), |(captured, back), charge| {
            (captured + charge.captured(), back + charge.refunded)
        });
        json!({
            "id": intent.id, "status": intent.status.name(), "amount": intent.amount, "currency": intent.currency,
            "captured": captured, "refunded": refunded, "created": intent.created, "metadata": intent.metadata,
        })
    }
}

pub(crate) fn refuse_raw_card(params: &Params) -> Result<(), Failure> {
    if params.has_under("payment_method_data") || params.has_under("card") {
        Err(Failure::raw_card())
    } else {
        Ok(())
    }
}
