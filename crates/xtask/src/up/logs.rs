//! `--logs`: what every process writes, on one terminal, each line behind the name of who wrote it.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{IsTerminal, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::fleet;

/// So often the files are looked at.
const LOOKED_AT_EVERY: Duration = Duration::from_millis(100);
/// Of one file at once: a process that writes without end must not fill our memory.
const READ_BYTES_MAX: u64 = 1 << 20;
/// `waiting-room-3`: the longest name of a usual stack.
const NAME_WIDTH: usize = 14;
/// Cyan, yellow, green, magenta, blue, and the bright ones of the first three. Red is left to mean danger.
const COLOURS: [u8; 8] = [36, 33, 32, 35, 34, 96, 93, 92];

/// Shows the logs in a thread of its own until it is dropped.
pub(super) struct Logs {
    enough: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Logs {
    /// Of the stack whose state is in this folder.
    pub(super) fn show(state: &Path) -> Self {
        let no_colour = std::env::var_os("NO_COLOR");
        let paint = Paint::of(std::io::stdout().is_terminal(), no_colour.as_deref());
        let mut followed = Followed {
            state: state.to_owned(),
            paint,
            logs: Vec::new(),
        };
        let enough = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&enough);
        let thread = std::thread::spawn(move || {
            loop {
                // Asked before the last look, so that nothing written until now is missed.
                let last = asked.load(Ordering::Relaxed);
                // Whoever read our output may have gone; the processes go on.
                let _ = std::io::stdout().write_all(followed.news().as_bytes());
                if last {
                    return;
                }
                std::thread::sleep(LOOKED_AT_EVERY);
            }
        });
        Self {
            enough,
            thread: Some(thread),
        }
    }
}

impl Drop for Logs {
    fn drop(&mut self) {
        self.enough.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Paint {
    Coloured,
    Plain,
}

impl Paint {
    /// Colours are for terminals of people who did not decline them (<https://no-color.org>).
    fn of(terminal: bool, no_colour: Option<&OsStr>) -> Self {
        if terminal && no_colour.is_none_or(OsStr::is_empty) {
            Self::Coloured
        } else {
            Self::Plain
        }
    }

    fn prefix(self, index: usize, name: &str) -> String {
        let padded = format!("{name:<NAME_WIDTH$} |");
        match self {
            Self::Coloured => {
                let colour = COLOURS.iter().cycle().nth(index).copied().unwrap_or_default();
                format!("\u{1b}[{colour}m{padded}\u{1b}[0m")
            }
            Self::Plain => padded,
        }
    }
}

/// The logs of a stack's processes, in the order in which those were started.
struct Followed {
    state: PathBuf,
    paint: Paint,
    logs: Vec<Log>,
}

struct Log {
    name: String,
    read_bytes: u64,
    /// The beginning of a line whose end is not written yet.
    begun: Vec<u8>,
}

impl Followed {
    /// Whole lines that were written since it was asked before.
    fn news(&mut self) -> String {
        // Who has a pid file has a log of this run; other logs in the folder are older.
        for (name, _, _) in fleet::listed(&self.state) {
            let known = self.logs.iter().any(|log| log.name == name);
            if !known && name != fleet::SUPERVISOR_NAME {
                self.logs.push(Log {
                    name,
                    read_bytes: 0,
                    begun: Vec::new(),
                });
            }
        }
        let mut text = String::new();
        for (index, log) in self.logs.iter_mut().enumerate() {
            let prefix = self.paint.prefix(index, &log.name);
            let file = self.state.join("log").join(format!("{}.log", log.name));
            for line in log.new_lines(&file) {
                text.push_str(&format!("{prefix} {line}\n"));
            }
        }
        text
    }
}

impl Log {
    fn new_lines(&mut self, file: &Path) -> Vec<String> {
        // A file that cannot be read now may be readable later.
        let _ = self.read(file);
        let Some(end) = self.begun.iter().rposition(|byte| *byte == b'\n') else {
            return Vec::new();
        };
        let rest = self.begun.split_off(end + 1);
        let whole = std::mem::replace(&mut self.begun, rest);
        String::from_utf8_lossy(&whole)
            .lines()
            .map(str::to_owned)
            .collect()
    }

    fn read(&mut self, file: &Path) -> std::io::Result<()> {
        let mut file = File::open(file)?;
        file.seek(SeekFrom::Start(self.read_bytes))?;
        let read = file.take(READ_BYTES_MAX).read_to_end(&mut self.begun)?;
        self.read_bytes += u64::try_from(read).unwrap_or_default();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_for_terminals_that_want_them() {
        assert_eq!(Paint::of(true, None), Paint::Coloured);
        assert_eq!(Paint::of(true, Some(OsStr::new(""))), Paint::Coloured);
        assert_eq!(Paint::of(true, Some(OsStr::new("1"))), Paint::Plain);
        assert_eq!(Paint::of(false, None), Paint::Plain);
        assert_eq!(Paint::Plain.prefix(0, "nats"), "nats           |");
        assert_eq!(
            Paint::Coloured.prefix(8, "nats"),
            "\u{1b}[36mnats           |\u{1b}[0m"
        );
    }

    #[test]
    fn whole_lines_come_once_each_behind_their_name() {
        let state = std::env::temp_dir().join(format!("tribina-logs-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&state);
        std::fs::create_dir_all(state.join("run")).unwrap();
        std::fs::create_dir_all(state.join("log")).unwrap();
        let log = state.join("log/nats.log");
        std::fs::write(state.join("run/00-supervisor.pid"), "1\n1\nSIGTERM\n").unwrap();
        std::fs::write(state.join("run/03-nats.pid"), "1\n1\nSIGTERM\n").unwrap();
        std::fs::write(state.join("log/of-an-earlier-run.log"), "old\n").unwrap();
        let mut followed = Followed {
            state: state.clone(),
            paint: Paint::Plain,
            logs: Vec::new(),
        };
        assert_eq!(followed.news(), "");

        std::fs::write(&log, "one\ntw").unwrap();
        assert_eq!(followed.news(), "nats           | one\n");
        std::fs::write(&log, "one\ntwo\n\nthree\n").unwrap();
        // Whose process has ended is still read to the end.
        std::fs::remove_file(state.join("run/03-nats.pid")).unwrap();
        assert_eq!(
            followed.news(),
            "nats           | two\nnats           | \nnats           | three\n"
        );
        assert_eq!(followed.news(), "");
        std::fs::remove_dir_all(state).unwrap();
    }
}
