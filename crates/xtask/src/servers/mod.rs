//! Private instances of PostgreSQL, Redis (or Valkey) and NATS: own data, own ports, own sockets.

mod postgres;

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context;

pub(crate) use postgres::{Postgres, Psql, outside_home};

use crate::checkout::{Checkout, capture};
use crate::fleet::{Fleet, Stop};
use crate::health::{Health, wait_for};
use crate::programs::{self, Programs};

/// What a stack's servers must survive.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// Everything that was acknowledged survives a power cut: what is measured is what production does.
    Full,
    /// The same, on a machine that does nothing else: a tenth of it for PostgreSQL's cache.
    FullOnItsOwn,
    /// Only what a test run needs.
    ProcessOnly,
}

/// Where the servers of one stack listen.
#[derive(Clone, Copy)]
pub(crate) struct ServerPorts {
    pub(crate) postgres: u16,
    pub(crate) redis: u16,
    pub(crate) nats: u16,
}

/// The running servers.
pub(crate) struct Servers {
    ports: ServerPorts,
    postgres: Postgres,
}

impl Servers {
    /// Starts the three in `fleet` with their data below `state`, and waits until they answer.
    pub(crate) fn start(
        checkout: &Checkout,
        state: &Path,
        fleet: &mut Fleet,
        (ports, durability): (ServerPorts, Durability),
    ) -> anyhow::Result<Self> {
        let programs = programs::find_or_install()?;
        let postgres = Postgres::start(&programs, state, fleet, (ports.postgres, durability))?;
        start_redis(&programs, state, fleet, ports.redis)?;
        let config = checkout.root().join("nats/server.conf");
        start_nats(&programs, state, fleet, (ports.nats, &config))?;
        let servers = Self { ports, postgres };
        for (name, health) in servers.health() {
            wait_for(fleet, name, &health)?;
        }
        Ok(servers)
    }

    /// Runs one statement; gives what it selected, unadorned.
    pub(crate) fn sql(&self, database: &str, statement: &str) -> anyhow::Result<String> {
        self.postgres.psql().sql(database, statement)
    }

    /// Applies every `.sql` file of a folder, in order, each in a transaction of its own.
    pub(crate) fn apply_migrations(&self, database: &str, folder: &Path) -> anyhow::Result<()> {
        let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
        let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        files.retain(|path| path.extension().is_some_and(|extension| extension == "sql"));
        files.sort();
        for file in files {
            capture(
                self.postgres
                    .psql()
                    .command(database)
                    .args(["-q", "-1", "-f"])
                    .arg(file),
            )?;
        }
        Ok(())
    }

    /// Makes a database unless it exists.
    pub(crate) fn ensure_database(&self, name: &str) -> anyhow::Result<()> {
        let known = self.sql(
            "postgres",
            &format!("SELECT 1 FROM pg_database WHERE datname = '{name}'"),
        )?;
        if known.trim().is_empty() {
            self.sql("postgres", &format!("CREATE DATABASE {name}"))?;
        }
        Ok(())
    }

    pub(crate) fn database_url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.ports.postgres)
    }

    pub(crate) fn redis_url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.ports.redis)
    }

    pub(crate) fn nats_url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.ports.nats)
    }

    /// The three by name, and how each shows that it is well.
    pub(crate) fn health(&self) -> [(&'static str, Health); 3] {
        [
            ("postgres", Health::Postgres(self.postgres.psql().clone())),
            ("redis", Health::Redis(self.ports.redis)),
            ("nats", Health::Nats(self.ports.nats)),
        ]
    }

    pub(crate) fn postgres(&self) -> &Postgres {
        &self.postgres
    }
}

fn start_redis(programs: &Programs, state: &Path, fleet: &mut Fleet, port: u16) -> anyhow::Result<()> {
    let folder = state.join("redis");
    fs::create_dir_all(&folder)?;
    let mut command = Command::new(&programs.redis);
    command
        .current_dir(&folder)
        .args(["--bind", "127.0.0.1", "--port"])
        .arg(port.to_string());
    command
        .args(["--appendonly", "yes", "--save", "", "--daemonize", "no", "--dir"])
        .arg(&folder);
    fleet.launch("redis", command, Stop::SERVER)
}

fn start_nats(
    programs: &Programs,
    state: &Path,
    fleet: &mut Fleet,
    (port, config): (u16, &Path),
) -> anyhow::Result<()> {
    let folder = state.join("nats");
    fs::create_dir_all(&folder)?;
    let mut command = Command::new(&programs.nats);
    command
        .arg("-c")
        .arg(config)
        .args(["-a", "127.0.0.1", "-p"])
        .arg(port.to_string());
    command.arg("-sd").arg(&folder);
    fleet.launch("nats", command, Stop::SERVER)
}
