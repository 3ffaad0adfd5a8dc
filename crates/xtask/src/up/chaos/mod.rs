//! Parts of the stack go away while fans buy, and come back: what a data centre does, in a minute.
//!
//! [`Monkey::turn`] never waits: who watches the fans calls it again and again. One part is away at a time, unless another
//! one dies of that, which is a bug: it is launched again like any other, and the record says that it died by itself.

mod record;
mod turns;

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, bail};
use nix::sys::signal::{Signal, kill};

use record::{Absence, Phase, Record};
pub(crate) use turns::Kind;
use turns::{Turn, Turns};

use crate::fleet::{EndedByItself, Fleet};
use crate::health::{Health, Probe, START_PATIENCE};
use crate::interrupt::wait_until;
use crate::servers::Postgres;

/// After this a supervisor starts again what died by itself.
const RESTART_DELAY: Duration = Duration::from_millis(500);

/// Something that may go away.
pub(crate) struct Part {
    /// In the fleet.
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) health: Health,
    pub(crate) blow: Blow,
}

/// What makes a part go away.
pub(crate) enum Blow {
    /// It has no time to do anything.
    Kill,
    /// It ends as it likes to.
    Ask,
    /// It drops everything, and replays its log later.
    StopAtOnce(Postgres),
}

impl Blow {
    fn words(&self) -> &'static str {
        match self {
            Self::Kill => "kill -9",
            Self::Ask => "SIGTERM",
            Self::StopAtOnce(_) => "pg_ctl stop -m immediate",
        }
    }
}

/// Instead of a blow: a bug.
const BY_ITSELF: &str = "died by itself";

/// Takes parts away and brings them back.
pub(crate) struct Monkey {
    parts: Vec<Part>,
    turns: Turns,
    next: Option<Turn>,
    /// The latest blow, or the moment when fans began to buy.
    since: Option<Instant>,
    record: Record,
    away: Vec<Away>,
    died: usize,
}

/// A part that is not well.
struct Away {
    part: usize,
    /// More than one if it died again before it was well.
    went: Vec<(&'static str, SystemTime)>,
    since: Instant,
    /// So long it stays down.
    down: Duration,
    stage: Stage,
}

enum Stage {
    /// Told to end.
    Falls,
    Down {
        since: Instant,
    },
    /// Launched again.
    Rises {
        up_at: SystemTime,
        probe: Probe,
    },
}

impl Monkey {
    /// Begins with an empty record in `file`.
    pub(super) fn new(file: &Path, seed: u64, parts: Vec<Part>) -> anyhow::Result<Self> {
        let mut turns = Turns::new(seed, parts.iter().map(|part| part.kind).collect());
        Ok(Self {
            parts,
            next: turns.next(),
            turns,
            since: None,
            record: Record::begin(file)?,
            away: Vec::new(),
            died: 0,
        })
    }

    /// Does what is due now. An error when a part does not come back.
    pub(super) fn turn(&mut self, fleet: &mut Fleet) -> anyhow::Result<()> {
        let phase = self.record.phase();
        self.mend(fleet, phase)?;
        if phase != Phase::Selling {
            return Ok(());
        }
        let since = *self.since.get_or_insert_with(Instant::now);
        match self.next {
            Some(turn) if self.away.is_empty() && since.elapsed() >= turn.pause => self.hit(fleet, turn),
            Some(_) | None => Ok(()),
        }
    }

    /// Waits until everything is back, and says how many parts died by themselves.
    pub(super) fn finish(mut self, fleet: &mut Fleet) -> anyhow::Result<usize> {
        wait_until("everything that went away", START_PATIENCE, || {
            self.mend(fleet, Phase::Resting)?;
            Ok(self.away.is_empty())
        })?;
        Ok(self.died)
    }

