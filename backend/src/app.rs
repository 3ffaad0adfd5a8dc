//! The only file that constructs things.

use std::sync::Arc;
use std::time::Duration;

use domain::ids::{MatchId, ZoneId};
use domain::phases::Phase;
use moka::future::Cache;
use platform::clock::{Clock, SystemClock};
use platform::ids::Ids;
use platform::keys::SigningKey;
use platform::tasks::Tasks;
use sqlx::PgPool;
use uuid::Uuid;

use crate::admission::Gate;
use crate::admission::room::Room;
use crate::http::actor::Accounts;
use crate::inventory::lanes::Lanes;
use crate::matches::board::ZoneBoard;
use crate::payments::gateway::StripeGateway;
use crate::secrets::PersonalData;
use crate::settings::Settings;
use crate::users::Entrance;
use crate::users::tokens::TokenVerifier;

/// The pool. Functions that take `&App` or `&Db` begin and commit; functions that take `&mut PgConnection` join.
pub type Db = PgPool;

/// A remote answer later than this is no answer: the fan is told to try again.
const REMOTE_TIMEOUT: Duration = Duration::from_secs(5);

/// Everything a request or a worker needs. Cheap to share: one per process, behind an [`Arc`].
pub struct App {
    /// As read at the start.
    pub settings: Settings,
    /// The system of record.
    pub db: Db,
    /// Where the crowd outside waits for its connections.
    pub entrance: Entrance,
    /// Time, where the database's does not decide.
    pub clock: Arc<dyn Clock>,
    /// Fresh ids.
    pub ids: Ids,
    /// Background tasks.
    pub tasks: Tasks,
    /// Who asks: verifies fans' tokens.
    pub tokens: TokenVerifier,
    /// Which account a subject has.
    pub accounts: Accounts,
    /// Whether they may: the cached `/access` decision.
    pub gate: Gate,
    /// The queue of each match, once made; believed for a few seconds.
    pub queues: Cache<MatchId, Uuid>,
    /// The phase of each match that is open, or the next one; believed for a second.
    pub phases: Cache<MatchId, Arc<Phase>>,
    /// Zones that are one of their match: nobody opens a lane for another.
    pub known_zones: Cache<(MatchId, ZoneId), ()>,
    /// The waiting room, as its tenant.
    pub room: Arc<Room>,
    /// The hot path: one lane per zone on sale.
    pub lanes: Lanes,
    /// What every fan looks at: free seats per zone.
    pub board: ZoneBoard,
    /// Stripe.
    pub gateway: StripeGateway,
    /// Document numbers.
    pub personal_data: PersonalData,
    /// Signs ticket codes.
    pub ticket_key: SigningKey,
}

/// Matches whose queue is remembered: more than a federation plays in years.
const QUEUES_REMEMBERED: u64 = 1_024;
/// A phase that was opened or closed by hand is noticed so much later by whoever asks for the way in.
const PHASE_BELIEVED: Duration = Duration::from_secs(1);
/// So long after another queue came, fans may still be sent to the one before, which is closed.
const QUEUE_BELIEVED: Duration = Duration::from_secs(5);

/// Zones remembered: a hundred matches of a hundred sectors.
const ZONES_REMEMBERED: u64 = 10_000;

/// A lock outside the lanes is held for milliseconds: who waits longer meets a frozen process, and gives up.
const LOCK_TIMEOUT: &str = "3s";

impl App {
    /// Connects and constructs.
    ///
    /// # Errors
    /// When a setting is wrong or a store cannot be reached.
    pub async fn start(settings: Settings, tasks: Tasks) -> anyhow::Result<Arc<Self>> {
        let checked = settings.check()?;
        let options = checked.database.clone().options([("lock_timeout", LOCK_TIMEOUT)]);
        let db = platform::database::pool(options, settings.database.max_connections).await?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let http = platform::http_client(REMOTE_TIMEOUT)?;
        let room = Arc::new(Room::new(
            &settings.waiting_room,
            checked.tenant_key,
            http.clone(),
            clock.clone(),
        ));
        let personal_data = PersonalData::new(&settings.secrets)?;

        Ok(Arc::new(Self {
            tokens: TokenVerifier::new(&settings.identity, http, clock.clone()),
            accounts: Accounts::default(),
            queues: Cache::builder()
                .max_capacity(QUEUES_REMEMBERED)
                .time_to_live(QUEUE_BELIEVED)
                .build(),
            phases: Cache::builder()
                .max_capacity(QUEUES_REMEMBERED)
                .time_to_live(PHASE_BELIEVED)
                .build(),
            known_zones: Cache::new(ZONES_REMEMBERED),
            gate: Gate::connect(&settings, room.clone(), clock.clone()).await?,
            lanes: Lanes::connect(checked.database, tasks.clone()).await?,
            board: ZoneBoard::new(db.clone()),
            gateway: StripeGateway::new(&settings.stripe, REMOTE_TIMEOUT)?,
            ticket_key: checked.ticket_key,
            ids: Ids,
            entrance: Entrance::to_pool_of(settings.database.max_connections),
            settings,
            db,
            clock,
            tasks,
            room,
            personal_data,
        }))
    }
}
