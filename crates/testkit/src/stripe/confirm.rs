//! Paying: a card, and the second factor that some banks want.

use crate::stripe::account::{Account, Done, refuse_raw_card};
use crate::stripe::errors::{Card, Decline, Face, Failure};
use crate::stripe::objects::{Charge, Intent, IntentStatus, fresh_id, second_factor};
use crate::stripe::params::Params;

impl Account {
    pub(crate) fn confirm_intent(&mut self, id: &str, params: &Params, now: i64) -> Result<Done, Failure> {
        refuse_raw_card(params)?;
        let intent = self.find_intent(id)?;
        match intent.status {
            // A fan whose second factor never comes may try another card.
            IntentStatus::RequiresPaymentMethod | IntentStatus::RequiresAction => {}
            IntentStatus::Succeeded | IntentStatus::Canceled => {
                return Err(unexpected_state(intent, "confirm"));
            }
        }
        let method = params.required("payment_method")?.to_owned();
        let card = Card::of(&method).ok_or_else(|| {
            let message = format!("No such PaymentMethod: '{method}'");
            Failure::invalid(&message, Some("payment_method")).coded("resource_missing")
        })?;
        let intent = Intent {
            next_action: None,
            payment_method: Some(fresh_id("pm")),
            ..intent.clone()
        };
        Ok(match card {
            Card::Pays => self.capture(intent, &method, now),
            Card::PaysOnceAuthenticated => self.ask_second_factor(intent),
            Card::Declines(decline) => self.decline(intent, (&method, decline), now),
        })
    }

    /// The fan has shown the bank a second factor, or could not.
    pub(crate) fn authenticate_intent(
        &mut self,
        id: &str,
        params: &Params,
        now: i64,
    ) -> Result<Done, Failure> {
        let intent = self.find_intent(id)?;
        if intent.status != IntentStatus::RequiresAction {
            return Err(unexpected_state(intent, "authenticate"));
        }
        let intent = Intent {
            next_action: None,
            ..intent.clone()
        };
        match params.required("outcome")? {
            "succeeded" => Ok(self.capture(intent, "pm_card_authenticationRequired", now)),
            "failed" => Ok(self.refuse_second_factor(intent)),
            other => Err(Failure::invalid(
                &format!("Invalid outcome: must be succeeded or failed, not {other}"),
                Some("outcome"),
            )),
        }
    }

    fn capture(&mut self, mut intent: Intent, method: &str, now: i64) -> Done {
        let mut charge = charge_of(&intent, method, now);
        charge.paid = true;
        intent.status = IntentStatus::Succeeded;
        intent.latest_charge = Some(charge.id.clone());
        intent.last_payment_error = None;
        self.charges.insert(charge.id.clone(), charge);
        self.keep(intent, "payment_intent.succeeded")
    }

    fn ask_second_factor(&mut self, mut intent: Intent) -> Done {
        intent.status = IntentStatus::RequiresAction;
        intent.next_action = Some(second_factor());
        intent.last_payment_error = None;
        self.keep(intent, "payment_intent.requires_action")
    }

    fn refuse_second_factor(&mut self, mut intent: Intent) -> Done {
        intent.status = IntentStatus::RequiresPaymentMethod;
        intent.payment_method = None;
        intent.last_payment_error = Some(Failure::not_authenticated().object());
        self.keep(intent, "payment_intent.payment_failed")
    }

    fn decline(&mut self, mut intent: Intent, (method, decline): (&str, Decline), now: i64) -> Done {
        let mut charge = charge_of(&intent, method, now);
        let failure = Failure::declined(decline, &charge.id);
        charge.failure = Some(decline);
        intent.status = IntentStatus::RequiresPaymentMethod;
        intent.payment_method = None;
        intent.latest_charge = Some(charge.id.clone());
        intent.last_payment_error = Some(failure.object());
        self.charges.insert(charge.id.clone(), charge);
        let body = intent.json();
        Done {
            answer: Err(failure.with_intent(body)),
            ..self.keep(intent, "payment_intent.payment_failed")
        }
    }

    fn keep(&mut self, intent: Intent, event: &'static str) -> Done {
        let body = intent.json();
        self.intents.insert(intent.id.clone(), intent);
        Done::ok(body.clone(), vec![(event, body)])
    }
}

fn unexpected_state(intent: &Intent, verb: &str) -> Failure {
    let status = intent.status.name();
    let message = format!("You cannot {verb} this PaymentIntent because it has a status of {status}.");
    Failure::unexpected_state(&message, intent.json())
}

fn charge_of(intent: &Intent, method: &str, now: i64) -> Charge {
    Charge {
        id: fresh_id("ch"),
        intent: intent.id.clone(),
        amount: intent.amount,
        refunded: 0,
        currency: intent.currency.clone(),
        created: now,
        paid: false,
        payment_method: intent.payment_method.clone().unwrap_or_else(|| fresh_id("pm")),
        face: Face::of(method),
        metadata: intent.metadata.clone(),
        receipt_email: intent.receipt_email.clone(),
        failure: None,
    }
}
