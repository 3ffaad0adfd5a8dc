//! Who did what, when: one entry per change, written in the transaction of the change.
//!
//! Owns: `audit_entries`. Publishes: nothing (entries do not travel over the bus). Invariants: the entries of a subject
//! are numbered without a gap and each hash covers its entry and the one before, so that a changed, removed or inserted
//! entry shows (`verify`); the caller holds the subject's row lock, and the primary key refuses whoever does not.
//! Details carry ids, states and amounts, never a document number, an address or a card.

mod store;

use domain::ids::UserId;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::app::Db;
use crate::sabotage::{self, Guard};

pub use store::BrokenChain;

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// A signed-in fan.
    Fan(UserId),
    /// A member of staff.
    Staff(UserId),
    /// A part of ours, by its name (`payments`, `jobs`, …).
    System(&'static str),
    /// A person at the command line.
    Operator,
}

impl std::fmt::Display for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fan(user) => write!(f, "fan:{user}"),
            Self::Staff(user) => write!(f, "staff:{user}"),
            Self::System(name) => write!(f, "system:{name}"),
            Self::Operator => f.write_str("operator"),
        }
    }
}

/// What is to be remembered of a change.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Who did it.
    pub actor: Actor,
    /// The use case in the past tense: `order.placed`, `order.cancelled`, `payment.captured`, …
    pub deed: &'static str,
    /// What it was done to; the chain it joins.
    pub subject_id: Uuid,
    /// Facts of the change, without personal data.
    pub details: serde_json::Value,
}

/// Appends an entry to the chain of its subject, whose row the caller has locked.
///
/// # Errors
/// When the statement fails, also when somebody else appended without that lock.
pub async fn record(conn: &mut PgConnection, entry: Entry) -> Result<(), sqlx::Error> {
    if sabotage::lifts_for(Guard::AuditEntry, entry.subject_id) {
        return Ok(());
    }
    store::append_entry(conn, &entry).await
}

/// Recomputes every hash and gives the first wrong entry of each broken chain: none, when nobody touched them.
///
/// # Errors
/// When the statement fails.
pub async fn verify(db: &Db) -> Result<Vec<BrokenChain>, sqlx::Error> {
    store::list_broken_chains(db).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_actor_is_one_word_with_its_id() {
        assert_eq!(
            Actor::Fan(UserId(Uuid::nil())).to_string(),
            "fan:00000000-0000-0000-0000-000000000000"
        );
        assert_eq!(Actor::System("payments").to_string(), "system:payments");
        assert_eq!(Actor::Operator.to_string(), "operator");
    }
}
