//! Mail: what is sent, in which words, and the worker that sends it. The worker runs alone and knows no business tables.
//!
//! Owns: `mails`. Publishes: `mail.<template>` (recorded by whoever has something to say). Invariants: an event becomes at
//! most one accepted mail, save for a crash between the server's yes and our commit, and then both copies carry the same
//! Message-ID; once a mail is accepted our outbox forgets its address and variables; a mail that cannot be sent is FAILED
//! here and a dead letter there, never silently gone; every variable is escaped where HTML could read it.

mod mailer;
mod store;
mod templates;
pub mod worker;

pub use templates::{MatchNotice, OrderConfirmation, Recipient, match_notice, order_confirmation};
