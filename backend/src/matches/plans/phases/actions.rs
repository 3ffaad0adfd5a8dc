//! Plan a phase, change it, open and close it.

use domain::Timestamp;
use domain::ids::MatchId;
use domain::matches::MatchState;
use domain::phases::{Phase, decide_change, decide_close, decide_open, decide_removal};
use platform::ids::Ids;
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::store::{self, PhaseRow};
use crate::app::App;
use crate::audit::Actor;
use crate::http::fault::Fault;
use crate::inventory;
use crate::jobs::{self, Job};
use crate::matches::plans::actions::{PlanRefused, Planner, find, record};
use crate::matches::plans::body::PHASES_MAX;
use crate::matches::plans::store as matches;

/// Everything of a match that a change of its phases needs, locked.
struct Schedule {
    match_id: MatchId,
    state: MatchState,
    kick_off_at: Timestamp,
    phases: Vec<PhaseRow>,
    now: Timestamp,
}

impl Schedule {
    async fn lock(conn: &mut PgConnection, match_id: MatchId) -> Result<Self, Fault<PlanRefused>> {
        if !matches::lock_match(conn, match_id).await? {
            return Err(PlanRefused::NoSuchMatch.into());
        }
        let row = find(conn, match_id).await?;
        if !matches!(row.state, MatchState::Draft | MatchState::Published) {
            return Err(PlanRefused::Locked(vec!["phases"]).into());
        }
        Ok(Self {
            match_id,
            state: row.state,
            kick_off_at: row.kick_off_at,
            phases: store::list_phases(conn, match_id).await?,
            now: matches::now(conn).await?,
        })
    }

    fn find(&self, phase_id: Uuid) -> Result<&PhaseRow, PlanRefused> {
        let found = self.phases.iter().find(|row| row.phase_id == phase_id);
        found.ok_or(PlanRefused::NoSuchPhase)
    }

    fn others(&self, phase_id: Uuid) -> impl Iterator<Item = &Phase> {
        let others = self.phases.iter().filter(move |row| row.phase_id != phase_id);
        others.map(|row| &row.phase)
    }

    /// What is wrong with a phase among the others: everything at once.
    fn check(&self, phase_id: Uuid, wanted: &Phase) -> Result<(), PlanRefused> {
        let mut mistakes = Vec::new();
        if self.others(phase_id).count() >= PHASES_MAX {
            mistakes.push(format!("a match has at most {PHASES_MAX} phases"));
        }
        mistakes.extend(wanted.check(self.kick_off_at).err().map(|bad| bad.to_string()));
        let overlapping = self.others(phase_id).filter(|other| other.overlaps(wanted));
        mistakes.extend(overlapping.map(|other| {
            format!(
                "phases cannot overlap: there is one from {} to {}; begin at its end, or end by its beginning",
                other.starts_at.to_rfc3339(),
                other.ends_at.to_rfc3339()
            )
        }));
        if self.state == MatchState::Published && wanted.ends_at <= self.now {
            mistakes.push("ends_at lies in the past".to_owned());
        }
        if mistakes.is_empty() {
            Ok(())
        } else {
            Err(PlanRefused::Invalid(mistakes))
        }
    }

    /// What follows every change: the match's version, one audit entry, and the openings of its queue, at once or in a while.
    async fn changed(
        self,
        conn: &mut PgConnection,
        (ids, hears_in_seconds): (Ids, i32),
        planner: &Planner,
        deed: &'static str,
    ) -> Result<Vec<PhaseRow>, Fault<PlanRefused>> {
        let after = store::list_phases(conn, self.match_id).await?;
        matches::touch_match(conn, self.match_id).await?;
        if self.state == MatchState::Published {
            jobs::renew_in(conn, ids, Job::SyncQueue(self.match_id), hears_in_seconds).await?;
        }
        let entry = (self.match_id, told(&self.phases), told(&after));
        record(conn, planner, deed, entry).await?;
        Ok(after)
    }
}

/// The room hears of a change as soon as it is there.
const AT_ONCE: i32 = 0;

fn told(phases: &[PhaseRow]) -> Value {
    let one = |row: &PhaseRow| {
        let phase = &row.phase;
        json!({"phase_id": row.phase_id, "kind": phase.kind, "starts_at": phase.starts_at, "ends_at": phase.ends_at,
            "ticket_limit": phase.ticket_limit, "thresholds": phase.thresholds, "ended_early": row.ended_early})
    };
    phases.iter().map(one).collect()
}

fn one(phases: Vec<PhaseRow>, phase_id: Uuid) -> Result<PhaseRow, Fault<PlanRefused>> {
    let found = phases.into_iter().find(|row| row.phase_id == phase_id);
    found.ok_or_else(|| PlanRefused::NoSuchPhase.into())
}

/// A match's phases, by their beginning, at the database's `now`.
pub(crate) async fn list(
    conn: &mut PgConnection,
    match_id: MatchId,
) -> Result<(Vec<PhaseRow>, Timestamp), Fault<PlanRefused>> {
    find(conn, match_id).await?;
    Ok((
        store::list_phases(conn, match_id).await?,
        matches::now(conn).await?,
    ))
}

