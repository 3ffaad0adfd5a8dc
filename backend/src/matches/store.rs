//! Statements on `matches`, `match_sales`, `match_zones`, and the one that counts free seats for readers.
#![expect(
    clippy::as_conversions,
    reason = "sqlx's way to name a parameter's type: nothing is converted"
)]

use chrono::TimeDelta;
use domain::Timestamp;
use domain::ids::{MatchId, ZoneId};
use domain::matches::{MatchState, SaleTerms, ZonePrices};
use domain::money::{Currency, Money, Rate};
use domain::phases::{Phase, PhaseKind};
use rust_decimal::Decimal;
use serde_json::Value;
use sqlx::{PgConnection, query, query_as, query_scalar};
use uuid::Uuid;

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
    is_held: bool,
    kick_off_at: Timestamp,
    phase_kind: PhaseKind,
    starts_at: Timestamp,
    ends_at: Timestamp,
    phase_limit: i32,
    thresholds: Value,
    currency: String,
    ticket_limit: i32,
    fee_percent: Decimal,
    ticket_vat_percent: Decimal,
    fee_vat_percent: Decimal,
    session_seconds: i32,
    last_attempt_seconds: i32,
    landing_seconds: i32,
    refund_deadline_hours: i32,
}

impl TermsRow {
    fn terms(self) -> anyhow::Result<SaleTerms> {
        Ok(SaleTerms {
            state: self.state,
            is_held: self.is_held,
            kick_off_at: self.kick_off_at,
            phase: Phase {
                kind: self.phase_kind,
                starts_at: self.starts_at,
                ends_at: self.ends_at,
                ticket_limit: u32::try_from(self.phase_limit)?,
                thresholds: serde_json::from_value(self.thresholds)?,
            },
            currency: currency(&self.currency)?,
            ticket_limit: u32::try_from(self.ticket_limit)?,
            fee: Rate::percent(self.fee_percent),
            ticket_vat: Rate::percent(self.ticket_vat_percent),
            fee_vat: Rate::percent(self.fee_vat_percent),
            session: TimeDelta::seconds(self.session_seconds.into()),
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
        "SELECT m.state, m.cancellation_started_at IS NOT NULL AS \"is_held!\", m.kick_off_at,
                w.kind AS \"phase_kind!: PhaseKind\", w.starts_at AS \"starts_at!\", w.ends_at AS \"ends_at!\",
                w.phase_limit AS \"phase_limit!\", w.thresholds AS \"thresholds!\", s.currency, s.ticket_limit, s.fee_percent,
                s.ticket_vat_percent, s.fee_vat_percent, s.session_seconds, s.last_attempt_seconds, s.landing_seconds,
                s.refund_deadline_hours
         FROM matches m
         JOIN match_sales s USING (match_id)
         JOIN sale_windows w USING (match_id)
         WHERE m.match_id = $1 AND m.state <> 'DRAFT'",
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
        "SELECT m.state, m.cancellation_started_at IS NOT NULL AS \"is_held!\", m.kick_off_at,
                w.kind AS \"phase_kind!: PhaseKind\", w.starts_at AS \"starts_at!\", w.ends_at AS \"ends_at!\",
                w.phase_limit AS \"phase_limit!\", w.thresholds AS \"thresholds!\", s.currency, s.ticket_limit, s.fee_percent,
                s.ticket_vat_percent, s.fee_vat_percent, s.session_seconds, s.last_attempt_seconds, s.landing_seconds,
                s.refund_deadline_hours, z.presale_price, z.match_day_price, clock_timestamp() AS \"now!\"
         FROM match_zones z
         JOIN matches m USING (match_id)
         JOIN match_sales s USING (match_id)
         JOIN sale_windows w USING (match_id)
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
        is_held: row.is_held,
        kick_off_at: row.kick_off_at,
        phase_kind: row.phase_kind,
        starts_at: row.starts_at,
        ends_at: row.ends_at,
        phase_limit: row.phase_limit,
        thresholds: row.thresholds,
        currency: row.currency,
        ticket_limit: row.ticket_limit,
        fee_percent: row.fee_percent,
        ticket_vat_percent: row.ticket_vat_percent,
        fee_vat_percent: row.fee_vat_percent,
        session_seconds: row.session_seconds,
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
    pub(super) phase_kind: PhaseKind,
    pub(super) content: Value,
    pub(super) queue_id: Option<Uuid>,
    pub(super) state: MatchState,
    /// Somebody has asked for its cancellation.
    pub(super) is_held: bool,
    /// Its last phase ended because everything was sold.
    pub(super) is_sold_out: bool,
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
                w.starts_at AS \"opens_at!\", w.ends_at AS \"closes_at!\", w.kind AS \"phase_kind!: PhaseKind\", m.content,
                m.waiting_room_queue_id AS queue_id, m.state, m.cancellation_started_at IS NOT NULL AS \"is_held!\",
                p.ended_early IS NOT DISTINCT FROM 'SOLD_OUT' AS \"is_sold_out!\"
         FROM matches m
         JOIN sale_windows w USING (match_id)
         JOIN sales_phases p USING (phase_id)
         JOIN stadiums st USING (stadium_id)
         WHERE m.state = 'PUBLISHED' AND m.deleted_at IS NULL AND m.kick_off_at > clock_timestamp()
           AND coalesce(m.visible_from <= clock_timestamp(), true) AND ($1::uuid IS NULL OR m.match_id > $1)
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
                w.starts_at AS \"opens_at!\", w.ends_at AS \"closes_at!\", w.kind AS \"phase_kind!: PhaseKind\", m.content,
                m.waiting_room_queue_id AS queue_id, m.state, m.cancellation_started_at IS NOT NULL AS \"is_held!\",
                p.ended_early IS NOT DISTINCT FROM 'SOLD_OUT' AS \"is_sold_out!\"
         FROM matches m
         JOIN sale_windows w USING (match_id)
         JOIN sales_phases p USING (phase_id)
         JOIN stadiums st USING (stadium_id)
         WHERE m.match_id = $1 AND m.state <> 'DRAFT' AND m.deleted_at IS NULL
           AND coalesce(m.visible_from <= clock_timestamp(), true)",
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

/// The database's clock.
pub(super) async fn now(conn: &mut PgConnection) -> Result<Timestamp, sqlx::Error> {
    query_scalar!("SELECT clock_timestamp() AS \"now!\"")
        .fetch_one(conn)
        .await
}
