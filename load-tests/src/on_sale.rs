//! `load-tests on-sale`: let the crowd in, wait until all is at rest, judge.

use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context;

use crate::chaos::{Chaos, Phase};
use crate::checker;
use crate::clock::RunClock;
use crate::fans::character::{Quirk, crowd};
use crate::fans::history::{History, What};
use crate::fans::tally::Tally;
use crate::fans::web::Web;
use crate::fans::{self, World};
use crate::people::{Identities, PEOPLE_PER_FAN, People, Person};
use crate::progress::Progress;
use crate::report::{Report, Run, picture};
use crate::settle;
use crate::stack::Stack;

/// What to run.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) fans: usize,
    pub(crate) seed: u64,
    pub(crate) arrivals: Duration,
    pub(crate) limit: Duration,
    /// For what is open after the last fan.
    pub(crate) settle_limit: Duration,
    pub(crate) report: &'a Path,
    /// What somebody else kills meanwhile is written down here.
    pub(crate) chaos: Option<&'a Path>,
}

/// Runs, reports, and says whether all is well.
pub(crate) async fn run(stack: Stack, plan: &Plan<'_>) -> anyhow::Result<ExitCode> {
    let people = People::of(plan.seed);
    let web = Web::new(RunClock::start())?;
    let world = Arc::new(World {
        stack,
        web,
        people,
        tally: Tally::default(),
        seed: plan.seed,
        ends_after: plan.limit,
        lost_pass: Mutex::default(),
    });
    let characters = crowd(plan.fans, plan.seed, plan.arrivals);

    let phase = Phase::beside(plan.chaos);
    let (histories, duration, unsettled) = {
        phase.selling()?;
        let progress = Progress::show(&world, plan.fans);
        let histories = fans::run(&world, characters).await;
        let duration = world.clock().elapsed();
        phase.resting()?;
        progress.say(&format!("All fans are home after {} s", duration.as_secs()));
        let unsettled =
            settle::wait(&world.stack, plan.settle_limit, |sentence| progress.say(sentence)).await?;
        (histories, duration, unsettled)
    };
    identities(people, &histories).write(&Identities::beside(plan.report))?;

    let facts = checker::load::facts(&world.stack, world.web.http(), histories).await?;
    let chaos = plan.chaos.map(Chaos::read).transpose()?;
    let attempts = world.web.attempts();
    let run = Run {
        fans: plan.fans,
        duration,
        unsettled,
        traffic: world.web.traffic(),
        attempts: &attempts,
        clock: world.clock(),
        chaos: chaos.as_ref(),
    };
    let report = Report::of(&facts, &run);
    let text = serde_json::to_string_pretty(&report.json())?;
    std::fs::write(plan.report, text + "\n")
        .with_context(|| format!("cannot write the report {}", plan.report.display()))?;
    let picture = picture::beside(plan.report);
    picture::draw(&picture, &facts, &run).with_context(|| format!("cannot draw {}", picture.display()))?;
    print!("{}", report.text());
    println!("Picture of the sale: {}", picture.display());
    Ok(if report.violations().is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// OIBs of the crowd's people who are on the blacklist: some fans, and one whom others name.
pub(crate) fn outlaws(fans: usize, seed: u64) -> Vec<String> {
    let people = People::of(seed);
    // When fans arrive has nothing to do with who they are.
    let fans = (0..).zip(crowd(fans, seed, Duration::from_secs(1)));
    let barred = fans.filter(|(_, fan)| fan.quirk == Quirk::Blacklisted);
    barred
        .map(|(number, _)| people.person(number, 0).oib)
        .chain([people.outlaw().oib])
        .collect()
}

/// Everybody whose OIB was sent anywhere in this run.
fn identities(people: People, histories: &[History]) -> Identities {
    let mut used: Vec<Person> = Vec::new();
    for history in histories {
        let fan = u64::try_from(history.fan).unwrap_or(u64::MAX);
        let named: Vec<&str> = history
            .whats()
            .filter_map(|what| {
                if let What::CheckedOut { oibs, .. } = what {
                    Some(oibs)
                } else {
                    None
                }
            })
            .flatten()
            .map(String::as_str)
            .collect();
        let everybody = (0..PEOPLE_PER_FAN).map(|number| people.person(fan, number));
        used.extend(
            everybody
                .enumerate()
                .filter(|(number, person)| *number == 0 || named.contains(&person.oib.as_str()))
                .map(|(_, person)| person),
        );
    }
    Identities { people: used }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_barred_are_the_same_people_who_come() {
        let barred = outlaws(400, 7);
        let people = People::of(7);
        let come: Vec<String> = (0..)
            .zip(crowd(400, 7, Duration::from_secs(10)))
            .filter(|(_, fan)| fan.quirk == Quirk::Blacklisted)
            .map(|(number, _)| people.person(number, 0).oib)
            .collect();
        assert_eq!(come.len(), 2);
        assert_eq!(barred, [come, vec![people.outlaw().oib]].concat());
    }
}
