//! The waiting room's HTTP bodies and WebSocket frames.
//!
//! Fields are snake_case; `sessionExpiresAt` of `/access` is the one exception, by contract.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// How a queue admits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum QueueMode {
    /// Automatically, up to `max_active_sessions`.
    Capacity,
}

/// A time in which a queue takes joins and admits: a line of its own. Whoever still waits when it ends is dropped (`EXPIRED`,
/// `OPENING_ENDED`), and joins the next one like everybody else. It is known by `opens_at`: moved while fans wait in it, it is another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// Before this instant nobody can join.
    pub opens_at: DateTime<Utc>,
    /// The first instant after it; left out: it has no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closes_at: Option<DateTime<Utc>>,
}

/// Body of `POST /queues`. Posting the same `reference` again answers the queue that it already made, if
/// that is set so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateQueue {
    /// The tenant's own name for what is queued for; unique per tenant.
    pub reference: String,
    /// How the queue admits.
    pub mode: QueueMode,
    /// Sessions that may be open at once: never crossed.
    pub max_active_sessions: u32,
    /// Optional cap on admissions per minute.
    #[serde(default)]
    pub admissions_per_minute: Option<u32>,
    /// Length of a session from admission, seconds.
    pub session_ttl_seconds: u32,
    /// A ticket without any sign of life for so long is dropped, seconds.
    pub ticket_ttl_seconds: u32,
    /// By time, 1 to 50, one after the other; only the last may have no end.
    pub openings: Vec<Opening>,
}

/// Body of `PATCH /queues/{id}`: what is left out stays. Lowering the cap drains, it never evicts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeQueue {
    /// New cap on open sessions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_active_sessions: Option<u32>,
    /// New cap on admissions per minute; `null`: none any more.
    #[serde(default, deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>)]
    pub admissions_per_minute: Option<Option<u32>>,
    /// All openings anew, those that are over among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub openings: Option<Vec<Opening>>,
}

/// Tells `null` from what is left out.
fn said<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<u32>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Where a queue stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum QueueState {
    /// Takes joins and admits, while an opening is on.
    Open,
    /// Takes joins, admits nobody.
    Paused,
    /// Over: takes no joins, and nobody waits.
    Closed,
}

/// A queue, as its tenant sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Queue {
    pub id: Uuid,
    pub reference: String,
    pub mode: QueueMode,
    pub state: QueueState,
    pub max_active_sessions: u32,
    pub admissions_per_minute: Option<u32>,
    pub session_ttl_seconds: u32,
    pub ticket_ttl_seconds: u32,
    pub openings: Vec<Opening>,
}

/// Answer of `GET /queues/{id}/stats`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QueueStats {
    pub state: QueueState,
    /// Fans in the line now.
    pub waiting: u64,
    /// Open sessions now.
    pub active_sessions: u64,
    /// Everybody who ever joined.
    pub joined_total: u64,
    /// Everybody who was ever admitted.
    pub admitted_total: u64,
    /// Why admission holds, if it does (for example `CAP_REACHED`, `STOCK_HELD`, `PAUSED`).
    pub holding: Option<String>,
}

/// Body of `POST /queues/{id}/tickets`: a fan's app sends the grant; a tenant's server (service token) the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JoinQueue {
    /// The join grant, when a fan's app joins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<String>,
    /// The fan, when the tenant's server joins for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<Uuid>,
}

/// State of a ticket of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TicketState {
    /// In the line.
    Waiting,
    /// In an open session.
    Admitted,
    /// The purchase is done: slot free.
    Completed,
    /// The session ran out.
    SessionExpired,
    /// Left by their own wish, or the tenant gave the slot back.
    Cancelled,
    /// Dropped from the line.
    Expired,
}

/// Why a fan was dropped from the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ExpiryReason {
    /// No sign of life for too long.
    Silent,
    /// The opening that the fan waited in ended, or was moved away.
    OpeningEnded,
    /// The queue is over.
    QueueClosed,
}

