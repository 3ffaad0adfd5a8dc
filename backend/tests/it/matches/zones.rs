//! `GET /matches`, `/matches/{id}`, `/matches/{id}/zones`: what everybody may see.

use serde_json::Value;
use uuid::Uuid;

use crate::support::eventually;
use crate::world::{World, ZONE_SEATS, answer};

async fn read(world: &World, path: &str) -> crate::world::Answer {
    answer(world.http.get(format!("{}{path}", world.api_url))).await
}

async fn free(world: &World) -> Vec<i64> {
    let board = read(world, &format!("/matches/{}/zones", world.match_id))
        .await
        .ok();
    let zones = board["zones"].as_array().unwrap();
    zones
        .iter()
        .map(|zone| zone["available_count"].as_i64().unwrap())
        .collect()
}

#[tokio::test]
async fn anybody_may_see_the_match_its_zones_and_prices() {
    let world = World::start().await;

    let list = read(&world, "/matches").await.ok();
    assert_eq!(list["items"][0]["match_id"], world.match_id.to_string());
    let one = read(&world, &format!("/matches/{}", world.match_id)).await.ok();
    assert_eq!(
        (&one["sale_status"], &one["queue_ready"]),
        (&"ON_SALE".into(), &true.into())
    );
    let board = read(&world, &format!("/matches/{}/zones", world.match_id)).await;
    assert_eq!(board.header("cache-control"), Some("public, max-age=1"));
    let zones = board.ok();
    let zone: &Value = &zones["zones"][0];
    assert_eq!(
        zone["available_count"], ZONE_SEATS,
        "technical seats are not sold"
    );
    assert_eq!(
        (&zone["current_price"], &zone["match_day_price"]),
        (&"40.00".into(), &"50.00".into())
    );
    assert_eq!(zone["max_quantity"], 4);

    world.stop().await;
}

#[tokio::test]
async fn the_board_follows_holds_and_releases() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    assert_eq!(free(&world).await, [ZONE_SEATS, ZONE_SEATS]);

    ana.hold(world.zones[0], 3).await.ok();
    eventually("the board shows three seats less", || async {
        free(&world).await.iter().sum::<i64>() == 2 * ZONE_SEATS - 3
    })
    .await;
    ana.release().await;
    eventually("the board shows them again", || async {
        free(&world).await == [ZONE_SEATS, ZONE_SEATS]
    })
    .await;

    world.stop().await;
}

#[tokio::test]
async fn a_match_that_is_not_there_is_not_found() {
    let world = World::start().await;
    for path in ["", "/zones"] {
        read(&world, &format!("/matches/{}{path}", Uuid::from_u128(5)))
            .await
            .refused(404, "not-found");
    }
    world.stop().await;
}

#[tokio::test]
async fn a_match_that_is_not_shown_yet_has_no_zones_to_be_seen_either() {
    let world = World::start().await;
    sqlx::raw_sql("UPDATE matches SET visible_from = now() + interval '1 day'")
        .execute(&world.app.db)
        .await
        .unwrap();

    for path in ["", "/zones"] {
        read(&world, &format!("/matches/{}{path}", world.match_id))
            .await
            .refused(404, "not-found");
    }
    world.stop().await;
}
