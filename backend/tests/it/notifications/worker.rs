//! The mail worker: one mail per event, whatever happens in between.

use std::time::Duration;

use backend::events::{NewEvent, relay};
use backend::notifications::worker::{self, replay_dead_letters};
use backend::notifications::{OrderConfirmation, Recipient, order_confirmation};
use backend::settings::Mail;
use domain::ids::{EventId, OrderId};
use platform::ids::Ids;
use platform::tasks::Tasks;
use secrecy::SecretString;
use serde_json::json;
use sqlx::{PgPool, query, query_scalar};
use testkit::mail_sink::{self, MailSink};
use uuid::Uuid;

use super::scripted_smtp;
use crate::support::{TestBus, database, eventually, record};

pub(crate) const FAN: &str = "ana@example.com";

/// A database, a bus, and a worker that sends to `smtp_url`.
pub(crate) struct World {
    db: PgPool,
    test: TestBus,
    tasks: Tasks,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self {
            db: database().await,
            test: TestBus::start().await,
            tasks: Tasks::new(),
        }
    }

    async fn sink(&self) -> MailSink {
        mail_sink::start(&self.tasks, mail_sink::Settings::for_tests())
            .await
            .unwrap()
    }

    pub(crate) fn start_worker(&self, smtp_url: &str) {
        let (db, tasks, bus) = (self.db.clone(), self.tasks.clone(), self.test.bus.clone());
        let settings = Mail {
            smtp_url: SecretString::from(smtp_url),
            from: "Tribina <ulaznice@tribina.example>".to_owned(),
        };
        self.tasks.spawn(
            "mail",
            async move { worker::run_on(db, &settings, tasks, bus).await },
        );
    }

    /// Records a confirmation for `to` and publishes it.
    pub(crate) async fn confirm(&self, to: &str) -> EventId {
        let event = record(&self.db, self.test.own(confirmation(to))).await;
        relay::publish_due(&self.db, &self.test.bus).await.unwrap();
        event
    }

    /// State and error of a mail.
    async fn mail(&self, event: EventId) -> Option<(String, Option<String>)> {
        query!(
            r#"SELECT state::text AS "state!", error FROM mails WHERE event_id = $1"#,
            event.0
        )
        .fetch_optional(&self.db)
        .await
        .unwrap()
        .map(|mail| (mail.state, mail.error))
    }

    pub(crate) async fn sent(&self, event: EventId) -> bool {
        self.mail(event).await == Some(("SENT".to_owned(), None))
    }

    async fn dead_letters(&self) -> Vec<(Uuid, String)> {
        query!("SELECT event_id, error FROM dead_letters WHERE consumer = 'mail' ORDER BY dead_at")
            .fetch_all(&self.db)
            .await
            .unwrap()
            .into_iter()
            .map(|letter| (letter.event_id, letter.error))
            .collect()
    }

    pub(crate) async fn stop(self) {
        assert!(
            self.tasks.shutdown(Duration::from_secs(5)).await,
            "the worker did not stop"
        );
        self.test.stop().await;
    }
}

fn confirmation(to: &str) -> NewEvent {
    let details = OrderConfirmation {
        order_number: "1042".to_owned(),
        match_title: "Hrvatska – Portugal".to_owned(),
        kick_off: "14. 6. 2026. u 20:45".to_owned(),
        venue: "Poljud, Split".to_owned(),
        seats: vec!["Zapad, red 3, sjedalo 12".to_owned()],
        total: "60.00 EUR".to_owned(),
    };
    order_confirmation(
        OrderId(Uuid::from_u128(3)),
        Recipient { to, language: "hr" },
        &details,
    )
}

#[tokio::test]
async fn a_mail_is_sent_once_however_often_its_event_comes_and_the_outbox_forgets_the_address() {
    let world = World::start().await;
    let sink = world.sink().await;
    world.start_worker(&sink.smtp_url());
    let event = world.confirm(FAN).await;
    eventually("the mail is sent", || world.sent(event)).await;

    let body = query_scalar!("SELECT body FROM outbox")
        .fetch_one(&world.db)
        .await
        .unwrap();
    let blank = json!({"template": "order_confirmation", "language": "hr", "to": "", "variables": {}});
    assert_eq!(body, blank);

    // The same event twice more, as a new message and blank, then another one to know that they were handled.
    let (_, _, envelope) = world.test.message(1).await;
    world
        .test
        .publish(
            "mail.order_confirmation",
            "again",
            envelope.to_string().into_bytes(),
        )
        .await;
    query!("UPDATE outbox SET published_at = NULL")
        .execute(&world.db)
        .await
        .unwrap();
    relay::publish_due(&world.db, &world.test.bus).await.unwrap();
    let last = world.confirm("luka@example.com").await;
    eventually("the last mail is sent", || world.sent(last)).await;

    let mails = sink.mails_to(FAN);
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].subject, "Potvrda narudžbe 1042: Hrvatska – Portugal");
    assert!(
        mails[0].text.contains("Zapad, red 3, sjedalo 12"),
        "{}",
        mails[0].text
    );
    assert!(
        mails[0].html.contains("<li>Zapad, red 3, sjedalo 12</li>"),
        "{}",
        mails[0].html
    );
    assert!(
        mails[0].raw.contains(&format!("<{event}@tribina.example>")),
        "{}",
        mails[0].raw
    );
    assert_eq!(world.dead_letters().await, []);
    sink.stop().await;
    world.stop().await;
}

