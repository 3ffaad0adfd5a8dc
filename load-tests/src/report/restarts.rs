//! How soon fans could buy again after something was killed.

use serde_json::{Value, json};

use crate::chaos::{Chaos, Kill, Kind};
use crate::clock::RunClock;
use crate::fans::history::{History, Step, What};

/// What is reported of each kind of part: the worst of all its kills, ms.
struct Row {
    kind: Kind,
    selling: &'static str,
    well: &'static str,
    /// Selling again must not take longer.
    selling_ms_max: u64,
}

const AFTER_OURS_MS: u64 = 5_000;
const AFTER_SERVERS_MS: u64 = 10_000;

const ROWS: [Row; 6] = [
    row(
        Kind::Backend,
        "backend_killed_selling_ms",
        "backend_killed_well_ms",
        AFTER_OURS_MS,
    ),
    row(
        Kind::Worker,
        "worker_killed_selling_ms",
        "worker_killed_well_ms",
        AFTER_OURS_MS,
    ),
    row(
        Kind::Node,
        "node_killed_selling_ms",
        "node_killed_well_ms",
        AFTER_OURS_MS,
    ),
    row(
        Kind::Postgres,
        "postgres_up_selling_ms",
        "postgres_up_well_ms",
        AFTER_SERVERS_MS,
    ),
    row(
        Kind::Nats,
        "nats_up_selling_ms",
        "nats_up_well_ms",
        AFTER_SERVERS_MS,
    ),
    row(
        Kind::Redis,
        "redis_up_selling_ms",
        "redis_up_well_ms",
        AFTER_SERVERS_MS,
    ),
];

const fn row(kind: Kind, selling: &'static str, well: &'static str, selling_ms_max: u64) -> Row {
    Row {
        kind,
        selling,
        well,
        selling_ms_max,
    }
}

/// The worst of each kind that was killed.
pub(super) fn numbers(chaos: &Chaos, clock: RunClock, histories: &[History]) -> Vec<(&'static str, Value)> {
    let sales = Sales::of(histories);
    let mut numbers = Vec::new();
    for row in &ROWS {
        let of_kind = || chaos.kills.iter().filter(|kill| kill.kind == row.kind);
        if let Some(worst) = of_kind()
            .filter_map(|kill| sales.again_after_ms(kill, clock))
            .max()
        {
            numbers.push((row.selling, json!(worst)));
        }
        if let Some(worst) = of_kind().map(|kill| ms(clock, kill, kill.well_at)).max() {
            numbers.push((row.well, json!(worst)));
        }
    }
    numbers
}

/// What a number of these must not exceed.
pub(super) fn bar_of(name: &str) -> Option<u64> {
    ROWS.iter()
        .find(|row| row.selling == name)
        .map(|row| row.selling_ms_max)
}

/// A sentence for whoever was too slow.
pub(super) fn too_slow(chaos: &Chaos, clock: RunClock, histories: &[History]) -> Option<String> {
    let sales = Sales::of(histories);
    let slow = chaos.kills.iter().filter_map(|kill| {
        let row = ROWS.iter().find(|row| row.kind == kill.kind)?;
        let after = sales.again_after_ms(kill, clock)?;
        (after > row.selling_ms_max).then(|| {
            format!(
                "{} ({}) at {}: {after} ms, at most {}",
                kill.part, kill.how, kill.at, row.selling_ms_max
            )
        })
    });
    let slow: Vec<String> = slow.collect();
    (!slow.is_empty()).then(|| format!("selling again took too long after {}", slow.join("; ")))
}

/// Counted from the kill of what is ours, and from the start of a server that is not.
fn zero_of(kill: &Kill) -> chrono::DateTime<chrono::Utc> {
    match kill.kind {
        Kind::Backend | Kind::Worker | Kind::Node => kill.at,
        Kind::Postgres | Kind::Nats | Kind::Redis => kill.up_at,
    }
}

fn ms(clock: RunClock, kill: &Kill, until: chrono::DateTime<chrono::Utc>) -> u64 {
    clock.us_of(until).saturating_sub(clock.us_of(zero_of(kill))) / 1000
}

/// Steps towards a ticket that need what was killed, by the time they were sent.
struct Sales {
    /// (sent, answered), microseconds.
    holds: Vec<(u64, u64)>,
    admissions: Vec<(u64, u64)>,
    tickets: Vec<(u64, u64)>,
}

impl Sales {
    fn of(histories: &[History]) -> Self {
        let steps = |wanted: fn(&What) -> bool| {
            let all = histories.iter().flat_map(|history| &history.steps);
            let times = |step: &Step| (step.sent_us, step.answered_us);
            let mut sales: Vec<(u64, u64)> = all.filter(|step| wanted(&step.what)).map(times).collect();
            sales.sort_unstable();
            sales
        };
        Self {
            holds: steps(|what| matches!(what, What::Held { .. })),
            admissions: steps(|what| matches!(what, What::Admitted { .. })),
            tickets: steps(|what| matches!(what, What::TicketsSeen { .. })),
        }
    }

    /// From the kill (or the server's start) to the first answer to a request sent after the kill; `None` when nobody asked
    /// for anything any more.
    fn again_after_ms(&self, kill: &Kill, clock: RunClock) -> Option<u64> {
        let sales = match kill.kind {
            Kind::Backend | Kind::Postgres | Kind::Redis => &self.holds,
            Kind::Node => &self.admissions,
            Kind::Worker | Kind::Nats => &self.tickets,
        };
        let killed = clock.us_of(kill.at);
        let first = sales
            .iter()
            .filter(|(sent, _)| *sent > killed)
            .map(|(_, answered)| *answered)
            .min()?;
        Some(first.saturating_sub(clock.us_of(zero_of(kill))) / 1000)
    }
}
