//! One function per use case of a session.

use std::sync::Arc;

use contracts::room::{AccessGranted, AccessQuery, ExpiryReason, SessionEnded, TicketState};
use platform::problems::Problem;

use super::passes;
use crate::app::App;
use crate::faults::{Fault, Refusal};
use crate::ids::{QueueId, TicketId, UserId};
use crate::line_store::{Ending, Finished};
use crate::problems::{NEVER_JOINED, NO_SUCH_TICKET, NOT_ADMITTED, SESSION_OVER, STILL_WAITING};
use crate::queues::{NoSuchQueue, line_numbered, on_line, tenants_line};
use crate::tenants::Tenant;
use crate::time::instant;

/// A decision may be cached so long, ms: the origin hears of an ended session at the latest then.
const MAX_AGE_MS: u64 = 5_000;

/// Why a fan may not buy now. All but the first carry the room's clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AccessRefused {
    NoSuchQueue,
    StillWaiting {
        position: u64,
        now_ms: u64,
    },
    NeverJoined {
        now_ms: u64,
    },
    SessionOver {
        state: TicketState,
        expired_because: Option<ExpiryReason>,
        now_ms: u64,
    },
}

impl Refusal for AccessRefused {
    fn problem(&self) -> Problem {
        match self {
            Self::NoSuchQueue => NoSuchQueue.problem(),
            Self::StillWaiting { position, now_ms } => {
                at(Problem::new(STILL_WAITING).member("position", *position), *now_ms)
            }
            Self::NeverJoined { now_ms } => at(Problem::new(NEVER_JOINED), *now_ms),
            Self::SessionOver {
                state,
                expired_because,
                now_ms,
            } => {
                let reason = serde_json::to_value(state).unwrap_or_default();
                let problem = Problem::new(SESSION_OVER).member("reason", reason);
                let problem = match expired_because {
                    Some(why) => {
                        problem.member("expired_because", serde_json::to_value(why).unwrap_or_default())
                    }
                    None => problem,
                };
                at(problem, *now_ms)
            }
        }
    }
}

impl From<NoSuchQueue> for AccessRefused {
    fn from(_: NoSuchQueue) -> Self {
        Self::NoSuchQueue
    }
}

fn at(problem: Problem, now_ms: u64) -> Problem {
    problem.member(
        "now",
        instant(now_ms).to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
    )
}

/// Why a session was not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EndRefused {
    /// There is no such ticket, or not of this tenant.
    NoSuchTicket,
    /// It is still in the line.
    NotAdmitted,
}

impl Refusal for EndRefused {
    fn problem(&self) -> Problem {
        match self {
            Self::NoSuchTicket => Problem::new(NO_SUCH_TICKET),
            Self::NotAdmitted => Problem::new(NOT_ADMITTED),
        }
    }
}

impl From<NoSuchQueue> for EndRefused {
    fn from(_: NoSuchQueue) -> Self {
        Self::NoSuchTicket
    }
}

/// Whether the fan may buy now: one round trip to the store, judged by its clock.
pub(super) async fn access(
    app: &Arc<App>,
    tenant: &Tenant,
    query: &AccessQuery,
) -> Result<AccessGranted, Fault<AccessRefused>> {
    let line = tenants_line(app, tenant, QueueId(query.queue_id))
        .await
        .map_err(Fault::widen)?;
    let user = UserId(query.user_id);

    let (now_ms, ticket) = on_line(app, &line, || app.store.ticket_of(&line.keys, user)).await?;

    let ticket = ticket.ok_or(AccessRefused::NeverJoined { now_ms })?;
    match ticket.state {
        TicketState::Admitted => {}
        TicketState::Waiting => {
            let position = line.place_of(app, &ticket).await.position;
            return Err(AccessRefused::StillWaiting { position, now_ms }.into());
        }
        state @ (TicketState::Completed
        | TicketState::SessionExpired
        | TicketState::Cancelled
        | TicketState::Expired) => {
            let expired_because = ticket.reason;
            return Err(AccessRefused::SessionOver {
                state,
                expired_because,
                now_ms,
            }
            .into());
        }
    }
    let left_ms = ticket.session_expires_at_ms.saturating_sub(now_ms);
    Ok(AccessGranted {
        decision: TicketState::Admitted,
        ticket_id: ticket.id.0,
        session_expires_at: instant(ticket.session_expires_at_ms),
        decision_version: ticket.version,
        max_age_ms: u32::try_from(left_ms.min(MAX_AGE_MS)).unwrap_or_default(),
        pass: passes::issue(app, &line, &ticket)?,
        now: instant(now_ms),
    })
}

/// Ends a session and frees its slot at once. Repeating it answers how it ended.
pub(super) async fn end(
    app: &Arc<App>,
    tenant: &Tenant,
    id: TicketId,
    ending: Ending,
) -> Result<SessionEnded, Fault<EndRefused>> {
    let line = line_numbered(app, id.queue_number())
        .await
        .map_err(Fault::widen)?;
    if line.queue.tenant_id != tenant.id {
        return Err(EndRefused::NoSuchTicket.into());
    }
    match on_line(app, &line, || app.store.finish(&line.keys, id, ending)).await? {
        Finished::Ended(ticket) => Ok(SessionEnded {
            ticket_id: ticket.id.0,
            state: ticket.state,
        }),
        Finished::NotAdmitted => Err(EndRefused::NotAdmitted.into()),
        Finished::NoTicket => Err(EndRefused::NoSuchTicket.into()),
    }
}
