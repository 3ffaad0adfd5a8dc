//! From a cart to tickets: check out, pay, wait for the outcome, look at the tickets.

use std::time::Duration;

use contracts::{IDEMPOTENCY_KEY_HEADER, SESSION_PASS_HEADER};
use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use crate::clock::pause;
use crate::fans::character::{LeavesAt, Quirk};
use crate::fans::history::What;
use crate::fans::life::{Fan, Visit};
use crate::fans::waiting::Session;
use crate::fans::wire::{Cart, Order, Payment, Tickets};
use crate::people::{PEOPLE_PER_FAN, Person};

/// From a paid card to tickets: everything beyond is the checker's affair.
const OUTCOME_DEADLINE: Duration = Duration::from_secs(90);
const POLL_ORDER_EVERY: Duration = Duration::from_millis(300);
/// Companions who turn out to have a ticket are replaced so often.
const CHECKOUT_TRIES: u32 = 4;

/// What became of paying.
enum Paying {
    CardCharged,
    NotPossible,
}

impl Fan {
    pub(super) async fn buy(&mut self, session: &Session, cart: Cart) -> Visit {
        let Some(order_id) = self.check_out(session, &cart).await else {
            self.release_cart().await;
            return Visit::Lost;
        };
        self.think().await;
        if self.character.quirk == Quirk::Wanders(LeavesAt::Order) {
            return Visit::WanderedOff;
        }
        let Some(payment) = self.start_payment(session, order_id).await else {
            self.cancel(order_id).await;
            return Visit::Lost;
        };
        self.think().await;
        if self.character.quirk == Quirk::Wanders(LeavesAt::Payment) {
            return Visit::WanderedOff;
        }
        match self.pay(order_id, &payment).await {
            Paying::CardCharged => self.world.tally.paid.one_more(),
            Paying::NotPossible => return Visit::Lost,
        }
        match self.outcome(order_id).await.as_deref() {
            Some("COMPLETED") => {
                self.look_at_tickets(order_id).await;
                self.owned += u32::try_from(cart.seats.len()).unwrap_or(0);
                Visit::Bought
            }
            _ => Visit::Lost,
        }
    }

    async fn release_cart(&mut self) {
        let url = self.match_url("/cart");
        let answer = self
            .insist("", |http, fan| http.delete(&url).bearer_auth(&fan.token))
            .await;
        self.expect_success("release", answer);
    }

    async fn cancel(&mut self, order_id: Uuid) {
        let key = self.fresh_key();
        let path = format!("/orders/{order_id}/cancellation");
        let answer = self
            .insist("", |http, fan| {
                fan.post(http, &path).header(IDEMPOTENCY_KEY_HEADER, &key)
            })
            .await;
        self.expect_success("cancellation", answer);
    }

    async fn check_out(&mut self, session: &Session, cart: &Cart) -> Option<Uuid> {
        let url = self.match_url("/checkout");
        let mut shares = self.character.quirk == Quirk::SharesCompanion;
        for _ in 0..CHECKOUT_TRIES {
            let (holders, oibs) = self.name_holders(cart.seats.len(), shares);
            let body = json!({"cart_version": cart.version, "holders": holders, "accept_equal_seats": true});
            let key = self.fresh_key();
            let answer = self
                .insist("", |http, fan| {
                    http.post(&url)
                        .bearer_auth(&fan.token)
                        .header(SESSION_PASS_HEADER, &session.pass)
                        .header(IDEMPOTENCY_KEY_HEADER, &key)
                        .json(&body)
                })
                .await;
            if answer
                .as_ref()
                .is_some_and(|answer| answer.code() == "holder-has-ticket")
            {
                self.expect_success("checkout", answer);
                shares = false;
                self.think().await;
                continue;
            }
            let answer = self.expect_success("checkout", answer)?;
            let order = answer.read::<Order>()?;
            self.remember(
                &answer,
                What::CheckedOut {
                    order_id: order.order_id,
                    oibs,
                },
            );
            return Some(order.order_id);
        }
        None
    }

