//! The gate: cache, room, pass, in this order.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use contracts::tokens::SessionPassClaims;
use domain::Timestamp;
use domain::ids::{SessionTicketId, UserId};
use fred::clients::Client;
use fred::interfaces::{ClientLike, KeysInterface};
use fred::types::Expiration;
use fred::types::config::{Config, ConnectionConfig, PerformanceConfig, ReconnectPolicy};
use platform::clock::Clock;
use platform::problems::Problem;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::room::{Access, Room};
use crate::http::actor::Fan;
use crate::http::fault::{Fault, Refusal};
use crate::http::problems::{
    ADMISSION_REQUIRED, PASS_OF_ANOTHER_FAN, QUEUE_SESSION_EXPIRED, WAITING_ROOM_UNREACHABLE,
};
use crate::settings::Settings;

/// A *yes* is believed for at most so long (decision "Queue→backend signal").
const YES_MS_MAX: i64 = 5_000;

/// A *no* is believed for at most so long: a fan who was just admitted must not be refused.
const NO_MS_MAX: i64 = 250;

/// The cache is a shortcut: slower than this it is none.
const CACHE_TIMEOUT: Duration = Duration::from_millis(50);

/// An open session of a fan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The room's id of it.
    pub ticket_id: SessionTicketId,
    /// Also the end of every lock taken in it.
    pub ends_at: Timestamp,
}

/// Why the gate stays shut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotAdmitted {
    /// Waiting, or never joined.
    AdmissionRequired,
    /// The session ended: join again.
    SessionOver {
        /// SESSION_EXPIRED, COMPLETED, CANCELLED or EXPIRED.
        reason: String,
    },
    /// The pass names another fan.
    PassOfAnotherFan,
    /// Neither room nor pass.
    RoomUnreachable,
}

impl Refusal for NotAdmitted {
    fn problem(&self) -> Problem {
        match self {
            Self::AdmissionRequired => Problem::new(ADMISSION_REQUIRED),
            Self::SessionOver { reason } => {
                Problem::new(QUEUE_SESSION_EXPIRED).member("reason", reason.as_str())
            }
            Self::PassOfAnotherFan => Problem::new(PASS_OF_ANOTHER_FAN),
            Self::RoomUnreachable => Problem::new(WAITING_ROOM_UNREACHABLE).retry_after(2),
        }
    }
}

/// A cached decision.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum Decision {
    Yes(Session),
    NotAdmitted,
    Over { reason: String },
}

/// Asks the room, and remembers what it said.
pub struct Gate {
    cache: Client,
    room: Arc<Room>,
    clock: Arc<dyn Clock>,
}

impl Gate {
    /// Connects the cache. A cache that is down later only costs speed.
    ///
    /// # Errors
    /// When the address is wrong or nothing answers there at the start.
    pub async fn connect(
        settings: &Settings,
        room: Arc<Room>,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        let config = Config::from_url(settings.redis.url.expose_secret())?;
        let performance = PerformanceConfig {
            default_command_timeout: CACHE_TIMEOUT,
            ..Default::default()
        };
        let connection = ConnectionConfig {
            max_command_attempts: 1,
            ..Default::default()
        };
        let cache = Client::new(
            config,
            Some(performance),
            Some(connection),
            Some(ReconnectPolicy::new_constant(0, 500)),
        );
        cache.init().await?;
        Ok(Self { cache, room, clock })
    }

    /// The fan's open session in `queue_id`.
    ///
    /// # Errors
    /// [`NotAdmitted`].
    pub async fn session(&self, fan: &Fan, queue_id: Uuid) -> Result<Session, Fault<NotAdmitted>> {
        let remembered = self.cached(queue_id, fan.id).await;
        let pass = match &fan.pass {
            Some(pass) if !says_what_is_known(pass, (fan.id, queue_id), remembered.as_ref()) => {
                self.room.verify_pass(pass).await
            }
            Some(_) | None => None,
        };
        if pass.as_ref().is_some_and(|claims| claims.sub != fan.id.0) {
            return Err(NotAdmitted::PassOfAnotherFan.into());
        }
        let pass = pass.filter(|claims| claims.queue_id == queue_id);
        let decision = match remembered {
            Some(decision) if !pass.is_some_and(|claims| opens_later_session(&claims, &decision)) => decision,
            Some(_) | None => self.ask(fan, queue_id).await?,
        };
        match decision {
            Decision::Yes(session) if session.ends_at > self.clock.now() => Ok(session),
            Decision::Yes(_) => Err(NotAdmitted::SessionOver {
                reason: "SESSION_EXPIRED".to_owned(),
            }
            .into()),
            Decision::NotAdmitted => Err(NotAdmitted::AdmissionRequired.into()),
            Decision::Over { reason } => Err(NotAdmitted::SessionOver { reason }.into()),
        }
    }

