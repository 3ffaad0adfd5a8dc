//! `cargo xtask guide`: what docs/CLIENT-GUIDE.md says is run, from top to bottom, as an app developer would.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::args::UpArgs;
use super::raise;
use super::sale::watched;
use crate::checkout::Checkout;
use crate::fleet::Fleet;
use crate::interrupt;
use crate::programs::program;

/// The state folder of its stack.
pub(super) const STATE: &str = "guide";
const GUIDE: &str = "docs/CLIENT-GUIDE.md";
/// What the guide runs, beside what every Unix has.
const NEEDED: [&str; 3] = ["bash", "curl", "jq"];
/// It takes four seconds; its loops know no end.
const PATIENCE: Duration = Duration::from_secs(60);
/// The `typ` of a ticket's code, as `crates/domain/src/tickets.rs` has it.
const TICKET_CODE_TYP: &str = "tribina-ticket+jwt";

/// Where to run it.
#[derive(clap::Args)]
pub(crate) struct GuideArgs {
    /// First of the ports; all others lie at fixed distances from it
    #[arg(long, default_value_t = 7400, value_parser = clap::value_parser!(u16).range(1024..=60000))]
    port_base: u16,
}

/// Runs the command: an error unless the script succeeded and printed a ticket's code.
pub(crate) fn guide(checkout: &Checkout, args: &GuideArgs) -> anyhow::Result<()> {
    interrupt::watch()?;
    must_be_there(|name| program(name).is_some())?;
    let script = sh_blocks(&fs::read_to_string(checkout.root().join(GUIDE))?)?;
    let state = checkout.state().join(STATE);
    let mut fleet = Fleet::take(&state)?;
    let port_base = args.port_base.to_string();
    let args = UpArgs::of(&["--fans", "20", "--port-base", &port_base])?;
    raise(checkout, &args, &state, &mut fleet)?;

    println!("» {GUIDE}, as one script");
    let outcome = run(checkout.root(), &state, &script, &mut fleet);
    println!("» stopping");
    fleet.stop();
    outcome
}

fn must_be_there(is_there: impl Fn(&str) -> bool) -> anyhow::Result<()> {
    let missing: Vec<&str> = NEEDED.into_iter().filter(|name| !is_there(name)).collect();
    ensure!(
        missing.is_empty(),
        "the guide runs {}, and {} cannot be found in PATH: install it (`apt-get install {}`)",
        NEEDED.join(", "),
        missing.join(" and "),
        missing.join(" ")
    );
    Ok(())
}

/// Runs the script and shows what it says.
fn run(root: &Path, state: &Path, script: &str, fleet: &mut Fleet) -> anyhow::Result<()> {
    let (file, output) = (state.join("guide.sh"), state.join("guide.txt"));
    fs::write(&file, script).with_context(|| format!("cannot write {}", file.display()))?;
    let said = File::create(&output)?;
    let mut bash = Command::new("bash");
    bash.current_dir(root).args(["-euo", "pipefail"]).arg(&file);
    bash.env("STACK", state.join("stack.json"));
    // The addresses are to be those of this stack, whatever the developer tried out by hand.
    for variable in ["BACKEND", "IDENTITY", "ROOM", "STRIPE", "MATCH_ID"] {
        bash.env_remove(variable);
    }
    bash.stdout(said.try_clone()?).stderr(said);

    let deadline = Instant::now() + PATIENCE;
    let ended = watched(&mut bash, || {
        ensure!(
            Instant::now() < deadline,
            "it took longer than {} s",
            PATIENCE.as_secs()
        );
        fleet.check()
    });
    let said = fs::read_to_string(&output)?;
    print!("{said}");
    let code = ended.with_context(|| format!("{GUIDE} did not come to its end"))?;
    if code != 0 {
        bail!(
            "{GUIDE} failed with exit code {code}; as a script it is {}",
            file.display()
        );
    }
    let codes = said.lines().filter(|line| is_ticket_code(line)).count();
    ensure!(
        codes > 0,
        "{GUIDE} ran to its end, but printed no code of a ticket"
    );
    println!("» the guide holds: it ended with the codes of {codes} tickets");
    Ok(())
}

