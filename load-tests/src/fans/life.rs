//! One fan, from showing up to going home.

use std::sync::Arc;
use std::time::Duration;

use contracts::IDEMPOTENCY_KEY_HEADER;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::{Client, RequestBuilder};
use serde_json::json;
use uuid::Uuid;

use crate::clock::pause;
use crate::fans::World;
use crate::fans::character::{Character, Quirk};
use crate::fans::history::{Fate, History, Step, What};
use crate::fans::waiting::{Joining, Waited};
use crate::fans::web::Answer;
use crate::fans::wire::Token;

/// Visits of one fan: who has not got it in so many has been kept from buying by something.
const VISITS_MAX: u32 = 60;
/// The second helping of a greedy fan.
pub(super) const GREEDY_EXTRA: u32 = 2;

/// A simulated fan.
pub(super) struct Fan {
    pub(super) world: Arc<World>,
    pub(super) number: u64,
    pub(super) character: Character,
    pub(super) rng: StdRng,
    pub(super) token: String,
    /// Tickets got so far.
    pub(super) owned: u32,
    /// Companions named so far: each is named once.
    pub(super) companions: u64,
    /// A greedy fan has been told that there is a limit.
    pub(super) was_refused: bool,
    /// Once is enough.
    pub(super) has_been_late: bool,
    /// As told by the room; 0 before that.
    pub(super) last_position: u64,
    /// Was told that the line is over.
    pub(super) line_is_closed: bool,
    /// Was told of the blacklist.
    pub(super) is_barred: bool,
    pub(super) history: History,
}

/// How a visit of the shop ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Visit {
    Bought,
    OverLimit,
    WanderedOff,
    /// All tickets were given back.
    GaveBack,
    /// By law there is nothing for this fan.
    TurnedAway,
    /// The line is over: nothing is left.
    LineClosed,
    /// Nothing to be had in this session.
    NothingFree,
    /// The session, the seats or the order were lost.
    Lost,
}

impl Fan {
    pub(super) fn new(world: Arc<World>, index: usize, character: Character) -> Self {
        let number = u64::try_from(index).unwrap_or(u64::MAX);
        let rng = StdRng::seed_from_u64(world.seed.wrapping_mul(1_000_003).wrapping_add(number));
        let history = History {
            fan: index,
            ..History::default()
        };
        Self {
            world,
            number,
            character,
            rng,
            token: String::new(),
            owned: 0,
            companions: 0,
            was_refused: false,
            has_been_late: false,
            last_position: 0,
            line_is_closed: false,
            is_barred: false,
            history,
        }
    }

    pub(super) async fn live(mut self) -> History {
        pause(self.character.arrives_after).await;
        self.world.tally.arrived.one_more();
        self.history.fate = self.shop_until_content().await;
        self.world.tally.ended.one_more();
        self.history
    }

    async fn shop_until_content(&mut self) -> Fate {
        if !self.sign_in().await || !self.save_profile().await {
            return Fate::GaveUp;
        }
        self.trespass().await;
        for _ in 0..VISITS_MAX {
            match self.visit().await {
                Visit::Bought | Visit::OverLimit => {
                    if self.is_content() {
                        return Fate::Satisfied;
                    }
                }
                Visit::WanderedOff => return Fate::WanderedOff,
                Visit::GaveBack => return Fate::GaveBack,
                Visit::TurnedAway => return Fate::TurnedAway,
                Visit::LineClosed => return Fate::SoldOut,
                // Who would wander off anyway does not queue twice.
                Visit::NothingFree | Visit::Lost if matches!(self.character.quirk, Quirk::Wanders(_)) => {
                    return Fate::WanderedOff;
                }
                Visit::NothingFree | Visit::Lost => {}
            }
            if self.world.is_over() {
                return Fate::TimeUp;
            }
            self.think().await;
        }
        Fate::GaveUp
    }

    /// Has all tickets wanted; a greedy fan has besides been refused more than the limit.
    fn is_content(&self) -> bool {
        self.owned >= self.character.party && (self.character.quirk != Quirk::Greedy || self.was_refused)
    }

    /// Join, wait, shop, and give the session back if nothing was bought in it.
    async fn visit(&mut self) -> Visit {
        let mut place = match self.join().await {
            Joining::Placed(place) => place,
            Joining::LineClosed => return Visit::LineClosed,
            Joining::Failed => return Visit::Lost,
        };
        self.join_elsewhere(place.ticket_id()).await;
        self.world.tally.waiting.up();
        let waited = self.wait(&mut place).await;
        self.world.tally.waiting.down();
        let session = match waited {
            Waited::Admitted(session) => session,
            Waited::LineClosed => return Visit::LineClosed,
            Waited::Dropped | Waited::TimeUp => return Visit::Lost,
        };
        self.world.lose_pass(&session.pass);
        self.world.tally.in_session.up();
        let end = self.shop(&session).await;
        self.world.tally.in_session.down();
        match end {
            Visit::NothingFree | Visit::OverLimit | Visit::Lost | Visit::TurnedAway => {
                self.leave(&place).await;
            }
            Visit::Bought | Visit::WanderedOff | Visit::GaveBack | Visit::LineClosed => {}
        }
        end
    }

