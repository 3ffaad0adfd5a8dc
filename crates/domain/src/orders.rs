//! Checkout: who sits where, and what it costs (E4-F5, E8-F2).

use std::collections::BTreeSet;

use crate::Timestamp;
use crate::ids::OrderId;
use crate::inventory::Buyer;
use crate::matches::SaleTerms;
use crate::money::{BadMoney, Money};
use crate::tickets::TicketState;
use crate::users::Holder;

/// State of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "order_state", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OrderState {
    /// Checked out, not paid.
    AwaitingPayment,
    /// Paid, tickets issued.
    Completed,
    /// The fan took it back before paying.
    Cancelled,
    /// The session ended before it was paid.
    Expired,
    /// Paid too late, or given back in time: the money goes back.
    Refunded,
}

/// What one ticket costs: prices shown include VAT; everything is rounded per ticket so that any refund adds up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinePrice {
    /// The ticket's price, VAT included.
    pub ticket: Money,
    /// The VAT in it.
    pub ticket_vat: Money,
    /// The service fee, VAT included.
    pub fee: Money,
    /// The VAT in it.
    pub fee_vat: Money,
}

impl LinePrice {
    /// Prices a ticket of `ticket` under the match's terms.
    ///
    /// # Errors
    /// [`BadMoney`] when an amount is too large.
    pub fn of(ticket: Money, terms: &SaleTerms) -> Result<Self, BadMoney> {
        let fee = terms.fee.of(ticket)?;
        Ok(Self {
            ticket,
            ticket_vat: terms.ticket_vat.contained_in(ticket)?,
            fee,
            fee_vat: terms.fee_vat.contained_in(fee)?,
        })
    }

    /// What the buyer pays for this ticket.
    ///
    /// # Errors
    /// [`BadMoney`] when the sum is too large.
    pub fn total(&self) -> Result<Money, BadMoney> {
        self.ticket.plus(self.fee)
    }
}

/// Why a cart is not checked out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckoutRefused {
    /// No live cart.
    #[error("there is no live cart")]
    NoCart,
    /// The cart has changed since the app saw it.
    #[error("the cart is at version {current}")]
    VersionMismatch {
        /// The live cart's version.
        current: i32,
    },
    /// The cart is checked out already.
    #[error("order {order_id} is open")]
    OrderOpen {
        /// The open order.
        order_id: OrderId,
    },
    /// Nothing is sold of this match now.
    #[error("the sale is not open")]
    SaleClosed,
    /// The buyer has no ticketing profile.
    #[error("a profile is needed before buying")]
    ProfileRequired,
    /// Too few or too many holders.
    #[error("{wanted} holders are needed")]
    HolderCount {
        /// How many the request must name.
        wanted: usize,
    },
    /// A holder is named twice in the request.
    #[error("holder {holder} is named twice")]
    HolderTwice {
        /// Which ticket, from 1.
        holder: usize,
    },
    /// One of the saved people is not one of this fan's.
    #[error("no such saved profile")]
    NoSuchSavedProfile,
    /// A holder has a ticket of this match, or is being given one.
    #[error("a holder already has a ticket of this match")]
    HolderHasTicket,
    /// A holder may not be sold a ticket (E4-F6); nobody is told which.
    #[error("a holder is on the blacklist")]
    Blacklisted,
    /// The idempotency key was used for another request.
    #[error("the key was used for another request")]
    KeyReused,
}

/// The live cart that may be checked out, if the fan saw this version of it.
///
/// # Errors
/// [`CheckoutRefused`], by the rule that forbids it.
pub fn decide_checkout(
    buyer: &Buyer,
    seen_version: i32,
    now: Timestamp,
) -> Result<crate::inventory::BuyerCart, CheckoutRefused> {
    let cart = buyer.live_cart(now).ok_or(CheckoutRefused::NoCart)?;
    if let Some(order_id) = cart.order_id {
        return Err(CheckoutRefused::OrderOpen { order_id });
    }
    if seen_version != buyer.version {
        return Err(CheckoutRefused::VersionMismatch {
            current: buyer.version,
        });
    }
    Ok(*cart)
}

