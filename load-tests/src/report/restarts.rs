//! How soon fans could buy again after something was killed.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::chaos::{Chaos, Kill, Kind};
use crate::clock::RunClock;
use crate::fans::history::{History, What};
use crate::fans::web::{Asked, Attempt};
use crate::report::Run;

/// What is reported of each kind of part: the worst of all its kills, ms.
struct Row {
    kind: Kind,
    selling: &'static str,
    well: &'static str,
    /// Neither serving again nor being well again may take longer.
    ms_max: u64,
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

const fn row(kind: Kind, selling: &'static str, well: &'static str, ms_max: u64) -> Row {
    Row {
        kind,
        selling,
        well,
        ms_max,
    }
}

/// The worst of each kind that was killed.
pub(super) fn numbers(chaos: &Chaos, run: &Run<'_>, histories: &[History]) -> Vec<(&'static str, Value)> {
    let (clock, demand) = (run.clock, Demand::of(run, histories));
    let mut numbers = Vec::new();
    for row in &ROWS {
        let of_kind = || chaos.kills.iter().filter(|kill| kill.kind == row.kind);
        if let Some(worst) = of_kind()
            .filter_map(|kill| demand.served_after_ms(kill, clock))
            .max()
        {
            numbers.push((row.selling, json!(worst)));
        }
        if let Some(worst) = of_kind().map(|kill| well_after_ms(kill, clock)).max() {
            numbers.push((row.well, json!(worst)));
        }
    }
    numbers
}

/// What a number of these must not exceed.
pub(super) fn bar_of(name: &str) -> Option<u64> {
    ROWS.iter()
        .find(|row| row.selling == name || row.well == name)
        .map(|row| row.ms_max)
}

/// A sentence for whoever was too slow.
pub(super) fn too_slow(chaos: &Chaos, run: &Run<'_>, histories: &[History]) -> Option<String> {
    let (clock, demand) = (run.clock, Demand::of(run, histories));
    let slow = chaos.kills.iter().filter_map(|kill| {
        let row = ROWS.iter().find(|row| row.kind == kill.kind)?;
        let served = demand.served_after_ms(kill, clock).unwrap_or(0);
        let after = served.max(well_after_ms(kill, clock));
        (after > row.ms_max).then(|| {
            format!(
                "{} ({}) at {}: {after} ms, at most {}",
                kill.part, kill.how, kill.at, row.ms_max
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

fn well_after_ms(kill: &Kill, clock: RunClock) -> u64 {
    clock
        .us_of(kill.well_at)
        .saturating_sub(clock.us_of(zero_of(kill)))
        / 1000
}

/// What fans asked for, and when they got an answer, microseconds.
struct Demand<'a> {
    attempts: &'a [Attempt],
    /// (paid, tickets seen), of every order that became tickets.
    orders: Vec<(u64, u64)>,
    /// Who was not served by then never was.
    end: u64,
}

/// Fewer orders than this, paid in the first moments, say nothing: a webhook may be late by itself.
const ORDERS_MIN: usize = 3;
const FIRST_MOMENTS_US: u64 = 5_000_000;

impl<'a> Demand<'a> {
    fn of(run: &Run<'a>, histories: &[History]) -> Self {
        let mut orders = Vec::new();
        for history in histories {
            let mut paid: BTreeMap<Uuid, u64> = BTreeMap::new();
            for step in &history.steps {
                match &step.what {
                    What::CardPaid { order_id } => {
                        paid.insert(*order_id, step.answered_us);
                    }
                    What::TicketsSeen { order_id, .. } => {
                        orders.extend(paid.get(order_id).map(|at| (*at, step.answered_us)));
                    }
                    _ => {}
                }
            }
        }
        Self {
            attempts: run.attempts,
            orders,
            end: u64::try_from(run.duration.as_micros()).unwrap_or(u64::MAX),
        }
    }

    /// From the kill (of a server: from its new start), or from the first fan who asked after that, to the first who was
    /// served. `None` when nobody asked.
    fn served_after_ms(&self, kill: &Kill, clock: RunClock) -> Option<u64> {
        let (killed, zero) = (clock.us_of(kill.at), clock.us_of(zero_of(kill)));
        let (asked, served) = match kill.kind {
            Kind::Backend | Kind::Postgres => self.first_served(Asked::Seats, (killed, zero))?,
            // The line lives in Redis; seats can be had by a pass meanwhile.
            Kind::Node | Kind::Redis => self.first_served(Asked::Line, (killed, zero))?,
            Kind::Worker | Kind::Nats => self.first_tickets((killed, clock.us_of(kill.well_at)))?,
        };
        Some(served.saturating_sub(asked.max(zero)) / 1000)
    }

    /// Whoever was served before `zero` may have met the part before it fell.
    fn first_served(&self, asked: Asked, (killed, zero): (u64, u64)) -> Option<(u64, u64)> {
        let after = || {
            let of_kind = self.attempts.iter().filter(move |attempt| attempt.asked == asked);
            of_kind.filter(move |attempt| attempt.sent_us > killed)
        };
        let first = after().map(|attempt| attempt.sent_us).min()?;
        let served = after().filter(|attempt| attempt.served && attempt.answered_us >= zero);
        let answered = served.map(|attempt| attempt.answered_us).min();
        Some((first, answered.unwrap_or(self.end)))
    }

    fn first_tickets(&self, (killed, well): (u64, u64)) -> Option<(u64, u64)> {
        let moments = killed..well + FIRST_MOMENTS_US;
        let orders: Vec<&(u64, u64)> = self
            .orders
            .iter()
            .filter(|(paid, _)| moments.contains(paid))
            .collect();
        if orders.len() < ORDERS_MIN {
            return None;
        }
        let paid = orders.iter().map(|(paid, _)| *paid).min()?;
        let seen = orders.iter().map(|(_, seen)| *seen).min()?;
        Some((paid, seen))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::{DateTime, TimeDelta, Utc};

    use super::*;
    use crate::clock::wall_now;
    use crate::fans::web::Traffic;

    fn kill(clock_zero: DateTime<Utc>, kind: Kind, at_s: i64, up_s: i64) -> Kill {
        let at = |seconds| clock_zero + TimeDelta::seconds(seconds);
        Kill {
            part: "part".to_owned(),
            kind,
            how: "kill -9".to_owned(),
            at: at(at_s),
            up_at: at(up_s),
            well_at: at(up_s),
        }
    }

    fn attempt(sent_s: u64, answered_s: u64, served: bool) -> Attempt {
        Attempt {
            asked: Asked::Seats,
            sent_us: sent_s * 1_000_000,
            answered_us: answered_s * 1_000_000,
            served,
        }
    }

    fn served_after(attempts: &[Attempt], kind: Kind) -> Option<u64> {
        let traffic = Traffic::default();
        let run = Run {
            fans: 1,
            duration: Duration::from_secs(60),
            unsettled: None,
            traffic: &traffic,
            attempts,
            clock: RunClock::start(),
            chaos: None,
        };
        let kill = kill(wall_now(), kind, 10, 14);
        let served = Demand::of(&run, &[]).served_after_ms(&kill, run.clock)?;
        // Two clocks are read one after the other.
        Some((served + 500) / 1000)
    }

    #[test]
    fn an_outage_lasts_from_the_kill_to_the_first_who_is_served() {
        let attempts = [
            attempt(9, 9, true),
            attempt(11, 11, false),
            attempt(12, 13, false),
            attempt(16, 17, true),
        ];
        assert_eq!(served_after(&attempts, Kind::Backend), Some(6));
        assert_eq!(
            served_after(&attempts, Kind::Postgres),
            Some(3),
            "counted from the server's start"
        );
    }

    #[test]
    fn who_asks_and_is_never_served_waits_to_the_end() {
        assert_eq!(served_after(&[attempt(12, 13, false)], Kind::Backend), Some(48));
    }

    #[test]
    fn nobody_is_kept_waiting_who_does_not_ask() {
        assert_eq!(served_after(&[attempt(50, 51, true)], Kind::Backend), Some(1));
        assert_eq!(served_after(&[attempt(5, 6, true)], Kind::Backend), None);
    }
}
