//! The keys of a line. All carry the queue as hash tag, so that one script may touch them all on a cluster.

use fred::types::Key;

use crate::ids::QueueId;

/// In the order in which `prelude.lua` names them.
const NAMES: [&str; 10] = [
    "meta", "users", "tickets", "waiting", "seen", "active", "bits", "log", "lease", "minute",
];

const LOG: usize = 7;

/// The keys of one line.
#[derive(Debug, Clone)]
pub(crate) struct LineKeys([Key; NAMES.len()]);

impl LineKeys {
    pub(crate) fn of(queue: QueueId) -> Self {
        Self(NAMES.map(|name| Key::from(format!("tribina:line:{{{queue}}}:{name}"))))
    }

    pub(super) fn all(&self) -> Vec<Key> {
        self.0.to_vec()
    }

    pub(super) fn log(&self) -> Key {
        self.0[LOG].clone()
    }
}
