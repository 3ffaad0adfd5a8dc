//! `cargo xtask up`: the whole system, for real, on this machine.
//!
//! Servers → build → settings → migrations → stand-ins → waiting room → backend and worker → seed, unless it is to be
//! empty → table of addresses.
//! Whatever was started is stopped in reverse order, however this ends.

mod admin;
mod args;
mod bench;
mod binaries;
mod chaos;
mod docker;
mod guide;
mod logs;
mod sale;
mod stage;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

pub(crate) use admin::{AdminArgs, admin};
pub(crate) use args::UpArgs;
pub(crate) use bench::{Bench, bench};
use binaries::{Binaries, build};
use chaos::Part;
pub(crate) use guide::{GuideArgs, guide};
use logs::Logs;
use sale::OnSale;
use stage::Stage;

use crate::announce;
use crate::checkout::Checkout;
use crate::counterparts::COUNTERPARTS_STACK;
use crate::fleet::Fleet;
use crate::interrupt;
use crate::ports::Ports;
use crate::secrets::Secrets;
use crate::settings::{SettingsFiles, Stack};
use crate::tests_run::{SCRATCH_STACK, TEST_STACK};

/// The state folder of `up --empty`.
const EMPTY: &str = "empty";

/// The folder that a stack's data, settings and logs live in: a simulated sale never touches those of a plain `up`.
fn state_of(checkout: &Checkout, args: &UpArgs) -> PathBuf {
    match (args.sabotage.is_some(), args.once, args.empty) {
        (true, _, _) => checkout.state().join("sabotage"),
        (false, true, _) => checkout.state().join("once"),
        (false, false, true) => checkout.state().join(EMPTY),
        (false, false, false) => checkout.state(),
    }
}

/// Every folder a stack may live in.
pub(crate) fn states(checkout: &Checkout) -> Vec<PathBuf> {
    let state = checkout.state();
    let below = [
        "once",
        "sabotage",
        EMPTY,
        guide::STATE,
        bench::STATE,
        TEST_STACK,
        SCRATCH_STACK,
        COUNTERPARTS_STACK,
    ]
    .map(|name| state.join(name));
    std::iter::once(state).chain(below).collect()
}

/// Runs the command.
pub(crate) fn up(checkout: &Checkout, args: &UpArgs) -> anyhow::Result<ExitCode> {
    if args.docker {
        return docker::up(checkout);
    }
    interrupt::watch()?;
    let state = state_of(checkout, args);
    let report = std::path::absolute(&args.report)?;
    // Declared before the fleet, and so dropped after it: last words are shown too.
    let logs;
    let mut fleet = Fleet::take(&state)?;
    logs = args.logs.then(|| Logs::show(&state));
    let raised = raise(checkout, args, &state, &mut fleet)?;

    let verdict = if args.once() {
        let sale = OnSale {
            args,
            program: &raised.binaries.load_tests,
            state: &state,
            report: &report,
        };
        sale.run(&mut fleet, raised.parts)?
    } else {
        ExitCode::SUCCESS
    };
    if !args.once() || args.keep {
        announce::print(&raised.stack, Ports::from_base(args.port_base), &state)?;
        wait_for_the_end(&mut fleet)?;
    }
    println!("» stopping");
    fleet.stop();
    drop(logs);
    Ok(verdict)
}

/// A stack that is up.
struct Raised {
    binaries: Binaries,
    /// What --chaos may take away.
    parts: Vec<Part>,
    stack: Stack,
}

/// Starts everything below a state folder that is ours.
fn raise(checkout: &Checkout, args: &UpArgs, state: &Path, fleet: &mut Fleet) -> anyhow::Result<Raised> {
    let started = Instant::now();
    let secrets = Secrets::load_or_make(&checkout.state().join("secrets.toml"))?;
    let ports = Ports::from_base(args.port_base);
    ports.must_be_free(args.size())?;
    if state != checkout.state() {
        forget_servers(state)?;
    }
    let mut stage = Stage {
        checkout,
        args,
        state,
        ports,
        fleet,
        parts: Vec::new(),
    };
    let servers = stage.start_servers()?;
    let binaries = build(checkout, args.guard(), args.release)?;
    let files = SettingsFiles::write(
        checkout,
        state,
        (&servers, args.databases()),
        (ports, args.size(), &secrets),
    )?;
    stage.migrate(&binaries, &files, &secrets)?;
    stage.start_processes(&binaries, &files)?;
    let match_id = if args.empty {
        None
    } else {
        Some(stage.seed(&binaries, &files)?)
    };
    let parts = stage.parts;
    let stack = Stack::of((&servers, args.databases()), ports, match_id);
    stack.save(&state.join("stack.json"))?;
    println!("» up after {:.1} s", started.elapsed().as_secs_f64());
    Ok(Raised {
        binaries,
        parts,
        stack,
    })
}

/// Removes the servers' data below a state folder: a sale is measured on empty databases, an empty line and an empty bus.
pub(crate) fn forget_servers(state: &Path) -> anyhow::Result<()> {
    let inside = ["postgres", "redis", "nats"].map(|name| state.join(name));
    for folder in inside
        .iter()
        .chain([&crate::servers::outside_home(state)])
        .filter(|folder| folder.exists())
    {
        std::fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Ok(())
}

fn wait_for_the_end(fleet: &mut Fleet) -> anyhow::Result<()> {
    while !interrupt::requested() {
        if let Err(error) = fleet.check() {
            bail!("{error}");
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}
