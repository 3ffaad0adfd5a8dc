//! The backend as a process (`backend all`), which is killed (SIGKILL) and comes back, and its neighbours: real servers
//! and stand-ins that outlive it. Everything that passes between them passes by the [`Fuse`].

use std::fs::OpenOptions;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use backend::settings::{Database, Http, Mail, Nats, Settings, Stripe, WaitingRoom};
use platform::ids::Ids;
use platform::tasks::Tasks;
use secrecy::{ExposeSecret, SecretString};
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use testkit::mail_sink::{self, MailSink};

use super::fuse::{Counts, Fuse, Neighbour, Point, Reaper};
use super::hop::hop;
use super::wires::wire;
use crate::support::{TestBus, eventually};
use crate::world::{Fan, Ground, World, environment};

/// Room for every purchase of a sweep.
const GROUND: Ground<'_> = Ground {
    name: "Igralište",
    rows: &["1-80"; 2],
    zone_seats: 160,
};
/// Longer than any claim: what a dead process had in hand is free again.
const CLAIMS_END: u32 = 61;
/// Longer than a session with its landing, and than any pause between two questions to Stripe.
pub(super) const LONG: u32 = 3_600;
/// So often at most does so much time pass until all is done.
const LONG_TIMES: usize = 3;
/// What is still to be done now.
const UNFINISHED: &str = "SELECT
    (SELECT count(*) FROM outbox WHERE published_at IS NULL)
    + (SELECT count(*) FROM gateway_events WHERE applied_at IS NULL)
    + (SELECT count(*) FROM jobs WHERE done_at IS NULL
       AND (claimed_until IS NOT NULL OR run_at <= clock_timestamp() + interval '1 second'))";
/// What is to be done some day.
const NOT_DONE: &str = "SELECT count(*) FROM jobs WHERE done_at IS NULL";

/// What a life came to: what the backend died of in it, or what effects it had without dying.
pub(super) type Life = Result<Counts, String>;

/// The backend and its neighbours.
pub(super) struct Stage {
    pub(super) world: World,
    pub(super) mails: MailSink,
    pub(super) fuse: Arc<Fuse>,
    /// The backend's: it meets its neighbours by way of the fuse.
    settings: Settings,
    bus: TestBus,
    tasks: Tasks,
    guests: AtomicUsize,
    _reaper: Reaper,
}

impl Stage {
    /// With a match on sale, and the backend at rest.
    pub(super) async fn start() -> Self {
        let (tasks, fuse) = (Tasks::new(), Arc::<Fuse>::default());
        let listen = own_address();
        let front = hop(&format!("http://{listen}"), effect_of_ours, &fuse, &tasks);
        let world = World::start_around(front, GROUND).await;
        let bus = TestBus::start_for_process().await;
        world.speak_on(&bus).await;
        let mails = mail_sink::start(&tasks, mail_sink::Settings::for_tests())
            .await
            .unwrap();
        let settings = by_way_of((&fuse, &tasks), &world, &bus, &mails).await;
        let settings = Settings {
            http: Http {
                listen,
                ..settings.http
            },
            ..settings
        };
        let stage = Self {
            _reaper: Reaper(fuse.clone()),
            world,
            mails,
            fuse,
            settings,
            bus,
            tasks,
            guests: AtomicUsize::new(0),
        };
        stage.rise();
        stage.answers().await;
        stage.settle().await;
        stage
    }

