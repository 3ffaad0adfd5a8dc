//! `cargo xtask guide`: what the guides in docs/ say is run, from top to bottom, as those would whom they are written for: one
//! sale is set up by API, one by command line, and of the first a ticket is bought.

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
const BY_API: &str = "SET-UP-A-SALE";
const BY_COMMAND: &str = "SET-UP-A-SALE-BY-COMMAND";
const CLIENT: &str = "CLIENT-GUIDE";
/// What the guides run, beside what every Unix has.
const NEEDED: [&str; 3] = ["bash", "curl", "jq"];
/// Each takes seconds; their loops know no end.
const PATIENCE: Duration = Duration::from_secs(120);
/// What stands before the id of the match that a guide put on sale.
const MATCH_ID: &str = "MATCH_ID=";
/// The `typ` of a ticket's code, as `crates/domain/src/tickets.rs` has it.
const TICKET_CODE_TYP: &str = "tribina-ticket+jwt";

/// Where to run it.
#[derive(clap::Args)]
pub(crate) struct GuideArgs {
    /// First of the ports; all others lie at fixed distances from it
    #[arg(long, default_value_t = 7400, value_parser = clap::value_parser!(u16).range(1024..=60000))]
    port_base: u16,
}

/// Runs the command: an error unless every script succeeded, and the last one printed a ticket's code.
pub(crate) fn guide(checkout: &Checkout, args: &GuideArgs) -> anyhow::Result<()> {
    interrupt::watch()?;
    must_be_there(|name| program(name).is_some())?;
    let read = |name| Guide::read(checkout.root(), name);
    let guides = [read(BY_API)?, read(BY_COMMAND)?, read(CLIENT)?];
    let state = checkout.state().join(STATE);
    let mut fleet = Fleet::take(&state)?;
    let port_base = args.port_base.to_string();
    let args = UpArgs::of(&["--empty", "--port-base", &port_base])?;
    raise(checkout, &args, &state, &mut fleet)?;

    let outcome = run_all(&guides, (checkout.root(), &state), &mut fleet);
    println!("» stopping");
    fleet.stop();
    outcome
}

/// A guide as a script.
struct Guide {
    name: &'static str,
    script: String,
}

impl Guide {
    fn read(root: &Path, name: &'static str) -> anyhow::Result<Self> {
        let file = root.join("docs").join(format!("{name}.md"));
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let script = sh_blocks(&text).with_context(|| format!("docs/{name}.md"))?;
        Ok(Self { name, script })
    }
}

fn run_all(
    [by_api, by_command, client]: &[Guide; 3],
    (root, state): (&Path, &Path),
    fleet: &mut Fleet,
) -> anyhow::Result<()> {
    let said = run(by_api, (root, state), None, fleet)?;
    let match_id = match_in(&said).with_context(|| format!("docs/{BY_API}.md put no match on sale"))?;
    let other = run(by_command, (root, state), None, fleet)?;
    match_in(&other).with_context(|| format!("docs/{BY_COMMAND}.md put no match on sale"))?;
    let said = run(client, (root, state), Some(match_id), fleet)?;

    let codes = said.lines().filter(|line| is_ticket_code(line)).count();
    ensure!(
        codes > 0,
        "docs/{CLIENT}.md ran to its end, but printed no code of a ticket"
    );
    println!("» the guides hold: they ended with the codes of {codes} tickets");
    Ok(())
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

/// Runs one script, for a match if it is about one; shows and gives what it says.
fn run(
    guide: &Guide,
    (root, state): (&Path, &Path),
    match_id: Option<&str>,
    fleet: &mut Fleet,
) -> anyhow::Result<String> {
    let name = guide.name;
    println!("» docs/{name}.md, as one script");
    let (file, output) = (
        state.join(format!("{name}.sh")),
        state.join(format!("{name}.txt")),
    );
    fs::write(&file, &guide.script).with_context(|| format!("cannot write {}", file.display()))?;
    let said = File::create(&output)?;
    let mut bash = Command::new("bash");
    bash.current_dir(root).args(["-euo", "pipefail"]).arg(&file);
    bash.env("STACK", state.join("stack.json"));
    // The addresses are to be those of this stack, whatever the developer tried out by hand.
    for variable in ["BACKEND", "IDENTITY", "ROOM", "STRIPE", "MATCH_ID"] {
        bash.env_remove(variable);
    }
    if let Some(match_id) = match_id {
        bash.env("MATCH_ID", match_id);
    }
    bash.stdout(said.try_clone()?).stderr(said);

    let started = Instant::now();
    let ended = watched(&mut bash, || {
        ensure!(
            started.elapsed() < PATIENCE,
            "it took longer than {} s",
            PATIENCE.as_secs()
        );
        fleet.check()
    });
    let said = fs::read_to_string(&output)?;
    print!("{said}");
    let code = ended.with_context(|| format!("docs/{name}.md did not come to its end"))?;
    if code != 0 {
        bail!(
            "docs/{name}.md failed with exit code {code}; as a script it is {}",
            file.display()
        );
    }
    println!("» that took {:.1} s", started.elapsed().as_secs_f64());
    Ok(said)
}

/// The match that a guide says it put on sale: its last line.
fn match_in(said: &str) -> Option<&str> {
    let last = said.lines().next_back()?;
    last.strip_prefix(MATCH_ID).filter(|id| !id.is_empty())
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
    ensure!(block.is_none(), "a block has no end");
    ensure!(!script.trim().is_empty(), "there is no `sh` block");
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
    fn the_scripts_of_the_real_guides_are_such_that_bash_can_read() {
        let wanted = [
            (
                BY_API,
                &["/stadium-imports", "/publication", " opening", MATCH_ID][..],
            ),
            (
                BY_COMMAND,
                &["stadium import", "match create", "match publish", MATCH_ID],
            ),
            (CLIENT, &["/token", "/checkout", "/confirm"]),
        ];
        for (name, steps) in wanted {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
            let script = Guide::read(&root, name).unwrap().script;
            for step in steps {
                assert!(script.contains(step), "{name}: {step}");
            }
            assert!(!script.contains("```") && !script.contains("async function"));
            let read = Command::new("bash").args(["-n", "-c", &script]).output().unwrap();
            assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
        }
    }

    #[test]
    fn the_match_is_what_the_last_line_names() {
        assert_eq!(match_in("{}\nMATCH_ID=01a1\n"), Some("01a1"));
        for other in ["", "MATCH_ID=\n", "MATCH_ID=01a1\nand more\n"] {
            assert_eq!(match_in(other), None, "{other}");
        }
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
