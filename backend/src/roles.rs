//! The command line: one binary, several roles.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpServer;
use actix_web::web::Data;
use clap::{Parser, Subcommand, ValueEnum};
use platform::settings::BadSettings;
use platform::tasks::{Tasks, stop_signal};
use sqlx::Connection;

use crate::api::{self, Audience};
use crate::app::App;
use crate::events::bus::{self, Bus};
use crate::events::{consumers, fallback, relay};
use crate::operator::{self, Admin};
use crate::settings::Settings;
use crate::{jobs, matches, notifications};

/// Tribina's backend: sells the seats.
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    after_help = "Settings: the file given with --config, then environment variables such as \
    BACKEND_HTTP__LISTEN. A bad setting stops the start and is named."
)]
struct Cli {
    /// Settings file (TOML).
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    role: Role,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// Answer HTTP: fans and webhooks.
    Serve,
    /// Work without a request: relay events, apply payments, run jobs, send mail.
    Work {
        /// Only this part of the work.
        #[arg(long)]
        only: Option<Part>,
    },
    /// Serve and work in one process.
    All,
    /// Apply the migrations, and the stream and consumers of the bus.
    Migrate,
    /// What operators do.
    #[command(subcommand)]
    Admin(Admin),
    /// Print an OpenAPI document.
    Openapi {
        /// For whom.
        #[arg(long, default_value = "fans")]
        audience: Audience,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Render and send mail: touches no business table.
    Mail,
}

/// Runs the role that the command line asks for.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let outcome = actix_web::rt::System::new().block_on(dispatch(cli));
    match outcome {
        Ok(code) => code,
        Err(error) => {
            let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("backend: {error:#}\n"));
            if error.is::<BadSettings>() {
                ExitCode::from(2)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

async fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    if let Role::Openapi { audience } = cli.role {
        return print(&format!("{}\n", api::openapi(audience).to_pretty_json()?));
    }
    let settings: Settings = platform::settings::load(cli.config.as_deref(), "BACKEND_")?;
    settings.check()?;
    platform::telemetry::init(settings.log.format);
    match cli.role {
        Role::Serve => run_roles(settings, &[serve]).await,
        Role::Work { only: None } => run_roles(settings, &[work]).await,
        Role::Work {
            only: Some(Part::Mail),
        } => mail_only(settings).await,
        Role::All => run_roles(settings, &[serve, work]).await,
        Role::Migrate => migrate(&settings).await,
        Role::Admin(deed) => operator::run(&settings, deed).await,
        Role::Openapi { audience } => print(&api::openapi(audience).to_pretty_json()?),
    }
}

type Start = fn(Arc<App>) -> std::pin::Pin<Box<dyn Future<Output = anyhow::Result<()>>>>;

/// How long background work may take to end after a stop signal.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(4);

async fn run_roles(settings: Settings, roles: &[Start]) -> anyhow::Result<ExitCode> {
    let tasks = Tasks::new();
    let app = App::start(settings, tasks.clone()).await?;
    for start in roles {
        start(app.clone()).await?;
    }
    stop_signal().await;
    tracing::info!("Stopping");
    let ended = tasks.shutdown(SHUTDOWN_LIMIT).await;
    Ok(if ended {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Starts the HTTP server; it ends with the process's tasks.
fn serve(app: Arc<App>) -> std::pin::Pin<Box<dyn Future<Output = anyhow::Result<()>>>> {
    Box::pin(async move {
        if let Err(error) = app.room.refresh_pass_keys().await {
            tracing::warn!(%error, "The waiting room's keys cannot be read yet; passes are not accepted until they are");
        }
        let data = Data::from(app.clone());
        let server = HttpServer::new(move || api::server(data.clone()))
            .workers(app.settings.http.workers)
            .disable_signals()
            .shutdown_timeout(3)
            .bind(app.settings.http.listen)
            .map_err(|error| BadSettings::unusable_address("http.listen", app.settings.http.listen, &error))?
            .run();
        let handle = server.handle();
        let stop = app.tasks.shutting_down().clone();
        app.tasks.spawn("http", async move {
            if let Err(error) = server.await {
                tracing::error!(%error, "The HTTP server ended");
            }
        });
        app.tasks.spawn("http stop", async move {
            stop.cancelled().await;
            handle.stop(true).await;
        });
        let keys = app.clone();
        app.tasks.spawn("pass keys", async move {
            while keys.tasks.sleep(Duration::from_secs(60)).await {
                // The keys we have stay good; a room that is down is reported where it is asked.
                let _ = keys.room.refresh_pass_keys().await;
            }
        });
        tracing::info!("Serving {}", app.settings.http.public_url);
        Ok(())
    })
}

/// Starts everything that works without a request.
fn work(app: Arc<App>) -> std::pin::Pin<Box<dyn Future<Output = anyhow::Result<()>>>> {
    Box::pin(async move {
        let bus = Bus::connect(&app.settings.nats).await?;
        app.tasks.spawn("relay", relay::run(app.clone(), bus.clone()));
        app.tasks
            .spawn("payments", consumers::run_payments(app.clone(), bus.clone()));
        app.tasks.spawn("payments fallback", fallback::run(app.clone()));
        app.tasks.spawn("jobs", jobs::runner::run(app.clone()));
        let mail = notifications::worker::run(app.db.clone(), app.settings.clone(), app.tasks.clone(), bus);
        app.tasks.spawn("mail", mail);
        let health = app.clone();
        app.tasks.spawn("origin health", async move {
            matches::actions::report_health(&health).await
        });
        tracing::info!("Working");
        Ok(())
    })
}

async fn mail_only(settings: Settings) -> anyhow::Result<ExitCode> {
    let tasks = Tasks::new();
    let db = platform::database::pool(settings.check()?.database, 2).await?;
    let bus = Bus::connect(&settings.nats).await?;
    tasks.spawn(
        "mail",
        notifications::worker::run(db, settings, tasks.clone(), bus),
    );
    stop_signal().await;
    let ended = tasks.shutdown(SHUTDOWN_LIMIT).await;
    Ok(if ended {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn migrate(settings: &Settings) -> anyhow::Result<ExitCode> {
    let options = settings.check()?.database;
    let mut conn = sqlx::PgConnection::connect_with(&options).await?;
    sqlx::migrate!("../migrations/backend").run(&mut conn).await?;
    #[cfg(feature = "sabotage")]
    crate::sabotage::drop_constraint(&mut conn).await?;
    conn.close().await?;
    let bus = Bus::connect(&settings.nats).await?;
    bus::apply_files(&bus, &settings.nats.files).await?;
    print("migrated\n")
}

pub(crate) fn print(text: &str) -> anyhow::Result<ExitCode> {
    std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
