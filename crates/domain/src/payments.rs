//! Money that always lands: what a payment attempt may start, and what every gateway event means in every state.

use crate::Timestamp;
use crate::ids::SeatId;
use crate::matches::SaleTerms;
use crate::money::Money;
use crate::orders::OrderState;

/// State of a payment attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "payment_state", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PaymentState {
    /// Stored; Stripe may or may not know of it.
    Creating,
    /// Stripe waits for the fan's card.
    AwaitingCard,
    /// Captured.
    Succeeded,
    /// Cancelled at Stripe: nothing can be captured any more.
    Canceled,
}

/// Why no payment is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StartPaymentRefused {
    /// Not this fan's, or none at all.
    #[error("no such order")]
    NoSuchOrder,
    /// Paid, cancelled or expired.
    #[error("the order cannot be paid any more")]
    NotPayable,
    /// Too close to the session's end.
    #[error("the session is ending")]
    SessionEnding,
}

/// A payment that may start, or go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaymentWindow {
    /// The fan must have paid by then: the session's end.
    pub pay_by: Timestamp,
    /// Seats stay theirs until then, so that a payment under way can land.
    pub hold_until: Timestamp,
}

/// What was already tried for an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// Nothing.
    None,
    /// Started in time: its app may ask again for what it needs.
    Open,
    /// Its fan asked to cancel it.
    TakenBack,
}

/// Whether a payment of an order may start, or go on, at `now` (decision "End of the session").
///
/// # Errors
/// [`StartPaymentRefused`].
pub fn decide_start_payment(
    order: OrderState,
    attempt: Attempt,
    session_ends_at: Timestamp,
    terms: &SaleTerms,
    now: Timestamp,
) -> Result<PaymentWindow, StartPaymentRefused> {
    let latest = match attempt {
        Attempt::None => session_ends_at - terms.last_attempt,
        Attempt::Open => session_ends_at,
        Attempt::TakenBack => return Err(StartPaymentRefused::NotPayable),
    };
    if attempt == Attempt::None && !terms.is_sold() {
        return Err(StartPaymentRefused::NotPayable);
    }
    match order {
        OrderState::AwaitingPayment if now >= latest => Err(StartPaymentRefused::SessionEnding),
        OrderState::AwaitingPayment => Ok(PaymentWindow {
            pay_by: session_ends_at,
            hold_until: session_ends_at + terms.landing,
        }),
        OrderState::Completed | OrderState::Cancelled | OrderState::Expired | OrderState::Refunded => {
            Err(StartPaymentRefused::NotPayable)
        }
    }
}

/// What the gateway told us about a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GatewayNews {
    /// So much was captured.
    Captured(Money),
    /// Cancelled: nothing can be captured any more.
    Canceled,
    /// A card was declined: the fan may try another.
    CardDeclined,
}

/// What the news means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    /// Captured, and nothing was done for it yet: fulfil if the seats can still be had, else refund.
    FulfilOrRefund,
    /// Captured, but not what was asked: refund.
    Refund(RefundReason),
    /// Nothing will be captured: the order ends so, seats and identities are free.
    Release(OrderState),
    /// Known already, or nothing to do.
    Nothing,
}

/// Why money went back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundReason {
    /// The seats were gone when the payment landed.
    SeatsGone,
    /// A holder has got another ticket of the match meanwhile.
    HolderHasTicket,
    /// The buyer has reached the limit meanwhile.
    OverLimit,
    /// Not the amount of the order.
    WrongAmount,
    /// The buyer gave the tickets back in time.
    Returned,
    /// The match was called off before the payment landed.
    MatchCancelled,
}

impl RefundReason {
    /// As stored and told.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            RefundReason::SeatsGone => "SEATS_GONE",
            RefundReason::HolderHasTicket => "HOLDER_HAS_TICKET",
            RefundReason::OverLimit => "OVER_LIMIT",
            RefundReason::WrongAmount => "WRONG_AMOUNT",
            RefundReason::Returned => "RETURNED",
            RefundReason::MatchCancelled => "MATCH_CANCELLED",
        }
    }
}

