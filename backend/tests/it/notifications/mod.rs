//! Mail, from the outbox to the mail server.

mod scripted_smtp;
pub(crate) mod worker;
