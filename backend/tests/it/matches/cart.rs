//! `PUT|GET|DELETE /matches/{id}/cart`: one fan at a time. Crowds are in `cart_races`.

use chrono::{DateTime, TimeDelta, Utc};
use platform::clock::{Clock, SystemClock};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{World, answer, fresh_key};

fn seats(cart: &Value) -> Vec<(String, i32)> {
    let seat = |seat: &Value| {
        (
            seat["row"].as_str().unwrap().to_owned(),
            seat["number"].as_str().unwrap().parse().unwrap(),
        )
    };
    let mut seats: Vec<_> = cart["seats"].as_array().unwrap().iter().map(seat).collect();
    seats.sort();
    seats
}

#[tokio::test]
async fn neighbours_are_held_until_the_end_of_the_session() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let until = SystemClock.now() + TimeDelta::minutes(7);
    ana.admit_until(until);

    let answered = ana.hold(world.zones[0], 3).await;
    let version = answered.header("etag").unwrap().to_owned();
    let cart = answered.ok();

    assert_eq!(version, format!("\"{}\"", cart["version"]));
    assert_eq!(cart["adjacent"], true);
    assert_eq!(cart["total"], "120.00");
    let seats = seats(&cart);
    assert_eq!(seats.len(), 3);
    assert!(
        seats
            .windows(2)
            .all(|pair| pair[0].0 == pair[1].0 && pair[0].1 + 1 == pair[1].1)
    );
    let locked: DateTime<Utc> = serde_json::from_value(cart["locked_until"].clone()).unwrap();
    assert_eq!(locked.timestamp_millis(), until.timestamp_millis());
    assert_eq!(world.locked_seats().await, 3);
    let read = ana.get(&ana.cart_path()).await.ok();
    assert_eq!(read["seats"], cart["seats"]);
    world.assert_seats_are_whole().await;
    world.stop().await;
}

#[tokio::test]
async fn a_cart_ends_by_itself_with_the_session() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    ana.hold(world.zones[0], 4).await.ok();

    world.time_passes(1_201).await;

    ana.get(&ana.cart_path()).await.refused(404, "no-cart");
    let cart = ana.hold(world.zones[0], 4).await.ok();
    assert_eq!(
        cart["adjacent"], true,
        "what has expired is free, swept up or not"
    );
    world.stop().await;
}

#[tokio::test]
async fn the_same_key_repeats_the_answer_and_not_the_deed() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let key = fresh_key();

    let first = answer(ana.wish_as(&key, world.zones[0], 2)).await.ok();
    let again = answer(ana.wish_as(&key, world.zones[0], 2)).await.ok();

    for member in ["cart_id", "version", "seats", "locked_until", "total"] {
        assert_eq!(first[member], again[member]);
    }
    assert_eq!(world.number("SELECT count(*) FROM carts").await, 1);
    answer(ana.wish_as(&key, world.zones[0], 3))
        .await
        .refused(422, "idempotency-key-reused");
    answer(ana.wish_as(&key, world.zones[1], 2))
        .await
        .refused(422, "idempotency-key-reused");
    assert_eq!(world.locked_seats().await, 2);
    world.stop().await;
}

#[tokio::test]
async fn a_cart_has_one_to_four_seats() {
    let world = World::start().await;
    let ana = world.fan("ana").await;

    ana.hold(world.zones[0], 0).await.refused(400, "invalid-request");
    ana.hold(world.zones[0], 5).await.refused(409, "over-limit");
    ana.hold(Uuid::nil(), 1).await.refused(404, "not-found");

    assert_eq!(world.locked_seats().await, 0);
    world.stop().await;
}

#[tokio::test]
async fn only_who_was_admitted_may_hold() {
    let world = World::start().await;
    let ana = world.visitor("ana").await;
    ana.hold(world.zones[0], 1)
        .await
        .refused(403, "admission-required");

    ana.session_ends("COMPLETED").await;
    let over = ana
        .hold(world.zones[0], 1)
        .await
        .refused(401, "queue-session-expired");

    assert_eq!(over["reason"], "COMPLETED");
    assert_eq!(world.locked_seats().await, 0);
    world.stop().await;
}

#[tokio::test]
async fn a_session_that_ran_out_holds_nothing_even_if_the_room_still_says_yes() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    ana.admit_until(SystemClock.now() - TimeDelta::milliseconds(1));

    let over = ana
        .hold(world.zones[0], 1)
        .await
        .refused(401, "queue-session-expired");

    assert_eq!(over["reason"], "SESSION_EXPIRED");
    world.stop().await;
}