    /// Somebody new, with a profile and admitted.
    pub(super) async fn fan(&self) -> Fan<'_> {
        self.world.fan(&format!("fan-{}", self.number())).await
    }

    /// One that was not used yet.
    pub(super) fn number(&self) -> usize {
        self.guests.fetch_add(1, Ordering::Relaxed)
    }

    /// Lets `act` happen and everything that follows from it, until all is done. The backend dies at `point`, if it comes so
    /// far, and is started again a minute later.
    pub(super) async fn live(&self, point: Point, act: impl Future<Output = ()>) -> Life {
        self.fuse.arm(point);
        let life = async {
            act.await;
            self.settle().await;
        };
        let afterlife = async {
            let cause = self.fuse.death().await;
            eprintln!("» died of {cause}");
            self.nobody_is_there_for_a_minute().await;
            self.rise();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = life => {}
            () = afterlife => {}
        }
        self.answers().await;
        self.fuse.disarm()
    }

    /// Starts the process.
    pub(super) fn rise(&self) {
        let log = self.world.folder.join("backend.log");
        let log = OpenOptions::new().append(true).create(true).open(log).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_backend"))
            .arg("all")
            .env_clear()
            .envs(environment(&self.settings))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.fuse.guard(child);
    }

    async fn answers(&self) {
        let matches = format!("{}/matches", self.world.api_url);
        eventually("the backend answers", || async {
            let answer = self.world.http.get(&matches).send().await.unwrap();
            answer.status().is_success()
        })
        .await;
    }

    async fn nobody_is_there_for_a_minute(&self) {
        self.world.time_passes(CLAIMS_END).await;
        for table in ["jobs", "outbox"] {
            let ended =
                format!("UPDATE {table} SET claimed_until = claimed_until - interval '{CLAIMS_END} s'");
            self.world.execute(&ended).await;
        }
    }

    /// Waits until all is done, jobs of later included.
    pub(super) async fn settle(&self) {
        for _ in 0..=LONG_TIMES {
            self.rest().await;
            if self.world.number(NOT_DONE).await == 0 {
                return;
            }
            self.world.time_passes(LONG).await;
        }
        panic!(
            "a job is never done: {:?}",
            self.world
                .text("SELECT jobs::text FROM jobs WHERE done_at IS NULL")
                .await
        );
    }

    /// Waits until there is nothing to be done now.
    pub(super) async fn rest(&self) {
        // Twice: what moves from one place to another while it is looked for is found the second time.
        eventually("the backend is at rest", || async {
            self.is_at_rest().await && self.is_at_rest().await
        })
        .await;
    }

    async fn is_at_rest(&self) -> bool {
        self.fuse.is_alive()
            && self.world.stripe.ledger()["webhooks"]["pending"] == 0
            && self.world.number(UNFINISHED).await == 0
            && self.bus.unanswered().await == 0
    }

    /// Ends everything and takes it away.
    pub(super) async fn stop(self) {
        self.fuse.kill();
        self.world.stop().await;
        assert!(
            self.tasks.shutdown(Duration::from_secs(10)).await,
            "a wire did not end"
        );
        self.bus.stop().await;
    }
}

/// An address of the backend's own. On 127.0.0.1 any port may be somebody's before a killed process is back.
fn own_address() -> SocketAddr {
    let [.., a, b, c] = Ids.next().into_bytes();
    SocketAddr::from((Ipv4Addr::new(127, a | 1, b, c | 1), 7_400))
}

/// The settings of a backend in this world whose every neighbour but Redis, which keeps nothing that counts, is reached by
/// way of the fuse.
async fn by_way_of(
    (fuse, tasks): (&Arc<Fuse>, &Tasks),
    world: &World,
    bus: &TestBus,
    mails: &MailSink,
) -> Settings {
    let settings = world.app.settings.clone();
    let database: PgConnectOptions = settings.database.url.expose_secret().parse().unwrap();
    let postgres = format!("{}:{}", database.get_host(), database.get_port());
    let postgres = wire(Neighbour::Postgres, &postgres, fuse, tasks).await;
    let database = database
        .host("127.0.0.1")
        .port(postgres.port())
        .ssl_mode(PgSslMode::Disable);
    let nats = settings.nats.url.expose_secret().trim_start_matches("nats://");
    let nats = wire(Neighbour::Bus, nats, fuse, tasks).await;
    let smtp = mails.smtp_url();
    let smtp = wire(Neighbour::Mail, smtp.trim_start_matches("smtp://"), fuse, tasks).await;
    let stripe = hop(world.stripe.base_url(), |_| Some(Neighbour::Stripe), fuse, tasks);
    let room = hop(&world.room.base_url, effect_on_room, fuse, tasks);
    Settings {
        database: Database {
            url: SecretString::from(database.to_url_lossy().to_string()),
            max_connections: 4,
        },
        nats: Nats {
            url: SecretString::from(format!("nats://{nats}")),
            files: bus.files.clone(),
        },
        stripe: Stripe {
            api_url: format!("http://{stripe}"),
            site: bus.site().to_owned(),
            ..settings.stripe
        },
        waiting_room: WaitingRoom {
            api_url: format!("http://{room}"),
            ..settings.waiting_room
        },
        mail: Mail {
            smtp_url: SecretString::from(format!("smtp://{smtp}")),
            ..settings.mail
        },
        ..settings
    }
}

fn effect_of_ours(path: &str) -> Option<Neighbour> {
    Some(if path.ends_with("/webhooks/stripe") {
        Neighbour::Webhooks
    } else {
        Neighbour::Fans
    })
}

/// What is left to sell is told every second, believed for five, and never waited for.
fn effect_on_room(path: &str) -> Option<Neighbour> {
    (!path.ends_with("/origin-health")).then_some(Neighbour::Room)
}
