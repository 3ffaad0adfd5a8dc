//! `backend admin match …`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use domain::ids::MatchId;
use platform::ids::Ids;
use serde_json::json;
use uuid::Uuid;

use super::phases::{self, PhaseDeed};
use super::{finish, in_words, match_id, operator_pool, read_toml, reason};
use crate::app::Db;
use crate::audit::Actor;
use crate::matches::plans::actions::{self, Planner};
use crate::matches::plans::body::{MatchBody, SectorState};
use crate::matches::plans::editing::{self, Edit};
use crate::matches::plans::{PlanRow, publishing, sectors};
use crate::roles::print;
use crate::settings::Settings;

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Match {
    /// Draft a match as a file says. Prints {"match_id": …, "state": "DRAFT", …}.
    #[command(
        after_help = "The file is TOML, with the members of POST /admin/matches. Example:\n\n  \
        home_team = \"Hrvatska\"\n  away_team = \"Portugal\"\n  competition = \"UEFA Nations League\"\n  \
        kick_off_at = \"2027-03-25T19:45:00Z\"\n  stadium_id = \"…\"   # backend admin stadium list\n\n  \
        [[phases]]\n  kind = \"GENERAL_PUBLIC\"\n  starts_at = \"2027-03-01T10:00:00Z\"\n  ends_at = \"2027-03-25T19:45:00Z\""
    )]
    Create {
        /// The file.
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
        /// Say what would be, and change nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Say a match anew as a file says: what `show` printed, edited. A published match keeps what buyers rely on.
    #[command(
        after_help = "Example:\n\n  backend admin match show $ID > match.toml\n  $EDITOR match.toml\n  \
        backend admin match change $ID --from match.toml --seen 3 --notify false"
    )]
    Change(Change),
    /// Print everything that was said of a match: TOML for `create` and `change`, or JSON.
    Show {
        /// Its id, as `create` and `list` print it.
        #[arg(value_parser = match_id)]
        match_id: Uuid,
        /// As JSON, the body of PUT /admin/matches/{match_id}.
        #[arg(long)]
        json: bool,
    },
    /// Put a draft before the public, with its seats and its queue: at once, or not at all. What is missing is named.
    #[command(after_help = "Example: backend admin match publish $MATCH_ID --dry-run")]
    Publish {
        /// Its id, as `create` and `list` print it.
        #[arg(value_parser = match_id)]
        match_id: Uuid,
        /// Say what would be, and change nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Take a sector from the sale, or give it back; refused while somebody has a seat there. Prints {"sector": …, "sector_state": …}.
    #[command(
        after_help = "Example: backend admin match sector $MATCH_ID ZD1 --state MAINTENANCE --reason 'a pipe has burst'"
    )]
    Sector(SectorMove),
    /// The phases of its sale: list, add, change, open, close, remove.
    #[command(subcommand)]
    Phase(PhaseDeed),
    /// End a match that was played.
    #[command(after_help = "Example: backend admin match close $MATCH_ID --reason 'was played'")]
    Close(Ending),
    /// Call a match off that a member of staff asked to be called off; or take that back.
    #[command(subcommand)]
    CallOff(CallOff),
    /// Hide a draft, or a match that is over and that nobody has a ticket for. Prints {"match_id": …, "deleted": true}.
    #[command(after_help = "Example: backend admin match delete $MATCH_ID --reason 'drafted twice'")]
    Delete(Ending),
    /// Print every match, one JSON object a line, by kick-off.
    List,
}

/// Two people call a match off. A member of staff asks for it, by API; nothing more is sold from then on. The command line has no
/// account, and so cannot ask: whoever stands at it is the second person, for what somebody else has asked for.
#[derive(Debug, Subcommand)]
pub(crate) enum CallOff {
    /// Approve what a member of staff has asked for: the match is off, and everybody with a ticket gets a mail.
    #[command(
        after_help = "Example: backend admin match call-off approve $MATCH_ID --reason 'the pitch is under water'"
    )]
    Approve(Ending),
    /// Take that back: the sale goes on.
    #[command(
        after_help = "Example: backend admin match call-off withdraw $MATCH_ID --reason 'it is dry again'"
    )]
    Withdraw(Ending),
}