#[tokio::test]
async fn without_the_room_a_signed_pass_decides() {
    let world = World::start().await;
    let (ana, ben, eva) = (
        world.fan("ana").await,
        world.fan("ben").await,
        world.fan("eva").await,
    );
    let zone = world.zones[0];
    let with_pass = |pass: &str| ana.wish(zone, 1).header("Tribina-Session-Pass", pass);
    world.room.go_away().await;

    answer(ana.wish(zone, 1))
        .await
        .refused(503, "waiting-room-unreachable");
    answer(with_pass(&ben.pass()))
        .await
        .refused(403, "pass-of-another-fan");
    let (own, others) = (ana.pass(), ben.pass());
    let (claims, signature) = (
        own.rsplit_once('.').unwrap().0,
        others.rsplit_once('.').unwrap().1,
    );
    for forged in ["no.pass.atall", &format!("{claims}.{signature}")] {
        answer(with_pass(forged))
            .await
            .refused(503, "waiting-room-unreachable");
    }
    answer(with_pass(&ana.pass())).await.ok();

    // Whoever's pass is good, it opens nothing for somebody without one.
    answer(eva.wish(zone, 1))
        .await
        .refused(503, "waiting-room-unreachable");
    world.stop().await;
}

#[tokio::test]
async fn who_was_admitted_again_is_judged_by_the_new_session() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let zone = world.zones[0];
    let (first, second) = (
        SystemClock.now() + TimeDelta::minutes(7),
        SystemClock.now() + TimeDelta::minutes(9),
    );
    let hold_with = async |pass: &str| {
        let cart = answer(ana.wish(zone, 1).header("Tribina-Session-Pass", pass)).await;
        let locked = cart.ok()["locked_until"].clone();
        ana.release().await.ok();
        serde_json::from_value::<DateTime<Utc>>(locked)
            .unwrap()
            .timestamp_millis()
    };
    ana.admit_until(first);
    let first_pass = ana.pass();
    assert_eq!(hold_with(&first_pass).await, first.timestamp_millis());

    ana.admit_until(second);

    assert_eq!(hold_with(&ana.pass()).await, second.timestamp_millis());
    let with_old_pass = hold_with(&first_pass).await;
    assert_eq!(
        with_old_pass,
        second.timestamp_millis(),
        "an old pass brings nothing back"
    );
    world.stop().await;
}

#[tokio::test]
async fn a_pass_of_another_fan_is_refused_also_while_the_room_answers() {
    let world = World::start().await;
    let (ana, ben) = (world.fan("ana").await, world.fan("ben").await);

    answer(
        ana.wish(world.zones[0], 1)
            .header("Tribina-Session-Pass", ben.pass()),
    )
    .await
    .refused(403, "pass-of-another-fan");

    world.stop().await;
}

#[tokio::test]
async fn a_change_takes_the_new_seats_and_frees_the_old() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let old = ana.hold(world.zones[0], 4).await.ok();

    ana.hold(world.zones[1], 2)
        .await
        .refused(412, "cart-version-mismatch");
    answer(ana.wish(world.zones[1], 2).header("If-Match", "\"99\""))
        .await
        .refused(412, "cart-version-mismatch");
    assert_eq!(world.locked_seats().await, 4);

    let seen = format!("\"{}\"", old["version"]);
    let new = answer(ana.wish(world.zones[1], 2).header("If-Match", seen))
        .await
        .ok();

    assert_eq!(new["zone_id"], json!(world.zones[1]));
    assert_ne!(new["version"], old["version"]);
    assert_eq!(world.locked_seats().await, 2);
    assert_eq!(
        world
            .text("SELECT ended_as::text FROM carts WHERE ended_at IS NOT NULL")
            .await,
        Some("REPLACED".to_owned())
    );
    world.assert_seats_are_whole().await;
    world.stop().await;
}

#[tokio::test]
async fn a_refused_change_leaves_the_cart_as_it_was() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let old = ana.hold(world.zones[0], 2).await.ok();
    world
        .execute(&format!(
            "UPDATE match_seat_inventory SET status = 'BLOCKED' WHERE zone_id = '{}' AND status = 'AVAILABLE'",
            world.zones[1]
        ))
        .await;

    let seen = format!("\"{}\"", old["version"]);
    let change = ana.wish(world.zones[1], 3).header("If-Match", seen);
    answer(change).await.refused(409, "gone");

    let cart = ana.get(&ana.cart_path()).await.ok();
    for member in ["cart_id", "version", "seats", "locked_until"] {
        assert_eq!(cart[member], old[member]);
    }
    assert_eq!(world.locked_seats().await, 2);
    world.stop().await;
}

