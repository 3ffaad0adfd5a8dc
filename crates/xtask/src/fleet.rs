//! The processes of one stack: started in order, watched, stopped in reverse order.
//!
//! Every process has a file under `run/` with its pid and its time of birth, so that what a killed run left behind is
//! found and ended by the next one, and nobody else's process ever is.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A process that has not ended so long after being asked is killed.
const STOP_PATIENCE: Duration = Duration::from_secs(8);
/// Lines of a dead process's log that are shown.
const LOG_LINES_SHOWN: usize = 15;
/// The file of the `cargo xtask up` that owns a state folder; sorts before all others.
const SUPERVISOR: &str = "00-supervisor.pid";

/// Processes that belong together.
pub(crate) struct Fleet {
    run: PathBuf,
    log: PathBuf,
    members: Vec<Member>,
}

struct Member {
    name: String,
    child: Child,
    stop: Signal,
    pid_file: PathBuf,
    log: PathBuf,
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
    pub(crate) fn launch(&mut self, name: &str, mut command: Command, stop: Signal) -> anyhow::Result<()> {
        let log = self.log.join(format!("{name}.log"));
        let out = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .process_group(0)
            .spawn()
            .with_context(|| {
                format!(
                    "cannot start {name} ({})",
                    crate::checkout::command_line(&command)
                )
            })?;
        let pid_file = self.run.join(format!("{:02}-{name}.pid", self.members.len() + 1));
        let pid = i32::try_from(child.id())?;
        self.members.push(Member {
            name: name.to_owned(),
            child,
            stop,
            pid_file: pid_file.clone(),
            log,
        });
        PidFile::write(&pid_file, pid, stop)
    }

    /// An error, with the end of its log, if one of the processes has ended.
    pub(crate) fn check(&mut self) -> anyhow::Result<()> {
        for member in &mut self.members {
            if let Some(status) = member.child.try_wait()? {
                bail!(
                    "{} ended by itself ({status})\n{}",
                    member.name,
                    tail(&member.log)
                );
            }
        }
        Ok(())
    }

    /// The last lines of a process's log, for an error message.
    pub(crate) fn tail_of(&self, name: &str) -> String {
        tail(&self.log.join(format!("{name}.log")))
    }

    /// Ends all processes, the youngest first.
    pub(crate) fn stop(&mut self) {
        while let Some(mut member) = self.members.pop() {
            if let Err(error) = member.end() {
                eprintln!("could not stop {}: {error}", member.name);
            }
            let _ = fs::remove_file(&member.pid_file);
        }
        let _ = fs::remove_file(self.run.join(SUPERVISOR));
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Member {
    fn end(&mut self) -> anyhow::Result<()> {
        if self.child.try_wait()?.is_some() {
            return Ok(());
        }
        kill(Pid::from_raw(i32::try_from(self.child.id())?), self.stop)?;
        let deadline = Instant::now() + STOP_PATIENCE;
        while self.child.try_wait()?.is_none() {
            if Instant::now() > deadline {
                println!(
                    "» {} did not stop within {} s: killed",
                    self.name,
                    STOP_PATIENCE.as_secs()
                );
                self.child.kill()?;
                self.child.wait()?;
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

/// What is written about a process while it runs.
struct PidFile {
    pid: i32,
    /// When it was born: a pid alone may have been given to another process since.
    born: String,
    stop: Signal,
}

impl PidFile {
    fn write(path: &Path, pid: i32, stop: Signal) -> anyhow::Result<()> {
        let born = born(pid).unwrap_or_default();
        fs::write(path, format!("{pid}\n{born}\n{stop}\n"))
            .with_context(|| format!("cannot write {}", path.display()))
    }

    fn read(path: &Path) -> Option<Self> {
        let text = fs::read_to_string(path).ok()?;
        let mut lines = text.lines();
        Some(Self {
            pid: lines.next()?.parse().ok()?,
            born: lines.next()?.to_owned(),
            stop: lines.next()?.parse().ok()?,
        })
    }

    fn alive(&self) -> bool {
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

fn end_leftovers(run: &Path) -> anyhow::Result<Vec<String>> {
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
mod tests {
    use super::*;

    fn state(name: &str) -> PathBuf {
        let state = std::env::temp_dir().join(format!("tribina-fleet-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&state);
        state
    }

    fn sleeper() -> Command {
        let mut command = Command::new("sleep");
        command.arg("60");
        command
    }

    #[test]
    fn a_second_run_is_refused_while_the_first_lives() {
        let state = state("second");
        let _first = Fleet::take(&state).unwrap();
        assert!(Fleet::take(&state).is_err());
    }

    #[test]
    fn stopping_ends_every_process_and_removes_every_trace() {
        let state = state("stop");
        let mut fleet = Fleet::take(&state).unwrap();
        fleet.launch("one", sleeper(), Signal::SIGTERM).unwrap();
        fleet.launch("two", sleeper(), Signal::SIGINT).unwrap();
        assert_eq!(listed(&state).iter().filter(|(_, _, alive)| *alive).count(), 3);
        fleet.check().unwrap();

        fleet.stop();

        assert!(listed(&state).is_empty());
        fs::remove_dir_all(state).unwrap();
    }

    #[test]
    fn what_a_killed_run_left_behind_is_ended_by_the_next() {
        let state = state("leftover");
        fs::create_dir_all(state.join("run")).unwrap();
        let mut child = sleeper().spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        PidFile::write(&state.join("run/01-sleeper.pid"), pid, Signal::SIGTERM).unwrap();

        let fleet = Fleet::take(&state).unwrap();

        assert!(child.wait().unwrap().code().is_none(), "ended by a signal");
        drop(fleet);
        fs::remove_dir_all(state).unwrap();
    }

    #[test]
    fn a_pid_that_now_belongs_to_somebody_else_is_left_alone() {
        let state = state("reused");
        fs::create_dir_all(state.join("run")).unwrap();
        let mut child = sleeper().spawn().unwrap();
        fs::write(
            state.join("run/01-sleeper.pid"),
            format!("{}\n1\nSIGTERM\n", child.id()),
        )
        .unwrap();

        drop(Fleet::take(&state).unwrap());

        assert!(child.try_wait().unwrap().is_none(), "still alive");
        child.kill().unwrap();
        child.wait().unwrap();
        fs::remove_dir_all(state).unwrap();
    }

    #[test]
    fn a_process_that_ends_by_itself_is_reported_with_its_log() {
        let state = state("dead");
        let mut fleet = Fleet::take(&state).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo no such setting; exit 2"]);
        fleet.launch("broken", command, Signal::SIGTERM).unwrap();
        std::thread::sleep(Duration::from_millis(300));

        let message = fleet.check().unwrap_err().to_string();

        assert!(
            message.contains("broken ended by itself") && message.contains("no such setting"),
            "{message}"
        );
        drop(fleet);
        fs::remove_dir_all(state).unwrap();
    }
}
