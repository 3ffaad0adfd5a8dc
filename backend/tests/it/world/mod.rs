//! The backend as it runs, in this process, with a small match on sale: its HTTP server, its stores, and stand-ins for
//! identity provider, Stripe and waiting room. Every test has a world of its own.

mod books;
mod fan;
mod ground;
mod process;
mod room;
mod staff;

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_web::HttpServer;
use actix_web::web::Data;
use backend::app::App;
use backend::events::{bus::Bus, consumers, fallback, relay};
use backend::settings::{
    Database, Http, Identity, Log, Mail, Nats, Redis, RolesFrom, Secrets, Settings, Staff, Stripe,
    WaitingRoom,
};
use backend::{jobs, matches};
use chrono::{DateTime, Utc};
use platform::clock::{Clock, SystemClock};
use platform::ids::Ids;
use platform::tasks::Tasks;
use secrecy::SecretString;
use serde_json::{Value, json};
use testkit::{identity, stripe};
use uuid::Uuid;

pub(crate) use fan::{Answer, Fan, answer, fresh_key};
pub(crate) use ground::{Ground, ZONE_SEATS};
pub(crate) use process::environment;
pub(crate) use room::{Room, key};
pub(crate) use staff::Clerk;

use crate::support::{TestBus, variable};

/// For whom tokens are.
pub(crate) const AUDIENCE: &str = "fans-of-this-test";

/// How fans reach the waiting room.
pub(crate) const ROOM_PUBLIC_URL: &str = "https://room.example";

/// How long a client waits for an answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(15);

/// What becomes of Stripe's webhooks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Webhooks {
    Delivered,
    Lost,
}

/// Who answers the fans of a world.
enum Server {
    /// Its own backend, here.
    Own(TcpListener),
    /// Somebody else, there.
    Other(SocketAddr),
}

