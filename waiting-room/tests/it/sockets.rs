//! Sockets.

use contracts::room::{RoomEvent, TicketState};
use futures_util::SinkExt;
use serde_json::json;
use tokio_tungstenite::tungstenite::{self, Message};
use uuid::Uuid;

use crate::harness::{Answer, Fan, Room, close_code, frame, room};

#[track_caller]
fn refused_with(outcome: Result<crate::harness::Socket, tungstenite::Error>, status: u16, code: &str) {
    let Err(tungstenite::Error::Http(response)) = outcome else {
        panic!("expected a refusal, got {outcome:?}")
    };
    let body: serde_json::Value = serde_json::from_slice(response.body().as_deref().unwrap()).unwrap();
    assert_eq!(
        (response.status().as_u16(), body["code"].as_str()),
        (status, Some(code))
    );
    assert_eq!(response.headers()["content-type"], "application/problem+json");
}

#[test]
fn a_fan_hears_the_state_then_places_then_the_admission_then_the_end() {
    room(|room| async move {
        let queue = room.open_queue(Room::queue_with(1)).await.id;
        let first = room.join(queue).await;
        room.until_state(&first, "ADMITTED").await;
        let second = room.join(queue).await;
        let third = room.join(queue).await;
        let mut socket = room.connect(&third).await;

        let state = frame(&mut socket).await;
        let RoomEvent::State { ticket } = state.event else {
            panic!("{state:?}")
        };
        assert_eq!(
            (ticket.state, ticket.position, ticket.queue_size),
            (TicketState::Waiting, Some(2), 2)
        );

        room.post(format!("/sessions/{}/complete", first.ticket)).await;
        let moved = frame(&mut socket).await;
        assert!(moved.v > state.v);
        let RoomEvent::PositionChanged {
            position, queue_size, ..
        } = moved.event
        else {
            panic!("{moved:?}")
        };
        assert_eq!((position, queue_size), (1, 1));

        room.post(format!("/sessions/{}/abandon", second.ticket)).await;
        let admitted = frame(&mut socket).await;
        let RoomEvent::Admitted {
            session_expires_at,
            pass,
        } = admitted.event
        else {
            panic!("{admitted:?}")
        };
        let access = room.access(queue, third.user).await.body;
        assert_eq!(access["pass"], pass);
        assert_eq!(access["sessionExpiresAt"], json!(session_expires_at));

        room.post(format!("/sessions/{}/complete", third.ticket)).await;
        assert_eq!(frame(&mut socket).await.event, RoomEvent::Completed);
        assert_eq!(close_code(&mut socket).await, 1000);
    });
}

#[test]
fn the_token_may_come_as_subprotocol_in_the_first_frame_or_in_the_address() {
    room(|room| async move {
        let queue = room.open_queue(Room::queue_with(0)).await.id;
        let fan = room.join(queue).await;

        let mut by_protocol = room.connect(&fan).await;
        assert!(matches!(
            frame(&mut by_protocol).await.event,
            RoomEvent::State { .. }
        ));

        let mut by_frame = room.try_connect(fan.ticket, "tribina.v1").await.unwrap();
        let hello = json!({ "type": "authenticate", "token": fan.token }).to_string();
        by_frame.send(Message::text(hello)).await.unwrap();
        assert!(matches!(
            frame(&mut by_frame).await.event,
            RoomEvent::State { .. }
        ));

        let address = format!("{}/tickets/{}/ws?token={}", room.sockets, fan.ticket, fan.token);
        let (mut by_address, _) = tokio_tungstenite::connect_async(address).await.unwrap();
        assert!(matches!(
            frame(&mut by_address).await.event,
            RoomEvent::State { .. }
        ));
    });
}

#[test]
fn a_wrong_token_opens_no_socket() {
    room(|room| async move {
        let queue = room.open_queue(Room::queue_with(0)).await.id;
        let fan = room.join(queue).await;
        let other = room.join(queue).await;
        let offer = |fan: &Fan| format!("tribina.v1, {}", fan.token);

        refused_with(
            room.try_connect(fan.ticket, &offer(&other)).await,
            404,
            "no-such-ticket",
        );
        refused_with(
            room.try_connect(fan.ticket, "tribina.v1, x.y.z").await,
            401,
            "ticket-token-invalid",
        );
        refused_with(
            room.try_connect(Uuid::nil(), &offer(&fan)).await,
            404,
            "no-such-ticket",
        );
        let elsewhere = tokio_tungstenite::connect_async(format!("{}/nowhere", room.sockets)).await;
        refused_with(elsewhere.map(|(socket, _)| socket), 404, "no-such-route");

        for hello in [
            json!({ "type": "authenticate", "token": other.token }).to_string(),
            "{".to_owned(),
        ] {
            let mut socket = room.try_connect(fan.ticket, "tribina.v1").await.unwrap();
            socket.send(Message::text(hello)).await.unwrap();
            assert_eq!(close_code(&mut socket).await, 4401);
        }
    });
}

