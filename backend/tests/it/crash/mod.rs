//! What if the process dies here? In each of these stories: after the first, second, third … effect that the backend has on
//! each of its neighbours (a commit, a message, an answer), before it hears of it.
//!
//! A killed process knows nothing any more. So all that matters of the moment of its death is which effects have happened,
//! and dying of each one in turn is dying at every point between two of them. Nobody lists the points: a sweep tells a story
//! again and again, and lets the backend die one effect later each time, until it lives to the end. A new step is one more
//! effect.

mod books;
mod fuse;
mod hop;
mod speech;
mod stage;
mod sweep;
mod wires;

use std::cell::OnceCell;
use std::time::{Duration, Instant};

use backend::admission::room::Room;
use backend::matches::actions::queue_of;
use chrono::TimeDelta;
use domain::ids::MatchId;
use domain::staff::Role;
use platform::tasks::Tasks;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::PATIENCE;
use crate::world::{Clerk, Fan, Ground, answer, fresh_key, now};
use fuse::{Neighbour, Point};
use stage::{LONG, Life, Stage};
use sweep::sweep;

/// What a fan asks for until somebody answers, under one key: as an app does.
async fn insist(ask: impl Fn() -> RequestBuilder) -> Value {
    ask_while(ask, || true).await.unwrap()
}

/// The same, as long as `patient` holds.
async fn ask_while(ask: impl Fn() -> RequestBuilder, patient: impl Fn() -> bool) -> Option<Value> {
    let given_up = Instant::now() + PATIENCE;
    loop {
        let answer = answer(ask()).await;
        if answer.status < 500 {
            return Some(answer.ok());
        }
        if !patient() {
            return None;
        }
        assert!(Instant::now() < given_up, "{answer:?}");
        Tasks::new().sleep(Duration::from_millis(20)).await;
    }
}

/// A fan who wants two seats: what their app sends, each with its key.
struct Wish<'f> {
    fan: &'f Fan<'f>,
    keys: [String; 3],
    friend: Value,
    /// Other seats will do, should these be gone.
    takes_equal: bool,
}

impl<'f> Wish<'f> {
    fn of(fan: &'f Fan<'f>) -> Self {
        let friend = fan.world.person();
        Self {
            fan,
            keys: [(); 3].map(|()| fresh_key()),
            friend,
            takes_equal: false,
        }
    }

    fn hold(&self) -> RequestBuilder {
        self.fan.wish_as(&self.keys[0], self.fan.world.zones[0], 2)
    }

    fn check_out(&self, cart: &Value) -> RequestBuilder {
        let path = format!("/matches/{}/checkout", self.fan.world.match_id);
        let body = json!({"cart_version": cart["version"], "holders": [self.friend], "accept_equal_seats": self.takes_equal});
        self.fan.post_as(&self.keys[1], &path, &body)
    }

    fn start_payment(&self, order: &Value) -> RequestBuilder {
        let path = format!("/orders/{}/payment", order["order_id"].as_str().unwrap());
        self.fan.post_as(&self.keys[2], &path, &json!({}))
    }

    /// The order, and the payment that has begun.
    async fn come_true(&self) -> (Value, Value) {
        let cart = insist(|| self.hold()).await;
        let order = insist(|| self.check_out(&cart)).await;
        let payment = insist(|| self.start_payment(&order)).await;
        (order, payment)
    }

    /// The same for a fan who is never seen again once something went wrong.
    async fn come_true_at_once(&self, patient: impl Fn() -> bool) -> Option<Value> {
        let cart = ask_while(|| self.hold(), &patient).await?;
        let order = ask_while(|| self.check_out(&cart), &patient).await?;
        ask_while(|| self.start_payment(&order), &patient).await
    }
}

async fn buy(fan: &Fan<'_>) -> Value {
    let (order, payment) = Wish::of(fan).come_true().await;
    fan.pay(&payment, "pm_card_visa").await.ok();
    order
}

async fn purchase(stage: &Stage, point: Point) -> Life {
    let fan = stage.fan().await;

    let life = stage
        .live(point, async {
            buy(&fan).await;
        })
        .await;

    let history = "COMPLETED: order.placed, payment.started, order.completed";
    assert_eq!(stage.histories(&fan).await, [history]);
    assert_eq!(stage.mails_to(&fan), 1);
    assert!(stage.has_left_room(&fan).await);
    stage.assert_whole().await;
    life
}

#[tokio::test]
async fn a_fan_who_insists_has_the_tickets_once_whatever_the_backend_dies_of() {
    let known = [
        (Neighbour::Postgres, 13),
        (Neighbour::Bus, 10),
        (Neighbour::Stripe, 1),
        (Neighbour::Room, 1),
        (Neighbour::Mail, 1),
        (Neighbour::Fans, 3),
        (Neighbour::Webhooks, 2),
    ];
    sweep(purchase, &known).await;
}

