//! Everything that the checker judges, as it was at the end of the run.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

use crate::fans::history::History;

pub(crate) type Time = DateTime<Utc>;

/// The facts of one run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    /// The database's clock at loading.
    pub(crate) now: Time,
    pub(crate) ticket_limit: usize,
    pub(crate) sessions_max: usize,
    pub(crate) seats: Vec<Seat>,
    pub(crate) carts: Vec<Cart>,
    pub(crate) orders: Vec<Order>,
    pub(crate) payments: Vec<Payment>,
    pub(crate) refunds: Vec<Refund>,
    pub(crate) tickets: Vec<Ticket>,
    pub(crate) ledger: Vec<LedgerLeg>,
    pub(crate) outbox: Vec<OutboxRow>,
    pub(crate) unapplied_gateway_events: Vec<UnappliedEvent>,
    /// Consumer and event of every dead letter.
    pub(crate) dead_letters: Vec<(String, Uuid)>,
    /// Jobs that were given up, by their kind and subject.
    pub(crate) dead_jobs: Vec<(String, Uuid)>,
    /// Ids of mail events whose mail was sent.
    pub(crate) mails_sent: Vec<Uuid>,
    pub(crate) audit: Vec<AuditEntry>,
    pub(crate) line: Vec<LineEntry>,
    pub(crate) emails: BTreeMap<Uuid, String>,
    /// What Stripe truly did.
    pub(crate) intents: Vec<Intent>,
    /// What became of Stripe's webhooks.
    pub(crate) webhooks: Webhooks,
    /// Different mails (by Message-ID) that truly arrived, by address in lower case.
    pub(crate) received_mails: BTreeMap<String, usize>,
    /// Arrivals of a mail that had arrived before.
    pub(crate) mails_repeated: usize,
    pub(crate) histories: Vec<History>,
}

impl Facts {
    /// Seats on which somebody has a right to sit.
    pub(crate) fn seats_with_tickets(&self) -> BTreeSet<Uuid> {
        let live = self.tickets.iter().filter(|ticket| ticket.is_live());
        live.map(|ticket| ticket.seat_id).collect()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Seat {
    pub(crate) seat_id: Uuid,
    pub(crate) zone_id: Uuid,
    pub(crate) status: String,
}

impl Seat {
    /// Was for sale in this run.
    pub(crate) fn is_open(&self) -> bool {
        self.status == "AVAILABLE" || self.status == "SOLD"
    }
}

#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Cart {
    pub(crate) cart_id: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) seat_ids: Vec<Uuid>,
    pub(crate) held_at: Time,
    pub(crate) locked_until: Time,
    pub(crate) ended_at: Option<Time>,
    pub(crate) ended_as: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Order {
    pub(crate) order_id: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) cart_id: Uuid,
    pub(crate) state: String,
    pub(crate) total_cents: i64,
    pub(crate) session_ends_at: Time,
    pub(crate) lines: i64,
    pub(crate) lines_cents: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Payment {
    pub(crate) order_id: Uuid,
    pub(crate) state: String,
    pub(crate) amount_cents: i64,
    pub(crate) intent_id: Option<String>,
    pub(crate) started_at: Time,
}

#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Refund {
    pub(crate) order_id: Uuid,
    pub(crate) amount_cents: i64,
    pub(crate) state: String,
}

#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Ticket {
    pub(crate) ticket_id: Uuid,
    pub(crate) order_id: Uuid,
    pub(crate) seat_id: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) identity: Vec<u8>,
    pub(crate) state: String,
    pub(crate) issued_at: Time,
    pub(crate) cancelled_at: Option<Time>,
}

impl Ticket {
    pub(crate) fn is_live(&self) -> bool {
        self.state != "CANCELLED"
    }

    /// When the seat was nobody's again; `None`: never. State and stamp must agree, or the ticket counts as not ended.
    pub(crate) fn owned_until(&self) -> Option<Time> {
        self.cancelled_at.filter(|_| !self.is_live())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct LedgerLeg {
    pub(crate) movement_id: Uuid,
    pub(crate) order_id: Uuid,
    pub(crate) account: String,
    pub(crate) cents: i64,
    pub(crate) currency: String,
}

#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct OutboxRow {
    pub(crate) event_id: Uuid,
    pub(crate) nats_subject: String,
    pub(crate) aggregate_id: Uuid,
    pub(crate) created_at: Time,
    pub(crate) published_at: Option<Time>,
}

#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct UnappliedEvent {
    pub(crate) gateway_event_id: String,
    pub(crate) kind: String,
    pub(crate) received_at: Time,
}

/// An audit entry with the parts of its canonical text, as Postgres prints them.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct AuditEntry {
    pub(crate) subject_id: Uuid,
    pub(crate) entry_no: i32,
    pub(crate) at_text: String,
    pub(crate) actor: String,
    pub(crate) deed: String,
    pub(crate) details_text: String,
    pub(crate) hash: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct LineEntry {
    pub(crate) kind: String,
    pub(crate) ticket_id: Uuid,
    pub(crate) at: Time,
    pub(crate) session_expires_at: Option<Time>,
}

/// An intent as the Stripe stand-in knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Intent {
    pub(crate) id: String,
    pub(crate) captured_cents: i64,
    pub(crate) refunded_cents: i64,
}

/// What the Stripe stand-in did with its webhooks, counted by event.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Webhooks {
    pub(crate) sent: usize,
    pub(crate) duplicated: usize,
    pub(crate) delayed: usize,
    pub(crate) reordered: usize,
    pub(crate) lost: usize,
}