    fn hit(&mut self, fleet: &mut Fleet, turn: Turn) -> anyhow::Result<()> {
        let part = self.parts.get(turn.part).context("no such part")?;
        let at = SystemTime::now();
        let pid = fleet.expect_end(&part.name)?;
        match &part.blow {
            Blow::Kill => kill(pid, Signal::SIGKILL)?,
            Blow::Ask => kill(pid, Signal::SIGTERM)?,
            Blow::StopAtOnce(postgres) => postgres.stop_at_once()?,
        }
        self.away.push(Away {
            part: turn.part,
            went: vec![(part.blow.words(), at)],
            since: Instant::now(),
            down: turn.down,
            stage: Stage::Falls,
        });
        self.since = Some(Instant::now());
        self.next = self.turns.next();
        Ok(())
    }

    /// What died by itself comes back too, so that one bug does not hide the next; who is no part of this ends the run.
    fn mourn(&mut self, ended: EndedByItself) -> anyhow::Result<()> {
        let Some(part) = self.parts.iter().position(|part| part.name == ended.name) else {
            return Err(ended.into());
        };
        println!(
            "» !!! {} DIED BY ITSELF ({}): a bug; launching it again\n{}",
            ended.name, ended.status, ended.last_words
        );
        self.died += 1;
        let cause = (BY_ITSELF, SystemTime::now());
        let stage = Stage::Down {
            since: Instant::now(),
        };
        if let Some(away) = self.away.iter_mut().find(|away| away.part == part) {
            away.went.push(cause);
            away.stage = stage;
        } else {
            self.away.push(Away {
                part,
                went: vec![cause],
                since: Instant::now(),
                down: RESTART_DELAY,
                stage,
            });
        }
        Ok(())
    }

    /// Brings back who was away long enough, or everybody once the fans are home.
    fn mend(&mut self, fleet: &mut Fleet, phase: Phase) -> anyhow::Result<()> {
        while let Some(ended) = fleet.ended_by_itself()? {
            self.mourn(ended)?;
        }
        let mut still_away = Vec::new();
        for mut away in std::mem::take(&mut self.away) {
            let part = self.parts.get(away.part).context("no such part")?;
            if let Some(back) = away.step(fleet, part, phase)? {
                away.tell(part, &back, &self.record)?;
            } else if away.since.elapsed() > away.down + START_PATIENCE {
                bail!(
                    "{} was not well again within {} s\n{}",
                    part.name,
                    START_PATIENCE.as_secs(),
                    fleet.tail_of(&part.name)
                );
            } else {
                still_away.push(away);
            }
        }
        self.away = still_away;
        Ok(())
    }
}

impl Away {
    /// One step on its way back.
    fn step(&mut self, fleet: &mut Fleet, part: &Part, phase: Phase) -> anyhow::Result<Option<Back>> {
        match &self.stage {
            Stage::Falls => {
                if fleet.is_down(&part.name)? {
                    let since = Instant::now();
                    self.stage = Stage::Down { since };
                }
            }
            Stage::Down { since } => {
                if since.elapsed() >= self.down || phase == Phase::Resting {
                    fleet.launch_again(&part.name)?;
                    self.stage = Stage::Rises {
                        up_at: SystemTime::now(),
                        probe: Probe::start(part.health.clone()),
                    };
                }
            }
            Stage::Rises { up_at, probe } => {
                let up_at = *up_at;
                return Ok(probe.well_at()?.map(|well_at| Back { up_at, well_at }));
            }
        }
        Ok(None)
    }

    fn tell(&self, part: &Part, back: &Back, record: &Record) -> anyhow::Result<()> {
        for (how, at) in &self.went {
            let since = |later: SystemTime| later.duration_since(*at).unwrap_or_default().as_secs_f64();
            println!(
                "» {} {} … up after {:.1} s, well again after {:.1} s",
                how,
                part.name,
                since(back.up_at),
                since(back.well_at)
            );
            record.append(&Absence {
                part: &part.name,
                kind: part.kind,
                how,
                at: *at,
                up_at: back.up_at,
                well_at: back.well_at,
            })?;
        }
        Ok(())
    }
}

/// A part is well again.
struct Back {
    up_at: SystemTime,
    well_at: SystemTime,
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::fleet::Stop;

    const SLEEPS: &str = "echo Working; exec sleep 60";

