//! Joining, looking and leaving.

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use crate::harness::{Room, claims, eventually, room};

#[test]
fn the_same_fan_has_the_same_ticket() {
    room(|room| async move {
        let queue = room.open_queue(Room::queue_with(0)).await;
        let first = room.try_join(queue.id, Uuid::nil()).await;
        let second = room.try_join(queue.id, Uuid::nil()).await;
        let by_server = json!({ "user_id": Uuid::nil() });
        let path = format!("/queues/{}/tickets", queue.id);
        let third = room.as_tenant(Method::POST, &path, Some(by_server)).await;

        assert_eq!([first.status, second.status, third.status], [201, 200, 200]);
        assert_eq!(first.body["ticket_id"], second.body["ticket_id"]);
        assert_eq!(first.body["ticket_id"], third.body["ticket_id"]);
        assert_eq!(first.body["position"], 1);
        let ws_url = format!(
            "ws://sockets.room.test/tickets/{}/ws",
            first.body["ticket_id"].as_str().unwrap()
        );
        assert_eq!(first.body["ws_url"], ws_url);
        assert_eq!(room.stats(queue.id).await.joined_total, 1);
    });
}

#[test]
fn a_herd_of_the_same_fan_and_of_many_gets_one_number_each() {
    room(|room| async move {
        let queue = room.open_queue(Room::queue_with(0)).await.id;
        let mut joins = tokio::task::JoinSet::new();
        for fan in 0..240_u128 {
            let room = room.clone();
            joins.spawn(async move { room.join_as(queue, Uuid::from_u128(fan % 80)).await });
        }
        let fans = joins.join_all().await;

        let mut numbers: Vec<u64> = fans
            .iter()
            .map(|fan| claims(&fan.token)["sequence"].as_u64().unwrap())
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers, (1..=80).collect::<Vec<u64>>());

        for fan in &fans {
            let sequence = claims(&fan.token)["sequence"].as_u64().unwrap();
            room.until_position(fan, sequence).await;
        }
    });
}

#[test]
fn a_grant_for_a_later_line_opens_nothing_before() {
    room(|room| async move {
        let queue = room.open_queue(Room::queue_with(0)).await.id;
        let (user, now) = (Uuid::now_v7(), Utc::now());
        let join = async |nbf: DateTime<Utc>| {
            let grant = room.grant_from(queue, user, (now, Some(nbf.timestamp())));
            let (path, body) = (format!("/queues/{queue}/tickets"), json!({ "grant": grant }));
            room.call(Method::POST, &path, None, Some(body)).await
        };

        let later = now + TimeDelta::minutes(5);
        let early = join(later).await;
        let told = early.is_problem(409, "queue-not-open-yet")["opens_at"]
            .as_str()
            .unwrap();
        let told: DateTime<Utc> = told.parse().unwrap();
        assert_eq!(told.timestamp(), later.timestamp());
        assert_eq!(join(now).await.status, 201);
    });
}

#[test]
fn who_comes_too_early_is_told_when_and_burns_no_number() {
    room(|room| async move {
        let opens_at = Utc::now() + TimeDelta::milliseconds(1_200);
        let mut queue = Room::queue_with(0);
        queue.openings[0].opens_at = opens_at;
        let queue = room.open_queue(queue).await.id;
        let user = Uuid::now_v7();

        let early = room.try_join(queue, user).await;
        let told = early.is_problem(409, "queue-not-open-yet")["opens_at"]
            .as_str()
            .unwrap();
        let told: DateTime<Utc> = told.parse().unwrap();
        assert_eq!(told.timestamp_millis(), opens_at.timestamp_millis());
        assert_eq!(room.stats(queue).await.holding.as_deref(), Some("NOT_OPEN_YET"));

        let joined = eventually("the opening", || async {
            Some(room.try_join(queue, user).await).filter(|answer| answer.status == 201)
        })
        .await;
        assert!(Utc::now() >= opens_at);
        assert_eq!(
            claims(joined.body["ticket_token"].as_str().unwrap())["sequence"],
            1
        );
    });
}

#[test]
fn a_grant_opens_its_own_queue_for_its_own_time_only() {
    room(|room| async move {
        let queue = room.open_queue(Room::queue_with(0)).await.id;
        let other = room.open_queue(Room::queue_with(0)).await.id;
        let join = |grant: String| {
            let room = &room;
            async move {
                let path = format!("/queues/{queue}/tickets");
                room.call(Method::POST, &path, None, Some(json!({ "grant": grant })))
                    .await
            }
        };
        let user = Uuid::now_v7();

        join(room.grant(other, user))
            .await
            .is_problem(401, "join-grant-invalid");
        let long_ago = Utc::now() - TimeDelta::hours(1);
        join(room.grant_at(queue, user, long_ago))
            .await
            .is_problem(401, "join-grant-expired");
        join(room.service_token())
            .await
            .is_problem(401, "join-grant-invalid");
        join("no.grant.at-all".to_owned())
            .await
            .is_problem(401, "join-grant-invalid");
        let mut forged = room.grant(queue, user);
        forged.truncate(forged.len() - 8);
        forged.push_str("AAAAAAAA");
        join(forged).await.is_problem(401, "join-grant-invalid");

        let stats = room.stats(queue).await;
        assert_eq!((stats.joined_total, stats.waiting), (0, 0));
    });
}

