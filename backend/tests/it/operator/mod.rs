//! `backend admin …`, as operators run it: the program itself, with files and settings, its exit code, what it prints and what it says.

mod dry_runs;
mod help;
mod matches;
mod people;
mod stadiums;
mod staff;

use std::path::{Path, PathBuf};
use std::process::Stdio;

use backend::settings::Settings;
use serde_json::Value;
use tokio::process::Command;

use crate::world::{World, environment};

/// What a command came to.
#[derive(Debug)]
struct Done {
    code: Option<i32>,
    printed: String,
    said: String,
}

impl Done {
    /// What it printed, an object a line.
    fn lines(&self) -> Vec<Value> {
        assert_eq!(self.code, Some(0), "{}", self.said);
        let lines = self.printed.lines();
        lines.map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The one object that it printed.
    fn ok(&self) -> Value {
        let lines = self.lines();
        let [line] = lines.as_slice() else {
            panic!("{lines:?}")
        };
        line.clone()
    }

    /// What it said when it did nothing.
    fn refused(&self) -> &str {
        assert_eq!((self.code, self.printed.as_str()), (Some(1), ""), "{}", self.said);
        &self.said
    }
}

/// Runs `backend admin …` in a folder.
async fn run(settings: &Settings, folder: &Path, words: &[&str]) -> Done {
    let ran = Command::new(env!("CARGO_BIN_EXE_backend"))
        .arg("admin")
        .args(words)
        .env_clear()
        .envs(environment(settings))
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Done {
        code: ran.status.code(),
        printed: text(ran.stdout),
        said: text(ran.stderr),
    }
}

impl World {
    /// Runs `backend admin …` on this world.
    async fn admin(&self, words: &[&str]) -> Done {
        run(&self.app.settings, &self.folder, words).await
    }

    /// Writes a file for a command.
    fn write(&self, name: &str, text: &str) -> PathBuf {
        let file = self.folder.join(name);
        std::fs::write(&file, text).unwrap();
        file
    }

    /// What the operator did to a subject.
    async fn deeds_of(&self, subject: &Value) -> Vec<String> {
        let entries = self.audit_of(subject.as_str().unwrap().parse().unwrap()).await;
        let deed = |entry: &Value| {
            assert_eq!(entry["actor"], "operator", "{entry}");
            entry["deed"].as_str().unwrap().to_owned()
        };
        entries.iter().map(deed).collect()
    }
}
