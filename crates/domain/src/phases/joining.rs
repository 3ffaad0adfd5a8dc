//! Whom the next phase serves, and from when they may join its line.

use chrono::TimeDelta;

use super::Phase;
use crate::Timestamp;

/// When the line opens for a fan whom `phase` gives no ticket: with the first of `phases` (in their order) that begins when `phase`
/// ends or later, if it gives them one and begins within `lead`. So nobody needs to ask again in the second when it opens.
#[must_use]
pub fn next_line(
    (phase, phases): (&Phase, &[Phase]),
    points: u32,
    lead: TimeDelta,
    now: Timestamp,
) -> Option<Timestamp> {
    let next = phases.iter().find(|next| next.starts_at >= phase.ends_at)?;
    let is_served = next.allowance(points) > 0 && next.starts_at - now <= lead;
    is_served.then_some(next.starts_at)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{at, general, loyalty};
    use super::*;

    const LEAD: TimeDelta = TimeDelta::minutes(10);

    #[test]
    fn the_line_of_the_next_phase_is_named_shortly_before_it_opens() {
        let phase = loyalty(&[(10, 2), (0, 0)]);
        let phases = [phase.clone(), general(60, 90), general(90, 120)];
        assert_eq!(next_line((&phase, &phases), 0, LEAD, at(49)), None);
        assert_eq!(next_line((&phase, &phases), 0, LEAD, at(50)), Some(at(60)));
        assert_eq!(next_line((&phase, &phases[..1]), 0, LEAD, at(50)), None);
    }

    #[test]
    fn whoever_the_next_phase_does_not_serve_either_waits_for_a_later_one() {
        let phase = loyalty(&[(10, 2), (0, 0)]);
        let next = Phase {
            starts_at: at(60),
            ends_at: at(90),
            ..phase.clone()
        };
        let phases = [phase.clone(), next, general(90, 120)];
        assert_eq!(next_line((&phase, &phases), 9, LEAD, at(59)), None);
        assert_eq!(next_line((&phase, &phases), 10, LEAD, at(59)), Some(at(60)));
    }
}
