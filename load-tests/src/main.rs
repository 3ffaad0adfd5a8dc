//! The simulated on-sale: a crowd of real clients buys tickets, and an independent checker decides whether every promise
//! was kept.

mod bench;
mod chaos;
mod checker;
mod clock;
mod controls;
mod fans;
mod on_sale;
mod people;
mod progress;
mod report;
mod scan;
mod settle;
mod stack;

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::stack::Stack;

/// How many fans one run may have: the match opens two seats for each until the stadium is full, and Poljud has 33,987. `cargo xtask up` refuses the
/// same numbers before it builds anything; a test there compares the two lines.
const FANS: RangeInclusive<i64> = 1..=20_000;

/// Simulated on-sales against a running stack.
///
/// `cargo xtask up` starts a stack and writes its stack file; `cargo xtask up --once --fans 1000 --report out.json` does
/// everything below by itself. By hand:
///
///   load-tests on-sale --stack .tribina/stack.json --fans 1000 --seed 1 --report out.json
///   load-tests scan    --stack .tribina/stack.json --report out.json --dir .tribina/log
///
/// Exit code 0: every promise was kept. 1: one was not, and a sentence says which. 2: the tool could not do its work.
#[derive(Debug, Parser)]
#[command(name = "load-tests", verbatim_doc_comment)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Let fans queue, choose, pay and look at their tickets; then check every invariant.
    ///
    /// Each fan is a client of its own: token, profile, join grant, place in the line, WebSocket (some poll, some drop it),
    /// zones, cart, holders, payment, tickets. Some walk away from full carts, ask for more than the limit, press twice,
    /// have a declined card, name somebody who has a ticket. The checker shares nothing with the code under test: it reads
    /// both databases, the line's log, what Stripe and the mail server truly did, and the fans' own histories.
    OnSale {
        /// How many fans come.
        #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(FANS))]
        fans: u32,
        /// The same seed makes the same crowd.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Where the report goes; the identities used go beside it, for `scan`.
        #[arg(long)]
        report: PathBuf,
        /// The stack file.
        #[arg(long)]
        stack: PathBuf,
        /// Within so many seconds everybody arrives. Default: 10, more for more than 5,000 fans.
        #[arg(long)]
        arrivals_seconds: Option<u64>,
        /// After so many seconds everybody goes home. Default: 900, more for more than 5,000 fans.
        #[arg(long)]
        limit_seconds: Option<u64>,
        /// The record of what is killed meanwhile, by whoever kills; `<record>.phase` tells them when to begin and to end.
        #[arg(long)]
        chaos: Option<PathBuf>,
        /// So many seconds later everything must be at rest.
        #[arg(long, default_value_t = 300)]
        settle_seconds: u64,
    },
    /// Print the OIBs of those of a crowd who are on the blacklist, one a line: for `backend admin blacklist import`.
    Outlaws {
        /// As for the on-sale.
        #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(FANS))]
        fans: u32,
        /// As for the on-sale.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Negative control of the checker: it judges forged histories, and must see every lie and no other.
    Controls {
        /// Where the rows go too.
        #[arg(long)]
        json: Option<PathBuf>,
    },
    /// Measure what staff wait for: import and publication of 50,000 seats, lists beside a thousand matches and ten million seats, and
    /// the holds of a running sale beside a publication. For an empty stack of its own: it fills the database.
    BenchStaff {
        /// The stack file.
        #[arg(long)]
        stack: PathBuf,
        /// Where the raw results go.
        #[arg(long)]
        json: PathBuf,
        /// Seconds of the running sale before each publication.
        #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..))]
        seconds: u64,
        /// Measure only the holds beside a publication.
        #[arg(long)]
        beside_only: bool,
    },
    /// Measure how many holds a second one backend commits for one hot match, beside the classic claim by pgbench. For a stack of its own:
    /// it fills the database.
    BenchHolds {
        /// The stack file.
        #[arg(long)]
        stack: PathBuf,
        /// Where the raw results go.
        #[arg(long)]
        json: PathBuf,
        /// Seconds of the holds, and of each of the two runs of pgbench.
        #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=60))]
        seconds: u64,
    },
    /// Look for OIBs of a run's people and for card numbers in the clear: in both databases, on the bus, in log files.
    Scan {
        /// The stack file.
        #[arg(long)]
        stack: PathBuf,
        /// Folder with log files, searched with its subfolders.
        #[arg(long)]
        dir: PathBuf,
        /// The report of the run; `<report>.identities.json` beside it names the people. Default: `out.json`.
        #[arg(long, default_value = "out.json")]
        report: PathBuf,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse().command).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("load-tests: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::OnSale {
            fans,
            seed,
            report,
            stack,
            arrivals_seconds,
            limit_seconds,
            chaos,
            settle_seconds,
        } => {
            let plan = on_sale::Plan {
                fans: usize::try_from(fans)?,
                seed,
                arrivals: Duration::from_secs(arrivals_seconds.unwrap_or(10.max(u64::from(fans) / 500))),
                limit: Duration::from_secs(limit_seconds.unwrap_or(900.max(u64::from(fans) / 6))),
                settle_limit: Duration::from_secs(settle_seconds),
                report: &report,
                chaos: chaos.as_deref(),
            };
            on_sale::run(Stack::read(&stack)?, &plan).await
        }
        Command::Outlaws { fans, seed } => {
            for oib in on_sale::outlaws(usize::try_from(fans)?, seed) {
                println!("{oib}");
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::BenchStaff {
            stack,
            json,
            seconds,
            beside_only,
        } => {
            let stack = Stack::read(&stack)?;
            if beside_only {
                bench::run_beside(&stack, &json, seconds).await
            } else {
                bench::run_staff(&stack, &json, seconds).await
            }
        }
        Command::BenchHolds { stack, json, seconds } => {
            bench::run_holds(&Stack::read(&stack)?, &json, seconds).await
        }
        Command::Controls { json } => controls::run(json.as_deref()),
        Command::Scan { stack, dir, report } => scan::run(&Stack::read(&stack)?, &dir, &report).await,
    }
}
