//! Statements on `audit_entries`. The canonical text of an entry is the JSON array of its columns, as `jsonb` prints it:
//! keys sorted, no choice of white space, so that the same entry always has the same text.

use sqlx::{PgConnection, query, query_as};
use uuid::Uuid;

use super::Entry;
use crate::app::Db;

/// A chain that was tampered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenChain {
    /// Whose.
    pub subject_id: Uuid,
    /// The first entry whose number or hash is wrong.
    pub entry_no: i32,
}

pub(super) async fn append_entry(conn: &mut PgConnection, entry: &Entry) -> Result<(), sqlx::Error> {
    query!(
        // MATERIALIZED: the clock is read once, for the column and for the hash.
        "WITH
         last AS (
             SELECT entry_no, hash
             FROM audit_entries
             WHERE subject_id = $1
             ORDER BY entry_no DESC
             LIMIT 1
         ),
         entry AS MATERIALIZED (
             SELECT coalesce((SELECT entry_no FROM last), 0) + 1   AS entry_no,
                    coalesce((SELECT hash FROM last), ''::bytea)   AS previous_hash,
                    clock_timestamp()                              AS at
         )
         INSERT INTO audit_entries (subject_id, entry_no, at, actor, deed, details, hash)
         SELECT $1, entry_no, at, $2, $3, $4,
                sha256(previous_hash || convert_to(jsonb_build_array(
                    $1::uuid, entry_no, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US'),
                    $2::text, $3::text, $4::jsonb)::text, 'UTF8'))
         FROM entry",
        entry.subject_id,
        entry.actor.to_string(),
        entry.deed,
        entry.details,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn list_broken_chains(db: &Db) -> Result<Vec<BrokenChain>, sqlx::Error> {
    query_as!(
        BrokenChain,
        r#"SELECT subject_id, min(entry_no) AS "entry_no!"
         FROM (
             SELECT subject_id, entry_no, hash,
                    row_number() OVER chain AS expected_no,
                    sha256(coalesce(lag(hash) OVER chain, ''::bytea) || convert_to(jsonb_build_array(
                        subject_id, entry_no, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
                        actor, deed, details)::text, 'UTF8')) AS expected_hash
             FROM audit_entries
             WINDOW chain AS (PARTITION BY subject_id ORDER BY entry_no)
         ) AS checked
         WHERE hash <> expected_hash OR entry_no <> expected_no
         GROUP BY subject_id
         ORDER BY subject_id"#,
    )
    .fetch_all(db)
    .await
}
