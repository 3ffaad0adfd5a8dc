//! Bad input on every route: its problem with a stable code, never a 500, nothing changed.

use chrono::{TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Answer, Room, room};

async fn raw(room: &Room, method: Method, path: &str, content_type: &str, body: &'static str) -> Answer {
    let request = room.http.request(method, format!("{}{path}", room.base));
    let request = request
        .bearer_auth(room.service_token())
        .header("content-type", content_type)
        .body(body);
    Answer::read(request.send().await.unwrap()).await
}

#[test]
fn bodies_that_are_not_what_a_route_takes() {
    room(|room| async move {
        let queue = room.open_queue(Room::queue_with(3)).await.id;
        let routes = [
            (Method::POST, "/queues".to_owned()),
            (Method::PATCH, format!("/queues/{queue}")),
            (Method::POST, format!("/queues/{queue}/tickets")),
            (Method::POST, format!("/queues/{queue}/origin-health")),
        ];
        for (method, path) in routes {
            for body in [
                "",
                "{",
                "[]",
                "[null, null]",
                "\"\"",
                "null",
                "{\"unknown\":1}",
                "{\"max_active_sessions\":-1}",
            ] {
                let answer = raw(&room, method.clone(), &path, "application/json", body).await;
                answer.is_problem(400, "invalid-request");
            }
            let answer = raw(&room, method.clone(), &path, "text/plain", "{}").await;
            answer.is_problem(415, "unsupported-media-type");
            let huge: &'static str =
                Box::leak(format!("{{\"grant\":\"{}\"}}", "x".repeat(70_000)).into_boxed_str());
            raw(&room, method, &path, "application/json", huge)
                .await
                .is_problem(413, "body-too-large");
        }
        let stats = room.stats(queue).await;
        assert_eq!((stats.joined_total, stats.waiting), (0, 0));
    });
}

#[test]
fn settings_out_of_range() {
    room(|room| async move {
        let good = json!(Room::queue_with(3));
        let (soon, later) = (Utc::now(), Utc::now() + TimeDelta::hours(1));
        let bad = [
            ("reference", json!("")),
            ("reference", json!("  ")),
            ("reference", json!("a\u{7}b")),
            ("reference", json!("x".repeat(201))),
            ("max_active_sessions", json!(1_000_001)),
            ("admissions_per_minute", json!(0)),
            ("admissions_per_minute", json!(4_000_000_000_u32)),
            ("session_ttl_seconds", json!(0)),
            ("session_ttl_seconds", json!(86_401)),
            ("ticket_ttl_seconds", json!(0)),
            ("ticket_ttl_seconds", json!(u32::MAX)),
            ("openings", json!([])),
            ("openings", json!([{"opens_at": "1970-01-01T00:00:00Z"}])),
            ("openings", json!([{"opens_at": "9999-12-31T23:59:59Z"}])),
            ("openings", json!([{"opens_at": soon, "closes_at": soon}])),
            ("openings", json!([{"opens_at": soon}, {"opens_at": later}])),
            (
                "openings",
                json!([{"opens_at": soon, "closes_at": later}, {"opens_at": soon}]),
            ),
            ("openings", json!(vec![json!({"opens_at": soon}); 51])),
        ];
        for (field, value) in bad {
            let mut body = good.clone();
            body[field] = value;
            let answer = room.as_tenant(Method::POST, "/queues", Some(body)).await;
            assert_eq!(answer.is_problem(422, "queue-setting-invalid")["field"], field);
        }
        for (field, value) in [
            ("mode", json!("OPERATOR")),
            ("openings", json!([{"opens_at": "soon"}])),
            ("openings", json!([{"opens_at": soon, "shuts_at": later}])),
            ("reference", Value::Null),
        ] {
            let mut body = good.clone();
            body[field] = value;
            room.as_tenant(Method::POST, "/queues", Some(body))
                .await
                .is_problem(400, "invalid-request");
        }

        let queue = room.open_queue(Room::queue_with(3)).await;
        let path = format!("/queues/{}", queue.id);
        for change in [
            json!({ "max_active_sessions": u32::MAX }),
            json!({ "admissions_per_minute": 0 }),
            json!({ "openings": [] }),
        ] {
            let answer = room.as_tenant(Method::PATCH, &path, Some(change)).await;
            answer.is_problem(422, "queue-setting-invalid");
        }
        assert_eq!(room.as_tenant(Method::GET, &path, None).await.body, json!(queue));
    });
}

#[test]
fn queues_of_nobody() {
    room(|room| async move {
        let nobody = Uuid::nil();
        let stock = json!({ "stock_free": 1, "stock_held": 0, "stock_paying": 0 });
        let by_grant = json!({ "grant": room.grant(nobody, nobody) });
        let unknown = [
            (Method::GET, String::new(), None),
            (Method::PATCH, String::new(), Some(json!({}))),
            (Method::POST, "/pause".to_owned(), None),
            (Method::POST, "/resume".to_owned(), None),
            (Method::POST, "/close".to_owned(), None),
            (Method::GET, "/stats".to_owned(), None),
            (Method::POST, "/origin-health".to_owned(), Some(stock)),
            (
                Method::POST,
                "/tickets".to_owned(),
                Some(json!({ "user_id": nobody })),
            ),
            (Method::POST, "/tickets".to_owned(), Some(by_grant)),
        ];
        for (method, action, body) in unknown {
            let path = format!("/queues/{nobody}{action}");
            room.as_tenant(method, &path, body)
                .await
                .is_problem(404, "no-such-queue");
        }
        room.access(nobody, nobody).await.is_problem(404, "no-such-queue");
    });
}

