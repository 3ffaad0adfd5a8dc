//! A stadium that was checked, and what was found in checking.

use std::fmt;

use super::SeatKind;
use super::draft::StadiumDraft;

/// Where in a stadium's description something is.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The sector's code.
    pub sector: Option<String>,
    /// The row's label.
    pub row: Option<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.sector, &self.row) {
            (None, _) => f.write_str("stadium"),
            (Some(sector), None) => write!(f, "sector {sector}"),
            (Some(sector), Some(row)) => write!(f, "sector {sector}, row {row}"),
        }
    }
}

/// Something wrong: with it the stadium is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Where.
    pub place: Place,
    /// What.
    pub what: String,
}

/// Something that may be right, but should be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// Where.
    pub place: Place,
    /// What.
    pub what: String,
}

/// A stadium that was checked: every seat has its place in its sector's snake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// As it was described.
    pub draft: StadiumDraft,
    /// In the order of the description.
    pub sectors: Vec<PlannedSector>,
    /// What should be looked at.
    pub doubts: Vec<Doubt>,
}

/// A sector and its seats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedSector {
    /// The sector's code.
    pub code: String,
    /// In snake order; technical seats last.
    pub seats: Vec<PlannedSeat>,
}

/// A seat in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedSeat {
    /// Its row's label.
    pub row: String,
    /// Its number.
    pub number: u16,
    /// What it is.
    pub kind: SeatKind,
    /// Place in the snake, from 0.
    pub rank: i32,
    /// Neighbours have neighbouring ranks in one run; technical seats are nobody's neighbours: -1.
    pub run: i32,
}

impl Plan {
    /// Seats that can be sold.
    #[must_use]
    pub fn capacity(&self) -> usize {
        let seats = self.sectors.iter().flat_map(|sector| &sector.seats);
        seats.filter(|seat| seat.kind.is_for_sale()).count()
    }

    /// All seats.
    #[must_use]
    pub fn seats(&self) -> usize {
        self.sectors.iter().map(|sector| sector.seats.len()).sum()
    }
}
