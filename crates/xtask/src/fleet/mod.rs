//! The processes of one stack: started in order, watched, launched again where somebody took them down, stopped in reverse
//! order.
//!
//! Every process has a file under `run/` with its pid and its time of birth, so that what a killed run left behind is
//! found and ended by the next one, and nobody else's process ever is.

mod pid_file;

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use pid_file::{PidFile, SUPERVISOR, end_leftovers};
pub(crate) use pid_file::{SUPERVISOR_NAME, listed, stop_from_outside, supervisor};

/// So long after a stop began, whatever still runs is killed: a person who pressed Ctrl-C waits.
const STOP_PATIENCE: Duration = Duration::from_millis(4_500);
/// What the last ones to be asked have of it at least.
const LAST_ONES_PATIENCE: Duration = Duration::from_secs(1);
/// Lines of a dead process's log that are shown.
const LOG_LINES_SHOWN: usize = 15;
/// How the line begins that stands in a log between one life of a process and the next.
pub(crate) const LAUNCHED_AGAIN: &str = "» launched again";

/// Processes that belong together.
pub(crate) struct Fleet {
    run: PathBuf,
    log: PathBuf,
    members: Vec<Member>,
}

struct Member {
    name: String,
    /// Launches it: at the start, and again.
    recipe: Command,
    stop: Stop,
    pid_file: PathBuf,
    log: PathBuf,
    life: Life,
}

/// When and how a process is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stop {
    turn: StopTurn,
    signal: Signal,
}

/// Who is asked together: first those who need the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum StopTurn {
    Ours,
    StandIns,
    Servers,
}

impl Stop {
    pub(crate) const OURS: Self = Self {
        turn: StopTurn::Ours,
        signal: Signal::SIGTERM,
    };
    pub(crate) const STAND_INS: Self = Self {
        turn: StopTurn::StandIns,
        signal: Signal::SIGTERM,
    };
    pub(crate) const SERVER: Self = Self {
        turn: StopTurn::Servers,
        signal: Signal::SIGTERM,
    };
    /// SIGINT is its fast shutdown: SIGTERM would wait for those who are connected.
    pub(crate) const POSTGRES: Self = Self {
        turn: StopTurn::Servers,
        signal: Signal::SIGINT,
    };
}

enum Life {
    Runs(Child),
    /// Somebody of ours ended it; it may take a moment to go.
    Falls(Child),
    Down,
}

/// A process that ended although nobody of ours asked for it.
pub(crate) struct EndedByItself {
    pub(crate) name: String,
    pub(crate) status: ExitStatus,
    /// The end of its log.
    pub(crate) last_words: String,
}

impl Fleet {
    /// Takes over the state folder: refuses when another run owns it, ends what a killed run left behind.
    pub(crate) fn take(state: &Path) -> anyhow::Result<Self> {
        let (run, log) = (state.join("run"), state.join("log"));
        fs::create_dir_all(&run)?;
        fs::create_dir_all(&log)?;
        if let Some(owner) = supervisor(state) {
            bail!(
                "a stack is already running here (pid {owner}): stop it with Ctrl-C there or `cargo xtask down`"
            );
        }
        for name in end_leftovers(&run)? {
            println!("» ended `{name}`, left behind by an earlier run");
        }
        let own = i32::try_from(std::process::id())?;
        PidFile::write(&run.join(SUPERVISOR), own, Signal::SIGTERM)?;
        Ok(Self {
            run,
            log,
            members: Vec::new(),
        })
    }

    /// Starts a process of its own group (a Ctrl-C on the terminal reaches us only) that logs to `log/<name>.log`.
    pub(crate) fn launch(&mut self, name: &str, mut recipe: Command, stop: Stop) -> anyhow::Result<()> {
        recipe.stdin(Stdio::null()).process_group(0);
        let log = self.log_of(name);
        File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let pid_file = self.run.join(format!("{:02}-{name}.pid", self.members.len() + 1));
        self.members.push(Member {
            name: name.to_owned(),
            recipe,
            stop,
            pid_file,
            log,
            life: Life::Down,
        });
        self.member(name)?.spawn()
    }

    /// From now on the end of this process is no surprise; gives the pid that is to be ended.
    pub(crate) fn expect_end(&mut self, name: &str) -> anyhow::Result<Pid> {
        let member = self.member(name)?;
        match std::mem::replace(&mut member.life, Life::Down) {
            Life::Runs(child) | Life::Falls(child) => {
                let pid = Pid::from_raw(i32::try_from(child.id())?);
                member.life = Life::Falls(child);
                Ok(pid)
            }
            Life::Down => bail!("{name} does not run"),
        }
    }

    /// Whether a process whose end is expected has ended.
    pub(crate) fn is_down(&mut self, name: &str) -> anyhow::Result<bool> {
        let member = self.member(name)?;
        if let Life::Falls(child) = &mut member.life
            && child.try_wait()?.is_some()
        {
            member.life = Life::Down;
        }
        Ok(matches!(member.life, Life::Down))
    }

