//! Behind the backend's back: what the database holds, whether it adds up, and time that passes in it.

use std::collections::BTreeMap;

use serde_json::Value;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::World;

impl World {
    /// One number from the database.
    pub(crate) async fn number(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.app.db).await.unwrap()
    }

    /// One text from the database.
    pub(crate) async fn text(&self, sql: &'static str) -> Option<String> {
        sqlx::query_scalar(sql)
            .fetch_optional(&self.app.db)
            .await
            .unwrap()
    }

    /// The audit entries of a subject: who, what, with which details.
    pub(crate) async fn audit_of(&self, subject: Uuid) -> Vec<Value> {
        sqlx::query_scalar(
            "SELECT jsonb_build_object('actor', actor, 'deed', deed, 'details', details)
             FROM audit_entries
             WHERE subject_id = $1
             ORDER BY entry_no",
        )
        .bind(subject)
        .fetch_all(&self.app.db)
        .await
        .unwrap()
    }

    /// Changes the database behind the backend's back.
    pub(crate) async fn execute(&self, sql: &str) {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
            .execute(&self.app.db)
            .await
            .unwrap();
    }

    /// Whatever carries its own end is so much nearer to it.
    pub(crate) async fn time_passes(&self, seconds: u32) {
        let ends = [
            ("match_seat_inventory", "locked_until"),
            ("carts", "locked_until"),
            ("match_buyers", "cart_until"),
            ("match_identities", "held_until"),
            ("orders", "session_ends_at"),
            ("payments", "started_at"),
            ("jobs", "run_at"),
        ];
        for (table, end) in ends {
            self.execute(&format!(
                "UPDATE {table} SET {end} = {end} - interval '{seconds} s' WHERE {end} IS NOT NULL"
            ))
            .await;
        }
    }

    /// Every table and a fingerprint of what is in it.
    pub(crate) async fn fingerprint(&self) -> BTreeMap<String, String> {
        let tables: Vec<String> = sqlx::query_scalar(
            "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'",
        )
        .fetch_all(&self.app.db)
        .await
        .unwrap();
        let mut prints = BTreeMap::new();
        for table in tables {
            let sql = format!(
                "SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, ';' ORDER BY t::text)), '') FROM {table} t"
            );
            let print: String = sqlx::query_scalar(AssertSqlSafe(sql))
                .fetch_one(&self.app.db)
                .await
                .unwrap();
            prints.insert(table, print);
        }
        prints
    }

    /// Every movement of the ledger sums to zero, and so does all of it.
    pub(crate) async fn assert_books_balance(&self) {
        let open = "SELECT count(*) FROM (SELECT FROM ledger_entries GROUP BY movement_id, currency HAVING sum(amount) <> 0) m";
        assert_eq!(self.number(open).await, 0);
        assert_eq!(
            self.number("SELECT coalesce(sum(amount) * 100, 0)::bigint FROM ledger_entries")
                .await,
            0
        );
        assert!(backend::audit::verify(&self.app.db).await.unwrap().is_empty());
    }

    /// Nobody sits on anybody's seat, and every seat is either free, in one live cart, or sold to one ticket.
    pub(crate) async fn assert_seats_are_whole(&self) {
        let shared = "SELECT count(*) FROM (
            SELECT unnest(seat_ids) AS seat FROM carts WHERE ended_at IS NULL AND locked_until > clock_timestamp()
            GROUP BY 1 HAVING count(*) > 1) s";
        assert_eq!(self.number(shared).await, 0, "a seat is in two live carts");
        let adrift = "SELECT count(*) FROM match_seat_inventory i
            LEFT JOIN carts c ON c.cart_id = i.cart_id
            LEFT JOIN tickets t ON t.seat_id = i.seat_id AND t.state <> 'CANCELLED'
            WHERE (i.cart_id IS NOT NULL AND NOT (i.seat_id = ANY(c.seat_ids)))
               OR (i.status = 'SOLD') <> (t.ticket_id IS NOT NULL)";
        assert_eq!(
            self.number(adrift).await,
            0,
            "a seat is neither free, held nor sold"
        );
    }

    /// Seats of this match under a live lock.
    pub(crate) async fn locked_seats(&self) -> i64 {
        self.number("SELECT count(*) FROM match_seat_inventory WHERE locked_until > clock_timestamp()")
            .await
    }
}
