//! Openings of a queue: each is a line of its own, and who still waits when one ends is told so.

use chrono::{DateTime, TimeDelta, Utc};
use contracts::room::{ExpiryReason, Opening, RoomEvent};
use fred::prelude::{ClientLike, HashesInterface};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Answer, Fan, Room, claims, close_code, eventually, frame, room};
use crate::nodes::{lose_line, redis, until_logged};

fn opening(from: DateTime<Utc>, to: Option<DateTime<Utc>>) -> Opening {
    Opening {
        opens_at: from,
        closes_at: to,
    }
}

fn ms(milliseconds: i64) -> TimeDelta {
    TimeDelta::milliseconds(milliseconds)
}

async fn queue_with(room: &Room, cap: u32, openings: &[Opening]) -> Uuid {
    let mut queue = Room::queue_with(cap);
    queue.openings = openings.to_vec();
    room.open_queue(queue).await.id
}

async fn set_openings(room: &Room, queue: Uuid, openings: &[Opening]) {
    let change = json!({ "openings": openings });
    let path = format!("/queues/{queue}");
    let changed = room.as_tenant(Method::PATCH, &path, Some(change)).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
}

/// Waits until the fan is dropped, and shows that fan and tenant hear why.
async fn until_dropped(room: &Room, queue: Uuid, fan: &Fan, reason: &str) {
    assert_eq!(room.until_state(fan, "EXPIRED").await["reason"], reason);
    let access = room.access(queue, fan.user).await;
    let over = access.is_problem(410, "session-over");
    assert_eq!(
        (&over["reason"], &over["expired_because"]),
        (&json!("EXPIRED"), &json!(reason))
    );
}

/// Waits until the queue takes joins.
async fn until_joined(room: &Room, queue: Uuid, user: Uuid) -> Value {
    eventually("the opening", || async {
        Some(room.try_join(queue, user).await).filter(|answer| answer.status == 201)
    })
    .await
    .body
}

#[track_caller]
fn opens_at(early: &Answer) -> i64 {
    let told = early.is_problem(409, "queue-not-open-yet")["opens_at"]
        .as_str()
        .unwrap();
    told.parse::<DateTime<Utc>>().unwrap().timestamp_millis()
}

#[test]
fn who_waits_when_an_opening_ends_is_dropped_and_joins_the_next_like_everybody_else() {
    room(|room| async move {
        let now = Utc::now();
        let (ends_at, goes_on_at) = (now + ms(1_500), now + ms(3_500));
        let queue = queue_with(
            &room,
            0,
            &[opening(now - ms(1_000), Some(ends_at)), opening(goes_on_at, None)],
        )
        .await;
        let loyal = room.join(queue).await;
        room.until_position(&loyal, 1).await;
        assert_eq!(room.ticket(&loyal).await.get("reason"), None);

        until_dropped(&room, queue, &loyal, "OPENING_ENDED").await;
        assert!(Utc::now() >= ends_at);
        let between = room.try_join(queue, loyal.user).await;
        assert_eq!(opens_at(&between), goes_on_at.timestamp_millis());
        assert_eq!(room.stats(queue).await.holding.as_deref(), Some("NOT_OPEN_YET"));

        let again = until_joined(&room, queue, loyal.user).await;
        assert!(Utc::now() >= goes_on_at);
        assert_ne!(again["ticket_id"], loyal.ticket.to_string());
        assert_eq!((&again["position"], &again["queue_size"]), (&json!(1), &json!(1)));
    });
}

#[test]
fn when_no_opening_is_left_nobody_joins_until_there_is_another_one() {
    room(|room| async move {
        let (now, hour) = (Utc::now(), TimeDelta::hours(1));
        let mut over = opening(now - hour, None);
        let queue = queue_with(&room, 0, &[over]).await;
        let waited = room.join(queue).await;
        over.closes_at = Some(Utc::now());
        set_openings(&room, queue, &[over]).await;
        until_dropped(&room, queue, &waited, "OPENING_ENDED").await;
        let refused = room.try_join(queue, waited.user).await;
        assert_eq!(refused.is_problem(409, "queue-closed")["reason"], "OPENING_ENDED");

        set_openings(&room, queue, &[over, opening(Utc::now(), None)]).await;
        let newcomer = room.join(queue).await;
        room.until_position(&newcomer, 1).await;
        until_dropped(&room, queue, &waited, "OPENING_ENDED").await;
        assert_eq!(room.join_as(queue, waited.user).await.joined["position"], 2);
    });
}

