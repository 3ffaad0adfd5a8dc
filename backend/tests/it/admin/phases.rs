//! `/admin/matches/{match_id}/sales-phases`: planned, changed, opened and closed; what fans meet follows.

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::MatchId;
use domain::staff::Role;
use reqwest::Method;
use serde_json::{Value, json};

use super::matches::staff;
use crate::support::eventually;
use crate::world::{Fan, World, answer, fresh_key, now};

/// The phases of the match that every world has.
fn path(world: &World) -> String {
    format!("/matches/{}/sales-phases", world.match_id)
}

fn general(starts_at: DateTime<Utc>, ends_at: DateTime<Utc>) -> Value {
    json!({"kind": "GENERAL_PUBLIC", "starts_at": starts_at, "ends_at": ends_at})
}

fn because(reason: &str) -> Value {
    json!({ "reason": reason })
}

/// How many openings its queue has, as the room was told.
fn openings(world: &World) -> usize {
    let reference = format!("match:{}", world.match_id);
    world.room.queue_as_it_stands(&reference).openings.len()
}

#[tokio::test]
async fn a_phase_is_closed_by_hand_another_one_is_planned_and_opened_early_and_the_queue_follows() {
    let world = World::start().await;
    world.start_workers().await;
    let iva = staff(&world).await;
    let (ana, path) = (world.fan("ana").await, path(&world));
    let listed = iva.get(&path).await.ok();
    let open = listed["items"][0].clone();
    assert_eq!(
        (&open["status"], &open["ticket_limit"]),
        (&json!("OPEN"), &json!(4))
    );
    let of_open = format!("{path}/{}", open["phase_id"].as_str().unwrap());

    let closed = iva
        .post(&format!("{of_open}/closing"), &because("too many at once"))
        .await
        .ok();
    assert_eq!(
        (&closed["status"], &closed["ended_early"]),
        (&json!("OVER"), &json!("BY_HAND"))
    );
    ana.hold(world.zones[0], 1).await.refused(409, "sale-closed");
    let again = iva
        .post(&format!("{of_open}/closing"), &because("once more"))
        .await;
    assert_eq!(
        again.refused(409, "wrong-phase-turn")["detail"],
        "it is over, and what is over stays: plan another phase"
    );

    let later = general(now() + TimeDelta::days(1), now() + TimeDelta::days(2));
    let planned = iva.post(&path, &later).await.ok();
    assert_eq!(planned["status"], "SCHEDULED");
    eventually("the room heard of the next opening", || async {
        openings(&world) == 2
    })
    .await;
    ana.hold(world.zones[0], 1).await.refused(409, "sale-closed");

    let of_planned = format!("{path}/{}", planned["phase_id"].as_str().unwrap());
    let opened = iva
        .post(&format!("{of_planned}/opening"), &because("earlier than planned"))
        .await
        .ok();
    assert_eq!(opened["status"], "OPEN");
    ana.session_ends("CANCELLED").await;
    ana.admit_for(1_201);
    ana.hold(world.zones[0], 1).await.ok();
    let audited = world.audit_of(world.match_id).await;
    let deeds: Vec<&Value> = audited.iter().map(|entry| &entry["deed"]).collect();
    assert_eq!(
        deeds,
        [
            "match.drafted",
            "match.published",
            "match.phase-closed",
            "match.phase-added",
            "match.phase-opened"
        ]
    );
    let details = &audited[2]["details"];
    assert_eq!(
        (
            &details["before"][0]["ended_early"],
            &details["after"][0]["ended_early"],
            &details["reason"]
        ),
        (&json!(null), &json!("BY_HAND"), &json!("too many at once"))
    );
    world.stop().await;
}

#[tokio::test]
async fn phases_do_not_overlap_and_what_has_begun_keeps_its_beginning() {
    let world = World::start().await;
    let iva = staff(&world).await;
    let path = path(&world);
    let open = iva.get(&path).await.ok()["items"][0].clone();
    let of_open = format!("{path}/{}", open["phase_id"].as_str().unwrap());
    let at = |days: i64| now() + TimeDelta::days(days);

    let refused = iva
        .post(&path, &general(at(1), at(2)))
        .await
        .refused(422, "invalid-match");
    let mistake = refused["mistakes"][0].as_str().unwrap();
    assert!(
        mistake.starts_with("phases cannot overlap: there is one from"),
        "{mistake}"
    );
    let moved = general(at(1), at(2));
    iva.put(&of_open, &moved).await.refused(409, "wrong-phase-turn");
    let starts_at: DateTime<Utc> = serde_json::from_value(open["starts_at"].clone()).unwrap();
    let shorter = iva.put(&of_open, &general(starts_at, at(3))).await.ok();
    assert_eq!(
        (&shorter["status"], &shorter["starts_at"]),
        (&json!("OPEN"), &open["starts_at"])
    );
    let next = iva.post(&path, &general(at(4), at(5))).await.ok();
    let of_next = format!("{path}/{}", next["phase_id"].as_str().unwrap());
    iva.delete(&of_open, "not wanted")
        .await
        .refused(409, "wrong-phase-turn");
    assert_eq!(iva.delete(&of_next, "not wanted").await.status, 204);

    let wrong = json!({"kind": "LOYALTY", "starts_at": at(6), "ends_at": at(99), "thresholds": [{"min_points": 1, "max_tickets": 9}]});
    let refused = iva.post(&path, &wrong).await.refused(422, "invalid-match");
    assert!(
        refused["mistakes"][0]
            .as_str()
            .unwrap()
            .starts_with("a phase ends by kick-off"),
        "{refused}"
    );
    world.stop().await;
}

