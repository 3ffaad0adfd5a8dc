//! Every statement on `line_log` and its cursor.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::ids::QueueId;
use crate::line_store::{Delta, Happening};
use crate::time::instant;

/// The last delta that is logged.
pub(super) async fn find_cursor(conn: &mut PgConnection, queue: QueueId) -> sqlx::Result<i64> {
    sqlx::query_scalar!("SELECT logged_delta FROM queues WHERE queue_id = $1", queue.0)
        .fetch_one(conn)
        .await
}

/// Moves the cursor; `false` when another writer has moved it first.
pub(super) async fn move_cursor(
    conn: &mut PgConnection,
    queue: QueueId,
    from: i64,
    to: i64,
) -> sqlx::Result<bool> {
    let moved = sqlx::query!(
        "UPDATE queues SET logged_delta = $3 WHERE queue_id = $1 AND logged_delta = $2",
        queue.0,
        from,
        to
    )
    .execute(conn)
    .await?;
    Ok(moved.rows_affected() == 1)
}

/// Logs the changes of tickets among `deltas`, in order.
#[expect(
    clippy::as_conversions,
    reason = "the checked macro's way to name a column's type; it casts nothing"
)]
pub(super) async fn insert_deltas(
    conn: &mut PgConnection,
    queue: QueueId,
    deltas: &[Delta],
) -> sqlx::Result<()> {
    let mut columns = Columns::default();
    deltas.iter().for_each(|delta| columns.push(delta));
    sqlx::query!(
        "INSERT INTO line_log (queue_id, stream_id, kind, ticket_id, user_id, sequence, at, session_expires_at)
         SELECT $1, stream_id, kind, ticket_id, user_id, sequence, at, session_expires_at
         FROM unnest($2::text[], $3::text[], $4::uuid[], $5::uuid[], $6::bigint[], $7::timestamptz[], $8::timestamptz[])
              WITH ORDINALITY AS entry (stream_id, kind, ticket_id, user_id, sequence, at, session_expires_at, place)
         ORDER BY place",
        queue.0,
        &columns.stream_ids,
        &columns.kinds,
        &columns.tickets,
        &columns.users,
        &columns.sequences,
        &columns.ats,
        &columns.session_expires_ats as &[Option<DateTime<Utc>>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The highest sequence that the queue ever gave out, as far as the log goes.
pub(crate) async fn highest_sequence(conn: &mut PgConnection, queue: QueueId) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!("SELECT max(sequence) FROM line_log WHERE queue_id = $1", queue.0)
        .fetch_one(conn)
        .await
}

#[derive(Default)]
struct Columns {
    stream_ids: Vec<String>,
    kinds: Vec<String>,
    tickets: Vec<Uuid>,
    users: Vec<Uuid>,
    sequences: Vec<i64>,
    ats: Vec<DateTime<Utc>>,
    session_expires_ats: Vec<Option<DateTime<Utc>>>,
}

impl Columns {
    fn push(&mut self, delta: &Delta) {
        let Happening::Ticket {
            kind,
            ticket,
            user,
            sequence,
            session_expires_at_ms,
        } = &delta.happening
        else {
            return;
        };
        self.stream_ids.push(format!("{}-0", delta.number));
        self.kinds.push(kind.name().to_owned());
        self.tickets.push(ticket.0);
        self.users.push(user.0);
        self.sequences.push(i64::try_from(*sequence).unwrap_or(i64::MAX));
        self.ats.push(instant(delta.at_ms));
        self.session_expires_ats
            .push((*session_expires_at_ms > 0).then(|| instant(*session_expires_at_ms)));
    }
}
