//! Orders to ourselves: enqueued in the transaction of the change that calls for them, done later, as often as it takes.
//! Whatever talks to somebody remote is done here or after a commit.
//!
//! Owns: `jobs`. Publishes: nothing. Invariants: one row per (kind, subject), for ever (`jobs_one_per_subject`); a job is
//! run by one worker at a time (its claim), at least once; a worker that dies gives its jobs back when the claim ends; a
//! job fails [`runner::ATTEMPTS_MAX`] times in a row before it is dead, and a dead job is loud and can be revived.
//!
//! | Job | Subject | Due | What it does | Ends when |
//! |---|---|---|---|---|
//! | `sync_queue` | match | its publication, every change of it | makes the match's queue in the waiting room as the match is: caps, openings, state | the room has answered |
//! | `close_order` | order | 15 s after its payment began; end of its session | asks Stripe about the payment; at the end cancels it and frees the seats | the order has ended |
//! | `refund_payment` | payment | at once | sends back what came too late or was given back | the refund succeeded |
//! | `tell_holders` | notice | at once, then every second | mails the next few hundred people with a ticket that their match was changed or called off | everybody was told |
//! | `end_session` | order | at once | tells the waiting room that the fan is done | the room knows |
//!
//! Schedules that are no jobs: the relay clears published outbox rows after 7 days (hourly), the fallback applies gateway
//! events that the bus left lying for 5 s (every second).

pub mod runner;
mod store;

use std::time::Duration;

use domain::Timestamp;
use domain::ids::{MatchId, NoticeId, OrderId, PaymentId};
use platform::ids::Ids;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::app::Db;

/// All of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    /// The match's queue in the waiting room must be as the match is.
    SyncQueue(MatchId),
    /// The order's payment may have been captured without a word, or its session has ended.
    CloseOrder(OrderId),
    /// The payment's money must go back.
    RefundPayment(PaymentId),
    /// The waiting room may give the place to the next fan.
    EndSession(OrderId),
    /// Everybody with a ticket must hear of a change of their match.
    TellHolders(NoticeId),
}

impl Job {
    /// Its name in the table.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::SyncQueue(_) => "sync_queue",
            Self::CloseOrder(_) => "close_order",
            Self::RefundPayment(_) => "refund_payment",
            Self::EndSession(_) => "end_session",
            Self::TellHolders(_) => "tell_holders",
        }
    }

    /// What it is about.
    #[must_use]
    pub fn subject_id(self) -> Uuid {
        match self {
            Self::SyncQueue(id) => id.0,
            Self::CloseOrder(id) | Self::EndSession(id) => id.0,
            Self::RefundPayment(id) => id.0,
            Self::TellHolders(id) => id.0,
        }
    }

    /// The job of a row; none when a newer version of this program wrote it.
    fn of_row(kind: &str, subject: Uuid) -> Option<Self> {
        match kind {
            "sync_queue" => Some(Self::SyncQueue(MatchId(subject))),
            "close_order" => Some(Self::CloseOrder(OrderId(subject))),
            "refund_payment" => Some(Self::RefundPayment(PaymentId(subject))),
            "end_session" => Some(Self::EndSession(OrderId(subject))),
            "tell_holders" => Some(Self::TellHolders(NoticeId(subject))),
            _ => None,
        }
    }
}

impl std::fmt::Display for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind(), self.subject_id())
    }
}

/// What came of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Never again.
    Done,
    /// Nothing went wrong, but there is more to do.
    Again {
        /// Not before so long.
        after: Duration,
    },
}

/// Orders `job` for `run_at`. A second order for the same subject changes nothing.
///
/// # Errors
/// When the statement fails.
pub async fn enqueue(
    conn: &mut PgConnection,
    ids: Ids,
    job: Job,
    run_at: Timestamp,
) -> Result<(), sqlx::Error> {
    store::insert_job(conn, ids.next(), job, run_at).await
}

/// Orders `job` for now, whether or not it was ordered or done before; if it is running now, it runs once more.
///
/// # Errors
/// When the statement fails.
pub async fn renew(conn: &mut PgConnection, ids: Ids, job: Job) -> Result<(), sqlx::Error> {
    store::renew_job(conn, ids.next(), job, 0).await
}

/// The same for a while from now.
///
/// # Errors
/// When the statement fails.
pub async fn renew_in(
    conn: &mut PgConnection,
    ids: Ids,
    job: Job,
    delay_seconds: i32,
) -> Result<(), sqlx::Error> {
    store::renew_job(conn, ids.next(), job, delay_seconds).await
}

/// Lets a job that is not done run earlier than it was ordered for; never later. If it is running now, it runs once more.
///
/// # Errors
/// When the statement fails.
pub async fn bring_forward(conn: &mut PgConnection, job: Job, run_at: Timestamp) -> Result<(), sqlx::Error> {
    store::save_earlier(conn, job, run_at).await
}

/// Gives every dead job its attempts back and says how many there were. For operators, once the cause is gone.
///
/// # Errors
/// When the statement fails.
pub async fn revive_dead(db: &Db) -> Result<u64, sqlx::Error> {
    store::revive_dead_jobs(db).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_is_found_again_in_its_row() {
        let id = Uuid::from_u128(7);
        for job in [
            Job::SyncQueue(MatchId(id)),
            Job::CloseOrder(OrderId(id)),
            Job::RefundPayment(PaymentId(id)),
            Job::EndSession(OrderId(id)),
            Job::TellHolders(NoticeId(id)),
        ] {
            assert_eq!(Job::of_row(job.kind(), job.subject_id()), Some(job));
        }
        assert_eq!(Job::of_row("of_tomorrow", id), None);
    }
}
