//! What must be so in the end, whatever the backend died of.

use std::collections::BTreeSet;

use serde_json::Value;

use super::stage::Stage;
use crate::world::Fan;

/// Whatever these count must not be.
const NEVER: [(&str, &str); 10] = [
    (
        "jobs that are not done",
        "SELECT count(*) FROM jobs WHERE done_at IS NULL",
    ),
    ("dead letters", "SELECT count(*) FROM dead_letters"),
    (
        "events that nobody understands",
        "SELECT count(*) FROM gateway_events WHERE outcome IN ('UNKNOWN_PAYMENT', 'UNREADABLE')",
    ),
    (
        "events told twice",
        "SELECT count(*) FROM (SELECT FROM outbox GROUP BY kind, aggregate_id HAVING count(*) > 1) e",
    ),
    (
        "deeds written down twice",
        "SELECT count(*) FROM (SELECT FROM audit_entries GROUP BY subject_id, deed HAVING count(*) > 1) e",
    ),
    (
        "fans with two carts",
        "SELECT count(*) FROM (SELECT FROM carts GROUP BY user_id HAVING count(*) > 1) c",
    ),
    (
        "seats held for nobody",
        "SELECT count(*) FROM match_seat_inventory WHERE locked_until > clock_timestamp()",
    ),
    (
        "people held for nobody",
        "SELECT count(*) FROM match_identities WHERE held_until > clock_timestamp() AND ticket_id IS NULL",
    ),
    (
        "orders with other tickets than they should have",
        "SELECT count(*) FROM orders o
      WHERE (SELECT count(*) FROM tickets t WHERE t.order_id = o.order_id AND t.state = 'SOLD')
         <> (SELECT count(*) FROM order_lines l WHERE l.order_id = o.order_id AND o.state = 'COMPLETED')",
    ),
    (
        "mails that were not sent",
        "SELECT count(*) FROM outbox LEFT JOIN mails USING (event_id)
      WHERE kind LIKE 'mail.%' AND state IS DISTINCT FROM 'SENT'",
    ),
];

/// Every order as its books show it.
const ORDERS: &str = "SELECT coalesce(jsonb_object_agg(order_id,
        jsonb_build_object('state', state, 'cents', (total * 100)::bigint)), '{}') FROM orders";

impl Stage {
    /// Nothing is lost, doubled or left over, for anybody.
    pub(super) async fn assert_whole(&self) {
        self.world.assert_seats_are_whole().await;
        self.world.assert_books_balance().await;
        for (what, count) in NEVER {
            assert_eq!(self.world.number(count).await, 0, "{what}");
        }
        self.assert_every_cent_has_its_outcome().await;
    }

    /// What Stripe has of an order is what the order's end says, and there is no other money.
    async fn assert_every_cent_has_its_outcome(&self) {
        let orders: Value = sqlx::query_scalar(ORDERS)
            .fetch_one(&self.world.app.db)
            .await
            .unwrap();
        let ledger = self.world.stripe.ledger();
        let (mut paid_for, mut kept) = (BTreeSet::new(), 0);
        for intent in ledger["intents"].as_array().unwrap() {
            let order_id = intent["metadata"]["order_id"].as_str().unwrap();
            assert!(paid_for.insert(order_id), "two intents for order {order_id}");
            let order = &orders[order_id];
            let cents = order["cents"].as_i64().unwrap();
            let (status, captured, refunded) = match order["state"].as_str().unwrap() {
                "COMPLETED" => ("succeeded", cents, 0),
                "REFUNDED" => ("succeeded", cents, cents),
                "EXPIRED" | "CANCELLED" => ("canceled", 0, 0),
                other => panic!("order {order_id} has not ended: {other}"),
            };
            assert_eq!(
                (&intent["status"], &intent["captured"], &intent["refunded"]),
                (&status.into(), &captured.into(), &refunded.into()),
                "{order}"
            );
            kept += captured - refunded;
        }
        let at_gateway =
            "SELECT coalesce(sum(amount) * 100, 0)::bigint FROM ledger_entries WHERE account = 'gateway'";
        assert_eq!(self.world.number(at_gateway).await, kept);
    }

    /// How the fan's orders ended, and what was written down of each: `STATE: deed, deed, …`.
    pub(super) async fn histories(&self, fan: &Fan<'_>) -> Vec<String> {
        sqlx::query_scalar(
            "SELECT o.state::text || ': ' || string_agg(a.deed, ', ' ORDER BY a.entry_no)
             FROM orders o
             JOIN audit_entries a ON a.subject_id = o.order_id
             WHERE o.user_id = $1
             GROUP BY o.order_id",
        )
        .bind(fan.id)
        .fetch_all(&self.world.app.db)
        .await
        .unwrap()
    }

    /// How many mails the fan got: one that came twice under one Message-ID is one.
    pub(super) fn mails_to(&self, fan: &Fan<'_>) -> usize {
        let mails = self.mails.mails_to(fan.profile["email"].as_str().unwrap());
        let ids: BTreeSet<&str> = mails.iter().map(|mail| mail.message_id.as_str()).collect();
        ids.len()
    }

    /// Whether the waiting room knows that the fan's session is over.
    pub(super) async fn has_left_room(&self, fan: &Fan<'_>) -> bool {
        let session: uuid::Uuid =
            sqlx::query_scalar("SELECT session_ticket_id FROM orders WHERE user_id = $1")
                .bind(fan.id)
                .fetch_one(&self.world.app.db)
                .await
                .unwrap();
        self.world.room.completed().contains(&session)
    }
}
