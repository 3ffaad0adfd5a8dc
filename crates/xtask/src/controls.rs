//! `cargo xtask controls`: does the checker see every broken promise? Forged histories prove it of its judgement, a sale per
//! guard that was left out proves it of the whole simulation.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context, bail};
use comfy_table::{Table, presets};
use serde::{Deserialize, Serialize};

use crate::checkout::Checkout;
use crate::interrupt;
use crate::sabotage::{self, Broken, GUARDS, Guard, Verdict};
use crate::up::{self, UpArgs};

/// What to prove, and where to write it.
#[derive(clap::Args)]
pub(crate) struct ControlsArgs {
    /// Where the table goes too, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Only these guards (all forged histories are judged anyway)
    #[arg(long, value_name = "GUARD", value_parser = clap::builder::PossibleValuesParser::new(sabotage::names()))]
    only: Vec<String>,
    /// Seed of the simulated fans' choices
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// First of the ports
    #[arg(long, default_value_t = 27400, value_parser = clap::value_parser!(u16).range(1024..=60000))]
    port_base: u16,
}

/// One invariant, and what was done to break it.
#[derive(Serialize)]
struct Row {
    invariant: &'static str,
    /// Forged histories that bear this lie.
    forged: usize,
    forged_judged_rightly: usize,
    guard: &'static str,
    guard_left_out: &'static str,
    fans: u32,
    /// How often the sale without the guard broke the invariant.
    reported: u64,
    /// Which others it broke as a consequence, and how often.
    and_also: Broken,
    seconds: u64,
    proven: bool,
}

/// A row of `load-tests controls`.
#[derive(Deserialize)]
struct ForgedHistory {
    must_be_reported: Vec<String>,
    ok: bool,
}

/// Judges the forged histories, sells once without each guard, prints the table.
pub(crate) fn controls(checkout: &Checkout, args: &ControlsArgs) -> anyhow::Result<ExitCode> {
    interrupt::watch()?;
    let folder = checkout.state().join("controls");
    std::fs::create_dir_all(&folder)?;
    let started = Instant::now();
    let guards: Vec<&Guard> = GUARDS
        .iter()
        .filter(|guard| args.only.is_empty() || args.only.iter().any(|name| name == guard.name))
        .collect();
    let mut sales = Vec::new();
    for (number, guard) in (1..).zip(&guards) {
        println!(
            "» control {number} of {}: {} is left out, {} must be reported",
            guards.len(),
            guard.name,
            guard.invariant
        );
        let report = folder.join(format!("{}.json", guard.name));
        sales.push((*guard, sell_without(checkout, args, guard, &report)?));
    }
    let forged = judge_forged(checkout, &folder.join("forged.json"))?;
    let rows: Vec<Row> = sales
        .into_iter()
        .map(|(guard, sale)| row(guard, sale, &forged))
        .collect();
    println!("{}", table(&rows));
    let wrong = forged.iter().filter(|history| !history.ok).count();
    let unproven = rows.iter().filter(|row| !row.proven).count();
    println!(
        "{} forged histories, {wrong} judged wrongly; {} sales, {unproven} of which prove nothing; {} s",
        forged.len(),
        rows.len(),
        started.elapsed().as_secs()
    );
    if let Some(file) = &args.json {
        let text = serde_json::to_string_pretty(&rows)?;
        std::fs::write(file, text + "\n").with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(if wrong == 0 && unproven == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What a sale without a guard broke.
struct Sale {
    /// None: it did not come to an end.
    verdict: Option<Verdict>,
    seconds: u64,
}

fn sell_without(
    checkout: &Checkout,
    args: &ControlsArgs,
    guard: &'static Guard,
    report: &Path,
) -> anyhow::Result<Sale> {
    let started = Instant::now();
    forget(report)?;
    let up = UpArgs::without(guard, (args.seed, args.port_base), report.to_owned());
    // Its verdict is in the report; here it matters what else was broken, too.
    let sold = up::up(checkout, &up).and_then(|_| sabotage::verdict(report));
    let verdict = match sold {
        Ok(verdict) => Some(verdict),
        Err(error) => {
            interrupt::check()?;
            println!("  failed: {error:#}");
            None
        }
    };
    Ok(Sale {
        verdict,
        seconds: started.elapsed().as_secs(),
    })
}

/// What an earlier run wrote must not pass for what this one saw.
fn forget(file: &Path) -> anyhow::Result<()> {
    if file.exists() {
        std::fs::remove_file(file)?;
    }
    Ok(())
}

/// The workspace was built for the last sale.
fn judge_forged(checkout: &Checkout, file: &Path) -> anyhow::Result<Vec<ForgedHistory>> {
    forget(file)?;
    let program = checkout.target()?.join("debug").join("load-tests");
    let mut judge = Command::new(&program);
    let judged = judge.arg("controls").arg("--json").arg(file).output();
    let judged = judged.with_context(|| format!("cannot start {}", program.display()))?;
    let Ok(text) = std::fs::read_to_string(file) else {
        bail!(
            "load-tests controls failed: {}",
            String::from_utf8_lossy(&judged.stderr)
        );
    };
    Ok(serde_json::from_str(&text)?)
}

fn row(guard: &'static Guard, sale: Sale, forged: &[ForgedHistory]) -> Row {
    let is_seen = sale
        .verdict
        .as_ref()
        .is_some_and(|verdict| guard.is_missed_in(verdict));
    let mut broken = sale.verdict.map(|verdict| verdict.broken).unwrap_or_default();
    let tells_of = |history: &&ForgedHistory| match guard.program {
        Some(_) => history
            .must_be_reported
            .iter()
            .any(|name| name == guard.invariant),
        None => history.must_be_reported.is_empty(),
    };
    let histories: Vec<&ForgedHistory> = forged.iter().filter(tells_of).collect();
    let judged_rightly = histories.iter().filter(|history| history.ok).count();
    Row {
        invariant: guard.invariant,
        forged: histories.len(),
        forged_judged_rightly: judged_rightly,
        guard: guard.name,
        guard_left_out: guard.without,
        fans: guard.fans,
        reported: broken.remove(guard.invariant).unwrap_or(0),
        and_also: broken,
        seconds: sale.seconds,
        proven: is_seen && judged_rightly > 0 && judged_rightly == histories.len(),
    }
}

fn table(rows: &[Row]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY).set_header([
        "invariant",
        "forged histories judged rightly",
        "guard removed",
        "reported",
        "and also",
        "seconds",
    ]);
    for row in rows {
        let also: Vec<String> = row
            .and_also
            .iter()
            .map(|(name, times)| format!("{name} × {times}"))
            .collect();
        let reported = match (row.proven, row.reported) {
            (true, 0) => "nothing".to_owned(),
            (true, times) => format!("× {times}"),
            (false, times) => format!("× {times}, NOT PROVEN"),
        };
        table.add_row([
            row.invariant.to_owned(),
            format!("{} of {}", row.forged_judged_rightly, row.forged),
            row.guard.to_owned(),
            reported,
            also.join(", "),
            row.seconds.to_string(),
        ]);
    }
    table
}
