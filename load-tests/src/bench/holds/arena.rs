//! The hot match: 4 sectors of 500,000 seats, on sale, larger than any stadium, so that a run never comes to its end.

use anyhow::Context;
use sqlx::{AssertSqlSafe, PgPool};
use uuid::Uuid;

/// Sectors of the match.
pub(super) const SECTORS: usize = 4;
/// Seats of each.
pub(super) const SEATS_OF_SECTOR: i64 = 500_000;

/// The match and its zones.
pub(super) struct Arena {
    pub(super) match_id: Uuid,
    pub(super) queue_id: Uuid,
    pub(super) zones: Vec<Uuid>,
}

/// Builds it beside the match that the stack was raised with, and with that one's terms. The tables are at rest afterwards.
pub(super) async fn build(db: &PgPool, like: Uuid) -> anyhow::Result<Arena> {
    let (match_id, queue_id) = (fresh(), fresh());
    let statements = [
        format!(
            "INSERT INTO matches
             SELECT (jsonb_populate_record(m, jsonb_build_object('match_id', '{match_id}', 'waiting_room_queue_id', '{queue_id}',
                 'kick_off_at', now() + interval '30 days'))).*
             FROM matches m WHERE match_id = '{like}'"
        ),
        format!(
            "INSERT INTO match_sales
             SELECT (jsonb_populate_record(s, jsonb_build_object('match_id', '{match_id}'))).* FROM match_sales s WHERE match_id = '{like}'"
        ),
        format!(
            "INSERT INTO sales_phases (phase_id, match_id, kind, starts_at, ends_at, ticket_limit)
             VALUES (gen_random_uuid(), '{match_id}', 'GENERAL_PUBLIC', now() - interval '1 hour', now() + interval '29 days', 4)"
        ),
        format!(
            "WITH made AS (
                 INSERT INTO sectors
                 SELECT (jsonb_populate_record(s, jsonb_build_object('sector_id', gen_random_uuid(), 'code', 'ARENA' || i,
                     'name', 'Arena ' || i))).*
                 FROM (SELECT s FROM sectors s JOIN match_zones USING (sector_id) WHERE match_id = '{like}' LIMIT 1) one(s),
                      generate_series(1, {SECTORS}) i
                 RETURNING *
             ), used AS (
                 INSERT INTO match_sectors (match_id, sector_id, price_category)
                 SELECT '{match_id}', sector_id, price_category FROM made
             )
             INSERT INTO match_zones (zone_id, match_id, sector_id, name, presale_price, match_day_price)
             SELECT gen_random_uuid(), '{match_id}', sector_id, name, 40, 50 FROM made"
        ),
        // Rows of forty.
        format!(
            "INSERT INTO seats (seat_id, sector_id, row_label, number, kind, snake_rank, run_id)
             SELECT gen_random_uuid(), sector_id, (rank / 40 + 1)::text, (rank % 40 + 1)::text, 'STANDARD', rank, rank / 40
             FROM match_zones, generate_series(0, {SEATS_OF_SECTOR} - 1) rank WHERE match_id = '{match_id}' ORDER BY sector_id, rank"
        ),
        format!(
            "INSERT INTO match_seat_inventory (match_id, seat_id, zone_id, snake_rank, run_id, status)
             SELECT z.match_id, s.seat_id, z.zone_id, s.snake_rank, s.run_id, 'AVAILABLE'
             FROM match_zones z JOIN seats s USING (sector_id) WHERE z.match_id = '{match_id}' ORDER BY z.zone_id, s.snake_rank"
        ),
    ];
    for statement in statements {
        run(db, statement).await?;
    }
    rest(db).await?;
    let zones = sqlx::query_scalar("SELECT zone_id FROM match_zones WHERE match_id = $1 ORDER BY name")
        .bind(match_id)
        .fetch_all(db)
        .await?;
    Ok(Arena {
        match_id,
        queue_id,
        zones,
    })
}

impl Arena {
    /// Sells the first free seats of each zone, until so many of a hundred are owned.
    pub(super) async fn sell_up_to(&self, db: &PgPool, percent: i64) -> anyhow::Result<()> {
        for zone in &self.zones {
            run(
                db,
                format!(
                    "UPDATE match_seat_inventory SET status = 'SOLD'
                     WHERE zone_id = '{zone}' AND status = 'AVAILABLE' AND cart_id IS NULL
                       AND snake_rank < {SEATS_OF_SECTOR} * {percent} / 100"
                ),
            )
            .await?;
        }
        rest(db).await
    }

    /// Of a hundred seats so many are owned.
    pub(super) async fn owned_percent(&self, db: &PgPool) -> anyhow::Result<f64> {
        let owned: f64 = sqlx::query_scalar(
            "SELECT (100.0 * count(*) FILTER (WHERE cart_id IS NOT NULL OR status <> 'AVAILABLE') / count(*))::float8
             FROM match_seat_inventory WHERE match_id = $1",
        )
        .bind(self.match_id)
        .fetch_one(db)
        .await?;
        Ok(owned)
    }

    /// Carts that do not own their seats, or own other ones than they say.
    pub(super) async fn broken_carts(&self, db: &PgPool) -> anyhow::Result<i64> {
        let broken = sqlx::query_scalar(
            "SELECT count(*)
             FROM carts c
             LEFT JOIN (
                 SELECT cart_id, array_agg(seat_id ORDER BY seat_id) AS owned
                 FROM match_seat_inventory WHERE match_id = $1 AND cart_id IS NOT NULL GROUP BY cart_id
             ) i USING (cart_id)
             WHERE c.match_id = $1 AND c.ended_at IS NULL
               AND i.owned IS DISTINCT FROM ARRAY(SELECT unnest(c.seat_ids) ORDER BY 1)",
        )
        .bind(self.match_id)
        .fetch_one(db)
        .await?;
        Ok(broken)
    }

    /// Seats that two living carts say are theirs.
    pub(super) async fn double_sold(&self, db: &PgPool) -> anyhow::Result<i64> {
        let twice = sqlx::query_scalar(
            "SELECT count(*) FROM (
                 SELECT seat FROM carts, unnest(seat_ids) seat WHERE match_id = $1 AND ended_at IS NULL GROUP BY seat HAVING count(*) > 1
             ) twice",
        )
        .bind(self.match_id)
        .fetch_one(db)
        .await?;
        Ok(twice)
    }
}

/// Statistics are there, what was written is on disk, and no checkpoint of it falls into what is measured next.
pub(super) async fn rest(db: &PgPool) -> anyhow::Result<()> {
    for statement in ["VACUUM ANALYZE", "CHECKPOINT"] {
        run(db, statement.to_owned()).await?;
    }
    Ok(())
}

/// Runs statements of our own.
pub(super) async fn run(db: &PgPool, statement: String) -> anyhow::Result<()> {
    let told = statement.lines().next().unwrap_or_default().to_owned();
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(db)
        .await
        .with_context(|| told)?;
    Ok(())
}

/// A fresh id.
pub(super) fn fresh() -> Uuid {
    Uuid::from_bytes(rand::random())
}
