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
    /// Recent authentication is needed (RFC 9470).
    SIGN_IN_AGAIN = 401 "sign-in-again" "This needs a recent sign-in: sign in again first";
    /// A signed-in person without any role of staff.
    NOT_STAFF = 403 "not-staff" "This is for members of staff";
    /// Signed in with one factor only.
    SECOND_FACTOR_REQUIRED = 403 "second-factor-required" "Staff sign in with a second factor";
    /// No role that may do this.
    ROLE_REQUIRED = 403 "role-required" "None of your roles may do this";
    /// Unknown, or another fan's.
    NOT_FOUND = 404 "not-found" "There is no such thing";
    /// No live cart.
    NO_CART = 404 "no-cart" "You have no seats in your cart";
    /// No ticketing profile yet.
    NO_PROFILE = 404 "no-profile" "You have no ticketing profile yet";
    /// Nobody would be left to give roles.
    LAST_SUPER_ADMIN = 409 "last-super-admin" "This is the last Super Admin: name another one first";
    /// Roles are not kept here.
    ROLES_ARE_CLAIMS = 409 "roles-are-claims" "Roles come with the tokens here: give and take them at the identity provider";
    /// On the blacklist already.
    ON_THE_LIST = 409 "on-the-list" "This person is on the blacklist already";
    /// Another number of entries was confirmed.
    LIST_CHANGED = 409 "list-changed" "Another number of people is on the blacklist: confirm that one";
    /// The one who asks and the one who approves are two.
    OWN_CANCELLATION = 403 "own-cancellation" "You asked for this cancellation: somebody else approves it";
    /// A published match keeps this.
    MATCH_LOCKED = 409 "match-locked" "This match is published: these parts of it stay as they are";
    /// Sold, or in a cart.
    SEATS_TAKEN = 409 "seats-taken" "Somebody has seats of these sectors: move or refund those first, or leave the sectors as they are";
    /// Notify or silent?
    NOTIFY_OR_SILENT = 400 "notify-or-silent" "This match is published: say whether its ticket holders are told (notify=true) or not (notify=false)";
    /// A phase cannot do that now.
    WRONG_PHASE_TURN = 409 "wrong-phase-turn" "The phase cannot do that from where it stands";
    /// Too few points for this phase.
    NOT_ELIGIBLE = 403 "not-eligible" "This sales phase is for fans with more loyalty points";
    /// From here there is no way there.
    WRONG_TURN = 409 "wrong-turn" "The match cannot do that from where it stands";
    /// Something is missing.
    NOT_READY_TO_PUBLISH = 409 "not-ready-to-publish" "Something is missing before this match can be published";
    /// Another stadium has this name.
    STADIUM_EXISTS = 409 "stadium-exists" "There is another stadium of this name: change that one, or choose another name";
    /// Loaded before descriptions were kept.
    NO_DESCRIPTION = 409 "no-description" "This stadium has no description yet: import its file again";
    /// A profile is needed before buying.
    PROFILE_REQUIRED = 409 "profile-required" "Complete your ticketing profile before buying";
    /// There is one already.
    PROFILE_EXISTS = 409 "profile-exists" "You have a ticketing profile already: change it with PUT";
    /// Ten are saved (E1-F4).
    TEN_PROFILES = 409 "ten-profiles" "Maximum 10 profiles: delete one first";
    /// Saved already, or the fan's own (E1-F4).
    PERSON_SAVED = 409 "person-saved" "This person is saved already";
    /// Fixed once set (E1-F3).
    OIB_FIXED = 409 "oib-fixed" "Your OIB cannot be changed here: ask support";
    /// Another account's.
    OIB_TAKEN = 409 "oib-taken" "This OIB belongs to another account";
    /// Outside the sale's times.
    SALE_CLOSED = 409 "sale-closed" "This match is not on sale now";
    /// Another line is on now.
    EARLIER_PHASE = 409 "earlier-phase" "Your session is of an earlier phase of this sale: leave its ticket, and join the queue again";
    /// Not so many seats in this zone.
    GONE = 409 "gone" "This zone has not so many seats left: choose another zone or fewer seats";
    /// More tickets than allowed.
    OVER_LIMIT = 409 "over-limit" "That is more tickets than one buyer may have for this match";
    /// The cart changed meanwhile.
    CART_VERSION_MISMATCH = 412 "cart-version-mismatch" "Your cart has changed: read it again";
    /// The match changed meanwhile.
    MATCH_CHANGED = 412 "match-changed" "Somebody has changed this match: read it again";
    /// The stadium changed meanwhile.
    STADIUM_CHANGED = 412 "stadium-changed" "Somebody has changed this stadium: read it again";
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
    /// Not what a push service gives.
    INVALID_PUSH_TOKEN = 422 "invalid-push-token" "The device's name must have 1 to 100, the token 1 to 4096 visible ASCII characters";
    /// A list with lines that name nobody.
    INVALID_LIST = 422 "invalid-list" "Some lines name nobody: nothing was imported";
    /// A match with mistakes.
    INVALID_MATCH = 422 "invalid-match" "The match has mistakes: nothing was changed";
    /// An unknown stadium in a body.
    NO_SUCH_STADIUM = 422 "no-such-stadium" "There is no such stadium";
    /// A stadium with mistakes.
    INVALID_STADIUM = 422 "invalid-stadium" "The stadium has mistakes: nothing was imported";
    /// Staff must say why.
    REASON_REQUIRED = 422 "reason-required" "Say why, in 3 to 500 characters on one line";
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
