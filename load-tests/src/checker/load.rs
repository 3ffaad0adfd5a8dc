//! Fetches the facts: plain SQL on both databases, the Stripe stand-in's ledger, the mail sink.
#![expect(
    clippy::disallowed_methods,
    reason = "the checker shares nothing with the code under test, so it has neither its macros' databases nor its types"
)]

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use serde::Deserialize;
use sqlx::{Connection, PgConnection, query_as, query_scalar};
use uuid::Uuid;

use crate::checker::facts::{Facts, Intent, LineEntry, Webhooks};
use crate::fans::history::History;
use crate::stack::Stack;

/// Everything of the stack's match.
pub(crate) async fn facts(
    stack: &Stack,
    http: &reqwest::Client,
    histories: Vec<History>,
) -> anyhow::Result<Facts> {
    let mut backend = PgConnection::connect(&stack.backend_database_url)
        .await
        .context("the backend's database does not answer")?;
    let mut facts = Facts {
        histories,
        ..of_backend(&mut backend, stack.match_id).await?
    };
    backend.close().await?;

    facts.line = line(stack).await?;
    let ledger = stand_in_ledger(stack, http).await?;
    facts.intents = ledger.intents.into_iter().map(StandInIntent::into_fact).collect();
    facts.webhooks = ledger.webhooks;
    (facts.received_mails, facts.mails_repeated) = mails(stack, http).await?;
    Ok(facts)
}

async fn of_backend(db: &mut PgConnection, match_id: Uuid) -> anyhow::Result<Facts> {
    let (limit, sessions): (i32, i32) =
        query_as("SELECT ticket_limit, max_active_sessions FROM match_sales WHERE match_id = $1")
            .bind(match_id)
            .fetch_one(&mut *db)
            .await?;
    let emails: Vec<(Uuid, String)> = query_as("SELECT user_id, email FROM user_profiles")
        .fetch_all(&mut *db)
        .await?;
    Ok(Facts {
        now: query_scalar("SELECT clock_timestamp()").fetch_one(&mut *db).await?,
        ticket_limit: usize::try_from(limit)?,
        sessions_max: usize::try_from(sessions)?,
        seats: query_as("SELECT seat_id, zone_id, status::text AS status FROM match_seat_inventory WHERE match_id = $1")
            .bind(match_id)
            .fetch_all(&mut *db)
            .await?,
        carts: query_as(
            "SELECT cart_id, user_id, seat_ids, held_at, locked_until, ended_at, ended_as::text AS ended_as
             FROM carts WHERE match_id = $1",
        )
        .bind(match_id)
        .fetch_all(&mut *db)
        .await?,
        orders: query_as(
            "SELECT o.order_id, o.user_id, o.cart_id, o.state::text AS state, (o.total * 100)::bigint AS total_cents,
                    o.session_ends_at, l.lines, l.lines_cents
             FROM orders o,
                  LATERAL (SELECT count(*) AS lines, coalesce(sum((ticket_price + fee) * 100), 0)::bigint AS lines_cents
                           FROM order_lines WHERE order_id = o.order_id) l
             WHERE o.match_id = $1",
        )
        .bind(match_id)
        .fetch_all(&mut *db)
        .await?,
        tickets: query_as(
            "SELECT ticket_id, order_id, seat_id, user_id, identity, state::text AS state, issued_at, cancelled_at
             FROM tickets WHERE match_id = $1",
        )
        .bind(match_id)
        .fetch_all(&mut *db)
        .await?,
        emails: emails.into_iter().collect(),
        ..of_money_and_events(db).await?
    })
}

