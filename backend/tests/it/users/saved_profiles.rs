//! `/users/me/saved-profiles`: the people a fan buys for.

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Answer, Fan, World, answer};

const PATH: &str = "/users/me/saved-profiles";

async fn save(fan: &Fan<'_>, person: &Value) -> Answer {
    fan.post(PATH, person).await
}

async fn change(fan: &Fan<'_>, id: &Value, person: &Value) -> Answer {
    let path = format!("{PATH}/{}", id.as_str().unwrap());
    answer(fan.request(Method::PUT, &path).json(person)).await
}

fn as_saved(person: &Value) -> Value {
    let mut saved = person.clone();
    saved["relationship"] = json!("brother");
    saved
}

#[tokio::test]
async fn somebody_is_saved_shown_changed_and_forgotten_and_their_number_is_never_shown() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let brother = as_saved(&world.person());

    let saved = save(&ana, &brother).await.ok();
    assert_eq!(
        (&saved["document_kind"], &saved["document"]),
        (&json!("OIB"), &json!("***********"))
    );
    assert_eq!(
        save(&ana, &brother).await.ok(),
        saved,
        "the same again is the same answer"
    );
    assert_eq!(ana.get(PATH).await.ok()["items"], json!([saved]));

    let mut moved = brother.clone();
    moved["phone"] = json!("+385 91 123");
    assert_eq!(
        change(&ana, &saved["saved_profile_id"], &moved).await.ok()["phone"],
        "+385 91 123"
    );
    let path = format!("{PATH}/{}", saved["saved_profile_id"].as_str().unwrap());
    assert_eq!(ana.get(&path).await.ok()["relationship"], "brother");

    assert_eq!(answer(ana.request(Method::DELETE, &path)).await.status, 204);
    ana.get(&path).await.refused(404, "not-found");
    answer(ana.request(Method::DELETE, &path))
        .await
        .refused(404, "not-found");
    world.stop().await;
}

#[tokio::test]
async fn ten_are_the_most_also_when_eleven_come_at_once() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let people: Vec<Value> = (0..11).map(|_| world.person()).collect();

    let answers = futures_util::future::join_all(people.iter().map(|person| save(&ana, person))).await;

    let refused: Vec<&Answer> = answers.iter().filter(|one| one.status != 201).collect();
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!((refused[0].status, refused[0].code()), (409, "ten-profiles"));
    assert_eq!(ana.get(PATH).await.ok()["items"].as_array().unwrap().len(), 10);
    world.stop().await;
}

#[tokio::test]
async fn each_person_is_saved_once_and_never_oneself_but_two_parents_save_one_child() {
    let world = World::start().await;
    let (ana, ben) = (world.fan("ana").await, world.fan("ben").await);
    let child = world.person();
    save(&ana, &child).await.ok();
    save(&ben, &child).await.ok();

    let mut renamed = child.clone();
    renamed["full_name"] = json!("Somebody Else");
    save(&ana, &renamed).await.refused(409, "person-saved");
    let mut oneself = world.person();
    oneself["oib"] = ana.profile["oib"].clone();
    save(&ana, &oneself).await.refused(409, "person-saved");

    let other = save(&ana, &world.person()).await.ok();
    change(&ana, &other["saved_profile_id"], &child)
        .await
        .refused(409, "person-saved");
    change(&ana, &other["saved_profile_id"], &oneself)
        .await
        .refused(409, "person-saved");
    world.stop().await;
}

#[tokio::test]
async fn whom_one_had_saved_before_making_a_profile_of_them_is_oneself() {
    let world = World::start().await;
    let eva = Fan::with_token(&world, "eva", world.identity.token_for("eva").unwrap());
    let (mut oneself, friend) = (world.person(), world.person());
    oneself["oib"] = eva.profile["oib"].clone();
    save(&eva, &oneself).await.ok();
    let kept = save(&eva, &friend).await.ok();

    eva.create_profile().await;

    assert_eq!(eva.get(PATH).await.ok()["items"], json!([kept]));
    world.stop().await;
}

#[tokio::test]
async fn people_who_are_saved_are_holders_by_their_id_and_those_of_others_are_nobody() {
    let world = World::start().await;
    let (ana, ben) = (world.fan("ana").await, world.fan("ben").await);
    let mut guest = world.person();
    guest.as_object_mut().unwrap().remove("oib");
    guest["passport"] = json!("AB123456");
    let [child, guest] = [world.person(), guest].map(|person| {
        let ana = &ana;
        async move { save(ana, &person).await.ok() }
    });
    let (child, guest) = (child.await, guest.await);
    let bens = save(&ben, &world.person()).await.ok();
    let cart = ana.hold(world.zones[0], 3).await.ok();
    let path = format!("/matches/{}/checkout", world.match_id);
    let for_people = |saved: &[&Value]| {
        let ids: Vec<&Value> = saved.iter().map(|one| &one["saved_profile_id"]).collect();
        json!({"cart_version": cart["version"], "holders": [], "saved_holders": ids})
    };

    let foreign = ana.post(&path, &for_people(&[&child, &bens])).await;
    foreign.refused(422, "invalid-holder");
    let twice = ana.post(&path, &for_people(&[&child, &child])).await;
    twice.refused(422, "invalid-holder");
    let order = ana.post(&path, &for_people(&[&child, &guest])).await.ok();

    let names: Vec<&Value> = order["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| &line["holder_name"])
        .collect();
    assert_eq!(
        names,
        [
            &ana.profile["full_name"],
            &child["full_name"],
            &guest["full_name"]
        ]
    );
    world.stop().await;
}

#[tokio::test]
async fn facts_that_do_not_hold_are_named() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let with = |member: &str, value: Value| {
        let mut person = world.person();
        person[member] = value;
        person
    };
    let wrong = [
        (with("oib", json!("94577403195")), "oib"),
        (with("passport", json!("AB123456")), "oib or passport"),
        (with("date_of_birth", json!("1700-01-01")), "date_of_birth"),
        (with("relationship", json!("x".repeat(41))), "relationship"),
        (with("phone", json!("0".repeat(31))), "phone"),
        (with("email", json!("nowhere")), "email"),
    ];
    for (person, named) in wrong {
        let told = save(&ana, &person).await.refused(422, "invalid-profile");
        assert!(told["detail"].as_str().unwrap().contains(named), "{told}");
    }
    let mut minor = with("email", json!("child@fans.example"));
    minor["date_of_birth"] = json!("2020-01-31");
    save(&ana, &minor).await.refused(422, "invalid-profile");
    world.stop().await;
}
