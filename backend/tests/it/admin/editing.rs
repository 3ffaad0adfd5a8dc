//! `PUT /admin/matches/{match_id}` of a published match: what may change until when, and who is told.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::matches::staff;
use crate::support::eventually;
use crate::world::{Clerk, World, now};

fn path(world: &World) -> String {
    format!("/matches/{}", world.match_id)
}

/// The match of every world, as `PUT` takes it.
async fn said(world: &World, clerk: &Clerk<'_>) -> Value {
    clerk.get(&path(world)).await.ok()["said"].clone()
}

fn silently(world: &World) -> String {
    format!("{}?notify=false", path(world))
}

#[tokio::test]
async fn a_published_match_says_notify_or_silent_and_who_has_a_ticket_gets_one_mail() {
    let world = World::start().await;
    world.start_workers().await;
    let iva = staff(&world).await;
    let ana = world.fan("ana").await;
    let (order, _) = ana.order_and_pay(2).await;
    ana.sees(&order, "COMPLETED").await;
    let mut wanted = said(&world, &iva).await;
    wanted["kick_off_at"] = json!(now() + TimeDelta::days(31));
    wanted["content"] = json!({"important_info": "Ulaz od 18 sati."});

    iva.put(&path(&world), &wanted)
        .await
        .refused(400, "notify-or-silent");
    iva.put(&silently(&world), &wanted).await.ok();
    assert_eq!(ana.get(&path(&world)).await.ok()["content"], wanted["content"]);
    let mails = "SELECT count(*) FROM outbox WHERE kind = 'mail.match_changed'";
    assert_eq!(world.number("SELECT count(*) FROM match_notices").await, 0);

    wanted["kick_off_at"] = json!(now() + TimeDelta::days(32));
    iva.put(&format!("{}?notify=true", path(&world)), &wanted)
        .await
        .ok();
    eventually("everybody was told", || async {
        world
            .number("SELECT count(*) FROM match_notices WHERE done_at IS NOT NULL")
            .await
            == 1
    })
    .await;
    assert_eq!(world.number(mails).await, 1);
    iva.put(&format!("{}?notify=true", path(&world)), &wanted)
        .await
        .ok();
    assert_eq!(
        world.number("SELECT count(*) FROM match_notices").await,
        1,
        "nothing was new"
    );
    let audited = world.audit_of(world.match_id).await;
    let edits: Vec<&Value> = audited
        .iter()
        .filter(|entry| entry["deed"] == "match.changed")
        .collect();
    assert_eq!(
        [&edits[0]["details"]["notified"], &edits[1]["details"]["notified"]],
        [&json!(false), &json!(true)]
    );
    let (before, after) = (&edits[1]["details"]["before"], &edits[1]["details"]["after"]);
    assert_ne!(before["kick_off_at"], after["kick_off_at"]);
    assert_eq!(before["sectors"], after["sectors"]);
    world.stop().await;
}

#[tokio::test]
async fn prices_change_until_somebody_buys_and_a_cart_keeps_its_own() {
    let world = World::start().await;
    world.start_workers().await;
    let iva = staff(&world).await;
    let ana = world.fan("ana").await;
    let held = ana.hold(world.zones[0], 1).await.ok();
    let mut wanted = said(&world, &iva).await;
    wanted["price_categories"][0]["presale_price"] = json!("45.00");

    iva.put(&silently(&world), &wanted).await.ok();
    assert_eq!(held["unit_price"], "40.00");
    assert_eq!(ana.get(&ana.cart_path()).await.ok()["unit_price"], "40.00");
    let ben = world.fan("ben").await;
    assert_eq!(ben.hold(world.zones[0], 1).await.ok()["unit_price"], "45.00");

    let eva = world.fan("eva").await;
    let (order, _) = eva.order_and_pay(1).await;
    eva.sees(&order, "COMPLETED").await;
    wanted["price_categories"][0]["presale_price"] = json!("50.00");
    let refused = iva
        .put(&silently(&world), &wanted)
        .await
        .refused(409, "match-locked");
    assert_eq!(refused["parts"], json!(["price_categories"]));
    let mut dearer = said(&world, &iva).await;
    dearer["sale"]["fee_percent"] = json!("9");
    let refused = iva
        .put(&silently(&world), &dearer)
        .await
        .refused(409, "match-locked");
    assert_eq!(refused["parts"], json!(["sale"]));
    let mut faster = said(&world, &iva).await;
    faster["sale"]["max_active_sessions"] = json!(7);
    iva.put(&silently(&world), &faster).await.ok();
    let reference = format!("match:{}", world.match_id);
    eventually("the room lets fewer in", || async {
        world.room.queue_as_it_stands(&reference).max_active_sessions == 7
    })
    .await;
    world.stop().await;
}

