//! What the bench of staff found, as a file and as a table.

use serde::Serialize;

use super::beside::Beside;
use super::figures::{Summary, Times};

/// Everything that was measured.
#[derive(Debug, Serialize)]
pub(super) struct Results {
    pub(super) seats: usize,
    pub(super) import: Compared,
    pub(super) publish: Compared,
    pub(super) refusal: Refusal,
    pub(super) lists: Vec<List>,
    /// Beside ten million seats.
    pub(super) publish_when_full: Summary,
    pub(super) beside: Beside,
}

/// Ours, and the same rows by one bare INSERT … SELECT.
#[derive(Debug, Serialize)]
pub(super) struct Compared {
    pub(super) ours: Summary,
    pub(super) bare_insert: Summary,
    pub(super) ratio: f64,
    pub(super) raw_ms: [Vec<f64>; 2],
}

#[derive(Debug, Serialize)]
pub(super) struct Refusal {
    pub(super) mistakes_made: usize,
    pub(super) mistakes_named: usize,
    pub(super) ms: f64,
}

#[derive(Debug, Serialize)]
pub(super) struct List {
    pub(super) path: String,
    pub(super) matches: usize,
    pub(super) inventory_rows: i64,
    #[serde(flatten)]
    pub(super) took: Summary,
}

/// Import and publication of a stadium, milliseconds.
const STADIUM_MS_MAX: f64 = 5_000.0;
/// p99 of a list, milliseconds.
const LIST_MS_MAX: f64 = 50.0;

impl Results {
    /// The bars that were missed, in words.
    pub(super) fn missed(&self) -> Vec<String> {
        let Refusal {
            mistakes_made,
            mistakes_named,
            ..
        } = self.refusal;
        let stadiums = [
            ("import", self.import.ours.p99_ms),
            ("publish", self.publish.ours.p99_ms),
            ("publish, beside 10 M seats", self.publish_when_full.p99_ms),
        ];
        let lists = self.lists.iter().map(|list| (&*list.path, list.took.p99_ms));
        let slow = |max: f64| {
            move |(what, ms): (&str, f64)| {
                (ms > max).then(|| format!("{what} took {ms:.0} ms of {max:.0} ms"))
            }
        };
        let mut missed: Vec<String> = stadiums.into_iter().filter_map(slow(STADIUM_MS_MAX)).collect();
        missed.extend(lists.filter_map(slow(LIST_MS_MAX)));
        if mistakes_named != mistakes_made {
            missed.push(format!("{mistakes_named} of {mistakes_made} mistakes were named"));
        }
        missed.extend(self.beside.missed());
        missed
    }
}

/// The table.
pub(super) fn print(results: &Results) {
    let mut table = comfy_table::Table::new();
    table.set_header(["what", "p50 ms", "p99 ms", "beside it"]);
    let mut row = |what: &str, took: &Summary, beside: String| {
        table.add_row([
            what.to_owned(),
            format!("{:.1}", took.p50_ms),
            format!("{:.1}", took.p99_ms),
            beside,
        ]);
    };
    for (what, compared) in [("import", &results.import), ("publish", &results.publish)] {
        let beside = format!(
            "bare INSERT {:.1} ms: x{:.1}",
            compared.bare_insert.p50_ms, compared.ratio
        );
        row(&format!("{what} {} seats", results.seats), &compared.ours, beside);
    }
    row(
        "publish, beside 10 M seats",
        &results.publish_when_full,
        String::new(),
    );
    for list in &results.lists {
        row(&list.path, &list.took, String::new());
    }
    println!("{table}");
    let refusal = &results.refusal;
    println!(
        "a file with {} mistakes: {} named in {:.0} ms",
        refusal.mistakes_made, refusal.mistakes_named, refusal.ms
    );
    println!("{}", results.beside);
}

/// Ours beside the bare rows.
pub(super) fn compared(ours: &Times, bare: &Times) -> Compared {
    Compared {
        ours: ours.summary(),
        bare_insert: bare.summary(),
        ratio: ours.percentile(50) / bare.percentile(50),
        raw_ms: [ours.ms.clone(), bare.ms.clone()],
    }
}
