//! `cargo xtask generate`: files that are made from the code and committed with it.
//!
//! - `.sqlx/`: what the checked query macros know about each query. They write it themselves when they expand with a
//!   database and `SQLX_OFFLINE_DIR`; expanding means compiling, so the sources of just the two binaries are touched.
//! - `docs/openapi/`: what each binary says its API is.
//! - `docs/FEATURES.md`: which operations serve which feature, out of the former.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, bail};

use crate::checkout::{Checkout, capture, run};
use crate::features::{self, Document};
use crate::interrupt;
use crate::roles;
use crate::servers::Servers;
use crate::stadium;
use crate::tests_run::{SCRATCH_STACK, start_test_servers};

/// Databases that queries are checked against; crates that check queries.
const SCRATCH: [(&str, &str, &str); 2] = [
    ("backend", "scratch_backend", "BACKEND_DATABASE_URL"),
    (
        "waiting-room",
        "scratch_waiting_room",
        "WAITING_ROOM_DATABASE_URL",
    ),
];

/// OpenAPI documents: file, program, arguments.
const OPENAPI: [(&str, &str, &[&str]); 4] = [
    (
        "docs/openapi/fans.json",
        "backend",
        &["openapi", "--audience", "fans"],
    ),
    (
        "docs/openapi/staff.json",
        "backend",
        &["openapi", "--audience", "staff"],
    ),
    (
        "docs/openapi/webhooks.json",
        "backend",
        &["openapi", "--audience", "webhooks"],
    ),
    ("docs/openapi/waiting-room.json", "waiting-room", &["openapi"]),
];

/// What to make.
#[derive(clap::Args)]
pub(crate) struct GenerateArgs {
    /// Write nothing; fail if a committed file is not what would be written
    #[arg(long)]
    check: bool,
}

/// Files by name, as bytes.
type Files = BTreeMap<String, Vec<u8>>;

/// Runs the command.
pub(crate) fn generate(checkout: &Checkout, args: &GenerateArgs) -> anyhow::Result<()> {
    interrupt::watch()?;
    let (mut fleet, servers) = start_test_servers(checkout, SCRATCH_STACK)?;
    // Queries first: the binaries that print the documents are built from them.
    query_data(checkout, &servers, args.check)?;
    fleet.stop();
    documents(checkout, args.check)
}

/// OpenAPI documents, what follows from them, and the stadium files.
pub(crate) fn documents(checkout: &Checkout, check: bool) -> anyhow::Result<()> {
    stadium::write_all(checkout.root(), check)?;
    run(checkout
        .cargo()
        .args(["build", "--workspace", "--bins"])
        .env("SQLX_OFFLINE", "true"))?;
    let built = checkout.target()?.join("debug");
    let mut documents = Vec::new();
    for (file, service, arguments) in OPENAPI {
        let mut command = std::process::Command::new(built.join(service));
        let document = capture(command.current_dir(checkout.root()).args(arguments))?;
        let api: serde_json::Value = serde_json::from_str(&document)?;
        settle(&checkout.root().join(file), in_order(&api)?.as_bytes(), check)?;
        documents.push(Document { service, api });
    }
    let features = features::table(&documents)?;
    settle(&checkout.root().join(features::FILE), features.as_bytes(), check)?;
    let roles = roles::table(&documents)?;
    settle(&checkout.root().join(roles::FILE), roles.as_bytes(), check)
}

/// JSON with its keys sorted: some come out of hash maps, in another order each time.
fn in_order(document: &serde_json::Value) -> anyhow::Result<String> {
    Ok(format!("{}\n", serde_json::to_string_pretty(document)?))
}

/// Writes a generated file, or says that the committed one is not it.
fn settle(file: &Path, bytes: &[u8], check: bool) -> anyhow::Result<()> {
    if check {
        if fs::read(file).ok().as_deref() != Some(bytes) {
            bail!(
                "{} is not up to date: run `cargo xtask generate` and commit",
                file.display()
            );
        }
        return Ok(());
    }
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(file, bytes).with_context(|| format!("cannot write {}", file.display()))
}

/// The query data, written to `.sqlx/` or compared with it.
pub(crate) fn query_data(checkout: &Checkout, servers: &Servers, check: bool) -> anyhow::Result<()> {
    let committed = checkout.root().join(".sqlx");
    let fresh = checkout.state().join("sqlx");
    if fresh.exists() {
        fs::remove_dir_all(&fresh)?;
    }
    fs::create_dir_all(&fresh)?;
    expand_queries(checkout, servers, &fresh)?;
    let (wanted, found) = (read_folder(&fresh)?, read_folder(&committed).unwrap_or_default());
    let differing = differences(&wanted, &found);
    if differing.is_empty() {
        println!("  {} queries, all described in .sqlx/", wanted.len());
    } else if check {
        bail!(
            ".sqlx/ is not up to date: run `cargo xtask generate` and commit\n  {}",
            differing.join("\n  ")
        );
    } else {
        fs::create_dir_all(&committed)?;
        for stale in found.keys().filter(|name| !wanted.contains_key(*name)) {
            fs::remove_file(committed.join(stale))?;
        }
        for (name, bytes) in &wanted {
            fs::write(committed.join(name), bytes)?;
        }
        println!(
            "  .sqlx/: {} queries, {} files changed",
            wanted.len(),
            differing.len()
        );
    }
    Ok(())
}

