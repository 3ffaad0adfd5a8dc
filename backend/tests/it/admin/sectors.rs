//! `PUT /admin/matches/{match_id}/sectors/{code}`.

use domain::staff::Role;
use serde_json::{Value, json};

use super::matches::staff;
use crate::world::{Answer, Clerk, World, answer};

async fn put(clerk: &Clerk<'_>, code: &str, state: &str) -> Answer {
    let path = format!("/matches/{}/sectors/{code}", clerk.world.match_id);
    clerk
        .put(&path, &json!({"state": state, "reason": "a pipe has burst"}))
        .await
}

#[tokio::test]
async fn a_stadium_operator_takes_a_sector_out_of_order_and_gives_it_back() {
    let world = World::start().await;
    let iva = world.clerk("iva", &[Role::StadiumOperator]).await;
    let ben = world.fan("ben").await;
    let version = iva.get(&format!("/matches/{}", world.match_id)).await.ok()["version"].clone();

    for _ in 0..2 {
        put(&iva, "B", "MAINTENANCE").await.ok();
    }
    let closed = "SELECT count(*) FROM match_seat_inventory WHERE status = 'MAINTENANCE'";
    assert_eq!(world.number(closed).await, 12);
    ben.hold(world.zones[1], 1).await.refused(409, "gone");
    let back = put(&iva, "B", "ACTIVE").await.ok();
    ben.hold(world.zones[1], 1).await.ok();

    assert_eq!(
        back["version"],
        version.as_i64().unwrap() + 2,
        "the second time changed nothing"
    );
    let entries = world.audit_of(world.match_id).await;
    let moved: Vec<&Value> = entries
        .iter()
        .filter(|entry| entry["deed"] == "match.sector-changed")
        .map(|entry| &entry["details"])
        .collect();
    assert_eq!(
        moved,
        [
            &json!({"sector": "B", "before": {"state": "ACTIVE"}, "after": {"state": "MAINTENANCE"}, "reason": "a pipe has burst"}),
            &json!({"sector": "B", "before": {"state": "MAINTENANCE"}, "after": {"state": "ACTIVE"}, "reason": "a pipe has burst"}),
        ]
    );
    world.stop().await;
}

#[tokio::test]
async fn a_sector_where_somebody_has_a_seat_stays_and_one_that_is_not_there_is_not_found() {
    let world = World::start().await;
    let (iva, ana) = (staff(&world).await, world.fan("ana").await);
    ana.hold(world.zones[0], 2).await.ok();
    let before = world.fingerprint().await;

    let taken = put(&iva, "A", "CLOSED").await.refused(409, "seats-taken");
    assert_eq!(taken["sectors"], json!([{"sector": "A", "seats": 2}]));
    put(&iva, "Z", "CLOSED").await.refused(404, "not-found");
    put(&iva, "A", "BROKEN").await.refused(400, "invalid-request");
    let silent = json!({"state": "CLOSED", "reason": " "});
    let path = format!("/matches/{}/sectors/B", world.match_id);
    iva.put(&path, &silent).await.refused(422, "reason-required");

    assert_eq!(world.fingerprint().await, before);
    world.stop().await;
}

#[tokio::test]
async fn a_sector_without_a_price_is_not_opened_and_a_draft_keeps_its_phases() {
    let world = World::start().await;
    let iva = staff(&world).await;
    world
        .execute(
            "UPDATE match_sectors SET state = 'CLOSED' WHERE sector_id = (SELECT sector_id FROM sectors WHERE code = 'B');
             UPDATE match_seat_inventory i SET status = 'INACTIVE' FROM match_zones z WHERE z.zone_id = i.zone_id AND z.name = 'Zona B';
             UPDATE match_sectors SET price_category = 9 WHERE sector_id = (SELECT sector_id FROM sectors WHERE code = 'B')",
        )
        .await;
    let refused = put(&iva, "B", "ACTIVE")
        .await
        .refused(409, "not-ready-to-publish");
    assert_eq!(
        refused["missing"],
        json!([
            "sector B has no price category with prices: give its price category both of them, or close the sector"
        ])
    );

    let phases = "SELECT string_agg(phase_id::text, ',') FROM sales_phases";
    let before = world.text(phases).await;
    world.execute("UPDATE matches SET state = 'DRAFT'").await;
    put(&iva, "B", "STERILE").await.ok();
    assert_eq!(world.text(phases).await, before);
    world.execute("UPDATE matches SET state = 'CLOSED'").await;
    put(&iva, "B", "ACTIVE").await.refused(409, "match-locked");
    world.stop().await;
}

