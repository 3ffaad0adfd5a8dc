//! The three servers' programs: found where distributions put them, installed by `apt-get` where they are missing, refused
//! where they are too old.

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
/// Where Homebrew links each package by its name.
const HOMEBREW_KEGS: [&str; 2] = ["/opt/homebrew/opt", "/usr/local/opt"];
const POLICY: &str = "/usr/sbin/policy-rc.d";
const CLUSTER_DEFAULTS: &str = "/etc/postgresql-common/createcluster.conf";

/// A release: its first two numbers.
type Release = (u32, u32);
/// The oldest releases that the stack is tested with. An older server would start, and fail later with a riddle.
const OLDEST_POSTGRES: Release = (15, 0);
const OLDEST_REDIS: Release = (7, 0);
const OLDEST_NATS: Release = (2, 9);

/// What the stack needs beside Rust and a C compiler.
pub(crate) struct Programs {
    /// The folder with `initdb`, `postgres`, `pg_ctl`, `psql`.
    pub(crate) postgres: PathBuf,
    /// `valkey-server` or `redis-server`.
    pub(crate) redis: PathBuf,
    /// `nats-server`.
    pub(crate) nats: PathBuf,
}

/// Finds the servers, installs what is missing, saying so, and refuses what is too old.
pub(crate) fn find_or_install() -> anyhow::Result<Programs> {
    let missing = missing_packages();
    if !missing.is_empty() {
        install(&missing)?;
    }
    let still = |what: &str| format!("{what} was not found, not even after the installation");
    let programs = Programs {
        postgres: postgres_folder().with_context(|| still("PostgreSQL"))?,
        redis: redis_program().with_context(|| still("valkey-server or redis-server"))?,
        nats: program("nats-server").with_context(|| still("nats-server"))?,
    };
    for (program, oldest) in [
        (&programs.postgres.join("postgres"), OLDEST_POSTGRES),
        (&programs.redis, OLDEST_REDIS),
        (&programs.nats, OLDEST_NATS),
    ] {
        let said = capture(Command::new(program).arg("--version"))?;
        must_be_new_enough(program, &said, oldest)?;
    }
    Ok(programs)
}

fn must_be_new_enough(program: &Path, said: &str, oldest: Release) -> anyhow::Result<()> {
    let (said, program) = (said.trim(), program.display());
    let Some(release) = release_in(said) else {
        bail!("{program} names no version: it says `{said}`");
    };
    if release < oldest {
        bail!(
            "{program} is too old: it says `{said}`, and {}.{} is the oldest that will do. Install a newer one, and have it \
             found first in PATH",
            oldest.0,
            oldest.1
        );
    }
    Ok(())
}

/// The first number in what a server says of its version, and the one behind its dot: `redis v=7.0.15`, `postgres 17beta1`.
fn release_in(said: &str) -> Option<Release> {
    let first = said.find(|sign: char| sign.is_ascii_digit())?;
    let (major, rest) = leading_number(said.get(first..)?)?;
    let minor = rest.strip_prefix('.').and_then(leading_number);
    Some((major, minor.map_or(0, |(minor, _)| minor)))
}

