//! Tells one story again and again: each time the backend dies one effect later, until it does not come so far.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Mutex;

use futures_util::FutureExt;
use futures_util::future::join_all;
use tokio::sync::Semaphore;

use super::fuse::{Counts, Neighbour, Point};
use super::stage::{Life, Stage};

/// Stages at once: lives mostly wait for somebody's patience to end.
const STAGES: usize = 3;

/// What is still to be tried.
struct Plan {
    /// The next point of every neighbour that may have one.
    open: VecDeque<Point>,
    /// How often the backend died of each.
    deaths: Counts,
}

impl Plan {
    fn new() -> Self {
        let first = |neighbour| Point { neighbour, number: 1 };
        Self {
            open: Neighbour::ALL.map(first).into(),
            deaths: Counts::new(),
        }
    }

    fn next(&mut self) -> Option<Point> {
        let point = self.open.pop_front()?;
        self.open.push_back(Point {
            number: point.number + 1,
            ..point
        });
        Some(point)
    }

    /// A life without a death did not come as far as this point, and tells whom the story has no effect on at all. Another
    /// neighbour's number of effects may differ from life to life: what works side by side commits together or apart.
    fn note(&mut self, point: Point, life: Life) {
        match life {
            Err(_) => *self.deaths.entry(point.neighbour).or_default() += 1,
            Ok(counts) => self
                .open
                .retain(|next| next.neighbour != point.neighbour && counts.contains_key(&next.neighbour)),
        }
    }
}

/// Sweeps at once: each stage has some twenty connections, and the test server two hundred. Where every test is a process,
/// `.config/nextest.toml` says the same.
static SWEEPS: Semaphore = Semaphore::const_new(2);

/// Kills the backend after every effect that `story` makes it have. The story itself looks whether all is well in the end.
/// Fails unless there were at least as many deaths as `known`: a sweep that reaches nothing proves nothing.
pub(super) async fn sweep(story: impl AsyncFn(&Stage, Point) -> Life, known: &[(Neighbour, usize)]) {
    let _turn = SWEEPS.acquire().await.unwrap();
    let plan = Mutex::new(Plan::new());
    let on_stage = || async {
        let stage = Stage::start().await;
        loop {
            let next = plan.lock().unwrap().next();
            let Some(point) = next else { break };
            let told = AssertUnwindSafe(story(&stage, point)).catch_unwind().await;
            let life = told.unwrap_or_else(|panic| {
                stage.fuse.kill();
                let folder = stage.world.folder.display();
                eprintln!("» it ended badly at {point}; the backend's log is in {folder}");
                resume_unwind(panic)
            });
            plan.lock().unwrap().note(point, life);
        }
        stage.stop().await;
    };
    join_all((0..STAGES).map(|_| on_stage())).await;

    let deaths = plan.into_inner().unwrap().deaths;
    println!("died {} times: {deaths:?}", deaths.values().sum::<usize>());
    for (neighbour, least) in known {
        let died = deaths.get(neighbour).copied().unwrap_or(0);
        assert!(
            died >= *least,
            "only {died} effects on {neighbour:?}; there are at least {least}"
        );
    }
}