#[test]
fn who_leaves_brings_forward_only_those_behind() {
    room(|room| async move {
        let queue = room.open_queue(Room::queue_with(1)).await.id;
        let buyer = room.join(queue).await;
        room.until_state(&buyer, "ADMITTED").await;
        let [ahead, leaver, behind] = [
            room.join(queue).await,
            room.join(queue).await,
            room.join(queue).await,
        ];
        room.until_position(&behind, 3).await;

        for _ in 0..2 {
            let path = format!("/tickets/{}", leaver.ticket);
            assert_eq!(
                room.call(Method::DELETE, &path, Some(&leaver.token), None)
                    .await
                    .status,
                204
            );
        }

        room.until_state(&leaver, "CANCELLED").await;
        room.until_position(&behind, 2).await;
        room.until_position(&ahead, 1).await;
        let stats = room.stats(queue).await;
        assert_eq!(
            (stats.waiting, stats.active_sessions, stats.admitted_total),
            (2, 1, 1)
        );
        room.access(queue, leaver.user)
            .await
            .is_problem(410, "session-over");
        assert_eq!(room.access(queue, buyer.user).await.status, 200);

        let again = room.join_as(queue, leaver.user).await;
        assert_ne!(again.ticket, leaver.ticket);
        assert_eq!(again.joined["position"], 3);
    });
}

#[test]
fn a_silent_fan_loses_the_place_and_a_connected_one_does_not() {
    room(|room| async move {
        let mut queue = Room::queue_with(0);
        queue.ticket_ttl_seconds = 1;
        let queue = room.open_queue(queue).await.id;
        let connected = room.join(queue).await;
        let silent = room.join(queue).await;
        let _socket = room.connect(&connected).await;

        room.until_stats(queue, "the silent one dropped", |stats| stats.waiting == 1)
            .await;
        room.access(queue, silent.user)
            .await
            .is_problem(410, "session-over");
        // Three times the TTL after joining, the connected one still stands there.
        let joined = Utc::now();
        eventually("three seconds", || async {
            (Utc::now() - joined > TimeDelta::seconds(2)).then_some(())
        })
        .await;
        assert_eq!(room.ticket(&connected).await["position"], 1);
    });
}

#[test]
fn a_place_never_goes_up_however_it_is_asked_for() {
    room(|room| async move {
        let queue = room.open_queue(Room::queue_with(0)).await.id;
        for _ in 0..120 {
            room.join(queue).await;
        }
        let fan = room.join(queue).await;
        let ahead = room.clone();
        let admitting = tokio::spawn(async move {
            for cap in 1..=120 {
                let change = json!({ "max_active_sessions": cap });
                ahead
                    .as_tenant(Method::PATCH, &format!("/queues/{queue}"), Some(change))
                    .await;
            }
        });

        let mut told = vec![("joined", fan.joined["position"].as_u64().unwrap())];
        while told.last().is_some_and(|(_, place)| *place > 1) {
            let rejoined = room.join_as(queue, fan.user).await.joined;
            told.push(("rejoined", rejoined["position"].as_u64().unwrap()));
            let read = room.ticket(&fan).await;
            told.push(("read", read["position"].as_u64().unwrap()));
            let access = room.access(queue, fan.user).await;
            let refused = access.is_problem(403, "still-waiting");
            told.push(("access", refused["position"].as_u64().unwrap()));
            told.push(("read", room.ticket(&fan).await["position"].as_u64().unwrap()));
        }
        admitting.await.unwrap();
        let worse = told.windows(2).find(|pair| pair[1].1 > pair[0].1);
        assert_eq!(worse, None);
    });
}

#[test]
fn a_place_that_is_read_at_once_is_the_one_that_was_told_however_many_came_after() {
    room(|room| async move {
        let queue = room.open_queue(Room::queue_with(0)).await.id;
        for told in (1..=20).step_by(2) {
            let fan = room.join(queue).await;
            assert_eq!(fan.joined["position"], told);
            room.join(queue).await;
            let read = room.ticket(&fan).await;
            assert_eq!(
                (&read["position"], &read["state"]),
                (&told.into(), &"WAITING".into())
            );
        }
    });
}
