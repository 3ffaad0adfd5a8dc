//! Draft a match, read it, list what is planned; what every change of a match has in common.

use domain::ids::{LayoutId, MatchId, StadiumId};
use domain::matches::WrongTurn;
use domain::phases::{Phase, TurnRefused};
use domain::stadiums::StadiumKind;
use platform::ids::Ids;
use platform::problems::Problem;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::body::{MatchBody, PhaseBody};
use super::parts::{self, UseColumns};
use super::phases;
use super::sale::usual_vat;
use super::store::{self, PlanFilter, PlanRow, Words};
use crate::app::Db;
use crate::audit::{self, Actor, Entry};
use crate::http::fault::{Fault, Refusal};
use crate::http::ids::{MATCHES_LISTED, PHASES_LISTED, SECTORS_LISTED, STADIUMS_LISTED};
use crate::http::pages::PAGE_ITEMS_MAX;
use crate::http::problems::{
    INVALID_MATCH, MATCH_CHANGED, MATCH_LOCKED, NO_SUCH_STADIUM, NOT_FOUND, NOT_READY_TO_PUBLISH,
    NOTIFY_OR_SILENT, OWN_CANCELLATION, REASON_REQUIRED, SEATS_TAKEN, WRONG_PHASE_TURN, WRONG_TURN,
};
use crate::http::staff::StepUp;
use crate::stadiums;

/// Why a match stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanRefused {
    /// There is none, or no more.
    NoSuchMatch,
    /// There is no such stadium.
    NoSuchStadium,
    /// What is said does not hold: everything that does not.
    Invalid(Vec<String>),
    /// Somebody changed it meanwhile: this is its version now.
    Changed(i32),
    /// It is published: these parts stay as they are.
    Locked(Vec<&'static str>),
    /// Two people call a match off: this one asked for it.
    OwnCancellation,
    /// Seats change their state, and nobody says why (E3-F1).
    WithoutReason,
    /// Prices that buyers see are money: whoever changes them signs in again first.
    StepUp(StepUp),
    /// It cannot go from here there.
    WrongTurn(WrongTurn),
    /// What it lacks to be published.
    NotReady(Vec<String>),
    /// Somebody has so many seats of these sectors.
    SeatsTaken(Vec<(String, i64)>),
    /// Nobody has said whether those with tickets are told.
    NotifyOrSilent,
    /// Its ground has no such sector.
    NoSuchSector,
    /// It has no such phase.
    NoSuchPhase,
    /// Phases turn once it is published.
    NotPublished,
    /// The phase cannot do that now.
    WrongPhaseTurn(TurnRefused),
}

impl Refusal for PlanRefused {
    fn problem(&self) -> Problem {
        match self {
            Self::NoSuchMatch => Problem::new(NOT_FOUND).detail(MATCHES_LISTED),
            Self::NoSuchStadium => Problem::new(NO_SUCH_STADIUM).detail(STADIUMS_LISTED),
            Self::Invalid(mistakes) => Problem::new(INVALID_MATCH).member("mistakes", mistakes.clone()),
            Self::Changed(version) => Problem::new(MATCH_CHANGED).member("version", *version),
            Self::Locked(parts) => {
                let locked = Problem::new(MATCH_LOCKED).member("parts", parts.clone());
                if parts.contains(&"phases") {
                    locked.detail("phases are changed one by one: PUT …/sales-phases/{phase_id}, or `match phase change`")
                } else {
                    locked
                }
            }
            Self::WithoutReason => Problem::new(REASON_REQUIRED)
                .detail("seats of a published match change their state: add `?reason=…`, or `--reason` at the command line"),
            Self::StepUp(step_up) => step_up.problem(),
            Self::OwnCancellation => Problem::new(OWN_CANCELLATION),
            Self::WrongTurn(wrong) => {
                let possible: Vec<&str> = wrong.possible.iter().map(|turn| turn.code()).collect();
                Problem::new(WRONG_TURN)
                    .detail(wrong.advice())
                    .member("state", wrong.state.code())
                    .member("possible", possible)
            }
            Self::NotReady(missing) => Problem::new(NOT_READY_TO_PUBLISH).member("missing", missing.clone()),
            Self::SeatsTaken(sectors) => {
                let told = |(sector, seats): &(String, i64)| json!({"sector": sector, "seats": seats});
                let told: Vec<Value> = sectors.iter().map(told).collect();
                Problem::new(SEATS_TAKEN).member("sectors", told)
            }
            Self::NotifyOrSilent => {
                Problem::new(NOTIFY_OR_SILENT).detail("add `?notify=…`, or `--notify` at the command line")
            }
            Self::NoSuchSector => Problem::new(NOT_FOUND).detail(SECTORS_LISTED),
            Self::NoSuchPhase => Problem::new(NOT_FOUND).detail(PHASES_LISTED),
            Self::NotPublished => Problem::new(WRONG_PHASE_TURN).detail("publish the match first"),
            Self::WrongPhaseTurn(refused) => Problem::new(WRONG_PHASE_TURN).detail(refused.advice()),
        }
    }
}

