//! `POST /orders/{id}/cancellation`.

use crate::world::World;

#[tokio::test]
async fn before_a_payment_the_seats_are_free_at_once() {
    let world = World::start().await;
    let (ana, ben) = (world.fan("ana").await, world.fan("ben").await);
    let order = ana.order(4).await;

    let cancelled = ana.cancel(&order).await.ok();

    assert_eq!(cancelled["state"], "CANCELLED");
    assert_eq!(world.locked_seats().await, 0);
    ben.hold(world.zones[0], 4).await.ok();
    let again = ana.cancel(&order).await.ok();
    assert_eq!(
        again["state"], "CANCELLED",
        "taking back twice is taking back once"
    );
    assert_eq!(world.locked_seats().await, 4, "what ben holds stays his");
    assert_eq!(
        world
            .text("SELECT ended_as::text FROM carts WHERE ended_at IS NOT NULL")
            .await,
        Some("CANCELLED".to_owned())
    );
    let order = ana.order(1).await;
    assert_eq!(order["state"], "AWAITING_PAYMENT", "the buyer may try again");
    world.assert_seats_are_whole().await;
    world.stop().await;
}

#[tokio::test]
async fn with_a_payment_started_the_intent_is_cancelled_first() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let order = ana.order(2).await;
    ana.start_payment(&order).await.ok();

    let asked = ana.cancel(&order).await.ok();
    assert_eq!(asked["state"], "AWAITING_PAYMENT");
    assert_eq!(
        world.locked_seats().await,
        2,
        "the intent could still be paid, so its seats stay locked"
    );
    ana.start_payment(&order).await.refused(409, "order-not-payable");

    world.start_workers().await;
    ana.sees(&order, "CANCELLED").await;
    assert_eq!(world.stripe.ledger()["intents"][0]["status"], "canceled");
    assert_eq!(world.locked_seats().await, 0);
    world.assert_seats_are_whole().await;
    world.stop().await;
}

#[tokio::test]
async fn a_payment_whose_second_factor_never_came_is_cancelled() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let order = ana.order(2).await;
    let payment = ana.start_payment(&order).await.ok();
    ana.pay(&payment, "pm_card_authenticationRequired").await.ok();
    ana.cancel(&order).await.ok();

    world.start_workers().await;

    ana.sees(&order, "CANCELLED").await;
    assert_eq!(world.stripe.ledger()["intents"][0]["status"], "canceled");
    assert_eq!(world.locked_seats().await, 0);
    assert_eq!(ana.authenticate(&payment, "succeeded").await.status, 400);
    world.stop().await;
}

#[tokio::test]
async fn a_payment_that_was_faster_than_the_cancellation_wins() {
    let world = World::start_without_webhooks().await;
    let ana = world.fan("ana").await;
    let (order, _) = ana.order_and_pay(1).await;
    ana.cancel(&order).await.ok();

    world.start_workers().await;

    ana.sees(&order, "COMPLETED").await;
    ana.cancel(&order).await.refused(409, "order-paid");
    assert_eq!(ana.tickets().await.len(), 1);
    world.assert_books_balance().await;
    world.stop().await;
}

#[tokio::test]
async fn nobody_cancels_anybody_elses_order() {
    let world = World::start().await;
    let (ana, ben) = (world.fan("ana").await, world.fan("ben").await);
    let order = ana.order(1).await;

    ben.cancel(&order).await.refused(404, "not-found");

    assert_eq!(ana.read_order(&order).await["state"], "AWAITING_PAYMENT");
    world.stop().await;
}
