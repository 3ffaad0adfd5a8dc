//! Ticket tokens: the fan's signed receipt of a place, verified without a store read.

use chrono::TimeDelta;
use contracts::tokens::{TICKET_TOKEN_TYP, TicketTokenClaims};
use uuid::Uuid;

use super::actions::LookRefused;
use crate::app::App;
use crate::line_store::PlacedTicket;
use crate::live::Line;

/// A queue may be open for days, and joining again renews the token.
const LIFE: TimeDelta = TimeDelta::days(7);

pub(super) fn issue(app: &App, line: &Line, ticket: &PlacedTicket) -> anyhow::Result<String> {
    let now = app.clock.now();
    let claims = TicketTokenClaims {
        iss: app.issuer.clone(),
        sub: ticket.user.0,
        queue_id: line.queue.id.0,
        ticket_id: ticket.id.0,
        sequence: ticket.sequence,
        iat: now.timestamp(),
        exp: (now + LIFE).timestamp(),
    };
    app.key.sign(TICKET_TOKEN_TYP, &claims)
}

/// The claims of a token that this room has signed, if it is still valid and of `ticket`. Somebody else's ticket is not there, just
/// as one that never was.
///
/// # Errors
/// [`LookRefused`].
pub(crate) fn verify(app: &App, token: &str, ticket: Uuid) -> Result<TicketTokenClaims, LookRefused> {
    let claims: TicketTokenClaims = app
        .verifying_key
        .verify(TICKET_TOKEN_TYP, token, None, app.clock.now())
        .map_err(|_| LookRefused::TokenInvalid)?;
    if claims.iss != app.issuer {
        return Err(LookRefused::TokenInvalid);
    }
    if claims.ticket_id != ticket {
        return Err(LookRefused::NoSuchTicket);
    }
    Ok(claims)
}
