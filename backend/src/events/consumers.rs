//! Bus → handlers, through durable pull consumers with explicit acks. A handled message is acked; one that fails comes back
//! later, a bounded number of times, and is then a dead letter; while a store or a server is away, messages wait in hand
//! and nothing is counted against them.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::AckKind;
use async_nats::jetstream::Message;
use async_nats::jetstream::consumer::pull;
use contracts::events::{Envelope, GatewayEventReceived};
use domain::ids::EventId;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use platform::ids::Ids;
use platform::tasks::Tasks;
use serde_json::Value;
use uuid::Uuid;

use super::bus::Bus;
use super::outage::Outage;
use super::{backoff, dead_letters, relay};
use crate::app::{App, Db};
use crate::payments;

/// Deliveries of one message that are handled. The consumer files allow more (`max_deliver`), so that a message on which
/// the process dies each time still arrives once more and is buried.
pub(crate) const HANDLINGS_MAX: i64 = 8;
/// A handler that takes longer has failed; shorter than the shortest `ack_wait`.
const HANDLING_LIMIT: Duration = Duration::from_secs(25);
/// First and longest pause of a message that waits in hand for the end of an outage; shorter than `ack_wait`.
const HOLD: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));
/// Between two attempts to find the consumer.
const PAUSE_IN_OUTAGE: Duration = Duration::from_secs(1);
/// How long shutdown waits for messages in hand.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(2);
/// A pull request that found nothing ends after so long, and a server silent for `PULL_HEARTBEAT` is away.
const PULL_LIMIT: Duration = Duration::from_secs(30);
const PULL_HEARTBEAT: Duration = Duration::from_secs(5);

/// Payments handled at once: half of the pool's connections by default, so that fans keep the other half.
const PAYMENTS_IN_HAND: usize = 4;

/// Why a message is not handled.
#[derive(Debug)]
pub(crate) enum Unhandled {
    /// Somebody we need is away: hold the message until they are back.
    Outage(anyhow::Error),
    /// It failed: try again later.
    Failed(anyhow::Error),
    /// It will never work.
    Hopeless(anyhow::Error),
}

impl From<anyhow::Error> for Unhandled {
    fn from(error: anyhow::Error) -> Self {
        if is_unavailable(&error) {
            Self::Outage(error)
        } else {
            Self::Failed(error)
        }
    }
}

impl From<sqlx::Error> for Unhandled {
    fn from(error: sqlx::Error) -> Self {
        anyhow::Error::from(error).into()
    }
}

/// Whether the database was away when this happened.
pub(crate) fn is_unavailable(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<sqlx::Error>())
        .any(platform::database::is_unavailable)
}

/// What to do with an event: payments apply it, the mail worker sends it.
pub(crate) trait Handler: Send + Sync {
    /// Handles it, knowing by its id whether it was handled before.
    fn handle(&self, event: &Envelope) -> impl Future<Output = Result<(), Unhandled>> + Send;

    /// The event becomes a dead letter.
    fn give_up(&self, event: &Envelope, error: &str) -> impl Future<Output = Result<(), sqlx::Error>> + Send;
}

/// Applies Stripe's events until shutdown.
pub async fn run_payments(app: Arc<App>, bus: Bus) {
    let (db, tasks) = (app.db.clone(), app.tasks.clone());
    let delays = (Duration::from_millis(250), Duration::from_secs(30));
    Consumer {
        name: "payments",
        in_hand_max: PAYMENTS_IN_HAND,
        delays,
        db,
        tasks,
        bus,
        handler: Payments(app),
    }
    .run()
    .await;
}

struct Payments(Arc<App>);

impl Handler for Payments {
    async fn handle(&self, event: &Envelope) -> Result<(), Unhandled> {
        let received: GatewayEventReceived =
            serde_json::from_value(event.data.clone()).map_err(|error| Unhandled::Hopeless(error.into()))?;
        payments::actions::apply_gateway_event(&self.0, &received.gateway_event_id, EventId(event.id))
            .await?;
        relay::poke();
        Ok(())
    }

    /// The gateway event stays in its table, not applied: the dead letter is the alarm.
    async fn give_up(&self, _: &Envelope, _: &str) -> Result<(), sqlx::Error> {
        Ok(())
    }
}

/// A durable consumer and who handles its messages.
pub(crate) struct Consumer<H> {
    /// As in `nats/consumers/`.
    pub(crate) name: &'static str,
    /// Messages handled at once.
    pub(crate) in_hand_max: usize,
    /// First and longest delay of a message that failed.
    pub(crate) delays: (Duration, Duration),
    pub(crate) db: Db,
    pub(crate) tasks: Tasks,
    pub(crate) bus: Bus,
    pub(crate) handler: H,
}

impl<H: Handler> Consumer<H> {
    /// Consumes until shutdown, through every outage.
    pub(crate) async fn run(self) {
        let outage = Outage::none(self.name);
        let stop = self.tasks.shutting_down().clone();
        while !stop.is_cancelled() {
            let opened = tokio::select! {
                () = stop.cancelled() => return,
                opened = self.open() => opened,
            };
            let error = match opened {
                Ok(messages) => {
                    outage.over();
                    self.consume(messages).await.err()
                }
                Err(error) => Some(error),
            };
            if let Some(error) = error {
                outage.seen(&error);
                self.tasks.sleep(PAUSE_IN_OUTAGE).await;
            }
        }
    }

