//! What cannot be understood is refused as such, by every operation of staff, and changes nothing.

use backend::api::Audience;
use domain::staff::Role;
use reqwest::Method;
use serde_json::json;

use crate::api::{assert_problem, operations};
use crate::world::{World, answer};

#[tokio::test]
async fn a_body_that_says_nothing_of_use_is_refused_by_every_operation() {
    let world = World::start().await;
    let iva = world.clerk("iva", &[Role::SuperAdmin]).await;
    let before = world.fingerprint().await;
    let writes = operations(Audience::Staff).into_iter();
    for operation in writes.filter(|one| one.method != Method::GET) {
        let path = operation.path_of_nothing();
        let path = path.strip_prefix("/admin").unwrap();
        for body in [
            String::new(),
            "{".to_owned(),
            "null".to_owned(),
            "[]".to_owned(),
            "{}".to_owned(),
            json!({"colour": "blue"}).to_string(),
            json!({"reason": "a\0b"}).to_string(),
            json!({"x": "y".repeat(300 * 1024)}).to_string(),
        ] {
            let request = iva.request(operation.method.clone(), path);
            let request = request.header("Content-Type", "application/json");
            let answered = answer(request.body(body.clone())).await;
            let of = format!("{} {path} {}", operation.method, &body[..body.len().min(40)]);
            assert_problem(&answered, &of);
        }
    }
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
