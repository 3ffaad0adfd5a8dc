//! Who may do what: every operation, asked by everybody it could be asked by.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{TimeDelta, Utc};
use contracts::tokens::{SERVICE_TYP, ServiceClaims, WAITING_ROOM_AUDIENCE};
use platform::keys::SigningKey;
use reqwest::Method;
use serde_json::{Value, json};
use waiting_room::admin;

use crate::harness::{Answer, Fan, Room, eventually, room};

/// `2xx` is any success. The queue is the tenant's; the fan has been admitted to it; another fan waits in it. Whoever does
/// not show a ticket's own token is told nothing of it, not even whether there is one: the same as for any id.
const TABLE: &str = "
    operation                               nobody expired fan another tenant rival
    POST   /queues                          401    401     401 401     2xx    2xx
    GET    /queues/{queue_id}               401    401     401 401     2xx    404
    PATCH  /queues/{queue_id}               401    401     401 401     2xx    404
    POST   /queues/{queue_id}/pause         401    401     401 401     2xx    404
    POST   /queues/{queue_id}/resume        401    401     401 401     2xx    404
    POST   /queues/{queue_id}/close         401    401     401 401     2xx    404
    GET    /queues/{queue_id}/stats         401    401     401 401     2xx    404
    POST   /queues/{queue_id}/origin-health 401    401     401 401     2xx    404
    POST   /queues/{queue_id}/tickets       401    401     401 401     2xx    404
    GET    /tickets/{ticket_id}             401    401     2xx 404     401    401
    DELETE /tickets/{ticket_id}             401    401     2xx 404     401    401
    GET    /access                          401    401     401 401     2xx    404
    POST   /sessions/{ticket_id}/complete   401    401     401 401     2xx    404
    POST   /sessions/{ticket_id}/abandon    401    401     401 401     2xx    404
    GET    /.well-known/jwks.json           2xx    2xx     2xx 2xx     2xx    2xx
    GET    /healthz                         2xx    2xx     2xx 2xx     2xx    2xx
";

/// Whose token comes along: none, a service token of five minutes ago, the token of the ticket in question, of another
/// ticket, of the tenant whose queue it is, of another tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Actor {
    Nobody,
    Expired,
    Fan,
    Another,
    Tenant,
    Rival,
}

/// In the order of the table's columns.
const ACTORS: [Actor; 6] = [
    Actor::Nobody,
    Actor::Expired,
    Actor::Fan,
    Actor::Another,
    Actor::Tenant,
    Actor::Rival,
];

/// One line of the table.
struct Row {
    method: Method,
    path: &'static str,
    expected: [&'static str; 6],
}

fn rows() -> Vec<Row> {
    let lines = TABLE.trim().lines().skip(1);
    lines
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [method, path, expected @ ..] = words.as_slice() else {
                panic!("{line}");
            };
            Row {
                method: method.parse().unwrap(),
                path,
                expected: expected.try_into().unwrap_or_else(|_| panic!("{line}")),
            }
        })
        .collect()
}

/// A queue of the tenant's, with everybody about it.
struct Cast {
    queue: String,
    fan: Fan,
    another: Fan,
    rival: SigningKey,
}

impl Cast {
    async fn of(room: &Room, rival: SigningKey) -> Self {
        let queue = room.open_queue(Room::queue_with(1)).await.id;
        let fan = room.join(queue).await;
        room.until_state(&fan, "ADMITTED").await;
        Self {
            queue: queue.to_string(),
            fan,
            another: room.join(queue).await,
            rival,
        }
    }

    fn token(&self, room: &Room, actor: Actor) -> Option<String> {
        match actor {
            Actor::Nobody => None,
            Actor::Expired => Some(room.service_token_at(Utc::now() - TimeDelta::minutes(5))),
            Actor::Fan => Some(self.fan.token.clone()),
            Actor::Another => Some(self.another.token.clone()),
            Actor::Tenant => Some(room.service_token()),
            Actor::Rival => Some(rivals_token(&self.rival)),
        }
    }

    async fn ask(&self, room: &Room, row: &Row, actor: Actor) -> Answer {
        let mut path = row
            .path
            .replace("{queue_id}", &self.queue)
            .replace("{ticket_id}", &self.fan.ticket.to_string());
        let body: Option<Value> = match (&row.method, row.path) {
            (&Method::POST, "/queues") => Some(json!(Room::queue_with(1))),
            (&Method::PATCH, _) => Some(json!({ "max_active_sessions": 2 })),
            (_, "/queues/{queue_id}/origin-health") => {
                Some(json!({ "stock_free": 1, "stock_held": 1, "stock_paying": 0 }))
            }
            (_, "/queues/{queue_id}/tickets") => Some(json!({ "user_id": self.fan.user })),
            (_, "/access") => {
                path.push_str(&format!("?queue_id={}&user_id={}", self.queue, self.fan.user));
                None
            }
            _ => None,
        };
        let token = self.token(room, actor);
        room.call(row.method.clone(), &path, token.as_deref(), body).await
    }
}

