//! Sends what `mail.*` events ask for. Runs alone: its own tables, the bus and a mail server are all it needs.

use std::time::Duration;

use contracts::events::{Envelope, MailRequested};
use domain::ids::EventId;
use platform::settings::BadSettings;
use platform::tasks::Tasks;
use sqlx::PgPool;
use uuid::Uuid;

use super::mailer::{CONNECTIONS_MAX, Mailer, NotAccepted};
use super::store;
use super::templates::render;
use crate::app::Db;
use crate::events::bus::Bus;
use crate::events::consumers::{Consumer, Handler, Unhandled};
use crate::events::{blank_mail, dead_letters};
use crate::settings::{Mail, Settings};

/// As in `nats/consumers/`.
const CONSUMER: &str = "mail";
/// First and longest delay of a mail that the server does not want now: with 8 deliveries about ten minutes, what
/// greylisting asks for.
const DELAYS: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(600));

/// Refuses mail settings that cannot be right.
///
/// # Errors
/// [`BadSettings`], naming the setting.
pub fn check(settings: &Mail) -> Result<(), BadSettings> {
    Mailer::new(settings).map(|_| ())
}

/// Sends mails until shutdown.
pub async fn run(db: PgPool, settings: Settings, tasks: Tasks, bus: Bus) {
    run_on(db, &settings.mail, tasks, bus).await;
}

/// [`run`], with the mail settings only.
pub async fn run_on(db: Db, settings: &Mail, tasks: Tasks, bus: Bus) {
    let mailer = match Mailer::new(settings) {
        Ok(mailer) => mailer,
        Err(error) => return tracing::error!(%error, "No mail is sent"),
    };
    let in_hand_max = usize::try_from(CONNECTIONS_MAX).unwrap_or(1);
    let handler = Sender {
        db: db.clone(),
        mailer,
    };
    Consumer {
        name: CONSUMER,
        in_hand_max,
        delays: DELAYS,
        db,
        tasks,
        bus,
        handler,
    }
    .run()
    .await;
}

/// Sends again every mail that was given up, and says how many. For operators, once the cause is gone.
///
/// # Errors
/// When the database or the bus fails.
pub async fn replay_dead_letters(db: &Db, bus: &Bus) -> anyhow::Result<u64> {
    dead_letters::replay(db, bus, CONSUMER).await
}

struct Sender {
    db: Db,
    mailer: Mailer,
}

impl Handler for Sender {
    async fn handle(&self, event: &Envelope) -> Result<(), Unhandled> {
        // First of all: the outbox copy of a sent mail is blank, and republished it could not be rendered.
        if store::is_sent(&self.db, event.id).await? {
            return Ok(());
        }
        let mail: MailRequested =
            serde_json::from_value(event.data.clone()).map_err(|error| Unhandled::Hopeless(error.into()))?;
        let rendered = render(&mail).map_err(|error| Unhandled::Hopeless(error.into()))?;

        match self.mailer.send(event.id, &mail.to, rendered).await {
            Ok(()) => {}
            Err(error @ NotAccepted::Refused(_)) => return Err(Unhandled::Hopeless(error.into())),
            Err(error @ NotAccepted::NotNow(_)) => return Err(Unhandled::Failed(error.into())),
            Err(error @ NotAccepted::Away(_)) => return Err(Unhandled::Outage(error.into())),
        }

        self.save_sent(event.id, &mail.template).await
    }

    async fn give_up(&self, event: &Envelope, error: &str) -> Result<(), sqlx::Error> {
        let template = event.kind.strip_prefix("mail.").unwrap_or(&event.kind);
        store::save_failed(&self.db, event.id, template, error).await
    }
}

impl Sender {
    /// The mail has left: should this fail, the message comes again and the mail is sent twice, under one Message-ID.
    async fn save_sent(&self, event: Uuid, template: &str) -> Result<(), Unhandled> {
        let mut tx = self.db.begin().await?;
        store::save_sent(&mut tx, event, template).await?;
        blank_mail(&mut tx, EventId(event)).await?;
        tx.commit().await?;
        tracing::info!(event.id = %event, mail.template = template, "Sent a mail");
        Ok(())
    }
}
