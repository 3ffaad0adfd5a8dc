//! `cargo xtask bench`: measured on a stack of its own, which is forgotten with the next one.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::bail;
use clap::{Args, Subcommand};

use super::args::UpArgs;
use super::raise;
use super::sale::watched;
use crate::checkout::Checkout;
use crate::fleet::Fleet;
use crate::interrupt;

/// The state folder of its stack.
pub(super) const STATE: &str = "bench";

/// What is measured.
#[derive(Subcommand)]
pub(crate) enum Bench {
    /// What staff wait for: 50,000 seats imported and published, lists beside 1,000 matches and ten million seats, and the holds
    /// of a running sale beside a publication. Takes about a quarter of an hour and 4 GB
    Staff(StaffArgs),
    /// How many holds a second one backend commits for one hot match, beside the classic claim by pgbench: the programs as they are shipped.
    /// Takes about five minutes, and eight more to build them
    Holds(HoldsArgs),
}

/// How staff are measured.
#[derive(Args)]
pub(crate) struct StaffArgs {
    /// Where the raw results go
    #[arg(long, default_value = "bench-staff.json")]
    json: PathBuf,
    /// Seconds of the running sale before each publication
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// Only the holds beside a publication: about nine minutes
    #[arg(long)]
    beside_only: bool,
    /// First of the ports; all others lie at fixed distances from it
    #[arg(long, default_value_t = 7400, value_parser = clap::value_parser!(u16).range(1024..=60000))]
    port_base: u16,
}

/// How holds are measured.
#[derive(Args)]
pub(crate) struct HoldsArgs {
    /// Where the raw results go
    #[arg(long, default_value = "bench-holds.json")]
    json: PathBuf,
    /// Seconds of the holds, and of each of the two runs of pgbench
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// First of the ports; all others lie at fixed distances from it
    #[arg(long, default_value_t = 7400, value_parser = clap::value_parser!(u16).range(1024..=60000))]
    port_base: u16,
}

/// A bench, as the load generator knows it.
struct Measured<'a> {
    subcommand: &'static str,
    json: &'a Path,
    seconds: u64,
    flags: Vec<&'static str>,
}

/// Runs the command.
pub(crate) fn bench(checkout: &Checkout, what: &Bench) -> anyhow::Result<()> {
    let (measured, port_base, release) = match what {
        Bench::Staff(args) => {
            let measured = Measured {
                subcommand: "bench-staff",
                json: &args.json,
                seconds: args.seconds,
                flags: args.beside_only.then_some("--beside-only").into_iter().collect(),
            };
            (measured, args.port_base, false)
        }
        Bench::Holds(args) => {
            let measured = Measured {
                subcommand: "bench-holds",
                json: &args.json,
                seconds: args.seconds,
                flags: Vec::new(),
            };
            (measured, args.port_base, true)
        }
    };
    let mut up = UpArgs::of(&["--fans", "20", "--port-base", &port_base.to_string()])?;
    up.release = release;
    measure(checkout, &up, &measured)
}

fn measure(checkout: &Checkout, up: &UpArgs, measured: &Measured<'_>) -> anyhow::Result<()> {
    interrupt::watch()?;
    let json = std::path::absolute(measured.json)?;
    let state = checkout.state().join(STATE);
    let mut fleet = Fleet::take(&state)?;
    let raised = raise(checkout, up, &state, &mut fleet)?;
    let mut bench = Command::new(&raised.binaries.load_tests);
    bench
        .arg(measured.subcommand)
        .arg("--stack")
        .arg(state.join("stack.json"));
    bench.arg("--json").arg(&json);
    bench.arg("--seconds").arg(measured.seconds.to_string());
    bench.args(&measured.flags);
    let ended = watched(&mut bench, || fleet.check());
    println!("» stopping");
    fleet.stop();
    let code = ended?;
    if code != 0 {
        bail!("the bench ended with exit code {code}");
    }
    println!("» raw results: {}", json.display());
    Ok(())
}