    async fn sign_in(&mut self) -> bool {
        let url = format!("{}/token", self.world.stack.identity_url);
        let form = [
            ("grant_type", "password".to_owned()),
            ("username", self.world.people.username(self.number)),
        ];
        let answer = self
            .world
            .web
            .insist("", |http| http.post(&url).form(&form))
            .await;
        let Some(answer) = self.expect_success("token", answer) else {
            return false;
        };
        let Some(token) = answer.read::<Token>() else {
            return false;
        };
        self.token = token.access_token;
        true
    }

    async fn save_profile(&mut self) -> bool {
        let me = self.world.people.person(self.number, 0);
        let body = json!({
            "full_name": me.name, "date_of_birth": me.born, "nationality": "HR", "oib": me.oib, "email": me.email,
        });
        let key = self.fresh_key();
        let answer = self
            .insist("", |http, fan| {
                fan.post(http, "/users/me/profile")
                    .header(IDEMPOTENCY_KEY_HEADER, &key)
                    .json(&body)
            })
            .await;
        if answer
            .as_ref()
            .is_some_and(|answer| answer.code() == "profile-exists")
        {
            return true;
        }
        self.expect_success("profile", answer).is_some()
    }

    // ── small things that all chapters of a fan's life need ──

    /// A pause for thought.
    pub(super) async fn think(&mut self) {
        let ms = self
            .rng
            .random_range(self.character.thinks_ms_max / 5..=self.character.thinks_ms_max);
        pause(Duration::from_millis(ms)).await;
    }

    pub(super) fn rng_bool(&mut self) -> bool {
        self.rng.random_bool(0.5)
    }

    pub(super) fn fresh_key(&mut self) -> String {
        // Unlike all other choices a key must differ also between two runs of one seed on one database.
        let random: u128 = rand::random();
        Uuid::from_u128(random).simple().to_string()
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.world.stack.backend_url.trim_end_matches('/'))
    }

    pub(super) fn match_url(&self, path: &str) -> String {
        self.url(&format!("/matches/{}{path}", self.world.stack.match_id))
    }

    pub(super) fn get(&self, http: &Client, path: &str) -> RequestBuilder {
        http.get(self.url(path)).bearer_auth(&self.token)
    }

    pub(super) fn post(&self, http: &Client, path: &str) -> RequestBuilder {
        http.post(self.url(path)).bearer_auth(&self.token)
    }

    pub(super) async fn insist<F>(&self, unless: &str, make: F) -> Option<Answer>
    where
        F: Fn(&Client, &Self) -> RequestBuilder,
    {
        self.world.web.insist(unless, |http| make(http, self)).await
    }

    /// Fans whose connection breaks at every order send it first without learning what came of it.
    pub(super) async fn lose_answer<F>(&self, make: F)
    where
        F: Fn(&Client, &Self) -> RequestBuilder,
    {
        if self.character.quirk == Quirk::LosesAnswers {
            let web = &self.world.web;
            web.lose(make(web.http(), self)).await;
        }
    }

    pub(super) fn remember(&mut self, answer: &Answer, what: What) {
        self.history.steps.push(Step {
            sent_us: answer.asked_us,
            answered_us: answer.answered_us,
            what,
        });
    }

    /// For what the room says by itself.
    pub(super) fn remember_now(&mut self, what: What) {
        let now = self.world.clock().now_us();
        self.history.steps.push(Step {
            sent_us: now,
            answered_us: now,
            what,
        });
    }

    /// The answer, if it is a success; anything else is written down.
    pub(super) fn expect_success(&mut self, route: &'static str, answer: Option<Answer>) -> Option<Answer> {
        match answer {
            Some(answer) if answer.is_success() => Some(answer),
            Some(answer) => {
                self.refused(route, &answer);
                None
            }
            None => {
                self.remember_now(What::NoAnswer { route });
                None
            }
        }
    }

    pub(super) fn refused(&mut self, route: &'static str, answer: &Answer) {
        let what = What::Refused {
            route,
            status: answer.status,
            code: answer.code().to_owned(),
        };
        self.remember(answer, what);
    }
}
