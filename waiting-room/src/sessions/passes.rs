//! Session passes: proof of an open session that the origin verifies alone.

use contracts::tokens::{SESSION_PASS_TYP, SessionPassClaims};

use crate::app::App;
use crate::line_store::PlacedTicket;
use crate::live::Line;

/// The pass of an admitted ticket. The same session always has the same pass.
pub(crate) fn issue(app: &App, line: &Line, ticket: &PlacedTicket) -> anyhow::Result<String> {
    let ends_ms = i64::try_from(ticket.session_expires_at_ms)?;
    let begun_ms = ends_ms - i64::try_from(line.queue.session_ttl_ms)?;
    let claims = SessionPassClaims {
        iss: app.issuer.clone(),
        aud: line.queue.tenant_name.clone(),
        sub: ticket.user.0,
        queue_id: line.queue.id.0,
        ticket_id: ticket.id.0,
        iat: begun_ms.div_euclid(1_000),
        exp: ends_ms.div_euclid(1_000),
        session_expires_at_ms: ends_ms,
    };
    app.key.sign(SESSION_PASS_TYP, &claims)
}
