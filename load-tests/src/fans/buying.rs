//! From a cart to tickets: check out, pay, wait for the outcome, look at the tickets.

use std::time::Duration;

use contracts::{IDEMPOTENCY_KEY_HEADER, SESSION_PASS_HEADER};
use futures_util::future::join;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use crate::clock::{pause, wall_now};
use crate::fans::character::{LeavesAt, Quirk};
use crate::fans::history::{Trespass, What};
use crate::fans::life::{Fan, Visit};
use crate::fans::paying::Paying;
use crate::fans::waiting::Session;
use crate::fans::web::Answer;
use crate::fans::wire::{Cart, Order, Payment, Tickets};
use crate::people::{PEOPLE_PER_FAN, Person};

/// From the session's end to tickets: everything beyond is the checker's affair.
const OUTCOME_DEADLINE: Duration = Duration::from_secs(90);
const POLL_ORDER_EVERY: Duration = Duration::from_millis(300);
/// Companions who turn out to have a ticket are replaced so often.
const CHECKOUT_TRIES: u32 = 4;
/// All fans who share a companion name the same person: only one of them can get that ticket.
const SHARED_COMPANION: u64 = PEOPLE_PER_FAN - 1;
/// Refusals that another name may cure.
const PERSON_REFUSED: [&str; 3] = ["holder-has-ticket", "holder-blacklisted", "invalid-holder"];

/// Whom a fan names first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Naming {
    Honest,
    SharedCompanion,
    Outlaw,
    Twice,
}

impl Naming {
    fn of(quirk: Quirk) -> Self {
        match quirk {
            Quirk::SharesCompanion => Self::SharedCompanion,
            Quirk::NamesOutlaw => Self::Outlaw,
            Quirk::NamesTwice => Self::Twice,
            _ => Self::Honest,
        }
    }
}

