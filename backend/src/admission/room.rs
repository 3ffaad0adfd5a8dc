//! The waiting room's API, as its tenant. Every call is signed with a service token.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use contracts::room::{
    AccessGranted, AccessQuery, ChangeQueue, CreateQueue, OriginHealth, Queue, QueueState,
};
use contracts::tokens::{
    JOIN_GRANT_TYP, JoinGrantClaims, SERVICE_TYP, SESSION_PASS_TYP, ServiceClaims, SessionPassClaims,
    WAITING_ROOM_AUDIENCE,
};
use domain::ids::{MatchId, SessionTicketId, UserId};
use platform::clock::Clock;
use platform::keys::{SigningKey, VerifyingKey};
use reqwest::{RequestBuilder, StatusCode};
use serde::Deserialize;
use tokio::sync::RwLock;
use uuid::Uuid;

use crate::settings::WaitingRoom;

/// A service token is made per call and lives for so long.
const SERVICE_TOKEN_LIFE: TimeDelta = TimeDelta::seconds(60);

/// A join grant can be fetched before opening and lives for so long (decision "Join").
pub const JOIN_GRANT_LIFE: TimeDelta = TimeDelta::minutes(10);

/// The room's answer to "may this fan enter?".
#[derive(Debug, Clone)]
pub enum Access {
    /// In an open session.
    Granted(AccessGranted),
    /// Never admitted: waiting, or never joined.
    NotAdmitted,
    /// Was admitted once; `reason` as the room says.
    Over {
        /// SESSION_EXPIRED, COMPLETED, CANCELLED or EXPIRED.
        reason: String,
    },
}

/// Permission to join, for a fan's app.
#[derive(Debug, Clone)]
pub struct JoinGrant {
    /// The signed grant.
    pub token: String,
    /// Where to post it.
    pub join_url: String,
    /// From when on, if not at once.
    pub valid_from: Option<DateTime<Utc>>,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

/// A client of the room.
pub struct Room {
    api_url: String,
    public_url: String,
    tenant: String,
    issuer: String,
    key: SigningKey,
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
    pass_keys: RwLock<Vec<VerifyingKey>>,
}

impl Room {
    /// A client for the room of `settings`.
    pub fn new(
        settings: &WaitingRoom,
        key: SigningKey,
        http: reqwest::Client,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            api_url: settings.api_url.clone(),
            public_url: settings.public_url.as_ref().unwrap_or(&settings.api_url).clone(),
            tenant: settings.tenant.clone(),
            issuer: settings.issuer.clone(),
            key,
            http,
            clock,
            pass_keys: RwLock::default(),
        }
    }

    /// `GET /access`.
    ///
    /// # Errors
    /// When the room cannot be reached or answers what it must not.
    pub async fn access(&self, queue_id: Uuid, user: UserId) -> anyhow::Result<Access> {
        #[derive(Deserialize)]
        struct Reason {
            reason: Option<String>,
        }
        let query = AccessQuery {
            queue_id,
            user_id: user.0,
        };
        let request = self.http.get(format!("{}/access", self.api_url)).query(&query);
        let response = self.signed(request)?.send().await?;
        match response.status() {
            StatusCode::OK => Ok(Access::Granted(response.json().await?)),
            StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => Ok(Access::NotAdmitted),
            StatusCode::GONE => {
                let reason = response
                    .json::<Reason>()
                    .await?
                    .reason
                    .unwrap_or_else(|| "SESSION_EXPIRED".to_owned());
                Ok(Access::Over { reason })
            }
            other => anyhow::bail!("the waiting room answered {other} to GET /access"),
        }
    }

    /// `POST /queues`, then `PATCH /queues/{id}` if it is there and set otherwise: the queue, as it is wanted now.
    ///
    /// # Errors
    /// When the room cannot be reached or refuses.
    pub async fn ensure_queue(&self, wanted: &CreateQueue) -> anyhow::Result<Queue> {
        #[derive(Deserialize)]
        struct Exists {
            queue_id: Uuid,
        }
        let request = self.http.post(format!("{}/queues", self.api_url)).json(wanted);
        let made = self.signed(request)?.send().await?;
        if made.status() != StatusCode::CONFLICT {
            return Ok(made.error_for_status()?.json().await?);
        }
        let Exists { queue_id } = made.json().await?;
        let change = ChangeQueue {
            max_active_sessions: Some(wanted.max_active_sessions),
            admissions_per_minute: Some(wanted.admissions_per_minute),
            openings: Some(wanted.openings.clone()),
        };
        let request = self
            .http
            .patch(format!("{}/queues/{queue_id}", self.api_url))
            .json(&change);
        let changed = self.signed(request)?.send().await?;
        Ok(changed.error_for_status()?.json().await?)
    }

