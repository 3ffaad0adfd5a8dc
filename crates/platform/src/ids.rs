//! Ids are handed in: UUIDv7, so that keys of one second lie together in their index.

use uuid::Uuid;

/// Makes ids.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ids;

impl Ids {
    /// A fresh UUIDv7.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that makes ids")]
    pub fn next(&self) -> Uuid {
        Uuid::now_v7()
    }
}
