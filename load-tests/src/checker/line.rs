//! `fifo_inversions`, `cap_overruns` and `lost_places`.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::checker::Finding;
use crate::checker::facts::{Facts, Time};
use crate::fans::history::{History, What};

/// What the line's log says of one ticket.
#[derive(Debug, Clone, Copy, Default)]
struct Logged {
    joined_at: Option<Time>,
    admitted_at: Option<Time>,
    session_expires_at: Option<Time>,
    /// The first of left, expired, completed, session expired, cancelled.
    ended_at: Option<Time>,
}

impl Logged {
    /// When the ticket stopped waiting, if it did.
    fn stopped_waiting_at(&self) -> Option<Time> {
        self.admitted_at.or(self.ended_at)
    }
}

fn logged(facts: &Facts) -> BTreeMap<Uuid, Logged> {
    let mut tickets: BTreeMap<Uuid, Logged> = BTreeMap::new();
    for entry in &facts.line {
        let ticket = tickets.entry(entry.ticket_id).or_default();
        match entry.kind.as_str() {
            "JOINED" => ticket.joined_at = Some(entry.at),
            "ADMITTED" => {
                ticket.admitted_at = Some(entry.at);
                ticket.session_expires_at = entry.session_expires_at;
            }
            _ => ticket.ended_at = Some(ticket.ended_at.map_or(entry.at, |earlier| earlier.min(entry.at))),
        }
    }
    tickets
}

/// a's join was answered before b's was sent, and a still waited when b was admitted. One finding per b.
pub(crate) fn fifo_inversions(facts: &Facts) -> Vec<Finding> {
    let logged = logged(facts);
    let mut joins: BTreeMap<Uuid, (u64, u64)> = BTreeMap::new();
    for step in facts.histories.iter().flat_map(|history| &history.steps) {
        if let What::Joined { ticket_id } = step.what {
            joins.entry(ticket_id).or_insert((step.sent_us, step.answered_us));
        }
    }
    let mut by_sent: Vec<(u64, Uuid)> = joins.iter().map(|(ticket, (sent, _))| (*sent, *ticket)).collect();
    let mut by_answered: Vec<(u64, Uuid)> = joins
        .iter()
        .map(|(ticket, (_, answered))| (*answered, *ticket))
        .collect();
    by_sent.sort_unstable();
    by_answered.sort_unstable();

    let mut findings = Vec::new();
    // The latest end of waiting among all who were answered before: whoever waits to this day waits longest.
    let mut longest: Option<(Time, Uuid)> = None;
    let mut earlier = by_answered.into_iter().peekable();
    for (sent, ticket) in by_sent {
        while let Some((_, before)) = earlier.next_if(|(answered, _)| *answered < sent) {
            let known = logged.get(&before).filter(|known| known.joined_at.is_some());
            let until = known.map(|known| known.stopped_waiting_at().unwrap_or(Time::MAX_UTC));
            if let Some(until) = until
                && longest.is_none_or(|(at, _)| until > at)
            {
                longest = Some((until, before));
            }
        }
        let admitted_at = logged.get(&ticket).and_then(|known| known.admitted_at);
        if let (Some(admitted_at), Some((until, other))) = (admitted_at, longest)
            && until > admitted_at
        {
            findings.push(format!(
                "{ticket} was admitted at {admitted_at} while {other}, who came before, still waited"
            ));
        }
    }
    findings
}

/// Live sessions by the log exceed the cap. One finding per admission that crossed it.
pub(crate) fn cap_overruns(facts: &Facts) -> Vec<Finding> {
    // Ends sort before starts of the same instant: a slot that ends then is free then.
    let mut changes: Vec<(Time, bool)> = Vec::new();
    for ticket in logged(facts).into_values() {
        let Some(start) = ticket.admitted_at else { continue };
        let ends = [ticket.ended_at, ticket.session_expires_at];
        changes.push((start, true));
        if let Some(end) = ends.into_iter().flatten().min() {
            changes.push((end.max(start), false));
        }
    }
    changes.sort_unstable();
    let (mut live, mut findings) = (0_usize, Vec::new());
    for (at, starts) in changes {
        if !starts {
            live = live.saturating_sub(1);
            continue;
        }
        live += 1;
        if live > facts.sessions_max {
            findings.push(format!(
                "{live} sessions were open at {at}, the cap is {}",
                facts.sessions_max
            ));
        }
    }
    findings
}

/// A fan with a valid token has no place, or a worse one than told. One finding per ticket.
pub(crate) fn lost_places(facts: &Facts) -> Vec<Finding> {
    let logged = logged(facts);
    let mut findings = Vec::new();
    for history in &facts.histories {
        let mut reported = BTreeSet::new();
        for (ticket, what) in losses(history, &logged) {
            if reported.insert(ticket) {
                findings.push(format!("fan {}: ticket {ticket} {what}", history.fan));
            }
        }
    }
    findings
}

fn losses(history: &History, logged: &BTreeMap<Uuid, Logged>) -> Vec<(Uuid, String)> {
    let log = |ticket: &Uuid| logged.get(ticket).copied().unwrap_or_default();
    let mut best: BTreeMap<Uuid, u64> = BTreeMap::new();
    let mut lost = Vec::new();
    for what in history.whats() {
        match what {
            What::Joined { ticket_id } if log(ticket_id).joined_at.is_none() => {
                lost.push((*ticket_id, "was given and is not in the log".to_owned()));
            }
            What::Placed { ticket_id, position } => {
                let told = best.entry(*ticket_id).or_insert(*position);
                if *position > *told {
                    lost.push((*ticket_id, format!("was told place {told} and then {position}")));
                }
                *told = (*told).min(*position);
            }
            What::PlaceUnknown { ticket_id } => {
                lost.push((
                    *ticket_id,
                    "was not known although its token was shown".to_owned(),
                ));
            }
            What::Admitted { ticket_id } if log(ticket_id).admitted_at.is_none() => {
                lost.push((
                    *ticket_id,
                    "was told its admission, which is not in the log".to_owned(),
                ));
            }
            _ => {}
        }
    }
    lost
}
