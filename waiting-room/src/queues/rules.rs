//! What a queue may be set to. Pure.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use contracts::room::{ChangeQueue, CreateQueue, Queue};
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
    let away = (queue.opens_at - now).abs();
    require(away <= OPENING_WITHIN, "opens_at", "within five years of now")
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
        opens_at,
    } = wanted;
    queue.mode == *mode
        && queue.max_active_sessions == *max_active_sessions
        && queue.admissions_per_minute == *admissions_per_minute
        && queue.session_ttl_seconds == *session_ttl_seconds
        && queue.ticket_ttl_seconds == *ticket_ttl_seconds
        && queue.opens_at == kept_instant(*opens_at)
}

/// An instant as it is kept: the line counts in milliseconds.
pub(super) fn kept_instant(instant: DateTime<Utc>) -> DateTime<Utc> {
    instant.trunc_subsecs(3)
}

pub(super) fn check_change(change: &ChangeQueue) -> Result<(), SettingInvalid> {
    check_caps(change.max_active_sessions, change.admissions_per_minute)
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
