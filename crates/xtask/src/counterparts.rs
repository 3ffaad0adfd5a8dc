//! `cargo xtask counterparts`: tests against programs that others wrote, for the three things whose stand-ins are ours.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, bail};

use crate::checkout::{Checkout, capture};
use crate::fleet::{Fleet, Stop};
use crate::health::{Health, wait_for};
use crate::interrupt;
use crate::ports;
use crate::programs::{install, program};
use crate::tests_run::{run_to_end, runner, start_test_servers};

/// The stack of these tests.
pub(crate) const COUNTERPARTS_STACK: &str = "counterparts";
/// For whom the provider issues tokens: to it, an absolute address.
const AUDIENCE: &str = "https://tickets.example";
/// What is copied from `counterparts/`, and by what it is known that the installed versions are those.
const FILES: [&str; 6] = [
    "package.json",
    "package-lock.json",
    "requirements.txt",
    "identity.mjs",
    "stripe.py",
    "mail.py",
];
const STAMP: &str = "installed";

/// Runs the command; its exit code is the runner's.
pub(crate) fn run_tests(checkout: &Checkout) -> anyhow::Result<ExitCode> {
    interrupt::watch()?;
    let home = checkout.state().join(COUNTERPARTS_STACK).join("programs");
    install_all(&checkout.root().join("counterparts"), &home)?;
    let (mut fleet, servers) = start_test_servers(checkout, COUNTERPARTS_STACK)?;
    let mut tests = runner(checkout, &servers);
    tests.arg("--workspace");
    if program("cargo-nextest").is_some() {
        tests.args(["--run-ignored", "only", "-E", "test(counterparts::)"]);
    } else {
        tests.args(["--", "--ignored", "counterparts::"]);
    }
    for (name, value) in start_all(&mut fleet, &home)? {
        tests.env(name, value);
    }
    run_to_end(&mut fleet, &mut tests)
}

/// Starts the three, and says where they are in the words of the tests.
fn start_all(fleet: &mut Fleet, home: &Path) -> anyhow::Result<[(&'static str, String); 5]> {
    let [identity, stripe, smtp] = ports::free()?;
    let mails = home.join("mails");
    if mails.exists() {
        fs::remove_dir_all(&mails)?;
    }
    let python = home.join("python/bin/python");
    let node = program("node").context("node was not found")?;

    let mut command = Command::new(node);
    command.args(["identity.mjs", &identity.to_string(), AUDIENCE]);
    start(fleet, home, ("counterpart-identity", command, "Identity at"))?;
    let mut command = Command::new(&python);
    command.args(["-u", "stripe.py", &stripe.to_string()]);
    start(fleet, home, ("counterpart-stripe", command, "Running on"))?;
    let mut command = Command::new(&python);
    command.args(["mail.py", &smtp.to_string()]).arg(&mails);
    start(fleet, home, ("counterpart-mail", command, "Mail at"))?;
    Ok([
        ("COUNTERPART_ISSUER", format!("http://127.0.0.1:{identity}")),
        ("COUNTERPART_AUDIENCE", AUDIENCE.to_owned()),
        ("COUNTERPART_STRIPE", format!("http://127.0.0.1:{stripe}")),
        ("COUNTERPART_SMTP", format!("smtp://127.0.0.1:{smtp}")),
        ("COUNTERPART_MAILS", mails.display().to_string()),
    ])
}

fn start(
    fleet: &mut Fleet,
    home: &Path,
    (name, mut command, word): (&str, Command, &'static str),
) -> anyhow::Result<()> {
    command.current_dir(home);
    fleet.launch(name, command, Stop::OURS)?;
    let says = Health::Says(fleet.log_of(name), word);
    wait_for(fleet, name, &says)
}

/// Installs the pinned versions below `home`, unless they are there.
fn install_all(sources: &Path, home: &Path) -> anyhow::Result<()> {
    let mut stamp = String::new();
    for file in FILES {
        let text = fs::read_to_string(sources.join(file)).with_context(|| format!("cannot read {file}"))?;
        stamp.push_str(&text);
    }
    let known = home.join(STAMP);
    if fs::read_to_string(&known).is_ok_and(|known| known == stamp) {
        return Ok(());
    }
    need_runtimes()?;
    println!("» installing the counterparts");
    if home.exists() {
        fs::remove_dir_all(home)?;
    }
    fs::create_dir_all(home)?;
    for file in FILES {
        fs::copy(sources.join(file), home.join(file))?;
    }
    let npm = program("npm").context("npm was not found")?;
    capture(Command::new(npm).current_dir(home).args([
        "ci",
        "--engine-strict",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
    ]))?;
    capture(
        Command::new(python()?)
            .current_dir(home)
            .args(["-m", "venv", "python"]),
    )?;
    capture(Command::new(home.join("python/bin/pip")).current_dir(home).args([
        "install",
        "--quiet",
        "--requirement",
        "requirements.txt",
    ]))?;
    Ok(fs::write(known, stamp)?)
}

fn need_runtimes() -> anyhow::Result<()> {
    let mut missing = Vec::new();
    if program("node").is_none() {
        missing.push("nodejs");
    }
    if program("npm").is_none() {
        missing.push("npm");
    }
    if python().is_err() {
        missing.push("python3-venv");
    }
    if missing.is_empty() {
        return Ok(());
    }
    install(&missing)
}

/// A Python that can make an environment: distributions keep that part in a package of its own.
fn python() -> anyhow::Result<PathBuf> {
    let python = program("python3").context("python3 was not found")?;
    if capture(Command::new(&python).args(["-c", "import venv, ensurepip"])).is_err() {
        bail!("{} cannot make environments", python.display());
    }
    Ok(python)
}
