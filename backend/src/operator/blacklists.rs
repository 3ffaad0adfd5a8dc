//! `backend admin blacklist …`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use platform::ids::Ids;
use serde_json::json;

use super::{finish, in_words, operator_pool, read, reason, source_of};
use crate::app::Db;
use crate::audit::Actor;
use crate::blacklist::EntryFilter;
use crate::blacklist::actions::{self, Keeper};
use crate::blacklist::body::EntryView;
use crate::roles::print;
use crate::secrets::PersonalData;
use crate::settings::Settings;

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Blacklist {
    /// Put everybody whom a file names on the blacklist: one OIB a line, or CSV with the head `oib,first_name,last_name`; `#` begins a
    /// comment. All or nothing. Prints {"named": …, "added": …, "tickets": …, "open_orders": …}: what those have who
    /// are new on it.
    #[command(
        after_help = "Example: backend admin blacklist import mup-2026-11.csv --reason 'order 511-01-27' --dry-run"
    )]
    Import {
        /// The file.
        file: PathBuf,
        /// Who says so.
        #[arg(long, default_value = "MUP")]
        source: String,
        /// Why: it is kept in the audit entry.
        #[arg(long)]
        reason: String,
        /// Say what would be, and change nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Print everybody who is on it, one JSON object a line, the newest first; OIBs are masked.
    #[command(after_help = "Example: backend admin blacklist list | jq -r .last_name")]
    List {
        /// Those who were on it, too.
        #[arg(long)]
        history: bool,
    },
    /// Take everybody off, before a match's own list comes. They stay in its history. Prints {"removed": …}.
    #[command(
        after_help = "Example: backend admin blacklist clear --entries 312 --reason 'before Hrvatska – Francuska'"
    )]
    Clear {
        /// How many people are on it, as a confirmation; a wrong number is told the right one.
        #[arg(long)]
        entries: u64,
        /// Why: it is kept in the audit entry.
        #[arg(long, default_value = "Pre-match refresh")]
        reason: String,
        /// Say what would be, and change nothing.
        #[arg(long)]
        dry_run: bool,
    },
}

pub(super) async fn run(settings: &Settings, deed: Blacklist) -> anyhow::Result<ExitCode> {
    let db = operator_pool(settings).await?;
    let keeper = |text: &str| -> anyhow::Result<Keeper> {
        Ok(Keeper {
            actor: Actor::Operator,
            reason: reason(text)?,
        })
    };
    match deed {
        Blacklist::Import {
            file,
            source,
            reason,
            dry_run,
        } => {
            let (text, keeper, source) = (read(&file)?, keeper(&reason)?, source_of(&source)?);
            let personal_data = PersonalData::new(&settings.secrets)?;
            let mut tx = db.begin().await?;
            let done = actions::import(&mut tx, Ids, &personal_data, &keeper, (&text, &source)).await?;
            finish(tx, dry_run).await?;
            print(&format!(
                "{}\n",
                json!({"named": done.named, "added": done.added, "repeated_lines": done.repeated,
                    "present_lines": done.present, "tickets": done.possessions.tickets.len(),
                    "open_orders": done.possessions.open_orders.len(), "dry_run": dry_run})
            ))
        }
        Blacklist::List { history } => list(settings, &db, history).await,
        Blacklist::Clear {
            entries,
            reason,
            dry_run,
        } => {
            let mut tx = db.begin().await?;
            let removed = actions::clear(&mut tx, Ids, &keeper(&reason)?, entries)
                .await
                .map_err(in_words)?;
            finish(tx, dry_run).await?;
            print(&format!("{}\n", json!({"removed": removed, "dry_run": dry_run})))
        }
    }
}

async fn list(settings: &Settings, db: &Db, history: bool) -> anyhow::Result<ExitCode> {
    let personal_data = PersonalData::new(&settings.secrets)?;
    let filter = EntryFilter {
        is_active: (!history).then_some(true),
        ..EntryFilter::default()
    };
    let mut cursor = None;
    loop {
        let (rows, _) = actions::list(db, &filter, cursor).await?;
        let Some(last) = rows.last().map(|row| row.entry_id) else {
            return Ok(ExitCode::SUCCESS);
        };
        cursor = Some(last);
        for row in rows {
            print(&format!(
                "{}\n",
                serde_json::to_string(&EntryView::of(&personal_data, row)?)?
            ))?;
        }
    }
}
