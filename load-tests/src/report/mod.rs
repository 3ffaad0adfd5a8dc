//! The report of a run: numbers for programs, a table for people, and the verdict.

mod counts;
mod faults;
mod latencies;
pub(crate) mod picture;
mod restarts;

use std::collections::BTreeMap;
use std::time::Duration;

use comfy_table::{Cell, CellAlignment, Table, presets};
use serde_json::{Map, Value, json};

use crate::chaos::Chaos;
use crate::checker::facts::Facts;
use crate::checker::{self, Finding};
use crate::clock::RunClock;
use crate::fans::history::{Fate, History, What};
use crate::fans::web::{Attempt, Traffic};
use crate::report::counts::{Counts, Floor, floors};
use crate::report::faults::{FAILED_REQUESTS_PERCENT_MAX, faults};
use crate::report::latencies::latencies;

/// Of the seats opened so many must be sold, percent: the rest may be singles that nobody asked for in time.
const SOLD_PERCENT_MIN: usize = 99;
/// Sentences shown per invariant; the count tells the rest.
const FINDINGS_SHOWN: usize = 5;

/// What is known of a run beside its facts.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    /// How many were let in; whoever has no history broke.
    pub(crate) fans: usize,
    pub(crate) duration: Duration,
    /// What was still open when nobody waited any longer.
    pub(crate) unsettled: Option<String>,
    pub(crate) traffic: &'a Traffic,
    pub(crate) attempts: &'a [Attempt],
    pub(crate) clock: RunClock,
    /// What was killed meanwhile, if anything was to be.
    pub(crate) chaos: Option<&'a Chaos>,
}

impl Run<'_> {
    fn broken_fans(&self, histories: &[History]) -> usize {
        self.fans.saturating_sub(histories.len())
    }

    fn numbers(&self, histories: &[History]) -> Vec<(&'static str, Value)> {
        vec![
            ("fans", json!(self.fans)),
            ("fans_broken", json!(self.broken_fans(histories))),
            ("requests", json!(self.traffic.requests.get())),
            ("retried_503", json!(self.traffic.retried_503.get())),
            ("no_answers", json!(self.traffic.no_answers.get())),
            ("answers_lost_on_purpose", json!(self.traffic.lost.get())),
        ]
    }
}