#[test]
fn an_end_that_is_moved_later_keeps_everybody_at_their_places() {
    room(|room| async move {
        let from = Utc::now() - ms(1_000);
        let end = Utc::now() + ms(2_500);
        let queue = queue_with(&room, 0, &[opening(from, Some(end))]).await;
        let fans = [
            room.join(queue).await,
            room.join(queue).await,
            room.join(queue).await,
        ];
        set_openings(&room, queue, &[opening(from, Some(end + TimeDelta::hours(1)))]).await;

        eventually("the old end", || async {
            (Utc::now() > end + ms(300)).then_some(())
        })
        .await;
        for (fan, place) in fans.iter().zip(1..) {
            let shown = room.ticket(fan).await;
            assert_eq!(
                (&shown["state"], &shown["position"]),
                (&json!("WAITING"), &json!(place))
            );
        }
    });
}

#[test]
fn an_end_that_is_moved_into_the_past_drops_who_waits_and_moving_it_back_brings_nobody_back() {
    room(|room| async move {
        let from = Utc::now() - ms(1_000);
        let queue = queue_with(&room, 0, &[opening(from, None)]).await;
        let fan = room.join(queue).await;
        set_openings(&room, queue, &[opening(from, Some(Utc::now()))]).await;
        set_openings(&room, queue, &[opening(from, None)]).await;

        until_dropped(&room, queue, &fan, "OPENING_ENDED").await;
        let again = room.join_as(queue, fan.user).await;
        assert_ne!(again.ticket, fan.ticket);
        assert_eq!(again.joined["position"], 1);
        until_dropped_ticket(&room, &fan, "OPENING_ENDED").await;
    });
}

/// Whatever the fan has by now, that ticket was dropped.
async fn until_dropped_ticket(room: &Room, fan: &Fan, reason: &str) {
    assert_eq!(room.until_state(fan, "EXPIRED").await["reason"], reason);
}

#[test]
fn a_beginning_that_is_moved_while_fans_wait_makes_another_opening() {
    room(|room| async move {
        let queue = queue_with(&room, 0, &[opening(Utc::now() - ms(1_000), None)]).await;
        let fan = room.join(queue).await;
        let later = Utc::now() + TimeDelta::hours(1);
        set_openings(&room, queue, &[opening(later, None)]).await;

        until_dropped(&room, queue, &fan, "OPENING_ENDED").await;
        let early = room.try_join(queue, fan.user).await;
        assert_eq!(opens_at(&early), later.timestamp_millis());
    });
}

#[test]
fn nobody_of_an_ended_opening_is_admitted_into_the_next_even_if_a_slot_is_free_at_that_moment() {
    room(|room| async move {
        let from = Utc::now() - ms(1_000);
        let mut queue = Room::queue_with(1);
        queue.openings = vec![opening(from, None)];
        queue.session_ttl_seconds = 3;
        let queue = room.open_queue(queue).await.id;
        let buyer = room.join(queue).await;
        let session = room.until_state(&buyer, "ADMITTED").await;
        let mut waiting = Vec::new();
        for _ in 0..10 {
            waiting.push(room.join(queue).await);
        }
        // The slot is free in the very millisecond in which the next opening follows this one.
        let end: DateTime<Utc> = session["session_expires_at"].as_str().unwrap().parse().unwrap();
        set_openings(&room, queue, &[opening(from, Some(end)), opening(end, None)]).await;

        let newcomer = eventually("the next opening", || async {
            let joined = room.join_as(queue, buyer.user).await;
            (joined.ticket != buyer.ticket).then_some(joined)
        })
        .await;
        room.until_state(&newcomer, "ADMITTED").await;
        for fan in &waiting {
            until_dropped(&room, queue, fan, "OPENING_ENDED").await;
        }
        assert_eq!(room.stats(queue).await.admitted_total, 2);
    });
}

#[test]
fn a_session_lives_on_after_its_opening_until_its_own_end_and_takes_a_slot_of_the_next() {
    room(|room| async move {
        let from = Utc::now() - ms(1_000);
        let mut queue = Room::queue_with(1);
        queue.openings = vec![opening(from, None)];
        queue.session_ttl_seconds = 5;
        let queue = room.open_queue(queue).await.id;
        let buyer = room.join(queue).await;
        let session = room.until_state(&buyer, "ADMITTED").await;
        let end = Utc::now();
        set_openings(&room, queue, &[opening(from, Some(end)), opening(end, None)]).await;

        let newcomer = room.join(queue).await;
        room.until_position(&newcomer, 1).await;
        let access = room.access(queue, buyer.user).await;
        assert_eq!(access.status, 200, "{}", access.body);
        assert_eq!(access.body["sessionExpiresAt"], session["session_expires_at"]);
        assert_eq!(room.ticket(&newcomer).await["state"], "WAITING");

        room.until_state(&buyer, "SESSION_EXPIRED").await;
        let over: DateTime<Utc> = session["session_expires_at"].as_str().unwrap().parse().unwrap();
        assert!(Utc::now() >= over);
        room.until_state(&newcomer, "ADMITTED").await;
    });
}

