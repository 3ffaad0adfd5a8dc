//! `backend admin loyalty …`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use domain::matches::day_in_zagreb;
use platform::clock::{Clock, SystemClock};
use platform::ids::Ids;
use serde_json::json;

use super::{finish, operator_pool, read, reason, source_of};
use crate::audit::Actor;
use crate::loyalty::actions;
use crate::roles::print;
use crate::secrets::PersonalData;
use crate::settings::Settings;

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Loyalty {
    /// Give every point that a file names: CSV with the head `oib,played_on,match`, a point a line. All or nothing; a point that is there
    /// stays one. Prints {"named": …, "added": …}.
    #[command(
        after_help = "Example: backend admin loyalty import points.csv --source gates --reason 'match report' --dry-run\n\n  \
        oib,played_on,match\n  11111111119,2026-09-05,Hrvatska – Francuska"
    )]
    Import {
        /// The file.
        file: PathBuf,
        /// Where the points come from.
        #[arg(long)]
        source: String,
        /// Why: it is kept in the audit entry.
        #[arg(long)]
        reason: String,
        /// Say what would be, and change nothing.
        #[arg(long)]
        dry_run: bool,
    },
}

pub(super) async fn run(settings: &Settings, deed: Loyalty) -> anyhow::Result<ExitCode> {
    let Loyalty::Import {
        file,
        source,
        reason: why,
        dry_run,
    } = deed;
    let (text, why, source) = (read(&file)?, reason(&why)?, source_of(&source)?);
    let personal_data = PersonalData::new(&settings.secrets)?;
    let db = operator_pool(settings).await?;
    let mut tx = db.begin().await?;
    let today = day_in_zagreb(SystemClock.now());
    let by = (Actor::Operator, why.as_str());
    let done = actions::import(&mut tx, (Ids, &personal_data, today), by, (&text, &source)).await?;
    finish(tx, dry_run).await?;
    print(&format!(
        "{}\n",
        json!({"named": done.named, "added": done.added, "dry_run": dry_run})
    ))
}
