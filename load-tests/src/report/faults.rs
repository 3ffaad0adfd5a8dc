//! What went wrong with a run itself: then its other numbers prove nothing, however good they are.

use crate::chaos::Chaos;
use crate::checker::facts::Facts;
use crate::fans::history::{History, What};
use crate::fans::web::Traffic;
use crate::report::Run;
use crate::report::restarts::too_slow;

/// So many of all requests may have met a 503 or no answer, percent. A system at its limit turns some away and fans come
/// again; if it turns away more than one in twenty, they did not meet the system that the other numbers speak of.
pub(super) const FAILED_REQUESTS_PERCENT_MAX: u64 = 5;

/// One sentence per fault.
pub(super) fn faults(facts: &Facts, run: &Run<'_>) -> Vec<String> {
    let histories = &facts.histories;
    let broken = broken_answers(run.traffic);
    let trespasses = trespasses_honoured(histories);
    // Whoever kills servers must expect requests to fail.
    let failed = run
        .chaos
        .is_none()
        .then(|| failed_requests(run.traffic))
        .flatten();
    [
        broken_fans(histories, run),
        failed,
        repeated_mails(facts, run),
        run.chaos.and_then(Chaos::dead_by_themselves),
        run.chaos.and_then(|chaos| too_slow(chaos, run, histories)),
        (!trespasses.is_empty()).then(|| format!("trespasses were honoured: {}", trespasses.join("; "))),
        run.unsettled
            .as_ref()
            .map(|open| format!("the run did not come to rest: {open}")),
        (!broken.is_empty()).then(|| format!("the servers broke: {}", broken.join("; "))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Of a fan who broke there is no history: whatever was promised to that fan is not checked.
fn broken_fans(histories: &[History], run: &Run<'_>) -> Option<String> {
    let broken = run.broken_fans(histories);
    (broken > 0).then(|| {
        format!(
            "fans_broken: {broken} of {} simulated fans broke, and what they saw is unknown",
            run.fans
        )
    })
}

fn failed_requests(traffic: &Traffic) -> Option<String> {
    let (requests, refused, silent) = (
        traffic.requests.get(),
        traffic.retried_503.get(),
        traffic.no_answers.get(),
    );
    ((refused + silent) * 100 > requests * FAILED_REQUESTS_PERCENT_MAX).then(|| {
        format!(
            "retried_503, no_answers: of {requests} requests {refused} met a 503 and {silent} no answer, at most \
             {FAILED_REQUESTS_PERCENT_MAX} % may"
        )
    })
}

/// A worker that is killed between the mail server's yes and its own note sends a mail again, under the same Message-ID.
/// Without kills nothing excuses it.
fn repeated_mails(facts: &Facts, run: &Run<'_>) -> Option<String> {
    let repeated = facts.mails_repeated;
    (repeated > 0 && run.chaos.is_none())
        .then(|| format!("mails_repeated: {repeated} mails came twice, and nothing was killed"))
}

/// What nobody may do was done.
fn trespasses_honoured(histories: &[History]) -> Vec<String> {
    let of_fan = |history: &History| {
        let honoured = history.whats().filter_map(|what| match what {
            What::Trespassed { how, honoured: true } => Some(*how),
            _ => None,
        });
        honoured
            .map(|how| format!("fan {}: {how:?}", history.fan))
            .collect::<Vec<_>>()
    };
    histories.iter().flat_map(of_fan).collect()
}

/// A 5xx other than 503 is never an answer to a fan.
fn broken_answers(traffic: &Traffic) -> Vec<String> {
    traffic
        .broken()
        .into_iter()
        .map(|(answer, count)| format!("{count} × {answer}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::RunClock;
    use crate::fans::history::{Step, Trespass};
    use crate::report::Report;

    fn traffic(requests: u64, retried_503: u64, no_answers: u64) -> Traffic {
        let traffic = Traffic::default();
        for (count, times) in [
            (&traffic.requests, requests),
            (&traffic.retried_503, retried_503),
            (&traffic.no_answers, no_answers),
        ] {
            (0..times).for_each(|_| count.one_more());
        }
        traffic
    }

    fn run(fans: usize, traffic: &Traffic) -> Run<'_> {
        Run {
            fans,
            duration: Duration::from_secs(1),
            unsettled: None,
            traffic,
            attempts: &[],
            clock: RunClock::start(),
            chaos: None,
        }
    }

    #[test]
    fn a_fan_who_broke_fails_the_run_and_the_report_says_so() {
        let traffic = Traffic::default();
        let facts = Facts {
            histories: vec![History::default(), History::default()],
            ..Facts::default()
        };
        assert!(faults(&facts, &run(2, &traffic)).is_empty());

        let report = Report::of(&facts, &run(3, &traffic));

        let named = |sentence: &String| sentence.starts_with("fans_broken: 1 of 3 simulated fans");
        assert!(report.violations().iter().any(named), "{:?}", report.violations());
        assert_eq!(report.json()["fans"], 3);
        assert_eq!(report.json()["fans_broken"], 1);
        assert_eq!(report.json()["ok"], false);
        assert!(report.text().contains("FAILED fans_broken"));
    }

    #[test]
    fn a_trespass_that_was_honoured_fails_the_run() {
        let traffic = Traffic::default();
        let step = |honoured| Step {
            sent_us: 1,
            answered_us: 2,
            what: What::Trespassed {
                how: Trespass::ForeignPass,
                honoured,
            },
        };
        let facts = |honoured| Facts {
            histories: vec![History {
                steps: vec![step(honoured)],
                ..History::default()
            }],
            ..Facts::default()
        };
        assert!(faults(&facts(false), &run(1, &traffic)).is_empty());
        let said = faults(&facts(true), &run(1, &traffic)).join("\n");
        assert!(said.contains("ForeignPass"), "{said}");
    }

    #[test]
    fn requests_that_fans_had_to_repeat_are_counted_and_too_many_fail_the_run() {
        assert!(faults(&Facts::default(), &run(0, &traffic(100, 3, 2))).is_empty());
        let many = traffic(100, 3, 3);
        assert_eq!(faults(&Facts::default(), &run(0, &many)).len(), 1);

        let report = Report::of(&Facts::default(), &run(0, &many));

        assert_eq!(report.json()["requests"], 100);
        assert_eq!(report.json()["retried_503"], 3);
        assert_eq!(report.json()["no_answers"], 3);
        assert!(report.text().contains("retried_503") && report.text().contains("no_answers"));
    }
}
