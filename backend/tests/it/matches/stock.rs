//! What the waiting room and the planner are told of a match's seats.

use backend::inventory::{Stock, count_stock};
use domain::ids::MatchId;

use crate::world::World;

#[tokio::test]
async fn stock_is_told_apart_by_who_may_still_give_seats_back() {
    let world = World::start().await;
    let stock = async || {
        let mut conn = world.app.db.acquire().await.unwrap();
        count_stock(&mut conn, MatchId(world.match_id)).await.unwrap()
    };
    let all = stock().await.free;
    let (ana, iva, eva) = (
        world.fan("ana").await,
        world.fan("iva").await,
        world.fan("eva").await,
    );
    ana.hold(world.zones[0], 3).await.ok();
    let cart = iva.hold(world.zones[1], 2).await.ok();
    iva.check_out(&cart, &[world.person()]).await.ok();

    let expected = Stock {
        free: all - 5,
        held: 3,
        paying: 2,
    };
    assert_eq!(stock().await, expected);

    world.time_passes(1_300).await;
    eva.admit_for(1_200);
    eva.hold(world.zones[0], 1).await.ok();
    let expected = Stock {
        free: all - 1,
        held: 1,
        paying: 0,
    };
    assert_eq!(stock().await, expected, "what is past is free");
    world.stop().await;
}

#[tokio::test]
async fn the_planner_knows_a_matchs_seats_as_soon_as_it_is_on_sale() {
    let world = World::start().await;
    let seats = "SELECT count(*) FROM match_seat_inventory";
    let known = "SELECT reltuples::bigint FROM pg_class WHERE oid = 'match_seat_inventory'::regclass";
    assert_eq!(world.number(known).await, world.number(seats).await);
    world.stop().await;
}
