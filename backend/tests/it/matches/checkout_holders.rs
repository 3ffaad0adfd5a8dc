//! `POST /matches/{id}/checkout`: who may sit on the seats.

use domain::users::{Document, Oib};
use serde_json::{Value, json};

use crate::world::World;

/// `holder` with one member changed, or taken away by `null`.
fn with(holder: &Value, member: &str, value: Value) -> Value {
    let mut changed = holder.clone();
    if value.is_null() {
        changed.as_object_mut().unwrap().remove(member);
    } else {
        changed[member] = value;
    }
    changed
}

#[tokio::test]
async fn every_ticket_needs_a_holder_of_its_own() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let cart = ana.hold(world.zones[0], 3).await.ok();
    let (ben, eva) = (world.person(), world.person());
    let before = world.fingerprint().await;

    let few = ana
        .check_out(&cart, std::slice::from_ref(&ben))
        .await
        .refused(422, "invalid-holder");
    assert_eq!(few["wanted"], 2);
    ana.check_out(&cart, &[ben.clone(), eva.clone(), world.person()])
        .await
        .refused(422, "invalid-holder");
    let twice = ana
        .check_out(&cart, &[ben.clone(), ben.clone()])
        .await
        .refused(422, "invalid-holder");
    assert!(twice["holder"].is_u64(), "{twice}");
    let mut myself = ana.profile.clone();
    myself.as_object_mut().unwrap().remove("email");
    ana.check_out(&cart, &[eva, myself])
        .await
        .refused(422, "invalid-holder");

    assert_eq!(world.fingerprint().await, before);
    world.stop().await;
}

#[tokio::test]
async fn a_holder_whose_details_do_not_hold_is_named() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let cart = ana.hold(world.zones[0], 3).await.ok();
    let good = world.person();
    let before = world.fingerprint().await;

    for (member, value) in [
        ("oib", json!("12345678901")),
        ("oib", json!("1")),
        ("oib", Value::Null),
        ("passport", json!("A1234567")),
        ("full_name", json!("")),
        ("full_name", json!("Ana\u{7}")),
        ("date_of_birth", json!("2999-01-01")),
        ("date_of_birth", json!("1800-01-01")),
        ("nationality", json!("Hrvatska")),
        ("email", json!("nowhere")),
    ] {
        let bad = with(&world.person(), member, value.clone());
        let refused = ana
            .check_out(&cart, &[good.clone(), bad])
            .await
            .refused(422, "invalid-holder");
        assert_eq!(refused["holder"], 2, "{member} = {value}");
    }

    assert_eq!(world.fingerprint().await, before);
    world.stop().await;
}

#[tokio::test]
async fn a_passport_does_instead_of_an_oib() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let cart = ana.hold(world.zones[0], 2).await.ok();
    let guest = with(
        &with(&world.person(), "oib", Value::Null),
        "passport",
        json!("C01X00T47"),
    );

    ana.check_out(&cart, &[with(&guest, "nationality", json!("PT"))])
        .await
        .ok();

    world.stop().await;
}

#[tokio::test]
async fn nobody_is_named_in_two_live_orders() {
    let world = World::start().await;
    let (ana, ben) = (world.fan("ana").await, world.fan("ben").await);
    let friend = world.person();
    let cart = ana.hold(world.zones[0], 2).await.ok();
    let order = ana.check_out(&cart, std::slice::from_ref(&friend)).await.ok();

    let cart = ben.hold(world.zones[0], 2).await.ok();
    let before = world.fingerprint().await;
    ben.check_out(&cart, std::slice::from_ref(&friend))
        .await
        .refused(409, "holder-has-ticket");
    let mut named = ana.profile.clone();
    named.as_object_mut().unwrap().remove("email");
    ben.check_out(&cart, &[named])
        .await
        .refused(409, "holder-has-ticket");
    assert_eq!(world.fingerprint().await, before);

    ana.cancel(&order).await.ok();
    ben.check_out(&cart, &[friend]).await.ok();
    world.stop().await;
}

#[tokio::test]
async fn a_blacklisted_holder_stops_the_whole_purchase_and_is_written_down() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let cart = ana.hold(world.zones[0], 2).await.ok();
    let friend = world.person();
    let document = Document::Oib(Oib::parse(friend["oib"].as_str().unwrap()).unwrap());
    let identity = hex::encode(world.app.personal_data.identity(&document).0);
    world
        .execute(&format!(
            "INSERT INTO blacklist (identity, source) VALUES ('\\x{identity}', 'MUP')"
        ))
        .await;
    let mut before = world.fingerprint().await;

    ana.check_out(&cart, &[friend])
        .await
        .refused(403, "holder-blacklisted");

    let mut after = world.fingerprint().await;
    assert_ne!(
        before.remove("blacklist_violations"),
        after.remove("blacklist_violations")
    );
    assert_eq!(before, after, "nothing is taken");
    let violations = "SELECT count(*) FROM blacklist_violations";
    assert_eq!(world.number(violations).await, 1);
    ana.check_out(&cart, &[world.person()]).await.ok();
    world.stop().await;
}

#[tokio::test]
async fn a_buyer_with_a_ticket_names_everybody_and_stays_within_the_limit() {
    let world = World::start().await;
    world.start_workers().await;
    let ana = world.fan("ana").await;
    let (order, _) = ana.order_and_pay(2).await;
    ana.sees(&order, "COMPLETED").await;

    let over = ana.hold(world.zones[0], 3).await.refused(409, "over-limit");
    assert_eq!(over["left"], 2);
    let cart = ana.hold(world.zones[0], 2).await.ok();
    ana.check_out(&cart, &[world.person()])
        .await
        .refused(422, "invalid-holder");
    ana.check_out(&cart, &[world.person(), world.person()]).await.ok();

    world.stop().await;
}
