//! A lane per zone: a bounded channel and one task, there while there is demand. The task takes whatever waits and claims
//! for all of it in one transaction (`claim`), which is what makes holds fast: coalescing beats one transaction per
//! request by a factor. Several processes share a zone through SKIP LOCKED alone: no leader, nothing to keep coherent.

use std::collections::HashMap;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::ids::{MatchId, UserId, ZoneId};
use domain::inventory::{HoldRefused, HoldWish};
use platform::ids::Ids;
use platform::tasks::Tasks;
use sqlx::postgres::{PgConnectOptions, PgPool};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::claim::HoldRequest;
use super::lane::Lane;
use super::store::LabelledCart;
use crate::http::fault::Fault;

/// Requests that wait in one lane; the next one hears `busy` at once. At 64 a round and 5 ms each this is 40 ms of waiting.
const LANE_WAITING_MAX: usize = 512;

/// How long a request may stay in a lane.
const REQUEST_PATIENCE: Duration = Duration::from_secs(2);

/// Connections that all lanes of a process share: two cores cannot keep more busy.
pub(super) const LANE_CONNECTIONS: u32 = 4;

/// Nothing in a lane's transaction may wait: SKIP LOCKED never does, and everything else gives up after this.
const LOCK_TIMEOUT: &str = "50ms";

/// Every statement of a lane looks up rows by their keys or walks along the snake, and is planned once per connection. Left to
/// itself the planner judges by the tables' sizes on the day it plans: an empty `carts` is best read whole, and would be for ever.
const PLANS: [(&str, &str); 6] = [
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_bitmapscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("jit", "off"),
];

type Answer = Result<LabelledCart, Fault<HoldRefused>>;

/// All lanes of a process.
pub struct Lanes {
    shared: Arc<Shared>,
    lanes: Mutex<HashMap<(MatchId, ZoneId), mpsc::Sender<Waiting>>>,
}

/// What all lanes use.
pub(super) struct Shared {
    pub(super) db: PgPool,
    pub(super) ids: Ids,
    pub(super) tasks: Tasks,
    /// Lanes with requests.
    pub(super) busy: AtomicU32,
}

/// A request that waits for its answer.
pub(super) struct Waiting {
    pub(super) request: HoldRequest,
    pub(super) deadline: Instant,
    reply: oneshot::Sender<Answer>,
}

impl Waiting {
    pub(super) fn answer(self, answer: Answer) {
        // Nobody listens any more: the client hung up. What was committed is found again by its key.
        let _ = self.reply.send(answer);
    }

    pub(super) fn refuse(self, refused: HoldRefused) {
        self.answer(Err(refused.into()));
    }

    /// Nothing is known of what was asked.
    pub(super) fn fail(self, error: &anyhow::Error) {
        self.answer(Err(Fault::Unavailable(anyhow::anyhow!("{error:#}"))));
    }
}

/// Too many ask at once.
pub(super) const BUSY: HoldRefused = HoldRefused::Busy {
    retry_after_seconds: 1,
};

impl Lanes {
    /// Opens the lanes' own connections.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn connect(options: PgConnectOptions, tasks: Tasks) -> Result<Self, sqlx::Error> {
        let db = platform::database::pool(
            options.options([("lock_timeout", LOCK_TIMEOUT)]).options(PLANS),
            LANE_CONNECTIONS,
        )
        .await?;
        Ok(Self {
            shared: Arc::new(Shared {
                db,
                ids: Ids,
                tasks,
                busy: AtomicU32::new(0),
            }),
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
        if !self.enter((match_id, zone_id), waiting) {
            return Err(BUSY.into());
        }
        answer.await.unwrap_or_else(|_| {
            Err(Fault::Unavailable(anyhow::anyhow!(
                "the lane of {zone_id} has ended"
            )))
        })
    }

    /// Puts a request into its lane, which is made if there is none. `false` when the lane is full.
    fn enter(&self, (match_id, zone_id): (MatchId, ZoneId), waiting: Waiting) -> bool {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
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
        let lane = Lane::new((match_id, zone_id), self.shared.clone());
        self.shared.tasks.spawn("lane", lane.run(inbox));
        lanes.insert((match_id, zone_id), sender);
        entered
    }
}