#[tokio::test]
async fn gone_is_said_only_when_nothing_can_come_back_within_the_session() {
    let world = World::start().await;
    let zone = world.zones[0];
    let now = SystemClock.now();
    for name in ["ana", "ben", "eva"] {
        let holder = world.fan(name).await;
        holder.admit_until(now + TimeDelta::minutes(10));
        holder.hold(zone, 4).await.ok();
    }
    let (early, late) = (world.fan("early").await, world.fan("late").await);
    early.admit_until(now + TimeDelta::minutes(5));
    late.admit_until(now + TimeDelta::minutes(15));

    let gone = early.hold(zone, 1).await.refused(409, "gone");
    let as_of: DateTime<Utc> = serde_json::from_value(gone["as_of"].clone()).unwrap();
    assert!(as_of >= now - TimeDelta::minutes(1));
    assert_eq!(gone["largest_party"], 0);

    let busy = late.hold(zone, 1).await;
    assert!(busy.header("retry-after").is_some());
    busy.refused(503, "busy");
    world.stop().await;
}

#[tokio::test]
async fn who_hears_gone_hears_how_many_would_still_fit() {
    let world = World::start().await;
    let zone = world.zones[0];
    let until = SystemClock.now() + TimeDelta::minutes(10);
    for (name, quantity) in [("ana", 4), ("ben", 4), ("eva", 2)] {
        let holder = world.fan(name).await;
        holder.admit_until(until);
        holder.hold(zone, quantity).await.ok();
    }
    let late = world.fan("late").await;
    late.admit_until(until);

    let gone = late.hold(zone, 3).await.refused(409, "gone");
    assert_eq!(gone["largest_party"], 2);
    late.hold(zone, 2).await.ok();
    world.stop().await;
}

#[tokio::test]
async fn seats_that_are_given_back_are_free_at_once() {
    let world = World::start().await;
    let (ana, ben) = (world.fan("ana").await, world.fan("ben").await);
    let cart = ana.hold(world.zones[0], 4).await.ok();

    assert_eq!(ana.release().await.status, 204);

    assert_eq!(world.locked_seats().await, 0);
    let taken = ben.hold(world.zones[0], 4).await.ok();
    assert_eq!(seats(&taken), seats(&cart));
    ana.get(&ana.cart_path()).await.refused(404, "no-cart");
    assert_eq!(
        ana.release().await.status,
        204,
        "giving back nothing is no mistake"
    );
    world.assert_seats_are_whole().await;
    world.stop().await;
}

#[tokio::test]
async fn a_checked_out_cart_can_be_neither_changed_nor_given_back() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let order = ana.order(1).await;

    let refused = ana.release().await.refused(409, "order-open");
    assert_eq!(refused["order_id"], order["order_id"]);
    let change = ana.wish(world.zones[1], 1).header("If-Match", "\"1\"");
    answer(change).await.refused(409, "order-open");

    assert_eq!(world.locked_seats().await, 1);
    world.stop().await;
}

#[tokio::test]
async fn nothing_is_held_before_the_sale_opens_or_after_it_closes() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let later = "starts_at = starts_at + interval '2 days'";
    world.execute(&format!("UPDATE sales_phases SET {later}")).await;
    ana.hold(world.zones[0], 1).await.refused(409, "sale-closed");

    let earlier = "starts_at = starts_at - interval '4 days', ends_at = starts_at - interval '2 days'";
    world.execute(&format!("UPDATE sales_phases SET {earlier}")).await;
    ana.hold(world.zones[0], 1).await.refused(409, "sale-closed");

    world.stop().await;
}

#[tokio::test]
async fn a_zone_of_another_match_is_no_zone_of_this_one() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let elsewhere = Uuid::from_u128(7);
    let wish = ana
        .request(Method::PUT, &format!("/matches/{elsewhere}/cart"))
        .header("Idempotency-Key", fresh_key())
        .json(&json!({"zone_id": world.zones[0], "quantity": 1}));

    answer(wish).await.refused(404, "not-found");

    assert_eq!(world.locked_seats().await, 0);
    world.stop().await;
}
