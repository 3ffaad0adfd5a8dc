//! `PUT /matches/{id}/cart`: crowds.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use futures_util::future::{join, join_all};
use platform::clock::{Clock, SystemClock};
use reqwest::RequestBuilder;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use crate::world::{Answer, Fan, World, ZONE_SEATS, answer, fresh_key};

/// Sends again what was answered with 503, as an app does.
async fn insist(wish: RequestBuilder) -> Answer {
    loop {
        let answered = answer(wish.try_clone().unwrap()).await;
        if answered.status != 503 {
            return answered;
        }
    }
}

async fn crowd<'w>(world: &'w World, size: usize) -> Vec<Fan<'w>> {
    let until = SystemClock.now() + TimeDelta::minutes(10);
    let mut fans = Vec::new();
    for number in 0..size {
        let fan = world.visitor(&format!("fan-{number}")).await;
        fan.admit_until(until);
        fans.push(fan);
    }
    fans
}

/// Everybody wants `quantity` seats of zone A now; answers how many got them.
async fn rush(fans: &[Fan<'_>], zone: Uuid, quantity: u32) -> usize {
    let answers = join_all(fans.iter().map(|fan| insist(fan.wish(zone, quantity)))).await;
    let (held, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answered| answered.status == 200);
    for answered in refused {
        answered.refused(409, "gone");
    }
    let mut seats = BTreeSet::new();
    let count = held.len();
    for answered in held {
        for seat in answered.body["seats"].as_array().unwrap() {
            assert!(
                seats.insert(seat["seat_id"].to_string()),
                "{seat} was given twice"
            );
        }
    }
    count
}

#[tokio::test]
async fn forty_fans_at_once_never_share_a_seat_and_no_seat_is_left_over() {
    let world = World::start().await;
    let fans = crowd(&world, 40).await;

    let held = rush(&fans, world.zones[0], 1).await;

    assert_eq!(i64::try_from(held).unwrap(), ZONE_SEATS);
    assert_eq!(world.locked_seats().await, ZONE_SEATS);
    world.assert_seats_are_whole().await;
    world.stop().await;
}

#[tokio::test]
async fn pairs_fill_a_zone_to_its_last_seat() {
    let world = World::start().await;
    let fans = crowd(&world, 40).await;

    let held = rush(&fans, world.zones[0], 2).await;

    assert_eq!(2 * i64::try_from(held).unwrap(), ZONE_SEATS);
    assert_eq!(world.locked_seats().await, ZONE_SEATS);
    assert!(
        world
            .number("SELECT count(*) FROM carts WHERE NOT adjacent")
            .await
            <= 1,
        "runs of 3, 3 and 6 leave two singles at most"
    );
    world.assert_seats_are_whole().await;
    world.stop().await;
}

#[tokio::test]
async fn one_buyer_with_many_requests_has_one_cart_within_the_limit() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let (zone_a, zone_b) = (world.zones[0], world.zones[1]);

    let wishes = (0..20).map(|number| {
        let zone = if number % 2 == 0 { zone_a } else { zone_b };
        insist(ana.wish(zone, 3))
    });
    let answers = join_all(wishes).await;

    let held: Vec<&Answer> = answers.iter().filter(|answered| answered.status == 200).collect();
    assert_eq!(
        held.len(),
        1,
        "everybody after the first one has not seen the cart"
    );
    assert!(
        answers
            .iter()
            .all(|answered| answered.status == 200 || answered.code() == "cart-version-mismatch")
    );
    assert_eq!(world.locked_seats().await, 3);
    assert_eq!(
        world
            .number("SELECT cart_seats::bigint FROM match_buyers WHERE cart_id IS NOT NULL")
            .await,
        3
    );
    world.assert_seats_are_whole().await;
    world.stop().await;
}

#[tokio::test]
async fn one_key_sent_many_times_at_once_makes_one_cart() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let key = fresh_key();

    let answers = join_all((0..20).map(|_| insist(ana.wish_as(&key, world.zones[0], 2)))).await;

    let carts: BTreeSet<String> = answers
        .into_iter()
        .map(|answered| answered.ok()["cart_id"].to_string())
        .collect();
    assert_eq!(carts.len(), 1);
    assert_eq!(world.number("SELECT count(*) FROM carts").await, 1);
    assert_eq!(world.locked_seats().await, 2);
    world.stop().await;
}