/// Everything a run says.
#[derive(Debug)]
pub(crate) struct Report {
    /// In the order of the table.
    numbers: Vec<(&'static str, Value)>,
    invariants: Vec<(&'static str, Vec<Finding>)>,
    floors: Vec<Floor>,
    sold: (usize, usize),
    /// What went wrong with the run itself.
    faults: Vec<String>,
    notes: Vec<String>,
}

impl Report {
    /// Judges the facts.
    pub(crate) fn of(facts: &Facts, run: &Run<'_>) -> Self {
        let counts = Counts::of(facts);
        let invariants = checker::check(facts);
        let floors = floors(run, &counts);
        let mut numbers = run.numbers(&facts.histories);
        numbers.extend(counts.numbers(facts));
        for (name, findings) in &invariants {
            numbers.push((name, json!(findings.len())));
        }
        numbers.push(("duration_s", json!(run.duration.as_secs())));
        numbers.extend(latencies(&facts.histories));
        if let Some(chaos) = run.chaos {
            numbers.push(("kills", json!(chaos.kills.len())));
            numbers.extend(restarts::numbers(chaos, run, &facts.histories));
        }
        let sold = (counts.seats_sold, counts.seats_open);
        Self {
            numbers,
            invariants,
            floors,
            sold,
            faults: faults(facts, run),
            notes: notes(&facts.histories, run.traffic),
        }
    }

    /// One sentence per failed item; empty when the run proves what it should.
    pub(crate) fn violations(&self) -> Vec<String> {
        let mut violations: Vec<String> = self
            .invariants
            .iter()
            .filter(|(_, findings)| !findings.is_empty())
            .map(|(name, findings)| sentence(name, findings))
            .collect();
        let (sold, open) = self.sold;
        if sold * 100 < open * SOLD_PERCENT_MIN || open == 0 {
            violations.push(format!(
                "seats_sold: {sold} of {open} open seats were sold, {SOLD_PERCENT_MIN} % must be"
            ));
        }
        violations.extend(self.faults.iter().cloned());
        let missed = self.floors.iter().filter(|floor| !floor.is_reached());
        violations.extend(missed.map(|floor| {
            format!(
                "{}: {} happened, a run proves nothing below {}",
                floor.name, floor.reached, floor.least
            )
        }));
        violations
    }

    fn is_chaos(&self) -> bool {
        self.numbers.iter().any(|(name, _)| *name == "kills")
    }

    /// The report file.
    pub(crate) fn json(&self) -> Value {
        let violations = self.violations();
        let mut members: Map<String, Value> = self
            .numbers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        members.insert("floors".to_owned(), json!(self.floors));
        members.insert("ok".to_owned(), json!(violations.is_empty()));
        members.insert("violations".to_owned(), json!(violations));
        Value::Object(members)
    }

    /// The table and what follows from it.
    pub(crate) fn text(&self) -> String {
        let mut table = Table::new();
        table
            .load_style(presets::UTF8_BORDERS_ONLY)
            .set_header(["What", "Number", "Must be"]);
        let broken = |name: &str| self.invariants.iter().any(|(invariant, _)| *invariant == name);
        for (name, value) in &self.numbers {
            let floor = self.floors.iter().find(|floor| floor.name == *name);
            let must = match floor {
                Some(floor) => format!("≥ {}", floor.least),
                None if broken(name) => "0".to_owned(),
                None if *name == "fans_broken" => "0".to_owned(),
                None if *name == "mails_repeated" && !self.is_chaos() => "0".to_owned(),
                None if *name == "seats_sold" => format!("≥ {SOLD_PERCENT_MIN} % of seats_open"),
                None if self.is_chaos() && ["retried_503", "no_answers"].contains(name) => String::new(),
                None if let Some(most) = restarts::bar_of(name) => format!("≤ {most}"),
                None if *name == "trespasses_honoured" => "0".to_owned(),
                None if ["retried_503", "no_answers"].contains(name) => {
                    format!("together ≤ {FAILED_REQUESTS_PERCENT_MAX} % of requests")
                }
                None => String::new(),
            };
            let number = Cell::new(value).set_alignment(CellAlignment::Right);
            table.add_row([Cell::new(name), number, Cell::new(must)]);
        }
        let mut text = format!("{table}\n");
        for note in &self.notes {
            text.push_str(&format!("Note: {note}\n"));
        }
        let violations = self.violations();
        for violation in &violations {
            text.push_str(&format!("FAILED {violation}\n"));
        }
        if violations.is_empty() {
            text.push_str("Nothing was sold twice, no payment was lost, every promise was kept.\n");
        }
        text
    }
}

fn sentence(name: &str, findings: &[Finding]) -> String {
    let shown: Vec<&str> = findings.iter().take(FINDINGS_SHOWN).map(String::as_str).collect();
    let more = findings.len().saturating_sub(shown.len());
    let rest = if more > 0 {
        format!("; and {more} more")
    } else {
        String::new()
    };
    format!("{name}: {} found: {}{rest}", findings.len(), shown.join("; "))
}

/// What a reader should know beside the verdict: how fans fared, and answers that nobody planned for.
fn notes(histories: &[History], traffic: &Traffic) -> Vec<String> {
    let mut fates: BTreeMap<String, usize> = BTreeMap::new();
    let mut answers: BTreeMap<String, usize> = BTreeMap::new();
    for history in histories {
        let fate = match history.fate {
            Fate::Satisfied => "got every ticket they wanted",
            Fate::SoldOut => "were told that nothing is left",
            Fate::WanderedOff => "walked away",
            Fate::GaveBack => "gave their tickets back",
            Fate::TurnedAway => "were turned away by law",
            Fate::GaveUp => "gave up",
            Fate::TimeUp => "were still trying when the time was up",
        };
        *fates.entry(fate.to_owned()).or_default() += 1;
        for what in history.whats() {
            let answer = match what {
                What::Refused { route, status, code } => format!("{route} answered {status} {code}"),
                What::NoAnswer { route } => format!("{route} did not answer"),
                _ => continue,
            };
            *answers.entry(answer).or_default() += 1;
        }
    }
    let fates = fates
        .into_iter()
        .map(|(fate, count)| format!("{count} fans {fate}"));
    let answers = answers
        .into_iter()
        .map(|(answer, count)| format!("{count} × {answer}"));
    let retried = traffic
        .retried_codes()
        .into_iter()
        .map(|(code, count)| format!("{count} × 503 {code}, asked again at once"));
    fates.chain(answers).chain(retried).collect()
}
