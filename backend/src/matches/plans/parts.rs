//! Statements on what a match consists of: `match_sales`, `match_sectors`, `match_price_categories`.
#![expect(
    clippy::as_conversions,
    reason = "sqlx's way to name a parameter's type: nothing is converted"
)]

use domain::ids::{LayoutId, MatchId};
use rust_decimal::Decimal;
use sqlx::{PgConnection, query, query_as, query_scalar};

use super::body::{SectorBody, SectorState};
use super::sale::SaleBody;
use crate::stadiums::file::PriceCategory;

/// Makes or replaces the terms of a match's sale.
pub(super) async fn save_sale(
    conn: &mut PgConnection,
    match_id: MatchId,
    (sale, ticket_vat, fee_vat): (&SaleBody, Decimal, Decimal),
    ticket_limit: i32,
) -> Result<(), sqlx::Error> {
    query!(
        "INSERT INTO match_sales
             (match_id, currency, ticket_limit, fee_percent, ticket_vat_percent, fee_vat_percent,
              session_seconds, last_attempt_seconds, landing_seconds, max_active_sessions, refund_deadline_hours,
              admissions_per_minute)
         VALUES ($1, 'EUR', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (match_id) DO UPDATE
         SET ticket_limit = EXCLUDED.ticket_limit, fee_percent = EXCLUDED.fee_percent, ticket_vat_percent = EXCLUDED.ticket_vat_percent,
             fee_vat_percent = EXCLUDED.fee_vat_percent, session_seconds = EXCLUDED.session_seconds,
             last_attempt_seconds = EXCLUDED.last_attempt_seconds, landing_seconds = EXCLUDED.landing_seconds,
             max_active_sessions = EXCLUDED.max_active_sessions, refund_deadline_hours = EXCLUDED.refund_deadline_hours,
             admissions_per_minute = EXCLUDED.admissions_per_minute",
        match_id as MatchId,
        ticket_limit,
        sale.fee_percent,
        ticket_vat,
        fee_vat,
        sale.session_seconds,
        sale.last_attempt_seconds,
        sale.landing_seconds,
        sale.max_active_sessions,
        sale.refund_deadline_hours,
        sale.admissions_per_minute,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes away what is about to be said anew: sectors and prices.
pub(super) async fn delete_uses(conn: &mut PgConnection, match_id: MatchId) -> Result<(), sqlx::Error> {
    query!(
        "WITH sectors AS (DELETE FROM match_sectors WHERE match_id = $1)
         DELETE FROM match_price_categories WHERE match_id = $1",
        match_id as MatchId,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What a match's own prices are, or, without any, those of its layout.
pub(super) async fn insert_prices(
    conn: &mut PgConnection,
    (match_id, layout): (MatchId, LayoutId),
    own: (&[i32], &[String], &[Decimal], &[Decimal]),
) -> Result<(), sqlx::Error> {
    query!(
        "INSERT INTO match_price_categories (match_id, code, name, presale_price, match_day_price)
         SELECT $1::uuid, code, name, presale_price, match_day_price
         FROM unnest($3::int[], $4::text[], $5::numeric[], $6::numeric[])
              AS own(code, name, presale_price, match_day_price)
         UNION ALL
         SELECT $1::uuid, code, name, presale_price, match_day_price
         FROM layout_price_categories
         WHERE layout_id = $2 AND cardinality($3::int[]) = 0",
        match_id as MatchId,
        layout as LayoutId,
        own.0,
        own.1,
        own.2,
        own.3,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How a match's sectors are used, side by side, for one statement.
#[derive(Debug, Default)]
pub(super) struct UseColumns {
    pub(super) codes: Vec<String>,
    pub(super) states: Vec<SectorState>,
    pub(super) purposes: Vec<Option<String>>,
    pub(super) are_free: Vec<bool>,
    pub(super) price_categories: Vec<Option<i32>>,
}

/// Every sector of the layout, as said or, where nothing is said, sold at the stadium's own price category.
pub(super) async fn insert_sectors(
    conn: &mut PgConnection,
    (match_id, layout): (MatchId, LayoutId),
    said: &UseColumns,
) -> Result<(), sqlx::Error> {
    query!(
        "INSERT INTO match_sectors (match_id, sector_id, state, purpose, is_free, price_category)
         SELECT $1, s.sector_id, coalesce(u.state, 'ACTIVE'), u.purpose, coalesce(u.is_free, false),
                coalesce(u.price_category, s.price_category)
         FROM sectors s
         LEFT JOIN unnest($3::text[], $4::match_sector_state[], $5::text[], $6::bool[], $7::int[])
              AS u(code, state, purpose, is_free, price_category) USING (code)
         WHERE s.layout_id = $2",
        match_id as MatchId,
        layout as LayoutId,
        &said.codes,
        &said.states as &[SectorState],
        &said.purposes as &[Option<String>],
        &said.are_free,
        &said.price_categories as &[Option<i32>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn save_sector_state(
    conn: &mut PgConnection,
    match_id: MatchId,
    (code, state): (&str, SectorState),
) -> Result<(), sqlx::Error> {
    query!(
        "UPDATE match_sectors u
         SET state = $3
         FROM sectors s
         WHERE u.match_id = $1 AND s.sector_id = u.sector_id AND s.code = $2",
        match_id as MatchId,
        code,
        state as SectorState,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Codes of sectors that the layout has.
pub(super) async fn list_codes(
    conn: &mut PgConnection,
    layout: LayoutId,
) -> Result<Vec<String>, sqlx::Error> {
    query_scalar!(
        "SELECT code FROM sectors WHERE layout_id = $1 ORDER BY position, code",
        layout as LayoutId
    )
    .fetch_all(conn)
    .await
}

/// How a match uses its sectors, in the layout's order.
pub(super) async fn list_sectors(
    conn: &mut PgConnection,
    match_id: MatchId,
) -> Result<Vec<SectorBody>, sqlx::Error> {
    query_as!(
        SectorBody,
        "SELECT s.code, u.state AS \"state: SectorState\", u.purpose, u.is_free,
                u.price_category AS \"price_category?\"
         FROM match_sectors u
         JOIN sectors s USING (sector_id)
         WHERE u.match_id = $1
         ORDER BY s.position, s.code",
        match_id as MatchId,
    )
    .fetch_all(conn)
    .await
}

pub(super) async fn list_prices(
    conn: &mut PgConnection,
    match_id: MatchId,
) -> Result<Vec<PriceCategory>, sqlx::Error> {
    query_as!(
        PriceCategory,
        "SELECT code, name, presale_price, match_day_price FROM match_price_categories WHERE match_id = $1 ORDER BY code",
        match_id as MatchId,
    )
    .fetch_all(conn)
    .await
}

pub(super) async fn find_sale(conn: &mut PgConnection, match_id: MatchId) -> Result<SaleBody, sqlx::Error> {
    query_as!(
        SaleBody,
        "SELECT fee_percent, ticket_vat_percent AS \"ticket_vat_percent?\", fee_vat_percent AS \"fee_vat_percent?\",
                session_seconds, last_attempt_seconds, landing_seconds, refund_deadline_hours, max_active_sessions,
                admissions_per_minute
         FROM match_sales
         WHERE match_id = $1",
        match_id as MatchId,
    )
    .fetch_one(conn)
    .await
}
