//! `cargo xtask`: the one door to running, testing and checking this project.

mod announce;
mod check;
mod checkout;
mod controls;
mod counterparts;
mod features;
mod fleet;
mod gates;
mod generate;
mod health;
mod interrupt;
mod ports;
mod programs;
mod roles;
mod sabotage;
mod secrets;
mod servers;
mod settings;
mod stadium;
mod tests_run;
mod up;

use std::process::ExitCode;

use anyhow::bail;
use clap::{Parser, Subcommand};

use checkout::Checkout;

/// Runs, tests and checks Tribina on this machine.
///
/// Everything a command starts is private to this checkout: data, sockets, settings and logs lie in `.tribina/`, ports
/// are on 127.0.0.1. Missing servers (PostgreSQL, Valkey or Redis, NATS) are installed with apt-get where that is possible.
#[derive(Parser)]
#[command(
    name = "cargo xtask",
    after_help = "Begin with `cargo xtask up`; before a change lands: `cargo xtask check` and \
`cargo xtask test`."
)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Bring up the whole system with one match on sale, until Ctrl-C
    ///
    /// Starts PostgreSQL, Redis and NATS, builds, migrates, starts stand-ins for the identity provider, Stripe and the
    /// mail server, the waiting room, the backend and its worker, and prints a table of addresses.
    ///
    ///   cargo xtask up
    ///       for looking around; keeps its data until `cargo xtask reset`
    ///   cargo xtask up --empty
    ///       no stadium, no match, fresh databases: to set up a sale of one's own (docs/SET-UP-A-SALE.md)
    ///   cargo xtask up --once --fans 1000 --report out.json
    ///       simulated fans buy on a fresh stack; the exit code is the checker's verdict
    ///   cargo xtask up --once --chaos --nodes 3 --backends 2
    ///       the same while backends, nodes and servers go away and come back
    ///   cargo xtask up --sabotage --fans 200
    ///       proves that the checker would notice: without a guard, it must report what the guard prevents
    #[command(verbatim_doc_comment)]
    Up(up::UpArgs),
    /// Run `backend admin …` with the settings of the stack that is up: stadiums, matches, staff, blacklist, …
    ///
    /// In a deployment it is `backend --config … admin …`. What there is to say: `cargo xtask admin help`.
    ///
    ///   cargo xtask admin stadium import data/stadiums/poljud.json --reason 'season 2026/27' --dry-run
    ///   cargo xtask admin match publish 01a1fee5-…
    #[command(verbatim_doc_comment)]
    Admin(up::AdminArgs),
    /// Prove that the checker sees every broken promise: forged histories, and one short sale per guard left out
    ///
    /// Prints one table, by invariant; fails if a lie was not named or the loss of a guard not reported. About a quarter of
    /// an hour.
    #[command(verbatim_doc_comment)]
    Controls(controls::ControlsArgs),
    /// Stop what `up` started in this checkout, from another terminal or after a crash
    Down,
    /// Tell which processes of this checkout run
    Status,
    /// Stop everything and remove the data, settings, keys and logs in `.tribina/`
    Reset {
        /// Remove the tools that were built into `.tribina/tools` too
        #[arg(long)]
        tools: bool,
    },
    /// Run all tests on a PostgreSQL, Redis and NATS of their own
    ///
    /// What follows `--` goes to the runner: `cargo xtask test -- -p backend`.
    Test(tests_run::TestArgs),
    /// Run the tests against an identity provider, a Stripe and a mail server that others wrote
    ///
    /// Installs them below `.tribina/` from npm and PyPI, in the versions that `counterparts/` pins.
    Counterparts,
    /// Check everything but the tests: format, gates, clippy, offline SQL, generated files, licences, bans, advisories
    ///
    /// All steps run even if one fails; the table at the end tells which.
    Check,
    /// Run the guides in docs/: set up a sale by API, another by command line, then buy a ticket of the first
    ///
    /// The `sh` blocks of each are one script. A stack of their own, on empty databases, is brought up for them and stopped
    /// again. Needs bash, curl and jq.
    Guide(up::GuideArgs),
    /// Measure, against a baseline in the same run; raw results are kept
    #[command(subcommand)]
    Bench(up::Bench),
    /// Write the files that are made from the code: `.sqlx/`, `docs/openapi/`, `docs/FEATURES.md`, `data/stadiums/`
    Generate(generate::GenerateArgs),
    /// Write the stadium files from the rules of the buildings
    Stadium {
        /// Write nothing; fail if the committed file is not what would be written
        #[arg(long)]
        check: bool,
    },
}

fn main() -> ExitCode {
    match work() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn work() -> anyhow::Result<ExitCode> {
    let checkout = Checkout::here()?;
    let done = |()| ExitCode::SUCCESS;
    match Cli::parse().task {
        Task::Up(args) => up::up(&checkout, &args),
        Task::Admin(args) => up::admin(&checkout, &args),
        Task::Controls(args) => controls::controls(&checkout, &args),
        Task::Down => down(&checkout).map(done),
        Task::Status => {
            status(&checkout);
            Ok(ExitCode::SUCCESS)
        }
        Task::Reset { tools } => reset(&checkout, tools).map(done),
        Task::Test(args) => tests_run::test(&checkout, &args),
        Task::Counterparts => counterparts::run_tests(&checkout),
        Task::Check => check::check(&checkout),
        Task::Guide(args) => up::guide(&checkout, &args).map(done),
        Task::Bench(what) => up::bench(&checkout, &what).map(done),
        Task::Generate(args) => generate::generate(&checkout, &args).map(done),
        Task::Stadium { check } => stadium::write_all(checkout.root(), check).map(done),
    }
}

fn down(checkout: &Checkout) -> anyhow::Result<()> {
    let mut stopped = Vec::new();
    for state in up::states(checkout) {
        stopped.extend(fleet::stop_from_outside(&state)?);
    }
    println!(
        "{}",
        if stopped.is_empty() {
            "nothing ran".to_owned()
        } else {
            format!("stopped {}", stopped.join(", "))
        }
    );
    Ok(())
}

fn status(checkout: &Checkout) {
    let mut table = comfy_table::Table::new();
    table
        .load_style(comfy_table::presets::UTF8_BORDERS_ONLY)
        .set_header(["stack", "process", "pid", "state"]);
    for state in up::states(checkout) {
        for (name, pid, alive) in fleet::listed(&state) {
            let stack = if state == checkout.state() {
                "up".into()
            } else {
                state.file_name().unwrap_or_default().to_string_lossy()
            };
            table.add_row([
                &*stack,
                &name,
                &pid.to_string(),
                if alive { "runs" } else { "dead" },
            ]);
        }
    }
    if table.is_empty() {
        println!("nothing runs; `cargo xtask up` starts everything");
    } else {
        println!("{table}");
    }
}

fn reset(checkout: &Checkout, tools: bool) -> anyhow::Result<()> {
    down(checkout)?;
    for state in up::states(checkout) {
        up::forget_servers(&state)?;
    }
    let Ok(entries) = std::fs::read_dir(checkout.state()) else {
        return Ok(());
    };
    for entry in entries
        .flatten()
        .filter(|entry| tools || entry.file_name() != "tools")
    {
        let path = entry.path();
        let removed = if path.is_dir() {
            std::fs::remove_dir_all(&path)
        } else {
            std::fs::remove_file(&path)
        };
        if let Err(error) = removed {
            bail!("cannot remove {}: {error}", path.display());
        }
    }
    println!("{} is empty", checkout.state().display());
    Ok(())
}
