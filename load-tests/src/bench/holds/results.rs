//! What the bench of holds found, as a file and as a table.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

/// Everything that was measured.
#[derive(Debug, Serialize)]
pub(super) struct Results {
    pub(super) ours: Ours,
    pub(super) pgbench: Classic,
    /// Ours over the better run of pgbench.
    pub(super) ratio: f64,
    /// Fans whose tokens the backend sees for the first time.
    pub(super) strangers: Ours,
    /// One caller, nobody else.
    pub(super) alone: Ours,
    /// Until 34,000 seats were held, from the first request on.
    pub(super) seats_34000_ms: Option<f64>,
    pub(super) fill_curve: Vec<Point>,
    pub(super) setup: Setup,
}

#[derive(Debug, Serialize)]
pub(super) struct Ours {
    pub(super) holds_per_s: f64,
    pub(super) holds: usize,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) max_ms: f64,
    /// Answers other than a cart.
    pub(super) errors: usize,
    /// Seats that two carts have, and carts that do not have their seats.
    pub(super) double_sold: i64,
    pub(super) others: BTreeMap<String, usize>,
}

#[derive(Debug, Serialize)]
pub(super) struct Classic {
    /// The better one.
    pub(super) holds_per_s: f64,
    pub(super) before: f64,
    pub(super) after: f64,
}

#[derive(Debug, Serialize)]
pub(super) struct Point {
    /// At the start.
    pub(super) sold_percent: f64,
    pub(super) holds_per_s: f64,
    pub(super) p99_ms: f64,
}

#[derive(Debug, Serialize)]
pub(super) struct Setup {
    pub(super) callers: usize,
    pub(super) seats_of_hold: usize,
    pub(super) sectors: usize,
    pub(super) seats_of_sector: i64,
    pub(super) cores: usize,
    pub(super) postgres: String,
    pub(super) seconds: u64,
}

/// Ours over the classic claim.
const RATIO_MIN: f64 = 2.0;
/// p99 of a hold, milliseconds.
const HOLD_MS_MAX: f64 = 50.0;
/// The two runs of pgbench may differ by so much of the better one.
const CLASSIC_DIFFERENCE_MAX: f64 = 0.25;
/// 34,000 seats, milliseconds.
const SEATS_34000_MS_MAX: f64 = 5_000.0;

impl Classic {
    pub(super) fn of(before: f64, after: f64) -> Self {
        Self {
            holds_per_s: before.max(after),
            before,
            after,
        }
    }

    fn difference(&self) -> f64 {
        (self.before - self.after).abs() / self.holds_per_s
    }
}

impl Results {
    /// The bars that were missed, in words.
    pub(super) fn missed(&self) -> Vec<String> {
        let mut missed = Vec::new();
        let Ours { p99_ms, .. } = self.ours;
        if self.ratio < RATIO_MIN {
            missed.push(format!("x{:.2} of pgbench, of x{RATIO_MIN:.1}", self.ratio));
        }
        if p99_ms > HOLD_MS_MAX {
            missed.push(format!("p99 of a hold is {p99_ms:.0} ms of {HOLD_MS_MAX:.0} ms"));
        }
        for (what, run) in [
            ("the run", &self.ours),
            ("strangers", &self.strangers),
            ("one caller", &self.alone),
        ] {
            if run.errors > 0 || run.double_sold > 0 {
                missed.push(format!(
                    "{what}: {} errors, {} seats or carts that are wrong: {:?}",
                    run.errors, run.double_sold, run.others
                ));
            }
        }
        let difference = self.pgbench.difference();
        if difference > CLASSIC_DIFFERENCE_MAX {
            missed.push(format!(
                "the machine is too noisy: pgbench before and after differ by {:.0} %",
                difference * 100.0
            ));
        }
        match self.seats_34000_ms {
            Some(ms) if ms <= SEATS_34000_MS_MAX => {}
            Some(ms) => missed.push(format!(
                "34,000 seats took {ms:.0} ms of {SEATS_34000_MS_MAX:.0} ms"
            )),
            None => missed.push("34,000 seats were not held".to_owned()),
        }
        missed
    }
}

impl fmt::Display for Results {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = comfy_table::Table::new();
        table.set_header(["what", "holds/s", "p50 ms", "p99 ms", "max ms"]);
        for (what, run) in [
            ("256 callers", &self.ours),
            ("the same, tokens not seen before", &self.strangers),
            ("one caller", &self.alone),
        ] {
            table.add_row([
                what.to_owned(),
                format!("{:.0}", run.holds_per_s),
                format!("{:.1}", run.p50_ms),
                format!("{:.1}", run.p99_ms),
                format!("{:.1}", run.max_ms),
            ]);
        }
        for point in &self.fill_curve {
            table.add_row([
                format!("from {:.0} % sold", point.sold_percent),
                format!("{:.0}", point.holds_per_s),
                String::new(),
                format!("{:.1}", point.p99_ms),
            ]);
        }
        let Classic { before, after, .. } = self.pgbench;
        table.add_row([
            "pgbench, before and after".to_owned(),
            format!("{before:.0}, {after:.0}"),
        ]);
        writeln!(f, "{table}")?;
        if let Some(ms) = self.seats_34000_ms {
            writeln!(f, "34,000 seats: {ms:.0} ms")?;
        }
        write!(f, "holds/s over pgbench: x{:.2}", self.ratio)
    }
}