#[tokio::test]
async fn a_place_without_a_number_is_called_by_its_sector_alone() {
    let world = World::start().await;
    let iva = staff(&world).await;
    let stadium = json!({
        "name": "Stadio Friuli", "city": "Udine", "country": "IT", "kind": "AWAY",
        "price_categories": [{"code": 1, "name": "Gosti", "presale_price": "30.00", "match_day_price": "30.00"}],
        "sectors": [{"code": "G", "name": "Settore ospiti", "stand": "NORTH", "price_category": 1, "places": {"total": 10, "technical": 2}}],
    });
    let made = iva
        .post("/stadiums", &json!({"stadium": stadium, "reason": "new"}))
        .await
        .ok();
    let mut planned = super::matches::body(made["stadium_id"].as_str().unwrap());
    planned["home_team"] = json!("Italija");
    let drafted = iva.post("/matches", &planned).await.ok();
    let id = drafted["match_id"].as_str().unwrap();
    answer(iva.request(reqwest::Method::POST, &format!("/matches/{id}/publication")))
        .await
        .ok();

    let labels = "SELECT string_agg(DISTINCT row_label, ',') FROM seats JOIN sectors USING (sector_id) WHERE code = 'G'";
    assert_eq!(world.text(labels).await.as_deref(), Some(""));
    let seats: Vec<uuid::Uuid> = sqlx::query_scalar(
        "SELECT seat_id FROM seats JOIN sectors USING (sector_id) WHERE code = 'G' ORDER BY seat_id LIMIT 2",
    )
    .fetch_all(&world.app.db)
    .await
    .unwrap();
    let seats: Vec<domain::ids::SeatId> = seats.into_iter().map(domain::ids::SeatId).collect();
    let mut conn = world.app.db.acquire().await.unwrap();
    let called = backend::inventory::list_labels(&mut conn, &seats).await.unwrap();
    assert!(called.iter().all(|seat| seat.number.is_none()), "{called:?}");
    assert!(
        called.iter().all(|seat| seat.in_words() == "Settore ospiti"),
        "{called:?}"
    );
    drop(conn);
    world.stop().await;
}

#[tokio::test]
async fn every_seat_of_a_match_is_there_whether_or_not_it_is_published_beside_a_running_sale() {
    let world = World::start().await;
    let iva = staff(&world).await;
    let stadium = json!({
        "name": "Stadion Kranjčevićeva", "city": "Zagreb", "country": "HR",
        "price_categories": [{"code": 1, "name": "1", "presale_price": "30.00", "match_day_price": "30.00"}],
        "sectors": [
            {"code": "A", "name": "A", "stand": "NORTH", "price_category": 1, "snake": {"best_row": "1", "direction": "BOTTOM_TO_TOP"},
                "rows": [{"label": "1", "seats": "1-70"}, {"label": "2", "seats": "1-75"}]},
            {"code": "B", "name": "B", "stand": "SOUTH", "price_category": 1, "places": {"total": 101, "technical": 1}},
        ],
    });
    let made = iva
        .post("/stadiums", &json!({"stadium": stadium, "reason": "new"}))
        .await
        .ok();
    let planned = super::matches::body(made["stadium_id"].as_str().unwrap());
    let before = world.number("SELECT count(*) FROM match_seat_inventory").await;

    for (published, is_beside_a_sale) in [(1, true), (2, false)] {
        if !is_beside_a_sale {
            sqlx::raw_sql("UPDATE sales_phases SET starts_at = starts_at - interval '9 years', ends_at = ends_at - interval '9 years'")
                .execute(&world.app.db)
                .await
                .unwrap();
        }
        let open = "SELECT count(*) FROM sales_phases JOIN matches USING (match_id)
            WHERE state = 'PUBLISHED' AND now() BETWEEN starts_at AND ends_at";
        assert_eq!(world.number(open).await > 0, is_beside_a_sale);
        let drafted = iva.post("/matches", &planned).await.ok();
        let path = format!("/matches/{}/publication", drafted["match_id"].as_str().unwrap());
        answer(iva.request(reqwest::Method::POST, &path)).await.ok();
        let seats = world.number("SELECT count(*) FROM match_seat_inventory").await;
        assert_eq!(seats - before, published * 246);
    }
    let odd = "SELECT count(*) FROM match_seat_inventory i JOIN seats s USING (seat_id) JOIN match_zones z USING (zone_id)
        WHERE (i.snake_rank, i.run_id, z.sector_id, i.match_id) <> (s.snake_rank, s.run_id, s.sector_id, z.match_id)";
    assert_eq!(world.number(odd).await, 0);
    world.stop().await;
}
