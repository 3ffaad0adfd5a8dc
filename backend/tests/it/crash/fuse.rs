//! Which effect is the backend's last.

use std::collections::BTreeMap;
use std::process::Child;
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

/// Whom the backend has an effect on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Neighbour {
    /// Something was committed.
    Postgres,
    /// The stream took an event, a consumer was given one, or one was acknowledged.
    Bus,
    /// Stripe did something.
    Stripe,
    /// The waiting room did something.
    Room,
    /// The mail server took a mail.
    Mail,
    /// A fan's request was answered.
    Fans,
    /// A webhook was answered.
    Webhooks,
}

impl Neighbour {
    pub(super) const ALL: [Self; 7] = [
        Self::Postgres,
        Self::Bus,
        Self::Stripe,
        Self::Room,
        Self::Mail,
        Self::Fans,
        Self::Webhooks,
    ];
}

/// The effect that the backend dies of, before it hears that it had it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) neighbour: Neighbour,
    /// Counted from 1, from the moment the fuse is armed.
    pub(super) number: usize,
}

impl std::fmt::Display for Point {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {}", self.neighbour, self.number)
    }
}

/// How many effects there were on each.
pub(super) type Counts = BTreeMap<Neighbour, usize>;

/// Sees every effect of a backend, and kills it at the one it is told.
#[derive(Default)]
pub(super) struct Fuse {
    child: Mutex<Option<Child>>,
    watched: Mutex<Watched>,
    died_of: watch::Sender<Option<String>>,
}

#[derive(Default)]
struct Watched {
    point: Option<Point>,
    counts: Counts,
}

impl Fuse {
    /// From now on this is the backend.
    pub(super) fn guard(&self, child: Child) {
        *self.child.lock().unwrap() = Some(child);
    }

    /// Counts anew; the backend dies at `point`.
    pub(super) fn arm(&self, point: Point) {
        *self.watched.lock().unwrap() = Watched {
            point: Some(point),
            counts: Counts::new(),
        };
        self.died_of.send_replace(None);
    }

    /// Lets the backend live. Says what it died of, or how many effects it had if it did not.
    pub(super) fn disarm(&self) -> Result<Counts, String> {
        let watched = std::mem::take(&mut *self.watched.lock().unwrap());
        match self.died_of.borrow().clone() {
            Some(cause) => Err(cause),
            None => Ok(watched.counts),
        }
    }

    /// The backend had an effect. `false`: it died of it, and must not hear of it.
    pub(super) fn survives(&self, neighbour: Neighbour, effect: &str) -> bool {
        let mut watched = self.watched.lock().unwrap();
        let number = watched.counts.entry(neighbour).or_default();
        *number += 1;
        let here = Point {
            neighbour,
            number: *number,
        };
        if watched.point.take_if(|point| *point == here).is_none() {
            return true;
        }
        self.kill();
        self.died_of.send_replace(Some(format!("{here}: {effect}")));
        false
    }

    /// Kills the backend without a word (SIGKILL), and comes back when it is gone.
    pub(super) fn kill(&self) {
        if let Some(mut child) = self.child.lock().unwrap().take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Whether the backend runs, as far as we have a hand in it.
    pub(super) fn is_alive(&self) -> bool {
        self.child.lock().unwrap().is_some()
    }

    /// Whether the backend has died since the fuse was armed.
    pub(super) fn has_burnt(&self) -> bool {
        self.died_of.borrow().is_some()
    }

    /// Comes back when the backend has died, with what it died of.
    pub(super) async fn death(&self) -> String {
        let mut died_of = self.died_of.subscribe();
        let cause = died_of.wait_for(Option::is_some).await.unwrap().clone();
        cause.unwrap_or_default()
    }
}

/// Kills the backend when its stage is gone, whoever else still holds the fuse: a test that failed leaves no process.
pub(super) struct Reaper(pub(super) Arc<Fuse>);

impl Drop for Reaper {
    fn drop(&mut self) {
        self.0.kill();
    }
}
