//! `backend admin stadium …`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use domain::ids::StadiumId;
use platform::ids::Ids;
use serde_json::json;
use uuid::Uuid;

use super::{finish, in_words, operator_pool, read, reason, stadium_id};
use crate::audit::Actor;
use crate::roles::print;
use crate::settings::Settings;
use crate::stadiums::actions::{self, Author};
use crate::stadiums::file::CheckedFile;

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Stadium {
    /// Import a stadium file: the stadium of its name gets a new layout, or is made. All or nothing.
    ///
    /// Prints {"stadium_id": …, "version": …, "capacity": …, "seats": …, "doubts": […]}. A file with mistakes is refused whole, and all of
    /// them are named.
    #[command(after_help = "Examples:\n  \
        backend admin stadium import data/stadiums/poljud.json --reason 'season 2026/27' --dry-run\n  \
        backend admin stadium import seats.csv --format seat-list --name 'Gradski vrt' --city Osijek \\\n    \
        --country HR --reason 'list of the club'")]
    Import(Import),
    /// Write a stadium as the file that makes it again to standard output.
    Export {
        /// Its id, as `list` prints it.
        #[arg(value_parser = stadium_id)]
        stadium_id: Uuid,
    },
    /// Print every stadium, one JSON object a line.
    List,
}

/// What is imported, and how.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The file.
    file: PathBuf,
    /// How it is read.
    #[arg(long, value_enum, default_value_t = Format::Stadium)]
    format: Format,
    /// Of a list of seats: as people call the stadium.
    #[arg(long, required_if_eq("format", "seat-list"))]
    name: Option<String>,
    /// Of a list of seats: where it is.
    #[arg(long, required_if_eq("format", "seat-list"))]
    city: Option<String>,
    /// Of a list of seats: ISO 3166-1 alpha-2.
    #[arg(long, required_if_eq("format", "seat-list"))]
    country: Option<String>,
    /// Why: it is kept in the audit entry.
    #[arg(long)]
    reason: String,
    /// Say what would be, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

/// How a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Our JSON: data/stadiums/README.md.
    Stadium,
    /// CSV with the head `sector,row,seat` or `sector,row,seat,kind`, a seat a line.
    SeatList,
}

pub(super) async fn run(settings: &Settings, deed: Stadium) -> anyhow::Result<ExitCode> {
    match deed {
        Stadium::Import(import) => run_import(settings, import).await,
        Stadium::Export { stadium_id } => {
            let db = operator_pool(settings).await?;
            let file = actions::export(&db, StadiumId(stadium_id))
                .await
                .map_err(in_words)?;
            print(&format!("{}\n", serde_json::to_string_pretty(&file)?))
        }
        Stadium::List => list(settings).await,
    }
}

async fn run_import(settings: &Settings, import: Import) -> anyhow::Result<ExitCode> {
    let text = read(&import.file)?;
    let file = match import.format {
        Format::Stadium => CheckedFile::from_json(&text)?,
        Format::SeatList => {
            let given = |text: &Option<String>| text.clone().unwrap_or_default();
            let (name, city, country) = (given(&import.name), given(&import.city), given(&import.country));
            CheckedFile::from_seat_list(&text, (&name, &city, &country))?
        }
    };
    let author = Author {
        actor: Actor::Operator,
        reason: reason(&import.reason)?,
    };
    let db = operator_pool(settings).await?;
    let mut tx = db.begin().await?;
    let stadium = actions::import(&mut tx, Ids, &author, &file)
        .await
        .map_err(in_words)?;
    finish(tx, import.dry_run).await?;
    print(&format!(
        "{}\n",
        json!({"stadium_id": stadium.stadium_id, "name": stadium.name, "version": stadium.version, "capacity": stadium.capacity,
            "seats": stadium.seats, "doubts": file.doubts(), "dry_run": import.dry_run})
    ))
}

async fn list(settings: &Settings) -> anyhow::Result<ExitCode> {
    let db = operator_pool(settings).await?;
    let mut cursor = None;
    loop {
        let (rows, _) = actions::list(&db, (None, None), (true, cursor)).await?;
        for row in &rows {
            let line = json!({"stadium_id": row.stadium_id, "name": row.name, "city": row.city, "kind": row.kind,
                "version": row.version, "capacity": row.capacity});
            print(&format!("{line}\n"))?;
        }
        match rows.last() {
            Some(last) => cursor = Some(last.stadium_id.0),
            None => return Ok(ExitCode::SUCCESS),
        }
    }
}