/// Compiles the crates with queries against migrated scratch databases, so that every macro writes what it learnt. The whole
/// workspace, as clippy does: a part of it would have its dependencies compiled again.
fn expand_queries(checkout: &Checkout, servers: &Servers, into: &Path) -> anyhow::Result<()> {
    let mut everything = checkout.cargo();
    everything.args(["check", "--workspace", "--all-targets"]);
    // The negative control has queries of its own, and must go on compiling.
    let mut sabotaged = checkout.cargo();
    sabotaged.args([
        "check",
        "--workspace",
        "--features",
        "backend/sabotage,waiting-room/sabotage",
    ]);
    let mut touched = Touched::default();
    for (package, database, variable) in SCRATCH {
        servers.sql(
            "postgres",
            &format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)"),
        )?;
        servers.ensure_database(database)?;
        servers.apply_migrations(database, &checkout.root().join("migrations").join(package))?;
        for cargo in [&mut everything, &mut sabotaged] {
            cargo.env(variable, servers.database_url(database));
        }
        touched.touch_targets(&checkout.root().join(package))?;
    }
    for cargo in [&mut everything, &mut sabotaged] {
        run(cargo.env("SQLX_OFFLINE", "false").env("SQLX_OFFLINE_DIR", into))?;
    }
    Ok(())
}

/// Sources that look younger than they are, until this is dropped.
#[derive(Default)]
struct Touched {
    files: Vec<(PathBuf, SystemTime)>,
}

impl Touched {
    /// Every file that cargo compiles as the root of a target of this package.
    fn touch_targets(&mut self, package: &Path) -> anyhow::Result<()> {
        for root in ["src/lib.rs", "src/main.rs", "tests/it/main.rs", "tests/it.rs"] {
            let path = package.join(root);
            if path.is_file() {
                let file = File::options().append(true).open(&path)?;
                self.files.push((path, file.metadata()?.modified()?));
                file.set_modified(SystemTime::now())?;
            }
        }
        Ok(())
    }
}

impl Drop for Touched {
    fn drop(&mut self) {
        for (path, modified) in &self.files {
            let restored = File::options()
                .append(true)
                .open(path)
                .and_then(|file| file.set_modified(*modified));
            if let Err(error) = restored {
                eprintln!("could not restore the date of {}: {error}", path.display());
            }
        }
    }
}

fn read_folder(folder: &Path) -> anyhow::Result<Files> {
    let mut files = Files::new();
    for entry in fs::read_dir(folder)?.flatten() {
        files.insert(
            entry.file_name().to_string_lossy().into_owned(),
            fs::read(entry.path())?,
        );
    }
    Ok(files)
}

fn differences(wanted: &Files, found: &Files) -> Vec<String> {
    let mut differing: Vec<_> = wanted
        .iter()
        .filter(|(name, bytes)| found.get(*name) != Some(bytes))
        .map(|(name, _)| {
            format!(
                "{name}: {}",
                if found.contains_key(name) {
                    "differs"
                } else {
                    "missing"
                }
            )
        })
        .collect();
    differing.extend(
        found
            .keys()
            .filter(|name| !wanted.contains_key(*name))
            .map(|name| format!("{name}: unused")),
    );
    differing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(pairs: &[(&str, &str)]) -> Files {
        pairs
            .iter()
            .map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()))
            .collect()
    }

    #[test]
    fn missing_changed_and_unused_files_are_told_apart() {
        let wanted = files(&[("a", "1"), ("b", "2"), ("c", "3")]);
        let found = files(&[("b", "2"), ("c", "4"), ("d", "5")]);
        assert_eq!(
            differences(&wanted, &found),
            ["a: missing", "c: differs", "d: unused"]
        );
    }

    #[test]
    fn documents_do_not_depend_on_the_order_of_their_keys() {
        let text = |json: &str| in_order(&serde_json::from_str(json).unwrap()).unwrap();
        let one = text(r#"{"b": {"d": 1, "c": 2}, "a": []}"#);
        assert_eq!(one, text(r#"{"a": [], "b": {"c": 2, "d": 1}}"#));
    }

    #[test]
    fn a_touched_file_gets_its_date_back() {
        let package = std::env::temp_dir().join(format!("tribina-touched-{}", std::process::id()));
        fs::create_dir_all(package.join("src")).unwrap();
        let file = package.join("src/lib.rs");
        fs::write(&file, "").unwrap();
        let long_ago = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        File::options()
            .append(true)
            .open(&file)
            .unwrap()
            .set_modified(long_ago)
            .unwrap();

        let mut touched = Touched::default();
        touched.touch_targets(&package).unwrap();
        assert_ne!(fs::metadata(&file).unwrap().modified().unwrap(), long_ago);
        drop(touched);

        assert_eq!(fs::metadata(&file).unwrap().modified().unwrap(), long_ago);
        fs::remove_dir_all(package).unwrap();
    }
}
