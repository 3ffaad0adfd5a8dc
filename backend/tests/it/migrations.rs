//! Migrations of a database that is in use: what was sold, planned and forbidden before is still so afterwards.

use std::path::Path;

use serde_json::{Value, json};
use sqlx::PgPool;
use sqlx::migrate::Migrator;

use crate::support::database;

/// A stadium with sectors A, B and C, a match on sale in A and B and one in draft, an order of two of whose tickets one was given
/// back, two people on the blacklist: as the sixth migration left them.
const IN_USE: &str = include_str!("migrations_in_use.sql");

/// Before staff could plan matches.
const BEFORE_STAFF: i64 = 7;

async fn all_migrations() -> Migrator {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations/backend");
    Migrator::new(folder).await.unwrap()
}

/// A database in use as it was before migration `version`.
async fn in_use_before(version: i64) -> PgPool {
    let db = database().await;
    run(&db, "DROP SCHEMA public CASCADE; CREATE SCHEMA public;").await;
    let older = all_migrations().await;
    let older = older.iter().filter(|one| one.version < version).cloned();
    Migrator::with_migrations(older.collect()).run(&db).await.unwrap();
    run(&db, IN_USE).await;
    db
}

async fn run(db: &PgPool, sql: &'static str) {
    sqlx::raw_sql(sql).execute(db).await.unwrap();
}

/// The rows of a query, as JSON.
async fn rows(db: &PgPool, sql: &'static str) -> Value {
    sqlx::query_scalar(sql).fetch_one(db).await.unwrap()
}

async fn upgraded() -> PgPool {
    let db = in_use_before(BEFORE_STAFF).await;
    all_migrations().await.run(&db).await.unwrap();
    db
}

#[tokio::test]
async fn a_stadium_becomes_its_first_layout_and_its_matches_keep_it() {
    let db = upgraded().await;
    let layouts = rows(
        &db,
        "SELECT jsonb_agg(jsonb_build_array(name, kind, version, capacity, seats)) FROM stadium_layouts JOIN stadiums USING (stadium_id)",
    )
    .await;
    assert_eq!(layouts, json!([["Poljud", "HOME", 1, 5, 6]]));
    let sectors = rows(
        &db,
        "SELECT jsonb_agg(jsonb_build_array(code, kind, described, price_category) ORDER BY code)
         FROM sectors JOIN stadium_layouts USING (layout_id)",
    )
    .await;
    assert_eq!(
        sectors,
        json!([
            ["A", "STANDARD", null, 1],
            ["B", "STANDARD", null, 2],
            ["C", "STANDARD", null, 2]
        ])
    );
    let astray = rows(
        &db,
        "SELECT to_jsonb(count(*)) FROM matches m JOIN stadium_layouts l USING (layout_id) WHERE m.stadium_id <> l.stadium_id",
    )
    .await;
    assert_eq!(astray, json!(0));
}

#[tokio::test]
async fn a_sale_becomes_one_phase_for_everybody_with_its_times_and_prices() {
    let db = upgraded().await;
    let phases = rows(
        &db,
        "SELECT jsonb_agg(jsonb_build_array(home_team, kind, sales_phases.ticket_limit, match_sales.ticket_limit, ended_early,
                                            starts_at = '2026-01-31T18:00:00Z', ends_at = '2026-02-28T18:00:00Z'))
         FROM sales_phases JOIN match_sales USING (match_id) JOIN matches USING (match_id)",
    )
    .await;
    assert_eq!(
        phases,
        json!([["Hajduk", "GENERAL_PUBLIC", 4, 6, null, true, true]])
    );
    let plan = rows(
        &db,
        "SELECT jsonb_agg(jsonb_build_array(sectors.code, s.state, is_free, p.code, p.name, p.presale_price, p.match_day_price)
                          ORDER BY sectors.code)
         FROM match_sectors s JOIN sectors USING (sector_id)
         JOIN match_price_categories p ON p.match_id = s.match_id AND p.code = s.price_category",
    )
    .await;
    assert_eq!(
        plan,
        json!([
            ["A", "ACTIVE", false, 1, "1", 40.00, 50.00],
            ["B", "ACTIVE", false, 2, "2", 60.00, 70.00]
        ])
    );
    let matches = rows(
        &db,
        "SELECT jsonb_agg(jsonb_build_array(home_team, state, version, content, published_at = created_at) ORDER BY home_team)
         FROM matches",
    )
    .await;
    assert_eq!(
        matches,
        json!([
            ["Dinamo", "DRAFT", 1, {}, null],
            ["Hajduk", "PUBLISHED", 1, {}, true]
        ])
    );
    let windows = rows(&db, "SELECT to_jsonb(count(*)) FROM sale_windows").await;
    assert_eq!(windows, json!(1));
}