/// INV sales_phases_do_not_overlap: two who plan at once.
#[tokio::test]
async fn of_phases_planned_at_once_for_the_same_time_one_is_planned() {
    let world = World::start().await;
    let iva = staff(&world).await;
    let path = path(&world);
    let open = iva.get(&path).await.ok()["items"][0].clone();
    let of_open = format!("{path}/{}/closing", open["phase_id"].as_str().unwrap());
    iva.post(&of_open, &because("planned anew")).await.ok();
    let wanted = general(now() + TimeDelta::days(1), now() + TimeDelta::days(2));

    let answers = futures_util::future::join_all((0..6).map(|_| iva.post(&path, &wanted))).await;

    assert_eq!(
        answers.iter().filter(|answered| answered.status == 201).count(),
        1
    );
    assert_eq!(world.number("SELECT count(*) FROM sales_phases").await, 2);
    world.stop().await;
}

#[tokio::test]
async fn a_session_that_was_opened_in_an_earlier_phase_buys_nothing_ahead_of_the_line_of_the_next_one() {
    let world = World::start().await;
    let iva = staff(&world).await;
    let (ana, path) = (world.fan("ana").await, path(&world));
    let held = ana.hold(world.zones[0], 1).await.ok();
    let open = iva.get(&path).await.ok()["items"][0].clone();
    let of_open = format!("{path}/{}", open["phase_id"].as_str().unwrap());
    let because = because("the loyal ones have had their turn");
    iva.post(&format!("{of_open}/closing"), &because).await.ok();
    let next = general(now() + TimeDelta::hours(1), now() + TimeDelta::days(2));
    let next = iva.post(&path, &next).await.ok();
    let of_next = format!("{path}/{}", next["phase_id"].as_str().unwrap());
    iva.post(&format!("{of_next}/opening"), &because).await.ok();

    let more = ana.wish(world.zones[1], 2).header("If-Match", "\"1\"");
    answer(more).await.refused(409, "earlier-phase");
    assert_eq!(
        ana.get(&ana.cart_path()).await.ok()["seats"],
        held["seats"],
        "what they hold stays theirs"
    );
    let ben = world.fan("ben").await;
    ben.admit_for(1_201);
    ben.hold(world.zones[0], 1).await.ok();
    world.stop().await;
}

#[tokio::test]
async fn in_a_loyalty_phase_points_decide_how_many_tickets_a_fan_may_have() {
    let world = World::start().await;
    let iva = world.clerk("iva", &[Role::SuperAdmin]).await;
    let (ana, ben, path) = (world.fan("ana").await, world.fan("ben").await, path(&world));
    let open = iva.get(&path).await.ok()["items"][0].clone();
    let of_open = format!("{path}/{}", open["phase_id"].as_str().unwrap());
    let loyal = json!({"kind": "LOYALTY", "starts_at": open["starts_at"], "ends_at": open["ends_at"],
        "thresholds": [{"min_points": 10, "max_tickets": 4}, {"min_points": 1, "max_tickets": 2}]});
    iva.put(&of_open, &loyal).await.ok();
    let points = format!(
        "oib,played_on,match\n{},2026-03-01,Hrvatska – Malta\n",
        ana.profile["oib"].as_str().unwrap()
    );
    let import = iva.request(Method::POST, "/loyalty-imports?source=attendance&reason=season");
    answer(import.body(points)).await.ok();

    ben.hold(world.zones[0], 1).await.refused(403, "not-eligible");
    let grant = |fan: &Fan<'_>| {
        answer(
            fan.request(Method::POST, &format!("/matches/{}/join-grant", world.match_id))
                .header("Idempotency-Key", fresh_key()),
        )
    };
    grant(&ben).await.refused(403, "not-eligible");
    grant(&ana).await.ok();
    assert_eq!(
        ana.hold(world.zones[0], 3).await.refused(409, "over-limit")["left"],
        2
    );
    ana.hold(world.zones[0], 2).await.ok();
    world.stop().await;
}

