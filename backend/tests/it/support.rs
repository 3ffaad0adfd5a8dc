//! What every test needs: a database of its own, a stream of its own, and patience.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_nats::jetstream;
use async_nats::jetstream::consumer::PullConsumer;
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
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// As in `nats/consumers/`.
const CONSUMERS: [&str; 2] = ["mail", "payments"];

/// What the server sets aside for a stream of ours: tests that run at once have many.
const STREAM_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// When a message comes again that a dead process had in hand (2 s): longer than handling one takes on a slow machine.
const ACK_WAIT_NANOS: u64 = 2_000_000_000;

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
        let prefix = fresh_name();
        Self::declare(own_files(&prefix), prefix).await
    }

    /// The same for a backend that runs as a process of its own and is killed: its settings must name the site whose events
    /// its consumer is given, and what it did not answer comes again soon.
    pub(crate) async fn start_for_process() -> Self {
        let site = fresh_name();
        let files = own_files(&site);
        let mut stream = read(&files.join("stream.json"));
        stream["subjects"]
            .as_array_mut()
            .unwrap()
            .push(format!("stripe.{site}").into());
        std::fs::write(files.join("stream.json"), stream.to_string()).unwrap();
        for name in CONSUMERS {
            let file = files.join(format!("consumers/{name}.json"));
            let mut consumer = read(&file);
            consumer["ack_wait"] = ACK_WAIT_NANOS.into();
            if name == "payments" {
                consumer["filter_subject"] = format!("stripe.{site}").into();
            }
            std::fs::write(file, consumer.to_string()).unwrap();
        }
        Self::declare(files, site).await
    }

    async fn declare(files: PathBuf, prefix: String) -> Self {
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

    /// The site of a backend that runs as a process of its own: events of `stripe.{site}` are this test's as they are.
    pub(crate) fn site(&self) -> &str {
        &self.prefix
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

    /// How many messages consumers have not been given, or have not answered.
    pub(crate) async fn unanswered(&self) -> u64 {
        let mut unanswered = 0;
        for name in CONSUMERS {
            let consumer: PullConsumer = self
                .context
                .get_consumer_from_stream(name, &self.prefix)
                .await
                .unwrap();
            let info = consumer.cached_info();
            unanswered += info.num_pending + u64::try_from(info.num_ack_pending).unwrap();
        }
        unanswered
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

fn fresh_name() -> String {
    format!("test_{}", Ids.next().simple())
}

/// The project's files with other names and subjects.
fn own_files(prefix: &str) -> PathBuf {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../nats");
    let own = std::env::temp_dir().join(format!("tribina-{prefix}"));
    std::fs::create_dir_all(own.join("consumers")).unwrap();

    let mut stream = read(&project.join("stream.json"));
    stream["name"] = prefix.into();
    stream["max_bytes"] = STREAM_BYTES_MAX.into();
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