#[tokio::test]
async fn jobs_of_a_queue_go_on_under_their_new_name_and_what_is_done_stays_done() {
    let db = upgraded().await;
    let jobs = rows(
        &db,
        "SELECT jsonb_agg(jsonb_build_array(kind, attempts, done_at IS NOT NULL) ORDER BY job_id) FROM jobs",
    )
    .await;
    assert_eq!(
        jobs,
        json!([
            ["sync_queue", 0, true],
            ["sync_queue", 3, false],
            ["expire_order", 1, false]
        ])
    );
}

#[tokio::test]
async fn who_was_on_the_blacklist_is_on_it_once_and_blocked_attempts_are_kept() {
    let db = upgraded().await;
    let entries = rows(
        &db,
        "SELECT jsonb_agg(jsonb_build_array(encode(identity, 'hex'), source, removed_at) ORDER BY identity) FROM blacklist",
    )
    .await;
    assert_eq!(entries, json!([["01", "police", null], ["02", "club", null]]));
    let ids = rows(&db, "SELECT to_jsonb(count(DISTINCT entry_id)) FROM blacklist").await;
    assert_eq!(ids, json!(2));
    let violations = rows(
        &db,
        "SELECT jsonb_agg(jsonb_build_array(encode(identity, 'hex'), blocked_at = '2026-02-01T12:00:00Z', address_class))
         FROM blacklist_violations",
    )
    .await;
    assert_eq!(violations, json!([["01", true, null]]));
    let twice = sqlx::raw_sql("INSERT INTO blacklist (identity, source) VALUES ('\\x01', 'again')")
        .execute(&db)
        .await
        .unwrap_err();
    assert_eq!(
        twice.as_database_error().unwrap().constraint(),
        Some("blacklist_one_active_per_person")
    );
}

#[tokio::test]
async fn orders_and_tickets_are_as_they_were() {
    let before = in_use_before(BEFORE_STAFF).await;
    let sold = "SELECT jsonb_build_object(
            'orders', (SELECT jsonb_agg(to_jsonb(orders)) FROM orders),
            'lines', (SELECT jsonb_agg(to_jsonb(order_lines) ORDER BY line_no) FROM order_lines),
            'payments', (SELECT jsonb_agg(to_jsonb(payments)) FROM payments),
            'tickets', (SELECT jsonb_agg(to_jsonb(tickets) ORDER BY line_no) FROM tickets),
            'seats', (SELECT jsonb_agg(to_jsonb(s) ORDER BY match_id, seat_id) FROM match_seat_inventory s))";
    let was = rows(&before, sold).await;
    all_migrations().await.run(&before).await.unwrap();
    assert_eq!(rows(&before, sold).await, was);
}

#[tokio::test]
async fn the_planner_forgets_the_matches_of_seats_and_learns_none() {
    let db = in_use_before(BEFORE_STAFF).await;
    let known = "SELECT coalesce(jsonb_agg(attname ORDER BY attname), '[]') FROM pg_stats
                 WHERE tablename = 'match_seat_inventory' AND attname IN ('match_id', 'zone_id', 'status')";
    run(&db, "ANALYZE match_seat_inventory").await;
    assert_eq!(rows(&db, known).await, json!(["match_id", "status", "zone_id"]));
    all_migrations().await.run(&db).await.unwrap();
    assert_eq!(rows(&db, known).await, json!(["status", "zone_id"]));
    run(&db, "ANALYZE match_seat_inventory").await;
    assert_eq!(rows(&db, known).await, json!(["status", "zone_id"]));
}