async fn of_money_and_events(db: &mut PgConnection) -> anyhow::Result<Facts> {
    Ok(Facts {
        payments: query_as(
            "SELECT order_id, state::text AS state, (amount * 100)::bigint AS amount_cents, intent_id, started_at
             FROM payments",
        )
        .fetch_all(&mut *db)
        .await?,
        refunds: query_as("SELECT order_id, (amount * 100)::bigint AS amount_cents, state::text AS state FROM refunds")
            .fetch_all(&mut *db)
            .await?,
        ledger: query_as(
            "SELECT movement_id, order_id, account, (amount * 100)::bigint AS cents, currency FROM ledger_entries",
        )
        .fetch_all(&mut *db)
        .await?,
        outbox: query_as("SELECT event_id, nats_subject, aggregate_id, created_at, published_at FROM outbox")
            .fetch_all(&mut *db)
            .await?,
        unapplied_gateway_events: query_as(
            "SELECT gateway_event_id, kind, received_at FROM gateway_events WHERE applied_at IS NULL",
        )
        .fetch_all(&mut *db)
        .await?,
        dead_letters: query_as("SELECT consumer, event_id FROM dead_letters").fetch_all(&mut *db).await?,
        dead_jobs: query_as("SELECT kind, subject_id FROM jobs WHERE dead_at IS NOT NULL").fetch_all(&mut *db).await?,
        mails_sent: query_scalar("SELECT event_id FROM mails WHERE state = 'SENT'").fetch_all(&mut *db).await?,
        audit: query_as(
            "SELECT subject_id, entry_no, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US') AS at_text,
                    actor, deed, details::text AS details_text, hash
             FROM audit_entries",
        )
        .fetch_all(&mut *db)
        .await?,
        ..Facts::default()
    })
}

/// The log of the queue of this match, which bears the match's id as the backend's reference or as its own.
async fn line(stack: &Stack) -> anyhow::Result<Vec<LineEntry>> {
    let mut backend = PgConnection::connect(&stack.backend_database_url).await?;
    let queue_id: Option<Uuid> =
        query_scalar("SELECT waiting_room_queue_id FROM matches WHERE match_id = $1")
            .bind(stack.match_id)
            .fetch_one(&mut backend)
            .await?;
    backend.close().await?;
    let mut room = PgConnection::connect(&stack.waiting_room_database_url)
        .await
        .context("the waiting room's database does not answer")?;
    let entries = query_as(
        "SELECT kind, ticket_id, at, session_expires_at FROM line_log WHERE queue_id = $1 ORDER BY id",
    )
    .bind(queue_id)
    .fetch_all(&mut room)
    .await?;
    room.close().await?;
    Ok(entries)
}

#[derive(Debug, Deserialize)]
struct StandInLedger {
    intents: Vec<StandInIntent>,
    webhooks: Webhooks,
}

#[derive(Debug, Deserialize)]
struct StandInIntent {
    id: String,
    captured: i64,
    refunded: i64,
}

impl StandInIntent {
    fn into_fact(self) -> Intent {
        Intent {
            id: self.id,
            captured_cents: self.captured,
            refunded_cents: self.refunded,
        }
    }
}

async fn stand_in_ledger(stack: &Stack, http: &reqwest::Client) -> anyhow::Result<StandInLedger> {
    let url = format!("{}/stand-in/ledger", stack.stripe_url);
    Ok(http.get(&url).send().await?.error_for_status()?.json().await?)
}

#[derive(Debug, Deserialize)]
struct Mails {
    items: Vec<Mail>,
}

#[derive(Debug, Deserialize)]
struct Mail {
    message_id: String,
    to: Vec<String>,
}

/// Different mails by address, and how many arrivals were repetitions.
async fn mails(stack: &Stack, http: &reqwest::Client) -> anyhow::Result<(BTreeMap<String, usize>, usize)> {
    let url = format!("{}/api/mails", stack.mail_url);
    let mails: Mails = http.get(&url).send().await?.error_for_status()?.json().await?;
    let (mut by_address, mut known, mut repeated) = (BTreeMap::new(), BTreeSet::new(), 0);
    for mail in mails.items {
        for address in mail.to.iter().map(|address| address.to_lowercase()) {
            if known.insert((mail.message_id.clone(), address.clone())) {
                *by_address.entry(address).or_default() += 1;
            } else {
                repeated += 1;
            }
        }
    }
    Ok((by_address, repeated))
}
