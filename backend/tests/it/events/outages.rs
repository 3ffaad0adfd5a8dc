//! Whatever goes away comes back, and the work goes on by itself.

use std::time::Duration;

use backend::events::NewEvent;
use backend::events::bus::Bus;
use backend::events::relay;
use backend::jobs::{Job, Outcome, enqueue, runner};
use backend::notifications::worker;
use backend::notifications::{OrderConfirmation, Recipient, order_confirmation};
use backend::settings::{Mail, Nats};
use domain::ids::{EventId, OrderId};
use platform::ids::Ids;
use platform::tasks::Tasks;
use secrecy::SecretString;
use sqlx::{PgPool, query_scalar};
use testkit::mail_sink::{self, MailSink};
use uuid::Uuid;

use crate::proxy::Wire;
use crate::support::{TestBus, database, eventually, record, variable};

fn confirmation() -> NewEvent {
    let details = OrderConfirmation {
        order_number: "7".to_owned(),
        match_title: "Hrvatska – Portugal".to_owned(),
        kick_off: "20:45".to_owned(),
        venue: "Poljud".to_owned(),
        seats: vec!["Zapad".to_owned()],
        total: "60.00 EUR".to_owned(),
    };
    order_confirmation(
        OrderId(Uuid::from_u128(3)),
        Recipient {
            to: "ana@example.com",
            language: "en",
        },
        &details,
    )
}

async fn sink(tasks: &Tasks) -> MailSink {
    mail_sink::start(tasks, mail_sink::Settings::for_tests())
        .await
        .unwrap()
}

fn work(tasks: &Tasks, db: &PgPool, bus: &Bus, sink: &MailSink) {
    let (relay_db, relay_tasks, relay_bus) = (db.clone(), tasks.clone(), bus.clone());
    tasks.spawn("relay", async move {
        relay::run_on(&relay_db, &relay_tasks, &relay_bus).await
    });
    let settings = Mail {
        smtp_url: SecretString::from(sink.smtp_url()),
        from: "Tribina <a@tribina.example>".to_owned(),
    };
    let (db, own_tasks, bus) = (db.clone(), tasks.clone(), bus.clone());
    tasks.spawn("mail", async move {
        worker::run_on(db, &settings, own_tasks, bus).await
    });
}

async fn sent(db: &PgPool, event: EventId) -> bool {
    let state = query_scalar!(
        r#"SELECT state::text AS "state!" FROM mails WHERE event_id = $1"#,
        event.0
    )
    .fetch_optional(db)
    .await
    .unwrap();
    state.as_deref() == Some("SENT")
}

#[tokio::test]
async fn the_relay_and_the_mail_worker_go_on_when_the_bus_comes_back() {
    let (db, test, tasks) = (database().await, TestBus::start().await, Tasks::new());
    let wire = Wire::to(variable("TEST_NATS_URL").trim_start_matches("nats://"), &tasks).await;
    let url = SecretString::from(format!("nats://{}", wire.address));
    let bus = Bus::connect(&Nats {
        url,
        files: test.files.clone(),
    })
    .await
    .unwrap();
    let sink = sink(&tasks).await;
    work(&tasks, &db, &bus, &sink);
    let before = record(&db, test.own(confirmation())).await;
    eventually("a mail is sent", || sent(&db, before)).await;

    wire.cut();
    let during = record(&db, test.own(confirmation())).await;
    tasks.sleep(Duration::from_millis(1_500)).await;
    assert!(!sent(&db, during).await);

    wire.mend();
    eventually("the mail of the outage is sent", || sent(&db, during)).await;
    assert_eq!(sink.mails_to("ana@example.com").len(), 2);
    sink.stop().await;
    assert!(tasks.shutdown(Duration::from_secs(5)).await);
    test.stop().await;
}

#[tokio::test]
async fn relay_mail_worker_and_jobs_go_on_when_postgres_comes_back_and_nothing_is_given_up() {
    let (db, test, tasks) = (database().await, TestBus::start().await, Tasks::new());
    let options = db.connect_options();
    let wire = Wire::to(&format!("{}:{}", options.get_host(), options.get_port()), &tasks).await;
    let through_wire = (*options).clone().host("127.0.0.1").port(wire.address.port());
    let cut_db = platform::database::pool(through_wire, 4).await.unwrap();
    let sink = sink(&tasks).await;
    work(&tasks, &cut_db, &test.bus, &sink);
    let (jobs_db, jobs_tasks) = (cut_db.clone(), tasks.clone());
    tasks.spawn("jobs", async move {
        runner::run_on(&jobs_db, &jobs_tasks, &["close_order"], |_| async {
            Ok(Outcome::Done)
        })
        .await;
    });
    let before = record(&db, test.own(confirmation())).await;
    eventually("a mail is sent", || sent(&db, before)).await;

    wire.cut();
    let during = record(&db, test.own(confirmation())).await;
    // The message itself is on the bus: the worker holds it without counting against it.
    relay::publish_due(&db, &test.bus).await.unwrap();
    let job = Job::CloseOrder(OrderId(Uuid::from_u128(1)));
    let due = query_scalar!(r#"SELECT clock_timestamp() AS "now!""#)
        .fetch_one(&db)
        .await
        .unwrap();
    enqueue(&mut db.acquire().await.unwrap(), Ids, job, due)
        .await
        .unwrap();
    tasks.sleep(Duration::from_millis(1_500)).await;
    assert!(!sent(&db, during).await);

    wire.mend();
    eventually("the mail of the outage is sent", || sent(&db, during)).await;
    eventually("the job of the outage is done", || async {
        query_scalar!(r#"SELECT done_at IS NOT NULL AS "done!" FROM jobs"#)
            .fetch_one(&db)
            .await
            .unwrap()
    })
    .await;
    let given_up = query_scalar!(r#"SELECT count(*) AS "count!" FROM dead_letters"#)
        .fetch_one(&db)
        .await
        .unwrap();
    assert_eq!(given_up, 0);
    sink.stop().await;
    assert!(tasks.shutdown(Duration::from_secs(5)).await);
    test.stop().await;
}
