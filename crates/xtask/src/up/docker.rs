//! `--docker`: the production-like stack of `docker-compose.yml`, where a container engine answers.

use std::io;
use std::path::Path;
use std::process::{Command, ExitCode, Output};
use std::time::Duration;

use anyhow::bail;

use crate::checkout::{Checkout, run};
use crate::interrupt;

/// So often a Ctrl-C is looked for.
const LOOKED_AT_EVERY: Duration = Duration::from_millis(200);

/// Builds and starts everything, tells the addresses, and takes it down again at Ctrl-C; volumes stay.
pub(super) fn up(checkout: &Checkout) -> anyhow::Result<ExitCode> {
    interrupt::watch()?;
    must_answer(Command::new("docker").arg("info").output())?;
    if !checkout.root().join(".env").is_file() {
        bail!("docker-compose.yml needs keys and addresses: copy compose.env.example to .env and fill it in");
    }
    let started = run(&mut compose(checkout.root(), &["up", "--build", "--wait"]));
    if started.is_ok() {
        println!("{ADDRESSES}");
        while !interrupt::requested() {
            std::thread::sleep(LOOKED_AT_EVERY);
        }
    }
    println!("» stopping");
    run(&mut compose(checkout.root(), &["down"]))?;
    started.map(|()| ExitCode::SUCCESS)
}

/// As docker-compose.yml publishes them.
const ADDRESSES: &str = "
  fan API         http://localhost:8080/api/v1/matches
  waiting room    http://localhost:8080/waiting-room
  sockets         ws://localhost:8081
  mails           http://127.0.0.1:8025
  Grafana         http://127.0.0.1:3000

Ctrl-C stops everything; what is stored stays in its volumes.";

fn compose(root: &Path, words: &[&str]) -> Command {
    let mut command = Command::new("docker");
    command
        .current_dir(root)
        .args(["compose", "--file", "docker-compose.yml"])
        .args(words);
    command
}

/// An error that says what was asked and what to do, unless `docker info` found an engine.
fn must_answer(asked: io::Result<Output>) -> anyhow::Result<()> {
    let way_out = "Start it (Linux: `sudo systemctl start docker`; otherwise open Docker Desktop), or run \
                   `cargo xtask up` without --docker: it needs no containers";
    match asked {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let complaint = String::from_utf8_lossy(&output.stderr);
            bail!(
                "`docker info` was asked whether a container engine runs here, and said: {}\n{way_out}",
                complaint.trim()
            )
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => bail!(
            "`docker info` was to be asked whether a container engine runs here, but there is no `docker` in PATH. Install \
             Docker Engine with its compose plugin, or run `cargo xtask up` without --docker: it needs no containers"
        ),
        Err(error) => bail!("`docker info` could not be asked: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkout::command_line;

    fn answer(script: &str) -> io::Result<Output> {
        Command::new("sh").args(["-c", script]).output()
    }

    #[test]
    fn an_engine_that_answers_is_used() {
        assert!(must_answer(answer("exit 0")).is_ok());
    }

    #[test]
    fn without_an_engine_the_error_says_what_was_asked_and_what_to_do() {
        let error = must_answer(answer("echo 'Cannot connect to the daemon' >&2; exit 1")).unwrap_err();
        let message = error.to_string();
        assert!(message.contains("`docker info`") && message.contains("Cannot connect to the daemon"));
        assert!(message.contains("systemctl start docker") && message.contains("without --docker"));

        let message = must_answer(Command::new("no-such-docker").output())
            .unwrap_err()
            .to_string();
        assert!(message.contains("no `docker` in PATH"), "{message}");
    }

    #[test]
    fn the_addresses_are_those_that_compose_publishes() {
        let file = include_str!("../../../../docker-compose.yml");
        for published in [
            "8080:8080",
            "8081:8081",
            "127.0.0.1:8025:8025",
            "127.0.0.1:3000:3000",
        ] {
            assert!(file.contains(&format!("\"{published}\"")), "{published}");
            let port = published.rsplit(':').next().unwrap();
            assert!(ADDRESSES.contains(&format!(":{port}")), "{port}");
        }
    }

    #[test]
    fn compose_is_asked_in_exactly_these_words() {
        let up = compose(Path::new("/somewhere"), &["up", "--build", "--wait"]);
        assert_eq!(
            command_line(&up),
            "docker compose --file docker-compose.yml up --build --wait"
        );
        assert_eq!(up.get_current_dir(), Some(Path::new("/somewhere")));
        assert_eq!(
            command_line(&compose(Path::new("/somewhere"), &["down"])),
            "docker compose --file docker-compose.yml down"
        );
    }
}
