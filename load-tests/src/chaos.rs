//! What was killed while fans bought: written down by whoever killed it, one line of JSON each, when it was well again.

use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::{DateTime, Utc};
use serde::Deserialize;

/// The kills of one run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chaos {
    pub(crate) kills: Vec<Kill>,
    /// Ends that nobody had asked for.
    deaths: Vec<Kill>,
}

/// A part of the stack that ended and came back.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Kill {
    pub(crate) part: String,
    pub(crate) kind: Kind,
    pub(crate) how: String,
    /// Just before the signal.
    pub(crate) at: DateTime<Utc>,
    /// Launched again.
    pub(crate) up_at: DateTime<Utc>,
    /// Its health was confirmed.
    pub(crate) well_at: DateTime<Utc>,
}

/// What kind of part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Backend,
    Worker,
    Node,
    Postgres,
    Nats,
    Redis,
}

/// How the record says that a process ended without having been killed.
const BY_ITSELF: &str = "died by itself";

/// Tells the killer whether fans are buying: a file beside its record, with one word.
#[derive(Debug)]
pub(crate) struct Phase {
    file: Option<PathBuf>,
}

impl Phase {
    /// `<record>.phase`, or nothing to tell anybody.
    pub(crate) fn beside(record: Option<&Path>) -> Self {
        let file = record.map(|record| {
            let mut name = record.as_os_str().to_owned();
            name.push(".phase");
            PathBuf::from(name)
        });
        Self { file }
    }

    /// Kill what you like.
    pub(crate) fn selling(&self) -> anyhow::Result<()> {
        self.say("selling")
    }

    /// Let everything come to rest.
    pub(crate) fn resting(&self) -> anyhow::Result<()> {
        self.say("resting")
    }

    fn say(&self, word: &str) -> anyhow::Result<()> {
        match &self.file {
            Some(file) => {
                std::fs::write(file, word).with_context(|| format!("cannot write {}", file.display()))
            }
            None => Ok(()),
        }
    }
}

impl Chaos {
    /// Reads a record; nothing was killed if there is none.
    pub(crate) fn read(record: &Path) -> anyhow::Result<Self> {
        if !record.exists() {
            return Ok(Self::default());
        }
        let text =
            std::fs::read_to_string(record).with_context(|| format!("cannot read {}", record.display()))?;
        let all: Result<Vec<Kill>, _> = text.lines().map(serde_json::from_str).collect();
        let all = all.with_context(|| format!("{} is no record of kills", record.display()))?;
        let (deaths, kills) = all.into_iter().partition(|kill| kill.how == BY_ITSELF);
        Ok(Self { kills, deaths })
    }

    /// Parts of ours that did not survive the end of another.
    pub(crate) fn dead_by_themselves(&self) -> Option<String> {
        let named: Vec<String> = self
            .deaths
            .iter()
            .map(|death| format!("{} at {}", death.part, death.at))
            .collect();
        (!named.is_empty()).then(|| format!("ended without having been killed: {}", named.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_tells_kills_from_deaths() {
        let file = std::env::temp_dir().join(format!("tribina-chaos-{}", std::process::id()));
        let line = |part: &str, kind: &str, how: &str| {
            format!(
                r#"{{"part":"{part}","kind":"{kind}","how":"{how}","at":"2026-05-01T10:00:00.000001Z","up_at":"2026-05-01T10:00:01Z","well_at":"2026-05-01T10:00:02Z"}}"#
            )
        };
        let text = [
            line("backend-2", "backend", "kill -9"),
            line("nats", "nats", BY_ITSELF),
        ]
        .join("\n");
        std::fs::write(&file, text).unwrap();

        let chaos = Chaos::read(&file).unwrap();

        std::fs::remove_file(&file).unwrap();
        assert_eq!(chaos.kills.len(), 1);
        assert_eq!(chaos.kills[0].kind, Kind::Backend);
        assert!(chaos.dead_by_themselves().unwrap().contains("nats"));
        assert!(Chaos::read(&file).unwrap().kills.is_empty());
    }
}
