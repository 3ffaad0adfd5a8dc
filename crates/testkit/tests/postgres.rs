//! Fresh databases; needs a Postgres (`BACKEND_TEST_DATABASE_URL`).

use std::path::Path;

use sqlx::Connection;
use testkit::postgres::{drop_database, fresh_database};

#[tokio::test]
#[expect(
    clippy::disallowed_methods,
    reason = "tests learn from the environment where Postgres is"
)]
async fn two_fresh_databases_are_migrated_and_apart() {
    let admin = std::env::var("BACKEND_TEST_DATABASE_URL")
        .expect("BACKEND_TEST_DATABASE_URL names a Postgres for tests");
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/backend");
    let (one, two) = tokio::join!(
        fresh_database(&admin, &migrations),
        fresh_database(&admin, &migrations)
    );
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_ne!(one, two);
    for url in [&one, &two] {
        let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
        let users: i64 = sqlx::query_scalar("SELECT count(*) FROM users")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!(users, 0);
        connection.close().await.unwrap();
        drop_database(&admin, url).await.unwrap();
        assert!(sqlx::PgConnection::connect(url).await.is_err());
    }
    assert!(drop_database(&admin, &admin).await.is_err());
}
