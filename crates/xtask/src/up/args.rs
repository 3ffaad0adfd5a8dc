//! What `cargo xtask up` can be told.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use clap::{Args, FromArgMatches};

use crate::ports::StackSize;
use crate::sabotage::{self, Guard, Program};
use crate::settings::{Databases, Sale};
use crate::stadium;

/// What the simulated fans' own program takes, so that nothing is built for a number that it would refuse.
pub(super) const FANS: RangeInclusive<i64> = 1..=20_000;

/// What to bring up, and what for.
#[derive(clap::Args)]
pub(crate) struct UpArgs {
    /// Sell once to simulated fans on a fresh stack, write the report, stop, and exit by its verdict
    #[arg(long)]
    pub(super) once: bool,
    /// How many fans: with --once they are simulated; the match opens two seats for each
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(FANS))]
    pub(super) fans: u32,
    /// Where the report of --once goes
    #[arg(long, default_value = "out.json")]
    pub(super) report: PathBuf,
    /// Where the match is played
    #[arg(long, default_value = "poljud", value_parser = clap::builder::PossibleValuesParser::new(stadium::names()))]
    pub(super) stadium: String,
    /// Seed of the simulated fans' choices: same seed, same choices
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// After --once keep everything running until Ctrl-C, to look around
    #[arg(long)]
    pub(super) keep: bool,
    /// Negative control: a short sale by a binary built without this guard, on databases of its own; succeeds only if the
    /// checker reports what the guard prevents (implies --once)
    #[arg(long, value_name = "GUARD", num_args = 0..=1, default_missing_value = sabotage::DEFAULT,
          value_parser = clap::builder::PossibleValuesParser::new(sabotage::names()))]
    pub(super) sabotage: Option<String>,
    /// While the fans buy, take away one part of the stack after another (backends, worker, nodes, PostgreSQL, NATS,
    /// Redis; who and when is decided by --seed) and bring it back: every promise must hold all the same
    #[arg(long, requires = "once", conflicts_with = "sabotage")]
    pub(super) chaos: bool,
    /// How many backend processes serve HTTP
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=8))]
    pub(super) backends: u16,
    /// Whether a backend process works without a request too, or a process of its own does
    #[arg(long, value_enum, default_value_t = Roles::Apart)]
    pub(super) roles: Roles,
    /// How many nodes the waiting room has
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=8))]
    pub(super) nodes: u16,
    /// First of the ports; all others lie at fixed distances from it
    #[arg(long, default_value_t = 7400, value_parser = clap::value_parser!(u16).range(1024..=60000))]
    pub(super) port_base: u16,
    /// Show what every process logs, each line behind its name (coloured on a terminal, unless NO_COLOR is set)
    #[arg(long)]
    pub(super) logs: bool,
    /// Neither a stadium nor a match, on fresh databases: docs/SET-UP-A-SALE.md says how to go on
    #[arg(long, conflicts_with_all = ["once", "fans", "report", "stadium", "seed", "keep", "sabotage", "chaos"])]
    pub(super) empty: bool,
    /// Instead of all this: build and start docker-compose.yml, tell its addresses, take it down at Ctrl-C
    #[arg(long, conflicts_with_all = [
        "once", "fans", "report", "stadium", "seed", "keep", "sabotage", "chaos", "backends", "roles", "nodes", "port_base",
        "logs", "empty",
    ])]
    pub(super) docker: bool,
    /// For benches: programs as they are shipped, and a PostgreSQL that has the machine for itself
    #[arg(skip)]
    pub(super) release: bool,
}

/// Where the backend's two roles run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Roles {
    /// Every backend process serves and works
    Together,
    /// Every backend process serves; one more works
    Apart,
}

impl UpArgs {
    /// What `up` would be told by these words.
    pub(super) fn of(words: &[&str]) -> anyhow::Result<Self> {
        let mut command = Self::augment_args(clap::Command::new("up").no_binary_name(true));
        Ok(Self::from_arg_matches(&command.try_get_matches_from_mut(words)?)?)
    }

    /// A short sale without `guard`.
    pub(crate) fn without(guard: &Guard, (seed, port_base): (u64, u16), report: PathBuf) -> Self {
        Self {
            once: true,
            fans: guard.fans,
            report,
            stadium: "poljud".to_owned(),
            seed,
            keep: false,
            sabotage: Some(guard.name.to_owned()),
            chaos: false,
            backends: 1,
            roles: Roles::Apart,
            nodes: 2,
            port_base,
            logs: false,
            empty: false,
            docker: false,
            release: false,
        }
    }

    pub(super) fn once(&self) -> bool {
        self.once || self.sabotage.is_some()
    }

    /// The guard to leave out. The command line takes no other names.
    pub(super) fn guard(&self) -> Option<&'static Guard> {
        self.sabotage
            .as_deref()
            .and_then(|name| sabotage::find(name).ok())
    }

    pub(super) fn sale(&self) -> Sale {
        match self.guard() {
            Some(guard) if guard.is_left_out() => Sale::short(self.fans, guard.seats_per_fan),
            _ => Sale::for_fans(self.fans),
        }
    }

    pub(super) fn size(&self) -> StackSize {
        StackSize {
            backends: match self.guard().and_then(|guard| guard.program) {
                Some(Program::Backend) => self.backends.max(2),
                Some(Program::WaitingRoom) | None => self.backends,
            },
            nodes: self.nodes,
        }
    }

    pub(super) fn databases(&self) -> Databases {
        if self.sabotage.is_some() {
            Databases::SABOTAGE
        } else {
            Databases::REAL
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chaos_wants_fans_and_a_backend_with_its_guards() {
        assert!(UpArgs::of(&["--once", "--chaos"]).unwrap().chaos);
        assert!(UpArgs::of(&["--chaos"]).is_err());
        assert!(UpArgs::of(&["--once", "--chaos", "--sabotage"]).is_err());
    }

    #[test]
    fn containers_are_started_alone_or_not_at_all() {
        assert!(UpArgs::of(&["--docker"]).unwrap().docker);
        assert!(UpArgs::of(&["--docker", "--once"]).is_err());
        assert!(UpArgs::of(&["--docker", "--nodes", "3"]).is_err());
    }

    #[test]
    fn an_empty_stack_has_nothing_to_sell() {
        assert!(UpArgs::of(&["--empty", "--nodes", "3", "--logs"]).unwrap().empty);
        for words in [
            &["--once"][..],
            &["--fans", "20"],
            &["--stadium", "rujevica"],
            &["--sabotage"],
            &["--docker"],
        ] {
            assert!(UpArgs::of(&[&["--empty"], words].concat()).is_err(), "{words:?}");
        }
    }

    #[test]
    fn as_many_fans_are_taken_as_the_simulation_takes() {
        let theirs = include_str!("../../../../load-tests/src/main.rs").replace('_', "");
        let line = format!("const FANS: RangeInclusive<i64> = {FANS:?};");
        assert!(theirs.contains(&line), "load-tests does not say `{line}`");
    }
}
