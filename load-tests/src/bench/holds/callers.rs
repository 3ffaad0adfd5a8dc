//! 256 callers, each of whom sends the next fan's wish as soon as the last one is answered.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::ensure;
use futures_util::future::try_join_all;

use super::arena::Arena;
use super::fans::{Fan, place};
use super::wire::Wire;
use crate::bench::crowd::key;
use crate::bench::figures::{Summary, Times};
use crate::stack::Stack;

/// Callers at once.
pub(super) const CALLERS: usize = 256;
/// Seats of every hold.
pub(super) const SEATS_OF_HOLD: usize = 4;

/// What was sent and answered.
#[derive(Default)]
pub(super) struct Answers {
    /// When each hold was answered, since the start, and how long it took.
    pub(super) holds: Vec<(Duration, Duration)>,
    /// How often each other answer came.
    pub(super) others: BTreeMap<String, usize>,
    /// From the start to the last answer.
    pub(super) took: Duration,
}

/// Fans of whom nobody has held yet.
pub(super) struct Line<'a> {
    fans: &'a [Fan],
    next: AtomicUsize,
}

impl<'a> Line<'a> {
    pub(super) fn of(fans: &'a [Fan]) -> Self {
        Self {
            fans,
            next: AtomicUsize::new(0),
        }
    }

    fn next(&self) -> Option<(usize, &'a Fan)> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.fans.get(number).map(|fan| (number, fan))
    }
}

/// Lets so many callers hold for so long.
pub(super) async fn hold(
    stack: &Stack,
    arena: &Arena,
    line: &Line<'_>,
    (callers, duration): (usize, Duration),
) -> anyhow::Result<Answers> {
    let (address, path) = place(stack.one_backend_url()?)?;
    let path = format!("{path}/matches/{}/cart", arena.match_id);
    let start = Instant::now();
    let all = (0..callers).map(|_| call((address, &path), arena, line, (start, duration)));
    let mut answers = Answers::default();
    for one in try_join_all(all).await? {
        answers.holds.extend(one.holds);
        for (other, count) in one.others {
            *answers.others.entry(other).or_default() += count;
        }
    }
    answers.took = start.elapsed();
    answers.holds.sort_unstable();
    Ok(answers)
}

async fn call(
    (address, path): (SocketAddr, &str),
    arena: &Arena,
    line: &Line<'_>,
    (start, duration): (Instant, Duration),
) -> anyhow::Result<Answers> {
    let mut wire = Wire::open(address).await?;
    let mut answers = Answers::default();
    while start.elapsed() < duration {
        let Some((number, fan)) = line.next() else {
            anyhow::bail!("there are no fans left: make more of them");
        };
        let zone = arena
            .zones
            .get(number % arena.zones.len())
            .copied()
            .unwrap_or_default();
        let body = format!("{{\"zone_id\":\"{zone}\",\"quantity\":{SEATS_OF_HOLD}}}");
        let request = format!(
            "PUT {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {}\r\n{}: {}\r\nIdempotency-Key: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            fan.token,
            contracts::SESSION_PASS_HEADER,
            fan.pass,
            key(),
            body.len()
        );
        let began = Instant::now();
        let answer = wire.ask(request.as_bytes()).await?;
        let taken = began.elapsed();
        if answer.status == 200 {
            answers.holds.push((start.elapsed(), taken));
        } else {
            let told = format!("{}: {}", answer.status, String::from_utf8_lossy(&answer.body));
            *answers
                .others
                .entry(told.chars().take(200).collect())
                .or_default() += 1;
        }
    }
    Ok(answers)
}

impl Answers {
    pub(super) fn errors(&self) -> usize {
        self.others.values().sum()
    }

    pub(super) fn per_second(&self) -> anyhow::Result<f64> {
        ensure!(!self.holds.is_empty(), "nobody held anything: {:?}", self.others);
        let count = u32::try_from(self.holds.len())?;
        Ok(f64::from(count) / self.took.as_secs_f64())
    }

    pub(super) fn latencies(&self) -> Summary {
        let mut times = Times::default();
        self.holds.iter().for_each(|(_, taken)| times.add(*taken));
        times.summary()
    }

    /// When so many holds had been answered.
    pub(super) fn after(&self, holds: usize) -> Option<Duration> {
        self.holds
            .get(holds.checked_sub(1)?)
            .map(|(answered, _)| *answered)
    }
}
