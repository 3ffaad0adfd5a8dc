//! What operators do at the command line: `backend admin …`. As much as staff do by HTTP, by the same actions.
//!
//! Owns: no tables. Publishes: nothing. Invariant: whatever changes something is audited as the operator's.

mod blacklists;
mod loyalty;
mod matches;
mod phases;
mod stadiums;
mod staff;

use std::io::ErrorKind;
use std::path::Path;
use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clap::Subcommand;
use platform::ids::Ids;
use serde::de::DeserializeOwned;
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use crate::app::Db;
use crate::catalogue::{self, Seed};
use crate::events::bus::Bus;
use crate::events::{dead_letters, relay};
use crate::http::fault::{Fault, Refusal};
use crate::roles::print;
use crate::settings::Settings;
use crate::{audit, jobs};

#[derive(Debug, Subcommand)]
pub(crate) enum Admin {
    /// Load a stadium and put one match of it on sale, unless one is. Prints {"match_id": …}.
    Seed(Seed),
    /// Stadiums: import a file, write one, list them.
    #[command(subcommand)]
    Stadium(stadiums::Stadium),
    /// Matches: draft one from a file, change it, publish it, its phases, close it, call it off, delete it, show and list them.
    #[command(subcommand)]
    Match(matches::Match),
    /// The blacklist: import a list, print it, clear it.
    #[command(subcommand)]
    Blacklist(blacklists::Blacklist),
    /// Loyalty points: import a file.
    #[command(subcommand)]
    Loyalty(loyalty::Loyalty),
    /// Who is staff, with which roles, when roles are kept here and not in the tokens.
    #[command(subcommand)]
    Staff(staff::Staff),
    /// Check every audit chain.
    VerifyAudit,
    /// Publish a consumer's dead letters again, once their cause is gone.
    ReplayDeadLetters {
        /// `payments` or `mail`.
        consumer: String,
    },
    /// Run dead jobs again, once their cause is gone.
    ReviveJobs,
    /// Publish again what the outbox published between two instants: after the loss of the stream.
    Republish {
        /// From this instant (RFC 3339).
        from: DateTime<Utc>,
        /// Until this one.
        to: DateTime<Utc>,
    },
}

/// Does what the command line asks for.
pub(crate) async fn run(settings: &Settings, deed: Admin) -> anyhow::Result<ExitCode> {
    match deed {
        Admin::Seed(seed) => seed_match(settings, &seed).await,
        Admin::Stadium(deed) => stadiums::run(settings, deed).await,
        Admin::Match(deed) => matches::run(settings, deed).await,
        Admin::Blacklist(deed) => blacklists::run(settings, deed).await,
        Admin::Loyalty(deed) => loyalty::run(settings, deed).await,
        Admin::Staff(deed) => staff::run(settings, deed).await,
        Admin::VerifyAudit => verify_audit(settings).await,
        Admin::ReplayDeadLetters { consumer } => replay(settings, &consumer).await,
        Admin::ReviveJobs => {
            let revived = jobs::revive_dead(&operator_pool(settings).await?).await?;
            print(&format!("{revived} jobs will run again\n"))
        }
        Admin::Republish { from, to } => {
            let marked = relay::republish(&operator_pool(settings).await?, from, to).await?;
            print(&format!("{marked} events will be published again\n"))
        }
    }
}

async fn seed_match(settings: &Settings, seed: &Seed) -> anyhow::Result<ExitCode> {
    let db = operator_pool(settings).await?;
    let match_id = catalogue::seed(&db, Ids, seed).await?;
    print(&format!("{}\n", serde_json::json!({"match_id": match_id})))
}

async fn operator_pool(settings: &Settings) -> anyhow::Result<Db> {
    Ok(platform::database::pool(settings.check()?.database, 1).await?)
}

async fn replay(settings: &Settings, consumer: &str) -> anyhow::Result<ExitCode> {
    let db = operator_pool(settings).await?;
    let bus = Bus::connect(&settings.nats).await?;
    let replayed = dead_letters::replay(&db, &bus, consumer).await?;
    print(&format!("{replayed} dead letters published again\n"))
}

async fn verify_audit(settings: &Settings) -> anyhow::Result<ExitCode> {
    let db = operator_pool(settings).await?;
    let broken = audit::verify(&db).await?;
    for chain in &broken {
        print(&format!("{chain:?}\n"))?;
    }
    print(&format!("{} broken audit chains\n", broken.len()))?;
    Ok(if broken.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Keeps what was done, or takes it back when somebody only wanted to know.
async fn finish(tx: Transaction<'_, Postgres>, dry_run: bool) -> Result<(), sqlx::Error> {
    if dry_run {
        tx.rollback().await
    } else {
        tx.commit().await
    }
}

fn match_id(text: &str) -> Result<Uuid, String> {
    id(text, "`backend admin match list`")
}

fn phase_id(text: &str) -> Result<Uuid, String> {
    id(text, "`backend admin match phase list`")
}

fn stadium_id(text: &str) -> Result<Uuid, String> {
    id(text, "`backend admin stadium list`")
}

fn id(text: &str, lists: &str) -> Result<Uuid, String> {
    text.parse()
        .map_err(|_| format!("this is no id; {lists} lists them"))
}

/// A file's text.
fn read(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).map_err(|error| {
        let why = match error.kind() {
            ErrorKind::InvalidData => "it is not UTF-8: save it as \"CSV UTF-8\"".to_owned(),
            _ => error.to_string(),
        };
        anyhow::anyhow!("cannot read {}: {why}", file.display())
    })
}

/// What a TOML file says; what does not fit is named, with its line.
fn read_toml<T: DeserializeOwned>(file: &Path, what: &str) -> anyhow::Result<T> {
    let text = read(file)?;
    let is_no = |line: usize, wrong: &dyn std::fmt::Display| {
        anyhow::anyhow!("{}, line {line}, is no {what}: {wrong}", file.display())
    };
    let line_of = |error: &toml::de::Error| {
        let before = error
            .span()
            .and_then(|span| text.get(..span.start))
            .unwrap_or_default();
        before.matches('\n').count() + 1
    };
    let document =
        toml::Deserializer::parse(&text).map_err(|error| is_no(line_of(&error), &error.message()))?;
    platform::misfits::read(document).map_err(|misfit| is_no(line_of(&misfit.cause), &misfit))
}

/// Why something is done, in the form that audit entries take.
fn reason(text: &str) -> anyhow::Result<String> {
    crate::http::reasons::parse(text).map_err(|problem| anyhow::anyhow!("{}", problem.in_words()))
}

/// Who says so, or where something comes from, in the form that audit entries take.
fn source_of(text: &str) -> anyhow::Result<String> {
    crate::http::reasons::source(text).map_err(|problem| anyhow::anyhow!("{}", problem.in_words()))
}

/// A fault in words, with everything that its problem names.
fn in_words<R: Refusal>(fault: Fault<R>) -> anyhow::Error {
    match fault {
        Fault::Refused(refused) => anyhow::anyhow!("{}", refused.problem().in_words()),
        Fault::Unavailable(error) | Fault::Broken(error) => error,
    }
}
