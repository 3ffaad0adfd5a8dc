//! What fans in a running on-sale feel of a publication.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::ensure;
use chrono::TimeDelta;
use rand::seq::IndexedRandom;
use serde::Serialize;
use uuid::Uuid;

use super::crowd::{Crowd, Hold, admit};
use super::figures::{Summary, Times};
use super::staff::Desk;
use crate::clock::{pause, wall_now};
use crate::stack::Stack;

/// Fans in the sale.
const FANS: usize = 16;
/// Publications.
const ROUNDS: usize = 48;
/// How long it is looked at what is felt after a publication.
const AFTER: Duration = Duration::from_secs(1);
/// Times that the rounds are drawn anew to see how sure the ratio is.
const DRAWS: usize = 400;
/// A match is announced so long before its sale opens: what every open sale costs by itself is another matter.
const LEAD: TimeDelta = TimeDelta::days(10);
/// The first moments of a process are not measured.
const WARM_UP: Duration = Duration::from_secs(20);
/// A p99 of fewer holds is one of chance.
const HOLDS_MIN: usize = 1_000;
/// How much later a hold may come beside a publication: p99 over p99.
const RATIO_MAX: f64 = 1.10;

/// Hold latencies of one sale: without a publication, while 50,000 seats are published, and right after it.
#[derive(Debug, Serialize)]
pub(super) struct Beside {
    fans: usize,
    quiet_seconds: u64,
    /// Every hold of all rounds of a kind.
    quiet: Summary,
    publishing: Summary,
    after: Summary,
    /// p99 of the one over p99 of the other.
    ratio: f64,
    /// The same of the seconds after a publication.
    ratio_after: f64,
    /// Nine of ten ratios of rounds that are drawn anew, with replacement, lie between these: how sure the ratio is.
    ratio_between: [f64; 2],
    publications: Summary,
    rounds: Vec<Round>,
}

/// The holds that began in each stretch of a round, milliseconds.
#[derive(Debug, Default, Serialize)]
struct Round {
    quiet: Times,
    publishing: Times,
    after: Times,
}

/// A round's instants: quiet, a draft (which is not measured), a publication, what follows it.
struct Instants {
    quiet: [Instant; 2],
    publishing: [Instant; 2],
    after: [Instant; 2],
}

impl Beside {
    /// What is missed, in words.
    pub(super) fn missed(&self) -> Option<String> {
        let Self {
            ratio,
            ratio_between: [low, high],
            ..
        } = self;
        (*ratio > RATIO_MAX).then(|| {
            format!("holds beside a publication took x{ratio:.2} of x{RATIO_MAX:.2} (it may be x{low:.2} to x{high:.2})")
        })
    }

    fn of(quiet_seconds: u64, rounds: Vec<Round>, publications: Summary) -> Self {
        let all: Vec<&Round> = rounds.iter().collect();
        let [quiet, publishing, after] = Round::together(&all);
        let ratio = |rounds: &[&Round]| {
            let [quiet, publishing, _] = Round::together(rounds);
            publishing.percentile(99) / quiet.percentile(99)
        };
        let mut draws: Vec<f64> = (0..DRAWS)
            .map(|_| {
                ratio(&Vec::from_iter(
                    all.iter().filter_map(|_| all.choose(&mut rand::rng()).copied()),
                ))
            })
            .collect();
        draws.sort_by(f64::total_cmp);
        let drawn = |percent: usize| draws.get(DRAWS * percent / 100).copied().unwrap_or_default();
        Self {
            fans: FANS,
            quiet_seconds,
            ratio: ratio(&all),
            ratio_after: after.percentile(99) / quiet.percentile(99),
            ratio_between: [drawn(5), drawn(95)],
            quiet: quiet.summary(),
            publishing: publishing.summary(),
            after: after.summary(),
            publications,
            rounds,
        }
    }
}

impl fmt::Display for Beside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            quiet,
            publishing,
            after,
            ..
        } = self;
        let told = |what: &str, holds: &Summary| {
            format!(
                "{what} p50 {:.1}, p99 {:.1} ms ({} holds)",
                holds.p50_ms, holds.p99_ms, holds.count
            )
        };
        write!(
            f,
            "holds of {} fans: {}, {}: x{:.3} ({:.2} to {:.2}), {}: x{:.3}; a publication took {:.0} ms",
            self.fans,
            told("quiet", quiet),
            told("beside a publication", publishing),
            self.ratio,
            self.ratio_between[0],
            self.ratio_between[1],
            told("after it", after),
            self.ratio_after,
            self.publications.p50_ms
        )
    }
}

impl Round {
    fn of(instants: &Instants, holds: &[Hold]) -> Self {
        let began_in = |[from, to]: [Instant; 2]| {
            let mut times = Times::default();
            for hold in holds.iter().filter(|hold| hold.began >= from && hold.began < to) {
                times.add(hold.taken);
            }
            times
        };
        Self {
            quiet: began_in(instants.quiet),
            publishing: began_in(instants.publishing),
            after: began_in(instants.after),
        }
    }

    /// All quiet holds, all beside a publication, all after one.
    fn together(rounds: &[&Self]) -> [Times; 3] {
        [
            Times::of_all(rounds.iter().map(|round| &round.quiet)),
            Times::of_all(rounds.iter().map(|round| &round.publishing)),
            Times::of_all(rounds.iter().map(|round| &round.after)),
        ]
    }
}

/// A running sale with publications in it. The quiet seconds and the publication begin after a checkpoint, so that none comes by itself
/// in one of them: dozens of publications in a few minutes leave it more to write than one does. So what a checkpoint and
/// autovacuum have to do with the new seats later is not seen here.
pub(super) async fn measure(
    desk: &Desk,
    stack: &Stack,
    (sale, seconds): (Uuid, u64),
) -> anyhow::Result<Beside> {
    desk.until_queue_is_there(sale).await?;
    let buyers = admit(stack, &desk.http, (sale, FANS)).await?;
    let stadium_id = desk.stadium_of(sale).await?;
    let crowd = Crowd::start(&buyers);
    pause(WARM_UP).await;
    let (mut rounds, mut publications) = (Vec::new(), Times::default());
    for round in 1..=ROUNDS {
        eprintln!("» a sale beside a publication, {round} of {ROUNDS}");
        desk.checkpoint().await?;
        let ((), quiet) = stretch(pause(Duration::from_secs(seconds))).await;
        let match_id = desk.draft(&stadium_id, wall_now() + LEAD).await?;
        desk.checkpoint().await?;
        let (published, publishing) = stretch(publications.of(desk.publish(match_id))).await;
        published?;
        let ((), after) = stretch(pause(AFTER)).await;
        rounds.push(Instants {
            quiet,
            publishing,
            after,
        });
    }
    let holds = crowd.stop().await?;
    let rounds = rounds.iter().map(|instants| Round::of(instants, &holds));
    let beside = Beside::of(seconds, rounds.collect(), publications.summary());
    for (what, holds) in [("quiet", beside.quiet), ("publishing", beside.publishing)] {
        ensure!(
            holds.count >= HOLDS_MIN,
            "only {} holds while {what}: no p99 is told by them",
            holds.count
        );
    }
    Ok(beside)
}

/// Does something, and says from when to when.
async fn stretch<T>(deed: impl Future<Output = T>) -> (T, [Instant; 2]) {
    let from = Instant::now();
    let done = deed.await;
    (done, [from, Instant::now()])
}
