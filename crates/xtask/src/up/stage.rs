//! Brings the stack up, one kind of process after the other.

use std::path::Path;
use std::process::Command;

use anyhow::Context;

use super::args::{Roles, UpArgs};
use super::binaries::{Binaries, with_settings};
use super::chaos::{Blow, Kind, Part};
use crate::checkout::{Checkout, capture};
use crate::fleet::{Fleet, Stop};
use crate::health::{Health, wait_for};
use crate::ports::Ports;
use crate::secrets::Secrets;
use crate::servers::{Durability, ServerPorts, Servers};
use crate::settings::{SettingsFiles, TENANT};
use crate::stadium;

/// The stack while it comes up.
pub(super) struct Stage<'a> {
    pub(super) checkout: &'a Checkout,
    pub(super) args: &'a UpArgs,
    pub(super) state: &'a Path,
    pub(super) ports: Ports,
    pub(super) fleet: &'a mut Fleet,
    /// What --chaos may take away.
    pub(super) parts: Vec<Part>,
}

impl Stage<'_> {
    pub(super) fn start_servers(&mut self) -> anyhow::Result<Servers> {
        println!("» starting PostgreSQL, Redis and NATS");
        let ports = ServerPorts {
            postgres: self.ports.postgres(),
            redis: self.ports.redis(),
            nats: self.ports.nats(),
        };
        let durability = if self.args.release {
            Durability::FullOnItsOwn
        } else {
            Durability::Full
        };
        let servers = Servers::start(self.checkout, self.state, self.fleet, (ports, durability))?;
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

    pub(super) fn migrate(
        &self,
        binaries: &Binaries,
        files: &SettingsFiles,
        secrets: &Secrets,
    ) -> anyhow::Result<()> {
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

    pub(super) fn start_processes(
        &mut self,
        binaries: &Binaries,
        files: &SettingsFiles,
    ) -> anyhow::Result<()> {
        let (size, ports) = (self.args.size(), self.ports);
        let worker = match self.args.roles {
            Roles::Together => "",
            Roles::Apart => " and its worker",
        };
        println!(
            "» starting stand-ins, the waiting room (nodes: {}), the backend (processes: {}){worker}",
            size.nodes, size.backends
        );
        let stand_ins = with_settings(self.checkout, &binaries.stand_ins, &files.stand_ins);
        self.fleet.launch("stand-ins", stand_ins, Stop::STAND_INS)?;
        for port in [ports.identity(), ports.stripe(), ports.mail()] {
            wait_for(self.fleet, "stand-ins", &Health::Healthz(port))?;
        }
        for index in 0..size.nodes {
            self.start_node(index, binaries, files)?;
        }
        match self.args.roles {
            Roles::Together => {}
            Roles::Apart => self.start_worker(binaries, files)?,
        }
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
        serve.arg(match self.args.roles {
            Roles::Together => "all",
            Roles::Apart => "serve",
        });
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
        self.fleet.launch(name, command, Stop::OURS)?;
        wait_for(self.fleet, name, &health)?;
        self.parts.push(Part {
            name: name.to_owned(),
            kind,
            health,
            blow: Blow::Kill,
        });
        Ok(())
    }

    /// Puts a match on sale; gives its id.
    pub(super) fn seed(&self, binaries: &Binaries, files: &SettingsFiles) -> anyhow::Result<String> {
        println!("» the stadium {} and one match on sale", self.args.stadium);
        let sale = self.args.sale();
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
            ("--admissions-per-minute", sale.admissions_per_minute),
        ] {
            seed.arg(option).arg(value.to_string());
        }
        let match_id = match_in(&capture(&mut seed)?)?;
        if self.args.once() {
            self.bar_outlaws(binaries, files)?;
        }
        Ok(match_id)
    }

    /// Some of the simulated people are on the blacklist.
    fn bar_outlaws(&self, binaries: &Binaries, files: &SettingsFiles) -> anyhow::Result<()> {
        let mut list = Command::new(&binaries.load_tests);
        list.args(["outlaws", "--fans", &self.args.fans.to_string()]);
        list.args(["--seed", &self.args.seed.to_string()]);
        let file = self.state.join("outlaws.txt");
        std::fs::write(&file, capture(&mut list)?)?;
        let mut import = with_settings(self.checkout, &binaries.backend, &files.backend);
        capture(
            import
                .args(["admin", "blacklist", "import", "--reason", "this run"])
                .arg(&file),
        )?;
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