/// Who plans, and why.
#[derive(Debug, Clone)]
pub struct Planner {
    /// Who.
    pub actor: Actor,
    /// Why, where the facts ask for a reason.
    pub reason: Option<String>,
    /// What they still owe before they change prices that buyers see.
    pub step_up: Option<StepUp>,
}

/// Drafts a match.
///
/// # Errors
/// [`PlanRefused`].
pub async fn create(
    conn: &mut PgConnection,
    ids: Ids,
    planner: &Planner,
    body: &MatchBody,
) -> Result<PlanRow, Fault<PlanRefused>> {
    let (stadium, layout, kind) = check(conn, None, body).await?;
    let match_id = MatchId(ids.next());
    let content = serde_json::to_value(&body.content).map_err(anyhow::Error::from)?;
    store::insert_match(conn, match_id, (stadium, layout), words(body, &content)).await?;
    save_parts(conn, (match_id, layout, kind), body).await?;
    save_phases(conn, ids, match_id, body).await?;
    let made = find(conn, match_id).await?;
    let after = said(&body_of(conn, &made).await?)?;
    record(conn, planner, "match.drafted", (match_id, json!(null), after)).await?;
    Ok(made)
}

/// One match, and everything that was said of it.
///
/// # Errors
/// [`PlanRefused::NoSuchMatch`].
pub async fn read(db: &Db, match_id: MatchId) -> Result<(PlanRow, MatchBody), Fault<PlanRefused>> {
    let mut conn = db.acquire().await?;
    let row = find(&mut conn, match_id).await?;
    let body = body_of(&mut conn, &row).await?;
    Ok((row, body))
}

/// A match as somebody would have to say it to have it so.
pub(super) async fn body_of(conn: &mut PgConnection, row: &PlanRow) -> anyhow::Result<MatchBody> {
    let phases = phases::list_phases(conn, row.match_id).await?;
    Ok(MatchBody {
        home_team: row.home_team.clone(),
        away_team: row.away_team.clone(),
        competition: row.competition.clone(),
        kick_off_at: row.kick_off_at,
        stadium_id: row.stadium_id.0,
        layout_version: Some(row.layout_version),
        sectors: parts::list_sectors(conn, row.match_id).await?,
        price_categories: parts::list_prices(conn, row.match_id).await?,
        phases: phases.into_iter().map(|row| PhaseBody::from(row.phase)).collect(),
        sale: Some(
            parts::find_sale(conn, row.match_id)
                .await?
                .said_at(row.stadium_kind),
        ),
        content: serde_json::from_value(row.content.clone())?,
        visible_from: row.visible_from,
    })
}

/// A page of matches, and how many there are.
///
/// # Errors
/// When the database fails.
pub async fn list(
    db: &Db,
    filter: &PlanFilter,
    cursor: Option<Uuid>,
) -> Result<(Vec<PlanRow>, i64), sqlx::Error> {
    let mut conn = db.acquire().await?;
    let rows = store::list_plans(&mut conn, filter, (cursor, PAGE_ITEMS_MAX)).await?;
    Ok((rows, store::count_plans(&mut conn, filter).await?))
}

pub(super) async fn find(conn: &mut PgConnection, match_id: MatchId) -> Result<PlanRow, Fault<PlanRefused>> {
    let found = store::find_plan(conn, match_id).await?;
    found.ok_or_else(|| PlanRefused::NoSuchMatch.into())
}

