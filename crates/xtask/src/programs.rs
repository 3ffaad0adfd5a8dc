//! The three servers' programs: found where distributions put them, installed by `apt-get` where they are missing.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::checkout::{capture, run};

/// Folders that hold servers but are often missing from a user's PATH.
const MORE_FOLDERS: [&str; 4] = [
    "/usr/local/sbin",
    "/usr/sbin",
    "/usr/local/bin",
    "/opt/homebrew/bin",
];
const POLICY: &str = "/usr/sbin/policy-rc.d";
const CLUSTER_DEFAULTS: &str = "/etc/postgresql-common/createcluster.conf";

/// What the stack needs beside Rust and a C compiler.
pub(crate) struct Programs {
    /// The folder with `initdb`, `postgres`, `psql`.
    pub(crate) postgres: PathBuf,
    /// `valkey-server` or `redis-server`.
    pub(crate) redis: PathBuf,
    /// `nats-server`.
    pub(crate) nats: PathBuf,
}

/// Finds the servers and installs what is missing, saying so.
pub(crate) fn find_or_install() -> anyhow::Result<Programs> {
    let missing = missing_packages();
    if !missing.is_empty() {
        install(&missing)?;
    }
    let still = |what: &str| format!("{what} was not found, not even after the installation");
    Ok(Programs {
        postgres: postgres_folder().with_context(|| still("PostgreSQL"))?,
        redis: redis_program().with_context(|| still("valkey-server or redis-server"))?,
        nats: program("nats-server").with_context(|| still("nats-server"))?,
    })
}

fn missing_packages() -> Vec<&'static str> {
    let mut missing = Vec::new();
    if postgres_folder().is_none() {
        missing.push("postgresql");
    }
    if redis_program().is_none() {
        missing.push("redis-server");
    }
    if program("nats-server").is_none() {
        missing.push("nats-server");
    }
    missing
}

/// A program by name, in PATH and where servers usually are.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(MORE_FOLDERS.iter().map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
}

fn redis_program() -> Option<PathBuf> {
    program("valkey-server").or_else(|| program("redis-server"))
}

/// `pg_config` may belong to the client library alone, so a folder counts only if the server is in it.
fn postgres_folder() -> Option<PathBuf> {
    let told = program("pg_config").and_then(|config| capture(Command::new(config).arg("--bindir")).ok());
    let mut candidates: Vec<PathBuf> = told
        .map(|folder| PathBuf::from(folder.trim()))
        .into_iter()
        .collect();
    let mut versions: Vec<_> = folders_in("/usr/lib/postgresql");
    versions.sort_by_key(|folder| std::cmp::Reverse(version_of(folder)));
    candidates.extend(versions.into_iter().map(|folder| folder.join("bin")));
    candidates.extend(program("initdb").and_then(|initdb| initdb.parent().map(Path::to_path_buf)));
    candidates.into_iter().find(|folder| {
        ["initdb", "postgres", "psql"]
            .iter()
            .all(|name| folder.join(name).is_file())
    })
}

fn folders_in(folder: &str) -> Vec<PathBuf> {
    std::fs::read_dir(folder)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default()
}

fn version_of(folder: &Path) -> u32 {
    folder
        .file_name()
        .and_then(|name| name.to_str())
        .and_then(|name| name.parse().ok())
        .unwrap_or(0)
}

fn install(packages: &[&str]) -> anyhow::Result<()> {
    let list = packages.join(" ");
    let Some(apt) = program("apt-get") else {
        bail!(
            "missing: {list}, and this machine has no apt-get. Install PostgreSQL 15 or newer, Valkey or Redis 7 or newer \
             and nats-server 2.9 or newer (Homebrew: postgresql@15 valkey nats-server), then run this again"
        );
    };
    if !nix::unistd::geteuid().is_root() {
        bail!("missing: {list}. Install with: sudo apt-get install -y {list}, then run this again");
    }
    println!("» missing: {list}; installing with apt-get, without starting any service");
    let _no_services = TemporaryFile::write(POLICY, "#!/bin/sh\nexit 101\n", 0o755)?;
    run(apt_get(&apt).arg("update"))?;
    let _no_cluster = if packages.contains(&"postgresql") {
        run(apt_get(&apt).args(["install", "--yes", "--no-install-recommends", "postgresql-common"]))?;
        let defaults = std::fs::read_to_string(CLUSTER_DEFAULTS).unwrap_or_default();
        Some(TemporaryFile::write(
            CLUSTER_DEFAULTS,
            &format!("{defaults}\ncreate_main_cluster = false\n"),
            0o644,
        )?)
    } else {
        None
    };
    run(apt_get(&apt)
        .args(["install", "--yes", "--no-install-recommends"])
        .args(packages))
}

fn apt_get(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.args([
        "-q",
        "-o",
        "Dpkg::Use-Pty=0",
        "-o",
        "Dpkg::Options::=--force-confold",
    ]);
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(std::process::Stdio::null());
    command
}

/// A system file that is as it was once this value is dropped.
struct TemporaryFile {
    path: &'static str,
    /// Its text before, or `None` where it did not exist.
    before: Option<(Vec<u8>, std::fs::Permissions)>,
}

impl TemporaryFile {
    fn write(path: &'static str, text: &str, mode: u32) -> anyhow::Result<Self> {
        use std::os::unix::fs::PermissionsExt;
        let before = match std::fs::read(path) {
            Ok(bytes) => Some((bytes, std::fs::metadata(path)?.permissions())),
            Err(_) => None,
        };
        let file = Self { path, before };
        std::fs::write(path, text).with_context(|| format!("cannot write {path}"))?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
        Ok(file)
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let restored = match &self.before {
            Some((bytes, permissions)) => std::fs::write(self.path, bytes)
                .and_then(|()| std::fs::set_permissions(self.path, permissions.clone())),
            None => std::fs::remove_file(self.path),
        };
        if let Err(error) = restored {
            eprintln!("could not restore {}: {error}", self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_in_the_path_is_found_and_an_unknown_one_is_not() {
        assert!(program("sh").is_some());
        assert!(program("no-such-program-anywhere").is_none());
    }

    #[test]
    fn the_newest_postgres_is_preferred() {
        assert!(
            version_of(Path::new("/usr/lib/postgresql/17"))
                > version_of(Path::new("/usr/lib/postgresql/9.6"))
        );
    }
}
