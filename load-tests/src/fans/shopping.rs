//! Choosing seats within a session.

use std::collections::HashMap;
use std::time::Duration;

use contracts::{IDEMPOTENCY_KEY_HEADER, SESSION_PASS_HEADER};
use futures_util::future::join;
use rand::RngExt;
use rand::rngs::StdRng;
use reqwest::{Client, RequestBuilder};
use serde_json::json;
use tokio::time::Instant;
use uuid::Uuid;

use crate::clock::{pause, wall_now};
use crate::fans::character::{LeavesAt, Quirk};
use crate::fans::history::{GoneAnswer, Trespass, What};
use crate::fans::life::{Fan, GREEDY_EXTRA, Visit};
use crate::fans::waiting::Session;
use crate::fans::web::Answer;
use crate::fans::wire::{Cart, GoneProblem, Zone, Zones};

/// How long a fan looks at empty zones before giving the session back and queueing again.
const PATIENCE: Duration = Duration::from_secs(12);
/// How long a `gone` or `busy` keeps a fan from asking for the same again: there are other zones.
const NO_IS_BELIEVED: Duration = Duration::from_secs(4);

/// What a fan asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wish {
    zone_id: Uuid,
    quantity: u32,
}

/// What became of a wish.
enum Wished {
    Held(Cart),
    Gone,
    Busy,
    OverLimit,
    /// Something transient: look again.
    Again,
    SessionOver,
}

impl Fan {
    pub(super) async fn shop(&mut self, session: &Session) -> Visit {
        self.think().await;
        if self.character.quirk == Quirk::Greedy && !self.was_refused {
            self.ask_for_five(session).await;
        }
        let mut cart = match self.choose_seats(session).await {
            Ok(cart) => cart,
            Err(end) => return end,
        };
        self.think().await;
        if self.character.quirk == Quirk::Wanders(LeavesAt::Cart) {
            return Visit::WanderedOff;
        }
        if self.character.quirk == Quirk::ChangesMind {
            cart = self.change_mind(session, cart).await;
        }
        self.buy(session, cart).await
    }

    async fn choose_seats(&mut self, session: &Session) -> Result<Cart, Visit> {
        let started = Instant::now();
        let mut refused: HashMap<(Uuid, u32), Instant> = HashMap::new();
        let mut insists = self.character.stubborn;
        let mut clicks_anywhere = true;
        loop {
            if wall_now() >= session.ends_at || self.world.is_over() {
                return Err(Visit::Lost);
            }
            if started.elapsed() > PATIENCE {
                return Err(Visit::NothingFree);
            }
            let Some(zones) = self.look_at_zones().await else {
                self.think().await;
                continue;
            };
            refused.retain(|_, at| at.elapsed() < NO_IS_BELIEVED);
            // The stubborn ask for their favourite first; later everybody clicks once on a zone that is shown as empty.
            let asks_anyway = insists || (clicks_anywhere && started.elapsed() > PATIENCE / 2);
            let Some(wish) = self.wish(&zones, &refused, asks_anyway) else {
                self.think().await;
                continue;
            };
            if asks_anyway {
                clicks_anywhere = insists;
                insists = false;
            }
            match self.ask(session, wish, None).await {
                Wished::Held(cart) => return Ok(cart),
                Wished::Gone | Wished::Busy => {
                    refused.insert((wish.zone_id, wish.quantity), Instant::now());
                }
                Wished::Again => {}
                Wished::OverLimit => return Err(Visit::OverLimit),
                Wished::SessionOver => return Err(Visit::Lost),
            }
        }
    }

    /// Before the turn nobody needs to know more.
    pub(super) async fn any_zone(&mut self) -> Option<Uuid> {
        Some(self.look_at_zones().await?.first()?.zone_id)
    }