#[tokio::test]
async fn a_sector_is_closed_while_nobody_has_a_seat_there_and_opened_again() {
    let world = World::start().await;
    let iva = staff(&world).await;
    let ana = world.fan("ana").await;
    ana.hold(world.zones[0], 2).await.ok();
    let in_state = async |code: usize, state: &str| {
        let mut wanted = said(&world, &iva).await;
        wanted["sectors"][code]["state"] = json!(state);
        let path = format!("{}&reason=works", silently(&world));
        iva.put(&path, &wanted).await
    };

    let mut silent = said(&world, &iva).await;
    silent["sectors"][1]["state"] = json!("STERILE");
    iva.put(&silently(&world), &silent)
        .await
        .refused(422, "reason-required");
    let refused = in_state(0, "CLOSED").await.refused(409, "seats-taken");
    assert_eq!(refused["sectors"], json!([{"sector": "A", "seats": 2}]));
    assert_eq!(
        world
            .number("SELECT count(*) FROM match_seat_inventory WHERE status = 'INACTIVE'")
            .await,
        0
    );
    in_state(1, "MAINTENANCE").await.ok();
    let closed = "SELECT count(*) FROM match_seat_inventory WHERE status = 'MAINTENANCE'";
    assert_eq!(world.number(closed).await, 12);
    let ben = world.fan("ben").await;
    ben.hold(world.zones[1], 1).await.refused(409, "gone");
    in_state(1, "ACTIVE").await.ok();
    ben.hold(world.zones[1], 1).await.ok();
    let reasons: Vec<Value> = world
        .audit_of(world.match_id)
        .await
        .into_iter()
        .filter(|entry| entry["deed"] == "match.changed")
        .map(|entry| entry["details"]["reason"].clone())
        .collect();
    assert_eq!(reasons, ["works", "works"]);
    world.stop().await;
}

#[tokio::test]
async fn a_new_layout_is_taken_until_somebody_holds_a_seat() {
    let world = World::start().await;
    let iva = staff(&world).await;
    let stadiums = iva.get("/stadiums").await.ok();
    let stadium = format!(
        "/stadiums/{}",
        stadiums["items"][0]["stadium_id"].as_str().unwrap()
    );
    let mut file = iva.get(&format!("{stadium}/file")).await.ok();
    file["sectors"][0]["rows"][0]["seats"] = json!("1-3");
    file.as_object_mut().unwrap().remove("capacity");
    iva.put(&stadium, &json!({"stadium": file, "reason": "a stair was built"}))
        .await
        .ok();
    let seats = "SELECT count(*) FROM match_seat_inventory";
    assert_eq!(world.number(seats).await, 26, "the match keeps its layout");
    let mut wanted = said(&world, &iva).await;
    wanted["layout_version"] = json!(2);

    iva.put(&silently(&world), &wanted)
        .await
        .refused(422, "reason-required");
    let because = format!("{}&reason=stairs", silently(&world));
    iva.put(&because, &wanted).await.ok();
    assert_eq!(world.number(seats).await, 23);
    let ana = world.fan("ana").await;
    let zones = ana.get(&format!("{}/zones", path(&world))).await.ok();
    let zone = zones["zones"][0]["zone_id"].as_str().unwrap().parse().unwrap();
    ana.hold(zone, 1).await.ok();
    wanted["layout_version"] = json!(1);
    let refused = iva.put(&because, &wanted).await.refused(409, "match-locked");
    assert_eq!(refused["parts"], json!(["layout"]));
    assert_eq!(world.number(seats).await, 23);
    world.stop().await;
}

#[tokio::test]
async fn a_kick_off_does_not_move_before_the_end_of_a_phase() {
    let world = World::start().await;
    let iva = staff(&world).await;
    let mut wanted = said(&world, &iva).await;
    wanted["kick_off_at"] = json!(now() + TimeDelta::days(3));
    let refused = iva
        .put(&silently(&world), &wanted)
        .await
        .refused(422, "invalid-match");
    assert_eq!(
        refused["mistakes"],
        json!(["phase 1 would end after kick-off: end it earlier first"])
    );
    world.stop().await;
}

#[tokio::test]
async fn what_is_left_out_of_a_published_match_stays() {
    let world = World::start().await;
    let iva = staff(&world).await;
    let mut closed = said(&world, &iva).await;
    closed["sectors"][1]["state"] = json!("STERILE");
    closed["sale"]["max_active_sessions"] = json!(9);
    iva.put(&format!("{}&reason=works", silently(&world)), &closed)
        .await
        .ok();

    let short = json!({"home_team": "Hrvatska", "away_team": "Malta", "competition": "UEFA Nations League",
        "kick_off_at": closed["kick_off_at"], "stadium_id": closed["stadium_id"]});
    iva.put(&silently(&world), &short).await.ok();

    let now = said(&world, &iva).await;
    assert_eq!(
        (&now["away_team"], &now["sectors"], &now["sale"]),
        (&json!("Malta"), &closed["sectors"], &closed["sale"])
    );
    assert_eq!(now["phases"], closed["phases"]);
    world.stop().await;
}

#[tokio::test]
async fn prices_that_fans_see_are_changed_by_whoever_signed_in_just_now() {
    let world = World::start().await;
    let tired = staff(&world).await.signed_in(TimeDelta::minutes(6));
    let mut wanted = said(&world, &tired).await;
    wanted["competition"] = json!("Liga nacija");
    tired.put(&silently(&world), &wanted).await.ok();
    let before = world.fingerprint().await;

    wanted["price_categories"][0]["presale_price"] = json!("45.00");
    let refused = tired.put(&silently(&world), &wanted).await;
    assert!(refused.header("www-authenticate").is_some());
    refused.refused(401, "sign-in-again");
    wanted["price_categories"][0]["presale_price"] = json!("40.00");
    wanted["sectors"][0]["is_free"] = json!(true);
    let because = format!("{}&reason=works", silently(&world));
    tired.put(&because, &wanted).await.refused(401, "sign-in-again");

    assert_eq!(world.fingerprint().await, before);
    staff(&world).await.put(&because, &wanted).await.ok();
    world.stop().await;
}
