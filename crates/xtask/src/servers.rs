//! Private instances of PostgreSQL, Redis (or Valkey) and NATS: own data, own ports, own sockets.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail};
use nix::sys::signal::Signal;
use nix::unistd::User;

use crate::checkout::{Checkout, capture};
use crate::fleet::Fleet;
use crate::interrupt::wait_until;
use crate::ports;
use crate::programs::{self, Programs};

/// A cold disk may need this long to replay a log.
const START_PATIENCE: Duration = Duration::from_secs(60);
/// A Unix socket's path may have 107 bytes, `.s.PGSQL.65535.lock` included.
const SOCKET_FOLDER_LENGTH_MAX: usize = 85;

/// What a stack's servers must survive.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// Everything that was acknowledged survives a power cut: what is measured is what production does.
    Full,
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
    psql: PathBuf,
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
        start_postgres(&programs, state, fleet, (ports.postgres, durability))?;
        start_redis(&programs, state, fleet, ports.redis)?;
        start_nats(
            &programs,
            state,
            fleet,
            (ports.nats, &checkout.root().join("nats/server.conf")),
        )?;
        let servers = Self {
            ports,
            psql: programs.postgres.join("psql"),
        };
        wait_for(fleet, "postgres", || servers.sql("postgres", "SELECT 1").is_ok())?;
        wait_for(fleet, "redis", || {
            ports::answers(ports.redis, "PING\r\n", "+PONG")
        })?;
        wait_for(fleet, "nats", || ports::answers(ports.nats, "", "INFO "))?;
        Ok(servers)
    }

    /// Runs one statement; gives what it selected, unadorned.
    pub(crate) fn sql(&self, database: &str, statement: &str) -> anyhow::Result<String> {
        capture(self.psql(database).args(["-qtAc", statement]))
    }

    /// Applies every `.sql` file of a folder, in order, each in a transaction of its own.
    pub(crate) fn apply_migrations(&self, database: &str, folder: &Path) -> anyhow::Result<()> {
        let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
        let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        files.retain(|path| path.extension().is_some_and(|extension| extension == "sql"));
        files.sort();
        for file in files {
            capture(self.psql(database).args(["-q", "-1", "-f"]).arg(file))?;
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

    fn psql(&self, database: &str) -> Command {
        let mut command = Command::new(&self.psql);
        command.args([
            "-X",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            "127.0.0.1",
            "-U",
            "postgres",
            "-d",
            database,
        ]);
        command.arg("-p").arg(self.ports.postgres.to_string());
        command
            .env("PGCONNECT_TIMEOUT", "5")
            .env("PGOPTIONS", "-c client_min_messages=warning");
        command
    }
}

/// Waits until a process of the fleet is ready; when it is not, says so with the end of its log.
pub(crate) fn wait_for(fleet: &mut Fleet, name: &str, mut ready: impl FnMut() -> bool) -> anyhow::Result<()> {
    let outcome = wait_until(name, START_PATIENCE, || {
        fleet.check()?;
        Ok(ready())
    });
    outcome.map_err(|error| {
        let log = fleet.tail_of(name);
        let message = error.to_string();
        if message.contains(&log) {
            error
        } else {
            anyhow::anyhow!("{message}\n{log}")
        }
    })
}

fn start_postgres(
    programs: &Programs,
    state: &Path,
    fleet: &mut Fleet,
    (port, durability): (u16, Durability),
) -> anyhow::Result<()> {
    let owner = postgres_owner()?;
    let home = postgres_home(state, owner.as_ref())?;
    let data = home.join("data");
    create_cluster(programs, &home, owner.as_ref())?;
    let sockets = if home.as_os_str().len() > SOCKET_FOLDER_LENGTH_MAX {
        PathBuf::new()
    } else {
        home.clone()
    };
    let durable = if durability == Durability::Full {
        "on"
    } else {
        "off"
    };
    let settings = [
        format!("port={port}"),
        "listen_addresses=127.0.0.1".to_owned(),
        format!("unix_socket_directories={}", sockets.display()),
        format!("fsync={durable}"),
        format!("synchronous_commit={durable}"),
        format!("full_page_writes={durable}"),
        "max_connections=200".to_owned(),
        "shared_buffers=256MB".to_owned(),
        "max_wal_size=2GB".to_owned(),
        "log_min_messages=warning".to_owned(),
        "timezone=UTC".to_owned(),
    ];
    let mut command = as_owner(&programs.postgres.join("postgres"), owner.as_ref());
    command.current_dir(&home).arg("-D").arg(&data);
    for setting in settings {
        command.arg("-c").arg(setting);
    }
    // SIGINT is PostgreSQL's fast shutdown.
    fleet.launch("postgres", command, Signal::SIGINT)
}

/// PostgreSQL refuses to run as root: then it runs as the user of the distribution's package.
fn postgres_owner() -> anyhow::Result<Option<User>> {
    if !nix::unistd::geteuid().is_root() {
        return Ok(None);
    }
    for name in ["postgres", "nobody"] {
        if let Some(user) = User::from_name(name)? {
            return Ok(Some(user));
        }
    }
    bail!(
        "PostgreSQL refuses to run as root and there is no user `postgres`: create it with `useradd --system postgres`"
    )
}

fn as_owner(program: &Path, owner: Option<&User>) -> Command {
    let mut command = Command::new(program);
    if let Some(user) = owner {
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
    command
}

/// A folder its owner can reach: below `state`, or below /var/tmp where the checkout's parents are closed to them.
fn postgres_home(state: &Path, owner: Option<&User>) -> anyhow::Result<PathBuf> {
    let inside = state.join("postgres");
    make_home(&inside, owner)?;
    let reachable = |folder: &Path| {
        as_owner(Path::new("test"), owner)
            .arg("-w")
            .arg(folder)
            .current_dir("/")
            .status()
            .is_ok_and(|s| s.success())
    };
    if reachable(&inside) {
        return Ok(inside);
    }
    let outside = outside_home(state);
    make_home(&outside, owner)?;
    if !reachable(&outside) {
        bail!(
            "PostgreSQL's user can reach neither {} nor {}",
            inside.display(),
            outside.display()
        );
    }
    println!(
        "» {} is closed to PostgreSQL's user; its data is in {}",
        inside.display(),
        outside.display()
    );
    Ok(outside)
}

/// Where PostgreSQL's data goes when the checkout is out of reach for its user.
pub(crate) fn outside_home(state: &Path) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    state.hash(&mut hasher);
    PathBuf::from(format!("/var/tmp/tribina-postgres-{:016x}", hasher.finish()))
}

fn make_home(folder: &Path, owner: Option<&User>) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    if let Some(user) = owner {
        std::os::unix::fs::chown(folder, Some(user.uid.as_raw()), Some(user.gid.as_raw()))?;
    }
    Ok(())
}

/// Made beside its final place and renamed, so that a killed `initdb` leaves nothing that looks like a cluster.
fn create_cluster(programs: &Programs, home: &Path, owner: Option<&User>) -> anyhow::Result<()> {
    let (data, unfinished) = (home.join("data"), home.join("unfinished"));
    if let Ok(made_by) = fs::read_to_string(data.join("PG_VERSION")) {
        let version = capture(Command::new(programs.postgres.join("postgres")).arg("--version"))?;
        if !version.contains(&format!(" {}", made_by.trim())) {
            bail!(
                "{} was made by PostgreSQL {}, this is {}: `cargo xtask reset` starts afresh",
                data.display(),
                made_by.trim(),
                version.trim()
            );
        }
        return Ok(());
    }
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished)?;
    }
    let mut initdb = as_owner(&programs.postgres.join("initdb"), owner);
    initdb.current_dir(home).arg("-D").arg(&unfinished);
    initdb.args([
        "-U",
        "postgres",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C",
        "--no-sync",
    ]);
    capture(&mut initdb)?;
    fs::rename(&unfinished, &data)?;
    Ok(())
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
    fleet.launch("redis", command, Signal::SIGTERM)
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
    fleet.launch("nats", command, Signal::SIGTERM)
}
