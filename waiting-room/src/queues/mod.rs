//! Queues: what their tenants set, and where they stand.
//!
//! Owns: table `queues` (except `logged_delta`).
//! Publishes: the queue of a line; `QUEUE_PAUSED`, `QUEUE_RESUMED`, `QUEUE_CLOSED` deltas through `line_store`.
//! Invariants: one queue per tenant and reference; Postgres is changed first and the line after it, and an older version
//! never overwrites a newer one (`settings_version`), so that repeating a failed change puts both right; a closed queue
//! stays closed; a tenant sees only its own queues.

mod actions;
mod founding;
mod http;
mod rules;
mod store;

pub(crate) use actions::{NoSuchQueue, line_numbered, line_of, run_queues, tenants_line};
pub(crate) use founding::on_line;
pub(crate) use http::configure;
pub(crate) use store::{mark_closed, mark_over};

use crate::ids::{QueueId, QueueNumber, TenantId};

/// What never changes about a queue.
#[derive(Debug, Clone)]
pub(crate) struct Queue {
    pub(crate) id: QueueId,
    pub(crate) number: QueueNumber,
    pub(crate) tenant_id: TenantId,
    pub(crate) tenant_name: String,
    pub(crate) session_ttl_ms: u64,
    pub(crate) ticket_ttl_ms: u64,
}
