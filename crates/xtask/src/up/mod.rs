//! `cargo xtask up`: the whole system, for real, on this machine.
//!
//! Servers → build → settings → migrations → stand-ins → waiting room → backend and worker → seed → table of addresses.
//! Whatever was started is stopped in reverse order, however this ends.

mod args;
mod chaos;
mod sale;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use nix::sys::signal::Signal;

pub(crate) use args::UpArgs;

use chaos::{Blow, Kind, Part};
use sale::OnSale;

use crate::announce;
use crate::checkout::{Checkout, capture, run};
use crate::fleet::Fleet;
use crate::health::{Health, wait_for};
use crate::interrupt;
use crate::ports::Ports;
use crate::secrets::Secrets;
use crate::servers::{Durability, ServerPorts, Servers};
use crate::settings::{Sale, SettingsFiles, Stack, TENANT};
use crate::stadium;
use crate::tests_run::{SCRATCH_STACK, TEST_STACK};

/// The folder that a stack's data, settings and logs live in: a simulated sale never touches those of a plain `up`.
fn state_of(checkout: &Checkout, args: &UpArgs) -> PathBuf {
    match (args.sabotage, args.once) {
        (true, _) => checkout.state().join("sabotage"),
        (false, true) => checkout.state().join("once"),
        (false, false) => checkout.state(),
    }
}

/// Every folder a stack may live in.
pub(crate) fn states(checkout: &Checkout) -> Vec<PathBuf> {
    let state = checkout.state();
    let below = ["once", "sabotage", TEST_STACK, SCRATCH_STACK].map(|name| state.join(name));
    std::iter::once(state).chain(below).collect()
}

/// Runs the command.
pub(crate) fn up(checkout: &Checkout, args: &UpArgs) -> anyhow::Result<ExitCode> {
    interrupt::watch()?;
    let started = Instant::now();
    let state = state_of(checkout, args);
    let report = std::path::absolute(&args.report)?;
    std::fs::create_dir_all(checkout.state())?;
    let secrets = Secrets::load_or_make(&checkout.state().join("secrets.toml"))?;
    let mut fleet = Fleet::take(&state)?;
    let ports = Ports::from_base(args.port_base);
    ports.must_be_free(args.size())?;
    if args.once() {
        forget_servers(&state)?;
    }

    let mut stage = Stage {
        checkout,
        args,
        state: &state,
        ports,
        fleet: &mut fleet,
        parts: Vec::new(),
    };
    let servers = stage.start_servers()?;
    let binaries = build(checkout, args.sabotage)?;
    let files = SettingsFiles::write(
        checkout,
        &state,
        (&servers, args.databases()),
        (ports, args.size(), &secrets),
    )?;
    stage.migrate(&binaries, &files, &secrets)?;
    stage.start_processes(&binaries, &files)?;
    let stack = stage.seed(&servers, &binaries, &files)?;
    let parts = stage.parts;
    println!("» up after {:.1} s", started.elapsed().as_secs_f64());

    let verdict = if args.once() {
        let sale = OnSale {
            args,
            program: &binaries.load_tests,
            state: &state,
            report: &report,
        };
        sale.run(&mut fleet, parts)?
    } else {
        ExitCode::SUCCESS
    };
    if !args.once() || args.keep {
        announce::print(&stack, ports, &state)?;
        wait_for_the_end(&mut fleet)?;
    }
    println!("» stopping");
    fleet.stop();
    Ok(verdict)
}

/// Removes the servers' data below a state folder: a sale is measured on empty databases, an empty line and an empty bus.
pub(crate) fn forget_servers(state: &Path) -> anyhow::Result<()> {
    let inside = ["postgres", "redis", "nats"].map(|name| state.join(name));
    for folder in inside
        .iter()
        .chain([&crate::servers::outside_home(state)])
        .filter(|folder| folder.exists())
    {
        std::fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Ok(())
}

/// The programs of the stack.
struct Binaries {
    backend: PathBuf,
    room: PathBuf,
    stand_ins: PathBuf,
    load_tests: PathBuf,
}

/// The whole workspace, as tests build it: cargo unites the features of what it builds together, and whoever builds a part
/// of it builds its dependencies again.
fn build(checkout: &Checkout, sabotage: bool) -> anyhow::Result<Binaries> {
    println!("» building");
    let cargo = |features: &[&str]| {
        let mut command = checkout.cargo();
        command
            .args(["build", "--workspace", "--bins"])
            .args(features)
            .env("SQLX_OFFLINE", "true");
        run(&mut command)
    };
    let target = checkout.target()?;
    let built = target.join("debug");
    let mut backend = built.join("backend");
    if sabotage {
        cargo(&["--features", "backend/sabotage"])?;
        let aside = target.join("sabotage");
        std::fs::create_dir_all(&aside)?;
        // Moved, so that nobody starts it by mistake; the next build puts the real one back.
        std::fs::rename(&backend, aside.join("backend")).context("cannot put the sabotaged backend aside")?;
        backend = aside.join("backend");
    } else {
        cargo(&[])?;
    }
    interrupt::check()?;
    Ok(Binaries {
        backend,
        room: built.join("waiting-room"),
        stand_ins: built.join("stand-ins"),
        load_tests: built.join("load-tests"),
    })
}

/// One of our binaries with its settings file; what a developer exported for the query macros is not meant for it.
fn with_settings(checkout: &Checkout, program: &Path, settings: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(checkout.root()).arg("--config").arg(settings);
    command
        .env_remove("BACKEND_DATABASE_URL")
        .env_remove("WAITING_ROOM_DATABASE_URL");
    command
}

struct Stage<'a> {
    checkout: &'a Checkout,
    args: &'a UpArgs,
    state: &'a Path,
    ports: Ports,
    fleet: &'a mut Fleet,
    /// What --chaos may take away.
    parts: Vec<Part>,
}