#[test]
fn a_line_that_the_store_lost_is_founded_anew_in_the_opening_that_is_on() {
    room(|room| async move {
        let (now, hour) = (Utc::now(), TimeDelta::hours(1));
        let openings = [
            opening(now - hour, Some(now + hour)),
            opening(now + hour * 2, None),
        ];
        let queue = queue_with(&room, 0, &openings).await;
        let user = room.join(queue).await.user;
        until_logged(&room, 1).await;
        lose_line(&room, queue).await;

        let again = room.join_as(queue, user).await;
        assert_eq!(claims(&again.token)["sequence"], 10_002);
        room.until_position(&again, 1).await;

        let ended = opening(openings[0].opens_at, Some(Utc::now()));
        set_openings(&room, queue, &[ended, openings[1]]).await;
        until_dropped(&room, queue, &again, "OPENING_ENDED").await;
        lose_line(&room, queue).await;
        let between = room.try_join(queue, user).await;
        assert_eq!(opens_at(&between), openings[1].opens_at.timestamp_millis());
    });
}

#[test]
fn two_nodes_tell_the_same_of_an_opening_that_ended_at_once_and_later() {
    room(|room| async move {
        let from = Utc::now() - ms(1_000);
        let queue = queue_with(&room, 0, &[opening(from, None)]).await;
        let fan = room.join(queue).await;
        let node = room.another_node().await;
        let beside = Room::beside(&room, &node);
        let mut sockets = [room.connect(&fan).await, beside.connect(&fan).await];
        for socket in &mut sockets {
            frame(socket).await;
        }

        set_openings(&beside, queue, &[opening(from, Some(Utc::now()))]).await;
        for socket in &mut sockets {
            let reason = Some(ExpiryReason::OpeningEnded);
            let mut told = frame(socket).await.event;
            // A node that has just come may tell the state again, once it knows the line.
            while let RoomEvent::State { .. } = told {
                told = frame(socket).await.event;
            }
            assert_eq!(told, RoomEvent::Expired { reason });
            assert_eq!(close_code(socket).await, 1000);
        }
        for room in [&*room, &beside] {
            until_dropped(room, queue, &fan, "OPENING_ENDED").await;
            let mut late = room.connect(&fan).await;
            let RoomEvent::State { ticket } = frame(&mut late).await.event else {
                panic!("the state comes first")
            };
            assert_eq!(ticket.reason, Some(ExpiryReason::OpeningEnded));
        }
        node.stop().await;
    });
}

#[test]
fn why_a_fan_was_dropped_stays_so_whatever_ends_later() {
    room(|room| async move {
        let from = Utc::now() - ms(1_000);
        let mut queue = Room::queue_with(0);
        queue.openings = vec![opening(from, None)];
        queue.ticket_ttl_seconds = 1;
        let queue = room.open_queue(queue).await.id;
        let silent = room.join(queue).await;
        room.until_stats(queue, "the silent one dropped", |stats| stats.waiting == 0)
            .await;
        let ended = room.join(queue).await;
        set_openings(
            &room,
            queue,
            &[opening(from, Some(Utc::now())), opening(Utc::now(), None)],
        )
        .await;
        until_dropped(&room, queue, &ended, "OPENING_ENDED").await;
        let closed = room.join(queue).await;
        room.post(format!("/queues/{queue}/close")).await;
        set_openings(&room, queue, &[opening(from, Some(Utc::now()))]).await;

        until_dropped(&room, queue, &silent, "SILENT").await;
        until_dropped(&room, queue, &ended, "OPENING_ENDED").await;
        until_dropped(&room, queue, &closed, "QUEUE_CLOSED").await;
    });
}

#[test]
fn a_ticket_that_an_earlier_version_dropped_is_shown_without_a_reason() {
    room(|room| async move {
        let queue = room.open_queue(Room::queue_with(0)).await.id;
        let fan = room.join(queue).await;
        let path = format!("/tickets/{}", fan.ticket);
        room.call(Method::DELETE, &path, Some(&fan.token), None).await;
        room.until_state(&fan, "CANCELLED").await;
        let redis = redis(&room).await;
        let record = format!("EXPIRED|1|{}|0|1", fan.user);
        let () = redis
            .hset(
                format!("tribina:line:{{{queue}}}:tickets"),
                (fan.ticket.to_string(), record),
            )
            .await
            .unwrap();
        redis.quit().await.unwrap();

        let shown = room.ticket(&fan).await;
        assert_eq!((&shown["state"], shown.get("reason")), (&json!("EXPIRED"), None));
        let access = room.access(queue, fan.user).await;
        let over = access.is_problem(410, "session-over");
        assert_eq!(
            (&over["reason"], over.get("expired_because")),
            (&json!("EXPIRED"), None)
        );
    });
}
