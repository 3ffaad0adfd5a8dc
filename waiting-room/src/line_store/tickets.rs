//! Verbs on one ticket.

use contracts::room::{ExpiryReason, TicketState};

use super::reply::Reply;
use super::{Found, LineKeys, LineStore};
use crate::ids::{TicketId, UserId};

/// A ticket as the store has it, judged by the store's clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlacedTicket {
    pub(crate) id: TicketId,
    pub(crate) state: TicketState,
    /// Why it is `EXPIRED`, if the store knows.
    pub(crate) reason: Option<ExpiryReason>,
    pub(crate) sequence: u64,
    pub(crate) user: UserId,
    /// End of the session, ms; 0 before admission.
    pub(crate) session_expires_at_ms: u64,
    /// Number of the delta that last changed the ticket.
    pub(crate) version: u64,
    /// Of those who wait, from 1; 0 outside the line.
    pub(crate) position: u64,
    /// Fans in the line now.
    pub(crate) queue_size: u64,
}

/// What came of joining.
#[derive(Debug)]
pub(crate) enum Joined {
    /// A new place at the end.
    Fresh(PlacedTicket),
    /// The place that the fan has already.
    Already(PlacedTicket),
    /// The opening lies ahead.
    TooEarly { opens_at_ms: u64 },
    /// The queue is over.
    Closed { reason: String },
}

/// How a ticket is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The fan leaves the line or the session.
    Leave,
    /// The purchase is done.
    Complete,
    /// The tenant gives the slot back.
    Abandon,
}

/// What came of ending.
#[derive(Debug)]
pub(crate) enum Finished {
    /// It has ended, now or before.
    Ended(PlacedTicket),
    /// It has no session to end.
    NotAdmitted,
    /// There is no such ticket.
    NoTicket,
}

impl LineStore {
    /// Puts `user` at the end of the line under the id `fresh`, unless they have a living ticket.
    pub(crate) async fn join(&self, keys: &LineKeys, user: UserId, fresh: TicketId) -> Found<Joined> {
        let arguments = vec![user.to_string(), fresh.to_string()];
        let Some(mut reply) = self.run(&self.scripts.join, keys, arguments).await? else {
            return Ok(None);
        };
        let _now = reply.number()?;
        let joined = match reply.outcome() {
            "JOINED" => Joined::Fresh(placed(&mut reply)?),
            "ALREADY" => Joined::Already(placed(&mut reply)?),
            "TOO_EARLY" => Joined::TooEarly {
                opens_at_ms: reply.number()?,
            },
            "CLOSED" => Joined::Closed {
                reason: reply.word()?,
            },
            other => anyhow::bail!("join.lua answered `{other}`"),
        };
        Ok(Some(joined))
    }

    /// The ticket `id`.
    pub(crate) async fn ticket(&self, keys: &LineKeys, id: TicketId) -> Found<Option<PlacedTicket>> {
        let found = self.find(keys, "ticket", id.to_string()).await?;
        Ok(found.map(|(_, ticket)| ticket))
    }

    /// Ends a ticket. Repeating it changes nothing.
    pub(crate) async fn finish(&self, keys: &LineKeys, id: TicketId, ending: Ending) -> Found<Finished> {
        let word = match ending {
            Ending::Leave => "LEAVE",
            Ending::Complete => "COMPLETE",
            Ending::Abandon => "ABANDON",
        };
        let arguments = vec![id.to_string(), word.to_owned()];
        let Some(mut reply) = self.run(&self.scripts.finish, keys, arguments).await? else {
            return Ok(None);
        };
        let _now = reply.number()?;
        let finished = match reply.outcome() {
            "FINISHED" => Finished::Ended(placed(&mut reply)?),
            "NOT_ADMITTED" => Finished::NotAdmitted,
            "NO_TICKET" => Finished::NoTicket,
            other => anyhow::bail!("finish.lua answered `{other}`"),
        };
        Ok(Some(finished))
    }

    /// The store's time, ms, and the ticket found `by` its own id or its user's.
    pub(super) async fn find(
        &self,
        keys: &LineKeys,
        by: &str,
        id: String,
    ) -> Found<(u64, Option<PlacedTicket>)> {
        let arguments = vec![by.to_owned(), id];
        let Some(mut reply) = self.run(&self.scripts.find, keys, arguments).await? else {
            return Ok(None);
        };
        let now = reply.number()?;
        let ticket = match reply.outcome() {
            "FOUND" => Some(placed(&mut reply)?),
            "NO_TICKET" => None,
            other => anyhow::bail!("find.lua answered `{other}`"),
        };
        Ok(Some((now, ticket)))
    }
}

fn placed(reply: &mut Reply) -> anyhow::Result<PlacedTicket> {
    let id = TicketId(reply.uuid()?);
    let (state, reason) = reply.ticket_state()?;
    Ok(PlacedTicket {
        id,
        state,
        reason,
        sequence: reply.number()?,
        user: UserId(reply.uuid()?),
        session_expires_at_ms: reply.number()?,
        version: reply.number()?,
        position: reply.number()?,
        queue_size: reply.number()?,
    })
}