    async fn look_at_zones(&mut self) -> Option<Vec<Zone>> {
        let url = self.match_url("/zones");
        let answer = self
            .insist("", |http, fan| http.get(&url).bearer_auth(&fan.token))
            .await;
        let mut zones = self.expect_success("zones", answer)?.read::<Zones>()?.zones;
        let left: u32 = zones.iter().map(|zone| zone.available_count).sum();
        self.world.tally.seats_left.set(i64::from(left));
        zones.sort_by_key(|zone| zone.zone_id);
        Some(zones)
    }

    /// The favourite zone that has enough; else the most seats that some zone has; else, if the fan asks anyway, the
    /// favourite.
    fn wish(
        &mut self,
        zones: &[Zone],
        refused: &HashMap<(Uuid, u32), Instant>,
        asks_anyway: bool,
    ) -> Option<Wish> {
        let wanted = self.quantity_wanted();
        let favourites = by_preference(zones, &mut self.rng);
        let favourite = favourites.first().map(|zone| Wish {
            zone_id: zone.zone_id,
            quantity: wanted,
        });
        if asks_anyway && favourite.is_some_and(|wish| !refused.contains_key(&(wish.zone_id, wish.quantity)))
        {
            return favourite;
        }
        (1..=wanted).rev().find_map(|quantity| {
            let fits = |zone: &&&Zone| {
                zone.available_count >= quantity && !refused.contains_key(&(zone.zone_id, quantity))
            };
            favourites.iter().find(fits).map(|zone| Wish {
                zone_id: zone.zone_id,
                quantity,
            })
        })
    }

    fn quantity_wanted(&self) -> u32 {
        match self.character.party.saturating_sub(self.owned) {
            0 => GREEDY_EXTRA,
            missing => missing.min(4),
        }
    }

    /// One hold, in the fan's own manner.
    async fn ask(&mut self, session: &Session, wish: Wish, seen_version: Option<i32>) -> Wished {
        let key = self.fresh_key();
        match self.character.quirk {
            Quirk::DoublePresses => {
                let twice = join(
                    self.put_cart(session, wish, &key, seen_version),
                    self.put_cart(session, wish, &key, seen_version),
                );
                let (first, second) = twice.await;
                let one = self.understand(session, wish, first).await;
                let other = self.understand(session, wish, second).await;
                match (one, other) {
                    (Wished::Held(cart), Wished::Held(other)) => {
                        self.note_second(Trespass::SecondCart, cart != other);
                        Wished::Held(cart)
                    }
                    (Wished::Held(cart), _) | (_, Wished::Held(cart)) => Wished::Held(cart),
                    (one, _) => one,
                }
            }
            Quirk::Greedy | Quirk::TwoDevices if seen_version.is_none() && self.owned == 0 => {
                let other_key = self.fresh_key();
                let two = join(
                    self.put_cart(session, wish, &key, None),
                    self.put_cart(session, wish, &other_key, None),
                );
                let (first, second) = two.await;
                let one = self.understand(session, wish, first).await;
                let other = self.understand(session, wish, second).await;
                // Whichever came last owns the cart; its version is needed, so read it.
                match (one, other) {
                    (Wished::Held(_), Wished::Held(_)) => {
                        self.read_cart().await.map_or(Wished::Again, Wished::Held)
                    }
                    (Wished::Held(cart), _) | (_, Wished::Held(cart)) => Wished::Held(cart),
                    (one, _) => one,
                }
            }
            _ => {
                let answer = self.put_cart(session, wish, &key, seen_version).await;
                self.understand(session, wish, answer).await
            }
        }
    }

    async fn put_cart(
        &self,
        session: &Session,
        wish: Wish,
        key: &str,
        seen_version: Option<i32>,
    ) -> Option<Answer> {
        let url = self.match_url("/cart");
        let body = json!({"zone_id": wish.zone_id, "quantity": wish.quantity});
        let make = |http: &Client, fan: &Self| -> RequestBuilder {
            let request = http
                .put(&url)
                .bearer_auth(&fan.token)
                .header(SESSION_PASS_HEADER, &session.pass)
                .header(IDEMPOTENCY_KEY_HEADER, key)
                .json(&body);
            match seen_version {
                Some(version) => request.header("If-Match", format!("\"{version}\"")),
                None => request,
            }
        };
        self.lose_answer(make).await;
        self.insist("busy", make).await
    }

