//! Runs what is due: claims with SKIP LOCKED, a bounded number at once, each with a deadline; who fails comes back later
//! and later, and is dead after [`ATTEMPTS_MAX`] failures in a row.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use platform::tasks::Tasks;
use uuid::Uuid;

use super::store::{self, Claimed};
use super::{Job, Outcome};
use crate::app::{App, Db};
use crate::events::consumers::is_unavailable;
use crate::events::{Outage, backoff, relay};
use crate::{matches, payments};

/// Failures in a row after which a job is dead. With [`DELAYS`] that is about two hours: longer than an outage of Stripe
/// that nobody would have to look at.
pub const ATTEMPTS_MAX: i32 = 120;
/// First and longest delay after a failure.
const DELAYS: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(60));
/// Jobs at once: they mostly wait for Stripe, whose budget (25 calls/s) they could not use up faster.
const IN_HAND_MAX: usize = 8;
/// How late a job may start.
const POLL: Duration = Duration::from_millis(100);
/// A database that just failed is left alone for so long.
const PAUSE_IN_OUTAGE: Duration = Duration::from_secs(1);
/// A run that takes longer has failed.
const RUN_LIMIT: Duration = Duration::from_secs(40);
/// A dead worker's jobs come back after so long; longer than [`RUN_LIMIT`], or two would run one job.
const CLAIM: Duration = Duration::from_secs(60);
/// How long shutdown waits for jobs in hand; the others are given back.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(2);
/// As much of an error as is kept: enough to see the cause.
const ERROR_CHARS_MAX: usize = 500;

/// Runs due jobs until shutdown.
pub async fn run(app: Arc<App>) {
    let doing = |job| {
        let app = app.clone();
        async move { dispatch(&app, job).await }
    };
    run_on(&app.db, &app.tasks, &KINDS, doing).await;
}

/// The kinds that [`dispatch`] knows.
const KINDS: [&str; 5] = [
    "sync_queue",
    "close_order",
    "refund_payment",
    "end_session",
    "tell_holders",
];

async fn dispatch(app: &App, job: Job) -> anyhow::Result<Outcome> {
    let outcome = match job {
        Job::SyncQueue(id) => matches::actions::sync_queue(app, id).await,
        Job::CloseOrder(id) => payments::actions::close_order(app, id).await,
        Job::RefundPayment(id) => payments::actions::refund(app, id).await,
        Job::TellHolders(id) => matches::plans::notices::tell_holders(app, id).await,
        Job::EndSession(id) => payments::actions::end_session(app, id).await,
    };
    relay::poke();
    outcome
}

/// The runner itself: claims jobs of `kinds` and does them by `doing`.
pub async fn run_on<D, F>(db: &Db, tasks: &Tasks, kinds: &[&str], doing: D)
where
    D: Fn(Job) -> F,
    F: Future<Output = anyhow::Result<Outcome>>,
{
    let kinds: Vec<String> = kinds.iter().map(|kind| (*kind).to_owned()).collect();
    let outage = Outage::none("jobs");
    let stop = tasks.shutting_down();
    let mut in_hand = FuturesUnordered::new();
    let mut claims: Vec<Claimed> = Vec::new();
    let mut pause = Duration::ZERO;
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(job_id) = in_hand.next() => claims.retain(|claim: &Claimed| claim.job_id != job_id),
            true = tasks.sleep(pause), if in_hand.len() < IN_HAND_MAX => {
                let room = i64::try_from(IN_HAND_MAX - in_hand.len()).unwrap_or(1);
                pause = match store::claim_due_jobs(db, &kinds, room, CLAIM).await {
                    Ok(claimed) => {
                        outage.over();
                        for claim in claimed {
                            claims.push(claim.clone());
                            in_hand.push(run_claimed(db, claim, &doing));
                        }
                        POLL
                    }
                    Err(error) => {
                        outage.seen(&error);
                        PAUSE_IN_OUTAGE
                    }
                };
            }
        }
    }
    let rest = async {
        while let Some(job_id) = in_hand.next().await {
            claims.retain(|claim| claim.job_id != job_id);
        }
    };
    if tokio::time::timeout(SHUTDOWN_LIMIT, rest).await.is_err() {
        give_back(db, &claims).await;
    }
}

/// Runs one job to its end and says which it was.
async fn run_claimed<D, F>(db: &Db, claim: Claimed, doing: &D) -> Uuid
where
    D: Fn(Job) -> F,
    F: Future<Output = anyhow::Result<Outcome>>,
{
    let Some(job) = Job::of_row(&claim.kind, claim.subject_id) else {
        return claim.job_id;
    };
    let running = AssertUnwindSafe(doing(job)).catch_unwind();
    let outcome = match tokio::time::timeout(RUN_LIMIT, running).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(anyhow::anyhow!("it panicked")),
        Err(_) => Err(anyhow::anyhow!("it took longer than {RUN_LIMIT:?}")),
    };
    let saved = match outcome {
        Ok(Outcome::Done) => store::save_done(db, &claim).await,
        Ok(Outcome::Again { after }) => store::save_again(db, &claim, 0, after, None).await,
        Err(error) => save_failure(db, &claim, job, &error).await,
    };
    if let Err(error) = saved {
        tracing::warn!(%error, "Job {job} runs again when its claim ends: its outcome was not saved");
    }
    claim.job_id
}

/// A failure while the database is away is not the job's: it is not counted.
async fn save_failure(db: &Db, claim: &Claimed, job: Job, error: &anyhow::Error) -> Result<(), sqlx::Error> {
    let text: String = format!("{error:#}").chars().take(ERROR_CHARS_MAX).collect();
    let attempts = claim.attempts - i32::from(is_unavailable(error));
    if attempts >= ATTEMPTS_MAX {
        store::save_dead(db, claim, &text).await?;
        tracing::error!(alarm = "dead_job", attempts, error = text, "Job {job} is dead");
        return Ok(());
    }
    let after = backoff(DELAYS.0, DELAYS.1, u32::try_from(attempts).unwrap_or(0));
    tracing::warn!(
        attempts,
        error = text,
        "Job {job} failed and runs again in {after:?}"
    );
    store::save_again(db, claim, attempts, after, Some(&text)).await
}

/// What shutdown cut short is due at once, for the next worker.
async fn give_back(db: &Db, claims: &[Claimed]) {
    for claim in claims {
        let attempts = claim.attempts - 1;
        if let Err(error) = store::save_again(db, claim, attempts, Duration::ZERO, None).await {
            tracing::warn!(%error, job.id = %claim.job_id, "A job is given back only when its claim ends");
        }
    }
}