    fn state(name: &str) -> std::path::PathBuf {
        let state = std::env::temp_dir().join(format!("tribina-monkey-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&state);
        state
    }

    /// Two workers that do what these scripts say, and a monkey for them while fans buy.
    fn company(state: &Path, scripts: [&str; 2]) -> (Fleet, Monkey) {
        let mut fleet = Fleet::take(state).unwrap();
        let mut parts = Vec::new();
        for (name, script) in ["one", "two"].into_iter().zip(scripts) {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            fleet.launch(name, command, Stop::OURS).unwrap();
            parts.push(Part {
                name: name.to_owned(),
                kind: Kind::Worker,
                health: Health::Says(fleet.log_of(name), "Working"),
                blow: Blow::Kill,
            });
        }
        let file = state.join("chaos.jsonl");
        let monkey = Monkey::new(&file, 1, parts).unwrap();
        std::fs::write(state.join("chaos.jsonl.phase"), "selling").unwrap();
        (fleet, monkey)
    }

    fn turn_until(monkey: &mut Monkey, fleet: &mut Fleet, done: impl Fn(&Monkey) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !done(monkey) {
            assert!(Instant::now() < deadline);
            monkey.turn(fleet).unwrap();
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn lines(state: &Path) -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(state.join("chaos.jsonl")).unwrap_or_default();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn a_victim_is_recorded_once_it_is_well_again() {
        let state = state("victim");
        let (mut fleet, mut monkey) = company(&state, [SLEEPS, SLEEPS]);
        // The first pause is over.
        monkey.since = Instant::now().checked_sub(Duration::from_secs(9));

        turn_until(&mut monkey, &mut fleet, |monkey| !monkey.away.is_empty());
        assert!(lines(&state).is_empty());
        turn_until(&mut monkey, &mut fleet, |monkey| monkey.away.is_empty());

        let lines = lines(&state);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["how"], "kill -9");
        assert!(lines[0]["at"].as_str() < lines[0]["up_at"].as_str());
        assert!(lines[0]["up_at"].as_str() < lines[0]["well_at"].as_str());
        assert_eq!(monkey.finish(&mut fleet).unwrap(), 0);
        drop(fleet);
        std::fs::remove_dir_all(state).unwrap();
    }

    #[test]
    fn who_dies_by_itself_is_named_and_launched_again() {
        let state = state("itself");
        let mark = state.join("died").display().to_string();
        let dies_once = format!("test -e {mark} || {{ touch {mark}; exit 3; }}; {SLEEPS}");
        let (mut fleet, mut monkey) = company(&state, [SLEEPS, &dies_once]);

        turn_until(&mut monkey, &mut fleet, |monkey| {
            monkey.died == 1 && monkey.away.is_empty()
        });

        let lines = lines(&state);
        assert_eq!(lines.len(), 1);
        assert_eq!(
            (&lines[0]["part"], &lines[0]["how"]),
            (&"two".into(), &"died by itself".into())
        );
        assert_eq!(monkey.finish(&mut fleet).unwrap(), 1);
        drop(fleet);
        std::fs::remove_dir_all(state).unwrap();
    }

    #[test]
    fn once_fans_are_home_everything_is_back_and_nothing_goes_away() {
        let state = state("home");
        let (mut fleet, mut monkey) = company(&state, [SLEEPS, SLEEPS]);
        monkey.since = Instant::now().checked_sub(Duration::from_secs(9));
        turn_until(&mut monkey, &mut fleet, |monkey| !monkey.away.is_empty());
        for away in &mut monkey.away {
            away.down = Duration::from_secs(3_600);
        }
        std::fs::write(state.join("chaos.jsonl.phase"), "resting").unwrap();

        turn_until(&mut monkey, &mut fleet, |monkey| monkey.away.is_empty());

        monkey.since = Instant::now().checked_sub(Duration::from_secs(9));
        monkey.turn(&mut fleet).unwrap();
        assert!(monkey.away.is_empty());
        assert_eq!(lines(&state).len(), 1);
        drop(fleet);
        std::fs::remove_dir_all(state).unwrap();
    }
}