    /// Starts a process that is down once more, under its old name, with its log continued.
    pub(crate) fn launch_again(&mut self, name: &str) -> anyhow::Result<()> {
        let member = self.member(name)?;
        if !matches!(member.life, Life::Down) {
            bail!("{name} is to be launched again before it has ended");
        }
        writeln!(member.open_log()?, "{LAUNCHED_AGAIN}")?;
        member.spawn()
    }

    /// The first process that ended although nobody of ours asked for it; it counts as down from now on.
    pub(crate) fn ended_by_itself(&mut self) -> anyhow::Result<Option<EndedByItself>> {
        for member in &mut self.members {
            let Life::Runs(child) = &mut member.life else {
                continue;
            };
            if let Some(status) = child.try_wait()? {
                member.life = Life::Down;
                return Ok(Some(EndedByItself {
                    name: member.name.clone(),
                    status,
                    last_words: tail(&member.log),
                }));
            }
        }
        Ok(None)
    }

    /// An error, with the end of its log, if one of the processes has ended by itself.
    pub(crate) fn check(&mut self) -> anyhow::Result<()> {
        match self.ended_by_itself()? {
            Some(ended) => Err(ended.into()),
            None => Ok(()),
        }
    }

    /// The last lines of a process's log, for an error message.
    pub(crate) fn tail_of(&self, name: &str) -> String {
        tail(&self.log_of(name))
    }

    /// Where a process of this name logs to.
    pub(crate) fn log_of(&self, name: &str) -> PathBuf {
        self.log.join(format!("{name}.log"))
    }

    /// Ends all processes: ours together, then what stands in for others, then the servers.
    pub(crate) fn stop(&mut self) {
        let until = Instant::now() + STOP_PATIENCE;
        for turn in [StopTurn::Ours, StopTurn::StandIns, StopTurn::Servers] {
            let patience = match turn {
                StopTurn::Ours | StopTurn::StandIns => until - LAST_ONES_PATIENCE,
                StopTurn::Servers => until,
            };
            let mut asked: Vec<Member> = self
                .members
                .extract_if(.., |member| member.stop.turn == turn)
                .collect();
            for member in &mut asked {
                member.ask_to_end();
            }
            for member in &mut asked {
                if let Err(error) = member.end_until(patience) {
                    eprintln!("could not stop {}: {error}", member.name);
                }
                let _ = fs::remove_file(&member.pid_file);
            }
        }
        let _ = fs::remove_file(self.run.join(SUPERVISOR));
    }

    fn member(&mut self, name: &str) -> anyhow::Result<&mut Member> {
        self.members
            .iter_mut()
            .find(|member| member.name == name)
            .with_context(|| format!("{name} was never launched"))
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.stop();
    }
}

impl From<EndedByItself> for anyhow::Error {
    fn from(ended: EndedByItself) -> Self {
        anyhow::anyhow!(
            "{} ended by itself ({})\n{}",
            ended.name,
            ended.status,
            ended.last_words
        )
    }
}

impl Member {
    fn open_log(&self) -> anyhow::Result<File> {
        OpenOptions::new()
            .append(true)
            .create(true)
            .open(&self.log)
            .with_context(|| format!("cannot write {}", self.log.display()))
    }

    fn spawn(&mut self) -> anyhow::Result<()> {
        let out = self.open_log()?;
        self.recipe.stdout(out.try_clone()?).stderr(out);
        let child = self.recipe.spawn().with_context(|| {
            let line = crate::checkout::command_line(&self.recipe);
            format!("cannot start {} ({line})", self.name)
        })?;
        let pid = i32::try_from(child.id())?;
        self.life = Life::Runs(child);
        PidFile::write(&self.pid_file, pid, self.stop.signal)
    }

    fn ask_to_end(&self) {
        match &self.life {
            // That it has ended meanwhile is no failure; that it does not end is seen when it is waited for.
            Life::Runs(child) | Life::Falls(child) => {
                let _ = i32::try_from(child.id()).map(|pid| kill(Pid::from_raw(pid), self.stop.signal));
            }
            Life::Down => {}
        }
    }

    fn end_until(&mut self, patience: Instant) -> anyhow::Result<()> {
        let (Life::Runs(child) | Life::Falls(child)) = &mut self.life else {
            return Ok(());
        };
        while child.try_wait()?.is_none() {
            if Instant::now() > patience {
                println!("» {} did not stop in time: killed", self.name);
                child.kill()?;
                child.wait()?;
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

fn tail(log: &Path) -> String {
    let text = fs::read(log)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    let shown = lines
        .get(lines.len().saturating_sub(LOG_LINES_SHOWN)..)
        .unwrap_or_default();
    format!("last lines of {}:\n  {}", log.display(), shown.join("\n  "))
}

#[cfg(test)]
mod tests;
