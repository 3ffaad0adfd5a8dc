//! Queues: made once, paused, resumed, closed.

use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use crate::harness::{Room, room};

#[test]
fn the_same_reference_makes_one_queue() {
    room(|room| async move {
        let wanted = Room::queue_with(7);
        let first = room.open_queue(wanted.clone()).await;
        let second = room.as_tenant(Method::POST, "/queues", Some(json!(wanted))).await;
        assert_eq!((second.status, &second.body), (200, &json!(first)));
        assert_eq!(
            first.openings[0].opens_at.timestamp_millis(),
            wanted.openings[0].opens_at.timestamp_millis()
        );

        let read = room
            .as_tenant(Method::GET, &format!("/queues/{}", first.id), None)
            .await;
        assert_eq!(read.body, json!(first));
    });
}

#[test]
fn a_reference_that_is_taken_by_other_settings_is_refused() {
    room(|room| async move {
        let wanted = Room::queue_with(7);
        let queue = room.open_queue(wanted.clone()).await;
        let later = chrono::Utc::now() + chrono::TimeDelta::hours(1);
        for (setting, value) in [
            ("max_active_sessions", json!(9)),
            ("admissions_per_minute", json!(60)),
            ("session_ttl_seconds", json!(60)),
            ("ticket_ttl_seconds", json!(60)),
            (
                "openings",
                json!([{"opens_at": wanted.openings[0].opens_at, "closes_at": later}]),
            ),
        ] {
            let mut other = json!(wanted);
            other[setting] = value;
            let answer = room.as_tenant(Method::POST, "/queues", Some(other)).await;
            let problem = answer.is_problem(409, "queue-exists");
            assert_eq!(problem["queue_id"], queue.id.to_string(), "{setting}");
        }
        let path = format!("/queues/{}", queue.id);
        assert_eq!(room.as_tenant(Method::GET, &path, None).await.body, json!(queue));

        // What counts is how it is set now.
        let change = json!({ "max_active_sessions": 9 });
        assert_eq!(
            room.as_tenant(Method::PATCH, &path, Some(change)).await.status,
            200
        );
        let first = room.as_tenant(Method::POST, "/queues", Some(json!(wanted))).await;
        first.is_problem(409, "queue-exists");
        let mut changed = wanted;
        changed.max_active_sessions = 9;
        let again = room
            .as_tenant(Method::POST, "/queues", Some(json!(changed)))
            .await;
        assert_eq!((again.status, &again.body["id"]), (200, &json!(queue.id)));
    });
}

#[test]
fn a_paused_queue_takes_joins_and_admits_nobody_until_resumed() {
    room(|room| async move {
        let queue = room.open_queue(Room::queue_with(5)).await.id;
        let paused = room.post(format!("/queues/{queue}/pause")).await;
        assert_eq!(
            (paused.status, paused.body["state"].as_str()),
            (200, Some("PAUSED"))
        );
        let fan = room.join(queue).await;
        assert_eq!(
            room.post(format!("/queues/{queue}/pause")).await.status,
            200,
            "pausing twice is pausing"
        );

        let stats = room.stats(queue).await;
        assert_eq!((stats.waiting, stats.holding.as_deref()), (1, Some("PAUSED")));
        assert_eq!(room.ticket(&fan).await["state"], "WAITING");

        assert_eq!(
            room.post(format!("/queues/{queue}/resume")).await.body["state"],
            "OPEN"
        );
        room.until_state(&fan, "ADMITTED").await;
    });
}

#[test]
fn a_closed_queue_is_over_for_all_who_wait_and_stays_closed() {
    room(|room| async move {
        let queue = room.open_queue(Room::queue_with(1)).await.id;
        let buyer = room.join(queue).await;
        room.until_state(&buyer, "ADMITTED").await;
        let waiting = room.join(queue).await;
        for _ in 0..20 {
            room.join(queue).await;
        }

        for _ in 0..2 {
            let closed = room.post(format!("/queues/{queue}/close")).await;
            assert_eq!(
                (closed.status, closed.body["state"].as_str()),
                (200, Some("CLOSED"))
            );
            // Nobody waits in it from now on, whether they were sent away yet or not.
            let rejoined = room.join_as(queue, buyer.user).await.joined;
            assert_eq!(
                (&rejoined["state"], &rejoined["queue_size"]),
                (&json!("ADMITTED"), &json!(0))
            );
        }

        room.until_state(&waiting, "EXPIRED").await;
        assert_eq!(
            room.access(queue, waiting.user)
                .await
                .is_problem(410, "session-over")["reason"],
            "EXPIRED"
        );
        assert_eq!(
            room.access(queue, buyer.user).await.status,
            200,
            "an open session goes on"
        );
        let refused = room.try_join(queue, Uuid::now_v7()).await;
        assert_eq!(
            refused.is_problem(409, "queue-closed")["reason"],
            "CLOSED_BY_TENANT"
        );
        room.post(format!("/queues/{queue}/resume"))
            .await
            .is_problem(409, "queue-closed");
        room.post(format!("/queues/{queue}/pause"))
            .await
            .is_problem(409, "queue-closed");

        // The last session ends: nothing is left to run, and everything can still be read.
        room.post(format!("/sessions/{}/complete", buyer.ticket)).await;
        room.until_stats(queue, "empty", |stats| {
            stats.waiting == 0 && stats.active_sessions == 0
        })
        .await;
        assert_eq!(room.ticket(&buyer).await["state"], "COMPLETED");
    });
}
