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
async fn the_planner_takes_no_match_for_empty_because_it_is_not_among_those_it_knows() {
    let world = World::start().await;
    world.execute("ANALYZE match_seat_inventory").await;
    let of_match =
        "SELECT count(*) FROM pg_stats WHERE tablename = 'match_seat_inventory' AND attname = 'match_id'";
    let of_seat = "SELECT count(*) FROM pg_stats WHERE tablename = 'match_seat_inventory' AND attname IN ('seat_id', 'status')";
    assert_eq!(world.number(of_match).await, 0);
    assert_eq!(world.number(of_seat).await, 2);
    world.stop().await;
}
