//! NATS JetStream: the connection, confirmed publishing, and the stream and consumers as declared in `nats/`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use async_nats::connection::State;
use async_nats::jetstream::consumer::{PullConsumer, pull};
use async_nats::jetstream::context::{ContextBuilder, PublishAckFuture};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::{Context, stream};
use platform::settings::BadSettings;
use secrecy::ExposeSecret;
use serde_json::Value;

use super::consumers::HANDLINGS_MAX;
use super::outage::Outage;
use crate::settings::Nats;

/// A request to the bus that takes longer has failed.
const REQUEST_LIMIT: Duration = Duration::from_secs(3);
/// A starting process waits so long for its first connection; then it goes on without.
const FIRST_CONNECTION_LIMIT: Duration = Duration::from_secs(1);
/// Publishes that may wait for their ack at once: memory, and what a lost connection costs.
const OPEN_ACKS_MAX: usize = 1_024;
/// Between two attempts to connect; the first one comes at once.
const RECONNECT_PAUSE: Duration = Duration::from_millis(500);

/// The bus. Clones share one connection, which comes back by itself.
#[derive(Debug, Clone)]
pub struct Bus {
    client: async_nats::Client,
    context: Context,
    stream: String,
}

/// A message on its way.
#[derive(Debug)]
pub struct Unconfirmed(PublishAckFuture);

impl Unconfirmed {
    /// Waits until the stream has it.
    ///
    /// # Errors
    /// When the stream did not say so in time: it may have it or not.
    pub async fn confirmed(self) -> anyhow::Result<()> {
        self.0.await?;
        Ok(())
    }
}

impl Bus {
    /// Connects to the stream that the files name. A bus that is away is no error: a worker starts without it and waits.
    ///
    /// # Errors
    /// When the address or `stream.json` cannot be right.
    pub async fn connect(settings: &Nats) -> anyhow::Result<Self> {
        let stream = stream_file(&settings.files)?.name;
        let outage = Arc::new(Outage::none("connection to NATS"));
        let client = async_nats::ConnectOptions::new()
            .name("tribina-backend")
            .retry_on_initial_connect()
            .connection_timeout(REQUEST_LIMIT)
            .request_timeout(Some(REQUEST_LIMIT))
            .reconnect_delay_callback(|attempt| {
                if attempt > 1 {
                    RECONNECT_PAUSE
                } else {
                    Duration::ZERO
                }
            })
            .event_callback(move |event| {
                notice(&outage, &event);
                std::future::ready(())
            })
            .connect(settings.url.expose_secret())
            .await
            .context("cannot use the address in `nats.url`")?;
        // The client connects behind our back; whoever starts before that would report an outage that is none.
        let _ = tokio::time::timeout(FIRST_CONNECTION_LIMIT, client.flush()).await;
        let context = ContextBuilder::new()
            .timeout(REQUEST_LIMIT)
            .ack_timeout(REQUEST_LIMIT)
            .max_ack_inflight(OPEN_ACKS_MAX)
            .build(client.clone());
        Ok(Self {
            client,
            context,
            stream,
        })
    }

    /// Sends `payload`; the stream forgets a second message of the same `message_id`.
    pub(super) async fn publish(
        &self,
        subject: String,
        message_id: &str,
        payload: Vec<u8>,
    ) -> anyhow::Result<Unconfirmed> {
        let message = PublishMessage::build()
            .message_id(message_id)
            .payload(payload.into());
        Ok(Unconfirmed(self.context.send_publish(subject, message).await?))
    }

    /// Fails at once when the connection is down, where a request would fail after its limit.
    pub(super) fn require_connection(&self) -> anyhow::Result<()> {
        ensure!(
            self.client.connection_state() == State::Connected,
            "no connection to NATS"
        );
        Ok(())
    }

    /// The durable consumer `name` of our stream.
    pub(super) async fn consumer(&self, name: &str) -> anyhow::Result<PullConsumer> {
        self.require_connection()?;
        self.context
            .get_consumer_from_stream(name, &self.stream)
            .await
            .with_context(|| {
                format!(
                    "no consumer `{name}` on stream `{}`: run `backend migrate`",
                    self.stream
                )
            })
    }

    /// What the server itself says of a stream or a consumer, before a client library made something of it.
    async fn describe(&self, what: &str) -> anyhow::Result<Value> {
        let answer = self
            .client
            .request(format!("$JS.API.{what}"), Vec::new().into())
            .await?;
        Ok(serde_json::from_slice(&answer.payload)?)
    }

    /// Waits until what was sent has left, acks above all.
    pub(super) async fn flush(&self) {
        if tokio::time::timeout(REQUEST_LIMIT, self.client.flush())
            .await
            .is_err()
        {
            tracing::debug!("Acks may not have left; their messages come twice");
        }
    }
}

fn notice(outage: &Outage, event: &async_nats::Event) {
    use async_nats::Event;
    match event {
        Event::Connected => outage.over(),
        Event::Disconnected | Event::Closed => outage.seen(event),
        Event::ClientError(error) => outage.seen(error),
        Event::ServerError(error) => tracing::warn!(%error, "NATS refused something"),
        Event::SlowConsumer(_) | Event::LameDuckMode | Event::Draining => tracing::warn!(%event, "NATS"),
    }
}

