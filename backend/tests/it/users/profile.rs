//! `GET|POST|PUT /users/me/profile`.

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Answer, Fan, World, answer};

async fn change(fan: &Fan<'_>, profile: &Value) -> Answer {
    answer(fan.request(Method::PUT, "/users/me/profile").json(profile)).await
}

fn with(profile: &Value, member: &str, value: Value) -> Value {
    let mut changed = profile.clone();
    changed[member] = value;
    changed
}

#[tokio::test]
async fn a_profile_is_kept_and_its_oib_is_never_shown() {
    let world = World::start().await;
    let ana = world.visitor("ana").await;
    ana.get("/users/me/profile").await.refused(404, "no-profile");
    change(&ana, &ana.profile).await.refused(404, "no-profile");

    let created = ana.create_profile().await;

    assert_eq!(created["oib"], "***********");
    assert_eq!(created["full_name"], ana.profile["full_name"]);
    assert_eq!(ana.get("/users/me/profile").await.ok(), created);
    assert_eq!(
        ana.create_profile().await,
        created,
        "the same again is the same answer"
    );
    let other = with(&ana.profile, "full_name", json!("Ana Horvat"));
    ana.post("/users/me/profile", &other)
        .await
        .refused(409, "profile-exists");
    world.stop().await;
}

#[tokio::test]
async fn name_and_contact_may_change_but_never_the_oib() {
    let world = World::start().await;
    let ana = world.fan("ana").await;

    let changed = change(&ana, &with(&ana.profile, "phone", json!("+385 91 123")))
        .await
        .ok();
    assert_eq!(changed["phone"], "+385 91 123");
    change(&ana, &with(&ana.profile, "oib", world.person()["oib"].clone()))
        .await
        .refused(409, "oib-fixed");
    change(&ana, &with(&ana.profile, "nationality", json!("SI")))
        .await
        .refused(409, "oib-fixed");

    world.stop().await;
}

#[tokio::test]
async fn one_oib_belongs_to_one_account() {
    let world = World::start().await;
    let (ana, ben) = (world.fan("ana").await, world.visitor("ben").await);
    let stolen = with(&ben.profile, "oib", ana.profile["oib"].clone());

    ben.post("/users/me/profile", &stolen)
        .await
        .refused(409, "oib-taken");

    ben.create_profile().await;
    world.stop().await;
}

#[tokio::test]
async fn details_that_do_not_hold_are_refused_and_nothing_is_kept() {
    let world = World::start().await;
    let ana = world.visitor("ana").await;
    let before = world.fingerprint().await;

    for (member, value) in [
        ("oib", json!("12345678901")),
        ("oib", json!("")),
        ("full_name", json!("A")),
        ("full_name", json!("Ana\u{7}Horvat")),
        ("full_name", json!("ž".repeat(121))),
        ("nationality", json!("HRV")),
        ("date_of_birth", json!("2999-01-01")),
        ("date_of_birth", json!("0001-01-01")),
        ("email", json!("nowhere")),
        ("email", json!("a\u{7}b@example.com")),
        ("email", json!(format!("{}@example.com", "a".repeat(5_000)))),
        ("phone", json!("1".repeat(31))),
        ("phone", json!("+385\u{7}91")),
    ] {
        let profile = with(&ana.profile, member, value.clone());
        let answered = ana.post("/users/me/profile", &profile).await;
        assert_eq!(
            (answered.status, answered.code()),
            (422, "invalid-profile"),
            "{member} = {value}: {answered:?}"
        );
    }

    assert_eq!(world.fingerprint().await, before);
    world.stop().await;
}

#[tokio::test]
async fn pressed_three_times_at_once_it_is_one_profile_and_one_answer() {
    let world = World::start().await;
    let ana = world.visitor("ana").await;

    let (one, two, three) = tokio::join!(
        ana.post("/users/me/profile", &ana.profile),
        ana.post("/users/me/profile", &ana.profile),
        ana.post("/users/me/profile", &ana.profile)
    );

    let one = one.ok();
    assert_eq!((&two.ok(), &three.ok()), (&one, &one));
    assert_eq!(world.number("SELECT count(*) FROM user_profiles").await, 1);
    world.stop().await;
}
