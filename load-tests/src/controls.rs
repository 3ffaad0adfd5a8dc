//! `load-tests controls`: the checker judges forged histories, and must see every lie and no other.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use comfy_table::{Table, presets};
use serde_json::json;

use crate::checker::forged::{self, Forged};

/// Judges all of them, prints what came of it, and says whether every lie was named, and named alone.
pub(crate) fn run(json_file: Option<&Path>) -> anyhow::Result<ExitCode> {
    let histories = forged::histories();
    println!("{}", table(&histories));
    if let Some(file) = json_file {
        let rows: Vec<serde_json::Value> = histories.iter().map(row).collect();
        let text = serde_json::to_string_pretty(&rows)?;
        std::fs::write(file, text + "\n").with_context(|| format!("cannot write {}", file.display()))?;
    }
    let wrong = histories
        .iter()
        .filter(|history| !history.is_judged_rightly())
        .count();
    println!("{} forged histories, {wrong} judged wrongly", histories.len());
    Ok(if wrong == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn table(histories: &[Forged]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY).set_header([
        "Forged history",
        "Must be reported",
        "Reported",
    ]);
    for history in histories {
        let mut reported = in_words(&found(history));
        if !history.is_judged_rightly() {
            reported.push_str("  WRONG");
        }
        let wanted = in_words(&history.breaks);
        table.add_row([history.story, wanted.as_str(), reported.as_str()]);
    }
    table
}

fn row(history: &Forged) -> serde_json::Value {
    let names = |counts: &[(&str, usize)]| -> Vec<String> {
        let names = counts.iter().map(|(invariant, _)| (*invariant).to_owned());
        names.collect()
    };
    json!({
        "story": history.story, "must_be_reported": names(&history.breaks), "reported": names(&found(history)),
        "ok": history.is_judged_rightly(),
    })
}

fn found(history: &Forged) -> Vec<(&'static str, usize)> {
    let judged = history.judged().into_iter();
    judged
        .map(|(invariant, findings)| (invariant, findings.len()))
        .collect()
}

fn in_words(counts: &[(&str, usize)]) -> String {
    if counts.is_empty() {
        return "nothing".to_owned();
    }
    let words: Vec<String> = counts
        .iter()
        .map(|(invariant, times)| format!("{invariant} × {times}"))
        .collect();
    words.join(", ")
}
