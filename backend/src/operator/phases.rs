//! `backend admin match phase …`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use domain::ids::MatchId;
use domain::phases::Phase;
use platform::ids::Ids;
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::matches::{because, planner};
use super::{finish, in_words, match_id, operator_pool, phase_id, read_toml};
use crate::app::Db;
use crate::matches::plans::body::PhaseBody;
use crate::matches::plans::phases::actions::ByHand;
use crate::matches::plans::phases::http::PhaseView;
use crate::matches::plans::phases::{PhaseRow, actions};
use crate::roles::print;
use crate::settings::Settings;

const FILE: &str = "The file is TOML, with the members of a phase of POST /admin/matches. Example:\n\n  \
    kind = \"LOYALTY\"   # or \"GENERAL_PUBLIC\"\n  starts_at = \"2027-03-01T10:00:00Z\"\n  ends_at = \"2027-03-02T10:00:00Z\"\n  \
    thresholds = [{ min_points = 20, max_tickets = 4 }, { min_points = 5, max_tickets = 2 }]   # of LOYALTY only";

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum PhaseDeed {
    /// Print the phases of a match, one JSON object a line, by their beginning.
    List {
        /// The match's id, as `match list` prints it.
        #[arg(value_parser = match_id)]
        match_id: Uuid,
    },
    /// Plan another phase as a file says. Prints it, with its "phase_id".
    #[command(after_help = FILE)]
    Add {
        /// The match's id, as `match list` prints it.
        #[arg(value_parser = match_id)]
        match_id: Uuid,
        /// The file.
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
        /// Say what would be, and change nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Say a phase anew as a file says. Of a published match, what is over stays, and what has begun keeps its beginning.
    #[command(after_help = FILE)]
    Change {
        #[command(flatten)]
        which: Which,
        /// The file.
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
    },
    /// Open a phase before its time. Its queue follows.
    #[command(
        after_help = "Example: backend admin match phase open $MATCH_ID $PHASE_ID --reason 'as announced'"
    )]
    Open(Turned),
    /// Close an open phase before its time: whoever waits for it is told so, and it does not open again.
    #[command(
        after_help = "Example: backend admin match phase close $MATCH_ID $PHASE_ID --reason 'as announced'"
    )]
    Close(Turned),
    /// Take a phase away that has not begun; not the last one of a published match. Prints {"phase_id": …, "removed": true}.
    #[command(
        after_help = "Example: backend admin match phase remove $MATCH_ID $PHASE_ID --reason 'planned twice'"
    )]
    Remove(Turned),
}

/// Which phase, and whether in earnest.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Which {
    /// The match's id, as `match list` prints it.
    #[arg(value_parser = match_id)]
    match_id: Uuid,
    /// The phase's id, as `match phase list` prints it.
    #[arg(value_parser = phase_id)]
    phase_id: Uuid,
    /// Say what would be, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Which phase, and why.
#[derive(Debug, Args)]
pub(crate) struct Turned {
    #[command(flatten)]
    which: Which,
    /// Why: it is kept in the audit entry.
    #[arg(long)]
    reason: String,
}

pub(super) async fn run(settings: &Settings, deed: PhaseDeed) -> anyhow::Result<ExitCode> {
    let db = operator_pool(settings).await?;
    match deed {
        PhaseDeed::List { match_id } => list(&db, MatchId(match_id)).await,
        PhaseDeed::Add {
            match_id,
            from,
            dry_run,
        } => {
            let (match_id, wanted) = (MatchId(match_id), wanted(&from)?);
            let mut tx = db.begin().await?;
            let added = actions::add(&mut tx, Ids, &planner(), (match_id, &wanted)).await;
            let line = line(&mut tx, added.map_err(in_words)?, dry_run).await?;
            finish(tx, dry_run).await?;
            print(&line)
        }
        PhaseDeed::Change { which, from } => {
            let (match_id, wanted) = (MatchId(which.match_id), wanted(&from)?);
            let mut tx = db.begin().await?;
            let named = (match_id, which.phase_id, &wanted);
            let changed = actions::change(&mut tx, Ids, &planner(), named).await;
            let line = line(&mut tx, changed.map_err(in_words)?, which.dry_run).await?;
            finish(tx, which.dry_run).await?;
            print(&line)
        }
        PhaseDeed::Open(turned) => turn(&db, &turned, ByHand::Open).await,
        PhaseDeed::Close(turned) => turn(&db, &turned, ByHand::Close).await,
        PhaseDeed::Remove(turned) => remove(&db, &turned).await,
    }
}

async fn list(db: &Db, match_id: MatchId) -> anyhow::Result<ExitCode> {
    let mut conn = db.acquire().await?;
    let (rows, now) = actions::list(&mut conn, match_id).await.map_err(in_words)?;
    for row in rows {
        print(&format!("{}\n", serde_json::to_string(&PhaseView::of(row, now))?))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn turn(db: &Db, Turned { which, reason }: &Turned, by_hand: ByHand) -> anyhow::Result<ExitCode> {
    let (match_id, planner) = (MatchId(which.match_id), because(reason)?);
    let mut tx = db.begin().await?;
    let turned = actions::turn(&mut tx, Ids, &planner, (match_id, which.phase_id, by_hand)).await;
    let line = line(&mut tx, turned.map_err(in_words)?, which.dry_run).await?;
    finish(tx, which.dry_run).await?;
    print(&line)
}

async fn remove(db: &Db, Turned { which, reason }: &Turned) -> anyhow::Result<ExitCode> {
    let planner = because(reason)?;
    let mut tx = db.begin().await?;
    let removed = actions::remove(&mut tx, Ids, &planner, (MatchId(which.match_id), which.phase_id)).await;
    removed.map_err(in_words)?;
    finish(tx, which.dry_run).await?;
    print(&format!(
        "{}\n",
        json!({"phase_id": which.phase_id, "removed": true, "dry_run": which.dry_run})
    ))
}

fn wanted(file: &Path) -> anyhow::Result<Phase> {
    Ok(Phase::from(&read_toml::<PhaseBody>(file, "phase")?))
}

async fn line(conn: &mut PgConnection, row: PhaseRow, dry_run: bool) -> anyhow::Result<String> {
    let mut told = serde_json::to_value(PhaseView::at_present(conn, row).await?)?;
    if let Value::Object(members) = &mut told {
        members.insert("dry_run".to_owned(), dry_run.into());
    }
    Ok(format!("{told}\n"))
}