impl Stage<'_> {
    fn start_servers(&mut self) -> anyhow::Result<Servers> {
        println!("» starting PostgreSQL, Redis and NATS");
        let ports = ServerPorts {
            postgres: self.ports.postgres(),
            redis: self.ports.redis(),
            nats: self.ports.nats(),
        };
        let servers = Servers::start(self.checkout, self.state, self.fleet, (ports, Durability::Full))?;
        let databases = self.args.databases();
        servers.ensure_database(databases.backend)?;
        servers.ensure_database(databases.room)?;
        let blows = [
            (Kind::Postgres, Blow::StopAtOnce(servers.postgres().clone())),
            (Kind::Redis, Blow::Ask),
            (Kind::Nats, Blow::Ask),
        ];
        for ((name, health), (kind, blow)) in servers.health().into_iter().zip(blows) {
            let name = name.to_owned();
            self.parts.push(Part {
                name,
                kind,
                health,
                blow,
            });
        }
        Ok(servers)
    }

    fn migrate(&self, binaries: &Binaries, files: &SettingsFiles, secrets: &Secrets) -> anyhow::Result<()> {
        println!("» migrating, applying the NATS stream and consumers");
        let tenant_key = secrets.tenant_public_key()?;
        capture(with_settings(self.checkout, &binaries.backend, &files.backend).arg("migrate"))?;
        let room = || with_settings(self.checkout, &binaries.room, &files.room);
        capture(room().arg("migrate"))?;
        capture(room().args([
            "admin",
            "register-tenant",
            "--name",
            TENANT,
            "--public-key",
            &tenant_key,
        ]))?;
        Ok(())
    }

    fn start_processes(&mut self, binaries: &Binaries, files: &SettingsFiles) -> anyhow::Result<()> {
        let (size, ports) = (self.args.size(), self.ports);
        println!(
            "» starting stand-ins, the waiting room (nodes: {}), the backend (processes: {}) and its worker",
            size.nodes, size.backends
        );
        let stand_ins = with_settings(self.checkout, &binaries.stand_ins, &files.stand_ins);
        self.fleet.launch("stand-ins", stand_ins, Signal::SIGTERM)?;
        for port in [ports.identity(), ports.stripe(), ports.mail()] {
            wait_for(self.fleet, "stand-ins", &Health::Healthz(port))?;
        }
        for index in 0..size.nodes {
            self.start_node(index, binaries, files)?;
        }
        self.start_worker(binaries, files)?;
        for index in 0..size.backends {
            self.start_backend(index, binaries, files)?;
        }
        Ok(())
    }

    fn start_node(&mut self, index: u16, binaries: &Binaries, files: &SettingsFiles) -> anyhow::Result<()> {
        let (http, sockets) = (self.ports.room_of(index), self.ports.sockets_of(index));
        let mut node = with_settings(self.checkout, &binaries.room, &files.room);
        node.arg("serve");
        node.env("WAITING_ROOM_HTTP__LISTEN", format!("127.0.0.1:{http}"));
        node.env(
            "WAITING_ROOM_HTTP__SOCKETS_LISTEN",
            format!("127.0.0.1:{sockets}"),
        );
        node.env(
            "WAITING_ROOM_HTTP__SOCKETS_PUBLIC_URL",
            format!("ws://127.0.0.1:{sockets}"),
        );
        let name = numbered("waiting-room", index);
        self.start_ours(&name, node, (Kind::Node, Health::Healthz(http)))
    }

    fn start_worker(&mut self, binaries: &Binaries, files: &SettingsFiles) -> anyhow::Result<()> {
        const NAME: &str = "backend-work";
        let mut work = with_settings(self.checkout, &binaries.backend, &files.backend);
        work.arg("work");
        // It listens nowhere: that it works is read in its log, whatever the developer wants to see there.
        if let Some(mut shown) = std::env::var_os("RUST_LOG") {
            shown.push(",backend::roles=info");
            work.env("RUST_LOG", shown);
        }
        let health = Health::Says(self.fleet.log_of(NAME), "Working");
        self.start_ours(NAME, work, (Kind::Worker, health))
    }

    fn start_backend(
        &mut self,
        index: u16,
        binaries: &Binaries,
        files: &SettingsFiles,
    ) -> anyhow::Result<()> {
        let port = self.ports.backend_of(index);
        let mut serve = with_settings(self.checkout, &binaries.backend, &files.backend);
        serve.arg("serve");
        serve.env("BACKEND_HTTP__LISTEN", format!("127.0.0.1:{port}"));
        let name = numbered("backend", index);
        self.start_ours(&name, serve, (Kind::Backend, Health::Healthz(port)))
    }

    fn start_ours(
        &mut self,
        name: &str,
        command: Command,
        (kind, health): (Kind, Health),
    ) -> anyhow::Result<()> {
        self.fleet.launch(name, command, Signal::SIGTERM)?;
        wait_for(self.fleet, name, &health)?;
        self.parts.push(Part {
            name: name.to_owned(),
            kind,
            health,
            blow: Blow::Kill,
        });
        Ok(())
    }

    fn seed(&self, servers: &Servers, binaries: &Binaries, files: &SettingsFiles) -> anyhow::Result<Stack> {
        println!("» the stadium {} and one match on sale", self.args.stadium);
        let sale = Sale::for_fans(self.args.fans);
        let mut seed = with_settings(self.checkout, &binaries.backend, &files.backend);
        seed.args([
            "admin",
            "seed",
            "--stadium",
            &stadium::file_of(&self.args.stadium),
        ]);
        for (option, value) in [
            ("--open-seats", sale.open_seats),
            ("--session-seconds", sale.session_seconds),
            ("--last-attempt-seconds", sale.last_attempt_seconds),
            ("--landing-seconds", sale.landing_seconds),
            ("--max-sessions", sale.max_sessions),
        ] {
            seed.arg(option).arg(value.to_string());
        }
        let match_id = match_in(&capture(&mut seed)?)?;
        if self.args.once() {
            self.bar_outlaws(binaries, files)?;
        }
        let context = (servers, self.args.databases());
        let stack = Stack::of(context, self.ports, match_id);
        stack.save(&self.state.join("stack.json"))?;
        Ok(stack)
    }
}