    /// Ticket 1 is the buyer's own, unless they have one. Answers the bodies and everybody's OIBs.
    fn name_holders(&mut self, seats: usize, shares_companion: bool) -> (Vec<Value>, Vec<String>) {
        let me = self.world.people.person(self.number, 0);
        let mut named: Vec<Person> = Vec::new();
        let others = if self.owned == 0 {
            seats.saturating_sub(1)
        } else {
            seats
        };
        for index in 0..others {
            let person = if shares_companion && index == 0 {
                // All such fans name the same person: only one of them can get that ticket.
                self.world.people.person(0, PEOPLE_PER_FAN - 1)
            } else {
                self.companions += 1;
                self.world
                    .people
                    .person(self.number, 1 + self.companions % (PEOPLE_PER_FAN - 2))
            };
            named.push(person);
        }
        let body = |person: &Person| {
            json!({
                "full_name": person.name, "date_of_birth": person.born, "nationality": "HR", "oib": person.oib,
                "email": person.email,
            })
        };
        let mut oibs: Vec<String> = named.iter().map(|person| person.oib.clone()).collect();
        if self.owned == 0 {
            oibs.push(me.oib);
        }
        (named.iter().map(body).collect(), oibs)
    }

    async fn start_payment(&mut self, session: &Session, order_id: Uuid) -> Option<Payment> {
        let key = self.fresh_key();
        let path = format!("/orders/{order_id}/payment");
        let answer = self
            .insist("", |http, fan| {
                fan.post(http, &path)
                    .header(SESSION_PASS_HEADER, &session.pass)
                    .header(IDEMPOTENCY_KEY_HEADER, &key)
            })
            .await;
        let answer = self.expect_success("payment", answer)?;
        let payment = answer.read::<Payment>()?;
        let intent_id = payment.payment_intent_id.clone();
        self.remember(&answer, What::PaymentStarted { order_id, intent_id });
        Some(payment)
    }

    async fn pay(&mut self, order_id: Uuid, payment: &Payment) -> Paying {
        let url = format!(
            "{}/v1/payment_intents/{}/confirm",
            self.world.stack.stripe_url, payment.payment_intent_id
        );
        let cards: &[&str] = match self.character.quirk {
            Quirk::Declined => &["pm_card_chargeDeclined", "pm_card_visa"],
            _ => &["pm_card_visa"],
        };
        for card in cards {
            let form = [
                ("client_secret", payment.client_secret.as_str()),
                ("payment_method", *card),
            ];
            let answer = self.insist("", |http, _| http.post(&url).form(&form)).await;
            match answer {
                Some(answer) if answer.is_success() => {
                    self.remember(&answer, What::CardPaid { order_id });
                    return Paying::CardCharged;
                }
                Some(answer) if answer.status == 402 => {
                    self.remember(&answer, What::CardDeclined);
                    self.think().await;
                }
                other => {
                    self.expect_success("confirm", other);
                    return Paying::NotPossible;
                }
            }
        }
        Paying::NotPossible
    }

    /// Looks at the order until its state is final.
    async fn outcome(&mut self, order_id: Uuid) -> Option<String> {
        let started = Instant::now();
        let path = format!("/orders/{order_id}");
        while started.elapsed() < OUTCOME_DEADLINE {
            let answer = self.insist("", |http, fan| fan.get(http, &path)).await;
            let order = self
                .expect_success("order", answer.clone())
                .and_then(|answer| answer.read::<Order>());
            if let (Some(answer), Some(order)) = (answer, order)
                && order.state != "AWAITING_PAYMENT"
            {
                self.remember(
                    &answer,
                    What::OrderSeen {
                        order_id,
                        state: order.state.clone(),
                    },
                );
                return Some(order.state);
            }
            pause(POLL_ORDER_EVERY).await;
        }
        None
    }

    async fn look_at_tickets(&mut self, order_id: Uuid) {
        let answer = self.insist("", |http, fan| fan.get(http, "/tickets")).await;
        let Some(answer) = self.expect_success("tickets", answer) else {
            return;
        };
        let Some(tickets) = answer.read::<Tickets>() else {
            self.refused("tickets", &answer);
            return;
        };
        let usable = |code: &Option<String>| code.as_deref().is_some_and(|code| !code.is_empty());
        let ours = tickets
            .items
            .iter()
            .filter(|ticket| ticket.order_id == order_id && usable(&ticket.code));
        let ticket_ids = ours.map(|ticket| ticket.ticket_id).collect();
        self.remember(&answer, What::TicketsSeen { order_id, ticket_ids });
    }
}