/// Puts the buyer on ticket 1 and the named holders on the others. A buyer who already has a ticket of this match names
/// all of them.
///
/// # Errors
/// [`CheckoutRefused::HolderCount`] or [`CheckoutRefused::HolderTwice`].
pub fn name_holders(
    buyer: Option<Holder>,
    others: Vec<Holder>,
    seats: usize,
) -> Result<Vec<Holder>, CheckoutRefused> {
    let wanted = seats - usize::from(buyer.is_some());
    if others.len() != wanted {
        return Err(CheckoutRefused::HolderCount { wanted });
    }
    let holders: Vec<Holder> = buyer.into_iter().chain(others).collect();
    let mut seen = BTreeSet::new();
    for (index, holder) in holders.iter().enumerate() {
        if !seen.insert(holder.document.index_text()) {
            return Err(CheckoutRefused::HolderTwice { holder: index + 1 });
        }
    }
    Ok(holders)
}

/// Why an order is not cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CancelRefused {
    /// Not this fan's, or none at all.
    #[error("no such order")]
    NoSuchOrder,
    /// Paid: only a refund could undo it.
    #[error("the order is paid")]
    Paid,
}

/// What cancelling an unpaid order takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancellation {
    /// No payment was started: the seats are free at once.
    Now,
    /// The PaymentIntent must be cancelled first: its answer decides.
    AskGateway,
    /// It is over already.
    AlreadyEnded,
}

/// How an order of this state is cancelled by its fan.
///
/// # Errors
/// [`CancelRefused::Paid`].
pub fn decide_cancel(state: OrderState, has_payment: bool) -> Result<Cancellation, CancelRefused> {
    match state {
        OrderState::AwaitingPayment if has_payment => Ok(Cancellation::AskGateway),
        OrderState::AwaitingPayment => Ok(Cancellation::Now),
        OrderState::Completed => Err(CancelRefused::Paid),
        OrderState::Cancelled | OrderState::Expired | OrderState::Refunded => Ok(Cancellation::AlreadyEnded),
    }
}

/// Why a buyer does not get the money of a paid order back by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefundRefused {
    /// Not this fan's, or none at all.
    #[error("no such order")]
    NoSuchOrder,
    /// There is no money of it with us.
    #[error("the order is not paid")]
    NotPaid,
    /// Too close to the match: support decides.
    #[error("refunds ended at {until}")]
    TooLate {
        /// The deadline.
        until: Timestamp,
    },
    /// Somebody has entered with one of the tickets.
    #[error("a ticket was used")]
    TicketUsed,
}

/// What a refund takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SelfRefund {
    /// Tickets end, seats are free, all of the money goes back.
    Now,
    /// The money goes back already.
    AlreadyRefunded,
}

