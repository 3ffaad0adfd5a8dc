//! The log, read as somebody who wants to know whether the line was fair.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::harness::{Room, eventually, room};

#[derive(sqlx::FromRow)]
struct Entry {
    stream_id: String,
    kind: String,
    ticket_id: Uuid,
    sequence: i64,
    at: DateTime<Utc>,
    session_expires_at: Option<DateTime<Utc>>,
}

async fn log(room: &Room, queue: Uuid) -> Vec<Entry> {
    let sql = "SELECT stream_id, kind, ticket_id, sequence, at, session_expires_at FROM line_log WHERE queue_id = $1 ORDER BY id";
    sqlx::query_as(sql).bind(queue).fetch_all(&room.db).await.unwrap()
}

#[test]
fn the_log_shows_first_come_first_served_under_the_cap_with_nothing_missing() {
    const FANS: usize = 60;
    const CAP: usize = 7;
    room(|room| async move {
        let queue = room.open_queue(Room::queue_with(7)).await.id;
        let mut buyers = tokio::task::JoinSet::new();
        for _ in 0..FANS {
            let room = room.clone();
            buyers.spawn(async move {
                let fan = room.join(queue).await;
                room.until_state(&fan, "ADMITTED").await;
                assert!(room.stats(queue).await.active_sessions <= 7);
                room.post(format!("/sessions/{}/complete", fan.ticket)).await;
            });
        }
        buyers.join_all().await;

        let entries = eventually("the whole log", || async {
            Some(log(&room, queue).await).filter(|entries| entries.len() == 3 * FANS)
        })
        .await;

        let mut waiting = BTreeSet::new();
        let mut live = BTreeMap::new();
        let mut clock = DateTime::<Utc>::MIN_UTC;
        let mut delta = None;
        for entry in &entries {
            assert!(entry.at >= clock, "the line's clock never goes back");
            clock = entry.at;
            let number: u64 = entry.stream_id.strip_suffix("-0").unwrap().parse().unwrap();
            assert!(
                delta.is_none_or(|before| number == before + 1),
                "no delta is missing"
            );
            delta = Some(number);
            match entry.kind.as_str() {
                "JOINED" => assert!(waiting.insert(entry.sequence)),
                "ADMITTED" => {
                    assert_eq!(
                        waiting.pop_first(),
                        Some(entry.sequence),
                        "the first in line is next"
                    );
                    let ends = entry.session_expires_at.unwrap();
                    assert_eq!((ends - entry.at).num_milliseconds(), 120_000);
                    assert!(live.insert(entry.ticket_id, ends).is_none());
                    assert!(live.len() <= CAP, "the cap was crossed");
                }
                "COMPLETED" => assert!(live.remove(&entry.ticket_id).is_some()),
                other => panic!("nobody left, nothing expired: {other}"),
            }
        }
        assert!(waiting.is_empty() && live.is_empty());
    });
}

#[test]
fn expired_sessions_free_their_slots_in_the_log_before_others_are_admitted() {
    room(|room| async move {
        let mut queue = Room::queue_with(2);
        queue.session_ttl_seconds = 1;
        let queue = room.open_queue(queue).await.id;
        for _ in 0..6 {
            room.join(queue).await;
        }
        let entries = eventually("three rounds", || async {
            let entries = log(&room, queue).await;
            let ended = entries
                .iter()
                .filter(|entry| entry.kind == "SESSION_EXPIRED")
                .count();
            (ended == 6).then_some(entries)
        })
        .await;

        let mut live = BTreeMap::new();
        for entry in &entries {
            match entry.kind.as_str() {
                "ADMITTED" => {
                    live.insert(entry.ticket_id, entry.session_expires_at.unwrap());
                    assert!(live.len() <= 2);
                }
                "SESSION_EXPIRED" => {
                    let ends = live.remove(&entry.ticket_id).unwrap();
                    assert!(entry.at >= ends, "a session was ended before its time");
                    assert_eq!(entry.session_expires_at, Some(ends));
                }
                _ => {}
            }
        }
    });
}

#[test]
fn who_left_and_who_gave_up_are_told_apart() {
    room(|room| async move {
        let queue = room.open_queue(Room::queue_with(1)).await.id;
        let buyer = room.join(queue).await;
        room.until_state(&buyer, "ADMITTED").await;
        let waiting = room.join(queue).await;
        for fan in [&waiting, &buyer] {
            let url = format!("{}/tickets/{}", room.base, fan.ticket);
            room.http
                .delete(url)
                .bearer_auth(&fan.token)
                .send()
                .await
                .unwrap();
        }
        let kinds = eventually("the log", || async {
            let entries = log(&room, queue).await;
            let kinds: Vec<String> = entries.into_iter().map(|entry| entry.kind).collect();
            (kinds.len() == 5).then_some(kinds)
        })
        .await;
        assert_eq!(kinds, ["JOINED", "ADMITTED", "JOINED", "LEFT", "CANCELLED"]);
    });
}
