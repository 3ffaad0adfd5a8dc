//! One type per id, so that one can never be taken for another.

use std::fmt;

use platform::ids::Ids;
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) struct $name(pub(crate) Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(/// Somebody who runs queues here.
    TenantId);
id!(/// A queue of a tenant.
    QueueId);
id!(/// A fan, as the tenant names them.
    UserId);
id!(/// A fan's place in a queue, and the session that it becomes.
    TicketId);

/// The number of a queue within this waiting room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct QueueNumber(pub(crate) u32);

impl TicketId {
    /// A fresh UUIDv7 whose last 32 bits are the queue's number, so that a ticket names its queue without any store. The
    /// millisecond and 42 random bits before them stay unique.
    pub(crate) fn fresh(ids: Ids, queue: QueueNumber) -> Self {
        let [.., a, b, c, d] = queue.0.to_be_bytes();
        let mut bytes = ids.next().into_bytes();
        bytes[12..].copy_from_slice(&[a, b, c, d]);
        Self(Uuid::from_bytes(bytes))
    }

    /// The number of the queue that made this ticket, if any did.
    pub(crate) fn queue_number(self) -> QueueNumber {
        let [.., a, b, c, d] = self.0.into_bytes();
        QueueNumber(u32::from_be_bytes([a, b, c, d]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_names_its_queue() {
        let ticket = TicketId::fresh(Ids, QueueNumber(77));
        assert_eq!(ticket.queue_number(), QueueNumber(77));
        assert_eq!(ticket.0.get_version_num(), 7);
        assert_ne!(ticket, TicketId::fresh(Ids, QueueNumber(77)));
    }
}
