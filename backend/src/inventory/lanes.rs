//! A lane per zone: a bounded channel and one task, there while there is demand. The task takes whatever waits and claims
//! for all of it in one transaction (`claim`), which is what makes holds fast: coalescing beats one transaction per
//! request by a factor. Several processes share a zone through SKIP LOCKED alone: no leader, nothing to keep coherent.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use domain::ids::{MatchId, UserId, ZoneId};
use domain::inventory::{FreeSeat, HoldRefused, HoldWish, Prospect, Shelf, judge_prospect};
use platform::ids::Ids;
use platform::tasks::Tasks;
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::Instant;

use super::claim::{self, HoldRequest, RoundFailed, Verdict};
use super::seats::{self, SeatReading};
use super::store::Cart;
use crate::http::fault::Fault;
use crate::sabotage::{self, Guard};

/// Requests that wait in one lane; the next one hears `busy` at once. At 64 a round and 5 ms each this is 40 ms of waiting.
const LANE_WAITING_MAX: usize = 512;

/// Requests of one round: measured best between 64 and 256; a smaller round answers sooner.
const ROUND_MAX: usize = 64;

/// How long a request may stay in a lane.
const REQUEST_PATIENCE: Duration = Duration::from_secs(2);

/// A lane without demand goes away after so long.
const LANE_IDLE: Duration = Duration::from_secs(30);

/// Before the next round when the last one could do nothing for anybody: a row lock lasts a millisecond or two.
const BREATHER: Duration = Duration::from_millis(3);

/// Connections that all lanes of a process share: two cores cannot keep more busy.
const LANE_CONNECTIONS: u32 = 4;

/// Nothing in a lane's transaction may wait: SKIP LOCKED never does, and everything else gives up after this.
const LOCK_TIMEOUT: &str = "50ms";

type Answer = Result<Cart, Fault<HoldRefused>>;

/// All lanes of a process.
pub struct Lanes {
    shared: Arc<Shared>,
    lanes: Mutex<HashMap<(MatchId, ZoneId), mpsc::Sender<Waiting>>>,
}

struct Shared {
    db: PgPool,
    ids: Ids,
    tasks: Tasks,
}

struct Waiting {
    request: HoldRequest,
    deadline: Instant,
    reply: oneshot::Sender<Answer>,
}

impl Waiting {
    fn answer(self, answer: Answer) {
        // Nobody listens any more: the client hung up. What was committed is found again by its key.
        let _ = self.reply.send(answer);
    }
}

impl Lanes {
    /// Opens the lanes' own connections.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn connect(options: PgConnectOptions, tasks: Tasks) -> Result<Self, sqlx::Error> {
        let db = platform::database::pool(
            options.options([("lock_timeout", LOCK_TIMEOUT)]),
            LANE_CONNECTIONS,
        )
        .await?;
        Ok(Self {
            shared: Arc::new(Shared { db, ids: Ids, tasks }),
            lanes: Mutex::default(),
        })
    }

    /// Holds seats: the answer is the committed claim.
    pub(super) async fn hold(
        &self,
        match_id: MatchId,
        zone_id: ZoneId,
        (user_id, key): (UserId, String),
        wish: HoldWish,
    ) -> Answer {
        let request = HoldRequest {
            user_id,
            key,
            wish,
            singles: false,
            whole_zone: false,
        };
        let (reply, answer) = oneshot::channel();
        let waiting = Waiting {
            request,
            deadline: Instant::now() + REQUEST_PATIENCE,
            reply,
        };
        if !self.enter((match_id, zone_id), waiting).await {
            return Err(HoldRefused::Busy {
                retry_after_seconds: 1,
            }
            .into());
        }
        answer.await.unwrap_or_else(|_| {
            Err(Fault::Unavailable(anyhow::anyhow!(
                "the lane of {zone_id} has ended"
            )))
        })
    }

    /// Puts a request into its lane, which is made if there is none. `false` when the lane is full.
    async fn enter(&self, (match_id, zone_id): (MatchId, ZoneId), waiting: Waiting) -> bool {
        let mut lanes = self.lanes.lock().await;
        let waiting = match lanes.get(&(match_id, zone_id)) {
            Some(lane) => match lane.try_send(waiting) {
                Ok(()) => return true,
                Err(mpsc::error::TrySendError::Full(_)) => return false,
                Err(mpsc::error::TrySendError::Closed(waiting)) => waiting,
            },
            None => waiting,
        };
        // Lanes that went away leave their entry behind: it goes when another one comes.
        lanes.retain(|_, lane| !lane.is_closed());
        let (sender, inbox) = mpsc::channel(LANE_WAITING_MAX);
        let entered = sender.try_send(waiting).is_ok();
        let lane = Lane {
            match_id,
            zone_id,
            shared: self.shared.clone(),
        };
        self.shared.tasks.spawn("lane", lane.run(inbox));
        lanes.insert((match_id, zone_id), sender);
        entered
    }
}

