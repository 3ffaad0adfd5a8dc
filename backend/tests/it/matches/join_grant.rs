//! `POST /matches/{id}/join-grant`.

use serde_json::json;
use uuid::Uuid;

use crate::world::{ROOM_PUBLIC_URL, World};

#[tokio::test]
async fn a_grant_lets_this_fan_into_this_queue_and_nobody_else() {
    let world = World::start().await;
    let ana = world.visitor("ana").await;

    let granted = ana
        .post(&format!("/matches/{}/join-grant", world.match_id), &json!({}))
        .await
        .ok();

    let claims = world.room.read_grant(granted["grant"].as_str().unwrap());
    assert_eq!((claims.sub, claims.queue_id), (ana.id, world.queue_id));
    assert_eq!(granted["queue_id"], world.queue_id.to_string());
    let join_url = format!("{ROOM_PUBLIC_URL}/queues/{}/tickets", world.queue_id);
    assert_eq!(granted["join_url"], join_url);
    world.stop().await;
}

#[tokio::test]
async fn there_is_no_grant_before_the_queue_is_there() {
    let world = World::start().await;
    let ana = world.visitor("ana").await;
    world
        .execute("UPDATE matches SET waiting_room_queue_id = NULL")
        .await;
    world
        .app
        .queues
        .invalidate(&domain::ids::MatchId(world.match_id))
        .await;

    let answered = ana
        .post(&format!("/matches/{}/join-grant", world.match_id), &json!({}))
        .await;
    assert!(answered.header("retry-after").is_some());
    answered.refused(503, "queue-not-ready");
    ana.post(&format!("/matches/{}/join-grant", Uuid::nil()), &json!({}))
        .await
        .refused(404, "not-found");

    world.stop().await;
}