/// An honest wait: the range that 80 % of fans at this place fall into, seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EstimatedWait {
    pub from: u32,
    pub to: u32,
}

/// A fan's place: answer of joining and of `GET /tickets/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Ticket {
    pub ticket_id: Uuid,
    pub queue_id: Uuid,
    pub state: TicketState,
    /// Why it is `EXPIRED`, if that is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<ExpiryReason>,
    /// 1 is next. Only while waiting; never goes up: while a node cannot be sure of it, it is left out.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub position: Option<u64>,
    /// Fans in the line now.
    pub queue_size: u64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub estimated_wait_seconds: Option<EstimatedWait>,
    /// End of the session, once admitted.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub session_expires_at: Option<DateTime<Utc>>,
    /// The signed session pass, while the session is open.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pass: Option<String>,
    /// Shows the room who asks; only in the answer to joining.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ticket_token: Option<String>,
    /// Where the socket is: `ws://host:port/tickets/{id}/ws`.
    pub ws_url: String,
}

/// Query of `GET /access`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct AccessQuery {
    pub queue_id: Uuid,
    pub user_id: Uuid,
}

/// 200 of `GET /access`: the fan has an open session.
///
/// The other answers are problems: 403 `still-waiting` (member `position`), 404 `never-joined`,
/// 410 `session-over` (member `reason`: SESSION_EXPIRED, COMPLETED, CANCELLED or EXPIRED; if EXPIRED, `expired_because`, an
/// [`ExpiryReason`]). All carry `now`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccessGranted {
    /// Always `ADMITTED`.
    pub decision: TicketState,
    pub ticket_id: Uuid,
    #[serde(rename = "sessionExpiresAt")]
    pub session_expires_at: DateTime<Utc>,
    /// Grows with every change of this fan's state; an older decision never overwrites a newer one.
    pub decision_version: u64,
    /// How long the answer may be cached, milliseconds.
    pub max_age_ms: u32,
    /// The signed session pass.
    pub pass: String,
    /// The room's clock.
    pub now: DateTime<Utc>,
}

/// Answer of `POST /sessions/{ticket_id}/complete|abandon`: how the session ended, now or before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionEnded {
    pub ticket_id: Uuid,
    pub state: TicketState,
}

/// Body of `POST /queues/{id}/origin-health`: what is left to sell. What counts is whether there is something: large numbers need not
/// be counted to their end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OriginHealth {
    /// Seats nobody holds.
    pub stock_free: u64,
    /// Seats in carts that may come back.
    pub stock_held: u64,
    /// Seats of orders awaiting payment that may come back.
    pub stock_paying: u64,
}

/// Header of a WebSocket subprotocol that carries the ticket token: `tribina.v1, <ticket_token>`.
pub const WS_SUBPROTOCOL: &str = "tribina.v1";

/// What the fan's app may send, as the first frame, if it could not set the subprotocol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FanFrame {
    /// Who asks.
    Authenticate { token: String },
}

/// What the room sends. Every frame carries `v`; the newest `v` is always enough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomFrame {
    /// Grows with every frame of this ticket.
    pub v: u64,
    #[serde(flatten)]
    pub event: RoomEvent,
}

/// What happened to the ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RoomEvent {
    /// The whole state, on connecting.
    State {
        ticket: Ticket,
    },
    PositionChanged {
        position: u64,
        queue_size: u64,
        estimated_wait_seconds: Option<EstimatedWait>,
        /// The room's clock at this reading.
        sync_at: DateTime<Utc>,
    },
    Admitted {
        session_expires_at: DateTime<Utc>,
        pass: String,
    },
    /// Dropped from the line; where the queue is over, `queue_closed` is told instead.
    Expired {
        #[serde(skip_serializing_if = "Option::is_none", default)]
        reason: Option<ExpiryReason>,
    },
    SessionExpired,
    Completed,
    Cancelled,
    QueuePaused,
    /// The queue is over (`SOLD_OUT`, `CLOSED_BY_TENANT`): nobody else will be admitted.
    QueueClosed {
        reason: String,
    },
}
