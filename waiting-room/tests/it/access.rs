//! The decision that the origin asks for.

use chrono::{DateTime, Utc};
use contracts::tokens::{SESSION_PASS_TYP, SessionPassClaims};
use platform::keys::VerifyingKey;
use reqwest::Method;
use serde_json::Value;
use uuid::Uuid;

use crate::harness::{Room, TENANT, room};

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

#[test]
fn who_never_joined_or_still_waits_may_not_buy() {
    room(|room| async move {
        let queue = room.open_queue(Room::queue_with(0)).await.id;
        let never = room.access(queue, Uuid::now_v7()).await;
        time(&never.is_problem(404, "never-joined")["now"]);

        room.join(queue).await;
        let fan = room.join(queue).await;
        room.join(queue).await;
        let waiting = room.access(queue, fan.user).await;
        let problem = waiting.is_problem(403, "still-waiting");
        assert_eq!(problem["position"], 2);
        time(&problem["now"]);
        room.post(format!("/sessions/{}/complete", fan.ticket))
            .await
            .is_problem(409, "not-admitted");
    });
}

#[test]
fn an_open_session_comes_with_its_end_and_a_pass_that_the_key_set_verifies() {
    room(|room| async move {
        let queue = room.open_queue(Room::queue_with(1)).await.id;
        let fan = room.join(queue).await;
        let ticket = room.until_state(&fan, "ADMITTED").await;

        let granted = room.access(queue, fan.user).await;
        assert_eq!(granted.status, 200);
        let granted = granted.body;
        assert_eq!(granted["decision"], "ADMITTED");
        assert_eq!(granted["ticket_id"], fan.ticket.to_string());
        assert!(granted["max_age_ms"].as_u64().unwrap() <= 5_000);
        let ends = time(&granted["sessionExpiresAt"]);
        assert_eq!(time(&ticket["session_expires_at"]), ends);
        let left = ends - time(&granted["now"]);
        assert!((100..=120).contains(&left.num_seconds()), "{left}");

        let keys = room
            .call(Method::GET, "/.well-known/jwks.json", None, None)
            .await
            .body;
        let key = VerifyingKey::from_jwk_x(keys["keys"][0]["x"].as_str().unwrap()).unwrap();
        let pass = granted["pass"].as_str().unwrap();
        let claims: SessionPassClaims = key
            .verify(SESSION_PASS_TYP, pass, Some(TENANT), Utc::now())
            .unwrap();
        assert_eq!(
            (claims.sub, claims.queue_id, claims.ticket_id),
            (fan.user, queue, fan.ticket)
        );
        assert_eq!(claims.session_expires_at_ms, ends.timestamp_millis());
        assert_eq!(claims.exp, ends.timestamp());
        assert_eq!(
            ticket["pass"], granted["pass"],
            "the same session has the same pass"
        );
    });
}

#[test]
fn the_decision_grows_and_says_how_a_session_ended() {
    room(|room| async move {
        let queue = room.open_queue(Room::queue_with(5)).await.id;
        let fan = room.join(queue).await;
        room.until_state(&fan, "ADMITTED").await;
        let first = room.access(queue, fan.user).await.body["decision_version"]
            .as_u64()
            .unwrap();

        room.post(format!("/sessions/{}/complete", fan.ticket)).await;
        let over = room.access(queue, fan.user).await;
        let problem = over.is_problem(410, "session-over");
        assert_eq!(problem["reason"], "COMPLETED");
        time(&problem["now"]);

        let again = room.join_as(queue, fan.user).await;
        room.until_state(&again, "ADMITTED").await;
        let second = room.access(queue, fan.user).await.body["decision_version"]
            .as_u64()
            .unwrap();
        assert!(second > first, "{second} > {first}");

        let path = format!("/tickets/{}", again.ticket);
        assert_eq!(
            room.call(Method::DELETE, &path, Some(&again.token), None)
                .await
                .status,
            204
        );
        let over = room.access(queue, fan.user).await;
        assert_eq!(over.is_problem(410, "session-over")["reason"], "CANCELLED");
    });
}

#[test]
fn the_clock_ends_a_session_whether_it_was_swept_or_not() {
    room(|room| async move {
        let mut queue = Room::queue_with(1);
        queue.session_ttl_seconds = 1;
        let queue = room.open_queue(queue).await.id;
        let fan = room.join(queue).await;
        room.until_state(&fan, "ADMITTED").await;

        // Every answer agrees with its own clock, at every moment around the end.
        loop {
            let answer = room.access(queue, fan.user).await;
            if answer.status != 200 {
                assert_eq!(
                    answer.is_problem(410, "session-over")["reason"],
                    "SESSION_EXPIRED"
                );
                break;
            }
            assert!(time(&answer.body["sessionExpiresAt"]) > time(&answer.body["now"]));
        }
    });
}