/// What stands in the guide's `sh` blocks, in order; every line keeps its number, so that bash's complaints fit the guide.
fn sh_blocks(guide: &str) -> anyhow::Result<String> {
    let mut script = String::new();
    let mut block: Option<&str> = None;
    for line in guide.lines() {
        match (block, line.strip_prefix("```")) {
            (None, Some(language)) => block = Some(language.trim()),
            (Some(_), Some(_)) => block = None,
            (Some("sh"), None) => script.push_str(line),
            (None | Some(_), None) => {}
        }
        script.push('\n');
    }
    ensure!(block.is_none(), "a block of {GUIDE} has no end");
    ensure!(!script.trim().is_empty(), "{GUIDE} has no `sh` block");
    Ok(script)
}

/// Whether this is a signed token of the kind that tickets have.
fn is_ticket_code(line: &str) -> bool {
    let parts: Vec<&str> = line.trim().split('.').collect();
    let [head, _, _] = parts.as_slice() else {
        return false;
    };
    URL_SAFE_NO_PAD
        .decode(head)
        .ok()
        .and_then(|head| serde_json::from_slice::<serde_json::Value>(&head).ok())
        .is_some_and(|head| head["typ"] == TICKET_CODE_TYP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sh_blocks_are_one_script_and_keep_their_lines() {
        let guide =
            "# Guide\n\n```sh\nA=1\n```\nText.\n```json\n{\"B\": 2}\n```\n```sh\necho \"$A\"\n\necho\n```\n";
        let script = sh_blocks(guide).unwrap();
        assert_eq!(script, "\n\n\nA=1\n\n\n\n\n\n\necho \"$A\"\n\necho\n\n");
    }

    #[test]
    fn a_guide_without_a_script_or_with_an_open_block_is_refused() {
        assert!(sh_blocks("```json\n{}\n```\n").is_err());
        assert!(sh_blocks("```sh\necho\n").is_err());
        assert!(sh_blocks("").is_err());
    }

    #[test]
    fn the_script_of_the_real_guide_is_one_that_bash_can_read() {
        let script = sh_blocks(include_str!("../../../../docs/CLIENT-GUIDE.md")).unwrap();
        assert!(script.contains("/token") && script.contains("/checkout") && script.contains("/confirm"));
        assert!(!script.contains("```") && !script.contains("async function"));
        let read = Command::new("bash").args(["-n", "-c", &script]).output().unwrap();
        assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    }

    #[test]
    fn only_a_code_of_a_ticket_counts() {
        let token = |typ: &str| {
            let head = serde_json::json!({"alg": "EdDSA", "typ": typ}).to_string();
            format!("{}.e30.c2ln", URL_SAFE_NO_PAD.encode(head))
        };
        assert!(is_ticket_code(&token(TICKET_CODE_TYP)));
        assert!(!is_ticket_code(&token("tribina-session-pass+jwt")));
        for line in ["", "succeeded", "a.b.c", "{\"state\":\"WAITING\"}"] {
            assert!(!is_ticket_code(line), "{line}");
        }
        let theirs = include_str!("../../../domain/src/tickets.rs");
        assert!(theirs.contains(&format!("TICKET_CODE_TYP: &str = \"{TICKET_CODE_TYP}\"")));
    }

    #[test]
    fn what_is_missing_is_named() {
        assert!(must_be_there(|_| true).is_ok());
        let message = must_be_there(|name| name == "bash").unwrap_err().to_string();
        assert!(message.contains("curl and jq cannot be found"), "{message}");
        assert!(message.contains("apt-get install curl jq"), "{message}");
    }
}
