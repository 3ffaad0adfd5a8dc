//! `POST /orders/{id}/refund`.

use serde_json::Value;

use crate::support::eventually;
use crate::world::{Fan, World};

/// A paid order of the fan, as the fan sees it.
async fn bought(world: &World, fan: &Fan<'_>, quantity: u32) -> Value {
    let (order, _) = fan.order_and_pay(quantity).await;
    world.start_workers().await;
    fan.sees(&order, "COMPLETED").await;
    order
}

/// The match kicks off so many minutes before or after its refund deadline is reached.
async fn deadline_in_minutes(world: &World, minutes: i64) {
    world
        .execute(&format!(
            "UPDATE matches m
             SET kick_off_at = clock_timestamp() + make_interval(hours => refund_deadline_hours, mins => {minutes})
             FROM match_sales s
             WHERE s.match_id = m.match_id;
             UPDATE sales_phases s SET ends_at = kick_off_at FROM matches m WHERE m.match_id = s.match_id"
        ))
        .await;
}

#[tokio::test]
async fn until_the_deadline_all_of_the_money_goes_back_and_everything_is_free_again() {
    let world = World::start().await;
    let (ana, ben) = (world.fan("ana").await, world.fan("ben").await);
    let order = bought(&world, &ana, 4).await;
    deadline_in_minutes(&world, 5).await;

    let returned = ana.refund(&order).await.ok();

    assert_eq!(
        (&returned["state"], &returned["reason"]),
        (&"REFUNDED".into(), &"RETURNED".into())
    );
    for ticket in ana.tickets().await {
        assert_eq!(ticket["state"], "CANCELLED");
    }
    eventually("the money is back", || async {
        world
            .number("SELECT count(*) FROM refunds WHERE state = 'SUCCEEDED'")
            .await
            == 1
    })
    .await;
    let intent = &world.stripe.ledger()["intents"][0];
    assert_eq!(
        (&intent["captured"], &intent["refunded"]),
        (&16_960.into(), &16_960.into())
    );
    let left = "SELECT count(*) FROM (SELECT FROM ledger_entries GROUP BY account HAVING sum(amount) <> 0) a";
    assert_eq!(world.number(left).await, 0, "no account keeps anything of it");
    ben.hold(world.zones[0], 4).await.ok();
    world.assert_seats_are_whole().await;
    world.assert_books_balance().await;
    world.stop().await;
}

#[tokio::test]
async fn the_same_people_may_buy_again() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let order = bought(&world, &ana, 1).await;
    ana.refund(&order).await.ok();

    let (again, _) = ana.order_and_pay(1).await;

    ana.sees(&again, "COMPLETED").await;
    world.assert_seats_are_whole().await;
    world.assert_books_balance().await;
    world.stop().await;
}

#[tokio::test]
async fn pressed_twice_at_once_it_is_one_refund() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let order = bought(&world, &ana, 2).await;

    let (one, two, three) = tokio::join!(ana.refund(&order), ana.refund(&order), ana.refund(&order));

    for answered in [one, two, three] {
        assert_eq!(answered.ok()["state"], "REFUNDED");
    }
    assert_eq!(world.number("SELECT count(*) FROM refunds").await, 1);
    let told = "SELECT count(*) FROM outbox WHERE kind = 'order.refunded'";
    assert_eq!(world.number(told).await, 1);
    assert_eq!(
        world.number("SELECT sum(sold) FROM match_buyers").await,
        0,
        "the allowance came back once"
    );
    world.assert_books_balance().await;
    world.stop().await;
}

#[tokio::test]
async fn too_late_unpaid_used_or_somebody_elses_is_refused_and_changes_nothing() {
    let world = World::start().await;
    let (ana, ben) = (world.fan("ana").await, world.fan("ben").await);
    let unpaid = ben.order(1).await;
    let order = bought(&world, &ana, 1).await;
    eventually("the session is told", || async {
        world
            .number("SELECT count(*) FROM jobs WHERE kind = 'end_session' AND done_at IS NULL")
            .await
            == 0
    })
    .await;
    ben.refund(&unpaid).await.refused(409, "order-not-paid");
    ben.refund(&order).await.refused(404, "not-found");

    deadline_in_minutes(&world, -1).await;
    let before = world.fingerprint().await;
    let late = ana.refund(&order).await.refused(409, "refund-too-late");
    assert!(
        late["until"].as_str().is_some_and(|until| until.ends_with('Z')),
        "{late}"
    );

    deadline_in_minutes(&world, 5).await;
    world.execute("UPDATE tickets SET state = 'ATTENDED'").await;
    ana.refund(&order).await.refused(409, "ticket-used");
    world.execute("UPDATE tickets SET state = 'SOLD'").await;
    deadline_in_minutes(&world, -1).await;

    let after = world.fingerprint().await;
    for table in [
        "orders",
        "tickets",
        "refunds",
        "ledger_entries",
        "match_seat_inventory",
        "match_buyers",
        "match_identities",
        "audit_entries",
    ] {
        assert_eq!(before[table], after[table], "{table}");
    }
    world.stop().await;
}
