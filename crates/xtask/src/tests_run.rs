//! `cargo xtask test`: all tests, on servers of their own.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use crate::checkout::{Checkout, command_line};
use crate::fleet::Fleet;
use crate::interrupt;
use crate::ports;
use crate::programs::program;
use crate::servers::{Durability, ServerPorts, Servers};

/// The stack of the tests.
pub(crate) const TEST_STACK: &str = "test";
/// The stack of whatever needs a scratch database.
pub(crate) const SCRATCH_STACK: &str = "scratch";

/// Which tests to run.
#[derive(clap::Args)]
pub(crate) struct TestArgs {
    /// Handed to the test runner (cargo nextest, or cargo test where that is not installed)
    #[arg(last = true)]
    runner: Vec<OsString>,
}

/// Runs the command; its exit code is the runner's.
pub(crate) fn test(checkout: &Checkout, args: &TestArgs) -> anyhow::Result<ExitCode> {
    interrupt::watch()?;
    let (mut fleet, servers) = start_test_servers(checkout, TEST_STACK)?;
    let mut runner = runner(checkout, &servers);
    if !names_packages(&args.runner) {
        runner.arg("--workspace");
    }
    runner.args(&args.runner);
    println!("» {}", command_line(&runner));
    run_to_end(&mut fleet, &mut runner)
}

/// Runs the runner, then stops what it needed; the exit code is the runner's.
pub(crate) fn run_to_end(fleet: &mut Fleet, runner: &mut Command) -> anyhow::Result<ExitCode> {
    let status = runner.status()?;
    interrupt::check()?;
    // The runner's closing lines stay the last thing on the terminal.
    fleet.stop();
    Ok(status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from))
}

/// The test runner, told where the servers are.
pub(crate) fn runner(checkout: &Checkout, servers: &Servers) -> Command {
    let mut runner = checkout.cargo();
    if program("cargo-nextest").is_some() {
        runner.args(["nextest", "run", "--no-fail-fast"]);
    } else {
        println!("» cargo-nextest is not installed: cargo test runs the tests");
        runner.args(["test", "--lib", "--bins", "--tests", "--no-fail-fast"]);
    }
    runner.env("SQLX_OFFLINE", "true");
    runner
        .env_remove("BACKEND_DATABASE_URL")
        .env_remove("WAITING_ROOM_DATABASE_URL");
    runner.env("BACKEND_TEST_DATABASE_URL", servers.database_url("postgres"));
    runner.env("WAITING_ROOM_TEST_DATABASE_URL", servers.database_url("postgres"));
    runner.env("TEST_REDIS_URL", servers.redis_url());
    runner.env("TEST_NATS_URL", servers.nats_url());
    runner
}

/// Whether the caller chose packages; then only those are built.
fn names_packages(runner: &[OsString]) -> bool {
    runner
        .iter()
        .any(|argument| argument.to_string_lossy().starts_with("-p") || argument == "--package")
}

/// Private servers on free ports with nothing in them, for tests and for whatever needs a scratch database; those of
/// different names run side by side.
pub(crate) fn start_test_servers(checkout: &Checkout, name: &str) -> anyhow::Result<(Fleet, Servers)> {
    let state = checkout.state().join(name);
    let mut fleet = Fleet::take(&state)?;
    crate::up::forget_servers(&state)?;
    let [postgres, redis, nats] = ports::free()?;
    println!("» starting PostgreSQL, Redis and NATS for tests on {postgres}, {redis}, {nats}");
    let ports = ServerPorts {
        postgres,
        redis,
        nats,
    };
    let servers = Servers::start(checkout, &state, &mut fleet, (ports, Durability::ProcessOnly))?;
    Ok((fleet, servers))
}
