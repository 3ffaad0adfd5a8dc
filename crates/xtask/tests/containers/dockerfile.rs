//! `Dockerfile`: its stages, and what they take from the checkout and from each other.

use std::process::Command;

use serde_json::Value;

use crate::{Findings, is_pinned, is_root, root, text_of};

/// One stage: `FROM … AS name` and its instructions.
pub(crate) struct Stage {
    name: String,
    base: String,
    /// First word, rest: continued lines are one, the text of here-documents is left out.
    instructions: Vec<(String, String)>,
}

pub(crate) struct Dockerfile {
    stages: Vec<Stage>,
}

/// Programs that cargo can build in this workspace, as (package, program).
type Programs = Vec<(String, String)>;

pub(crate) fn committed() -> Dockerfile {
    Dockerfile::parse(&text_of("Dockerfile"))
}

impl Dockerfile {
    fn parse(text: &str) -> Self {
        let mut stages: Vec<Stage> = Vec::new();
        for (word, rest) in instructions(text) {
            if word == "FROM" {
                let mut words = rest.split_whitespace();
                let base = words.next().unwrap_or_default().to_owned();
                let name = words.nth(1).unwrap_or_default().to_owned();
                let instructions = Vec::new();
                stages.push(Stage {
                    name,
                    base,
                    instructions,
                });
            } else if let Some(stage) = stages.last_mut() {
                stage.instructions.push((word, rest));
            }
        }
        Self { stages }
    }

    pub(crate) fn stage(&self, name: &str) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.name == name)
    }

    /// The last `USER` of a stage, or of what it is made from.
    pub(crate) fn user_of(&self, name: &str) -> Option<String> {
        let stage = self.stage(name)?;
        stage
            .last("USER")
            .map(str::to_owned)
            .or_else(|| self.user_of(&stage.base))
    }

    fn findings(&self, programs: &Programs, exists: impl Fn(&str) -> bool) -> Findings {
        let mut findings = Findings::new();
        for (index, stage) in self.stages.iter().enumerate() {
            let earlier = &self.stages[..index];
            let is_stage = |name: &str| earlier.iter().any(|other| other.name == name);
            let mut said = stage.builds(programs);
            if !is_stage(&stage.base) && !is_pinned(&stage.base) {
                said.push(format!(
                    "`{}` is neither a stage nor an image of a named release",
                    stage.base
                ));
            }
            for copied in stage.all("COPY") {
                said.extend(self.copied(copied, is_stage, &exists));
            }
            if stage.last("ENTRYPOINT").is_some() {
                said.extend(self.started(stage));
            }
            findings.extend(
                said.into_iter()
                    .map(|finding| format!("{}: {finding}", stage.name)),
            );
        }
        findings
    }

    fn copied(
        &self,
        copied: &str,
        is_stage: impl Fn(&str) -> bool,
        exists: impl Fn(&str) -> bool,
    ) -> Findings {
        let (flags, paths): (Vec<&str>, Vec<&str>) =
            copied.split_whitespace().partition(|word| word.starts_with("--"));
        let sources = paths.split_last().map(|(_, sources)| sources).unwrap_or_default();
        let from = flags.iter().find_map(|flag| flag.strip_prefix("--from="));
        let mut findings = Findings::new();
        for source in sources.iter().filter(|source| !source.starts_with("<<")) {
            match from {
                None if !exists(source) => {
                    findings.push(format!(
                        "it copies {source}, which is not in the checkout, or ignored"
                    ));
                }
                Some(stage) if !is_stage(stage) => {
                    findings.push(format!("it copies from {stage}, which is no stage"))
                }
                Some(stage) if !self.stage(stage).is_some_and(|stage| stage.installs(source)) => {
                    findings.push(format!("it copies {source}, which {stage} does not install"));
                }
                None | Some(_) => {}
            }
        }
        findings
    }

    /// A stage that is started: not as root, by a program that it has, asked for its health at a port that it shows.
    fn started(&self, stage: &Stage) -> Findings {
        let mut findings = Findings::new();
        if self.user_of(&stage.name).is_none_or(|user| is_root(&user)) {
            findings.push("it runs as root".to_owned());
        }
        let program = words_in(stage.last("ENTRYPOINT").unwrap_or_default()).concat();
        let has_it = stage
            .all("COPY")
            .any(|copied| copied.ends_with(&format!("/usr/local/bin/{program}")));
        if !has_it {
            findings.push(format!("it starts `{program}`, which it has not"));
        }
        let ports = stage.last("EXPOSE").unwrap_or_default();
        let asked = words_in(stage.last("HEALTHCHECK").unwrap_or_default());
        if !asked
            .last()
            .is_some_and(|port| ports.split_whitespace().any(|shown| shown == port))
        {
            findings.push(format!("its health is asked by {asked:?}, and it shows {ports}"));
        }
        findings
    }
}

impl Stage {
    fn all<'a>(&'a self, wanted: &'a str) -> impl Iterator<Item = &'a str> {
        self.instructions
            .iter()
            .filter(move |(word, _)| word == wanted)
            .map(|(_, rest)| rest.as_str())
    }

    fn last<'a>(&'a self, wanted: &'a str) -> Option<&'a str> {
        self.all(wanted).last()
    }

