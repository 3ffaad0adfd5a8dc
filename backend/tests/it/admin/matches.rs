//! `/admin/matches`: drafted, published, closed, called off.

use chrono::TimeDelta;
use domain::staff::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::eventually;
use crate::world::{Clerk, World, answer, fresh_key, now};

async fn ground(clerk: &Clerk<'_>, name: &str) -> String {
    let stadium = json!({
        "name": name, "city": "Osijek", "country": "HR",
        "price_categories": [{"code": 1, "name": "Kategorija 1", "presale_price": "40.00", "match_day_price": "50.00"}],
        "sectors": (["A", "B", "C"]).map(|code| json!({
            "code": code, "name": format!("Zona {code}"), "stand": "WEST", "price_category": 1,
            "snake": {"best_row": "1", "direction": "BOTTOM_TO_TOP"}, "rows": [{"label": "1", "seats": "1-6,7T"}],
        })),
    });
    let made = clerk
        .post("/stadiums", &json!({"stadium": stadium, "reason": "new"}))
        .await
        .ok();
    made["stadium_id"].as_str().unwrap().to_owned()
}

pub(super) fn body(stadium: &str) -> Value {
    let now = now();
    json!({
        "home_team": "Hrvatska", "away_team": "Turska", "competition": "Prijateljska", "stadium_id": stadium,
        "kick_off_at": now + TimeDelta::days(30),
        "phases": [{"kind": "GENERAL_PUBLIC", "starts_at": now - TimeDelta::hours(1), "ends_at": now + TimeDelta::days(29)}],
    })
}

pub(super) async fn staff(world: &World) -> Clerk<'_> {
    world
        .clerk("iva", &[Role::MatchManager, Role::StadiumOperator])
        .await
}

async fn deeds(world: &World, made: &Value) -> Vec<Value> {
    let id = made["match_id"].as_str().unwrap().parse().unwrap();
    world
        .audit_of(id)
        .await
        .into_iter()
        .map(|entry| entry["deed"].clone())
        .collect()
}