impl Fan {
    pub(super) async fn buy(&mut self, session: &Session, cart: Cart) -> Visit {
        let Some(order_id) = self.check_out(session, &cart).await else {
            self.release_cart().await;
            return if self.is_barred {
                Visit::TurnedAway
            } else {
                Visit::Lost
            };
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
        match self.pay(session, order_id, &payment).await {
            Paying::CardCharged => self.world.tally.paid.one_more(),
            Paying::NotPossible => return Visit::Lost,
        }
        match self.outcome(session, order_id).await.as_deref() {
            Some("COMPLETED") => {
                self.look_at_tickets(order_id).await;
                if self.character.quirk == Quirk::GivesBack {
                    return self.give_back(order_id).await;
                }
                self.owned += u32::try_from(cart.seats.len()).unwrap_or(0);
                Visit::Bought
            }
            _ => Visit::Lost,
        }
    }

    /// Plans have changed.
    async fn give_back(&mut self, order_id: Uuid) -> Visit {
        self.think().await;
        let (key, path) = (self.fresh_key(), format!("/orders/{order_id}/refund"));
        let answer = self
            .insist("", |http, fan| {
                fan.post(http, &path).header(IDEMPOTENCY_KEY_HEADER, &key)
            })
            .await;
        let Some(answer) = self.expect_success("refund", answer) else {
            return Visit::Lost;
        };
        if let Some(order) = answer.read::<Order>() {
            let state = order.state;
            self.remember(&answer, What::OrderSeen { order_id, state });
        }
        Visit::GaveBack
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
        let mut naming = Naming::of(self.character.quirk);
        for _ in 0..CHECKOUT_TRIES {
            let (holders, oibs) = self.name_holders(cart.seats.len(), naming);
            let body = json!({"cart_version": cart.version, "holders": holders, "accept_equal_seats": true});
            let (key, other_key) = (self.fresh_key(), self.fresh_key());
            let ask = |key: String| {
                let (url, body) = (&url, &body);
                move |http: &Client, fan: &Self| {
                    http.post(url)
                        .bearer_auth(&fan.token)
                        .header(SESSION_PASS_HEADER, &session.pass)
                        .header(IDEMPOTENCY_KEY_HEADER, &key)
                        .json(body)
                }
            };
            let answer = if self.character.quirk == Quirk::TwoDevices {
                let (one, other) = join(self.insist("", ask(key)), self.insist("", ask(other_key))).await;
                self.one_order(one, other)
            } else {
                self.lose_answer(ask(key.clone())).await;
                self.insist("", ask(key)).await
            };
            let code = answer.as_ref().map(Answer::code).unwrap_or_default().to_owned();
            if code == "holder-blacklisted" && self.character.quirk == Quirk::Blacklisted {
                self.is_barred = true;
            } else if naming != Naming::Honest && PERSON_REFUSED.contains(&code.as_str()) {
                self.expect_success("checkout", answer);
                naming = Naming::Honest;
                self.think().await;
                continue;
            }
            let answer = self.expect_success("checkout", answer)?;
            let order = answer.read::<Order>()?;
            self.note_barred_holders(&oibs);
            let order_id = order.order_id;
            self.remember(&answer, What::CheckedOut { order_id, oibs });
            return Some(order_id);
        }
        None
    }

    /// Two devices asked at once: of one cart there must be one order, whichever device got it.
    fn one_order(&mut self, one: Option<Answer>, other: Option<Answer>) -> Option<Answer> {
        let placed = |answer: &Option<Answer>| {
            let placed = answer.as_ref().filter(|answer| answer.is_success())?;
            placed.read::<Order>().map(|order| order.order_id)
        };
        let (first, second) = (placed(&one), placed(&other));
        if one.is_some() && other.is_some() && (first.is_some() || second.is_some()) {
            let are_two = first.is_some() && second.is_some() && first != second;
            self.note_second(Trespass::SecondOrder, are_two);
        }
        if first.is_none() && second.is_some() {
            other
        } else {
            one
        }
    }

    /// Ticket 1 is the buyer's own, unless they have one. Answers the bodies and everybody's OIBs.
    fn name_holders(&mut self, seats: usize, naming: Naming) -> (Vec<Value>, Vec<String>) {
        let me = self.world.people.person(self.number, 0);
        let names_self = self.owned == 0;
        let others = if names_self {
            seats.saturating_sub(1)
        } else {
            seats
        };
        let mut named: Vec<Person> = Vec::new();
        for index in 0..others {
            let person = match naming {
                Naming::SharedCompanion if index == 0 => self.world.people.person(0, SHARED_COMPANION),
                Naming::Outlaw if index == 0 => self.world.people.outlaw(),
                Naming::Twice if index == 0 && names_self => me.clone(),
                Naming::Twice if index > 0 => named.first().cloned().unwrap_or_else(|| me.clone()),
                Naming::Honest | Naming::SharedCompanion | Naming::Outlaw | Naming::Twice => {
                    self.companions += 1;
                    let number = 1 + self.companions % (PEOPLE_PER_FAN - 2);
                    self.world.people.person(self.number, number)
                }
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
        if names_self {
            oibs.push(me.oib);
        }
        (named.iter().map(body).collect(), oibs)
    }

    async fn start_payment(&mut self, session: &Session, order_id: Uuid) -> Option<Payment> {
        let (key, other_key) = (self.fresh_key(), self.fresh_key());
        let path = format!("/orders/{order_id}/payment");
        let ask = |key: String| {
            let path = path.clone();
            move |http: &Client, fan: &Self| {
                fan.post(http, &path)
                    .header(SESSION_PASS_HEADER, &session.pass)
                    .header(IDEMPOTENCY_KEY_HEADER, &key)
            }
        };
        let answers = match self.character.quirk {
            Quirk::TwoDevices => {
                let (one, other) = join(self.insist("", ask(key)), self.insist("", ask(other_key))).await;
                vec![one, other]
            }
            _ => {
                self.lose_answer(ask(key.clone())).await;
                vec![self.insist("", ask(key)).await]
            }
        };
        let mut started = None;
        for answer in answers {
            let Some(answer) = self.expect_success("payment", answer) else {
                continue;
            };
            let Some(payment) = answer.read::<Payment>() else {
                continue;
            };
            let intent_id = payment.payment_intent_id.clone();
            self.remember(&answer, What::PaymentStarted { order_id, intent_id });
            started = Some(payment);
        }
        started
    }

    /// Looks at the order until its state is final.
    async fn outcome(&mut self, session: &Session, order_id: Uuid) -> Option<String> {
        let path = format!("/orders/{order_id}");
        let left = (session.ends_at - wall_now()).to_std().unwrap_or_default();
        let deadline = Instant::now() + left + OUTCOME_DEADLINE;
        while Instant::now() < deadline {
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