#[test]
fn a_plain_request_is_told_that_only_sockets_are_taken() {
    room(|room| async move {
        let fan = room.join(room.open_queue(Room::queue_with(0)).await.id).await;
        let sockets = room.sockets.replace("ws://", "http://");
        let address = format!("{sockets}/tickets/{}/ws", fan.ticket);
        let half_asked = room.http.get(&address).header("connection", "upgrade");
        for request in [
            room.http.get(&address),
            room.http.get(&sockets),
            room.http.delete(&address),
            room.http.post(&address).body("x".repeat(40_000)),
            half_asked.header("upgrade", "h2c"),
        ] {
            let response = request.send().await.unwrap();
            let headers = response.headers().clone();
            let answer = Answer::read(response).await;
            assert_eq!(
                (
                    answer.status,
                    answer.body["code"].as_str(),
                    answer.content_type.as_str()
                ),
                (426, Some("upgrade-required"), "application/problem+json"),
                "{}",
                answer.body
            );
            assert_eq!(
                (&headers["upgrade"], &headers["sec-websocket-version"]),
                (&"websocket".parse().unwrap(), &"13".parse().unwrap())
            );
        }
        // Who asks properly is still served.
        room.connect(&fan).await;
    });
}

#[test]
fn everybody_who_waits_hears_of_a_pause_and_of_the_closing() {
    room(|room| async move {
        let queue = room.open_queue(Room::queue_with(1)).await.id;
        let buyer = room.join(queue).await;
        room.until_state(&buyer, "ADMITTED").await;
        let waiting = room.join(queue).await;
        let mut buyers = room.connect(&buyer).await;
        let mut waiters = room.connect(&waiting).await;
        assert!(matches!(frame(&mut buyers).await.event, RoomEvent::State { .. }));
        assert!(matches!(frame(&mut waiters).await.event, RoomEvent::State { .. }));

        room.post(format!("/queues/{queue}/pause")).await;
        assert_eq!(frame(&mut waiters).await.event, RoomEvent::QueuePaused);
        // Who comes while it is paused hears so, too.
        let mut latecomer = room.connect(&waiting).await;
        assert!(matches!(
            frame(&mut latecomer).await.event,
            RoomEvent::State { .. }
        ));
        assert_eq!(frame(&mut latecomer).await.event, RoomEvent::QueuePaused);
        room.post(format!("/queues/{queue}/resume")).await;
        assert!(matches!(frame(&mut waiters).await.event, RoomEvent::State { .. }));

        room.report_stock(queue, [0, 0, 0]).await;
        let closed = frame(&mut waiters).await;
        assert_eq!(
            closed.event,
            RoomEvent::QueueClosed {
                reason: "SOLD_OUT".to_owned()
            }
        );
        assert_eq!(close_code(&mut waiters).await, 1000);

        // The buyer hears nothing of it, only of the end of the own session.
        room.post(format!("/sessions/{}/abandon", buyer.ticket)).await;
        assert_eq!(frame(&mut buyers).await.event, RoomEvent::Cancelled);
    });
}

#[test]
fn a_closed_socket_changes_nothing() {
    room(|room| async move {
        let queue = room.open_queue(Room::queue_with(0)).await.id;
        let fan = room.join(queue).await;
        let behind = room.join(queue).await;
        for _ in 0..3 {
            let mut socket = room.connect(&fan).await;
            let state = frame(&mut socket).await;
            let RoomEvent::State { ticket } = state.event else {
                panic!("{state:?}")
            };
            assert_eq!(ticket.position, Some(1));
            drop(socket);
        }
        room.until_position(&behind, 2).await;
        assert_eq!(room.stats(queue).await.waiting, 2);
    });
}

#[test]
fn a_session_that_runs_out_is_told() {
    room(|room| async move {
        let mut queue = Room::queue_with(1);
        queue.session_ttl_seconds = 1;
        let queue = room.open_queue(queue).await.id;
        let fan = room.join(queue).await;
        let mut socket = room.connect(&fan).await;
        loop {
            match frame(&mut socket).await.event {
                RoomEvent::State { .. } | RoomEvent::Admitted { .. } => {}
                RoomEvent::SessionExpired => break,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(close_code(&mut socket).await, 1000);
    });
}
