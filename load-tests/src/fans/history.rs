//! What a fan did and was told: sent, answered, on one clock. The checker believes these and the databases, nothing else.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// One fan's run, in the order of the answers.
#[derive(Debug, Clone, Default)]
pub(crate) struct History {
    pub(crate) fan: usize,
    pub(crate) steps: Vec<Step>,
    pub(crate) fate: Fate,
}

/// One request and its answer, or one message of the room (then all times are its arrival).
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// When the fan first asked; a repetition may have been answered.
    pub(crate) sent_us: u64,
    pub(crate) answered_us: u64,
    pub(crate) what: What,
}

impl Step {
    /// How long the fan waited for the answer, repetitions included.
    pub(crate) fn waited_us(&self) -> u64 {
        self.answered_us.saturating_sub(self.sent_us)
    }
}

/// How a fan's run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Fate {
    /// Has every ticket wanted.
    Satisfied,
    /// Was told that nothing is left.
    SoldOut,
    /// Walked away from seats in the cart.
    WanderedOff,
    /// Gave all tickets back.
    GaveBack,
    /// Is on the blacklist.
    TurnedAway,
    /// Something would not work, again and again.
    GaveUp,
    /// The run's time was over first.
    #[default]
    TimeUp,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum What {
    /// The room gave a place (or named the one that the fan has).
    Joined { ticket_id: Uuid },
    /// The room named the fan's place.
    Placed { ticket_id: Uuid, position: u64 },
    /// The connection to the room was lost, and the same token found the place again.
    Reconnected,
    /// Something was tried that nobody may do.
    Trespassed { how: Trespass, honoured: bool },
    /// The room did not know a place although the fan showed its token.
    PlaceUnknown { ticket_id: Uuid },
    /// The room opened a session.
    Admitted { ticket_id: Uuid },
    /// The backend holds seats.
    Held { cart_id: Uuid, seat_ids: Vec<Uuid> },
    /// The backend said that not so many seats can be had.
    Gone(GoneAnswer),
    /// The backend asked to try again.
    Busy,
    /// More than one buyer may have.
    OverLimit,
    /// An order was made.
    CheckedOut { order_id: Uuid, oibs: Vec<String> },
    /// A payment may be made.
    PaymentStarted { order_id: Uuid, intent_id: String },
    /// "Pay" was pressed when the session was over, and Stripe took the money or not.
    PaidLate { charged: bool },
    /// The card was charged.
    CardPaid { order_id: Uuid },
    /// The card was declined.
    CardDeclined,
    /// The order's state, as told.
    OrderSeen { order_id: Uuid, state: String },
    /// The tickets of an order, as told.
    TicketsSeen { order_id: Uuid, ticket_ids: Vec<Uuid> },
    /// Any other answer that is no success.
    Refused {
        route: &'static str,
        status: u16,
        code: String,
    },
    /// No answer at all.
    NoAnswer { route: &'static str },
}

/// What nobody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trespass {
    /// Seats before the turn.
    WithoutTurn,
    /// Seats with a pass that was given to another fan.
    ForeignPass,
    /// Seats with another's pass that now names the one who shows it.
    TamperedPass,
    /// A second place in the line.
    SecondPlace,
    /// A second cart, by pressing twice.
    SecondCart,
    /// A second order of one cart.
    SecondOrder,
    /// A ticket for somebody on the blacklist.
    Blacklisted,
}

/// A `gone` and all that is needed to judge it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct GoneAnswer {
    pub(crate) zone_id: Uuid,
    pub(crate) quantity: u32,
    /// The database's time of the reading that showed it.
    pub(crate) as_of: DateTime<Utc>,
    pub(crate) session_ends_at: DateTime<Utc>,
}

impl History {
    pub(crate) fn whats(&self) -> impl Iterator<Item = &What> {
        self.steps.iter().map(|step| &step.what)
    }
}
