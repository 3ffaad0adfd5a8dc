//! `/users/me/push-tokens/{device_id}`.

use reqwest::Method;
use serde_json::json;

use crate::world::{Answer, Fan, World, answer};

async fn put(fan: &Fan<'_>, device: &str, token: &str) -> Answer {
    let body = json!({"platform": "ANDROID", "token": token});
    answer(
        fan.request(Method::PUT, &format!("/users/me/push-tokens/{device}"))
            .json(&body),
    )
    .await
}

#[tokio::test]
async fn a_device_has_one_token_and_a_token_one_device_whoever_signs_in_there() {
    let world = World::start().await;
    let (ana, ben) = (world.fan("ana").await, world.fan("ben").await);

    for token in ["one", "two", "two"] {
        assert_eq!(put(&ana, "phone", token).await.status, 204);
    }
    assert_eq!(put(&ben, "same-phone", "two").await.status, 204);

    assert_eq!(world.number("SELECT count(*) FROM push_tokens").await, 1);
    assert_eq!(
        world.text("SELECT device_id FROM push_tokens").await.as_deref(),
        Some("same-phone")
    );
    for _ in 0..2 {
        assert_eq!(
            answer(ben.request(Method::DELETE, "/users/me/push-tokens/same-phone"))
                .await
                .status,
            204
        );
    }
    assert_eq!(world.number("SELECT count(*) FROM push_tokens").await, 0);
    world.stop().await;
}

#[tokio::test]
async fn the_eleventh_device_takes_the_place_of_the_one_that_was_silent_for_longest() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    for device in 0..11 {
        put(&ana, &format!("device-{device}"), &format!("token-{device}")).await;
    }
    assert_eq!(world.number("SELECT count(*) FROM push_tokens").await, 10);
    assert_eq!(
        world
            .number("SELECT count(*) FROM push_tokens WHERE device_id = 'device-0'")
            .await,
        0
    );
    world.stop().await;
}

#[tokio::test]
async fn what_no_push_service_gives_is_refused() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    put(&ana, "phone", "").await.refused(422, "invalid-push-token");
    put(&ana, "phone", "with blank")
        .await
        .refused(422, "invalid-push-token");
    put(&ana, &"x".repeat(101), "token")
        .await
        .refused(422, "invalid-push-token");
    world.stop().await;
}

#[tokio::test]
async fn accounts_that_take_a_token_over_at_once_do_it_one_after_the_other() {
    let world = World::start().await;
    let mut fans = Vec::new();
    for name in ["ana", "ben", "eva", "ivo"] {
        fans.push(world.fan(name).await);
    }
    for token in 0..10 {
        let token = format!("token-{token}");
        let puts = fans.iter().map(|fan| put(fan, "phone", &token));
        let answers = futures_util::future::join_all(puts).await;
        assert!(
            answers.iter().all(|answered| answered.status == 204),
            "{answers:?}"
        );
    }
    assert_eq!(world.number("SELECT count(*) FROM push_tokens").await, 1);
    world.stop().await;
}