    async fn understand(&mut self, session: &Session, wish: Wish, answer: Option<Answer>) -> Wished {
        let Some(answer) = answer else {
            self.remember_now(What::NoAnswer { route: "cart" });
            return Wished::Again;
        };
        if answer.is_success() {
            let Some(cart) = answer.read::<Cart>() else {
                return Wished::Again;
            };
            let seat_ids = cart.seats.iter().map(|seat| seat.seat_id).collect();
            self.remember(
                &answer,
                What::Held {
                    cart_id: cart.cart_id,
                    seat_ids,
                },
            );
            self.world.tally.holds.one_more();
            return Wished::Held(cart);
        }
        match answer.code() {
            "gone" => {
                self.world.tally.gone.one_more();
                if let Some(problem) = answer.read::<GoneProblem>() {
                    let (zone_id, quantity) = (wish.zone_id, wish.quantity);
                    let gone = GoneAnswer {
                        zone_id,
                        quantity,
                        as_of: problem.as_of,
                        session_ends_at: session.ends_at,
                    };
                    self.remember(&answer, What::Gone(gone));
                }
                Wished::Gone
            }
            "busy" => {
                self.remember(&answer, What::Busy);
                self.world.tally.busy.one_more();
                pause(answer.pause()).await;
                Wished::Busy
            }
            "over-limit" => {
                self.remember(&answer, What::OverLimit);
                self.was_refused = true;
                Wished::OverLimit
            }
            "queue-session-expired" | "sale-closed" => {
                self.refused("cart", &answer);
                Wished::SessionOver
            }
            code => {
                self.refused("cart", &answer);
                if code == "cart-version-mismatch" {
                    return self.read_cart().await.map_or(Wished::Again, Wished::Held);
                }
                self.think().await;
                Wished::Again
            }
        }
    }

    async fn read_cart(&self) -> Option<Cart> {
        let url = self.match_url("/cart");
        self.insist("", |http, fan| http.get(&url).bearer_auth(&fan.token))
            .await?
            .read::<Cart>()
    }

    /// More than a purchase may have: must be refused, and nothing held.
    async fn ask_for_five(&mut self, session: &Session) {
        let Some(zones) = self.look_at_zones().await else {
            return;
        };
        let Some(zone) = zones.first() else { return };
        let key = self.fresh_key();
        let wish = Wish {
            zone_id: zone.zone_id,
            quantity: 5,
        };
        let answer = self.put_cart(session, wish, &key, None).await;
        let said = self.understand(session, wish, answer).await;
        // Being told once is not enough for a greedy fan: the limit over two purchases is another matter.
        self.was_refused = false;
        drop(said);
    }

    /// One ticket fewer, or one more, wherever there is room; what cannot be had leaves the cart as it was.
    async fn change_mind(&mut self, session: &Session, cart: Cart) -> Cart {
        let held = u32::try_from(cart.seats.len()).unwrap_or(1);
        let quantity = if held > 1 { held - 1 } else { 2 };
        if self.owned + quantity > 4 {
            return cart;
        }
        let wish = Wish {
            zone_id: cart.zone_id,
            quantity,
        };
        match self.ask(session, wish, Some(cart.version)).await {
            Wished::Held(changed) => changed,
            Wished::Gone | Wished::Busy | Wished::OverLimit | Wished::Again | Wished::SessionOver => {
                self.read_cart().await.unwrap_or(cart)
            }
        }
    }
}

/// Fans like the same zones: each next one half as much.
fn by_preference<'a>(zones: &'a [Zone], rng: &mut StdRng) -> Vec<&'a Zone> {
    let mut rest: Vec<&Zone> = zones.iter().collect();
    let mut ordered = Vec::with_capacity(rest.len());
    while !rest.is_empty() {
        let liked = rest.iter().position(|_| rng.random_bool(0.5)).unwrap_or(0);
        ordered.push(rest.remove(liked));
    }
    ordered
}
