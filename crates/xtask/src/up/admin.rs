//! `cargo xtask admin …`: the stack's own `backend admin …`, with the stack's settings.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};

use super::EMPTY;
use super::binaries::{Binary, with_settings};
use crate::checkout::Checkout;
use crate::fleet;

/// What to run, and against which stack.
#[derive(clap::Args)]
pub(crate) struct AdminArgs {
    /// `stack.json` of the stack; if it is not said, that of `up --empty` if one is up, else that of `up`
    #[arg(long, env = "STACK", value_name = "FILE")]
    stack: Option<PathBuf>,
    /// What `backend admin` is to do; `help` tells
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "WHAT"
    )]
    words: Vec<String>,
}

/// Runs the command: its exit code is that of `backend admin`.
pub(crate) fn admin(checkout: &Checkout, args: &AdminArgs) -> anyhow::Result<ExitCode> {
    let state = match &args.stack {
        Some(file) => std::path::absolute(file)?
            .parent()
            .map(Path::to_path_buf)
            .with_context(|| format!("{} lies in no folder", file.display()))?,
        None => chosen(&checkout.state(), is_up),
    };
    ensure!(
        is_up(&state),
        "no stack is up in {}: `cargo xtask up --empty` brings one up, in another terminal",
        state.display()
    );

    let backend = Binary::whole(checkout.target()?.join("debug").join("backend"));
    let mut command = with_settings(checkout, &backend, &state.join("backend.toml"));
    // Files that are named lie where the caller stands.
    command.current_dir(std::env::current_dir()?);
    let status = command.arg("admin").args(&args.words).status();
    let status = status.context("cannot start the backend")?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

fn chosen(up: &Path, is_up: impl Fn(&Path) -> bool) -> PathBuf {
    let empty = up.join(EMPTY);
    if is_up(&empty) { empty } else { up.to_path_buf() }
}

fn is_up(state: &Path) -> bool {
    fleet::supervisor(state).is_some()
}

#[cfg(test)]
mod tests {
    use clap::{Args, Command, FromArgMatches};

    use super::*;

    fn words(words: &[&str]) -> Result<AdminArgs, clap::Error> {
        let mut command = AdminArgs::augment_args(Command::new("admin").no_binary_name(true));
        AdminArgs::from_arg_matches(&command.try_get_matches_from_mut(words)?)
    }

    #[test]
    fn what_the_backend_is_to_do_is_passed_on_as_it_is() {
        let said = ["stadium", "import", "a.json", "--dry-run", "--stack", "x"];
        let args = words(&[&["--stack", "s/stack.json"], &said[..]].concat()).unwrap();
        assert_eq!(args.words, said);
        assert_eq!(args.stack, Some(PathBuf::from("s/stack.json")));
        assert!(words(&[]).is_err());
    }

    #[test]
    fn an_empty_stack_that_is_up_is_meant_before_the_other() {
        let up = Path::new("state");
        assert_eq!(chosen(up, |_| false), up);
        assert_eq!(chosen(up, |state| state == up), up);
        assert_eq!(chosen(up, |_| true), up.join(EMPTY));
    }
}
