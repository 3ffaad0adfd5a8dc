//! The task of a lane: takes what waits, round after round, and answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use domain::ids::{MatchId, ZoneId};
use platform::tasks::Tasks;
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::claim::{self, Claimer, HoldRequest, RoundFailed, Verdict};
use super::labels::Labels;
use super::lanes::{BUSY, LANE_CONNECTIONS, Shared, Waiting};
use super::prospects::{Next, ZoneReading};
use super::seats;
use super::store::LabelledCart;

/// Requests of one round: measured best between 64 and 256; a smaller round answers sooner.
const ROUND_MAX: usize = 64;

/// A lane without demand goes away after so long.
const LANE_IDLE: Duration = Duration::from_secs(30);

/// Before the next round when the last one could do nothing for anybody: a row lock lasts a millisecond or two.
const BREATHER: Duration = Duration::from_millis(3);

/// One zone's.
pub(super) struct Lane {
    zone_id: ZoneId,
    claimer: Claimer,
    shared: Arc<Shared>,
}

/// A lane with requests.
struct Busy<'a>(&'a AtomicU32);

impl<'a> Busy<'a> {
    fn begin(count: &'a AtomicU32) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Lane {
    pub(super) fn new((match_id, zone_id): (MatchId, ZoneId), shared: Arc<Shared>) -> Self {
        Self {
            zone_id,
            claimer: Claimer::new((match_id, zone_id), shared.ids),
            shared,
        }
    }

    /// Serves until nobody has asked for a while, or the process ends: then what waits is served first.
    pub(super) async fn run(mut self, mut inbox: mpsc::Receiver<Waiting>) {
        let shared = self.shared.clone();
        while let Some(first) = next_demand(&shared.tasks, &mut inbox).await {
            let _busy = Busy::begin(&shared.busy);
            let mut waiting = vec![first];
            while !waiting.is_empty() {
                waiting = self.turn(&shared, &mut inbox, waiting).await;
            }
        }
    }

    /// Rounds on one connection, until nobody waits or other lanes wait for a connection; answers who waits on.
    async fn turn(
        &mut self,
        shared: &Shared,
        inbox: &mut mpsc::Receiver<Waiting>,
        mut waiting: Vec<Waiting>,
    ) -> Vec<Waiting> {
        let mut conn = match shared.db.acquire().await {
            Ok(conn) => conn,
            Err(error) => {
                let error = error.into();
                waiting.into_iter().for_each(|one| one.fail(&error));
                return Vec::new();
            }
        };
        loop {
            while waiting.len() < ROUND_MAX
                && let Ok(next) = inbox.try_recv()
            {
                waiting.push(next);
            }
            waiting = give_up_on_late(waiting);
            if waiting.is_empty() {
                return waiting;
            }
            let count = waiting.len();
            let served = self.round(&mut conn, waiting).await;
            waiting = served.waiting;
            if served.is_over || shared.busy.load(Ordering::Relaxed) > LANE_CONNECTIONS {
                return waiting;
            }
            if waiting.len() == count {
                shared.tasks.sleep(BREATHER).await;
            }
        }
    }

    /// Serves a round; answers who must wait for the next one.
    async fn round(&mut self, conn: &mut PgConnection, waiting: Vec<Waiting>) -> Served {
        let requests: Vec<HoldRequest> = waiting.iter().map(|one| one.request.clone()).collect();
        match self.claimer.claim(conn, &requests).await {
            Ok(verdicts) => Served::going_on(self.tell(conn, waiting, verdicts).await),
            Err(RoundFailed::CommitUnknown(error)) => {
                self.tell_what_is_true(waiting, &error).await;
                Served::over(Vec::new())
            }
            Err(RoundFailed::BeforeCommit(error)) => self.one_by_one(conn, waiting, error).await,
        }
    }

    async fn tell(
        &self,
        conn: &mut PgConnection,
        waiting: Vec<Waiting>,
        verdicts: Vec<Verdict>,
    ) -> Vec<Waiting> {
        let (mut next_round, mut short) = (Vec::new(), Vec::new());
        for (one, verdict) in waiting.into_iter().zip(verdicts) {
            match verdict {
                Verdict::Held(held) => one.answer(Ok(held)),
                Verdict::Refused(refused) => one.refuse(refused),
                Verdict::BuyerBusy => next_round.push(one),
                Verdict::Short => short.push(one),
            }
        }
        if !short.is_empty() {
            next_round.extend(self.look_at_whole_zone(conn, short).await);
        }
        next_round
    }

    /// What is said to those who came up short: after the commit.
    async fn look_at_whole_zone(&self, conn: &mut PgConnection, short: Vec<Waiting>) -> Vec<Waiting> {
        let reading = match seats::list_zone(conn, self.zone_id).await {
            Ok((as_of, seats)) => ZoneReading { as_of, seats },
            Err(error) => {
                let error = error.into();
                short.into_iter().for_each(|one| one.fail(&error));
                return Vec::new();
            }
        };
        let mut next_round = Vec::new();
        for mut one in short {
            match reading.judge(&one.request.wish) {
                Next::Round { singles } => {
                    one.request.whole_zone = true;
                    one.request.singles |= singles;
                    next_round.push(one);
                }
                Next::Answer(refused) => one.refuse(refused),
            }
        }
        next_round
    }

    /// A batch that was refused before COMMIT is tried one by one, so that one request never takes its neighbours down.
    async fn one_by_one(
        &mut self,
        conn: &mut PgConnection,
        waiting: Vec<Waiting>,
        error: anyhow::Error,
    ) -> Served {
        let is_contended = RoundFailed::is_contended(&error);
        let is_down = error
            .chain()
            .filter_map(|cause| cause.downcast_ref())
            .any(platform::database::is_unavailable);
        if is_down && !is_contended {
            waiting.into_iter().for_each(|one| one.fail(&error));
            return Served::over(Vec::new());
        }
        let zone = self.zone_id;
        if waiting.len() == 1 {
            if is_contended {
                return Served::going_on(waiting);
            }
            tracing::warn!(zone.id = %zone, error = %format!("{error:#}"), "A hold failed before its commit");
            waiting.into_iter().for_each(|one| one.fail(&error));
            return Served::going_on(Vec::new());
        }
        if !is_contended {
            tracing::warn!(zone.id = %zone, error = %format!("{error:#}"), "A round failed before its commit; trying one by one");
        }
        let mut next_round = Vec::new();
        for one in waiting {
            match self.claimer.claim(conn, std::slice::from_ref(&one.request)).await {
                Ok(verdicts) => next_round.extend(self.tell(conn, vec![one], verdicts).await),
                Err(RoundFailed::CommitUnknown(error)) => self.tell_what_is_true(vec![one], &error).await,
                Err(RoundFailed::BeforeCommit(error)) if RoundFailed::is_contended(&error) => {
                    next_round.push(one)
                }
                Err(RoundFailed::BeforeCommit(error)) => one.fail(&error),
            }
        }
        Served::over(next_round)
    }

    /// COMMIT was sent and its answer is lost: never replayed blindly, read back by key first, on another connection.
    async fn tell_what_is_true(&self, waiting: Vec<Waiting>, error: &anyhow::Error) {
        tracing::warn!(zone.id = %self.zone_id, %error, "The answer to a commit is lost; reading back");
        let requests: Vec<HoldRequest> = waiting.iter().map(|one| one.request.clone()).collect();
        let committed = self.read_back(&requests).await.unwrap_or_default();
        let mut committed = committed.into_iter();
        for one in waiting {
            match committed.next().flatten() {
                Some(held) => one.answer(Ok(held)),
                None => one.fail(&anyhow::anyhow!("the hold may not have been committed")),
            }
        }
    }

    async fn read_back(&self, requests: &[HoldRequest]) -> Result<Vec<Option<LabelledCart>>, sqlx::Error> {
        let mut conn: PoolConnection<Postgres> = self.shared.db.acquire().await?;
        let now = seats::now(&mut conn).await?;
        let mut labels = Labels::default();
        let mut committed = Vec::new();
        for cart in claim::read_back(&mut conn, requests).await? {
            committed.push(match cart {
                Some(cart) => Some(LabelledCart {
                    seats: labels.of(&mut conn, &cart.seat_ids).await?,
                    cart,
                    now,
                }),
                None => None,
            });
        }
        Ok(committed)
    }
}

/// What a round leaves.
struct Served {
    /// Who waits for the next one.
    waiting: Vec<Waiting>,
    /// Whether the turn ends: the connection may be broken, or was used for long.
    is_over: bool,
}

impl Served {
    fn going_on(waiting: Vec<Waiting>) -> Self {
        Self {
            waiting,
            is_over: false,
        }
    }

    fn over(waiting: Vec<Waiting>) -> Self {
        Self {
            waiting,
            is_over: true,
        }
    }
}

/// The next request. None: the lane ends. One that has waited for nothing closes its inbox first, so that `enter` makes another,
/// and serves what came in meanwhile; so does one whose process is told to end.
async fn next_demand(tasks: &Tasks, inbox: &mut mpsc::Receiver<Waiting>) -> Option<Waiting> {
    let stop = tasks.shutting_down();
    tokio::select! {
        first = tokio::time::timeout(LANE_IDLE, inbox.recv()) => {
            if let Ok(first) = first {
                return first;
            }
        }
        () = stop.cancelled(), if !inbox.is_closed() => {}
    }
    inbox.close();
    inbox.recv().await
}

/// Who has waited for too long hears so; answers who has not.
fn give_up_on_late(waiting: Vec<Waiting>) -> Vec<Waiting> {
    let now = Instant::now();
    let (late, waiting): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|one| one.deadline <= now);
    late.into_iter().for_each(|one| one.refuse(BUSY));
    waiting
}