struct Lane {
    match_id: MatchId,
    zone_id: ZoneId,
    shared: Arc<Shared>,
}

impl Lane {
    async fn run(self, mut inbox: mpsc::Receiver<Waiting>) {
        let mut waiting: Vec<Waiting> = Vec::new();
        loop {
            if waiting.is_empty() {
                let stop = self.shared.tasks.shutting_down();
                let first = tokio::select! {
                    first = tokio::time::timeout(LANE_IDLE, inbox.recv()) => first,
                    () = stop.cancelled(), if !inbox.is_closed() => { inbox.close(); continue; }
                };
                match first {
                    Ok(Some(first)) => waiting.push(first),
                    Ok(None) => return,
                    // From here on `enter` finds the lane closed and makes another; what came in meanwhile is served.
                    Err(_) => inbox.close(),
                }
            }
            while waiting.len() < ROUND_MAX
                && let Ok(next) = inbox.try_recv()
            {
                waiting.push(next);
            }
            if waiting.is_empty() {
                if inbox.is_closed() {
                    return;
                }
                continue;
            }
            let count = waiting.len();
            waiting = self.round(waiting).await;
            if waiting.len() == count {
                self.shared.tasks.sleep(BREATHER).await;
            }
        }
    }

    /// Serves a round; answers who must wait for the next one.
    async fn round(&self, waiting: Vec<Waiting>) -> Vec<Waiting> {
        let now = Instant::now();
        let (late, waiting): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|one| one.deadline <= now);
        for one in late {
            one.answer(Err(HoldRefused::Busy {
                retry_after_seconds: 1,
            }
            .into()));
        }
        if waiting.is_empty() {
            return waiting;
        }
        let requests: Vec<HoldRequest> = waiting.iter().map(|one| one.request.clone()).collect();
        match self.claim(&requests).await {
            Ok(verdicts) => self.tell(waiting, verdicts).await,
            Err(RoundFailed::CommitUnknown(error)) => self.tell_what_is_true(waiting, &error).await,
            Err(RoundFailed::BeforeCommit(error)) => self.one_by_one(waiting, error).await,
        }
    }

    async fn claim(&self, requests: &[HoldRequest]) -> Result<Vec<Verdict>, RoundFailed> {
        claim::claim_batch(
            &self.shared.db,
            self.shared.ids,
            (self.match_id, self.zone_id),
            requests,
        )
        .await
    }

    async fn tell(&self, waiting: Vec<Waiting>, verdicts: Vec<Verdict>) -> Vec<Waiting> {
        let (mut next_round, mut short) = (Vec::new(), Vec::new());
        for (one, verdict) in waiting.into_iter().zip(verdicts) {
            match verdict {
                Verdict::Held(cart) => one.answer(Ok(cart)),
                Verdict::Refused(refused) => one.answer(Err(refused.into())),
                Verdict::BuyerBusy => next_round.push(one),
                Verdict::Short => short.push(one),
            }
        }
        if !short.is_empty() {
            next_round.extend(self.look_at_whole_zone(short).await);
        }
        next_round
    }

    /// INV false_sold_out: a short read under SKIP LOCKED is not "gone". One reading of the whole zone, without locks and
    /// after the commit, decides for all who came up short.
    async fn look_at_whole_zone(&self, short: Vec<Waiting>) -> Vec<Waiting> {
        let reading = match self.read_zone().await {
            Ok(reading) => reading,
            Err(error) => {
                let error = Arc::new(error);
                for one in short {
                    one.answer(Err(Fault::Unavailable(anyhow::anyhow!(error.clone()))));
                }
                return Vec::new();
            }
        };
        let mut next_round = Vec::new();
        for mut one in short {
            let wish = one.request.wish;
            let free = shelf(&reading.seats, |seat| {
                seat.locked_until.is_none_or(|until| until <= reading.as_of)
            });
            let within = if sabotage::lifts(Guard::BackWithinSession) {
                free.clone()
            } else {
                shelf(&reading.seats, |seat| {
                    seat.locked_until.is_none_or(|until| until < wish.session_ends_at)
                })
            };
            match judge_prospect(wish.quantity, &free, &within) {
                Prospect::NextRound => {
                    one.request.whole_zone = true;
                    next_round.push(one);
                }
                Prospect::SinglesNow => {
                    one.request.whole_zone = true;
                    one.request.singles = true;
                    next_round.push(one);
                }
                Prospect::MayComeBack => {
                    one.answer(Err(HoldRefused::Busy {
                        retry_after_seconds: reading.retry_after_seconds(),
                    }
                    .into()));
                }
                Prospect::Gone => one.answer(Err(HoldRefused::Gone { as_of: reading.as_of }.into())),
            }
        }
        next_round
    }

    async fn read_zone(&self) -> anyhow::Result<ZoneReading> {
        let mut conn = self.shared.db.acquire().await?;
        let (as_of, seats) = seats::list_zone(&mut conn, self.zone_id).await?;
        Ok(ZoneReading { as_of, seats })
    }

    /// A batch that was refused before COMMIT is tried one by one, so that one request never takes its neighbours down.
    async fn one_by_one(&self, waiting: Vec<Waiting>, error: anyhow::Error) -> Vec<Waiting> {
        if error
            .chain()
            .filter_map(|cause| cause.downcast_ref())
            .any(platform::database::is_unavailable)
        {
            for one in waiting {
                one.answer(Err(Fault::Unavailable(anyhow::anyhow!("{error:#}"))));
            }
            return Vec::new();
        }
        if waiting.len() == 1 {
            for one in waiting {
                tracing::warn!(zone.id = %self.zone_id, error = %format!("{error:#}"), "A hold failed before its commit");
                one.answer(Err(Fault::Unavailable(anyhow::anyhow!("{error:#}"))));
            }
            return Vec::new();
        }
        tracing::warn!(zone.id = %self.zone_id, error = %format!("{error:#}"), "A round failed before its commit; trying one by one");
        let mut next_round = Vec::new();
        for one in waiting {
            let alone = self.claim(std::slice::from_ref(&one.request)).await;
            match alone {
                Ok(verdicts) => next_round.extend(self.tell(vec![one], verdicts).await),
                Err(RoundFailed::CommitUnknown(error)) => {
                    next_round.extend(self.tell_what_is_true(vec![one], &error).await);
                }
                Err(RoundFailed::BeforeCommit(error)) => {
                    one.answer(Err(Fault::Unavailable(error)));
                }
            }
        }
        next_round
    }

    /// COMMIT was sent and its answer is lost: never replayed blindly, read back by key first.
    async fn tell_what_is_true(&self, waiting: Vec<Waiting>, error: &anyhow::Error) -> Vec<Waiting> {
        tracing::warn!(zone.id = %self.zone_id, %error, "The answer to a commit is lost; reading back");
        let requests: Vec<HoldRequest> = waiting.iter().map(|one| one.request.clone()).collect();
        let committed = claim::read_back(&self.shared.db, &requests)
            .await
            .unwrap_or_default();
        let mut committed = committed.into_iter();
        for one in waiting {
            match committed.next().flatten() {
                Some(cart) => one.answer(Ok(cart)),
                None => one.answer(Err(Fault::Unavailable(anyhow::anyhow!(
                    "the hold may not have been committed"
                )))),
            }
        }
        Vec::new()
    }
}

struct ZoneReading {
    as_of: Timestamp,
    seats: Vec<SeatReading>,
}

impl ZoneReading {
    /// When the next lock of the zone ends, within what a fan's app can wait for.
    fn retry_after_seconds(&self) -> u32 {
        let next = self
            .seats
            .iter()
            .filter_map(|seat| seat.locked_until)
            .filter(|until| *until > self.as_of)
            .min();
        let seconds = next.map_or(1, |until| (until - self.as_of).num_seconds() + 1);
        u32::try_from(seconds.clamp(1, 5)).unwrap_or(1)
    }
}

fn shelf(seats: &[SeatReading], is_free: impl Fn(&SeatReading) -> bool) -> Shelf {
    let free: Vec<FreeSeat> = seats
        .iter()
        .filter(|seat| is_free(seat))
        .map(|seat| seat.seat)
        .collect();
    Shelf::of(&free)
}
