//! `cargo xtask bench`: measured on a stack of its own, which is forgotten with the next one.

use std::path::PathBuf;
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
    Staff(BenchArgs),
}

/// How it is measured.
#[derive(Args)]
pub(crate) struct BenchArgs {
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

/// Runs the command.
pub(crate) fn bench(checkout: &Checkout, what: &Bench) -> anyhow::Result<()> {
    let Bench::Staff(args) = what;
    interrupt::watch()?;
    let json = std::path::absolute(&args.json)?;
    let state = checkout.state().join(STATE);
    let mut fleet = Fleet::take(&state)?;
    let up = UpArgs::of(&["--fans", "20", "--port-base", &args.port_base.to_string()])?;
    let raised = raise(checkout, &up, &state, &mut fleet)?;
    let mut bench = Command::new(&raised.binaries.load_tests);
    bench
        .arg("bench-staff")
        .arg("--stack")
        .arg(state.join("stack.json"));
    bench
        .arg("--json")
        .arg(&json)
        .arg("--seconds")
        .arg(args.seconds.to_string());
    if args.beside_only {
        bench.arg("--beside-only");
    }
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
