//! Say a match anew: a draft as a whole, a published one as far as nobody relies on it yet (E2-F1, E2-F4, E2-F6).

use domain::ids::MatchId;
use domain::matches::MatchState;
use domain::phases::Phase;
use platform::ids::Ids;
use serde_json::json;
use sqlx::{Connection, PgConnection};

use super::actions::{PlanRefused, Planner, body_of, check, find, said, save_parts, save_phases, words};
use super::body::{MatchBody, SectorBody};
use super::inventory;
use super::sale::SaleBody;
use super::store::{self, PlanRow};
use super::{notices, parts, phases, publishing, sectors};
use crate::audit::{self, Entry};
use crate::http::fault::Fault;
use crate::jobs::{self, Job};

/// A match said anew.
#[derive(Debug, Clone, Copy)]
pub struct Edit<'a> {
    /// Which.
    pub match_id: MatchId,
    /// The version that it is based on, if somebody says.
    pub seen: Option<i32>,
    /// How it should be.
    pub body: &'a MatchBody,
    /// Whether those with tickets are told; must be said of a published match.
    pub notify: Option<bool>,
}

/// Says a match anew. A draft may become anything. A published match keeps its clocks and fees, its layout once a seat was held,
/// its prices once a seat was bought, and the state of a sector while somebody has a seat there; its phases have their own verbs.
/// Whoever changes its prices or its layout, with which prices come, signed in just now; whoever changes its layout or the state of
/// a sector says why.
///
/// # Errors
/// [`PlanRefused`], with nothing changed.
pub async fn change(
    conn: &mut PgConnection,
    ids: Ids,
    planner: &Planner,
    edit: Edit<'_>,
) -> Result<PlanRow, Fault<PlanRefused>> {
    if !store::lock_match(conn, edit.match_id).await? {
        return Err(PlanRefused::NoSuchMatch.into());
    }
    let row = find(conn, edit.match_id).await?;
    if edit.seen.is_some_and(|seen| seen != row.version) {
        return Err(PlanRefused::Changed(row.version).into());
    }
    let before = body_of(conn, &row).await?;
    let mut tx = conn.begin().await?;
    match row.state {
        MatchState::Draft => redraft(&mut tx, ids, &row, edit).await?,
        MatchState::Published => edit_published(&mut tx, ids, planner, (&row, &before), edit).await?,
        MatchState::Closed | MatchState::Cancelled => {
            return Err(PlanRefused::Locked(vec!["everything"]).into());
        }
    }
    let after_row = find(&mut tx, edit.match_id).await?;
    let after = body_of(&mut tx, &after_row).await?;
    if after == before {
        // Nothing new: nobody is told, and nothing is written down.
        tx.rollback().await?;
        return Ok(row);
    }
    let is_told = edit.notify == Some(true) && row.state == MatchState::Published;
    if is_told {
        notices::order(&mut tx, ids, (edit.match_id, notices::Kind::Changed)).await?;
    }
    let entry = Entry {
        actor: planner.actor,
        deed: "match.changed",
        subject_id: edit.match_id.0,
        details: json!({"before": said(&before)?, "after": said(&after)?, "reason": planner.reason,
            "notified": is_told}),
    };
    audit::record(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(after_row)
}

async fn redraft(
    conn: &mut PgConnection,
    ids: Ids,
    row: &PlanRow,
    edit: Edit<'_>,
) -> Result<(), Fault<PlanRefused>> {
    let Edit { match_id, body, .. } = edit;
    let (stadium, layout, kind) = check(conn, Some(row), body).await?;
    let content = serde_json::to_value(&body.content).map_err(anyhow::Error::from)?;
    store::save_match(conn, match_id, (stadium, layout), words(body, &content)).await?;
    parts::delete_uses(conn, match_id).await?;
    save_parts(conn, (match_id, layout, kind), body).await?;
    phases::delete_phases(conn, match_id).await?;
    save_phases(conn, ids, match_id, body).await?;
    Ok(())
}

/// Writes the match as it should be, reads it back, and refuses what may not differ any more: the caller rolls back.
async fn edit_published(
    conn: &mut PgConnection,
    ids: Ids,
    planner: &Planner,
    (row, before): (&PlanRow, &MatchBody),
    edit: Edit<'_>,
) -> Result<(), Fault<PlanRefused>> {
    let Edit { match_id, body, .. } = edit;
    if edit.notify.is_none() {
        return Err(PlanRefused::NotifyOrSilent.into());
    }
    check_phases(conn, (before, body)).await?;
    let body = &kept(before, body);
    let (stadium, layout, kind) = check(conn, Some(row), body).await?;
    let is_new_layout = layout != row.layout_id;
    if is_new_layout && !inventory::delete_inventory(conn, match_id).await? {
        return Err(PlanRefused::Locked(vec!["layout"]).into());
    }
    let content = serde_json::to_value(&body.content).map_err(anyhow::Error::from)?;
    store::save_match(conn, match_id, (stadium, layout), words(body, &content)).await?;
    parts::delete_uses(conn, match_id).await?;
    save_parts(conn, (match_id, layout, kind), body).await?;

    let saved = find(conn, match_id).await?;
    let after = body_of(conn, &saved).await?;
    if !has_same_terms(before.sale.as_ref(), after.sale.as_ref()) {
        return Err(PlanRefused::Locked(vec!["sale"]).into());
    }
    let is_repriced = is_new_layout || !has_same_prices(before, &after);
    if is_repriced && let Some(step_up) = planner.step_up {
        return Err(PlanRefused::StepUp(step_up).into());
    }
    if is_new_layout && planner.reason.is_none() {
        return Err(PlanRefused::WithoutReason.into());
    }
    if is_new_layout {
        publishing::fill(conn, match_id).await?;
    } else {
        if is_repriced {
            reprice(conn, match_id).await?;
        }
        sectors::move_sectors(conn, planner, match_id, (before, &after)).await?;
    }
    sectors::check_prices(conn, match_id).await?;
    jobs::renew(conn, ids, Job::SyncQueue(match_id)).await?;
    Ok(())
}

/// What is left out of a published match stays as it is; its phases are not judged again.
fn kept(before: &MatchBody, wanted: &MatchBody) -> MatchBody {
    let or = |said: bool| if said { wanted } else { before };
    let own_layout = before
        .layout_version
        .filter(|_| wanted.stadium_id == before.stadium_id);
    MatchBody {
        layout_version: wanted.layout_version.or(own_layout),
        sectors: or(!wanted.sectors.is_empty()).sectors.clone(),
        price_categories: or(!wanted.price_categories.is_empty()).price_categories.clone(),
        sale: or(wanted.sale.is_some()).sale.clone(),
        phases: Vec::new(),
        ..wanted.clone()
    }
}

/// Phases are changed one by one; a kick-off that moves must not come before their ends.
async fn check_phases(
    conn: &mut PgConnection,
    (before, wanted): (&MatchBody, &MatchBody),
) -> Result<(), Fault<PlanRefused>> {
    if !wanted.phases.is_empty() && wanted.phases != before.phases {
        return Err(PlanRefused::Locked(vec!["phases"]).into());
    }
    if wanted.kick_off_at == before.kick_off_at {
        return Ok(());
    }
    let mut mistakes = Vec::new();
    if wanted.kick_off_at <= store::now(conn).await? {
        mistakes.push("kick_off_at lies in the past".to_owned());
    }
    let phases = before.phases.iter().map(Phase::from);
    let late = (1..)
        .zip(phases)
        .filter(|(_, phase)| phase.ends_at > wanted.kick_off_at);
    mistakes.extend(
        late.map(|(number, _)| format!("phase {number} would end after kick-off: end it earlier first")),
    );
    if mistakes.is_empty() {
        Ok(())
    } else {
        Err(PlanRefused::Invalid(mistakes).into())
    }
}

/// Whether buyers meet the same terms. How many are let in at once is no term.
fn has_same_terms(before: Option<&SaleBody>, after: Option<&SaleBody>) -> bool {
    let without_caps = |sale: &SaleBody| SaleBody {
        max_active_sessions: 0,
        admissions_per_minute: None,
        ..sale.clone()
    };
    before.map(without_caps) == after.map(without_caps)
}

/// Whether every seat costs what it did, in matches of the same layout.
fn has_same_prices(before: &MatchBody, after: &MatchBody) -> bool {
    let price = |sector: &SectorBody| (sector.is_free, sector.price_category);
    let mut pairs = before.sectors.iter().zip(&after.sectors);
    before.price_categories == after.price_categories
        && pairs.all(|(before, after)| price(before) == price(after))
}

async fn reprice(conn: &mut PgConnection, match_id: MatchId) -> Result<(), Fault<PlanRefused>> {
    if inventory::has_buyers(conn, match_id).await? {
        return Err(PlanRefused::Locked(vec!["price_categories"]).into());
    }
    Ok(inventory::save_zone_prices(conn, match_id).await?)
}