/// What `news` means for an order and its payment. Total over (state × news): webhooks come twice, late and in any order.
#[must_use]
pub fn decide_on_gateway_event(
    order: OrderState,
    payment: PaymentState,
    cancel_asked: bool,
    price: Money,
    news: GatewayNews,
) -> Reaction {
    match (news, payment) {
        (GatewayNews::Captured(_), PaymentState::Succeeded) => Reaction::Nothing,
        (
            GatewayNews::Captured(amount),
            PaymentState::Creating | PaymentState::AwaitingCard | PaymentState::Canceled,
        ) => {
            if amount == price {
                Reaction::FulfilOrRefund
            } else {
                Reaction::Refund(RefundReason::WrongAmount)
            }
        }
        (GatewayNews::Canceled, PaymentState::Creating | PaymentState::AwaitingCard) => match order {
            OrderState::AwaitingPayment if cancel_asked => Reaction::Release(OrderState::Cancelled),
            OrderState::AwaitingPayment => Reaction::Release(OrderState::Expired),
            OrderState::Completed | OrderState::Cancelled | OrderState::Expired | OrderState::Refunded => {
                Reaction::Nothing
            }
        },
        (GatewayNews::Canceled, PaymentState::Succeeded | PaymentState::Canceled)
        | (GatewayNews::CardDeclined, _) => Reaction::Nothing,
    }
}

/// What can still be given for a captured payment, read under the locks of its transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FulfilmentFacts {
    /// The match was not called off.
    pub is_played: bool,
    /// The order's seats are still the order's, or free again.
    pub same_seats: bool,
    /// Free neighbours in the same zone, if the fan agreed to equal seats and there are some.
    pub equal_seats: Option<Vec<SeatId>>,
    /// No holder has got another ticket of the match.
    pub identities_free: bool,
    /// The buyer stays within the limit.
    pub within_limit: bool,
}

/// The one outcome of captured money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fulfilment {
    /// Tickets for the order's own seats.
    SameSeats,
    /// Tickets for these instead, in the order of the lines.
    EqualSeats(Vec<SeatId>),
    /// All of it goes back.
    Refund(RefundReason),
}

