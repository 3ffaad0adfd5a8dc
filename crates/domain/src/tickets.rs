//! Tickets and the signed code that gates verify offline (E9, decision "QR").

use serde::{Deserialize, Serialize};

use crate::ids::{MatchId, TicketId};

/// State of a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "ticket_state", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TicketState {
    /// Valid.
    Sold,
    /// Used at the gate.
    Attended,
    /// Not valid any more.
    Cancelled,
}

/// `typ` of the signed code.
pub const TICKET_CODE_TYP: &str = "tribina-ticket+jwt";

/// What the signed code says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketCode {
    /// The ticket.
    pub ticket: TicketId,
    /// The match.
    #[serde(rename = "match")]
    pub match_id: MatchId,
    /// Moves on transfer only: a reprint shows the same code.
    pub epoch: i32,
    /// What the gate export lists.
    pub barcode: String,
    /// Valid until, Unix seconds.
    pub exp: i64,
}

/// The short barcode: 12 characters without look-alikes, 60 bits of `randomness`, so that nobody guesses a neighbour's.
#[must_use]
pub fn barcode(randomness: u64) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    (0..12)
        .rev()
        .filter_map(|place| usize::try_from((randomness >> (place * 5)) & 31).ok())
        .filter_map(|index| ALPHABET.get(index))
        .map(|byte| char::from(*byte))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_barcode_shows_every_bit_of_its_randomness() {
        assert_eq!(barcode(0), "000000000000");
        assert_eq!(barcode(31), "00000000000Z");
        assert_eq!(barcode((1 << 60) - 1), "ZZZZZZZZZZZZ");
    }
}