    /// `cargo build -p backend` names packages of ours, and `target/release/backend` is what they make.
    fn builds(&self, programs: &Programs) -> Findings {
        let mut findings = Findings::new();
        for line in self.all("RUN") {
            let words: Vec<&str> = line.split_whitespace().collect();
            let after = |flag: &str| {
                let pairs = words
                    .windows(2)
                    .filter(|pair| pair[0] == flag)
                    .map(|pair| pair[1]);
                pairs.collect::<Vec<&str>>()
            };
            let packages = after("-p");
            let unknown = packages
                .iter()
                .filter(|name| !programs.iter().any(|(package, _)| package == **name));
            findings.extend(unknown.map(|name| format!("cargo is to build {name}, which has no program")));
            for made in words
                .iter()
                .filter_map(|word| word.strip_prefix("target/release/"))
            {
                let is_built = |(package, program): &(String, String)| {
                    packages.contains(&package.as_str()) && program == made
                };
                if !programs.iter().any(is_built) {
                    findings.push(format!("cargo is not to build target/release/{made}"));
                }
            }
        }
        findings
    }

    /// Whether `install -t /out target/release/backend` puts `path` there.
    fn installs(&self, path: &str) -> bool {
        let Some((folder, file)) = path.rsplit_once('/') else {
            return false;
        };
        self.all("RUN").any(|line| {
            line.contains(&format!("-t {folder} "))
                && line
                    .split_whitespace()
                    .any(|word| word.ends_with(&format!("/{file}")))
        })
    }
}

fn instructions(text: &str) -> Vec<(String, String)> {
    let mut instructions = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let mut whole = line.to_owned();
        while let Some(begun) = whole.strip_suffix('\\') {
            whole = format!("{}{}", begun, lines.next().unwrap_or_default());
        }
        if let Some((_, rest)) = whole.split_once("<<'") {
            let end = rest.split('\'').next().unwrap_or_default().to_owned();
            while lines.next().is_some_and(|line| line != end) {}
        }
        let (word, rest) = whole.split_once(' ').unwrap_or((&whole, ""));
        instructions.push((word.to_owned(), rest.trim().to_owned()));
    }
    instructions
}

/// The words of `… ["healthy", "7400"]`.
fn words_in(instruction: &str) -> Vec<String> {
    let list = instruction.find('[').and_then(|start| instruction.get(start..));
    list.and_then(|list| serde_json::from_str(list).ok())
        .unwrap_or_default()
}

fn programs() -> Programs {
    let cargo = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&cargo.stdout).unwrap();
    let mut programs = Programs::new();
    for package in metadata["packages"].as_array().unwrap() {
        for target in package["targets"].as_array().unwrap() {
            if target["kind"][0] == "bin" {
                let name = |of: &Value| of["name"].as_str().unwrap().to_owned();
                programs.push((name(package), name(target)));
            }
        }
    }
    programs
}

/// In the checkout, and not kept from the engine by `.dockerignore`.
fn reaches_the_engine(path: &str) -> bool {
    let ignored = text_of(".dockerignore");
    root().join(path).exists() && !ignored.lines().any(|line| line.trim() == path)
}

#[test]
fn everything_the_committed_file_names_is_there() {
    let dockerfile = committed();
    assert_eq!(
        dockerfile.findings(&programs(), reaches_the_engine),
        Findings::new()
    );
    let names: Vec<&str> = dockerfile
        .stages
        .iter()
        .map(|stage| stage.name.as_str())
        .collect();
    assert_eq!(names, ["build", "run", "backend", "waiting-room"]);
    // What `cargo build --locked` with SQLX_OFFLINE needs, beside the sources.
    for needed in ["Cargo.lock", ".sqlx", ".cargo/config.toml", "migrations"] {
        assert!(reaches_the_engine(needed), "{needed}");
    }
}

#[test]
fn the_compiler_is_the_one_that_the_workspace_wants() {
    let manifest = text_of("Cargo.toml");
    let line = manifest
        .lines()
        .find(|line| line.starts_with("rust-version"))
        .unwrap();
    let version = line.split('"').nth(1).unwrap();
    let dockerfile = committed();
    let build = dockerfile.stage("build").unwrap();
    assert!(
        build.base.starts_with(&format!("rust:{version}")),
        "{} and {version}",
        build.base
    );
}

#[test]
fn each_fault_is_named() {
    let committed = text_of("Dockerfile");
    for (from, to, wanted) in [
        ("rust:1.95-bookworm", "rust:latest", "an image of a named release"),
        ("FROM run AS backend", "FROM ran AS backend", "neither a stage"),
        ("COPY nats /app/nats", "COPY gnats /app/nats", "it copies gnats"),
        ("COPY nats /app/nats", "COPY .env /app/nats", "it copies .env"),
        (
            "--from=build /out/backend",
            "--from=built /out/backend",
            "from built, which is no stage",
        ),
        (
            "/out/backend /usr",
            "/out/back-end /usr",
            "which build does not install",
        ),
        ("-p waiting-room", "-p room", "build room, which has no program"),
        (
            "-p backend -p waiting-room",
            "-p backend",
            "not to build target/release/waiting-room",
        ),
        ("USER 10000:10000", "USER root", "runs as root"),
        (
            "ENTRYPOINT [\"backend\"]",
            "ENTRYPOINT [\"tribina\"]",
            "starts `tribina`",
        ),
        ("EXPOSE 7401 7402", "EXPOSE 7402", "its health is asked"),
    ] {
        assert!(committed.contains(from), "{from}");
        let found = Dockerfile::parse(&committed.replace(from, to)).findings(&programs(), reaches_the_engine);
        assert!(
            found.iter().any(|finding| finding.contains(wanted)),
            "{wanted}: {found:?}"
        );
    }
}