#[tokio::test]
async fn a_message_that_is_no_event_is_a_dead_letter_and_stops_no_other() {
    let world = World::start().await;
    let sink = world.sink().await;
    world.start_worker(&sink.smtp_url());
    let poison = Ids.next();
    world
        .test
        .publish(
            "mail.order_confirmation",
            &poison.to_string(),
            b"{ no event".to_vec(),
        )
        .await;
    let event = world.confirm(FAN).await;

    eventually("the mail is sent", || world.sent(event)).await;
    eventually("the poison is buried", || async {
        world.dead_letters().await.len() == 1
    })
    .await;
    let (id, error) = world.dead_letters().await.remove(0);
    assert_eq!(id, poison);
    assert!(error.starts_with("no event"), "{error}");
    sink.stop().await;
    world.stop().await;
}

#[tokio::test]
async fn a_mail_that_cannot_be_sent_fails_loudly_and_is_sent_when_replayed_after_its_cause_is_gone() {
    let world = World::start().await;
    let sink = world.sink().await;
    world.start_worker(&sink.smtp_url());
    let event = world.confirm("no address").await;

    eventually("it is a dead letter", || async {
        world.dead_letters().await.len() == 1
    })
    .await;
    let reason = "refused: the recipient is no address".to_owned();
    assert_eq!(world.dead_letters().await, [(event.0, reason.clone())]);
    assert_eq!(world.mail(event).await, Some(("FAILED".to_owned(), Some(reason))));

    query!(r#"UPDATE dead_letters SET envelope = jsonb_set(envelope, '{data,to}', '"ana@example.com"')"#)
        .execute(&world.db)
        .await
        .unwrap();
    assert_eq!(replay_dead_letters(&world.db, &world.test.bus).await.unwrap(), 1);
    eventually("the mail is sent", || world.sent(event)).await;
    assert_eq!(sink.mails_to(FAN).len(), 1);
    assert_eq!(world.dead_letters().await, []);
    sink.stop().await;
    world.stop().await;
}

#[tokio::test]
async fn an_unknown_template_is_a_dead_letter() {
    let world = World::start().await;
    let sink = world.sink().await;
    world.start_worker(&sink.smtp_url());
    let mut event = confirmation(FAN);
    event.data["template"] = "of_tomorrow".into();
    record(&world.db, world.test.own(event)).await;
    relay::publish_due(&world.db, &world.test.bus).await.unwrap();

    eventually("it is a dead letter", || async {
        world.dead_letters().await.len() == 1
    })
    .await;
    assert_eq!(
        world.dead_letters().await[0].1,
        "there is no template `of_tomorrow`"
    );
    assert_eq!(sink.mails_to(FAN).len(), 0);
    sink.stop().await;
    world.stop().await;
}

#[tokio::test]
async fn a_mail_waits_for_a_mail_server_that_is_away() {
    let world = World::start().await;
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    world.start_worker(&format!("smtp://{address}"));
    let event = world.confirm(FAN).await;
    world.tasks.sleep(Duration::from_millis(500)).await;
    assert_eq!(world.mail(event).await, None);

    let settings = mail_sink::Settings {
        smtp_listen: address,
        ..mail_sink::Settings::for_tests()
    };
    let sink = mail_sink::start(&world.tasks, settings).await.unwrap();
    eventually("the mail is sent", || world.sent(event)).await;
    assert_eq!(sink.mails_to(FAN).len(), 1);
    sink.stop().await;
    world.stop().await;
}

#[tokio::test]
async fn a_mail_that_is_not_wanted_now_comes_back_later() {
    let world = World::start().await;
    let (address, asked) = scripted_smtp::start(&world.tasks, &["450 greylisted, come back"]).await;
    world.start_worker(&format!("smtp://{address}"));
    let event = world.confirm(FAN).await;

    eventually("the mail is sent", || world.sent(event)).await;
    assert_eq!(asked.lock().unwrap().len(), 2);
    assert_eq!(world.dead_letters().await, []);
    world.stop().await;
}

#[tokio::test]
async fn a_mail_refused_for_good_is_tried_once_and_its_reason_is_kept_without_the_address() {
    let world = World::start().await;
    let (address, asked) = scripted_smtp::start(&world.tasks, &["550 no such user ana@example.com"]).await;
    world.start_worker(&format!("smtp://{address}"));
    let event = world.confirm(FAN).await;

    eventually("it is a dead letter", || async {
        world.dead_letters().await.len() == 1
    })
    .await;
    let (state, error) = world.mail(event).await.unwrap();
    let error = error.unwrap();
    assert_eq!(state, "FAILED");
    assert!(
        error.contains("550") && error.contains("<recipient>") && !error.contains(FAN),
        "{error}"
    );
    assert_eq!(asked.lock().unwrap().len(), 1);
    world.stop().await;
}
