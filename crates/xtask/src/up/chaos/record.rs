//! What went away and came back, one JSON line each: the checker of the on-sale reads it beside the fans' histories.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Context;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use super::turns::Kind;

/// One absence that is over.
pub(super) struct Absence<'a> {
    pub(super) part: &'a str,
    pub(super) kind: Kind,
    pub(super) how: &'a str,
    /// Just before the blow.
    pub(super) at: SystemTime,
    /// Launched again.
    pub(super) up_at: SystemTime,
    /// Its health answered.
    pub(super) well_at: SystemTime,
}

#[derive(Serialize)]
struct Line<'a> {
    part: &'a str,
    kind: Kind,
    how: &'a str,
    at: String,
    up_at: String,
    well_at: String,
}

/// The files between this command and the simulated fans.
pub(super) struct Record {
    file: PathBuf,
    phase: PathBuf,
}

/// What the fans are doing, in their own word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// They have not begun.
    Before,
    Selling,
    /// All are home.
    Resting,
}

impl Record {
    /// An empty record, and no word about a phase.
    pub(super) fn begin(file: &Path) -> anyhow::Result<Self> {
        let mut phase = file.as_os_str().to_owned();
        phase.push(".phase");
        let phase = PathBuf::from(phase);
        for old in [file, &phase].into_iter().filter(|old| old.exists()) {
            fs::remove_file(old).with_context(|| format!("cannot remove {}", old.display()))?;
        }
        Ok(Self {
            file: file.to_owned(),
            phase,
        })
    }

    pub(super) fn phase(&self) -> Phase {
        match fs::read_to_string(&self.phase).unwrap_or_default().trim() {
            "selling" => Phase::Selling,
            "resting" => Phase::Resting,
            _ => Phase::Before,
        }
    }

    pub(super) fn append(&self, absence: &Absence) -> anyhow::Result<()> {
        let line = serde_json::to_string(&Line {
            part: absence.part,
            kind: absence.kind,
            how: absence.how,
            at: rfc3339(absence.at),
            up_at: rfc3339(absence.up_at),
            well_at: rfc3339(absence.well_at),
        })?;
        let mut file = OpenOptions::new().append(true).create(true).open(&self.file)?;
        file.write_all(format!("{line}\n").as_bytes())?;
        Ok(())
    }
}

fn rfc3339(at: SystemTime) -> String {
    DateTime::<Utc>::from(at).to_rfc3339_opts(SecondsFormat::Micros, true)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn file(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("tribina-chaos-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder.join("chaos.jsonl")
    }

    #[test]
    fn one_absence_is_one_line_in_utc_with_microseconds() {
        let file = file("line");
        let at = SystemTime::UNIX_EPOCH + Duration::from_micros(1_764_000_000_000_001);
        let record = Record::begin(&file).unwrap();
        let absence = Absence {
            part: "backend-2",
            kind: Kind::Backend,
            how: "kill -9",
            at,
            up_at: at + Duration::from_millis(500),
            well_at: at + Duration::from_secs(1),
        };
        record.append(&absence).unwrap();
        record.append(&absence).unwrap();

        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(text.lines().count(), 2);
        assert_eq!(
            text.lines().next().unwrap(),
            r#"{"part":"backend-2","kind":"backend","how":"kill -9","at":"2025-11-24T16:00:00.000001Z","up_at":"2025-11-24T16:00:00.500001Z","well_at":"2025-11-24T16:00:01.000001Z"}"#
        );
        fs::remove_dir_all(file.parent().unwrap()).unwrap();
    }

    #[test]
    fn the_phase_is_the_fans_word_and_that_of_an_earlier_run_is_forgotten() {
        let file = file("phase");
        let word = file.with_file_name("chaos.jsonl.phase");
        fs::write(&word, "resting").unwrap();
        fs::write(&file, "{}\n").unwrap();

        let record = Record::begin(&file).unwrap();
        assert!(!file.exists());
        assert_eq!(record.phase(), Phase::Before);
        fs::write(&word, "selling\n").unwrap();
        assert_eq!(record.phase(), Phase::Selling);
        fs::write(&word, "resting").unwrap();
        assert_eq!(record.phase(), Phase::Resting);
        fs::remove_dir_all(file.parent().unwrap()).unwrap();
    }
}
