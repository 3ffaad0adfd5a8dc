//! `GET /tickets`, `/tickets/{id}`.

use domain::tickets::{TICKET_CODE_TYP, TicketCode};
use platform::clock::{Clock, SystemClock};

use crate::world::{World, key};

#[tokio::test]
async fn a_ticket_carries_a_code_that_a_gate_can_verify_alone() {
    let world = World::start().await;
    world.start_workers().await;
    let (ana, ben) = (world.fan("ana").await, world.fan("ben").await);
    let (order, _) = ana.order_and_pay(2).await;
    ana.sees(&order, "COMPLETED").await;

    let tickets = ana.tickets().await;
    assert_eq!(tickets.len(), 2);
    for ticket in &tickets {
        let code: TicketCode = key(4)
            .verifying_key()
            .verify(
                TICKET_CODE_TYP,
                ticket["code"].as_str().unwrap(),
                None,
                SystemClock.now(),
            )
            .unwrap();
        assert_eq!(ticket["ticket_id"], code.ticket.to_string());
        assert_eq!(ticket["barcode"], code.barcode);
        assert_eq!(ticket["order_id"], order["order_id"]);
        assert_eq!(ticket["state"], "SOLD");
        assert_eq!(ticket["sector"], "Zona A");
        let path = format!("/tickets/{}", ticket["ticket_id"].as_str().unwrap());
        assert_eq!(ana.get(&path).await.ok()["barcode"], ticket["barcode"]);
        ben.get(&path).await.refused(404, "not-found");
    }
    assert!(ben.tickets().await.is_empty());
    world.stop().await;
}
