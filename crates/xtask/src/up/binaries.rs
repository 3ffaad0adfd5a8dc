//! The programs of the stack, built, and started with their settings.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::checkout::{Checkout, run};
use crate::interrupt;
use crate::sabotage::{self, Guard, Program};

/// The programs of the stack.
pub(super) struct Binaries {
    pub(super) backend: Binary,
    pub(super) room: Binary,
    pub(super) stand_ins: Binary,
    pub(super) load_tests: PathBuf,
}

pub(super) struct Binary {
    path: PathBuf,
    /// The guard that it leaves out.
    without: Option<&'static Guard>,
}

impl Binary {
    /// One with all of its guards.
    pub(super) fn whole(path: PathBuf) -> Self {
        Self { path, without: None }
    }
}

/// The whole workspace, as tests build it: cargo unites the features of what it builds together, and whoever builds a part
/// of it builds its dependencies again.
pub(super) fn build(
    checkout: &Checkout,
    guard: Option<&'static Guard>,
    release: bool,
) -> anyhow::Result<Binaries> {
    println!("» building");
    let cargo = |features: &[&str]| {
        let mut command = checkout.cargo();
        command
            .args(["build", "--workspace", "--bins"])
            .args(features)
            .args(release.then_some("--release"))
            .env("SQLX_OFFLINE", "true");
        run(&mut command)
    };
    let target = checkout.target()?;
    let built = target.join(if release { "release" } else { "debug" });
    let mut binaries = Binaries {
        backend: Binary::whole(built.join("backend")),
        room: Binary::whole(built.join("waiting-room")),
        stand_ins: Binary::whole(built.join("stand-ins")),
        load_tests: built.join("load-tests"),
    };
    let missing = guard.and_then(|guard| Some((guard, guard.program?)));
    if let Some((guard, owner)) = missing {
        let program = owner.name();
        cargo(&["--features", &format!("{program}/sabotage")])?;
        let aside = target.join("sabotage");
        std::fs::create_dir_all(&aside)?;
        // Moved, so that nobody starts it by mistake; the next build puts the real one back.
        std::fs::rename(built.join(program), aside.join(program))
            .with_context(|| format!("cannot put the sabotaged {program} aside"))?;
        let sabotaged = Binary {
            path: aside.join(program),
            without: Some(guard),
        };
        match owner {
            Program::Backend => binaries.backend = sabotaged,
            Program::WaitingRoom => binaries.room = sabotaged,
        }
    } else {
        cargo(&[])?;
    }
    interrupt::check()?;
    Ok(binaries)
}

/// One of our binaries with its settings file; what a developer exported for the query macros is not meant for it.
pub(super) fn with_settings(checkout: &Checkout, program: &Binary, settings: &Path) -> Command {
    let mut command = Command::new(&program.path);
    if let Some(guard) = program.without {
        command.env(sabotage::VARIABLE, guard.name);
    }
    command.current_dir(checkout.root()).arg("--config").arg(settings);
    command
        .env_remove("BACKEND_DATABASE_URL")
        .env_remove("WAITING_ROOM_DATABASE_URL");
    command
}
