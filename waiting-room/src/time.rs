//! Milliseconds of the line's clock, and instants on the wire.

use chrono::{DateTime, Utc};

/// The instant `ms` milliseconds after the Unix epoch.
pub(crate) fn instant(ms: u64) -> DateTime<Utc> {
    i64::try_from(ms)
        .ok()
        .and_then(DateTime::from_timestamp_millis)
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// Milliseconds since the Unix epoch; 0 before it.
pub(crate) fn millis(instant: DateTime<Utc>) -> u64 {
    u64::try_from(instant.timestamp_millis()).unwrap_or_default()
}
