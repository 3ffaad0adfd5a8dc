//! The job runner.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use backend::jobs::{self, Job, Outcome, runner};
use domain::Timestamp;
use domain::ids::OrderId;
use platform::ids::Ids;
use platform::tasks::Tasks;
use sqlx::{PgPool, query, query_scalar};
use uuid::Uuid;

use crate::support::{database, eventually};

const JOB: Job = Job::CloseOrder(OrderId(Uuid::from_u128(1)));

async fn now(db: &PgPool) -> Timestamp {
    query_scalar!(r#"SELECT clock_timestamp() AS "now!""#)
        .fetch_one(db)
        .await
        .unwrap()
}

async fn enqueue(db: &PgPool, job: Job, run_in: Duration) {
    let run_at = now(db).await + run_in;
    jobs::enqueue(&mut db.acquire().await.unwrap(), Ids, job, run_at)
        .await
        .unwrap();
}

async fn undone(db: &PgPool) -> i64 {
    query_scalar!(r#"SELECT count(*) AS "count!" FROM jobs WHERE done_at IS NULL"#)
        .fetch_one(db)
        .await
        .unwrap()
}

/// Runs jobs by `doing` until `until` holds, then shuts down.
async fn run_until<D, F, U, H>(db: &PgPool, doing: D, what: &str, until: U)
where
    D: Fn(Job) -> F,
    F: Future<Output = anyhow::Result<Outcome>>,
    U: FnMut() -> H,
    H: Future<Output = bool>,
{
    let tasks = Tasks::new();
    let stopping = async {
        eventually(what, until).await;
        tasks.shutting_down().cancel();
    };
    tokio::join!(runner::run_on(db, &tasks, &["close_order"], doing), stopping);
}

#[tokio::test]
async fn a_job_ordered_twice_runs_once_and_is_done() {
    let db = database().await;
    enqueue(&db, JOB, Duration::ZERO).await;
    enqueue(&db, JOB, Duration::ZERO).await;
    let runs = Mutex::new(Vec::new());

    let doing = |job| {
        runs.lock().unwrap().push(job);
        async { Ok(Outcome::Done) }
    };
    run_until(&db, doing, "it is done", || async { undone(&db).await == 0 }).await;

    assert_eq!(*runs.lock().unwrap(), [JOB]);
}

#[tokio::test]
async fn a_job_is_not_run_before_it_is_due_unless_it_is_brought_forward() {
    let db = database().await;
    enqueue(&db, JOB, Duration::from_secs(3_600)).await;
    let doing = |_| async { Ok(Outcome::Done) };
    let started = Instant::now();
    run_until(&db, doing, "half a second passes", || async {
        started.elapsed() > Duration::from_millis(500)
    })
    .await;
    assert_eq!(undone(&db).await, 1);

    let mut conn = db.acquire().await.unwrap();
    jobs::bring_forward(&mut conn, JOB, now(&db).await).await.unwrap();
    run_until(&db, doing, "it is done", || async { undone(&db).await == 0 }).await;
}

#[tokio::test]
async fn a_job_that_fails_comes_back_later_and_later_until_it_succeeds() {
    let db = database().await;
    enqueue(&db, JOB, Duration::ZERO).await;
    let starts = Mutex::new(Vec::new());

    let doing = |_| {
        let mut starts = starts.lock().unwrap();
        starts.push(Instant::now());
        let run = starts.len();
        async move {
            if run < 3 {
                Err(anyhow::anyhow!("not yet"))
            } else {
                Ok(Outcome::Done)
            }
        }
    };
    run_until(&db, doing, "it is done", || async { undone(&db).await == 0 }).await;

    let starts = starts.lock().unwrap();
    assert_eq!(starts.len(), 3);
    assert!(
        starts[1] - starts[0] >= Duration::from_millis(500),
        "{:?}",
        starts[1] - starts[0]
    );
    assert!(
        starts[2] - starts[1] >= Duration::from_secs(1),
        "{:?}",
        starts[2] - starts[1]
    );
}

#[tokio::test]
async fn a_job_that_fails_too_often_is_dead_and_can_be_revived() {
    let db = database().await;
    enqueue(&db, JOB, Duration::ZERO).await;
    query!("UPDATE jobs SET attempts = $1", runner::ATTEMPTS_MAX - 1)
        .execute(&db)
        .await
        .unwrap();

    let failing = |_| async { Err(anyhow::anyhow!("broken").context("cannot close the order")) };
    let dead = || async {
        query_scalar!("SELECT last_error FROM jobs WHERE dead_at IS NOT NULL")
            .fetch_optional(&db)
            .await
            .unwrap()
            == Some(Some("cannot close the order: broken".to_owned()))
    };
    run_until(&db, failing, "it is dead", dead).await;

    assert_eq!(jobs::revive_dead(&db).await.unwrap(), 1);
    let doing = |_| async { Ok(Outcome::Done) };
    run_until(&db, doing, "it is done", || async { undone(&db).await == 0 }).await;
}

#[tokio::test]
async fn a_job_that_panics_has_failed_and_stops_no_other() {
    let db = database().await;
    enqueue(&db, JOB, Duration::ZERO).await;
    enqueue(
        &db,
        Job::CloseOrder(OrderId(Uuid::from_u128(2))),
        Duration::from_millis(200),
    )
    .await;

    let doing = |job| async move {
        assert_ne!(job, JOB, "a bug");
        Ok(Outcome::Done)
    };
    run_until(&db, doing, "the other is done", || async {
        undone(&db).await == 1
    })
    .await;
}

#[tokio::test]
async fn a_job_with_more_to_do_runs_again_without_a_failure_to_its_name() {
    let db = database().await;
    enqueue(&db, JOB, Duration::ZERO).await;
    let runs = AtomicU32::new(0);

    let doing = |_| {
        let run = runs.fetch_add(1, Ordering::SeqCst);
        async move {
            Ok(if run < 2 {
                Outcome::Again {
                    after: Duration::from_millis(50),
                }
            } else {
                Outcome::Done
            })
        }
    };
    run_until(&db, doing, "it is done", || async { undone(&db).await == 0 }).await;

    let attempts = query_scalar!("SELECT attempts FROM jobs")
        .fetch_one(&db)
        .await
        .unwrap();
    assert_eq!((runs.load(Ordering::SeqCst), attempts), (3, 1));
}

#[tokio::test]
async fn a_job_brought_forward_while_it_runs_runs_once_more_at_once() {
    let db = database().await;
    enqueue(&db, JOB, Duration::ZERO).await;
    let runs = AtomicU32::new(0);

    let doing = |_| {
        let run = runs.fetch_add(1, Ordering::SeqCst);
        let db = db.clone();
        async move {
            if run > 0 {
                return Ok(Outcome::Done);
            }
            jobs::bring_forward(&mut *db.acquire().await?, JOB, now(&db).await).await?;
            Ok(Outcome::Again {
                after: Duration::from_secs(3_600),
            })
        }
    };
    run_until(&db, doing, "it is done", || async { undone(&db).await == 0 }).await;
}

#[tokio::test]
async fn a_job_ordered_anew_while_it_runs_runs_once_more_however_late_it_is_due() {
    let db = database().await;
    enqueue(&db, JOB, Duration::ZERO).await;
    let runs = AtomicU32::new(0);

    let doing = |_| {
        runs.fetch_add(1, Ordering::SeqCst);
        let db = db.clone();
        async move {
            jobs::renew_in(&mut *db.acquire().await?, Ids, JOB, 3_600).await?;
            Ok(Outcome::Done)
        }
    };
    run_until(&db, doing, "it was run", || async {
        let given_back =
            query_scalar!(r#"SELECT count(*) AS "count!" FROM jobs WHERE claimed_until IS NULL"#);
        runs.load(Ordering::SeqCst) == 1 && given_back.fetch_one(&db).await.unwrap() == 1
    })
    .await;
    assert_eq!(undone(&db).await, 1);
}

#[tokio::test]
async fn the_job_of_a_dead_worker_comes_back_when_its_claim_ends() {
    let db = database().await;
    enqueue(&db, JOB, Duration::ZERO).await;
    query!(
        "UPDATE jobs SET claimed_until = clock_timestamp() + interval '700 ms', run_at = clock_timestamp() - interval '1 s'"
    )
    .execute(&db)
    .await
    .unwrap();
    let started = Instant::now();

    let doing = |_| async { Ok(Outcome::Done) };
    run_until(&db, doing, "it is done", || async { undone(&db).await == 0 }).await;
    assert!(
        started.elapsed() >= Duration::from_millis(650),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn two_runners_share_the_jobs_and_run_each_once() {
    let db = database().await;
    for number in 0..60 {
        enqueue(
            &db,
            Job::CloseOrder(OrderId(Uuid::from_u128(number))),
            Duration::ZERO,
        )
        .await;
    }
    let runs = Mutex::new(Vec::new());
    let doing = |job: Job| {
        runs.lock().unwrap().push(job.subject_id());
        async { Ok(Outcome::Done) }
    };
    tokio::join!(
        run_until(&db, doing, "all are done", || async { undone(&db).await == 0 }),
        run_until(&db, doing, "all are done", || async { undone(&db).await == 0 }),
    );

    let mut runs = runs.into_inner().unwrap();
    assert_eq!(runs.len(), 60);
    runs.sort();
    runs.dedup();
    assert_eq!(runs.len(), 60);
}

#[tokio::test]
async fn shutdown_waits_shortly_and_gives_unfinished_jobs_back() {
    let db = database().await;
    enqueue(&db, JOB, Duration::ZERO).await;
    let started = AtomicU32::new(0);
    let doing = |_| {
        started.fetch_add(1, Ordering::SeqCst);
        std::future::pending()
    };
    let before = Instant::now();
    run_until(&db, doing, "it runs", || async {
        started.load(Ordering::SeqCst) == 1
    })
    .await;
    assert!(
        before.elapsed() < Duration::from_secs(4),
        "{:?}",
        before.elapsed()
    );

    let job = query!("SELECT attempts, claimed_until, run_at <= clock_timestamp() AS due FROM jobs")
        .fetch_one(&db)
        .await
        .unwrap();
    assert_eq!((job.attempts, job.claimed_until, job.due), (0, None, Some(true)));
}
