//! Claims of the EdDSA tokens that pass between a tenant's backend, the waiting room and the fan's app.
//!
//! Every token names its kind in the JOSE header `typ`, so that one kind can never be taken for another.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `typ` of a [`ServiceClaims`] token.
pub const SERVICE_TYP: &str = "tribina-service+jwt";
/// `typ` of a [`JoinGrantClaims`] token.
pub const JOIN_GRANT_TYP: &str = "tribina-join-grant+jwt";
/// `typ` of a [`SessionPassClaims`] token.
pub const SESSION_PASS_TYP: &str = "tribina-session-pass+jwt";
/// `typ` of a [`TicketTokenClaims`] token.
pub const TICKET_TOKEN_TYP: &str = "tribina-ticket-token+jwt";
/// Audience of tokens that the waiting room accepts from tenants.
pub const WAITING_ROOM_AUDIENCE: &str = "waiting-room";

/// A tenant's server speaking for itself (`Authorization: Bearer`), signed with the tenant's registered key. Lives 60 s.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceClaims {
    /// The tenant's name.
    pub iss: String,
    /// Always [`WAITING_ROOM_AUDIENCE`].
    pub aud: String,
    /// Issued at, Unix seconds.
    pub iat: i64,
    /// Expires at, Unix seconds.
    pub exp: i64,
}

/// Permission for one fan to join one queue, signed by the tenant and posted by the fan's app. Good for 10 minutes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinGrantClaims {
    /// The tenant's name.
    pub iss: String,
    /// Always [`WAITING_ROOM_AUDIENCE`].
    pub aud: String,
    /// The tenant's name for the fan.
    pub sub: Uuid,
    /// The queue that may be joined.
    pub queue_id: Uuid,
    /// Issued at, Unix seconds.
    pub iat: i64,
    /// Not before, Unix seconds: another line of the queue, which is not for this fan, goes on until then. Absent: at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
    /// Expires at, Unix seconds.
    pub exp: i64,
}

/// Proof of an open session that the origin can verify alone while the room is unreachable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionPassClaims {
    /// The room's issuer name.
    pub iss: String,
    /// The tenant's name.
    pub aud: String,
    /// The tenant's name for the fan.
    pub sub: Uuid,
    /// The queue that admitted the fan.
    pub queue_id: Uuid,
    /// The admitted ticket of the line.
    pub ticket_id: Uuid,
    /// Admission, Unix seconds.
    pub iat: i64,
    /// End of the session, Unix seconds (`session_expires_at` cut to the second, so never later than it).
    pub exp: i64,
    /// End of the session, Unix milliseconds: the exact `session_expires_at`.
    pub session_expires_at_ms: i64,
}

/// What a fan's app shows the room to see or leave its place; verified without a store read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketTokenClaims {
    /// The room's issuer name, which is also the only audience.
    pub iss: String,
    /// The fan, as the tenant names them.
    pub sub: Uuid,
    /// The queue.
    pub queue_id: Uuid,
    /// The ticket of the line.
    pub ticket_id: Uuid,
    /// The place's sequence: the signed receipt of it.
    pub sequence: u64,
    /// Issued at, Unix seconds.
    pub iat: i64,
    /// Expires at, Unix seconds.
    pub exp: i64,
}