#[tokio::test]
async fn when_everything_is_sold_the_phase_ends_by_itself_once() {
    let world = World::start().await;
    let iva = staff(&world).await;
    let close_if_sold_out = async || {
        let done = backend::matches::plans::phases::close_sold_out(&world.app, MatchId(world.match_id));
        done.await.unwrap()
    };
    let status = async || iva.get(&path(&world)).await.ok()["items"][0]["status"].clone();
    let turn = async |from: &str, to: &str| {
        let moved = format!("UPDATE match_seat_inventory SET status = '{to}' WHERE status = '{from}'");
        world.execute(&moved).await;
    };
    assert!(!close_if_sold_out().await, "the line stays open");
    assert_eq!(status().await, "OPEN", "seats are left");
    turn("AVAILABLE", "MAINTENANCE").await;
    assert!(close_if_sold_out().await);
    assert_eq!(status().await, "OPEN", "nothing was sold");
    turn("MAINTENANCE", "SOLD").await;

    for _ in 0..2 {
        assert!(close_if_sold_out().await);
    }

    let phases = iva.get(&path(&world)).await.ok();
    assert_eq!(
        (&phases["items"][0]["status"], &phases["items"][0]["ended_early"]),
        (&json!("OVER"), &json!("SOLD_OUT"))
    );
    let ana = world.visitor("ana").await;
    let seen = ana.get(&format!("/matches/{}", world.match_id)).await.ok();
    assert_eq!(seen["sale_status"], "SOLD_OUT");
    let audited = world.audit_of(world.match_id).await;
    assert_eq!(
        audited
            .iter()
            .filter(|entry| entry["deed"] == "match.phase-closed")
            .count(),
        1
    );
    assert_eq!(audited.last().unwrap()["actor"], "system:sales");
    world.stop().await;
}

#[tokio::test]
async fn the_same_request_to_open_again_is_the_same_answer() {
    let world = World::start().await;
    let iva = staff(&world).await;
    let path = path(&world);
    let open = iva.get(&path).await.ok()["items"][0].clone();
    let closing = format!(
        "{}/admin{path}/{}/closing",
        world.api_url,
        open["phase_id"].as_str().unwrap()
    );
    let key = fresh_key();
    let close = |reason: &'static str| {
        let request = iva
            .signed(world.http.post(&closing))
            .header("Idempotency-Key", &key);
        answer(request.json(&because(reason)))
    };

    let first = close("for the night").await.ok();
    assert_eq!(close("for the night").await.ok(), first);
    close("for another reason")
        .await
        .refused(422, "idempotency-key-reused");
    world.stop().await;
}

#[tokio::test]
async fn a_sale_that_goes_on_after_it_was_sold_out_has_another_queue() {
    let world = World::start().await;
    world.start_workers().await;
    let iva = staff(&world).await;
    let reference = format!("match:{}", world.match_id);
    world.room.sells_out(&reference);
    let open = iva.get(&path(&world)).await.ok()["items"][0].clone();
    let of_open = format!("{}/{}", path(&world), open["phase_id"].as_str().unwrap());

    iva.put(
        &of_open,
        &general(
            open["starts_at"].as_str().unwrap().parse().unwrap(),
            now() + TimeDelta::days(2),
        ),
    )
    .await
    .ok();

    eventually("there is another queue", || async {
        world.room.queue(&format!("{reference}:1")).is_some()
    })
    .await;
    let second = world.room.queue(&format!("{reference}:1")).unwrap();
    eventually("the match is sold there", || async {
        let queue: uuid::Uuid =
            sqlx::query_scalar("SELECT waiting_room_queue_id FROM matches WHERE match_id = $1")
                .bind(world.match_id)
                .fetch_one(&world.app.db)
                .await
                .unwrap();
        queue == second
    })
    .await;
    world.stop().await;
}

#[tokio::test]
async fn phases_that_overlap_are_stored_by_nobody_not_even_past_the_code() {
    let world = World::start().await;
    let overlapping = sqlx::raw_sql(
        "INSERT INTO sales_phases (phase_id, match_id, kind, starts_at, ends_at, ticket_limit)
         SELECT gen_random_uuid(), match_id, kind, ends_at - interval '1 second', ends_at + interval '1 day', ticket_limit FROM sales_phases",
    )
    .execute(&world.app.db)
    .await
    .unwrap_err();
    assert_eq!(
        overlapping.as_database_error().unwrap().constraint(),
        Some("sales_phases_do_not_overlap")
    );
    world.stop().await;
}
