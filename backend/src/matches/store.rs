//! Statements on `matches`, `match_sales`, `match_zones`, and the one that counts free seats for readers.
#![expect(
    clippy::as_conversions,
    reason = "sqlx's way to name a parameter's type: nothing is converted"
)]

use chrono::{TimeDelta, Utc};
use contracts::room::{CreateQueue, QueueMode};
use domain::Timestamp;
use domain::ids::{MatchId, ZoneId};
use domain::matches::{MatchState, SaleTerms, ZonePrices};
use domain::money::{Currency, Money, Rate};
use rust_decimal::Decimal;
use sqlx::{PgConnection, query, query_as, query_scalar};
use uuid::Uuid;

use crate::admission::room::Room;

/// A waiting fan is dropped after so long without a sign of life (decision "Disconnect").
const TICKET_TTL_SECONDS: u32 = 1_800;

/// A zone as the lane sees it: the terms of its sale, its prices, the database's time.
#[derive(Debug, Clone)]
pub struct ZoneSale {
    /// The match's policy.
    pub terms: SaleTerms,
    /// The zone's two prices.
    pub prices: ZonePrices,
    /// When this was read.
    pub now: Timestamp,
}

struct TermsRow {
    state: MatchState,
    kick_off_at: Timestamp,
    opens_at: Timestamp,
    closes_at: Timestamp,
    currency: String,
    ticket_limit: i32,
    fee_percent: Decimal,
    ticket_vat_percent: Decimal,
    fee_vat_percent: Decimal,
    last_attempt_seconds: i32,
    landing_seconds: i32,
    refund_deadline_hours: i32,
}

impl TermsRow {
    fn terms(self) -> anyhow::Result<SaleTerms> {
        Ok(SaleTerms {
            state: self.state,
            kick_off_at: self.kick_off_at,
            opens_at: self.opens_at,
            closes_at: self.closes_at,
            currency: currency(&self.currency)?,
            ticket_limit: u32::try_from(self.ticket_limit)?,
            fee: Rate::percent(self.fee_percent),
            ticket_vat: Rate::percent(self.ticket_vat_percent),
            fee_vat: Rate::percent(self.fee_vat_percent),
            last_attempt: TimeDelta::seconds(self.last_attempt_seconds.into()),
            landing: TimeDelta::seconds(self.landing_seconds.into()),
            refund_deadline: TimeDelta::hours(self.refund_deadline_hours.into()),
        })
    }
}

fn currency(code: &str) -> anyhow::Result<Currency> {
    Currency::parse(code).ok_or_else(|| anyhow::anyhow!("stored currency {code} is unknown"))
}

/// The terms of a match's sale, read, never locked. `None` for an unknown match.
///
/// # Errors
/// When the database fails or a stored value does not hold.
pub async fn sale_terms(conn: &mut PgConnection, match_id: MatchId) -> anyhow::Result<Option<SaleTerms>> {
    let row = query_as!(
        TermsRow,
        "SELECT m.state, m.kick_off_at, s.opens_at, s.closes_at, s.currency, s.ticket_limit, s.fee_percent,
                s.ticket_vat_percent, s.fee_vat_percent, s.last_attempt_seconds, s.landing_seconds,
                s.refund_deadline_hours
         FROM matches m
         JOIN match_sales s USING (match_id)
         WHERE m.match_id = $1",
        match_id as MatchId,
    )
    .fetch_optional(conn)
    .await?;
    row.map(TermsRow::terms).transpose()
}