fn leading_number(text: &str) -> Option<(u32, &str)> {
    let end = text
        .find(|sign: char| !sign.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    Some((digits.parse().ok()?, rest))
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
    // Homebrew does not put a numbered release into the PATH.
    versions.extend(
        HOMEBREW_KEGS
            .iter()
            .flat_map(|kegs| folders_in(kegs))
            .filter(|keg| {
                keg.file_name()
                    .is_some_and(|name| name.to_string_lossy().starts_with("postgresql@"))
            }),
    );
    versions.sort_by_key(|folder| std::cmp::Reverse(version_of(folder)));
    candidates.extend(versions.into_iter().map(|folder| folder.join("bin")));
    candidates.extend(program("initdb").and_then(|initdb| initdb.parent().map(Path::to_path_buf)));
    candidates.into_iter().find(|folder| {
        ["initdb", "postgres", "pg_ctl", "psql"]
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
        .and_then(|name| name.rsplit('@').next())
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

pub(crate) fn install(packages: &[&str]) -> anyhow::Result<()> {
    let list = packages.join(" ");
    let Some(apt) = program("apt-get") else {
        bail!("{}", without_apt_get(packages));
    };
    if !nix::unistd::geteuid().is_root() {
        bail!(
            "missing: {list}. These commands install it without starting any service; then run this again:\n{}",
            by_hand(packages, Path::new(POLICY).exists()).join("\n")
        );
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

/// What somebody without `apt-get` has to install: only what is missing, each by name and oldest release.
fn without_apt_get(packages: &[&str]) -> String {
    let wanted = packages.iter().map(|package| {
        let (what, oldest, homebrew) = match *package {
            "postgresql" => ("PostgreSQL (server and psql)", OLDEST_POSTGRES, "postgresql@15"),
            "redis-server" => ("Valkey or Redis", OLDEST_REDIS, "valkey"),
            "nats-server" => ("nats-server", OLDEST_NATS, "nats-server"),
            other => (other, (0, 0), other),
        };
        format!(
            "\n  {what} {}.{} or newer (Homebrew: {homebrew})",
            oldest.0, oldest.1
        )
    });
    let wanted: String = wanted.collect();
    format!("this machine lacks servers and has no apt-get. Install these, then run this again:{wanted}")
}

/// What [`install`] does, as commands for somebody who may use `sudo`.
fn by_hand(packages: &[&str], has_policy: bool) -> Vec<String> {
    let (put_aside, put_back) = if has_policy {
        (
            Some(format!("sudo cp -p {POLICY} {POLICY}.before")),
            format!("sudo mv {POLICY}.before {POLICY}"),
        )
    } else {
        (None, format!("sudo rm {POLICY}"))
    };
    let apt_get = "sudo apt-get install --yes --no-install-recommends";
    let mut commands: Vec<String> = put_aside.into_iter().collect();
    commands.extend([
        format!("printf '#!/bin/sh\\nexit 101\\n' | sudo tee {POLICY}"),
        format!("sudo chmod 755 {POLICY}"),
        "sudo apt-get update".to_owned(),
    ]);
    let has_clusters = packages.contains(&"postgresql");
    if has_clusters {
        commands.extend([
            format!("{apt_get} postgresql-common"),
            format!("sudo cp -p {CLUSTER_DEFAULTS} {CLUSTER_DEFAULTS}.before"),
            format!("echo 'create_main_cluster = false' | sudo tee -a {CLUSTER_DEFAULTS}"),
        ]);
    }
    commands.push(format!("{apt_get} {}", packages.join(" ")));
    if has_clusters {
        commands.push(format!("sudo mv {CLUSTER_DEFAULTS}.before {CLUSTER_DEFAULTS}"));
    }
    commands.push(put_back);
    commands
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
    fn every_server_says_its_release_in_its_own_words() {
        for (said, release) in [
            ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", (15, 18)),
            ("postgres (PostgreSQL) 17beta1", (17, 0)),
            (
                "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64",
                (7, 0),
            ),
            ("Valkey server v=8.1.1 sha=00000000:0 malloc=libc bits=64", (8, 1)),
            ("nats-server: v2.9.10", (2, 9)),
        ] {
            assert_eq!(release_in(said), Some(release), "{said}");
        }
        assert_eq!(release_in("no number at all"), None);
    }

    #[test]
    fn a_server_that_is_too_old_is_refused_with_a_sentence() {
        let judge = |said: &str, oldest| must_be_new_enough(Path::new("/bin/server"), said, oldest);
        assert!(judge("postgres (PostgreSQL) 15.0\n", OLDEST_POSTGRES).is_ok());
        assert!(judge("Redis server v=7.0.0", OLDEST_REDIS).is_ok());
        assert!(judge("Redis server v=6.2.14", OLDEST_REDIS).is_err());
        assert!(judge("nats-server: v2.10.1", OLDEST_NATS).is_ok());
        assert!(judge("nats-server: v2.8.4", OLDEST_NATS).is_err());
        assert!(judge("gibberish", OLDEST_NATS).is_err());

        let error = judge("postgres (PostgreSQL) 14.9\n", OLDEST_POSTGRES)
            .unwrap_err()
            .to_string();
        let start = "/bin/server is too old: it says `postgres (PostgreSQL) 14.9`, and 15.0 is the oldest";
        assert!(error.starts_with(start), "{error}");
    }

    #[test]
    fn what_is_installed_by_hand_starts_no_service_and_makes_no_cluster() {
        let commands = by_hand(&["postgresql", "redis-server"], false);
        let at = |part: &str| {
            commands
                .iter()
                .position(|command| command.contains(part))
                .unwrap()
        };
        let packages = at("postgresql redis-server");
        assert!(at("exit 101") < at("postgresql-common") && at("create_main_cluster = false") < packages);
        assert!(
            commands[packages + 1].starts_with("sudo mv /etc/postgresql-common/createcluster.conf.before")
        );
        assert_eq!(commands.last().unwrap(), "sudo rm /usr/sbin/policy-rc.d");

        let without = by_hand(&["nats-server"], true);
        assert!(!without.iter().any(|command| command.contains("createcluster")));
        assert_eq!(
            without[0],
            "sudo cp -p /usr/sbin/policy-rc.d /usr/sbin/policy-rc.d.before"
        );
        assert!(without.last().unwrap().starts_with("sudo mv"));
    }

    #[test]
    fn without_apt_get_exactly_what_is_missing_is_named() {
        let message = without_apt_get(&["postgresql", "nats-server"]);
        assert!(
            message.contains("PostgreSQL (server and psql) 15.0 or newer (Homebrew: postgresql@15)"),
            "{message}"
        );
        assert!(
            message.contains("nats-server 2.9 or newer (Homebrew: nats-server)"),
            "{message}"
        );
        assert!(!message.contains("Redis"), "{message}");
        assert!(
            without_apt_get(&["redis-server"]).contains("Valkey or Redis 7.0 or newer (Homebrew: valkey)")
        );
    }

    #[test]
    fn the_newest_postgres_is_preferred() {
        assert_eq!(version_of(Path::new("/opt/homebrew/opt/postgresql@17")), 17);
        assert!(
            version_of(Path::new("/usr/lib/postgresql/17"))
                > version_of(Path::new("/usr/lib/postgresql/9.6"))
        );
    }
}