/// Where a match is to be played, and in which layout: everything that is wrong with `body` at once.
pub(super) async fn check(
    conn: &mut PgConnection,
    present: Option<&PlanRow>,
    body: &MatchBody,
) -> Result<(StadiumId, LayoutId, StadiumKind), Fault<PlanRefused>> {
    let (stadium, version) = (StadiumId(body.stadium_id), body.layout_version);
    // A match that was planned at a stadium which is gone stays there.
    let is_there =
        present.is_some_and(|row| row.stadium_id == stadium && version == Some(row.layout_version));
    let stadium = stadiums::actions::with_layout(conn, stadium, (version, is_there)).await?;
    let stadium = stadium.ok_or(PlanRefused::NoSuchStadium)?;
    let mut mistakes = body.mistakes();
    let codes = parts::list_codes(conn, stadium.layout_id).await?;
    let said = body.sectors.iter().map(|sector| &sector.code);
    let unknown: Vec<&str> = said
        .filter(|code| !codes.contains(code))
        .map(String::as_str)
        .collect();
    if !unknown.is_empty() {
        let (unknown, known) = (unknown.join(", "), codes.join(", "));
        mistakes.push(format!(
            "{} has no sector {unknown}: it has {known}",
            stadium.name
        ));
    }
    if mistakes.is_empty() {
        Ok((stadium.stadium_id, stadium.layout_id, stadium.kind))
    } else {
        Err(PlanRefused::Invalid(mistakes).into())
    }
}

pub(super) fn words<'a>(body: &'a MatchBody, content: &'a Value) -> Words<'a> {
    Words {
        home_team: &body.home_team,
        away_team: &body.away_team,
        competition: &body.competition,
        kick_off_at: body.kick_off_at,
        content,
        visible_from: body.visible_from,
    }
}

/// Its terms, its prices, and how it uses its sectors.
pub(super) async fn save_parts(
    conn: &mut PgConnection,
    (match_id, layout, kind): (MatchId, LayoutId, StadiumKind),
    body: &MatchBody,
) -> anyhow::Result<()> {
    let (ticket_vat, fee_vat) = usual_vat(kind);
    let sale = body.sale.clone().unwrap_or_default();
    let vat = (
        sale.ticket_vat_percent.unwrap_or(ticket_vat),
        sale.fee_vat_percent.unwrap_or(fee_vat),
    );
    let limit = i32::try_from(domain::phases::TICKETS_MAX)?;
    parts::save_sale(conn, match_id, (&sale, vat.0, vat.1), limit).await?;

    let prices = &body.price_categories;
    let codes: Vec<i32> = prices.iter().map(|one| one.code).collect();
    let names: Vec<String> = prices.iter().map(|one| one.name.clone()).collect();
    let presale: Vec<Decimal> = prices.iter().map(|one| one.presale_price).collect();
    let match_day: Vec<Decimal> = prices.iter().map(|one| one.match_day_price).collect();
    parts::insert_prices(conn, (match_id, layout), (&codes, &names, &presale, &match_day)).await?;

    let mut said = UseColumns::default();
    for sector in &body.sectors {
        said.codes.push(sector.code.clone());
        said.states.push(sector.state);
        said.purposes.push(sector.purpose.clone());
        said.are_free.push(sector.is_free);
        said.price_categories.push(sector.price_category);
    }
    parts::insert_sectors(conn, (match_id, layout), &said).await?;
    Ok(())
}

pub(super) async fn save_phases(
    conn: &mut PgConnection,
    ids: Ids,
    match_id: MatchId,
    body: &MatchBody,
) -> anyhow::Result<()> {
    for phase in &body.phases {
        phases::insert_phase(conn, (ids.next(), match_id), &Phase::from(phase)).await?;
    }
    Ok(())
}

pub(super) fn said(body: &MatchBody) -> anyhow::Result<Value> {
    Ok(serde_json::to_value(body)?)
}

pub(super) async fn record(
    conn: &mut PgConnection,
    planner: &Planner,
    deed: &'static str,
    (match_id, before, after): (MatchId, Value, Value),
) -> Result<(), sqlx::Error> {
    let entry = Entry {
        actor: planner.actor,
        deed,
        subject_id: match_id.0,
        details: json!({"before": before, "after": after, "reason": planner.reason}),
    };
    audit::record(conn, entry).await
}
