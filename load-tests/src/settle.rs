//! After the last fan: seats in abandoned carts, orders and events come to rest.
#![expect(
    clippy::disallowed_methods,
    reason = "the load generator shares nothing with the code under test, its macros included"
)]

use std::time::Duration;

use sqlx::{Connection, PgConnection, query_as};
use tokio::time::Instant;

use crate::clock::pause;
use crate::stack::Stack;

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The line's log is written at most a second behind.
const LOG_LAG: Duration = Duration::from_secs(2);

/// What is not at rest yet.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
struct Open {
    carts: i64,
    orders: i64,
    refunds: i64,
    unapplied: i64,
    unpublished: i64,
    mails: i64,
}

impl Open {
    fn is_at_rest(&self) -> bool {
        let Self {
            carts,
            orders,
            refunds,
            unapplied,
            unpublished,
            mails,
        } = self;
        [carts, orders, refunds, unapplied, unpublished, mails]
            .into_iter()
            .all(|open| *open == 0)
    }
}

/// Waits until nothing is open any more, at most `limit`: by default abandoned sessions and their landing time, and a minute
/// for the money (`paid_without_outcome`). Answers what was still open then, if anything.
pub(crate) async fn wait(
    stack: &Stack,
    limit: Duration,
    say: impl Fn(&str),
) -> anyhow::Result<Option<String>> {
    let started = Instant::now();
    let mut last_said = String::new();
    let left = loop {
        // A database that was stopped a moment ago comes back: the run is not lost for that.
        let said = match look(stack).await {
            Ok(open) if open.is_at_rest() => break None,
            Ok(open) => format!(
                "{} carts, {} orders, {} refunds, {} webhooks, {} events, {} mails are open",
                open.carts, open.orders, open.refunds, open.unapplied, open.unpublished, open.mails
            ),
            Err(error) => format!("the backend's database does not answer: {error:#}"),
        };
        if started.elapsed() > limit {
            break Some(said);
        }
        if said != last_said {
            say(&format!("Settling: {said}"));
            last_said = said;
        }
        pause(LOOK_EVERY).await;
    };
    pause(LOG_LAG).await;
    Ok(left)
}

async fn look(stack: &Stack) -> anyhow::Result<Open> {
    let mut db = PgConnection::connect(&stack.backend_database_url).await?;
    let open = query_as(
        "SELECT
             (SELECT count(*) FROM carts
              WHERE match_id = $1 AND ended_at IS NULL AND locked_until > clock_timestamp()) AS carts,
             (SELECT count(*) FROM orders WHERE match_id = $1 AND state = 'AWAITING_PAYMENT') AS orders,
             (SELECT count(*) FROM refunds WHERE state = 'PENDING') AS refunds,
             (SELECT count(*) FROM gateway_events WHERE applied_at IS NULL) AS unapplied,
             (SELECT count(*) FROM outbox WHERE published_at IS NULL) AS unpublished,
             (SELECT count(*) FROM outbox o
              WHERE nats_subject LIKE 'mail.%' AND NOT EXISTS (SELECT FROM mails m WHERE m.event_id = o.event_id)) AS mails",
    )
    .bind(stack.match_id)
    .fetch_one(&mut db)
    .await?;
    db.close().await?;
    Ok(open)
}
