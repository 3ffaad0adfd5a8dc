//! Stadiums: rows as text, the plan of sectors that is checked as a whole, and the snake that orders a sector's seats (E2-F3,
//! E2-F10, E4-F3; grammar in `data/stadiums/README.md`).

mod draft;
mod plan;
mod review;
mod row;
mod seat_list;
mod snake;

pub use draft::{
    PlacesDraft, RowDraft, SectorDraft, SectorKind, SnakeDraft, StadiumDraft, StadiumKind, SubsectorDraft,
};
pub use plan::{Doubt, Mistake, Place, Plan, PlannedSeat, PlannedSector};
pub use review::{SEATS_MAX, SECTOR_SEATS_MAX, check};
pub use row::{BadRow, Numbering, Row, RowSeat, parse_row, row_text};
pub use seat_list::{ListedSeat, ListedTwice, is_as_listed, sectors_of};
pub use snake::{BadSnake, Direction, Shape, SnakeSeat, snake};

/// What a seat is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, sqlx::Type)]
#[sqlx(type_name = "seat_kind", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SeatKind {
    /// For anybody.
    Standard,
    /// Never for sale.
    Technical,
    /// For a wheelchair.
    Wheelchair,
    /// Beside a wheelchair.
    Companion,
}

impl SeatKind {
    /// As files name it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Standard => "STANDARD",
            Self::Technical => "TECHNICAL",
            Self::Wheelchair => "WHEELCHAIR",
            Self::Companion => "COMPANION",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let all = [Self::Standard, Self::Technical, Self::Wheelchair, Self::Companion];
        all.into_iter().find(|kind| kind.code() == name)
    }

    /// Whether it can be sold at all.
    #[must_use]
    pub const fn is_for_sale(self) -> bool {
        !matches!(self, Self::Technical)
    }
}
