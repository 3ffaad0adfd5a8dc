//! A herd of sockets, measured by hand: `HERD=4000 cargo test -p waiting-room --test it herd -- --ignored --nocapture`.

use std::time::Instant;

use contracts::room::RoomEvent;

use crate::harness::{Room, frame, room};

/// Kilobytes of memory that this process (room and fans together) has resident.
fn resident_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
#[ignore = "a measurement, not a check"]
fn a_herd_joins_connects_and_is_admitted() {
    let size: usize = std::env::var("HERD")
        .ok()
        .and_then(|size| size.parse().ok())
        .unwrap_or(2_000);
    room(move |room| async move {
        let queue = room.open_queue(Room::queue_with(0)).await.id;
        let started = Instant::now();
        let mut joins = tokio::task::JoinSet::new();
        for lane in 0..32 {
            let room = room.clone();
            joins.spawn(async move {
                let mut fans = Vec::new();
                for _ in 0..size / 32 + usize::from(lane < size % 32) {
                    fans.push(room.join(queue).await);
                }
                fans
            });
        }
        let fans: Vec<_> = joins.join_all().await.into_iter().flatten().collect();
        println!("{} joins in {:?}", fans.len(), started.elapsed());

        let before = resident_kb();
        let started = Instant::now();
        let mut sockets = Vec::new();
        for fan in &fans {
            let mut socket = room.connect(fan).await;
            assert!(matches!(frame(&mut socket).await.event, RoomEvent::State { .. }));
            sockets.push(socket);
        }
        println!(
            "{} sockets in {:?}, {} KB both ends",
            fans.len(),
            started.elapsed(),
            resident_kb() - before
        );

        let started = Instant::now();
        let change = serde_json::json!({ "max_active_sessions": size });
        room.as_tenant(reqwest::Method::PATCH, &format!("/queues/{queue}"), Some(change))
            .await;
        for mut socket in sockets {
            loop {
                if let RoomEvent::Admitted { .. } = frame(&mut socket).await.event {
                    break;
                }
            }
        }
        println!("{size} admitted and told in {:?}", started.elapsed());
    });
}
