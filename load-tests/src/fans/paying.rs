//! The card: charged, declined, asked for a second factor, or shown when it is too late.

use std::time::Duration;

use rand::RngExt;
use serde_json::Value;
use uuid::Uuid;

use crate::clock::{pause, wall_now};
use crate::fans::character::Quirk;
use crate::fans::history::What;
use crate::fans::life::Fan;
use crate::fans::waiting::Session;
use crate::fans::web::Answer;
use crate::fans::wire::Payment;

/// Late payers press "pay" at most so long after their session's end: before and after it is closed at Stripe.
const LATE_WITHIN: Duration = Duration::from_millis(1_500);

const CARD: &str = "pm_card_visa";
const DECLINED_CARD: &str = "pm_card_chargeDeclined";
const CARD_WITH_SECOND_FACTOR: &str = "pm_card_authenticationRequired";

/// What became of paying.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paying {
    CardCharged,
    NotPossible,
}

/// What one card came to.
enum Charge {
    Made,
    /// Another card, or the same again, may do.
    Declined,
    /// The payment is over.
    Refused,
}

impl Fan {
    pub(super) async fn pay(&mut self, session: &Session, order_id: Uuid, payment: &Payment) -> Paying {
        let is_late = self.character.quirk == Quirk::PaysLate && !self.has_been_late;
        if is_late {
            self.has_been_late = true;
            self.let_the_session_pass(session).await;
        }
        let cards: &[&str] = match self.character.quirk {
            Quirk::Declined => &[DECLINED_CARD, CARD],
            Quirk::SecondFactor => &[CARD_WITH_SECOND_FACTOR],
            Quirk::FailsSecondFactor => &[CARD_WITH_SECOND_FACTOR, CARD],
            _ => &[CARD],
        };
        let mut paying = Paying::NotPossible;
        for card in cards {
            match self.charge(order_id, payment, card).await {
                Charge::Made => {
                    paying = Paying::CardCharged;
                    break;
                }
                Charge::Declined => self.think().await,
                Charge::Refused => break,
            }
        }
        if is_late {
            let charged = paying == Paying::CardCharged;
            self.remember_now(What::PaidLate { charged });
        }
        paying
    }

    async fn let_the_session_pass(&mut self, session: &Session) {
        let left = (session.ends_at - wall_now()).to_std().unwrap_or_default();
        // Half within a tenth of a second: what is closed soon can be paid late only soon.
        let late = LATE_WITHIN.mul_f64(self.rng.random::<f64>().powi(4));
        pause(left + late).await;
    }

    async fn charge(&mut self, order_id: Uuid, payment: &Payment, card: &str) -> Charge {
        let path = format!("/v1/payment_intents/{}/confirm", payment.payment_intent_id);
        let answer = self.tell_stripe(payment, &path, ("payment_method", card)).await;
        let answer = match answer {
            Some(answer) if status_of(&answer) == Some("requires_action") => {
                self.show_second_factor(payment).await
            }
            other => other,
        };
        match answer {
            Some(answer) if status_of(&answer) == Some("succeeded") => {
                self.remember(&answer, What::CardPaid { order_id });
                Charge::Made
            }
            Some(answer) if answer.status == 402 || answer.is_success() => {
                self.remember(&answer, What::CardDeclined);
                Charge::Declined
            }
            other => {
                self.expect_success("confirm", other);
                Charge::Refused
            }
        }
    }

    /// The bank's own page, as far as Stripe hears of it.
    async fn show_second_factor(&mut self, payment: &Payment) -> Option<Answer> {
        self.think().await;
        let outcome = if self.character.quirk == Quirk::FailsSecondFactor {
            "failed"
        } else {
            "succeeded"
        };
        let intent = &payment.payment_intent_id;
        let path = format!("/stand-in/payment_intents/{intent}/authentication");
        self.tell_stripe(payment, &path, ("outcome", outcome)).await
    }

    async fn tell_stripe(
        &self,
        payment: &Payment,
        path: &str,
        (name, value): (&str, &str),
    ) -> Option<Answer> {
        let url = format!("{}{path}", self.world.stack.stripe_url);
        let form = [("client_secret", payment.client_secret.as_str()), (name, value)];
        self.insist("", |http, _| http.post(&url).form(&form)).await
    }
}

/// An intent's state, in an answer that is one.
fn status_of(answer: &Answer) -> Option<&str> {
    answer.body.get("status").and_then(Value::as_str)
}