impl Server {
    fn own() -> Self {
        Self::Own(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    fn address(&self) -> SocketAddr {
        match self {
            Self::Own(listener) => listener.local_addr().unwrap(),
            Self::Other(address) => *address,
        }
    }
}

/// The backend and everything around it.
pub(crate) struct World {
    /// What the HTTP server serves.
    pub(crate) app: Arc<App>,
    /// With `/api/v1`.
    pub(crate) api_url: String,
    pub(crate) identity: identity::Identity,
    pub(crate) stripe: stripe::Stripe,
    pub(crate) room: Room,
    pub(crate) match_id: Uuid,
    pub(crate) queue_id: Uuid,
    /// By code: A, B.
    pub(crate) zones: [Uuid; 2],
    pub(crate) http: reqwest::Client,
    /// For files of this test.
    pub(crate) folder: PathBuf,
    database_url: String,
    bus: OnceLock<TestBus>,
    people: AtomicU64,
}

impl World {
    /// Serves, with a match on sale whose queue is there. Nothing works in the background yet.
    pub(crate) async fn start() -> Self {
        Self::build(Webhooks::Delivered, as_is, (Server::own(), Ground::SMALL)).await
    }

    /// The same around a backend that runs elsewhere and is reached, by fans and by Stripe, at `address`. The one in here
    /// serves nobody: it is for tests to look at the database through.
    pub(crate) async fn start_around(address: SocketAddr, ground: Ground<'_>) -> Self {
        Self::build(Webhooks::Delivered, as_is, (Server::Other(address), ground)).await
    }

    /// Trusts another issuer than its own identity provider.
    pub(crate) async fn start_with_issuer(issuer: &str, audience: &str) -> Self {
        let trusted = Identity {
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
        };
        let amend = |settings| Settings {
            identity: trusted,
            ..settings
        };
        Self::build(Webhooks::Delivered, amend, (Server::own(), Ground::SMALL)).await
    }

    /// The same, where the identity provider says in its tokens which roles staff have.
    pub(crate) async fn start_with_roles_in_tokens() -> Self {
        let amend = |settings: Settings| Settings {
            staff: Staff {
                roles: RolesFrom::Claim,
                ..settings.staff
            },
            ..settings
        };
        Self::build(Webhooks::Delivered, amend, (Server::own(), Ground::SMALL)).await
    }

    /// The same, but what Stripe tells us never arrives.
    pub(crate) async fn start_without_webhooks() -> Self {
        Self::build(Webhooks::Lost, as_is, (Server::own(), Ground::SMALL)).await
    }

    async fn build(
        webhooks: Webhooks,
        amend: impl FnOnce(Settings) -> Settings,
        (server, ground): (Server, Ground<'_>),
    ) -> Self {
        let tasks = Tasks::new();
        let base_url = format!("http://{}", server.address());
        let api_url = format!("{base_url}/api/v1");
        let identity = identity::start(&tasks, identity::Settings::for_tests(AUDIENCE)).unwrap();
        let stripe = stripe::start(
            &tasks,
            stripe::Settings {
                webhook_url: (webhooks == Webhooks::Delivered).then(|| format!("{api_url}/webhooks/stripe")),
                ..stripe::Settings::for_tests()
            },
        )
        .unwrap();
        let room = Room::start(&tasks, key(1).verifying_key());
        let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations/backend");
        let database_url =
            testkit::postgres::fresh_database(&variable("BACKEND_TEST_DATABASE_URL"), &migrations)
                .await
                .unwrap();
        let settings = amend(Settings {
            http: Http {
                listen: server.address(),
                public_url: base_url,
                workers: 1,
            },
            database: Database {
                url: SecretString::from(database_url.clone()),
                max_connections: 8,
            },
            identity: Identity {
                issuer: identity.base_url().to_owned(),
                audience: AUDIENCE.to_owned(),
            },
            waiting_room: WaitingRoom {
                api_url: room.base_url.clone(),
                ..settings().waiting_room
            },
            stripe: Stripe {
                api_url: stripe.base_url().to_owned(),
                ..settings().stripe
            },
            ..settings()
        });

        let app = App::start(settings.clone(), tasks.clone()).await.unwrap();
        app.room.refresh_pass_keys().await.unwrap();
        if let Server::Own(listener) = server {
            serve(&app, listener);
        }
        let folder = std::env::temp_dir().join(format!("tribina-{}", Ids.next().simple()));
        let (match_id, queue_id, zones) = put_on_sale(&app, &folder, ground).await;
        Self {
            app,
            api_url,
            identity,
            stripe,
            room,
            match_id,
            queue_id,
            zones,
            http: platform::http_client(ANSWER_LIMIT).unwrap(),
            folder,
            database_url,
            bus: OnceLock::new(),
            people: AtomicU64::new(1),
        }
    }

    /// Starts what works without a request: the relay, the payments consumer, the jobs.
    pub(crate) async fn start_workers(&self) {
        let bus = TestBus::start().await;
        self.speak_on(&bus).await;
        let (app, own): (&Arc<App>, Bus) = (&self.app, bus.bus.clone());
        app.tasks.spawn("relay", relay::run(app.clone(), own.clone()));
        app.tasks
            .spawn("payments", consumers::run_payments(app.clone(), own));
        app.tasks.spawn("jobs", jobs::runner::run(app.clone()));
        assert!(self.bus.set(bus).is_ok(), "the workers work already");
    }

    /// Lets events leave under this test's own subjects, because tests share a server.
    pub(crate) async fn speak_on(&self, bus: &TestBus) {
        let (prefix, site) = (bus.subject(""), bus.site());
        self.execute(&format!(
            "CREATE FUNCTION own_subject() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN
                 IF NEW.nats_subject <> 'stripe.{site}' THEN NEW.nats_subject := '{prefix}' || NEW.nats_subject; END IF;
                 RETURN NEW;
             END $$;
             CREATE TRIGGER own_subject BEFORE INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION own_subject();
             UPDATE outbox SET nats_subject = '{prefix}' || nats_subject;",
        ))
        .await;
    }

    /// Starts what works without the bus: the jobs, and what applies gateway events from Postgres.
    pub(crate) fn start_workers_without_bus(&self) {
        let app = &self.app;
        app.tasks.spawn("payments fallback", fallback::run(app.clone()));
        app.tasks.spawn("jobs", jobs::runner::run(app.clone()));
    }

    /// Stops everything and takes away what is of this test only.
    pub(crate) async fn stop(self) {
        self.room.go_away().await;
        assert!(
            self.app.tasks.shutdown(Duration::from_secs(10)).await,
            "a task did not stop"
        );
        if let Some(bus) = self.bus.into_inner() {
            bus.stop().await;
        }
        std::fs::remove_dir_all(self.folder).unwrap();
        let admin = variable("BACKEND_TEST_DATABASE_URL");
        testkit::postgres::drop_database(&admin, &self.database_url)
            .await
            .unwrap();
    }

    /// A signed-in fan with a profile, admitted for the next 20 minutes.
    pub(crate) async fn fan(&self, name: &str) -> Fan<'_> {
        let fan = self.visitor(name).await;
        fan.create_profile().await;
        fan.admit_for(1_200);
        fan
    }

    /// A signed-in fan: no profile, not admitted.
    pub(crate) async fn visitor(&self, name: &str) -> Fan<'_> {
        Fan::sign_in(self, name).await
    }

    /// Somebody whom nobody has named yet, as a holder.
    pub(crate) fn person(&self) -> Value {
        let number = self.people.fetch_add(1, Ordering::Relaxed);
        json!({
            "full_name": format!("Osoba {number}"), "date_of_birth": "1990-01-31", "nationality": "HR",
            "oib": testkit::oib::from_number(number),
        })
    }
}

fn as_is(settings: Settings) -> Settings {
    settings
}

/// Settings that are right in themselves; whoever is to be reached is nowhere.
pub(crate) fn settings() -> Settings {
    let secret = |text: &str| SecretString::from(text);
    Settings {
        http: Http {
            listen: "127.0.0.1:0".parse().unwrap(),
            public_url: "http://127.0.0.1:1".to_owned(),
            workers: 1,
        },
        database: Database {
            url: secret("postgres://127.0.0.1:1/none"),
            max_connections: 4,
        },
        redis: Redis {
            url: secret(&variable("TEST_REDIS_URL")),
        },
        nats: Nats {
            url: secret(&variable("TEST_NATS_URL")),
            files: Path::new(env!("CARGO_MANIFEST_DIR")).join("../nats"),
        },
        identity: Identity {
            issuer: "http://127.0.0.1:1".to_owned(),
            audience: AUDIENCE.to_owned(),
        },
        staff: Staff {
            audience: format!("staff-{AUDIENCE}"),
            ..Staff::default()
        },
        waiting_room: WaitingRoom {
            api_url: "http://127.0.0.1:1".to_owned(),
            public_url: Some(ROOM_PUBLIC_URL.to_owned()),
            tenant: room::TENANT.to_owned(),
            issuer: room::ISSUER.to_owned(),
            signing_key: secret(&room::seed(1)),
        },
        stripe: Stripe {
            api_url: "http://127.0.0.1:1".to_owned(),
            secret_key: secret("sk_test_stand_in"),
            webhook_secret: secret("whsec_stand_in"),
            site: "backend".to_owned(),
            requests_per_second: 100,
        },
        mail: Mail {
            smtp_url: secret("smtp://127.0.0.1:1"),
            from: "Tribina <ulaznice@tribina.example>".to_owned(),
        },
        secrets: Secrets {
            personal_data_key: secret(&room::seed(2)),
            blind_index_key: secret(&room::seed(3)),
            ticket_signing_key: secret(&room::seed(4)),
        },
        log: Log::default(),
    }
}

fn serve(app: &Arc<App>, listener: TcpListener) {
    let data = Data::from(app.clone());
    let server = HttpServer::new(move || backend::api::server(data.clone()))
        .workers(1)
        .disable_signals()
        .shutdown_timeout(1)
        .listen(listener)
        .unwrap()
        .run();
    let (handle, stop) = (server.handle(), app.tasks.shutting_down().clone());
    app.tasks.spawn("http", async move { server.await.unwrap() });
    app.tasks.spawn("http stop", async move {
        stop.cancelled().await;
        handle.stop(true).await;
    });
}

/// A match whose queue is there: its ids, and those of its zones.
async fn put_on_sale(app: &App, folder: &Path, ground: Ground<'_>) -> (Uuid, Uuid, [Uuid; 2]) {
    let match_id = ground.announce(app, folder).await;
    matches::actions::sync_queue(app, match_id).await.unwrap();
    let queue_id = matches::actions::queue_of(app, match_id).await.unwrap();
    let zones: Vec<Uuid> = sqlx::query_scalar("SELECT zone_id FROM match_zones ORDER BY name")
        .fetch_all(&app.db)
        .await
        .unwrap();
    (match_id.0, queue_id, zones.try_into().unwrap())
}

/// The machine's clock.
pub(crate) fn now() -> DateTime<Utc> {
    SystemClock.now()
}