async fn abandonment(stage: &Stage, point: Point) -> Life {
    let fan = stage.fan().await;

    let life = stage
        .live(point, async {
            Wish::of(&fan).come_true_at_once(|| !stage.fuse.has_burnt()).await;
            stage.world.time_passes(LONG).await;
        })
        .await;

    let expired = |history: &String| {
        [
            "EXPIRED: order.placed, order.expired",
            "EXPIRED: order.placed, payment.started, order.expired",
        ]
        .contains(&history.as_str())
    };
    let histories = stage.histories(&fan).await;
    assert!(
        histories.len() <= 1 && histories.iter().all(expired),
        "{histories:?}"
    );
    assert_eq!(stage.mails_to(&fan), 0);
    stage.assert_whole().await;
    life
}

#[tokio::test]
async fn a_fan_who_is_never_seen_again_leaves_nothing_behind_whatever_the_backend_dies_of() {
    let known = [
        (Neighbour::Postgres, 10),
        (Neighbour::Bus, 5),
        (Neighbour::Stripe, 2),
        (Neighbour::Fans, 3),
        (Neighbour::Webhooks, 2),
    ];
    sweep(abandonment, &known).await;
}

/// Nobody is there when the fan pays; when somebody is again, the seats are gone.
async fn pay_too_late(stage: &Stage, wish: &Wish<'_>, card: &str) {
    let (_, payment) = wish.come_true().await;
    stage.rest().await;
    stage.fuse.kill();
    wish.fan.pay(&payment, card).await.ok();
    stage.world.time_passes(LONG).await;
    let gone = "UPDATE match_seat_inventory SET status = 'BLOCKED', cart_id = NULL, locked_until = NULL
                WHERE cart_id IS NOT NULL";
    stage.world.execute(gone).await;
}

async fn late_money(stage: &Stage, point: Point) -> Life {
    let fan = stage.fan().await;
    pay_too_late(stage, &Wish::of(&fan), "pm_card_pendingRefund").await;

    let life = stage.live(point, async { stage.rise() }).await;

    let history = "REFUNDED: order.placed, payment.started, order.refunded, refund.completed";
    assert_eq!(stage.histories(&fan).await, [history]);
    assert_eq!(stage.mails_to(&fan), 0);
    assert!(stage.has_left_room(&fan).await);
    stage.assert_whole().await;
    life
}

#[tokio::test]
async fn money_that_comes_too_late_goes_back_once_whatever_the_backend_dies_of() {
    let known = [
        (Neighbour::Postgres, 16),
        (Neighbour::Bus, 10),
        (Neighbour::Stripe, 1),
        (Neighbour::Room, 1),
        (Neighbour::Webhooks, 3),
    ];
    sweep(late_money, &known).await;
}

async fn late_luck(stage: &Stage, point: Point) -> Life {
    let fan = stage.fan().await;
    let wish = Wish {
        takes_equal: true,
        ..Wish::of(&fan)
    };
    pay_too_late(stage, &wish, "pm_card_visa").await;

    let life = stage.live(point, async { stage.rise() }).await;

    let history = "COMPLETED: order.placed, payment.started, order.completed";
    assert_eq!(stage.histories(&fan).await, [history]);
    assert_eq!(stage.mails_to(&fan), 1);
    stage.assert_whole().await;
    life
}

#[tokio::test]
async fn money_that_comes_too_late_buys_equal_seats_once_whatever_the_backend_dies_of() {
    let known = [
        (Neighbour::Postgres, 8),
        (Neighbour::Bus, 5),
        (Neighbour::Mail, 1),
    ];
    sweep(late_luck, &known).await;
}

async fn cancellation(stage: &Stage, point: Point) -> Life {
    let fan = stage.fan().await;
    let (order, _) = Wish::of(&fan).come_true().await;
    stage.rest().await;
    let path = format!("/orders/{}/cancellation", order["order_id"].as_str().unwrap());
    let key = fresh_key();

    let life = stage
        .live(point, async {
            insist(|| fan.post_as(&key, &path, &Value::Null)).await;
        })
        .await;

    let history = "CANCELLED: order.placed, payment.started, order.cancellation_asked, order.cancelled";
    assert_eq!(stage.histories(&fan).await, [history]);
    assert_eq!(stage.mails_to(&fan), 0);
    stage.assert_whole().await;
    life
}

#[tokio::test]
async fn an_order_that_is_taken_back_is_never_charged_whatever_the_backend_dies_of() {
    let known = [
        (Neighbour::Postgres, 3),
        (Neighbour::Stripe, 1),
        (Neighbour::Fans, 1),
    ];
    sweep(cancellation, &known).await;
}

