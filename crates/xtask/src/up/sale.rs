//! `--once`: simulated fans buy, while nothing or everything happens around them.

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, ensure};

use super::args::UpArgs;
use super::chaos::{Monkey, Part};
use crate::checkout::command_line;
use crate::fleet::Fleet;
use crate::interrupt;
use crate::sabotage::{self, Guard};

/// So often the fleet and the fans' program are looked at.
const LOOKED_AT_EVERY: Duration = Duration::from_millis(50);

/// One simulated on-sale.
pub(super) struct OnSale<'a> {
    pub(super) args: &'a UpArgs,
    /// The fans' own.
    pub(super) program: &'a Path,
    pub(super) state: &'a Path,
    pub(super) report: &'a Path,
}

impl OnSale<'_> {
    /// The fans, then a search for personal data in the clear: the first that fails decides.
    pub(super) fn run(&self, fleet: &mut Fleet, parts: Vec<Part>) -> anyhow::Result<ExitCode> {
        println!("» {} fans buy (seed {})", self.args.fans, self.args.seed);
        // What an earlier sale wrote must not pass for what this one saw.
        if self.report.exists() {
            std::fs::remove_file(self.report)?;
        }
        let log = self.state.join("log");
        let mut code = if self.args.chaos {
            self.sell_in_chaos(fleet, parts)?
        } else {
            watched(&mut self.fans(), || fleet.check())?
        };
        if let Some(guard) = self.args.guard() {
            ensure!(code <= 1, "the fans' program could not do its work");
            let verdict = sabotage::verdict(self.report)?;
            println!("» left out: {}; reported: {:?}", guard.name, verdict.broken);
            code = i32::from(!guard.is_missed_in(&verdict));
        } else {
            println!("» searching databases, bus and logs for personal data in the clear");
            let found = watched(self.load_tests("scan").arg("--dir").arg(&log), || fleet.check())?;
            code = if code == 0 { found } else { code };
        }
        println!("» report: {}; logs: {}", self.report.display(), log.display());
        Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
    }

    fn sell_in_chaos(&self, fleet: &mut Fleet, parts: Vec<Part>) -> anyhow::Result<i32> {
        let record = self.state.join("chaos.jsonl");
        let mut monkey = Monkey::new(&record, self.args.seed, parts)?;
        let mut fans = self.fans();
        fans.arg("--chaos").arg(&record);
        let code = watched(&mut fans, || monkey.turn(fleet))?;
        let died = monkey.finish(fleet)?;
        if died > 0 {
            println!("» parts that died by themselves: {died}");
        }
        println!("» what went away and came back: {}", record.display());
        Ok(if code == 0 && died > 0 { 1 } else { code })
    }

    fn fans(&self) -> Command {
        let mut sale = self.load_tests("on-sale");
        sale.arg("--fans")
            .arg(self.args.fans.to_string())
            .arg("--seed")
            .arg(self.args.seed.to_string());
        if self.args.guard().is_some_and(Guard::is_left_out) {
            sale.args(sabotage::SHORT_SALE);
        }
        sale
    }

    fn load_tests(&self, task: &str) -> Command {
        let mut command = Command::new(self.program);
        command
            .arg(task)
            .arg("--stack")
            .arg(self.state.join("stack.json"))
            .arg("--report")
            .arg(self.report);
        command
    }
}

/// Runs a command to its end while nobody interrupts and `look`, called again and again, finds nothing wrong; gives its
/// exit code.
pub(super) fn watched(
    command: &mut Command,
    mut look: impl FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<i32> {
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start {}", command_line(command)))?;
    loop {
        if let Some(status) = child.try_wait()? {
            return status
                .code()
                .with_context(|| format!("{} was killed", command_line(command)));
        }
        if let Err(error) = interrupt::check().and_then(|()| look()) {
            child.kill()?;
            child.wait()?;
            return Err(error);
        }
        std::thread::sleep(LOOKED_AT_EVERY);
    }
}
