//! Tenants: who is believed, and what each may see.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{TimeDelta, Utc};
use contracts::tokens::{SERVICE_TYP, ServiceClaims, WAITING_ROOM_AUDIENCE};
use platform::keys::SigningKey;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;
use waiting_room::admin;

use crate::harness::{Fan, Room, eventually, room};

fn token(key: &SigningKey, iss: &str, aud: &str, life: i64) -> String {
    let now = Utc::now().timestamp();
    let claims = ServiceClaims {
        iss: iss.to_owned(),
        aud: aud.to_owned(),
        iat: now,
        exp: now + life,
    };
    key.sign(SERVICE_TYP, &claims).unwrap()
}

#[test]
fn only_a_fresh_service_token_of_the_tenants_own_key_is_believed() {
    room(|room| async move {
        let stranger = SigningKey::from_seed_base64(&STANDARD.encode([66; 32])).unwrap();
        let queue = room.open_queue(Room::queue_with(0)).await.id;
        let path = format!("/queues/{queue}");
        let bad = [
            token(&stranger, "tribina", WAITING_ROOM_AUDIENCE, 60),
            token(&room.key, "nobody", WAITING_ROOM_AUDIENCE, 60),
            token(&room.key, "tribina", "elsewhere", 60),
            token(&room.key, "tribina", WAITING_ROOM_AUDIENCE, 86_400),
            room.service_token_at(Utc::now() - TimeDelta::minutes(5)),
            room.grant(queue, Uuid::nil()),
            room.join(queue).await.token,
            "garbage".to_owned(),
        ];
        for token in bad {
            room.call(Method::GET, &path, Some(&token), None)
                .await
                .is_problem(401, "service-token-invalid");
        }
        room.call(Method::GET, &path, None, None)
            .await
            .is_problem(401, "service-token-invalid");
        assert_eq!(room.as_tenant(Method::GET, &path, None).await.status, 200);
    });
}

#[test]
fn another_tenants_queues_and_fans_do_not_exist_for_a_tenant() {
    room(|room| async move {
        let key = SigningKey::from_seed_base64(&STANDARD.encode([5; 32])).unwrap();
        admin::register_tenant(&room.settings, "rival", &key.public_base64())
            .await
            .unwrap();
        let queue = room.open_queue(Room::queue_with(1)).await.id;
        let fan = room.join(queue).await;
        room.until_state(&fan, "ADMITTED").await;
        eventually("the new tenant is known", || async {
            let rival = token(&key, "rival", WAITING_ROOM_AUDIENCE, 60);
            let answer = room
                .call(Method::GET, &format!("/queues/{queue}"), Some(&rival), None)
                .await;
            (answer.body["code"] == "no-such-queue").then_some(())
        })
        .await;
        let rival = token(&key, "rival", WAITING_ROOM_AUDIENCE, 60);
        for (method, path, body) in requests_on(queue, &fan) {
            let answer = room.call(method, &path, Some(&rival), body).await;
            let code = if path.starts_with("/sessions") {
                "no-such-ticket"
            } else {
                "no-such-queue"
            };
            answer.is_problem(404, code);
        }
        assert_eq!(
            room.access(queue, fan.user).await.status,
            200,
            "nothing has changed"
        );
        assert_eq!(room.stats(queue).await.state, contracts::room::QueueState::Open);
    });
}

fn requests_on(queue: Uuid, fan: &Fan) -> Vec<(Method, String, Option<Value>)> {
    let stock = json!({ "stock_free": 0, "stock_held": 0, "stock_paying": 0 });
    let join = json!({ "user_id": fan.user });
    vec![
        (Method::PATCH, format!("/queues/{queue}"), Some(json!({}))),
        (Method::POST, format!("/queues/{queue}/pause"), None),
        (Method::POST, format!("/queues/{queue}/resume"), None),
        (Method::POST, format!("/queues/{queue}/close"), None),
        (Method::GET, format!("/queues/{queue}/stats"), None),
        (
            Method::POST,
            format!("/queues/{queue}/origin-health"),
            Some(stock),
        ),
        (Method::POST, format!("/queues/{queue}/tickets"), Some(join)),
        (
            Method::GET,
            format!("/access?queue_id={queue}&user_id={}", fan.user),
            None,
        ),
        (Method::POST, format!("/sessions/{}/complete", fan.ticket), None),
        (Method::POST, format!("/sessions/{}/abandon", fan.ticket), None),
    ]
}

#[test]
fn registering_again_changes_nothing_or_replaces_the_key() {
    room(|room| async move {
        let same = room.key.public_base64();
        let first = admin::register_tenant(&room.settings, "tribina", &same)
            .await
            .unwrap();
        assert_eq!(
            admin::register_tenant(&room.settings, "tribina", &same)
                .await
                .unwrap(),
            first
        );

        let key = SigningKey::from_seed_base64(&STANDARD.encode([8; 32])).unwrap();
        let other = admin::register_tenant(&room.settings, "tribina", &key.public_base64())
            .await
            .unwrap();
        assert_eq!(other, first);
        eventually("the new key is believed", || async {
            let token = token(&key, "tribina", WAITING_ROOM_AUDIENCE, 60);
            let answer = room
                .call(
                    Method::GET,
                    &format!("/queues/{}", Uuid::nil()),
                    Some(&token),
                    None,
                )
                .await;
            (answer.body["code"] == "no-such-queue").then_some(())
        })
        .await;
        room.as_tenant(Method::GET, "/queues", None)
            .await
            .is_problem(405, "method-not-allowed");
        let old = room
            .as_tenant(Method::GET, &format!("/queues/{}", Uuid::nil()), None)
            .await;
        old.is_problem(401, "service-token-invalid");

        for (name, key) in [
            ("", same.as_str()),
            ("Tribina!", same.as_str()),
            ("tribina", "short"),
        ] {
            assert!(admin::register_tenant(&room.settings, name, key).await.is_err());
        }
    });
}
