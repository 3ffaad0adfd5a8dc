//! Statements on `mails`.

use sqlx::{PgConnection, query, query_scalar};
use uuid::Uuid;

use crate::app::Db;

/// Whether a mail server accepted the mail of this event.
pub(super) async fn is_sent(db: &Db, event: Uuid) -> Result<bool, sqlx::Error> {
    query_scalar!(
        r#"SELECT EXISTS (SELECT FROM mails WHERE event_id = $1 AND state = 'SENT') AS "is_sent!""#,
        event,
    )
    .fetch_one(db)
    .await
}

/// Also after a failure, when the mail was replayed.
pub(super) async fn save_sent(
    conn: &mut PgConnection,
    event: Uuid,
    template: &str,
) -> Result<(), sqlx::Error> {
    query!(
        "INSERT INTO mails (event_id, template, state)
         VALUES ($1, $2, 'SENT')
         ON CONFLICT (event_id) DO UPDATE SET state = 'SENT', error = NULL, decided_at = clock_timestamp()",
        event,
        template,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A mail that was accepted stays so.
pub(super) async fn save_failed(
    db: &Db,
    event: Uuid,
    template: &str,
    error: &str,
) -> Result<(), sqlx::Error> {
    query!(
        "INSERT INTO mails (event_id, template, state, error)
         VALUES ($1, $2, 'FAILED', $3)
         ON CONFLICT (event_id) DO UPDATE SET error = EXCLUDED.error, decided_at = clock_timestamp()
         WHERE mails.state = 'FAILED'",
        event,
        template,
        error,
    )
    .execute(db)
    .await?;
    Ok(())
}