    /// `POST /queues/{id}/pause|resume|close`.
    ///
    /// # Errors
    /// When the room cannot be reached or refuses.
    pub async fn set_state(&self, queue_id: Uuid, state: QueueState) -> anyhow::Result<()> {
        let verb = match state {
            QueueState::Open => "resume",
            QueueState::Paused => "pause",
            QueueState::Closed => "close",
        };
        let request = self
            .http
            .post(format!("{}/queues/{queue_id}/{verb}", self.api_url));
        self.signed(request)?.send().await?.error_for_status()?;
        Ok(())
    }

    /// `POST /sessions/{ticket_id}/complete`: frees the slot; repeatable.
    ///
    /// # Errors
    /// When the room cannot be reached or refuses. A session that the room does not know is over as well.
    pub async fn complete(&self, session: SessionTicketId) -> anyhow::Result<()> {
        let request = self
            .http
            .post(format!("{}/sessions/{session}/complete", self.api_url));
        let response = self.signed(request)?.send().await?;
        if response.status() == StatusCode::NOT_FOUND || response.status() == StatusCode::GONE {
            return Ok(());
        }
        response.error_for_status()?;
        Ok(())
    }

    /// `POST /queues/{id}/origin-health`.
    ///
    /// # Errors
    /// When the room cannot be reached or refuses.
    pub async fn report_health(&self, queue_id: Uuid, health: &OriginHealth) -> anyhow::Result<()> {
        let request = self
            .http
            .post(format!("{}/queues/{queue_id}/origin-health", self.api_url))
            .json(health);
        self.signed(request)?.send().await?.error_for_status()?;
        Ok(())
    }

    /// A grant with which a fan's app joins the queue directly, so that the herd never touches us: at once, or from an instant on.
    ///
    /// # Errors
    /// When the claims cannot be signed.
    pub fn grant(
        &self,
        queue_id: Uuid,
        user: UserId,
        valid_from: Option<DateTime<Utc>>,
    ) -> anyhow::Result<JoinGrant> {
        let now = self.clock.now();
        let expires_at = valid_from.unwrap_or(now).max(now) + JOIN_GRANT_LIFE;
        let claims = JoinGrantClaims {
            iss: self.tenant.clone(),
            aud: WAITING_ROOM_AUDIENCE.to_owned(),
            sub: user.0,
            queue_id,
            iat: now.timestamp(),
            // In whole seconds, of which the next one is not too early.
            nbf: valid_from.map(|from| from.timestamp() + i64::from(from.timestamp_subsec_nanos() > 0)),
            exp: expires_at.timestamp(),
        };
        Ok(JoinGrant {
            token: self.key.sign(JOIN_GRANT_TYP, &claims)?,
            join_url: format!("{}/queues/{queue_id}/tickets", self.public_url),
            valid_from,
            expires_at,
        })
    }

    /// The claims of a session pass that the room signed for us, checked without asking it.
    pub async fn verify_pass(&self, pass: &str) -> Option<SessionPassClaims> {
        let now = self.clock.now();
        let keys = self.pass_keys.read().await;
        let claims = keys.iter().find_map(|key| {
            key.verify::<SessionPassClaims>(SESSION_PASS_TYP, pass, Some(&self.tenant), now)
                .ok()
        })?;
        let is_live = claims.session_expires_at_ms > now.timestamp_millis();
        (claims.iss == self.issuer && is_live).then_some(claims)
    }

    /// Reads the keys that sign session passes, so that they are here when the room is not.
    ///
    /// # Errors
    /// When the room cannot be reached or its keys cannot be read.
    pub async fn refresh_pass_keys(&self) -> anyhow::Result<()> {
        #[derive(Deserialize)]
        struct Key {
            x: String,
        }
        #[derive(Deserialize)]
        struct KeySet {
            keys: Vec<Key>,
        }
        let address = format!("{}/.well-known/jwks.json", self.api_url);
        let set: KeySet = self
            .http
            .get(address)
            .send()
            .await?
            .error_for_status()?
            .json()
            .await?;
        let keys: Result<Vec<_>, _> = set
            .keys
            .iter()
            .map(|key| VerifyingKey::from_jwk_x(&key.x))
            .collect();
        *self.pass_keys.write().await = keys?;
        Ok(())
    }

    /// The reference under which a match's queue is made: making it twice makes it once.
    #[must_use]
    pub fn reference(match_id: MatchId, queues_over: i32) -> String {
        match queues_over {
            0 => format!("match:{match_id}"),
            more => format!("match:{match_id}:{more}"),
        }
    }

    fn signed(&self, request: RequestBuilder) -> anyhow::Result<RequestBuilder> {
        let now = self.clock.now();
        let claims = ServiceClaims {
            iss: self.tenant.clone(),
            aud: WAITING_ROOM_AUDIENCE.to_owned(),
            iat: now.timestamp(),
            exp: (now + SERVICE_TOKEN_LIFE).timestamp(),
        };
        Ok(request.bearer_auth(self.key.sign(SERVICE_TYP, &claims)?))
    }
}