#[tokio::test]
async fn a_match_is_drafted_published_and_sold_and_only_then_seen_by_fans() {
    let world = World::start().await;
    world.start_workers().await;
    let iva = staff(&world).await;
    let ana = world.fan("ana").await;
    let mut planned = body(&ground(&iva, "Gradski vrt").await);
    planned["sectors"] = json!([{"code": "B", "state": "CLOSED"}, {"code": "C", "is_free": true}]);

    let drafted = iva.post("/matches", &planned).await.ok();
    let id = drafted["match_id"].as_str().unwrap();
    assert_eq!(
        (&drafted["state"], &drafted["version"]),
        (&json!("DRAFT"), &json!(1))
    );
    ana.get(&format!("/matches/{id}")).await.refused(404, "not-found");

    let published = answer(iva.request(Method::POST, &format!("/matches/{id}/publication")))
        .await
        .ok();
    assert_eq!(published["state"], "PUBLISHED");
    assert_eq!(
        ana.get(&format!("/matches/{id}")).await.ok()["sale_status"],
        "ON_SALE"
    );
    let zones = ana.get(&format!("/matches/{id}/zones")).await.ok()["zones"].clone();
    let seen: Vec<(Value, Value, Value)> = zones
        .as_array()
        .unwrap()
        .iter()
        .map(|zone| {
            (
                zone["zone_name"].clone(),
                zone["available_count"].clone(),
                zone["presale_price"].clone(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            (json!("Zona A"), json!(6), json!("40.00")),
            (json!("Zona B"), json!(0), json!("40.00")),
            (json!("Zona C"), json!(0), json!("0.00")),
        ]
    );
    let path = format!("/matches/{id}");
    eventually("the queue is there", || async {
        iva.get(&path).await.ok()["queue_ready"] == true
    })
    .await;
    assert_eq!(
        deeds(&world, &drafted).await,
        ["match.drafted", "match.published"]
    );
    world.stop().await;
}

#[tokio::test]
async fn the_same_request_again_is_the_same_match() {
    let world = World::start().await;
    let iva = staff(&world).await;
    let planned = body(&ground(&iva, "Gradski vrt").await);
    let key = fresh_key();
    let mut made = Vec::new();
    for _ in 0..2 {
        let request = world.http.post(format!("{}/admin/matches", world.api_url));
        let request = iva.signed(request).header("Idempotency-Key", &key).json(&planned);
        made.push(answer(request).await.ok()["match_id"].clone());
    }
    assert_eq!(made[0], made[1]);
    assert_eq!(
        deeds(&world, &json!({"match_id": made[0]})).await,
        ["match.drafted"]
    );
    world.stop().await;
}

#[tokio::test]
async fn what_is_missing_before_publication_is_named_at_once() {
    let world = World::start().await;
    let iva = staff(&world).await;
    let mut planned = body(&ground(&iva, "Gradski vrt").await);
    planned["phases"] = json!([]);
    planned["price_categories"] =
        json!([{"code": 2, "name": "2", "presale_price": "1.00", "match_day_price": "1.00"}]);
    let drafted = iva.post("/matches", &planned).await.ok();
    let path = format!("/matches/{}/publication", drafted["match_id"].as_str().unwrap());
    let before = world.fingerprint().await;

    let refused = answer(iva.request(Method::POST, &path))
        .await
        .refused(409, "not-ready-to-publish");

    assert_eq!(
        refused["missing"],
        json!([
            "sector A has no price category with prices: give its price category both of them, or close the sector",
            "sector B has no price category with prices: give its price category both of them, or close the sector",
            "sector C has no price category with prices: give its price category both of them, or close the sector",
            "there is no sales phase",
        ])
    );
    assert_eq!(world.fingerprint().await, before);
    world.stop().await;
}

#[tokio::test]
async fn overlapping_phases_an_unknown_sector_and_an_unknown_stadium_are_refused() {
    let world = World::start().await;
    let iva = staff(&world).await;
    let mut planned = body(&ground(&iva, "Gradski vrt").await);
    let phase = planned["phases"][0].clone();
    planned["phases"] = json!([phase, phase]);
    planned["sectors"] = json!([{"code": "Z"}, {"code": "A"}, {"code": "Y"}]);
    let before = world.fingerprint().await;

    let refused = iva.post("/matches", &planned).await.refused(422, "invalid-match");

    assert_eq!(
        refused["mistakes"],
        json!([
            "phases 1 and 2 overlap: end one by the beginning of the other",
            "Gradski vrt has no sector Z, Y: it has A, B, C"
        ])
    );
    let nowhere = body("00000000-0000-0000-0000-000000000009");
    iva.post("/matches", &nowhere)
        .await
        .refused(422, "no-such-stadium");
    assert_eq!(world.fingerprint().await, before);
    world.stop().await;
}

#[tokio::test]
async fn a_draft_changes_a_published_match_keeps_its_plan_and_a_wrong_turn_is_answered_with_the_right_ones() {
    let world = World::start().await;
    let iva = staff(&world).await;
    let mut planned = body(&ground(&iva, "Gradski vrt").await);
    let drafted = iva.post("/matches", &planned).await.ok();
    let path = format!("/matches/{}", drafted["match_id"].as_str().unwrap());

    planned["away_team"] = json!("Malta");
    let changed = iva.put(&path, &planned).await.ok();
    assert_eq!(
        (&changed["version"], &changed["away_team"]),
        (&json!(2), &json!("Malta"))
    );
    let late = iva
        .request(Method::PUT, &path)
        .header("If-Match", "\"1\"")
        .json(&planned);
    assert_eq!(answer(late).await.refused(412, "match-changed")["version"], 2);

    let closure = json!({"reason": "was played"});
    let wrong = iva
        .post(&format!("{path}/closure"), &closure)
        .await
        .refused(409, "wrong-turn");
    assert_eq!(
        (&wrong["state"], &wrong["possible"]),
        (&json!("DRAFT"), &json!(["PUBLISH", "DELETE"]))
    );

    answer(iva.request(Method::POST, &format!("{path}/publication")))
        .await
        .ok();
    let wrong = iva
        .post(&format!("{path}/closure"), &closure)
        .await
        .refused(409, "wrong-turn");
    assert_eq!(wrong["possible"], json!(["START_CANCELLATION"]));
    world.stop().await;
}

#[tokio::test]
async fn a_match_is_called_off_by_two_people_and_nothing_is_sold_in_between() {
    let world = World::start().await;
    let iva = staff(&world).await;
    let eva = world.clerk("eva", &[Role::SuperAdmin]).await;
    let boss = world.clerk("iva", &[Role::SuperAdmin]).await;
    let drafted = iva
        .post("/matches", &body(&ground(&iva, "Gradski vrt").await))
        .await
        .ok();
    let path = format!("/matches/{}", drafted["match_id"].as_str().unwrap());
    answer(iva.request(Method::POST, &format!("{path}/publication")))
        .await
        .ok();
    let reason = json!({"reason": "the pitch is under water"});

    let asked = iva.post(&format!("{path}/cancellation"), &reason).await.ok();
    assert_eq!(
        (&asked["state"], &asked["cancellation_reason"]),
        (&json!("PUBLISHED"), &reason["reason"])
    );
    iva.post(&format!("{path}/cancellation"), &reason)
        .await
        .refused(409, "wrong-turn");
    boss.post(&format!("{path}/cancellation/approval"), &reason)
        .await
        .refused(403, "own-cancellation");

    let back = iva.delete(&format!("{path}/cancellation"), "it dries").await.ok();
    assert!(back.get("cancellation_reason").is_none(), "{back}");
    iva.post(&format!("{path}/cancellation"), &reason).await.ok();
    assert_eq!(
        eva.post(&format!("{path}/cancellation/approval"), &reason)
            .await
            .ok()["state"],
        "CANCELLED"
    );
    assert_eq!(
        deeds(&world, &drafted).await,
        [
            "match.drafted",
            "match.published",
            "match.cancellation-started",
            "match.cancellation-withdrawn",
            "match.cancellation-started",
            "match.cancelled",
        ]
    );
    world.stop().await;
}

#[tokio::test]
async fn nothing_is_held_while_a_cancellation_waits_for_its_approval() {
    let world = World::start().await;
    let iva = staff(&world).await;
    let (ana, bob) = (world.fan("ana").await, world.fan("bob").await);
    let path = format!("/matches/{}/cancellation", world.match_id);
    let cart = bob.hold(world.zones[0], 1).await.ok();

    iva.post(&path, &json!({"reason": "a storm comes"})).await.ok();
    ana.hold(world.zones[0], 2).await.refused(409, "sale-closed");
    bob.check_out(&cart, &[]).await.refused(409, "sale-closed");
    iva.delete(&path, "it went by").await.ok();
    ana.hold(world.zones[0], 2).await.ok();
    world.stop().await;
}

#[tokio::test]
async fn a_draft_is_hidden_and_the_list_is_searched_filtered_and_counted() {
    let world = World::start().await;
    let iva = staff(&world).await;
    let stadium = ground(&iva, "Gradski vrt").await;
    let mut later = body(&stadium);
    later["away_team"] = json!("Malta");
    later["kick_off_at"] = json!(now() + TimeDelta::days(60));
    let drafted = iva.post("/matches", &body(&stadium)).await.ok();
    iva.post("/matches", &later).await.ok();

    assert_eq!(
        iva.get("/matches").await.ok()["total"],
        3,
        "that of every test's world is there too"
    );
    assert_eq!(iva.get("/matches?state=DRAFT").await.ok()["total"], 2);
    let found = iva.get("/matches?search=malta").await.ok();
    assert_eq!(
        (&found["total"], &found["items"][0]["stadium"]),
        (&json!(1), &json!("Gradski vrt"))
    );
    iva.get("/matches?state=LOST")
        .await
        .refused(400, "invalid-request");

    let path = format!("/matches/{}", drafted["match_id"].as_str().unwrap());
    assert_eq!(iva.delete(&path, "drawn anew").await.status, 204);
    iva.get(&path).await.refused(404, "not-found");
    assert_eq!(iva.get("/matches?state=DRAFT").await.ok()["total"], 1);
    world.stop().await;
}

#[tokio::test]
async fn fans_see_that_a_match_is_not_sold_while_its_cancellation_is_asked_for_and_then_that_it_is_off() {
    let world = World::start().await;
    let (iva, eva) = (staff(&world).await, world.clerk("eva", &[Role::SuperAdmin]).await);
    let ana = world.visitor("ana").await;
    let status = async || {
        let seen = ana.get(&format!("/matches/{}", world.match_id)).await.ok();
        seen["sale_status"].clone()
    };
    let path = format!("/matches/{}/cancellation", world.match_id);
    let reason = json!({"reason": "a storm comes"});
    assert_eq!(status().await, "ON_SALE");

    iva.post(&path, &reason).await.ok();
    assert_eq!(status().await, "NOT_ON_SALE");
    eva.post(&format!("{path}/approval"), &reason).await.ok();
    assert_eq!(status().await, "CANCELLED");
    world.stop().await;
}

#[tokio::test]
async fn what_is_usual_at_home_is_not_carried_to_a_ground_where_something_else_is() {
    let world = World::start().await;
    let iva = staff(&world).await;
    let home = ground(&iva, "Gradski vrt").await;
    let away = ground(&iva, "Stadio Friuli").await;
    world
        .execute("UPDATE stadiums SET kind = 'AWAY' WHERE name = 'Stadio Friuli'")
        .await;
    let drafted = iva.post("/matches", &body(&home)).await.ok();
    let path = format!("/matches/{}", drafted["match_id"].as_str().unwrap());
    let vat = async || {
        let of = format!(
            "SELECT ticket_vat_percent::text || ' ' || fee_vat_percent FROM match_sales WHERE match_id = '{}'",
            drafted["match_id"].as_str().unwrap()
        );
        let read: String = sqlx::query_scalar(sqlx::AssertSqlSafe(of))
            .fetch_one(&world.app.db)
            .await
            .unwrap();
        read
    };
    assert_eq!(vat().await, "5.00 25.00");
    let mut said = iva.get(&path).await.ok()["said"].clone();

    said["stadium_id"] = json!(away);
    iva.put(&path, &said).await.ok();

    assert_eq!(vat().await, "0.00 0.00");
    let mut said = iva.get(&path).await.ok()["said"].clone();
    said["sale"]["fee_vat_percent"] = json!("25.00");
    iva.put(&path, &said).await.ok();
    assert_eq!(vat().await, "0.00 25.00", "what is said stays");
    world.stop().await;
}

#[tokio::test]
async fn at_a_stadium_that_is_gone_only_those_matches_are_played_that_were_there() {
    let world = World::start().await;
    let iva = staff(&world).await;
    let stadium = ground(&iva, "Gradski vrt").await;
    let drafted = iva.post("/matches", &body(&stadium)).await.ok();
    let path = format!("/matches/{}", drafted["match_id"].as_str().unwrap());
    let mut said = iva.get(&path).await.ok()["said"].clone();
    world
        .execute("UPDATE stadiums SET deleted_at = now() WHERE name = 'Gradski vrt'")
        .await;

    said["competition"] = json!("Kup");
    iva.put(&path, &said).await.ok();
    let mut another = body(&stadium);
    iva.post("/matches", &another)
        .await
        .refused(422, "no-such-stadium");
    another["layout_version"] = json!(1);
    iva.post("/matches", &another)
        .await
        .refused(422, "no-such-stadium");
    world.stop().await;
}