/// The terms and prices of one zone of a match, with the database's time. `None` when the zone is not one of the match.
///
/// # Errors
/// When the database fails or a stored value does not hold.
pub async fn zone_sale(
    conn: &mut PgConnection,
    match_id: MatchId,
    zone_id: ZoneId,
) -> anyhow::Result<Option<ZoneSale>> {
    let row = query!(
        "SELECT m.state, m.kick_off_at, s.opens_at, s.closes_at, s.currency, s.ticket_limit, s.fee_percent,
                s.ticket_vat_percent, s.fee_vat_percent, s.last_attempt_seconds, s.landing_seconds,
                s.refund_deadline_hours, z.presale_price, z.match_day_price, clock_timestamp() AS \"now!\"
         FROM match_zones z
         JOIN matches m USING (match_id)
         JOIN match_sales s USING (match_id)
         WHERE z.zone_id = $2 AND z.match_id = $1",
        match_id as MatchId,
        zone_id as ZoneId,
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let currency = currency(&row.currency)?;
    let prices = ZonePrices {
        presale: Money::new(row.presale_price, currency)?,
        match_day: Money::new(row.match_day_price, currency)?,
    };
    let terms = TermsRow {
        state: row.state,
        kick_off_at: row.kick_off_at,
        opens_at: row.opens_at,
        closes_at: row.closes_at,
        currency: row.currency,
        ticket_limit: row.ticket_limit,
        fee_percent: row.fee_percent,
        ticket_vat_percent: row.ticket_vat_percent,
        fee_vat_percent: row.fee_vat_percent,
        last_attempt_seconds: row.last_attempt_seconds,
        landing_seconds: row.landing_seconds,
        refund_deadline_hours: row.refund_deadline_hours,
    };
    Ok(Some(ZoneSale {
        terms: terms.terms()?,
        prices,
        now: row.now,
    }))
}

/// A match as the public sees it.
#[derive(Debug, Clone)]
pub(super) struct MatchRow {
    pub(super) match_id: MatchId,
    pub(super) home_team: String,
    pub(super) away_team: String,
    pub(super) competition: String,
    pub(super) venue: String,
    pub(super) city: String,
    pub(super) kick_off_at: Timestamp,
    pub(super) opens_at: Timestamp,
    pub(super) closes_at: Timestamp,
    pub(super) queue_id: Option<Uuid>,
}

/// Upcoming published matches after `cursor`, by id (which is by age).
pub(super) async fn list_upcoming(
    conn: &mut PgConnection,
    cursor: Option<Uuid>,
    limit: i64,
) -> Result<Vec<MatchRow>, sqlx::Error> {
    query_as!(
        MatchRow,
        "SELECT m.match_id, m.home_team, m.away_team, m.competition, st.name AS venue, st.city, m.kick_off_at,
                s.opens_at, s.closes_at, m.waiting_room_queue_id AS queue_id
         FROM matches m
         JOIN match_sales s USING (match_id)
         JOIN stadiums st USING (stadium_id)
         WHERE m.state = 'PUBLISHED' AND m.kick_off_at > clock_timestamp() AND ($1::uuid IS NULL OR m.match_id > $1)
         ORDER BY m.match_id
         LIMIT $2",
        cursor,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// A match that the public may see.
pub(super) async fn find_public(
    conn: &mut PgConnection,
    match_id: MatchId,
) -> Result<Option<MatchRow>, sqlx::Error> {
    query_as!(
        MatchRow,
        "SELECT m.match_id, m.home_team, m.away_team, m.competition, st.name AS venue, st.city, m.kick_off_at,
                s.opens_at, s.closes_at, m.waiting_room_queue_id AS queue_id
         FROM matches m
         JOIN match_sales s USING (match_id)
         JOIN stadiums st USING (stadium_id)
         WHERE m.match_id = $1 AND m.state <> 'DRAFT'",
        match_id as MatchId,
    )
    .fetch_optional(conn)
    .await
}

/// How a match is called in a mail.
#[derive(Debug, Clone)]
pub struct MatchTitle {
    /// Home side.
    pub home_team: String,
    /// Away side.
    pub away_team: String,
    /// Stadium.
    pub venue: String,
    /// Kick-off.
    pub kick_off_at: Timestamp,
}

/// How a match is called in a mail.
///
/// # Errors
/// When the database fails.
pub async fn match_title(conn: &mut PgConnection, match_id: MatchId) -> Result<MatchTitle, sqlx::Error> {
    query_as!(
        MatchTitle,
        "SELECT m.home_team, m.away_team, st.name AS venue, m.kick_off_at
         FROM matches m
         JOIN stadiums st USING (stadium_id)
         WHERE m.match_id = $1",
        match_id as MatchId,
    )
    .fetch_one(conn)
    .await
}

/// A zone and how many of its seats nobody owns now.
#[derive(Debug, Clone)]
pub(super) struct ZoneRow {
    pub(super) zone_id: ZoneId,
    pub(super) name: String,
    pub(super) presale_price: Decimal,
    pub(super) match_day_price: Decimal,
    pub(super) free: i64,
}

/// Every zone of a match with its free seats: one statement for the whole match.
pub(super) async fn count_zones(
    conn: &mut PgConnection,
    match_id: MatchId,
) -> Result<Vec<ZoneRow>, sqlx::Error> {
    query_as!(
        ZoneRow,
        "SELECT z.zone_id, z.name, z.presale_price, z.match_day_price, coalesce(c.free, 0) AS \"free!\"
         FROM match_zones z
         LEFT JOIN (
             SELECT zone_id, count(*) AS free
             FROM match_seat_inventory
             WHERE match_id = $1 AND status = 'AVAILABLE'
               AND (locked_until IS NULL OR locked_until <= clock_timestamp())
             GROUP BY zone_id
         ) c USING (zone_id)
         WHERE z.match_id = $1
         ORDER BY z.name",
        match_id as MatchId,
    )
    .fetch_all(conn)
    .await
}

/// What the waiting room must know to queue for this match.
///
/// # Errors
/// When the database fails or a stored value does not hold.
pub async fn session_policy(
    conn: &mut PgConnection,
    match_id: MatchId,
) -> anyhow::Result<Option<CreateQueue>> {
    let row = query!(
        "SELECT opens_at, session_seconds, max_active_sessions, admissions_per_minute
         FROM match_sales
         WHERE match_id = $1",
        match_id as MatchId,
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(CreateQueue {
        reference: Room::reference(match_id),
        mode: QueueMode::Capacity,
        max_active_sessions: u32::try_from(row.max_active_sessions)?,
        admissions_per_minute: row.admissions_per_minute.map(u32::try_from).transpose()?,
        session_ttl_seconds: u32::try_from(row.session_seconds)?,
        ticket_ttl_seconds: TICKET_TTL_SECONDS,
        opens_at: row.opens_at.with_timezone(&Utc),
    }))
}

pub(super) async fn save_queue(
    conn: &mut PgConnection,
    match_id: MatchId,
    queue_id: Uuid,
) -> Result<(), sqlx::Error> {
    query!(
        "UPDATE matches SET waiting_room_queue_id = $2 WHERE match_id = $1",
        match_id as MatchId,
        queue_id,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn find_queue(
    conn: &mut PgConnection,
    match_id: MatchId,
) -> Result<Option<Option<Uuid>>, sqlx::Error> {
    query_scalar!(
        "SELECT waiting_room_queue_id FROM matches WHERE match_id = $1 AND state <> 'DRAFT'",
        match_id as MatchId,
    )
    .fetch_optional(conn)
    .await
}

/// Matches on sale now, with their queues.
///
/// # Errors
/// When the database fails.
pub async fn list_on_sale(conn: &mut PgConnection) -> Result<Vec<(MatchId, Uuid)>, sqlx::Error> {
    let rows = query!(
        "SELECT m.match_id, m.waiting_room_queue_id AS \"queue_id!\"
         FROM matches m
         JOIN match_sales s USING (match_id)
         WHERE m.state = 'PUBLISHED' AND m.waiting_room_queue_id IS NOT NULL
           AND clock_timestamp() BETWEEN s.opens_at AND s.closes_at",
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.match_id, row.queue_id)).collect())
}

/// The database's clock.
pub(super) async fn now(conn: &mut PgConnection) -> Result<Timestamp, sqlx::Error> {
    query_scalar!("SELECT clock_timestamp() AS \"now!\"")
        .fetch_one(conn)
        .await
}
