//! The report of a run: numbers for programs, a table for people, and the verdict.

mod faults;
mod latencies;

use std::collections::BTreeMap;
use std::time::Duration;

use comfy_table::{Cell, CellAlignment, Table, presets};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::checker::facts::Facts;
use crate::checker::{self, Finding};
use crate::fans::history::{Fate, History, What};
use crate::fans::web::Traffic;
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
        ]
    }
}

/// What a run must have exercised to prove anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Floor {
    pub(crate) name: &'static str,
    pub(crate) least: usize,
    pub(crate) reached: usize,
}

impl Floor {
    fn is_reached(&self) -> bool {
        self.reached >= self.least
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
        let floors = floors(run.fans, &counts);
        let mut numbers = run.numbers(&facts.histories);
        numbers.extend(counts.numbers(facts));
        for (name, findings) in &invariants {
            numbers.push((name, json!(findings.len())));
        }
        numbers.push(("duration_s", json!(run.duration.as_secs())));
        numbers.extend(latencies(&facts.histories));
        let sold = (counts.seats_sold, counts.seats_open);
        Self {
            numbers,
            invariants,
            floors,
            sold,
            faults: faults(&facts.histories, run),
            notes: notes(&facts.histories),
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

    /// How often seats were sold twice, for the negative control.
    pub(crate) fn double_sold(&self) -> usize {
        self.invariants
            .iter()
            .find(|(name, _)| *name == "double_sold")
            .map_or(0, |(_, findings)| findings.len())
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
                None if *name == "seats_sold" => format!("≥ {SOLD_PERCENT_MIN} % of seats_open"),
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

/// Numbers that are counted, not judged.
#[derive(Debug, Default)]
struct Counts {
    seats_open: usize,
    seats_sold: usize,
    carts_expired: usize,
    gone_answers: usize,
    busy_answers: usize,
    limit_refusals: usize,
}

impl Counts {
    fn of(facts: &Facts) -> Self {
        let whats = || facts.histories.iter().flat_map(History::whats);
        let expired = |cart: &&crate::checker::facts::Cart| match cart.ended_as.as_deref() {
            Some(ended_as) => ended_as == "EXPIRED",
            None => cart.locked_until <= facts.now,
        };
        Self {
            seats_open: facts.seats.iter().filter(|seat| seat.is_open()).count(),
            seats_sold: facts.seats_with_tickets().len(),
            carts_expired: facts.carts.iter().filter(expired).count(),
            gone_answers: whats().filter(|what| matches!(what, What::Gone(_))).count(),
            busy_answers: whats().filter(|what| **what == What::Busy).count(),
            limit_refusals: whats().filter(|what| **what == What::OverLimit).count(),
        }
    }

    fn numbers(&self, facts: &Facts) -> Vec<(&'static str, Value)> {
        let logged = |kind: &str| facts.line.iter().filter(|entry| entry.kind == kind).count();
        let orders = |state: &str| facts.orders.iter().filter(|order| order.state == state).count();
        vec![
            ("joined", json!(logged("JOINED"))),
            ("admitted", json!(logged("ADMITTED"))),
            ("sessions_expired", json!(logged("SESSION_EXPIRED"))),
            ("carts", json!(facts.carts.len())),
            ("carts_expired", json!(self.carts_expired)),
            ("gone_answers", json!(self.gone_answers)),
            ("busy_answers", json!(self.busy_answers)),
            ("limit_refusals", json!(self.limit_refusals)),
            ("orders_paid", json!(orders("COMPLETED"))),
            ("orders_refunded", json!(orders("REFUNDED"))),
            ("tickets_issued", json!(facts.tickets.len())),
            ("seats_total", json!(facts.seats.len())),
            ("seats_open", json!(self.seats_open)),
            ("seats_sold", json!(self.seats_sold)),
            ("mails_sent", json!(facts.received_mails.values().sum::<usize>())),
            ("audit_entries", json!(facts.audit.len())),
        ]
    }
}

fn floors(fans: usize, counts: &Counts) -> Vec<Floor> {
    let least = fans.div_ceil(100);
    [
        ("gone_answers", counts.gone_answers),
        ("carts_expired", counts.carts_expired),
        ("limit_refusals", counts.limit_refusals),
    ]
    .into_iter()
    .map(|(name, reached)| Floor { name, least, reached })
    .collect()
}

/// What a reader should know beside the verdict: how fans fared, and answers that nobody planned for.
fn notes(histories: &[History]) -> Vec<String> {
    let mut fates: BTreeMap<String, usize> = BTreeMap::new();
    let mut answers: BTreeMap<String, usize> = BTreeMap::new();
    for history in histories {
        let fate = match history.fate {
            Fate::Satisfied => "got every ticket they wanted",
            Fate::SoldOut => "were told that nothing is left",
            Fate::WanderedOff => "walked away",
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
    fates.chain(answers).collect()
}
