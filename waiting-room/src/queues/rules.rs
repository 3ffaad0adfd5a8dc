//! What a queue may be set to. Pure.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use contracts::room::{ChangeQueue, CreateQueue, Opening, Queue};
use platform::problems::Problem;

use crate::faults::Refusal;
use crate::problems::QUEUE_SETTING_INVALID;

/// Open sessions: more than any origin serves at once.
const SESSIONS_MAX: u32 = 1_000_000;
const PER_MINUTE_MAX: u32 = 10_000_000;
/// A day.
const SESSION_TTL_SECONDS_MAX: u32 = 86_400;
/// A week, which is also how long a ticket token lives.
const TICKET_TTL_SECONDS_MAX: u32 = 604_800;
const REFERENCE_BYTES_MAX: usize = 200;
/// Openings lie within five years.
const OPENING_WITHIN: TimeDelta = TimeDelta::days(5 * 365);
/// The line reads them at every join.
const OPENINGS_MAX: usize = 50;

/// A setting is out of range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SettingInvalid {
    setting: &'static str,
    wanted: &'static str,
}

impl Refusal for SettingInvalid {
    fn problem(&self) -> Problem {
        Problem::new(QUEUE_SETTING_INVALID)
            .detail(format!("`{}` should be {}", self.setting, self.wanted))
            .member("field", self.setting)
    }
}

pub(super) fn check_new(queue: &CreateQueue, now: DateTime<Utc>) -> Result<(), SettingInvalid> {
    let reference = queue.reference.trim();
    let printable = !reference.is_empty() && !reference.chars().any(char::is_control);
    require(
        printable && queue.reference.len() <= REFERENCE_BYTES_MAX,
        "reference",
        "1 to 200 bytes of printable text",
    )?;
    check_caps(Some(queue.max_active_sessions), queue.admissions_per_minute)?;
    require(
        (1..=SESSION_TTL_SECONDS_MAX).contains(&queue.session_ttl_seconds),
        "session_ttl_seconds",
        "from 1 to 86400",
    )?;
    require(
        (1..=TICKET_TTL_SECONDS_MAX).contains(&queue.ticket_ttl_seconds),
        "ticket_ttl_seconds",
        "from 1 to 604800",
    )?;
    check_openings(&queue.openings, now)
}

fn check_openings(openings: &[Opening], now: DateTime<Utc>) -> Result<(), SettingInvalid> {
    let in_reach = |instant: DateTime<Utc>| (instant - now).abs() <= OPENING_WITHIN;
    let last = openings.len().saturating_sub(1);
    let each_fits = openings.iter().enumerate().all(|(number, opening)| {
        let ends = opening.closes_at.map_or(number == last, |closes_at| {
            kept_instant(closes_at) > kept_instant(opening.opens_at) && in_reach(closes_at)
        });
        ends && in_reach(opening.opens_at)
    });
    let in_turn = openings.windows(2).all(|pair| match pair {
        [one, next] => one.closes_at.is_some_and(|closes_at| closes_at <= next.opens_at),
        _ => true,
    });
    require(
        (1..=OPENINGS_MAX).contains(&openings.len()) && each_fits && in_turn,
        "openings",
        "1 to 50, each with an end after its beginning (the last may have none), one after the other, within five years of now",
    )
}

/// Whether the queue is set as it is wanted; its reference is what it was found by.
pub(super) fn is_set_so(queue: &Queue, wanted: &CreateQueue) -> bool {
    let CreateQueue {
        reference: _,
        mode,
        max_active_sessions,
        admissions_per_minute,
        session_ttl_seconds,
        ticket_ttl_seconds,
        openings,
    } = wanted;
    queue.mode == *mode
        && queue.max_active_sessions == *max_active_sessions
        && queue.admissions_per_minute == *admissions_per_minute
        && queue.session_ttl_seconds == *session_ttl_seconds
        && queue.ticket_ttl_seconds == *ticket_ttl_seconds
        && queue.openings == kept_openings(openings)
}

/// Openings as they are kept.
pub(super) fn kept_openings(openings: &[Opening]) -> Vec<Opening> {
    let kept = |opening: &Opening| Opening {
        opens_at: kept_instant(opening.opens_at),
        closes_at: opening.closes_at.map(kept_instant),
    };
    openings.iter().map(kept).collect()
}

/// An instant as it is kept: the line counts in milliseconds.
fn kept_instant(instant: DateTime<Utc>) -> DateTime<Utc> {
    instant.trunc_subsecs(3)
}

pub(super) fn check_change(change: &ChangeQueue, now: DateTime<Utc>) -> Result<(), SettingInvalid> {
    check_caps(change.max_active_sessions, change.admissions_per_minute.flatten())?;
    match &change.openings {
        Some(openings) => check_openings(openings, now),
        None => Ok(()),
    }
}

fn check_caps(sessions: Option<u32>, per_minute: Option<u32>) -> Result<(), SettingInvalid> {
    require(
        sessions.is_none_or(|sessions| sessions <= SESSIONS_MAX),
        "max_active_sessions",
        "from 0 to 1000000",
    )?;
    require(
        per_minute.is_none_or(|cap| (1..=PER_MINUTE_MAX).contains(&cap)),
        "admissions_per_minute",
        "from 1 to 10000000",
    )
}

fn require(holds: bool, setting: &'static str, wanted: &'static str) -> Result<(), SettingInvalid> {
    if holds {
        Ok(())
    } else {
        Err(SettingInvalid { setting, wanted })
    }
}
