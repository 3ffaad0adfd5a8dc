//! Admission under the cap.

use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use crate::harness::{Room, eventually, room};

async fn patch(room: &Room, queue: Uuid, change: serde_json::Value) {
    let answer = room
        .as_tenant(Method::PATCH, &format!("/queues/{queue}"), Some(change))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[test]
fn a_slot_is_free_the_moment_its_session_is_completed_or_abandoned() {
    room(|room| async move {
        let queue = room.open_queue(Room::queue_with(1)).await.id;
        let [first, second, third] = [
            room.join(queue).await,
            room.join(queue).await,
            room.join(queue).await,
        ];

        room.until_state(&first, "ADMITTED").await;
        room.until_position(&second, 1).await;
        let answer = room.post(format!("/sessions/{}/complete", first.ticket)).await;
        assert_eq!(
            (answer.status, answer.body["state"].as_str()),
            (200, Some("COMPLETED"))
        );
        room.until_state(&second, "ADMITTED").await;

        // Once more changes nothing: neither of the others loses anything.
        let again = room.post(format!("/sessions/{}/abandon", first.ticket)).await;
        assert_eq!(
            (again.status, again.body["state"].as_str()),
            (200, Some("COMPLETED"))
        );
        assert_eq!(room.stats(queue).await.active_sessions, 1);
        assert_eq!(room.ticket(&third).await["state"], "WAITING");

        let answer = room.post(format!("/sessions/{}/abandon", second.ticket)).await;
        assert_eq!(
            (answer.status, answer.body["state"].as_str()),
            (200, Some("CANCELLED"))
        );
        room.until_state(&third, "ADMITTED").await;
    });
}

#[test]
fn a_session_that_runs_out_frees_its_slot() {
    room(|room| async move {
        let mut queue = Room::queue_with(1);
        queue.session_ttl_seconds = 1;
        let queue = room.open_queue(queue).await.id;
        let first = room.join(queue).await;
        let second = room.join(queue).await;
        room.until_state(&first, "ADMITTED").await;

        room.until_state(&second, "ADMITTED").await;
        room.access(queue, first.user)
            .await
            .is_problem(410, "session-over");
        assert_eq!(room.ticket(&first).await["state"], "SESSION_EXPIRED");
        assert_eq!(room.stats(queue).await.active_sessions, 1);

        // An expired session can no longer be completed.
        let late = room.post(format!("/sessions/{}/complete", first.ticket)).await;
        assert_eq!(late.body["state"], "SESSION_EXPIRED");
        // The fan may stand in line again, at the end.
        let again = room.join_as(queue, first.user).await;
        assert_ne!(again.ticket, first.ticket);
    });
}

#[test]
fn a_lowered_cap_drains_and_a_raised_one_admits() {
    room(|room| async move {
        let queue = room.open_queue(Room::queue_with(2)).await.id;
        let [first, second, third] = [
            room.join(queue).await,
            room.join(queue).await,
            room.join(queue).await,
        ];
        room.until_state(&second, "ADMITTED").await;

        patch(&room, queue, json!({ "max_active_sessions": 1 })).await;
        assert_eq!(room.access(queue, first.user).await.status, 200);
        room.post(format!("/sessions/{}/complete", first.ticket)).await;
        room.until_stats(queue, "the cap holds", |stats| {
            stats.holding.as_deref() == Some("CAP_REACHED")
        })
        .await;
        assert_eq!(room.stats(queue).await.active_sessions, 1);
        assert_eq!(room.ticket(&third).await["state"], "WAITING");

        patch(&room, queue, json!({ "max_active_sessions": 2 })).await;
        room.until_state(&third, "ADMITTED").await;
    });
}

#[test]
fn no_more_than_the_minute_cap_are_admitted() {
    room(|room| async move {
        let mut queue = Room::queue_with(100);
        queue.admissions_per_minute = Some(3);
        let queue = room.open_queue(queue).await.id;
        for _ in 0..6 {
            room.join(queue).await;
        }
        room.until_stats(queue, "three admitted", |stats| stats.admitted_total == 3)
            .await;
        room.until_stats(queue, "held", |stats| {
            stats.holding.as_deref() == Some("MINUTE_CAP_REACHED")
        })
        .await;
        assert_eq!(room.stats(queue).await.active_sessions, 3);
    });
}

#[test]
fn while_everything_is_held_nobody_is_admitted() {
    room(|room| async move {
        let queue = room.open_queue(Room::queue_with(10)).await.id;
        room.report_stock(queue, [0, 3, 0]).await;
        let fan = room.join(queue).await;
        room.until_stats(queue, "held", |stats| {
            stats.holding.as_deref() == Some("STOCK_HELD")
        })
        .await;
        assert_eq!(room.ticket(&fan).await["state"], "WAITING");

        room.report_stock(queue, [2, 1, 0]).await;
        room.until_state(&fan, "ADMITTED").await;
    });
}

#[test]
fn when_everything_is_sold_the_queue_closes_for_all_who_wait() {
    room(|room| async move {
        let queue = room.open_queue(Room::queue_with(1)).await.id;
        let buyer = room.join(queue).await;
        room.until_state(&buyer, "ADMITTED").await;
        let waiting = room.join(queue).await;

        room.report_stock(queue, [0, 0, 0]).await;

        room.until_state(&waiting, "EXPIRED").await;
        let refused = room.try_join(queue, Uuid::now_v7()).await;
        assert_eq!(refused.is_problem(409, "queue-closed")["reason"], "SOLD_OUT");
        assert_eq!(
            room.access(queue, buyer.user).await.status,
            200,
            "an open session goes on"
        );
        eventually("Postgres follows", || async {
            let queue = room
                .as_tenant(Method::GET, &format!("/queues/{queue}"), None)
                .await;
            (queue.body["state"] == "CLOSED").then_some(())
        })
        .await;
    });
}
