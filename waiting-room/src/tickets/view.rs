//! A ticket as its fan sees it.

use contracts::room::{Ticket, TicketState};
use uuid::Uuid;

use crate::app::App;
use crate::line_store::PlacedTicket;
use crate::live::{Line, Place};
use crate::sessions;
use crate::time::instant;

/// The ticket at its place.
pub(super) fn waiting(app: &App, line: &Line, ticket_id: Uuid, place: Place) -> Ticket {
    Ticket {
        ticket_id,
        queue_id: line.queue.id.0,
        state: TicketState::Waiting,
        reason: None,
        position: Some(place.position),
        queue_size: place.queue_size,
        estimated_wait_seconds: place.estimated_wait,
        session_expires_at: None,
        pass: None,
        ticket_token: None,
        ws_url: ws_url(app, ticket_id),
    }
}

/// The ticket that was made just now, of which the node has not heard yet.
pub(super) fn fresh(app: &App, line: &Line, ticket: &PlacedTicket) -> Ticket {
    waiting(app, line, ticket.id.0, line.stored_place(app, ticket))
}

/// The ticket as the store has it, told so that the next look does not take it back.
pub(super) async fn placed(app: &App, line: &Line, ticket: &PlacedTicket) -> anyhow::Result<Ticket> {
    let state = ticket.state;
    if state == TicketState::Waiting {
        let place = line.place_of(app, ticket).await;
        return Ok(waiting(app, line, ticket.id.0, place));
    }
    line.hear_of(app, ticket).await;
    let admitted = ticket.session_expires_at_ms > 0;
    let pass = match state {
        TicketState::Admitted => Some(sessions::issue_pass(app, line, ticket)?),
        TicketState::Waiting
        | TicketState::Completed
        | TicketState::SessionExpired
        | TicketState::Cancelled
        | TicketState::Expired => None,
    };
    Ok(Ticket {
        ticket_id: ticket.id.0,
        queue_id: line.queue.id.0,
        state,
        reason: ticket.reason,
        position: None,
        queue_size: ticket.queue_size,
        estimated_wait_seconds: None,
        session_expires_at: admitted.then(|| instant(ticket.session_expires_at_ms)),
        pass,
        ticket_token: None,
        ws_url: ws_url(app, ticket.id.0),
    })
}

/// The ticket without a place that another node may have told better.
pub(super) fn sure(ticket: Ticket, is_current: bool) -> Ticket {
    if is_current {
        return ticket;
    }
    Ticket {
        position: None,
        estimated_wait_seconds: None,
        ..ticket
    }
}

fn ws_url(app: &App, ticket_id: Uuid) -> String {
    format!("{}/tickets/{ticket_id}/ws", app.sockets_public_url)
}