    /// Forgets the decision: the session was completed or abandoned.
    pub async fn forget(&self, queue_id: Uuid, user: UserId) {
        if let Err(error) = self.cache.del::<(), _>(key(queue_id, user)).await {
            tracing::debug!(%error, "A cached access decision could not be deleted; it lives on for 5 s at most");
        }
    }

    async fn ask(&self, fan: &Fan, queue_id: Uuid) -> Result<Decision, NotAdmitted> {
        match self.room.access(queue_id, fan.id).await {
            Ok(access) => {
                let (decision, life_ms) = self.understand(access);
                self.remember(queue_id, fan.id, &decision, life_ms).await;
                Ok(decision)
            }
            Err(error) => {
                tracing::warn!(%error, "The waiting room cannot be asked; passes decide");
                self.by_pass(fan, queue_id).await
            }
        }
    }

    fn understand(&self, access: Access) -> (Decision, i64) {
        match access {
            Access::Granted(granted) => {
                let session = Session {
                    ticket_id: SessionTicketId(granted.ticket_id),
                    ends_at: granted.session_expires_at,
                };
                let left = (session.ends_at - self.clock.now()).num_milliseconds();
                (
                    Decision::Yes(session),
                    left.min(i64::from(granted.max_age_ms)).min(YES_MS_MAX),
                )
            }
            Access::NotAdmitted => (Decision::NotAdmitted, NO_MS_MAX),
            Access::Over { reason } => (Decision::Over { reason }, NO_MS_MAX),
        }
    }

    async fn by_pass(&self, fan: &Fan, queue_id: Uuid) -> Result<Decision, NotAdmitted> {
        let pass = fan.pass.as_deref().ok_or(NotAdmitted::RoomUnreachable)?;
        let claims = self
            .room
            .verify_pass(pass)
            .await
            .ok_or(NotAdmitted::RoomUnreachable)?;
        if claims.sub != fan.id.0 || claims.queue_id != queue_id {
            return Err(NotAdmitted::PassOfAnotherFan);
        }
        let ends_at: DateTime<Utc> = DateTime::from_timestamp_millis(claims.session_expires_at_ms)
            .ok_or(NotAdmitted::RoomUnreachable)?;
        Ok(Decision::Yes(Session {
            ticket_id: SessionTicketId(claims.ticket_id),
            ends_at,
        }))
    }

    async fn cached(&self, queue_id: Uuid, user: UserId) -> Option<Decision> {
        let stored: Option<String> = self.cache.get(key(queue_id, user)).await.ok()?;
        serde_json::from_str(&stored?).ok()
    }

    async fn remember(&self, queue_id: Uuid, user: UserId, decision: &Decision, life_ms: i64) {
        let Ok(text) = serde_json::to_string(decision) else {
            return;
        };
        if life_ms > 0 {
            let expiry = Some(Expiration::PX(life_ms));
            // Losing the shortcut costs one question to the room.
            let _ = self
                .cache
                .set::<(), _, _>(key(queue_id, user), text, expiry, None, false)
                .await;
        }
    }
}

/// Whether the pass is of a session that was opened after the one that is remembered: the fan has left and was admitted again,
/// and must be judged by the new session's end. An older pass changes nothing, so that it cannot be used to ask again and again.
fn opens_later_session(pass: &SessionPassClaims, remembered: &Decision) -> bool {
    match remembered {
        Decision::Yes(session) => {
            pass.ticket_id != session.ticket_id.0
                && pass.session_expires_at_ms > session.ends_at.timestamp_millis()
        }
        Decision::NotAdmitted | Decision::Over { .. } => false,
    }
}

/// Whether a pass could change nothing, true or forged: it says of this fan in this queue what is known without it, the session that
/// the room has told of. Then its signature is not worth verifying.
fn says_what_is_known(pass: &str, (fan, queue): (UserId, Uuid), remembered: Option<&Decision>) -> bool {
    let Some(Decision::Yes(session)) = remembered else {
        return false;
    };
    platform::keys::unverified::<SessionPassClaims>(pass).is_some_and(|claims| {
        claims.sub == fan.0 && claims.queue_id == queue && claims.ticket_id == session.ticket_id.0
    })
}

fn key(queue_id: Uuid, user: UserId) -> String {
    format!("access:{queue_id}:{user}")
}