#[tokio::test]
async fn changing_carts_in_a_crowd_loses_no_seat() {
    let world = World::start().await;
    let fans = crowd(&world, 6).await;
    rush(&fans, world.zones[0], 2).await;

    // Everybody moves to the other zone at once; there is room for all.
    let moves = fans
        .iter()
        .map(|fan| insist(fan.wish(world.zones[1], 2).header("If-Match", "\"1\"")));
    for answered in join_all(moves).await {
        answered.ok();
    }

    assert_eq!(world.locked_seats().await, ZONE_SEATS);
    let later = crowd(&world, 18).await.split_off(6);
    assert_eq!(
        rush(&later, world.zones[0], 1).await,
        12,
        "what was left is free for others"
    );
    world.assert_seats_are_whole().await;
    world.stop().await;
}

/// Ana wants seats while somebody else is at her row of the match; Bruno, who comes after her, does not wait for that.
async fn ana_waits_and_bruno_does_not(ana: &Fan<'_>, meanwhile: &str) {
    let world = ana.world;
    let bruno = world.fan("bruno").await;
    let zone = world.zones[0];
    let mut elsewhere = world.app.db.begin().await.unwrap();
    let statement = meanwhile.replace("$ana", &ana.id.to_string());
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(&mut *elsewhere)
        .await
        .unwrap();

    let waits = async {
        let answered = answer(ana.wish(zone, 2)).await;
        (answered, world.number("SELECT count(*) FROM carts").await)
    };
    let goes_on = async {
        for _ in 0..3 {
            let held = bruno.hold(zone, 2).await.ok();
            assert_eq!(held["seats"].as_array().unwrap().len(), 2);
            bruno.release().await;
        }
        elsewhere.commit().await.unwrap();
    };
    let ((answered, carts_before), ()) = join(waits, goes_on).await;

    assert_eq!(answered.ok()["seats"].as_array().unwrap().len(), 2);
    assert_eq!(carts_before, 4, "Ana was answered after Bruno's three holds");
    world.assert_seats_are_whole().await;
}

#[tokio::test]
async fn a_buyer_who_is_being_changed_waits_and_holds_up_nobody() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    ana.hold(world.zones[0], 1).await.ok();
    ana.release().await;
    world.execute("DELETE FROM carts").await;
    ana_waits_and_bruno_does_not(
        &ana,
        "UPDATE match_buyers SET version = version + 0 WHERE user_id = '$ana'",
    )
    .await;
    world.stop().await;
}

#[tokio::test]
async fn a_buyer_whom_another_process_makes_at_the_same_time_waits_and_holds_up_nobody() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    ana_waits_and_bruno_does_not(
        &ana,
        "INSERT INTO match_buyers (match_id, user_id) SELECT match_id, '$ana' FROM matches",
    )
    .await;
    world.stop().await;
}

#[tokio::test]
async fn no_hold_reads_a_table_whole_however_empty_it_was_when_its_statements_were_planned() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let whole = "SELECT coalesce(sum(seq_scan), 0)::bigint FROM pg_stat_user_tables WHERE relname IN ('carts', 'match_buyers')";
    let by_index = "SELECT coalesce(idx_scan, 0) FROM pg_stat_user_tables WHERE relname = 'carts'";

    // Postgres tells what it counted once a second.
    let mut version = 0;
    while version < 2_000 && world.number(by_index).await == 0 {
        let mut wish = ana.wish(world.zones[version % 2], 2);
        if version > 0 {
            wish = wish.header("If-Match", format!("\"{version}\""));
        }
        insist(wish).await.ok();
        version += 1;
    }

    assert!(
        world.number(by_index).await > 0,
        "{version} holds, and nothing counted"
    );
    assert_eq!(world.number(whole).await, 0);
    world.stop().await;
}