impl Stage<'_> {
    /// Some of the simulated people are on the blacklist.
    fn bar_outlaws(&self, binaries: &Binaries, files: &SettingsFiles) -> anyhow::Result<()> {
        let mut list = Command::new(&binaries.load_tests);
        list.args(["outlaws", "--fans", &self.args.fans.to_string()]);
        list.args(["--seed", &self.args.seed.to_string()]);
        let file = self.state.join("outlaws.txt");
        std::fs::write(&file, capture(&mut list)?)?;
        let mut import = with_settings(self.checkout, &binaries.backend, &files.backend);
        capture(import.args(["admin", "import-blacklist"]).arg(&file))?;
        Ok(std::fs::remove_file(&file)?)
    }
}

/// `backend`, `backend-2`, …
fn numbered(name: &str, index: u16) -> String {
    match index {
        0 => name.to_owned(),
        more => format!("{name}-{}", more + 1),
    }
}

/// The match's id in what `admin seed` prints.
fn match_in(output: &str) -> anyhow::Result<String> {
    let line = output
        .lines()
        .rev()
        .find(|line| line.starts_with('{'))
        .context("`admin seed` printed no JSON")?;
    let seeded: serde_json::Value = serde_json::from_str(line)?;
    Ok(seeded["match_id"]
        .as_str()
        .context("`admin seed` named no match_id")?
        .to_owned())
}

fn wait_for_the_end(fleet: &mut Fleet) -> anyhow::Result<()> {
    while !interrupt::requested() {
        if let Err(error) = fleet.check() {
            bail!("{error}");
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_match_is_read_from_the_last_line_of_json() {
        assert_eq!(match_in("a log line\n{\"match_id\":\"m-1\"}\n").unwrap(), "m-1");
        assert!(match_in("nothing").is_err());
        assert!(match_in("{}").is_err());
    }
}
