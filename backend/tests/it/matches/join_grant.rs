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

#[tokio::test]
async fn who_may_buy_in_the_next_phase_gets_its_grant_ten_minutes_before_and_it_counts_from_then_on() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let path = format!("/matches/{}/join-grant", world.match_id);
    let loyal_until = async |minutes: u32| {
        world
            .execute(&format!(
                "DELETE FROM sales_phases WHERE kind = 'LOYALTY';
                 UPDATE sales_phases SET starts_at = now() + interval '{minutes} min', ends_at = now() + interval '1 day';
                 INSERT INTO sales_phases (phase_id, match_id, kind, starts_at, ends_at, ticket_limit, thresholds)
                 SELECT gen_random_uuid(), match_id, 'LOYALTY', now() - interval '1 hour', starts_at, 4,
                        '[{{\"min_points\": 5, \"max_tickets\": 4}}]'
                 FROM sales_phases"
            ))
            .await;
        world
            .app
            .phases
            .invalidate(&domain::ids::MatchId(world.match_id))
            .await;
    };
    loyal_until(20).await;
    ana.post(&path, &json!({})).await.refused(403, "not-eligible");
    // The next phase does not follow at once.
    loyal_until(5).await;
    world
        .execute("UPDATE sales_phases SET starts_at = starts_at + interval '1 hour' WHERE kind <> 'LOYALTY'")
        .await;
    ana.post(&path, &json!({})).await.refused(403, "not-eligible");

    loyal_until(5).await;
    let granted = ana.post(&path, &json!({})).await.ok();

    let ends_at = "SELECT ceil(extract(epoch FROM ends_at))::bigint FROM sales_phases WHERE kind = 'LOYALTY'";
    let claims = world.room.read_grant(granted["grant"].as_str().unwrap());
    assert_eq!(claims.nbf, Some(world.number(ends_at).await));
    assert!(claims.exp - claims.nbf.unwrap() >= 599, "{claims:?}");
    assert!(granted["valid_from"].is_string());
    world.stop().await;
}