/// Makes the stream and its consumers what the files in `folder` say: `stream.json` and `consumers/*.json`, in the JSON
/// of the JetStream API. May be repeated at will.
///
/// # Errors
/// When a file is wrong, the bus is away, or the server made something else of it: NATS 2.9 silently drops what it does not
/// know, and a consumer without its filter would receive everything.
pub async fn apply_files(bus: &Bus, folder: &Path) -> anyhow::Result<()> {
    let (stream_path, stream) = (folder.join("stream.json"), stream_file(folder)?);
    ensure!(
        stream.name == bus.stream,
        "{} names another stream than `{}`",
        stream_path.display(),
        bus.stream
    );
    let consumers = consumer_files(folder)?;

    bus.context
        .create_or_update_stream(stream)
        .await
        .with_context(|| format!("cannot apply {}", stream_path.display()))?;
    let applied = bus.describe(&format!("STREAM.INFO.{}", bus.stream)).await?;
    refuse_differences(&stream_path, &read_json(&stream_path)?, &applied)?;

    for (path, consumer) in consumers {
        let name = consumer.durable_name.clone().unwrap_or_default();
        bus.context
            .create_consumer_on_stream(consumer, &bus.stream)
            .await
            .with_context(|| format!("cannot apply {}", path.display()))?;
        let applied = bus
            .describe(&format!("CONSUMER.INFO.{}.{name}", bus.stream))
            .await?;
        refuse_differences(&path, &read_json(&path)?, &applied)?;
    }
    Ok(())
}

/// Refuses a site whose gateway events nobody would be given.
///
/// # Errors
/// [`BadSettings`] when the payments consumer listens to another site, or its file is wrong.
pub fn check_site(folder: &Path, site: &str) -> Result<(), BadSettings> {
    let path = folder.join("consumers/payments.json");
    let heard = consumer_file(&path)
        .map_err(|error| {
            BadSettings::new(
                "nats.files",
                &folder.display().to_string(),
                &format!("mended: {error:#}"),
            )
        })?
        .filter_subject;
    if heard != format!("stripe.{site}") {
        let wanted = format!("the site that {} filters, {heard}", path.display());
        return Err(BadSettings::new("stripe.site", site, &wanted));
    }
    Ok(())
}

fn stream_file(folder: &Path) -> anyhow::Result<stream::Config> {
    let path = folder.join("stream.json");
    serde_json::from_value(read_json(&path)?).with_context(|| format!("{} is no stream", path.display()))
}

fn consumer_files(folder: &Path) -> anyhow::Result<Vec<(PathBuf, pull::Config)>> {
    let folder = folder.join("consumers");
    let mut paths = Vec::new();
    for file in std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            paths.push(path);
        }
    }
    paths.sort();
    paths
        .into_iter()
        .map(|path| Ok((path.clone(), consumer_file(&path)?)))
        .collect()
}

fn consumer_file(path: &Path) -> anyhow::Result<pull::Config> {
    let at = path.display();
    let consumer: pull::Config =
        serde_json::from_value(read_json(path)?).with_context(|| format!("{at} is no pull consumer"))?;
    ensure!(consumer.durable_name.is_some(), "{at}: `durable_name` is missing");
    ensure!(
        !consumer.filter_subject.is_empty(),
        "{at}: it should have exactly one `filter_subject`"
    );
    ensure!(
        consumer.max_deliver == -1 || consumer.max_deliver > HANDLINGS_MAX,
        "{at}: `max_deliver` should be more than {HANDLINGS_MAX}, or a message is lost before it is a dead letter"
    );
    Ok(consumer)
}

fn read_json(path: &Path) -> anyhow::Result<Value> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is no JSON", path.display()))
}

/// Every key of the file must be in the server's answer with the same value. A key that the server leaves out stands for
/// its empty value.
fn refuse_differences(path: &Path, declared: &Value, answer: &Value) -> anyhow::Result<()> {
    let at = path.display();
    let Some(applied) = answer.get("config") else {
        bail!("the server does not know what {at} declares: {answer}");
    };
    for (key, wanted) in declared.as_object().into_iter().flatten() {
        let got = applied.get(key);
        let same = got.map_or_else(|| is_empty(wanted), |got| got == wanted);
        ensure!(
            same,
            "{at}: the server made `{key}` {} of {wanted}",
            got.unwrap_or(&Value::Null)
        );
    }
    Ok(())
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(yes) => !yes,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn differences(declared: &Value, applied: &Value) -> Result<(), String> {
        refuse_differences(Path::new("mail.json"), declared, &json!({ "config": applied }))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_server_may_add_defaults_and_leave_out_what_is_empty() {
        let declared = json!({"filter_subject": "mail.*", "headers_only": false});
        assert_eq!(
            differences(&declared, &json!({"filter_subject": "mail.*", "num_replicas": 0})),
            Ok(())
        );
    }

    #[test]
    fn a_dropped_or_changed_setting_is_refused_by_name() {
        let declared = json!({"filter_subject": "mail.*", "metadata": {"owner": "mail"}});
        let dropped = differences(&declared, &json!({"filter_subject": "mail.*"})).unwrap_err();
        assert!(dropped.contains("`metadata`"), "{dropped}");
        let changed = differences(&declared, &json!({"filter_subject": ">"})).unwrap_err();
        assert!(
            changed.contains("`filter_subject` \">\" of \"mail.*\""),
            "{changed}"
        );
    }

    #[test]
    fn an_answer_without_a_configuration_is_refused() {
        let answer = json!({"error": {"code": 404}});
        assert!(refuse_differences(Path::new("mail.json"), &json!({}), &answer).is_err());
    }
}
