//! `GET /orders`, `/orders/{id}`.

use crate::world::World;

#[tokio::test]
async fn a_fan_sees_their_own_orders_and_nobody_elses() {
    let world = World::start().await;
    let (ana, ben) = (world.fan("ana").await, world.fan("ben").await);
    let first = ana.order(1).await;
    ana.cancel(&first).await.ok();
    let second = ana.order(2).await;
    let of_ben = ben.order(1).await;

    let page = ana.get("/orders").await.ok();
    let ids: Vec<_> = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|order| &order["order_id"])
        .collect();
    assert_eq!(ids, [&second["order_id"], &first["order_id"]], "newest first");
    assert!(page.get("next_cursor").is_none());
    let path = format!("/orders/{}", of_ben["order_id"].as_str().unwrap());
    ana.get(&path).await.refused(404, "not-found");
    assert_eq!(ana.read_order(&second).await, second);

    let older = format!("/orders?cursor={}", second["order_id"].as_str().unwrap());
    let older = ana.get(&older).await.ok();
    assert_eq!(older["items"][0]["order_id"], first["order_id"]);
    world.stop().await;
}
