//! Migrations of a database that is in use.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use platform::keys::SigningKey;
use reqwest::Method;
use serde_json::json;
use sqlx::PgPool;
use sqlx::migrate::Migrator;
use uuid::Uuid;

use crate::harness::{Room, TENANT, claims, upgraded_room};

const TENANT_ID: Uuid = Uuid::from_u128(1);
/// Open, open later, closed, over.
const QUEUES: [Uuid; 4] = [
    Uuid::from_u128(11),
    Uuid::from_u128(12),
    Uuid::from_u128(13),
    Uuid::from_u128(14),
];

/// Brings the database to where it was before migration `version`.
async fn migrate_to_before(db: &PgPool, version: i64) {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations/waiting-room");
    let all = Migrator::new(all).await.unwrap();
    let older = all.iter().filter(|one| one.version < version).cloned();
    Migrator::with_migrations(older.collect()).run(db).await.unwrap();
}

async fn fill_before_openings(db: &PgPool) {
    migrate_to_before(db, 2).await;
    let key = SigningKey::from_seed_base64(&STANDARD.encode([7; 32])).unwrap();
    sqlx::query("INSERT INTO tenants (tenant_id, name, public_key) VALUES ($1, $2, $3)")
        .bind(TENANT_ID)
        .bind(TENANT)
        .bind(key.public_base64())
        .execute(db)
        .await
        .unwrap();
    sqlx::query(
        "INSERT INTO queues (queue_id, tenant_id, reference, settings_version, state, close_reason, max_active_sessions,
                             session_ttl_seconds, ticket_ttl_seconds, opens_at, over_at)
         VALUES ($2, $1, 'open', 1, 'OPEN', NULL, 0, 120, 600, '2026-01-31T18:00:00.250Z', NULL),
                ($3, $1, 'later', 4, 'PAUSED', NULL, 0, 120, 600, date_trunc('milliseconds', now()) + interval '1 day', NULL),
                ($4, $1, 'closed', 7, 'CLOSED', 'SOLD_OUT', 0, 120, 600, '2026-01-30T18:00:00Z', NULL),
                ($5, $1, 'over', 2, 'CLOSED', 'CLOSED_BY_TENANT', 0, 120, 600, '2026-01-29T18:00:00Z', now())",
    )
    .bind(TENANT_ID)
    .bind(QUEUES[0])
    .bind(QUEUES[1])
    .bind(QUEUES[2])
    .bind(QUEUES[3])
    .execute(db)
    .await
    .unwrap();
    sqlx::query(
        "INSERT INTO line_log (queue_id, stream_id, kind, ticket_id, user_id, sequence, at)
         VALUES ($1, '5-0', 'JOINED', $2, $2, 41, '2026-01-31T18:00:01Z')",
    )
    .bind(QUEUES[0])
    .bind(Uuid::from_u128(99))
    .execute(db)
    .await
    .unwrap();
}

#[test]
fn a_queue_from_before_openings_has_one_without_an_end_and_goes_on_where_it_was() {
    upgraded_room(fill_before_openings, |room| async move {
        let versions: Vec<i64> =
            sqlx::query_scalar("SELECT settings_version FROM queues ORDER BY queue_number")
                .fetch_all(&room.db)
                .await
                .unwrap();
        assert_eq!(versions, [2, 5, 8, 3], "lines take the new settings over");
        let mut states = Vec::new();
        for queue in QUEUES {
            let answer = room
                .as_tenant(Method::GET, &format!("/queues/{queue}"), None)
                .await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            let openings = answer.body["openings"].as_array().unwrap();
            assert_eq!((openings.len(), openings[0].get("closes_at")), (1, None));
            states.push(answer.body["state"].as_str().unwrap().to_owned());
            if queue == QUEUES[0] {
                let opens_at: DateTime<Utc> = openings[0]["opens_at"].as_str().unwrap().parse().unwrap();
                assert_eq!(opens_at.to_rfc3339(), "2026-01-31T18:00:00.250+00:00");
            }
        }
        assert_eq!(states, ["OPEN", "PAUSED", "CLOSED", "CLOSED"]);

        let joined = room.join(QUEUES[0]).await;
        assert_eq!(claims(&joined.token)["sequence"], 10_042);
        room.try_join(QUEUES[1], Uuid::nil())
            .await
            .is_problem(409, "queue-not-open-yet");
        for (queue, reason) in [(QUEUES[2], "SOLD_OUT"), (QUEUES[3], "CLOSED_BY_TENANT")] {
            let refused = room.try_join(queue, Uuid::nil()).await;
            assert_eq!(refused.is_problem(409, "queue-closed")["reason"], reason);
        }

        // The tenant may post them again as they are.
        let mut wanted = Room::queue_with(0);
        "open".clone_into(&mut wanted.reference);
        wanted.openings[0].opens_at = "2026-01-31T18:00:00.250Z".parse().unwrap();
        let again = room.as_tenant(Method::POST, "/queues", Some(json!(wanted))).await;
        assert_eq!((again.status, &again.body["id"]), (200, &json!(QUEUES[0])));
    });
}
