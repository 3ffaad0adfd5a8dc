//! One function per use case of a fan's place.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use contracts::room::Ticket;
use contracts::tokens::{JOIN_GRANT_TYP, JoinGrantClaims, TicketTokenClaims};
use platform::problems::{INVALID_REQUEST, Problem};

use super::{tokens, view};
use crate::app::App;
use crate::faults::{Fault, Refusal};
use crate::ids::{QueueId, TicketId, UserId};
use crate::line_store::{Ending, Finished, Joined};
use crate::live::Line;
use crate::problems::{
    JOIN_GRANT_EXPIRED, JOIN_GRANT_INVALID, NO_SUCH_TICKET, QUEUE_CLOSED, QUEUE_NOT_OPEN_YET,
    TICKET_TOKEN_INVALID,
};
use crate::queues::{NoSuchQueue, line_of, on_line, tenants_line};
use crate::tenants::{NotATenant, Tenant, claims_of};
use crate::time::{instant, millis};

/// Why a fan did not join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum JoinRefused {
    /// Neither a grant nor a user, or both.
    Ambiguous,
    /// The tenant's server is not who it says.
    NotATenant(NotATenant),
    /// The grant is not of this queue's tenant, or not for this queue.
    GrantInvalid,
    /// The grant was valid once.
    GrantExpired,
    NoSuchQueue,
    TooEarly {
        opens_at_ms: u64,
    },
    /// The grant is for a line that comes later.
    NotYet {
        opens_at: DateTime<Utc>,
    },
    Closed {
        reason: String,
    },
}

impl Refusal for JoinRefused {
    fn problem(&self) -> Problem {
        match self {
            Self::Ambiguous => Problem::new(INVALID_REQUEST)
                .detail("send either `grant`, or `user_id` with the tenant's service token"),
            Self::NotATenant(refusal) => refusal.problem(),
            Self::GrantInvalid => Problem::new(JOIN_GRANT_INVALID),
            Self::GrantExpired => Problem::new(JOIN_GRANT_EXPIRED),
            Self::NoSuchQueue => NoSuchQueue.problem(),
            Self::TooEarly { opens_at_ms } => {
                Problem::new(QUEUE_NOT_OPEN_YET).member("opens_at", wire(instant(*opens_at_ms)))
            }
            Self::NotYet { opens_at } => Problem::new(QUEUE_NOT_OPEN_YET).member("opens_at", wire(*opens_at)),
            Self::Closed { reason } => Problem::new(QUEUE_CLOSED).member("reason", reason.as_str()),
        }
    }
}

/// Why a ticket is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LookRefused {
    /// The token is none of ours, or no longer valid.
    TokenInvalid,
    /// The line does not know it (any more), or the token is of another.
    NoSuchTicket,
}

impl Refusal for LookRefused {
    fn problem(&self) -> Problem {
        match self {
            Self::TokenInvalid => Problem::new(TICKET_TOKEN_INVALID),
            Self::NoSuchTicket => Problem::new(NO_SUCH_TICKET),
        }
    }
}

impl From<NoSuchQueue> for JoinRefused {
    fn from(_: NoSuchQueue) -> Self {
        Self::NoSuchQueue
    }
}

impl From<NotATenant> for JoinRefused {
    fn from(refusal: NotATenant) -> Self {
        Self::NotATenant(refusal)
    }
}

impl From<NoSuchQueue> for LookRefused {
    fn from(_: NoSuchQueue) -> Self {
        Self::NoSuchTicket
    }
}

/// A fan's app joins with a grant that the tenant signed.
pub(super) async fn join_with_grant(
    app: &Arc<App>,
    queue: QueueId,
    grant: &str,
) -> Result<(Ticket, bool), Fault<JoinRefused>> {
    let (tenant, claims) =
        claims_of::<JoinGrantClaims>(app, JOIN_GRANT_TYP, grant).map_err(|refusal| match refusal {
            NotATenant::Expired => JoinRefused::GrantExpired,
            NotATenant::Invalid => JoinRefused::GrantInvalid,
        })?;
    if claims.queue_id != queue.0 {
        return Err(JoinRefused::GrantInvalid.into());
    }
    if let Some(opens_at) = claims.nbf.and_then(|nbf| DateTime::from_timestamp(nbf, 0))
        && app.clock.now() < opens_at
    {
        return Err(JoinRefused::NotYet { opens_at }.into());
    }
    join_as(app, &tenant, queue, UserId(claims.sub)).await
}

/// The fan takes a place; the same place if they have one. Says whether it is fresh.
pub(super) async fn join_as(
    app: &Arc<App>,
    tenant: &Tenant,
    queue: QueueId,
    user: UserId,
) -> Result<(Ticket, bool), Fault<JoinRefused>> {
    let line = tenants_line(app, tenant, queue).await.map_err(Fault::widen)?;

    let fresh = TicketId::fresh(app.ids, line.queue.number);
    let joined = on_line(app, &line, || app.store.join(&line.keys, user, fresh)).await?;

    let (ticket, mut seen, fresh) = match joined {
        Joined::Fresh(ticket) => {
            let seen = view::fresh(app, &line, &ticket);
            (ticket, seen, true)
        }
        Joined::Already(ticket) => {
            let is_current = line.reads.next().await;
            let seen = view::placed(app, &line, &ticket).await?;
            (ticket, view::sure(seen, is_current), false)
        }
        Joined::TooEarly { opens_at_ms } => return Err(JoinRefused::TooEarly { opens_at_ms }.into()),
        Joined::Closed { reason } => return Err(JoinRefused::Closed { reason }.into()),
    };
    seen.ticket_token = Some(tokens::issue(app, &line, &ticket)?);
    Ok((seen, fresh))
}

/// The ticket as it is now: from memory while it waits, from the store otherwise.
///
/// Another node may have told this fan a better place a moment ago, so this one reads on before it speaks. If it cannot, it says
/// that the fan waits, and no place: one that might be taken back is worse than none.
pub(crate) async fn look(
    app: &Arc<App>,
    claims: &TicketTokenClaims,
) -> Result<(Arc<Line>, Ticket), Fault<LookRefused>> {
    let line = line_of(app, QueueId(claims.queue_id))
        .await
        .map_err(Fault::widen)?;
    let id = TicketId(claims.ticket_id);
    line.signs.note(id);
    let is_current = line.reads.next().await;
    if let Some(place) = line.mirror.place(claims.sequence, millis(app.clock.now())) {
        let ticket = view::waiting(app, &line, claims.ticket_id, place);
        return Ok((line, view::sure(ticket, is_current)));
    }
    let found = on_line(app, &line, || app.store.ticket(&line.keys, id)).await?;
    let ticket = view::placed(app, &line, &found.ok_or(LookRefused::NoSuchTicket)?).await?;
    Ok((line, view::sure(ticket, is_current)))
}

/// The fan gives up the place or the session. Repeating it changes nothing.
pub(super) async fn leave(app: &Arc<App>, claims: &TicketTokenClaims) -> Result<(), Fault<LookRefused>> {
    let line = line_of(app, QueueId(claims.queue_id))
        .await
        .map_err(Fault::widen)?;
    let id = TicketId(claims.ticket_id);
    let finished = on_line(app, &line, || app.store.finish(&line.keys, id, Ending::Leave)).await?;
    match finished {
        Finished::Ended(_) => Ok(()),
        Finished::NotAdmitted | Finished::NoTicket => Err(LookRefused::NoSuchTicket.into()),
    }
}

fn wire(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}
