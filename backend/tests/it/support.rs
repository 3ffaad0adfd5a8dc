//! What every test needs: a database of its own, a stream of its own, and patience.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_nats::jetstream;
use backend::events::NewEvent;
use backend::events::bus::{Bus, apply_files};
use backend::settings::Nats;
use domain::ids::EventId;
use platform::ids::Ids;
use platform::tasks::Tasks;
use secrecy::SecretString;
use serde_json::Value;
use sqlx::PgPool;

/// What has not happened by then will not.
const PATIENCE: Duration = Duration::from_secs(20);

/// The value of an environment variable that `cargo xtask test` sets.
#[expect(
    clippy::disallowed_methods,
    reason = "where the test servers are is told by the environment"
)]
pub(crate) fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run `cargo xtask test`"))
}

/// A fresh database with our migrations.
pub(crate) async fn database() -> PgPool {
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations/backend");
    let admin_url = variable("BACKEND_TEST_DATABASE_URL");
    let url = testkit::postgres::fresh_database(&admin_url, &migrations)
        .await
        .unwrap();
    platform::database::pool(url.parse().unwrap(), 4).await.unwrap()
}

/// Waits until `holds` answers true.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let waited = tokio::time::timeout(PATIENCE, async {
        while !holds().await {
            Tasks::new().sleep(Duration::from_millis(20)).await;
        }
    });
    assert!(
        waited.await.is_ok(),
        "in {PATIENCE:?} it did not happen that {what}"
    );
}

/// The stream and consumers of `nats/`, under a name and subjects of this test's own.
pub(crate) struct TestBus {
    /// The code under test's connection.
    pub(crate) bus: Bus,
    /// The files that made them.
    pub(crate) files: PathBuf,
    /// In front of every subject.
    prefix: String,
    context: jetstream::Context,
}

impl TestBus {
    /// Declares and connects.
    pub(crate) async fn start() -> Self {
        let prefix = format!("test_{}", Ids.next().simple());
        let files = own_files(&prefix);
        let url = variable("TEST_NATS_URL");
        let client = async_nats::connect(&url).await.unwrap();
        let settings = Nats {
            url: SecretString::from(url),
            files: files.clone(),
        };
        let bus = Bus::connect(&settings).await.unwrap();
        apply_files(&bus, &files).await.unwrap();
        Self {
            bus,
            files,
            prefix,
            context: jetstream::new(client),
        }
    }

    /// `event`, for this test's stream.
    pub(crate) fn own(&self, mut event: NewEvent) -> NewEvent {
        event.nats_subject = self.subject(&event.nats_subject);
        event
    }

    /// `subject`, in this test's stream.
    pub(crate) fn subject(&self, subject: &str) -> String {
        format!("{}.{subject}", self.prefix)
    }

    /// Publishes past the outbox.
    pub(crate) async fn publish(&self, subject: &str, message_id: &str, payload: Vec<u8>) {
        let message = jetstream::message::PublishMessage::build()
            .message_id(message_id)
            .payload(payload.into());
        self.context
            .send_publish(self.subject(subject), message)
            .await
            .unwrap()
            .await
            .unwrap();
    }

    /// How many messages the stream holds.
    pub(crate) async fn messages(&self) -> u64 {
        self.context
            .get_stream(&self.prefix)
            .await
            .unwrap()
            .cached_info()
            .state
            .messages
    }

    /// Subject, message id and content of the n-th message, from 1.
    pub(crate) async fn message(&self, sequence: u64) -> (String, String, Value) {
        let message = self
            .context
            .get_stream(&self.prefix)
            .await
            .unwrap()
            .get_raw_message(sequence)
            .await
            .unwrap();
        let id = message
            .headers
            .get("Nats-Msg-Id")
            .map(ToString::to_string)
            .unwrap_or_default();
        (
            message.subject.to_string(),
            id,
            serde_json::from_slice(&message.payload).unwrap(),
        )
    }

    /// Takes its stream and files away.
    pub(crate) async fn stop(self) {
        self.context.delete_stream(&self.prefix).await.unwrap();
        std::fs::remove_dir_all(self.files).unwrap();
    }
}

/// Writes `event` in a transaction of its own.
pub(crate) async fn record(db: &PgPool, event: NewEvent) -> EventId {
    let mut tx = db.begin().await.unwrap();
    let id = backend::events::record(&mut tx, Ids, event).await.unwrap();
    tx.commit().await.unwrap();
    id
}

/// The project's files with other names and subjects.
fn own_files(prefix: &str) -> PathBuf {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../nats");
    let own = std::env::temp_dir().join(format!("tribina-{prefix}"));
    std::fs::create_dir_all(own.join("consumers")).unwrap();

    let mut stream = read(&project.join("stream.json"));
    stream["name"] = prefix.into();
    for subject in stream["subjects"].as_array_mut().unwrap() {
        *subject = format!("{prefix}.{}", subject.as_str().unwrap()).into();
    }
    std::fs::write(own.join("stream.json"), stream.to_string()).unwrap();

    for file in std::fs::read_dir(project.join("consumers")).unwrap() {
        let path = file.unwrap().path();
        let mut consumer = read(&path);
        consumer["filter_subject"] =
            format!("{prefix}.{}", consumer["filter_subject"].as_str().unwrap()).into();
        std::fs::write(
            own.join("consumers").join(path.file_name().unwrap()),
            consumer.to_string(),
        )
        .unwrap();
    }
    own
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}
