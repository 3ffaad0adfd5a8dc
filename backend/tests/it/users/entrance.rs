//! The crowd outside has half of the pool.

use futures_util::future::join_all;

use crate::world::World;

#[tokio::test]
async fn a_full_entrance_turns_newcomers_away_and_keeps_no_buyer_from_buying() {
    let world = World::start().await;
    let (ana, newcomer) = (world.fan("ana").await, world.visitor("ben").await);
    let half = world.app.settings.database.max_connections / 2;
    let crowd = join_all((0..half).map(|_| world.app.entrance.place())).await;
    assert!(crowd.iter().all(Result::is_ok));

    newcomer
        .get("/users/me/profile")
        .await
        .refused(503, "unavailable");
    ana.hold(world.zones[0], 2).await.ok();

    drop(crowd);
    newcomer.get("/users/me/profile").await.refused(404, "no-profile");
    world.stop().await;
}
