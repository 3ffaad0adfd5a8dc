//! What went wrong with a run itself: then its other numbers prove nothing, however good they are.

use std::collections::BTreeMap;

use crate::fans::history::{History, What};
use crate::fans::web::Traffic;
use crate::report::Run;

/// So many of all requests may have met a 503 or no answer, percent. A system at its limit turns some away and fans come
/// again; if it turns away more than one in twenty, they did not meet the system that the other numbers speak of.
pub(super) const FAILED_REQUESTS_PERCENT_MAX: u64 = 5;

/// One sentence per fault.
pub(super) fn faults(histories: &[History], run: &Run<'_>) -> Vec<String> {
    let broken = broken_answers(histories);
    [
        broken_fans(histories, run),
        failed_requests(run.traffic),
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

/// A 5xx other than 503 is never an answer to a fan.
fn broken_answers(histories: &[History]) -> Vec<String> {
    let mut answers: BTreeMap<String, usize> = BTreeMap::new();
    for what in histories.iter().flat_map(History::whats) {
        if let What::Refused { route, status, code } = what
            && *status >= 500
            && *status != 503
        {
            *answers
                .entry(format!("{route} answered {status} {code}"))
                .or_default() += 1;
        }
    }
    answers
        .into_iter()
        .map(|(answer, count)| format!("{count} × {answer}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::checker::facts::Facts;
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
        }
    }

    #[test]
    fn a_fan_who_broke_fails_the_run_and_the_report_says_so() {
        let traffic = Traffic::default();
        let facts = Facts {
            histories: vec![History::default(), History::default()],
            ..Facts::default()
        };
        assert!(faults(&facts.histories, &run(2, &traffic)).is_empty());

        let report = Report::of(&facts, &run(3, &traffic));

        let named = |sentence: &String| sentence.starts_with("fans_broken: 1 of 3 simulated fans");
        assert!(report.violations().iter().any(named), "{:?}", report.violations());
        assert_eq!(report.json()["fans"], 3);
        assert_eq!(report.json()["fans_broken"], 1);
        assert_eq!(report.json()["ok"], false);
        assert!(report.text().contains("FAILED fans_broken"));
    }

    #[test]
    fn requests_that_fans_had_to_repeat_are_counted_and_too_many_fail_the_run() {
        assert!(faults(&[], &run(0, &traffic(100, 3, 2))).is_empty());
        let many = traffic(100, 3, 3);
        assert_eq!(faults(&[], &run(0, &many)).len(), 1);

        let report = Report::of(&Facts::default(), &run(0, &many));

        assert_eq!(report.json()["requests"], 100);
        assert_eq!(report.json()["retried_503"], 3);
        assert_eq!(report.json()["no_answers"], 3);
        assert!(report.text().contains("retried_503") && report.text().contains("no_answers"));
    }
}
