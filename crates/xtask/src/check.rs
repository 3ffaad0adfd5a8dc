//! `cargo xtask check`: everything that must hold before a change lands, except the tests.

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::Context;
use comfy_table::{Table, presets};

use crate::checkout::{Checkout, capture, run};
use crate::gates;
use crate::generate;
use crate::interrupt;
use crate::programs::program;
use crate::tests_run::{SCRATCH_STACK, start_test_servers};

/// The version that deny.toml was written for.
const CARGO_DENY_VERSION: &str = "0.20.2";

/// What a step has to say when it did not fail.
type Remark = String;

type Step = fn(&Checkout) -> anyhow::Result<Remark>;

struct Outcome {
    step: &'static str,
    result: anyhow::Result<Remark>,
    seconds: f64,
}

/// Runs every step, whatever became of those before, and fails if one failed.
pub(crate) fn check(checkout: &Checkout) -> anyhow::Result<ExitCode> {
    interrupt::watch()?;
    let steps: [(&'static str, Step); 7] = [
        ("format", format),
        ("gates", gates),
        ("clippy", clippy),
        ("offline SQL", offline_sql),
        ("generated files", generated_files),
        ("licences, bans, sources", dependencies),
        ("advisories", advisories),
    ];
    let mut outcomes = Vec::new();
    for (step, work) in steps {
        interrupt::check()?;
        println!("» {step}");
        let started = Instant::now();
        let result = work(checkout);
        if let Err(error) = &result {
            println!("  failed: {error:#}");
        }
        outcomes.push(Outcome {
            step,
            result,
            seconds: started.elapsed().as_secs_f64(),
        });
    }
    print_table(&outcomes);
    let failed = outcomes.iter().any(|outcome| outcome.result.is_err());
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn print_table(outcomes: &[Outcome]) {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_BORDERS_ONLY)
        .set_header(["step", "outcome", "seconds"]);
    for outcome in outcomes {
        let verdict = match &outcome.result {
            Ok(remark) if remark.is_empty() => "ok".to_owned(),
            Ok(remark) => remark.clone(),
            Err(error) => format!("FAILED: {}", error.to_string().lines().next().unwrap_or_default()),
        };
        table.add_row([outcome.step, &verdict, &format!("{:.1}", outcome.seconds)]);
    }
    println!("{table}");
}

fn ok() -> anyhow::Result<Remark> {
    Ok(Remark::new())
}

fn format(checkout: &Checkout) -> anyhow::Result<Remark> {
    run(checkout.cargo().args(["fmt", "--all", "--check"]))?;
    ok()
}

fn gates(checkout: &Checkout) -> anyhow::Result<Remark> {
    gates::run(checkout)?;
    ok()
}

fn clippy(checkout: &Checkout) -> anyhow::Result<Remark> {
    let mut cargo = checkout.cargo();
    cargo.args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--quiet",
        "--",
        "-D",
        "warnings",
    ]);
    cargo
        .env_remove("BACKEND_DATABASE_URL")
        .env_remove("WAITING_ROOM_DATABASE_URL");
    run(cargo.env("SQLX_OFFLINE", "true"))?;
    ok()
}

fn offline_sql(checkout: &Checkout) -> anyhow::Result<Remark> {
    let (mut fleet, servers) = start_test_servers(checkout, SCRATCH_STACK)?;
    let outcome = generate::query_data(checkout, &servers, true);
    fleet.stop();
    outcome?;
    ok()
}

fn generated_files(checkout: &Checkout) -> anyhow::Result<Remark> {
    generate::documents(checkout, true)?;
    ok()
}

/// Duplicates are warnings, and many: whoever wants to see them runs `cargo deny check bans`.
fn dependencies(checkout: &Checkout) -> anyhow::Result<Remark> {
    run(deny(checkout)?.args(["--log-level", "error", "check", "licenses", "bans", "sources"]))?;
    ok()
}

/// A machine that cannot fetch the database has checked nothing, and says so.
fn advisories(checkout: &Checkout) -> anyhow::Result<Remark> {
    if let Err(error) = capture(deny(checkout)?.args(["--log-level", "error", "fetch", "db"])) {
        let complaint = format!("{error:#}");
        let reason = complaint
            .lines()
            .rev()
            .find(|line| line.starts_with("fatal"))
            .unwrap_or("no answer");
        println!("  advisories: not checked ({reason})");
        return Ok("NOT CHECKED: the advisory database could not be fetched".to_owned());
    }
    run(deny(checkout)?.args(["--log-level", "warn", "--offline", "check", "advisories"]))?;
    ok()
}

fn deny(checkout: &Checkout) -> anyhow::Result<Command> {
    let mut command = Command::new(cargo_deny(checkout)?);
    command.current_dir(checkout.root());
    Ok(command)
}

/// The one in PATH or in this checkout's tools, if it is of our version; else it is built into the latter.
fn cargo_deny(checkout: &Checkout) -> anyhow::Result<PathBuf> {
    let own = checkout.tools().join("bin/cargo-deny");
    let right = |candidate: &PathBuf| {
        capture(Command::new(candidate).arg("--version"))
            .is_ok_and(|version| version.contains(CARGO_DENY_VERSION))
    };
    if let Some(found) = [Some(own.clone()), program("cargo-deny")]
        .into_iter()
        .flatten()
        .find(right)
    {
        return Ok(found);
    }
    println!(
        "  cargo-deny {CARGO_DENY_VERSION} is missing: building it into {}",
        checkout.tools().display()
    );
    let mut cargo = checkout.cargo();
    cargo.args([
        "install",
        "cargo-deny",
        "--version",
        CARGO_DENY_VERSION,
        "--locked",
        "--debug",
        "--quiet",
    ]);
    // Built once, run for seconds: no optimisation, no debug information.
    cargo
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", "0");
    run(cargo.arg("--root").arg(checkout.tools())).context("cargo-deny could not be built")?;
    Ok(own)
}
