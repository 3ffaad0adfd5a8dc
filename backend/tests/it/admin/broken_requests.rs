//! What cannot be understood is refused as such, by every operation of staff, and changes nothing.

use backend::api::Audience;
use domain::staff::Role;
use reqwest::Method;
use serde_json::json;

use crate::api::{assert_problem, operations};
use crate::world::{World, answer};

const BROKEN: [&str; 7] = [
    "",
    "{",
    "null",
    "[]",
    "{}",
    "{\"colour\": \"blue\"}",
    "{\"reason\": \"a\\u0000b\"}",
];

#[tokio::test]
async fn a_body_that_says_nothing_of_use_is_refused_by_every_operation() {
    let world = World::start().await;
    let iva = world.clerk("iva", &[Role::SuperAdmin]).await;
    let before = world.fingerprint().await;
    let mut judged = 0;
    for operation in operations(Audience::Staff) {
        if operation.method == Method::GET {
            continue;
        }
        let path = operation.path_of_nothing();
        // What a file wants beside itself, so that the file is judged.
        let path = match path.strip_prefix("/admin").unwrap() {
            "/stadium-imports" => "/stadium-imports?format=STADIUM&reason=season".to_owned(),
            imports if imports.ends_with("-imports") => format!("{imports}?source=MUP&reason=season"),
            other => other.to_owned(),
        };
        for body in BROKEN {
            let request = iva.request(operation.method.clone(), &path);
            let request = request.header("Content-Type", "application/json");
            let answered = answer(request.body(body)).await;
            let of = format!("{} {path} {body}", operation.method);
            assert_problem(&answered, &of);
            if operation.takes_json() {
                assert_eq!(answered.code(), "invalid-request", "{of}");
                judged += 1;
            } else if operation.takes_body() && !body.is_empty() {
                assert_eq!(answered.status, 422, "{of}: {answered:?}");
                judged += 1;
            }
        }
    }
    assert!(judged > 100, "{judged}");
    assert_eq!(world.fingerprint().await, before);
    world.stop().await;
}

#[tokio::test]
async fn a_query_that_cannot_be_understood_is_refused_by_every_list() {
    let world = World::start().await;
    let iva = world.clerk("iva", &[Role::SuperAdmin]).await;
    for path in [
        "/matches",
        "/stadiums",
        "/staff",
        "/blacklist",
        "/blacklist/violations",
        "/blacklist/violations.csv",
    ] {
        for query in [
            "cursor=7",
            "colour=blue",
            "cursor=%00",
            "search=%00",
            "search=a%00b",
            "sort=BEST",
        ] {
            iva.get(&format!("{path}?{query}"))
                .await
                .refused(400, "invalid-request");
        }
    }
    iva.get(&format!(
        "/stadiums/{}/sectors/A%00/snake",
        uuid::Uuid::from_u128(9)
    ))
    .await
    .refused(404, "no-such-route");
    world.stop().await;
}

#[tokio::test]
async fn a_text_with_a_nul_character_is_refused_and_not_our_fault() {
    let world = World::start().await;
    let iva = world.clerk("iva", &[Role::SuperAdmin]).await;
    let path = format!("/matches/{}", world.match_id);
    let said = iva.get(&path).await.ok()["said"].clone();
    for member in ["home_team", "content"] {
        let mut wrong = said.clone();
        wrong[member] = if member == "content" {
            json!({"promo": "a\0b"})
        } else {
            json!("a\0b")
        };
        let refused = iva.put(&format!("{path}?notify=false"), &wrong).await;
        let refused = refused.refused(400, "invalid-request");
        assert!(refused["detail"].as_str().unwrap().contains("NUL"), "{refused}");
    }
    world.stop().await;
}

#[tokio::test]
async fn a_body_that_is_missing_is_asked_for() {
    let world = World::start().await;
    let iva = world.clerk("iva", &[Role::SuperAdmin]).await;
    let path = format!("/matches/{}/closure", world.match_id);
    let bare = iva
        .request(Method::POST, &path)
        .header("Content-Type", "application/json");
    let refused = answer(bare).await.refused(400, "invalid-request");
    assert_eq!(refused["detail"], "a JSON body is needed");
    world.stop().await;
}