/// Which match, and how it should be.
#[derive(Debug, Args)]
pub(crate) struct Change {
    /// Its id, as `create` and `list` print it.
    #[arg(value_parser = match_id)]
    match_id: Uuid,
    /// The file.
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// Whether everybody with a ticket gets a mail; must be said of a published match.
    #[arg(long)]
    notify: Option<bool>,
    /// The version that `show` told: refused if somebody has changed the match since.
    #[arg(long, value_name = "VERSION")]
    seen: Option<i32>,
    /// Why: it is kept in the audit entry. Must be said where seats of a published match are taken from the sale or given to it.
    #[arg(long)]
    reason: Option<String>,
    /// Say what would be, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Which sector, what becomes of it, and why.
#[derive(Debug, Args)]
pub(crate) struct SectorMove {
    /// The match's id, as `create` and `list` print it.
    #[arg(value_parser = match_id)]
    match_id: Uuid,
    /// The sector's code, as `show` prints it.
    code: String,
    /// ACTIVE, CLOSED, MAINTENANCE or STERILE.
    #[arg(long, value_parser = sector_state)]
    state: SectorState,
    /// Why: it is kept in the audit entry.
    #[arg(long)]
    reason: String,
    /// Say what would be, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Which match, and why.
#[derive(Debug, Args)]
pub(crate) struct Ending {
    /// Its id, as `create` and `list` print it.
    #[arg(value_parser = match_id)]
    match_id: Uuid,
    /// Why: it is kept in the audit entry.
    #[arg(long)]
    reason: String,
    /// Say what would be, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

fn sector_state(name: &str) -> Result<SectorState, String> {
    serde_json::from_value(name.into())
        .map_err(|_| "there are ACTIVE, CLOSED, MAINTENANCE and STERILE".to_owned())
}

pub(super) fn planner() -> Planner {
    Planner {
        actor: Actor::Operator,
        reason: None,
        step_up: None,
    }
}

pub(super) fn because(text: &str) -> anyhow::Result<Planner> {
    Ok(Planner {
        reason: Some(reason(text)?),
        ..planner()
    })
}

pub(super) async fn run(settings: &Settings, deed: Match) -> anyhow::Result<ExitCode> {
    let db = operator_pool(settings).await?;
    match deed {
        Match::Phase(deed) => phases::run(settings, deed).await,
        Match::Close(ending) => end(&db, &ending, Deed::Close).await,
        Match::CallOff(CallOff::Approve(ending)) => end(&db, &ending, Deed::Approve).await,
        Match::CallOff(CallOff::Withdraw(ending)) => end(&db, &ending, Deed::Withdraw).await,
        Match::Delete(ending) => delete(&db, &ending).await,
        Match::Create { from, dry_run } => {
            let body: MatchBody = read_toml(&from, "match")?;
            let mut tx = db.begin().await?;
            let made = actions::create(&mut tx, Ids, &planner(), &body)
                .await
                .map_err(in_words)?;
            finish(tx, dry_run).await?;
            print(&line(&made, dry_run))
        }
        Match::Change(asked) => change(&db, &asked).await,
        Match::Show { match_id, json } => {
            let (row, body) = actions::read(&db, MatchId(match_id)).await.map_err(in_words)?;
            if json {
                print(&format!("{}\n", serde_json::to_string_pretty(&body)?))
            } else {
                let (state, version, said) = (row.state.code(), row.version, toml::to_string_pretty(&body)?);
                print(&format!(
                    "# {state}, version {version}; edited: match change {match_id} --from FILE --seen {version}\n{said}"
                ))
            }
        }
        Match::Publish { match_id, dry_run } => {
            let mut tx = db.begin().await?;
            let published = publishing::publish(&mut tx, Ids, &planner(), (MatchId(match_id), None)).await;
            let published = published.map_err(in_words)?;
            finish(tx, dry_run).await?;
            print(&line(&published, dry_run))
        }
        Match::Sector(asked) => move_sector(&db, &asked).await,
        Match::List => list(&db).await,
    }
}

async fn change(db: &Db, asked: &Change) -> anyhow::Result<ExitCode> {
    let body: MatchBody = read_toml(&asked.from, "match")?;
    let planner = match &asked.reason {
        Some(reason) => because(reason)?,
        None => planner(),
    };
    let edit = Edit {
        match_id: MatchId(asked.match_id),
        seen: asked.seen,
        body: &body,
        notify: asked.notify,
    };
    let mut tx = db.begin().await?;
    let changed = editing::change(&mut tx, Ids, &planner, edit).await;
    let changed = changed.map_err(in_words)?;
    finish(tx, asked.dry_run).await?;
    print(&line(&changed, asked.dry_run))
}

async fn move_sector(db: &Db, asked: &SectorMove) -> anyhow::Result<ExitCode> {
    let planner = because(&asked.reason)?;
    let named = (MatchId(asked.match_id), &*asked.code, asked.state);
    let mut tx = db.begin().await?;
    let moved = sectors::actions::change_sector(&mut tx, Ids, &planner, named).await;
    let moved = moved.map_err(in_words)?;
    finish(tx, asked.dry_run).await?;
    print(&format!(
        "{}\n",
        json!({"match_id": moved.match_id, "version": moved.version, "sector": asked.code, "sector_state": asked.state,
            "dry_run": asked.dry_run})
    ))
}

async fn list(db: &Db) -> anyhow::Result<ExitCode> {
    let mut cursor = None;
    loop {
        let (rows, _) = actions::list(db, &Default::default(), cursor).await?;
        for row in &rows {
            print(&line(row, false))?;
        }
        match rows.last() {
            Some(last) => cursor = Some(last.match_id.0),
            None => return Ok(ExitCode::SUCCESS),
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Deed {
    Close,
    Approve,
    Withdraw,
}

async fn end(db: &Db, ending: &Ending, deed: Deed) -> anyhow::Result<ExitCode> {
    let (match_id, planner) = (MatchId(ending.match_id), because(&ending.reason)?);
    let mut tx = db.begin().await?;
    let ended = match deed {
        Deed::Close => publishing::close(&mut tx, Ids, &planner, (match_id, None)).await,
        Deed::Approve => publishing::approve_cancellation(&mut tx, Ids, &planner, match_id).await,
        Deed::Withdraw => publishing::withdraw_cancellation(&mut tx, Ids, &planner, match_id).await,
    };
    let ended = ended.map_err(in_words)?;
    finish(tx, ending.dry_run).await?;
    print(&line(&ended, ending.dry_run))
}

async fn delete(db: &Db, ending: &Ending) -> anyhow::Result<ExitCode> {
    let planner = because(&ending.reason)?;
    let mut tx = db.begin().await?;
    let deleted = publishing::delete(&mut tx, &planner, MatchId(ending.match_id)).await;
    deleted.map_err(in_words)?;
    finish(tx, ending.dry_run).await?;
    print(&format!(
        "{}\n",
        json!({"match_id": ending.match_id, "deleted": true, "dry_run": ending.dry_run})
    ))
}

fn line(row: &PlanRow, dry_run: bool) -> String {
    let told = json!({"match_id": row.match_id, "state": row.state.code(), "home_team": row.home_team, "away_team": row.away_team,
        "kick_off_at": row.kick_off_at, "stadium": row.stadium, "version": row.version, "dry_run": dry_run});
    format!("{told}\n")
}
