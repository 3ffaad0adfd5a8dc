//! PostgreSQL: a cluster of its own, run by a user who may.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use nix::unistd::User;

use super::Durability;
use crate::checkout::capture;
use crate::fleet::{Fleet, Stop};
use crate::programs::Programs;

/// A Unix socket's path may have 107 bytes, `.s.PGSQL.65535.lock` included.
const SOCKET_FOLDER_LENGTH_MAX: usize = 85;

/// A running server.
#[derive(Clone)]
pub(crate) struct Postgres {
    /// The folder of its programs.
    programs: PathBuf,
    home: PathBuf,
    /// Who runs it, if not we.
    owner: Option<User>,
    psql: Psql,
}

/// Its command line.
#[derive(Clone)]
pub(crate) struct Psql {
    program: PathBuf,
    port: u16,
}

impl Postgres {
    pub(super) fn start(
        programs: &Programs,
        state: &Path,
        fleet: &mut Fleet,
        (port, durability): (u16, Durability),
    ) -> anyhow::Result<Self> {
        let owner = postgres_owner()?;
        let home = postgres_home(state, owner.as_ref())?;
        let data = home.join("data");
        create_cluster(programs, &home, owner.as_ref())?;
        let sockets = if home.as_os_str().len() > SOCKET_FOLDER_LENGTH_MAX {
            PathBuf::new()
        } else {
            home.clone()
        };
        let (durable, buffers) = match durability {
            Durability::Full => ("on", "256MB"),
            Durability::FullOnItsOwn => ("on", "2GB"),
            Durability::ProcessOnly => ("off", "256MB"),
        };
        // A checkpoint that the volume of a bench's own preparation calls for would fall into what it measures.
        let wal_max = if durability == Durability::FullOnItsOwn {
            "16GB"
        } else {
            "2GB"
        };
        let settings = [
            format!("port={port}"),
            "listen_addresses=127.0.0.1".to_owned(),
            format!("unix_socket_directories={}", sockets.display()),
            format!("fsync={durable}"),
            format!("synchronous_commit={durable}"),
            format!("full_page_writes={durable}"),
            "max_connections=200".to_owned(),
            format!("shared_buffers={buffers}"),
            format!("max_wal_size={wal_max}"),
            "log_min_messages=warning".to_owned(),
            "timezone=UTC".to_owned(),
        ];
        let mut command = as_owner(&programs.postgres.join("postgres"), owner.as_ref());
        command.current_dir(&home).arg("-D").arg(&data);
        for setting in settings {
            command.arg("-c").arg(setting);
        }
        fleet.launch("postgres", command, Stop::POSTGRES)?;
        Ok(Self {
            programs: programs.postgres.clone(),
            psql: Psql {
                program: programs.postgres.join("psql"),
                port,
            },
            home,
            owner,
        })
    }

    pub(super) fn psql(&self) -> &Psql {
        &self.psql
    }

    /// Another program of the same version.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    /// Ends it as a crash would, without waiting: it replays its log when it is launched again.
    pub(crate) fn stop_at_once(&self) -> anyhow::Result<()> {
        let mut command = as_owner(&self.programs.join("pg_ctl"), self.owner.as_ref());
        command
            .current_dir(&self.home)
            .args(["stop", "-m", "immediate", "-W", "-D"])
            .arg(self.home.join("data"));
        capture(&mut command)?;
        Ok(())
    }
}

impl Psql {
    /// Runs one statement; gives what it selected, unadorned.
    pub(crate) fn sql(&self, database: &str, statement: &str) -> anyhow::Result<String> {
        capture(self.command(database).args(["-qtAc", statement]))
    }

    pub(super) fn command(&self, database: &str) -> Command {
        let mut command = Command::new(&self.program);
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
        command.arg("-p").arg(self.port.to_string());
        command
            .env("PGCONNECT_TIMEOUT", "5")
            .env("PGOPTIONS", "-c client_min_messages=warning");
        command
    }
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