/// Whether the buyer gets all of a paid order back by themselves at `now` (E9-F8: until the deadline before kick-off).
///
/// # Errors
/// [`RefundRefused`], by the rule that forbids it.
pub fn decide_self_refund(
    state: OrderState,
    tickets: &[TicketState],
    terms: &SaleTerms,
    now: Timestamp,
) -> Result<SelfRefund, RefundRefused> {
    match state {
        OrderState::Refunded => return Ok(SelfRefund::AlreadyRefunded),
        OrderState::AwaitingPayment | OrderState::Cancelled | OrderState::Expired => {
            return Err(RefundRefused::NotPaid);
        }
        OrderState::Completed => {}
    }
    let until = terms.kick_off_at - terms.refund_deadline;
    if now >= until {
        return Err(RefundRefused::TooLate { until });
    }
    if tickets.iter().any(|ticket| *ticket != TicketState::Sold) {
        return Err(RefundRefused::TicketUsed);
    }
    Ok(SelfRefund::Now)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::matches::tests::terms;
    use crate::money::Currency;
    use crate::users::{Document, FullName, Nationality, Oib};

    fn holder(oib: &str) -> Holder {
        Holder {
            name: FullName::parse("Ana Anić").unwrap(),
            born: "1990-01-31".parse().unwrap(),
            nationality: Nationality::parse("HR").unwrap(),
            document: Document::Oib(Oib::parse(oib).unwrap()),
            email: None,
        }
    }

    #[test]
    fn a_line_is_rounded_per_ticket() {
        let price = LinePrice::of(Money::from_cents(4000, Currency::Eur), &terms()).unwrap();
        assert_eq!(price.fee, Money::from_cents(240, Currency::Eur));
        assert_eq!(price.ticket_vat, Money::from_cents(190, Currency::Eur));
        assert_eq!(price.fee_vat, Money::from_cents(48, Currency::Eur));
        assert_eq!(price.total().unwrap(), Money::from_cents(4240, Currency::Eur));
    }

    #[test]
    fn ticket_one_is_the_buyers_own() {
        let holders = name_holders(Some(holder("94577403194")), vec![holder("33392005961")], 2).unwrap();
        assert_eq!(holders[0], holder("94577403194"));
    }

    #[test]
    fn nobody_gets_two_tickets_of_one_order() {
        let twice = name_holders(Some(holder("94577403194")), vec![holder("94577403194")], 2);
        assert_eq!(twice, Err(CheckoutRefused::HolderTwice { holder: 2 }));
    }

    #[test]
    fn every_seat_has_exactly_one_holder() {
        let missing = name_holders(Some(holder("94577403194")), vec![], 2);
        assert_eq!(missing, Err(CheckoutRefused::HolderCount { wanted: 1 }));
        let second_purchase = name_holders(None, vec![holder("33392005961")], 2);
        assert_eq!(second_purchase, Err(CheckoutRefused::HolderCount { wanted: 2 }));
    }

    #[test]
    fn a_started_payment_is_cancelled_at_the_gateway_first() {
        assert_eq!(
            decide_cancel(OrderState::AwaitingPayment, true),
            Ok(Cancellation::AskGateway)
        );
        assert_eq!(
            decide_cancel(OrderState::AwaitingPayment, false),
            Ok(Cancellation::Now)
        );
        assert_eq!(
            decide_cancel(OrderState::Completed, true),
            Err(CancelRefused::Paid)
        );
        assert_eq!(
            decide_cancel(OrderState::Expired, true),
            Ok(Cancellation::AlreadyEnded)
        );
    }

    #[test]
    fn a_buyer_gets_the_money_back_until_the_deadline_and_not_in_its_instant() {
        let terms = terms();
        let deadline = terms.kick_off_at - terms.refund_deadline;
        let decide = |now| decide_self_refund(OrderState::Completed, &[TicketState::Sold], &terms, now);
        assert_eq!(decide(deadline - TimeDelta::milliseconds(1)), Ok(SelfRefund::Now));
        assert_eq!(decide(deadline), Err(RefundRefused::TooLate { until: deadline }));
    }

    #[test]
    fn only_paid_orders_with_unused_tickets_are_refunded() {
        let terms = terms();
        let early = terms.kick_off_at - TimeDelta::days(30);
        let decide = |state, tickets: &[TicketState]| decide_self_refund(state, tickets, &terms, early);
        for state in [
            OrderState::AwaitingPayment,
            OrderState::Cancelled,
            OrderState::Expired,
        ] {
            assert_eq!(decide(state, &[]), Err(RefundRefused::NotPaid), "{state:?}");
        }
        assert_eq!(
            decide(OrderState::Refunded, &[TicketState::Cancelled]),
            Ok(SelfRefund::AlreadyRefunded)
        );
        assert_eq!(
            decide(OrderState::Completed, &[TicketState::Sold, TicketState::Attended]),
            Err(RefundRefused::TicketUsed)
        );
    }
}