/// Plans another phase.
pub(crate) async fn add(
    conn: &mut PgConnection,
    ids: Ids,
    planner: &Planner,
    (match_id, wanted): (MatchId, &Phase),
) -> Result<PhaseRow, Fault<PlanRefused>> {
    let schedule = Schedule::lock(conn, match_id).await?;
    let phase_id = ids.next();
    schedule.check(phase_id, wanted)?;
    store::insert_phase(conn, (phase_id, match_id), wanted).await?;
    one(
        schedule
            .changed(conn, (ids, AT_ONCE), planner, "match.phase-added")
            .await?,
        phase_id,
    )
}

/// Says a phase anew. Of a published match, what is over stays, and what has begun keeps its beginning.
pub(crate) async fn change(
    conn: &mut PgConnection,
    ids: Ids,
    planner: &Planner,
    (match_id, phase_id, wanted): (MatchId, Uuid, &Phase),
) -> Result<PhaseRow, Fault<PlanRefused>> {
    let schedule = Schedule::lock(conn, match_id).await?;
    let current = &schedule.find(phase_id)?.phase;
    if schedule.state == MatchState::Published {
        decide_change(current, wanted, schedule.now).map_err(PlanRefused::WrongPhaseTurn)?;
    }
    schedule.check(phase_id, wanted)?;
    store::save_phase(conn, phase_id, wanted, None).await?;
    one(
        schedule
            .changed(conn, (ids, AT_ONCE), planner, "match.phase-changed")
            .await?,
        phase_id,
    )
}

/// Takes a phase away that has not begun; not the last one of a published match.
pub(crate) async fn remove(
    conn: &mut PgConnection,
    ids: Ids,
    planner: &Planner,
    (match_id, phase_id): (MatchId, Uuid),
) -> Result<(), Fault<PlanRefused>> {
    let schedule = Schedule::lock(conn, match_id).await?;
    let current = &schedule.find(phase_id)?.phase;
    if schedule.state == MatchState::Published {
        decide_removal(current, schedule.phases.len(), schedule.now).map_err(PlanRefused::WrongPhaseTurn)?;
    }
    store::delete_phase(conn, phase_id).await?;
    schedule
        .changed(conn, (ids, AT_ONCE), planner, "match.phase-removed")
        .await?;
    Ok(())
}

/// What is done with a phase by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ByHand {
    /// Opened before its time.
    Open,
    /// Closed before its time.
    Close,
}

/// Opens a phase before its time, or closes an open one.
pub(crate) async fn turn(
    conn: &mut PgConnection,
    ids: Ids,
    planner: &Planner,
    (match_id, phase_id, by_hand): (MatchId, Uuid, ByHand),
) -> Result<PhaseRow, Fault<PlanRefused>> {
    let schedule = Schedule::lock(conn, match_id).await?;
    if schedule.state != MatchState::Published {
        return Err(PlanRefused::NotPublished.into());
    }
    let current = &schedule.find(phase_id)?.phase;
    let (turned, deed, ended_early) = match by_hand {
        ByHand::Open => {
            let others: Vec<Phase> = schedule.others(phase_id).cloned().collect();
            (
                decide_open(current, &others, schedule.now),
                "match.phase-opened",
                None,
            )
        }
        ByHand::Close => (
            decide_close(current, schedule.now),
            "match.phase-closed",
            Some("BY_HAND"),
        ),
    };
    let turned = turned.map_err(PlanRefused::WrongPhaseTurn)?;
    store::save_phase(conn, phase_id, &turned, ended_early).await?;
    one(
        schedule.changed(conn, (ids, AT_ONCE), planner, deed).await?,
        phase_id,
    )
}

/// The room hears first that everything is sold, so that whoever waits is told that, and not that an opening has ended. A change of
/// the openings that was ordered shortly before waits as long.
const SOLD_OUT_SECONDS: i32 = 3;

/// Everything is sold and nothing is being paid: the open phase ends (E2-F2). The same again changes nothing. Answers whether
/// there is really nothing to sell now.
///
/// # Errors
/// When the database fails.
pub async fn close_sold_out(app: &App, match_id: MatchId) -> anyhow::Result<bool> {
    let mut tx = app.db.begin().await?;
    let schedule = Schedule::lock(&mut tx, match_id).await;
    let schedule = schedule.map_err(|fault| anyhow::anyhow!("{fault}"))?;
    let open = schedule.phases.iter().find(|row| row.phase.is_open(schedule.now));
    let Some(open) = open.filter(|_| schedule.state == MatchState::Published) else {
        return Ok(true);
    };
    // Somebody may have given seats back since the caller counted.
    let stock = inventory::count_stock(&mut tx, match_id).await?;
    if (stock.free, stock.held, stock.paying) != (0, 0, 0) {
        return Ok(false);
    }
    if !store::has_sold(&mut tx, match_id).await? {
        return Ok(true);
    }
    let closed = Phase {
        ends_at: schedule.now,
        ..open.phase.clone()
    };
    store::save_phase(&mut tx, open.phase_id, &closed, Some("SOLD_OUT")).await?;
    let planner = Planner {
        actor: Actor::System("sales"),
        reason: Some("everything is sold".to_owned()),
        step_up: None,
    };
    let done = schedule
        .changed(
            &mut tx,
            (app.ids, SOLD_OUT_SECONDS),
            &planner,
            "match.phase-closed",
        )
        .await;
    done.map_err(|fault| anyhow::anyhow!("{fault}"))?;
    tx.commit().await?;
    tracing::info!(match.id = %match_id, "Closed the sales phase of match {match_id}: everything is sold");
    Ok(true)
}
