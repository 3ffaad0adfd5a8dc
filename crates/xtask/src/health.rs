//! How a process shows that it is well: asked at the start, and again whenever it came back.

use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::time::{Duration, SystemTime};

use anyhow::bail;

use crate::fleet::{Fleet, LAUNCHED_AGAIN};
use crate::interrupt::wait_until;
use crate::ports;
use crate::servers::Psql;

/// A cold disk may need this long to replay a log.
pub(crate) const START_PATIENCE: Duration = Duration::from_secs(60);
/// So often a process is asked: what it needs to come back is known this exactly.
const ASKED_EVERY: Duration = Duration::from_millis(50);

/// What one process is asked.
#[derive(Clone)]
pub(crate) enum Health {
    /// `GET /healthz` on this port.
    Healthz(u16),
    /// `SELECT 1`.
    Postgres(Psql),
    /// `PING` on this port.
    Redis(u16),
    /// NATS greets whoever comes to this port.
    Nats(u16),
    /// It listens nowhere, but its log says this word once it works.
    Says(PathBuf, &'static str),
}

impl Health {
    /// Whether the process is well now.
    pub(crate) fn answers(&self) -> bool {
        match self {
            Self::Healthz(port) => ports::healthy(*port),
            Self::Postgres(psql) => psql.sql("postgres", "SELECT 1").is_ok(),
            Self::Redis(port) => ports::answers(*port, "PING\r\n", "+PONG"),
            Self::Nats(port) => ports::answers(*port, "", "INFO "),
            Self::Says(log, word) => {
                let text = std::fs::read(log).unwrap_or_default();
                said_in_this_life(&String::from_utf8_lossy(&text), word)
            }
        }
    }
}

fn said_in_this_life(log: &str, word: &str) -> bool {
    log.rsplit(LAUNCHED_AGAIN)
        .next()
        .is_some_and(|life| life.contains(word))
}

/// Waits until a process of the fleet is well; when it is not, says so with the end of its log.
pub(crate) fn wait_for(fleet: &mut Fleet, name: &str, health: &Health) -> anyhow::Result<()> {
    let outcome = wait_until(name, START_PATIENCE, || {
        fleet.check()?;
        Ok(health.answers())
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

/// Asks a process again and again in a thread of its own, so that who waits can do something else meanwhile. The thread
/// ends once the process is well, or the probe is dropped.
pub(crate) struct Probe {
    answers: Receiver<Option<SystemTime>>,
}

impl Probe {
    pub(crate) fn start(health: Health) -> Self {
        let (told, answers) = mpsc::channel();
        std::thread::spawn(move || {
            loop {
                let well_at = health.answers().then(SystemTime::now);
                // Nobody waits any more.
                if told.send(well_at).is_err() || well_at.is_some() {
                    return;
                }
                std::thread::sleep(ASKED_EVERY);
            }
        });
        Self { answers }
    }

    /// When the process was well for the first time, if it was by now.
    pub(crate) fn well_at(&self) -> anyhow::Result<Option<SystemTime>> {
        loop {
            match self.answers.try_recv() {
                Ok(None) => {}
                Ok(well_at @ Some(_)) => return Ok(well_at),
                Err(TryRecvError::Empty) => return Ok(None),
                Err(TryRecvError::Disconnected) => bail!("what asked for its health is gone"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn only_the_newest_life_counts() {
        assert!(said_in_this_life("starting\nWorking\n", "Working"));
        assert!(!said_in_this_life(
            "Working\n» launched again\nstarting\n",
            "Working"
        ));
        assert!(said_in_this_life("» launched again\nWorking\n", "Working"));
    }

    #[test]
    fn a_probe_tells_when_a_process_is_well_and_not_before() {
        let log = std::env::temp_dir().join(format!("tribina-probe-{}", std::process::id()));
        std::fs::write(&log, "starting\n").unwrap();
        let probe = Probe::start(Health::Says(log.clone(), "Working"));
        std::thread::sleep(ASKED_EVERY * 3);
        assert!(probe.well_at().unwrap().is_none());

        std::fs::write(&log, "starting\nWorking\n").unwrap();

        let deadline = Instant::now() + Duration::from_secs(10);
        while probe.well_at().unwrap().is_none() {
            assert!(Instant::now() < deadline);
            std::thread::sleep(ASKED_EVERY);
        }
        std::fs::remove_file(log).unwrap();
    }
}