async fn giving_back(stage: &Stage, point: Point) -> Life {
    let fan = stage.fan().await;
    let order = buy(&fan).await;
    stage.settle().await;
    let path = format!("/orders/{}/refund", order["order_id"].as_str().unwrap());
    let key = fresh_key();

    let life = stage
        .live(point, async {
            insist(|| fan.post_as(&key, &path, &Value::Null)).await;
        })
        .await;

    let history =
        "REFUNDED: order.placed, payment.started, order.completed, order.refunded, refund.completed";
    assert_eq!(stage.histories(&fan).await, [history]);
    assert_eq!(stage.mails_to(&fan), 1);
    stage.assert_whole().await;
    life
}

#[tokio::test]
async fn tickets_that_are_given_back_are_refunded_once_whatever_the_backend_dies_of() {
    let known = [
        (Neighbour::Postgres, 10),
        (Neighbour::Bus, 8),
        (Neighbour::Stripe, 1),
        (Neighbour::Fans, 1),
        (Neighbour::Webhooks, 3),
    ];
    sweep(giving_back, &known).await;
}

async fn announcement(stage: &Stage, point: Point) -> Life {
    let name = format!("Igralište {}", stage.number());
    let ground = Ground {
        name: &name,
        rows: &["1-2"],
        zone_seats: 2,
    };
    let (world, announced) = (&stage.world, OnceCell::new());

    let life = stage
        .live(point, async {
            announced
                .set(ground.announce(&world.app, &world.folder).await)
                .unwrap();
        })
        .await;

    let match_id: MatchId = *announced.get().unwrap();
    let queue = queue_of(&world.app, match_id).await.unwrap();
    assert_eq!(Some(queue), world.room.queue(&Room::reference(match_id, 0)));
    let matches = world.number("SELECT count(*) FROM matches").await;
    assert_eq!(
        i64::try_from(world.room.queues()).unwrap(),
        matches,
        "a queue per match"
    );
    stage.assert_whole().await;
    life
}

#[tokio::test]
async fn a_match_that_is_announced_has_one_queue_whatever_the_backend_dies_of() {
    let known = [(Neighbour::Postgres, 3), (Neighbour::Room, 1)];
    sweep(announcement, &known).await;
}

async fn publication(stage: &Stage, point: Point) -> Life {
    let (world, number) = (&stage.world, stage.number());
    let iva = world.clerk(&format!("iva-{number}"), &[Role::SuperAdmin]).await;
    let drafted = staff_draft(&iva, &format!("Igralište {number}")).await;
    let url = format!("{}/admin/matches/{drafted}/publication", world.api_url);
    let key = fresh_key();

    let life = stage
        .live(point, async {
            let publish = || iva.signed(world.http.post(&url)).header("Idempotency-Key", &key);
            assert_eq!(insist(publish).await["state"], "PUBLISHED");
        })
        .await;

    let deeds: Vec<Value> = world
        .audit_of(drafted)
        .await
        .iter()
        .map(|entry| entry["deed"].clone())
        .collect();
    assert_eq!(deeds, ["match.drafted", "match.published"]);
    let seats: i64 = sqlx::query_scalar("SELECT count(*) FROM match_seat_inventory WHERE match_id = $1")
        .bind(drafted)
        .fetch_one(&world.app.db)
        .await
        .unwrap();
    assert_eq!(seats, 6);
    let queue = queue_of(&world.app, MatchId(drafted)).await.unwrap();
    let made = world
        .room
        .queue_as_it_stands(&Room::reference(MatchId(drafted), 0));
    assert_eq!((queue, made.openings.len()), (made.id, 1));
    stage.assert_whole().await;
    life
}

async fn staff_draft(clerk: &Clerk<'_>, name: &str) -> Uuid {
    let stadium = json!({
        "name": name, "city": "Osijek", "country": "HR",
        "price_categories": [{"code": 1, "name": "1", "presale_price": "40.00", "match_day_price": "50.00"}],
        "sectors": [{"code": "A", "name": "A", "stand": "WEST", "price_category": 1,
            "snake": {"best_row": "1", "direction": "BOTTOM_TO_TOP"}, "rows": [{"label": "1", "seats": "1-6"}]}],
    });
    let made = clerk
        .post("/stadiums", &json!({"stadium": stadium, "reason": "new"}))
        .await
        .ok();
    let now = now();
    let plan = json!({
        "home_team": "Hrvatska", "away_team": "Turska", "competition": "Prijateljska", "stadium_id": made["stadium_id"],
        "kick_off_at": now + TimeDelta::days(30),
        "phases": [{"kind": "GENERAL_PUBLIC", "starts_at": now, "ends_at": now + TimeDelta::days(29)}],
    });
    let drafted = clerk.post("/matches", &plan).await.ok();
    drafted["match_id"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_match_that_is_published_has_its_seats_and_its_queue_whatever_the_backend_dies_of() {
    let known = [
        (Neighbour::Postgres, 4),
        (Neighbour::Room, 1),
        (Neighbour::Fans, 1),
    ];
    sweep(publication, &known).await;
}
