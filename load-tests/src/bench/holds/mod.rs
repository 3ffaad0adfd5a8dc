//! The hardest second: how many holds a second one backend commits for one hot match, beside the classic claim on the same
//! machine, in the same PostgreSQL, before and after.

mod arena;
mod callers;
mod classic;
mod fans;
mod results;
mod wire;

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

use self::arena::{Arena, SEATS_OF_SECTOR, SECTORS, rest};
use self::callers::{Answers, CALLERS, Line, SEATS_OF_HOLD, hold};
use self::results::{Classic, Ours, Point, Results, Setup};
use super::told;
use crate::stack::Stack;

/// The first moments of a process are not measured.
const WARM_UP: Duration = Duration::from_secs(2);
/// What is measured beside the run is measured for a shorter time.
const SHORT: Duration = Duration::from_millis(1_500);
/// Fans who come each second, at most.
const FANS_A_SECOND: u64 = 16_000;
/// Of a hundred seats so many are sold at the start of each point of the curve, and for how long it is measured; the first point is the
/// run itself. Of what is almost sold the end is not measured: there fans are told `gone`.
const FILLS: [(i64, Duration); 3] = [(50, SHORT), (90, SHORT), (99, Duration::from_millis(400))];
/// Holds for 34,000 seats.
const HOLDS_34000: usize = 34_000 / SEATS_OF_HOLD;

/// Measures, writes `json`, prints a table.
pub(crate) async fn run(stack: &Stack, json: &Path, seconds: u64) -> anyhow::Result<ExitCode> {
    let bench = Bench::prepare(stack).await?;
    let before = bench.classic(seconds).await?;
    let arena = bench
        .step(
            "four sectors of 500,000 seats",
            arena::build(&bench.db, stack.match_id),
        )
        .await?;

    let duration = Duration::from_secs(seconds);
    bench.known(&arena, WARM_UP, CALLERS).await?;
    rest(&bench.db).await?;
    let ours = bench.known(&arena, duration, CALLERS).await?;
    let strangers = bench.strangers(&arena, SHORT).await?;
    let alone = bench.known(&arena, SHORT, 1).await?;
    let mut fill_curve = vec![Point {
        sold_percent: ours.sold_percent,
        holds_per_s: ours.answers.per_second()?,
        p99_ms: ours.answers.latencies().p99_ms,
    }];
    for fill in FILLS {
        fill_curve.push(bench.filled(&arena, fill).await?);
    }
    let double_sold = arena.double_sold(&bench.db).await? + arena.broken_carts(&bench.db).await?;
    let after = bench.classic(seconds).await?;

    let pgbench = Classic::of(before, after);
    let results = Results {
        ratio: ours.answers.per_second()? / pgbench.holds_per_s,
        seats_34000_ms: ours
            .answers
            .after(HOLDS_34000)
            .map(|after| after.as_secs_f64() * 1_000.0),
        ours: told_of(&ours.answers, double_sold)?,
        strangers: told_of(&strangers.answers, double_sold)?,
        alone: told_of(&alone.answers, double_sold)?,
        pgbench,
        fill_curve,
        setup: bench.setup(seconds).await?,
    };
    std::fs::write(json, serde_json::to_string_pretty(&results)?)?;
    println!("{results}");
    Ok(told(&results.missed()))
}

fn told_of(answers: &Answers, double_sold: i64) -> anyhow::Result<Ours> {
    let latencies = answers.latencies();
    Ok(Ours {
        holds_per_s: answers.per_second()?,
        holds: answers.holds.len(),
        p50_ms: latencies.p50_ms,
        p99_ms: latencies.p99_ms,
        max_ms: latencies.max_ms,
        errors: answers.errors(),
        double_sold,
        others: answers.others.clone(),
    })
}

/// What the bench works with.
struct Bench<'a> {
    stack: &'a Stack,
    db: PgPool,
}

/// A stretch of holds.
struct Stretch {
    /// Of a hundred seats, at its start.
    sold_percent: f64,
    answers: Answers,
}

impl<'a> Bench<'a> {
    async fn prepare(stack: &'a Stack) -> anyhow::Result<Self> {
        let db = PgPoolOptions::new()
            .max_connections(2)
            .connect(&stack.backend_database_url)
            .await?;
        Ok(Self { stack, db })
    }

    /// Does it, and says what and for how long.
    async fn step<T>(&self, what: &str, deed: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
        let began = Instant::now();
        println!("» {what}");
        let done = deed.await.with_context(|| what.to_owned())?;
        println!("  {:.1} s", began.elapsed().as_secs_f64());
        Ok(done)
    }

    async fn classic(&self, seconds: u64) -> anyhow::Result<f64> {
        let pgbench = self
            .stack
            .pgbench
            .as_deref()
            .context("the stack file names no pgbench")?;
        let url = self.stack.backend_database_url.as_str();
        let claims = classic::claims_per_second(&self.db, (pgbench, url), seconds);
        self.step("pgbench: the classic claim", claims).await
    }

    /// Fans hold whose tokens the backend has seen when they asked for their way in.
    async fn known(&self, arena: &Arena, duration: Duration, callers: usize) -> anyhow::Result<Stretch> {
        self.stretch(arena, (duration, callers), true).await
    }

    async fn strangers(&self, arena: &Arena, duration: Duration) -> anyhow::Result<Stretch> {
        self.stretch(arena, (duration, CALLERS), false).await
    }

    async fn stretch(
        &self,
        arena: &Arena,
        (duration, callers): (Duration, usize),
        are_known: bool,
    ) -> anyhow::Result<Stretch> {
        let count =
            usize::try_from(FANS_A_SECOND * duration.as_millis().try_into().unwrap_or(u64::MAX) / 1_000)?;
        let count = if callers == 1 { count / 8 } else { count };
        let prepare = async {
            let fans = fans::gather(self.stack, &self.db, arena, count).await?;
            if are_known {
                fans::make_known(self.stack, arena, &fans).await?;
            }
            anyhow::Ok(fans)
        };
        let fans = self
            .step(&format!("{count} fans sign in and are let in"), prepare)
            .await?;
        let sold_percent = arena.owned_percent(&self.db).await?;
        let line = Line::of(&fans);
        let holds = hold(self.stack, arena, &line, (callers, duration));
        let what = format!("{callers} callers hold, {sold_percent:.0} % sold");
        let answers = self.step(&what, holds).await?;
        Ok(Stretch {
            sold_percent,
            answers,
        })
    }

    /// A point of the curve.
    async fn filled(&self, arena: &Arena, (percent, duration): (i64, Duration)) -> anyhow::Result<Point> {
        arena.sell_up_to(&self.db, percent).await?;
        let stretch = self.known(arena, duration, CALLERS).await?;
        Ok(Point {
            sold_percent: stretch.sold_percent,
            holds_per_s: stretch.answers.per_second()?,
            p99_ms: stretch.answers.latencies().p99_ms,
        })
    }

    async fn setup(&self, seconds: u64) -> anyhow::Result<Setup> {
        let postgres: String = sqlx::query_scalar("SHOW server_version")
            .fetch_one(&self.db)
            .await?;
        Ok(Setup {
            callers: CALLERS,
            seats_of_hold: SEATS_OF_HOLD,
            sectors: SECTORS,
            seats_of_sector: SEATS_OF_SECTOR,
            cores: std::thread::available_parallelism()?.get(),
            postgres,
            seconds,
        })
    }
}