#[test]
fn tickets_of_nobody_and_addresses_of_nothing() {
    room(|room| async move {
        let queue = room.open_queue(Room::queue_with(3)).await.id;
        // A ticket of a known queue that the line never saw.
        let mut bytes = room.join(queue).await.ticket.into_bytes();
        bytes[7] ^= 1;
        for ticket in [Uuid::nil(), Uuid::max(), Uuid::from_bytes(bytes)] {
            for ending in ["complete", "abandon"] {
                let answer = room.post(format!("/sessions/{ticket}/{ending}")).await;
                answer.is_problem(404, "no-such-ticket");
            }
        }
        for (method, path) in [
            (Method::GET, "/queues/not-an-id"),
            (Method::POST, "/queues/not-an-id/tickets"),
            (Method::POST, "/sessions/not-an-id/complete"),
            (Method::GET, "/nowhere"),
            (Method::PUT, "/nowhere"),
            (Method::GET, "/tickets/"),
        ] {
            room.as_tenant(method, path, Some(json!({})))
                .await
                .is_problem(404, "no-such-route");
        }
    });
}

#[test]
fn methods_that_an_address_does_not_take() {
    room(|room| async move {
        let api = serde_json::to_value(waiting_room::openapi()).unwrap();
        for (path, item) in api["paths"].as_object().unwrap() {
            let address = path
                .replace("{queue_id}", &Uuid::nil().to_string())
                .replace("{ticket_id}", &Uuid::nil().to_string());
            for method in [
                Method::GET,
                Method::POST,
                Method::PUT,
                Method::PATCH,
                Method::DELETE,
            ] {
                if item.get(method.as_str().to_lowercase()).is_none() {
                    room.as_tenant(method, &address, Some(json!({})))
                        .await
                        .is_problem(405, "method-not-allowed");
                }
            }
        }
        for path in ["/docs/", "/openapi.json", "/%71ueues"] {
            room.as_tenant(Method::DELETE, path, None)
                .await
                .is_problem(405, "method-not-allowed");
        }
    });
}

#[test]
fn queries_and_tokens_that_are_wrong() {
    room(|room| async move {
        let queue = room.open_queue(Room::queue_with(0)).await.id;
        let fan = room.join(queue).await;
        let other = room.join(queue).await;
        for query in [
            "",
            "?queue_id=x&user_id=y",
            "?queue_id=",
            &format!("?queue_id={queue}"),
            &format!("?queue_id={queue}&user_id={}&more=1", fan.user),
        ] {
            let answer = room
                .as_tenant(Method::GET, &format!("/access{query}"), None)
                .await;
            answer.is_problem(400, "invalid-request");
        }
        let path = format!("/tickets/{}", fan.ticket);
        let service = room.service_token();
        for method in [Method::GET, Method::DELETE] {
            for token in [None, Some(""), Some("x.y.z"), Some(service.as_str())] {
                room.call(method.clone(), &path, token, None)
                    .await
                    .is_problem(401, "ticket-token-invalid");
            }
            for path in [&path, &format!("/tickets/{}", Uuid::nil())] {
                room.call(method.clone(), path, Some(other.token.as_str()), None)
                    .await
                    .is_problem(404, "no-such-ticket");
            }
        }
        let tickets = format!("/queues/{queue}/tickets");
        for body in [
            json!({}),
            json!({ "grant": room.grant(queue, fan.user), "user_id": fan.user }),
        ] {
            room.as_tenant(Method::POST, &tickets, Some(body))
                .await
                .is_problem(400, "invalid-request");
        }
        let body = json!({ "user_id": fan.user });
        room.call(Method::POST, &tickets, None, Some(body))
            .await
            .is_problem(401, "service-token-invalid");
        assert_eq!(room.stats(queue).await.waiting, 2);
    });
}

#[test]
fn every_route_is_documented_and_the_document_can_be_browsed() {
    room(|room| async move {
        let api = room.call(Method::GET, "/openapi.json", None, None).await.body;
        let mut documented: Vec<String> = Vec::new();
        for (path, item) in api["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys() {
                documented.push(format!("{} {path}", method.to_uppercase()));
            }
        }
        documented.sort_unstable();
        assert_eq!(
            documented,
            [
                "DELETE /tickets/{ticket_id}",
                "GET /.well-known/jwks.json",
                "GET /access",
                "GET /healthz",
                "GET /queues/{queue_id}",
                "GET /queues/{queue_id}/stats",
                "GET /tickets/{ticket_id}",
                "PATCH /queues/{queue_id}",
                "POST /queues",
                "POST /queues/{queue_id}/close",
                "POST /queues/{queue_id}/origin-health",
                "POST /queues/{queue_id}/pause",
                "POST /queues/{queue_id}/resume",
                "POST /queues/{queue_id}/tickets",
                "POST /sessions/{ticket_id}/abandon",
                "POST /sessions/{ticket_id}/complete",
            ]
        );
        assert_eq!(api, serde_json::to_value(waiting_room::openapi()).unwrap());
        let page = room.call(Method::GET, "/docs", None, None).await;
        assert!(page.body.as_str().unwrap().contains("swagger-ui"));
        assert_eq!(room.call(Method::GET, "/healthz", None, None).await.status, 200);
    });
}
