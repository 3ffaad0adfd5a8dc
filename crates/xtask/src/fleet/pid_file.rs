//! Files under `run/` that say which processes of a stack live, for those who were not there when they were started.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::STOP_PATIENCE;

/// The file of the `cargo xtask up` that owns a state folder; sorts before all others.
pub(super) const SUPERVISOR: &str = "00-supervisor.pid";
/// Its name in [`listed`].
pub(crate) const SUPERVISOR_NAME: &str = "supervisor";

/// What is written about a process while it runs.
pub(super) struct PidFile {
    pid: i32,
    /// When it was born: a pid alone may have been given to another process since.
    born: String,
    stop: Signal,
}

impl PidFile {
    pub(super) fn write(path: &Path, pid: i32, stop: Signal) -> anyhow::Result<()> {
        let born = born(pid).unwrap_or_default();
        fs::write(path, format!("{pid}\n{born}\n{stop}\n"))
            .with_context(|| format!("cannot write {}", path.display()))
    }

    pub(super) fn read(path: &Path) -> Option<Self> {
        let text = fs::read_to_string(path).ok()?;
        let mut lines = text.lines();
        Some(Self {
            pid: lines.next()?.parse().ok()?,
            born: lines.next()?.to_owned(),
            stop: lines.next()?.parse().ok()?,
        })
    }

    pub(super) fn alive(&self) -> bool {
        born(self.pid).is_some_and(|born| born == self.born)
    }
}

/// When a living process was started, in whatever unit the system tells it; `None` for a dead one or a zombie.
fn born(pid: i32) -> Option<String> {
    if Path::new("/proc/self/stat").exists() {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let mut after_name = stat.rsplit_once(')')?.1.split_whitespace();
        let state = after_name.next()?;
        return (state != "Z")
            .then(|| after_name.nth(18).map(str::to_owned))
            .flatten();
    }
    let output = Command::new("ps")
        .args(["-o", "lstart=", "-p", &pid.to_string()])
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The pid of the run that owns a state folder, if it lives.
pub(crate) fn supervisor(state: &Path) -> Option<i32> {
    let file = PidFile::read(&state.join("run").join(SUPERVISOR))?;
    file.alive().then_some(file.pid)
}

/// Asks the run that owns the state folder to stop, or ends what it left behind; gives the names of what was ended.
pub(crate) fn stop_from_outside(state: &Path) -> anyhow::Result<Vec<String>> {
    let run = state.join("run");
    if let Some(owner) = supervisor(state) {
        kill(Pid::from_raw(owner), Signal::SIGTERM)?;
        let patience = STOP_PATIENCE * 4;
        crate::interrupt::wait_until("the end of the running stack", patience, || {
            Ok(supervisor(state).is_none())
        })?;
        return Ok(vec![format!("the stack of pid {owner}")]);
    }
    if run.is_dir() {
        end_leftovers(&run)
    } else {
        Ok(Vec::new())
    }
}

/// Name and liveness of every process with a file, oldest first.
pub(crate) fn listed(state: &Path) -> Vec<(String, i32, bool)> {
    pid_files(&state.join("run"))
        .into_iter()
        .filter_map(|path| Some((process_name(&path), PidFile::read(&path)?)))
        .map(|(name, file)| (name, file.pid, file.alive()))
        .collect()
}

pub(super) fn end_leftovers(run: &Path) -> anyhow::Result<Vec<String>> {
    let mut ended = Vec::new();
    for path in pid_files(run).into_iter().rev() {
        if let Some(file) = PidFile::read(&path).filter(PidFile::alive) {
            kill(Pid::from_raw(file.pid), file.stop)?;
            let gone = crate::interrupt::wait_until("its end", STOP_PATIENCE, || Ok(!file.alive()));
            if gone.is_err() {
                kill(Pid::from_raw(file.pid), Signal::SIGKILL)?;
            }
            ended.push(process_name(&path));
        }
        fs::remove_file(&path)?;
    }
    Ok(ended)
}

fn pid_files(run: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(run) else {
        return Vec::new();
    };
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "pid"));
    files.sort();
    files
}

fn process_name(pid_file: &Path) -> String {
    let stem = pid_file.file_stem().unwrap_or_default().to_string_lossy();
    stem.split_once('-')
        .map_or_else(|| stem.clone().into_owned(), |(_, name)| name.to_owned())
}
