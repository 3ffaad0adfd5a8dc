//! The command line of the waiting room.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use platform::settings::BadSettings;
use waiting_room::settings::Settings;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A setting is wrong: the process did not start.
const EXIT_BAD_SETTINGS: u8 = 2;

/// A fair line in front of a sale.
#[derive(Parser)]
struct Arguments {
    /// The settings file (TOML). Environment variables `WAITING_ROOM_SECTION__KEY` go over it.
    #[arg(long)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves the API and the sockets until told to stop.
    Serve,
    /// Applies the database migrations that are missing.
    Migrate,
    /// Prints the OpenAPI document.
    Openapi,
    /// For operators.
    #[command(subcommand)]
    Admin(Admin),
}

#[derive(Subcommand)]
enum Admin {
    /// Registers a tenant, or replaces its key.
    RegisterTenant {
        /// The name in `iss` of the tenant's tokens.
        #[arg(long)]
        name: String,
        /// Its Ed25519 public key: 32 bytes, standard base64.
        #[arg(long)]
        public_key: String,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            if error.is::<BadSettings>() {
                ExitCode::from(EXIT_BAD_SETTINGS)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    if let Command::Openapi = arguments.command {
        println!("{}", serde_json::to_string_pretty(&waiting_room::openapi())?);
        return Ok(());
    }
    let settings = Settings::load(arguments.config.as_deref())?;
    platform::telemetry::init(settings.log.format);
    match arguments.command {
        Command::Serve => {
            let running = waiting_room::start(&settings).await?;
            platform::tasks::stop_signal().await;
            running.stop().await;
        }
        Command::Migrate => waiting_room::admin::migrate(&settings).await?,
        Command::Openapi => {}
        Command::Admin(Admin::RegisterTenant { name, public_key }) => {
            let id = waiting_room::admin::register_tenant(&settings, &name, &public_key).await?;
            println!("{name} {id}");
        }
    }
    Ok(())
}
