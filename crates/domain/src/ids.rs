//! One type per id: a ticket's id never passes for a user's.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type,
        )]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(pub Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

ids! {
    /// A person who signs in, keyed by (issuer, subject).
    UserId;
    /// Somebody a fan buys for.
    SavedProfileId;
    /// A stadium template.
    StadiumId;
    /// One description of a stadium, as of some day.
    LayoutId;
    /// A sector of a stadium.
    SectorId;
    /// A seat of a stadium.
    SeatId;
    /// A match.
    MatchId;
    /// Something that everybody with a ticket is to be told of their match.
    NoticeId;
    /// A sector of a match under its public name.
    ZoneId;
    /// A hold of one to four seats.
    CartId;
    /// An order.
    OrderId;
    /// A payment attempt: also the idempotency key towards Stripe.
    PaymentId;
    /// A refund.
    RefundId;
    /// A ticket to a match.
    TicketId;
    /// A place in the waiting room's line (the room's own id).
    SessionTicketId;
    /// An event of the outbox.
    EventId;
}
