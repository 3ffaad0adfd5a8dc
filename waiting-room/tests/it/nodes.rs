//! Several nodes over one line, and a store that loses it.

use fred::prelude::{Builder, Client, ClientLike, KeysInterface};
use fred::types::config::Config;
use secrecy::ExposeSecret;
use uuid::Uuid;

use crate::harness::{Room, claims, close_code, eventually, frame, room};

#[test]
fn another_node_knows_every_place() {
    room(|room| async move {
        let queue = room.open_queue(Room::queue_with(0)).await.id;
        let mut fans = Vec::new();
        for _ in 0..70 {
            fans.push(room.join(queue).await);
        }
        room.http
            .delete(format!("{}/tickets/{}", room.base, fans[9].ticket))
            .bearer_auth(&fans[9].token)
            .send()
            .await
            .unwrap();

        let node = room.another_node().await;
        let base = format!("http://{}", node.api_address);
        for (fan, position) in [(0, 1), (8, 9), (10, 10), (69, 69)] {
            eventually("the place, from the other node", || async {
                let url = format!("{base}/tickets/{}", fans[fan].ticket);
                let answer = room
                    .http
                    .get(url)
                    .bearer_auth(&fans[fan].token)
                    .send()
                    .await
                    .unwrap();
                let ticket: serde_json::Value = answer.json().await.unwrap();
                (ticket["position"] == position).then_some(())
            })
            .await;
        }
        // What happens on one node is seen on the other.
        let late = room.join(queue).await;
        eventually("the newcomer, from the other node", || async {
            let url = format!("{base}/tickets/{}", late.ticket);
            let ticket: serde_json::Value = room
                .http
                .get(url)
                .bearer_auth(&late.token)
                .send()
                .await
                .unwrap()
                .json()
                .await
                .unwrap();
            (ticket["position"] == 70).then_some(())
        })
        .await;
        node.stop().await;
    });
}

#[test]
fn when_the_leader_stops_another_node_goes_on_admitting() {
    room(|room| async move {
        // The first node leads; a second one takes part; a queue is led by whoever came first.
        let queue = room.open_queue(Room::queue_with(1)).await.id;
        let first = room.join(queue).await;
        room.until_state(&first, "ADMITTED").await;
        let second = room.join(queue).await;

        let node = room.another_node().await;
        let mut beside = Room::beside(&room, &node);
        let mut socket = beside.connect(&second).await;
        frame(&mut socket).await;
        beside.post(format!("/sessions/{}/complete", first.ticket)).await;
        loop {
            if let contracts::room::RoomEvent::Admitted { .. } = frame(&mut socket).await.event {
                break;
            }
        }

        // A node that stops sends its fans elsewhere and gives its leases back.
        let third = room.join(queue).await;
        let mut thirds = beside.connect(&third).await;
        frame(&mut thirds).await;
        node.stop().await;
        assert_eq!(close_code(&mut thirds).await, 1012);
        beside.base.clone_from(&room.base);
        beside.post(format!("/sessions/{}/complete", second.ticket)).await;
        room.until_state(&third, "ADMITTED").await;
    });
}

#[test]
fn a_line_that_the_store_lost_is_founded_anew_and_goes_on_behind_the_old_numbers() {
    room(|room| async move {
        let queue = room.open_queue(Room::queue_with(0)).await.id;
        let before = room.join(queue).await;
        until_logged(&room, 1).await;
        lose_line(&room, queue).await;

        let after = room.join(queue).await;
        assert_eq!(claims(&after.token)["sequence"], 10_002);
        assert_ne!(after.ticket, before.ticket);
        room.until_position(&after, 1).await;
    });
}

/// Waits until so many changes of tickets are in the log.
pub(crate) async fn until_logged(room: &Room, changes: i64) {
    eventually("the log", || async {
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM line_log")
            .fetch_one(&room.db)
            .await
            .unwrap();
        (count == changes).then_some(())
    })
    .await;
}

/// A connection to the store, as somebody who meddles with it.
pub(crate) async fn redis(room: &Room) -> Client {
    let redis = Builder::from_config(Config::from_url(room.settings.redis.url.expose_secret()).unwrap());
    let redis = redis.build().unwrap();
    redis.init().await.unwrap();
    redis
}

/// The store loses everything of the line.
pub(crate) async fn lose_line(room: &Room, queue: Uuid) {
    let redis = redis(room).await;
    let names = [
        "meta", "users", "tickets", "waiting", "seen", "active", "bits", "log", "lease", "minute",
    ];
    let keys: Vec<String> = names
        .iter()
        .map(|name| format!("tribina:line:{{{queue}}}:{name}"))
        .collect();
    let _: u64 = redis.del(keys).await.unwrap();
    redis.quit().await.unwrap();
}