fn rivals_token(key: &SigningKey) -> String {
    let now = Utc::now().timestamp();
    let claims = ServiceClaims {
        iss: "rival".to_owned(),
        aud: WAITING_ROOM_AUDIENCE.to_owned(),
        iat: now,
        exp: now + 60,
    };
    key.sign(SERVICE_TYP, &claims).unwrap()
}

fn rivals_key() -> SigningKey {
    SigningKey::from_seed_base64(&STANDARD.encode([5; 32])).unwrap()
}

#[track_caller]
fn assert_expected(answer: &Answer, expected: &str, of: &str) {
    if expected == "2xx" {
        assert!(
            (200..300).contains(&answer.status),
            "{of}: {} {}",
            answer.status,
            answer.body
        );
    } else {
        assert_eq!(answer.status.to_string(), expected, "{of}: {}", answer.body);
        let code = answer.body["code"].as_str().unwrap_or_default();
        answer.is_problem(answer.status, code);
        assert!(
            [
                "service-token-invalid",
                "ticket-token-invalid",
                "no-such-queue",
                "no-such-ticket"
            ]
            .contains(&code),
            "{of}: {code}"
        );
    }
}

#[test]
fn every_operation_has_its_row_and_every_row_its_operation() {
    let api = serde_json::to_value(waiting_room::openapi()).unwrap();
    let mut documented = Vec::new();
    for (path, item) in api["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            documented.push(format!("{} {path}", method.to_uppercase()));
        }
    }
    let mut walked: Vec<String> = rows()
        .iter()
        .map(|row| format!("{} {}", row.method, row.path))
        .collect();
    documented.sort_unstable();
    walked.sort_unstable();
    assert_eq!(walked, documented);
}

#[test]
fn every_operation_says_which_feature_it_serves() {
    let api = serde_json::to_value(waiting_room::openapi()).unwrap();
    for (path, item) in api["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let of = format!("{method} {path}");
            let epic = operation["x-epic"].as_str().expect(&of);
            let feature = operation["x-feature"].as_str().expect(&of);
            assert!(
                feature.starts_with(&format!("{epic}-F")),
                "{of}: {feature} is not of {epic}"
            );
            assert!(operation["x-rules"].is_array(), "{of}");
            assert!(operation["operationId"].is_string(), "{of}");
        }
    }
}

#[test]
fn everybody_may_do_what_the_table_says() {
    room(|room| async move {
        admin::register_tenant(&room.settings, "rival", &rivals_key().public_base64())
            .await
            .unwrap();
        eventually("the new tenant is known", || async {
            let path = format!("/queues/{}", uuid::Uuid::nil());
            let token = rivals_token(&rivals_key());
            let answer = room.call(Method::GET, &path, Some(&token), None).await;
            (answer.body["code"] == "no-such-queue").then_some(())
        })
        .await;
        let api = serde_json::to_value(waiting_room::openapi()).unwrap();
        for row in rows() {
            let cast = Cast::of(&room, rivals_key()).await;
            // Tenant and fan come last: that they still succeed shows that nobody took anything from them.
            for actor in [
                Actor::Nobody,
                Actor::Expired,
                Actor::Another,
                Actor::Rival,
                Actor::Tenant,
                Actor::Fan,
            ] {
                let of = format!("{} {} asked by {actor:?}", row.method, row.path);
                let column = ACTORS.iter().position(|one| *one == actor).unwrap();
                let answer = cast.ask(&room, &row, actor).await;
                assert_expected(&answer, row.expected[column], &of);
                let method = row.method.as_str().to_lowercase();
                let documented = &api["paths"][row.path][&method]["responses"];
                let status = answer.status.to_string();
                assert!(
                    documented.get(&status).is_some(),
                    "{of}: the document does not name {status}"
                );
                if actor == Actor::Rival {
                    let told = answer.body.to_string();
                    assert!(
                        !told.contains(&cast.queue),
                        "{of} tells what is not theirs: {told}"
                    );
                }
                if actor == Actor::Rival && row.expected[column] != "2xx" {
                    let fan = room.ticket(&cast.fan).await;
                    assert_eq!(fan["state"], "ADMITTED", "after {of}");
                }
            }
        }
    });
}