/// Decides the one outcome of captured money.
#[must_use]
pub fn decide_fulfilment(facts: FulfilmentFacts) -> Fulfilment {
    if !facts.is_played {
        return Fulfilment::Refund(RefundReason::MatchCancelled);
    }
    if !facts.identities_free {
        return Fulfilment::Refund(RefundReason::HolderHasTicket);
    }
    if !facts.within_limit {
        return Fulfilment::Refund(RefundReason::OverLimit);
    }
    match (facts.same_seats, facts.equal_seats) {
        (true, _) => Fulfilment::SameSeats,
        (false, Some(seats)) => Fulfilment::EqualSeats(seats),
        (false, None) => Fulfilment::Refund(RefundReason::SeatsGone),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matches::tests::{at, terms};
    use crate::money::Currency;

    const ORDERS: [OrderState; 5] = [
        OrderState::AwaitingPayment,
        OrderState::Completed,
        OrderState::Cancelled,
        OrderState::Expired,
        OrderState::Refunded,
    ];
    const PAYMENTS: [PaymentState; 4] = [
        PaymentState::Creating,
        PaymentState::AwaitingCard,
        PaymentState::Succeeded,
        PaymentState::Canceled,
    ];

    fn price() -> Money {
        Money::from_cents(4240, Currency::Eur)
    }

    #[test]
    fn captured_money_is_never_ignored_the_first_time() {
        for order in ORDERS {
            for payment in PAYMENTS {
                for cancel_asked in [true, false] {
                    let reaction = decide_on_gateway_event(
                        order,
                        payment,
                        cancel_asked,
                        price(),
                        GatewayNews::Captured(price()),
                    );
                    let expected = if payment == PaymentState::Succeeded {
                        Reaction::Nothing
                    } else {
                        Reaction::FulfilOrRefund
                    };
                    assert_eq!(reaction, expected, "{order:?} {payment:?}");
                }
            }
        }
    }

    #[test]
    fn a_cancellation_never_undoes_a_capture_or_an_ended_order() {
        for order in ORDERS {
            for payment in PAYMENTS {
                let reaction = decide_on_gateway_event(order, payment, false, price(), GatewayNews::Canceled);
                let open = order == OrderState::AwaitingPayment
                    && matches!(payment, PaymentState::Creating | PaymentState::AwaitingCard);
                assert_eq!(
                    reaction == Reaction::Release(OrderState::Expired),
                    open,
                    "{order:?} {payment:?}"
                );
            }
        }
    }

    #[test]
    fn a_wrong_amount_goes_back() {
        let less = GatewayNews::Captured(Money::from_cents(1, Currency::Eur));
        let reaction = decide_on_gateway_event(
            OrderState::AwaitingPayment,
            PaymentState::AwaitingCard,
            false,
            price(),
            less,
        );
        assert_eq!(reaction, Reaction::Refund(RefundReason::WrongAmount));
    }

    #[test]
    fn no_attempt_starts_in_the_last_moments_of_a_session() {
        let start = |now| {
            decide_start_payment(
                OrderState::AwaitingPayment,
                Attempt::None,
                at(1_000),
                &terms(),
                at(now),
            )
        };
        assert_eq!(
            start(909),
            Ok(PaymentWindow {
                pay_by: at(1_000),
                hold_until: at(1_060)
            })
        );
        assert_eq!(start(910), Err(StartPaymentRefused::SessionEnding));
    }

    #[test]
    fn an_attempt_that_started_in_time_goes_on_until_the_session_ends() {
        let go_on = |attempt, now| {
            decide_start_payment(OrderState::AwaitingPayment, attempt, at(1_000), &terms(), at(now))
        };
        assert!(go_on(Attempt::Open, 999).is_ok());
        assert_eq!(
            go_on(Attempt::Open, 1_000),
            Err(StartPaymentRefused::SessionEnding)
        );
        assert_eq!(
            go_on(Attempt::TakenBack, 500),
            Err(StartPaymentRefused::NotPayable)
        );
    }

    #[test]
    fn a_late_payment_gets_its_seats_equal_ones_or_the_money_back() {
        let facts = FulfilmentFacts {
            is_played: true,
            same_seats: false,
            equal_seats: None,
            identities_free: true,
            within_limit: true,
        };
        assert_eq!(
            decide_fulfilment(facts.clone()),
            Fulfilment::Refund(RefundReason::SeatsGone)
        );
        assert_eq!(
            decide_fulfilment(FulfilmentFacts {
                same_seats: true,
                ..facts.clone()
            }),
            Fulfilment::SameSeats
        );
        assert_eq!(
            decide_fulfilment(FulfilmentFacts {
                equal_seats: Some(vec![]),
                ..facts.clone()
            }),
            Fulfilment::EqualSeats(vec![])
        );
        assert_eq!(
            decide_fulfilment(FulfilmentFacts {
                same_seats: true,
                identities_free: false,
                ..facts.clone()
            }),
            Fulfilment::Refund(RefundReason::HolderHasTicket)
        );
        assert_eq!(
            decide_fulfilment(FulfilmentFacts {
                same_seats: true,
                within_limit: false,
                ..facts.clone()
            }),
            Fulfilment::Refund(RefundReason::OverLimit)
        );
        assert_eq!(
            decide_fulfilment(FulfilmentFacts {
                same_seats: true,
                is_played: false,
                ..facts
            }),
            Fulfilment::Refund(RefundReason::MatchCancelled)
        );
    }
}
