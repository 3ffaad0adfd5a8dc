//! The one table of stable problem codes of the backend. The general ones (malformed requests, unknown routes, our own
//! faults) are `platform::problems`.

use platform::problems::Code;

macro_rules! table {
    ($($(#[$doc:meta])* $name:ident = $status:literal $code:literal $title:literal;)*) => {
        $($(#[$doc])* pub const $name: Code = Code { code: $code, status: $status, title: $title };)*
        /// Every code, for the documents.
        pub const ALL: &[Code] = &[$($name),*];
    };
}

table! {
    /// No usable bearer token.
    UNAUTHENTICATED = 401 "unauthenticated" "Sign in first";
    /// The waiting-room session ended.
    QUEUE_SESSION_EXPIRED = 401 "queue-session-expired" "Your session in the waiting room is over: join again";
    /// Not admitted by the waiting room.
    ADMISSION_REQUIRED = 403 "admission-required" "The waiting room has not admitted you yet";
    /// The session pass is another fan's.
    PASS_OF_ANOTHER_FAN = 403 "pass-of-another-fan" "This session pass belongs to somebody else";
    /// A holder may not be sold a ticket.
    HOLDER_BLACKLISTED = 403 "holder-blacklisted" "By law we cannot sell to one of the holders; please ask the Ministry of the Interior (MUP)";
    /// Unknown, or another fan's.
    NOT_FOUND = 404 "not-found" "There is no such thing";
    /// No live cart.
    NO_CART = 404 "no-cart" "You have no seats in your cart";
    /// No ticketing profile yet.
    NO_PROFILE = 404 "no-profile" "You have no ticketing profile yet";
    /// A profile is needed before buying.
    PROFILE_REQUIRED = 409 "profile-required" "Complete your ticketing profile before buying";
    /// There is one already.
    PROFILE_EXISTS = 409 "profile-exists" "You have a ticketing profile already: change it with PUT";
    /// Fixed once set (E1-F3).
    OIB_FIXED = 409 "oib-fixed" "Your OIB cannot be changed here: ask support";
    /// Another account's.
    OIB_TAKEN = 409 "oib-taken" "This OIB belongs to another account";
    /// Outside the sale's times.
    SALE_CLOSED = 409 "sale-closed" "This match is not on sale now";
    /// Not so many seats in this zone.
    GONE = 409 "gone" "This zone has not so many seats left: choose another zone or fewer seats";
    /// More tickets than allowed.
    OVER_LIMIT = 409 "over-limit" "That is more tickets than one buyer may have for this match";
    /// The cart changed meanwhile.
    CART_VERSION_MISMATCH = 412 "cart-version-mismatch" "Your cart has changed: read it again";
    /// An order is open.
    ORDER_OPEN = 409 "order-open" "Your cart is checked out: pay or cancel the order first";
    /// A holder has a ticket.
    HOLDER_HAS_TICKET = 409 "holder-has-ticket" "A holder already has a ticket for this match";
    /// Not payable.
    ORDER_NOT_PAYABLE = 409 "order-not-payable" "This order cannot be paid any more";
    /// Too late for a new attempt.
    SESSION_ENDING = 409 "session-ending" "Your session ends too soon to start a payment";
    /// Paid: only a refund could undo it.
    ORDER_PAID = 409 "order-paid" "This order is paid";
    /// Nothing of it was paid.
    ORDER_NOT_PAID = 409 "order-not-paid" "This order is not paid: there is nothing to refund";
    /// After the refund deadline.
    REFUND_TOO_LATE = 409 "refund-too-late" "It is too late to give these tickets back here: ask support";
    /// Somebody has entered with it.
    TICKET_USED = 409 "ticket-used" "A ticket of this order was used";
    /// Same key, other request.
    IDEMPOTENCY_KEY_REUSED = 422 "idempotency-key-reused" "This Idempotency-Key was used for another request";
    /// A creating request without a key.
    IDEMPOTENCY_KEY_REQUIRED = 400 "idempotency-key-required" "This request needs an Idempotency-Key of 8 to 100 characters";
    /// A holder's facts do not hold.
    INVALID_HOLDER = 422 "invalid-holder" "A holder's details are not valid";
    /// A profile's facts do not hold.
    INVALID_PROFILE = 422 "invalid-profile" "The profile's details are not valid";
    /// Not a webhook of Stripe's.
    BAD_SIGNATURE = 400 "bad-signature" "The signature does not fit";
    /// Try again.
    BUSY = 503 "busy" "Many fans are choosing here: try again in a moment";
    /// The queue is being set up.
    QUEUE_NOT_READY = 503 "queue-not-ready" "The waiting room of this match is being prepared";
    /// Neither room nor pass.
    WAITING_ROOM_UNREACHABLE = 503 "waiting-room-unreachable" "The waiting room cannot be reached: try again in a moment";
    /// Stripe does not answer.
    GATEWAY_UNAVAILABLE = 503 "gateway-unavailable" "The payment service does not answer: try again in a moment";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::ALL;

    #[test]
    fn every_code_is_there_once_and_is_kebab_case() {
        let codes: BTreeSet<&str> = ALL.iter().map(|code| code.code).collect();
        assert_eq!(codes.len(), ALL.len());
        assert!(
            codes
                .iter()
                .all(|code| code.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
        );
    }
}
