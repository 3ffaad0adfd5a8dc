//! The picture of one line: a snapshot, and every delta since.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use contracts::room::{EstimatedWait, QueueState};
use line::pace::Pace;
use line::positions::Positions;

use crate::line_store::{Delta, Happening, Snapshot, TicketChange};

/// Where a fan stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) position: u64,
    pub(crate) queue_size: u64,
    pub(crate) estimated_wait: Option<EstimatedWait>,
}

/// One line, in memory.
#[derive(Default)]
pub(crate) struct Mirror {
    picture: RwLock<Picture>,
}

#[derive(Default)]
struct Picture {
    positions: Positions,
    pace: Pace,
    /// The picture is true up to this delta; `None` until the first snapshot.
    delta: Option<u64>,
}

impl Mirror {
    /// The place of `sequence`, without asking the store; `None` if it does not wait as far as this node knows.
    pub(crate) fn place(&self, sequence: u64, now_ms: u64) -> Option<Place> {
        let picture = self.read();
        let position = picture.positions.position(sequence)?;
        Some(Place {
            position,
            queue_size: picture.positions.size(),
            estimated_wait: picture.wait(position, now_ms),
        })
    }

    /// The wait of somebody whose place this node has not heard of yet.
    pub(crate) fn wait_at(&self, position: u64, now_ms: u64) -> Option<EstimatedWait> {
        self.read().wait(position, now_ms)
    }

    /// The delta up to which the picture is true.
    pub(super) fn delta(&self) -> Option<u64> {
        self.read().delta
    }

    /// Starts from a snapshot. The pace is kept: it is a matter of the last minute.
    pub(super) fn rebuild(&self, snapshot: &Snapshot) {
        let mut positions = Positions::from_bitmap(&snapshot.bitmap, snapshot.highest_sequence);
        if snapshot.state == QueueState::Closed {
            positions.clear();
        }
        let mut picture = self.write();
        picture.positions = positions;
        picture.delta = Some(snapshot.number);
    }

    /// Takes the next delta. `false` when it is not the next one, or voids the picture: rebuild.
    pub(super) fn apply(&self, delta: &Delta) -> bool {
        let mut picture = self.write();
        if picture.delta.map(|last| last + 1) != Some(delta.number) {
            return false;
        }
        match &delta.happening {
            Happening::Founded => return false,
            Happening::Ticket {
                kind: TicketChange::Joined,
                sequence,
                ..
            } => {
                picture.positions.join(*sequence);
            }
            Happening::Ticket { sequence, .. } => {
                if picture.positions.leave(*sequence) {
                    picture.pace.record(delta.at_ms);
                }
            }
            Happening::Queue {
                state: QueueState::Closed,
                ..
            } => picture.positions.clear(),
            Happening::Queue {
                state: QueueState::Open | QueueState::Paused,
                ..
            } => {}
        }
        picture.delta = Some(delta.number);
        true
    }

    fn read(&self) -> RwLockReadGuard<'_, Picture> {
        self.picture.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Picture> {
        self.picture.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Picture {
    fn wait(&self, position: u64, now_ms: u64) -> Option<EstimatedWait> {
        self.pace.wait(position, now_ms).map(|wait| EstimatedWait {
            from: wait.from,
            to: wait.to,
        })
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::ids::{TicketId, UserId};

    fn change(number: u64, kind: TicketChange, sequence: u64) -> Delta {
        let (ticket, user) = (TicketId(Uuid::nil()), UserId(Uuid::nil()));
        let happening = Happening::Ticket {
            kind,
            ticket,
            user,
            sequence,
            session_expires_at_ms: 0,
        };
        Delta {
            number,
            at_ms: 1_000,
            happening,
        }
    }

    fn mirror_at(number: u64) -> Mirror {
        let mirror = Mirror::default();
        let (state, reason) = (QueueState::Open, String::new());
        mirror.rebuild(&Snapshot {
            bitmap: Vec::new(),
            number,
            highest_sequence: 0,
            state,
            reason,
        });
        mirror
    }

    #[test]
    fn an_unbroken_run_of_deltas_is_taken() {
        let mirror = mirror_at(10);
        assert!(mirror.apply(&change(11, TicketChange::Joined, 1)));
        assert!(mirror.apply(&change(12, TicketChange::Joined, 2)));
        assert!(mirror.apply(&change(13, TicketChange::Admitted, 1)));
        assert_eq!(mirror.place(2, 1_000).map(|place| place.position), Some(1));
        assert_eq!(mirror.place(1, 1_000), None);
    }

    #[test]
    fn a_missed_or_repeated_delta_and_a_refounding_ask_for_a_rebuild() {
        let mirror = mirror_at(10);
        assert!(!mirror.apply(&change(12, TicketChange::Joined, 1)));
        assert!(!mirror.apply(&change(10, TicketChange::Joined, 1)));
        assert!(!mirror.apply(&Delta {
            number: 11,
            at_ms: 1,
            happening: Happening::Founded
        }));
        assert!(!Mirror::default().apply(&change(1, TicketChange::Joined, 1)));
    }

    #[test]
    fn nobody_waits_in_a_closed_line() {
        let mirror = mirror_at(10);
        assert!(mirror.apply(&change(11, TicketChange::Joined, 1)));
        let happening = Happening::Queue {
            state: QueueState::Closed,
            reason: "SOLD_OUT".to_owned(),
        };
        assert!(mirror.apply(&Delta {
            number: 12,
            at_ms: 1,
            happening
        }));
        assert_eq!(mirror.place(1, 1_000), None);
        assert_eq!(mirror.read().positions.size(), 0);
    }
}
