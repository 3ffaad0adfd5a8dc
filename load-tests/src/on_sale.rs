//! `load-tests on-sale`: let the crowd in, wait until all is at rest, judge.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;

use crate::checker;
use crate::clock::RunClock;
use crate::fans::character::crowd;
use crate::fans::history::{History, What};
use crate::fans::tally::Tally;
use crate::fans::web::Web;
use crate::fans::{self, World};
use crate::people::{Identities, PEOPLE_PER_FAN, People, Person};
use crate::progress::Progress;
use crate::report::{Report, Run};
use crate::settle;
use crate::stack::Stack;

/// What to run.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) fans: usize,
    pub(crate) seed: u64,
    pub(crate) arrivals: Duration,
    pub(crate) limit: Duration,
    pub(crate) report: &'a Path,
    pub(crate) expect_double_sold: bool,
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
    });
    let characters = crowd(plan.fans, plan.seed, plan.arrivals);

    let (histories, duration, unsettled) = {
        let progress = Progress::show(&world, plan.fans);
        let histories = fans::run(&world, characters).await;
        let duration = world.clock().elapsed();
        progress.say(&format!("All fans are home after {} s", duration.as_secs()));
        let unsettled = settle::wait(&world.stack, |sentence| progress.say(sentence)).await?;
        (histories, duration, unsettled)
    };
    identities(people, &histories).write(&Identities::beside(plan.report))?;

    let facts = checker::load::facts(&world.stack, world.web.http(), histories).await?;
    let run = Run {
        fans: plan.fans,
        duration,
        unsettled,
        traffic: world.web.traffic(),
    };
    let report = Report::of(&facts, &run);
    let text = serde_json::to_string_pretty(&report.json())?;
    std::fs::write(plan.report, text + "\n")
        .with_context(|| format!("cannot write the report {}", plan.report.display()))?;
    print!("{}", report.text());
    Ok(verdict(&report, plan.expect_double_sold))
}

fn verdict(report: &Report, expect_double_sold: bool) -> ExitCode {
    if expect_double_sold {
        let found = report.double_sold();
        println!(
            "Negative control: {found} seats were sold twice, and the checker saw it{}",
            if found > 0 { "." } else { " not." }
        );
        return if found > 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        };
    }
    if report.violations().is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
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