    async fn open(&self) -> anyhow::Result<pull::Stream> {
        let consumer = self.bus.consumer(self.name).await?;
        let messages = consumer
            .stream()
            .max_messages_per_batch(self.in_hand_max)
            .expires(PULL_LIMIT)
            .heartbeat(PULL_HEARTBEAT)
            .messages()
            .await?;
        Ok(messages)
    }

    /// Takes messages until shutdown, or until the stream of messages breaks.
    async fn consume(&self, mut messages: pull::Stream) -> anyhow::Result<()> {
        let outage = Outage::none(self.name);
        let stop = self.tasks.shutting_down();
        let mut in_hand = FuturesUnordered::new();
        let ended = loop {
            tokio::select! {
                () = stop.cancelled() => break Ok(()),
                Some(()) = in_hand.next() => {}
                next = messages.next(), if in_hand.len() < self.in_hand_max => match next {
                    Some(Ok(message)) => in_hand.push(self.settle(message, &outage)),
                    Some(Err(error)) => break Err(error.into()),
                    None => break Err(anyhow::anyhow!("the stream of messages ended")),
                },
            }
        };

        while let Some(Some(Ok(message))) = messages.next().now_or_never() {
            answer(&message, AckKind::Nak(None)).await;
        }
        if tokio::time::timeout(SHUTDOWN_LIMIT, in_hand.collect::<Vec<()>>())
            .await
            .is_err()
        {
            tracing::warn!(
                consumer = self.name,
                "Messages were still in hand; they come again"
            );
        }
        self.bus.flush().await;
        ended
    }

    /// Handles a message to an answer: ack, later, or never again.
    async fn settle(&self, message: Message, outage: &Outage) {
        let mut pause = HOLD.0;
        loop {
            match self.handle(&message).await {
                Ok(kind) => {
                    outage.over();
                    return answer(&message, kind).await;
                }
                Err(error) => outage.seen(&error),
            }
            answer(&message, AckKind::Progress).await;
            if !self.tasks.sleep(pause).await {
                return answer(&message, AckKind::Nak(None)).await;
            }
            pause = (pause * 2).min(HOLD.1);
        }
    }

    /// The answer to a message; an error while somebody we need is away.
    async fn handle(&self, message: &Message) -> anyhow::Result<AckKind> {
        let delivered = message.info().map_or(1, |info| info.delivered);
        let event: Envelope = match serde_json::from_slice(&message.payload) {
            Ok(event) => event,
            Err(error) => return self.bury_unreadable(message, &error).await,
        };
        if delivered > HANDLINGS_MAX {
            return self
                .bury(
                    message,
                    &event,
                    "it never got an answer; the process may die on it",
                )
                .await;
        }
        match self.try_handling(&event).await {
            Ok(()) => Ok(AckKind::Ack),
            Err(Unhandled::Outage(error)) => Err(error),
            Err(Unhandled::Failed(error)) if delivered < HANDLINGS_MAX => {
                let delay = backoff(
                    self.delays.0,
                    self.delays.1,
                    u32::try_from(delivered).unwrap_or(u32::MAX),
                );
                tracing::warn!(consumer = self.name, event.id = %event.id, delivered, "Comes again: {error:#}");
                Ok(AckKind::Nak(Some(delay)))
            }
            Err(Unhandled::Failed(error) | Unhandled::Hopeless(error)) => {
                self.bury(message, &event, &format!("{error:#}")).await
            }
        }
    }

    /// A handler that panics or hangs has failed like any other, or one message would stop them all.
    async fn try_handling(&self, event: &Envelope) -> Result<(), Unhandled> {
        let handling = AssertUnwindSafe(self.handler.handle(event)).catch_unwind();
        match tokio::time::timeout(HANDLING_LIMIT, handling).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(Unhandled::Failed(anyhow::anyhow!("the handler panicked"))),
            Err(_) => Err(Unhandled::Failed(anyhow::anyhow!(
                "the handler took longer than {HANDLING_LIMIT:?}"
            ))),
        }
    }

    async fn bury(&self, message: &Message, event: &Envelope, error: &str) -> anyhow::Result<AckKind> {
        self.handler.give_up(event, error).await?;
        let envelope = serde_json::to_value(event)?;
        dead_letters::bury(
            &self.db,
            self.name,
            &message.subject,
            (event.id, &envelope),
            error,
        )
        .await?;
        Ok(AckKind::Term)
    }

    /// Kept under its message id if that is one of ours, else under a new one.
    async fn bury_unreadable(&self, message: &Message, error: &serde_json::Error) -> anyhow::Result<AckKind> {
        let id = message_id(message).unwrap_or_else(|| Ids.next());
        let content: Value = serde_json::from_slice(&message.payload)
            .unwrap_or_else(|_| dead_letters::unreadable(&message.payload));
        let error = format!("no event: {error}");
        dead_letters::bury(&self.db, self.name, &message.subject, (id, &content), &error).await?;
        Ok(AckKind::Term)
    }
}

fn message_id(message: &Message) -> Option<Uuid> {
    message
        .headers
        .as_ref()?
        .get("Nats-Msg-Id")?
        .as_str()
        .parse()
        .ok()
}

/// An answer that does not arrive only means that the message comes again.
async fn answer(message: &Message, kind: AckKind) {
    if let Err(error) = message.ack_with(kind).await {
        tracing::debug!(%error, "An answer did not leave");
    }
}
