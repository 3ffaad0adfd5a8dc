//! A stadium as somebody describes it, not yet checked.

use super::Numbering;
use super::snake::Direction;

/// Whose ground it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, sqlx::Type)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[sqlx(type_name = "stadium_kind", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StadiumKind {
    /// Ours: a template for home matches.
    #[default]
    Home,
    /// Where we are guests (E2-F5).
    Away,
}

/// What a sector is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, sqlx::Type)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[sqlx(type_name = "sector_kind", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SectorKind {
    /// Seats for anybody.
    #[default]
    Standard,
    /// Guests of honour.
    Vip,
    /// Wheelchairs and companions.
    Accessibility,
    /// No seats to sit on.
    Standing,
}

/// A stadium, not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StadiumDraft {
    /// As people call it.
    pub name: String,
    /// Where it is.
    pub city: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Seats for sale, if somebody has counted them.
    pub capacity: Option<usize>,
    /// Its sectors.
    pub sectors: Vec<SectorDraft>,
}

/// A sector, not yet checked.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SectorDraft {
    /// Unique in the stadium.
    pub code: String,
    /// What the public sees.
    pub name: String,
    /// Which side of the ground.
    pub stand: String,
    /// What it is.
    #[serde(default)]
    pub kind: SectorKind,
    /// Which prices it has, unless a match says otherwise.
    pub price_category: i32,
    /// How its seats are given away; places without numbers need none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snake: Option<SnakeDraft>,
    /// From the pitch upwards.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<RowDraft>,
    /// Places without numbers, instead of rows (E2-F5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub places: Option<PlacesDraft>,
}

/// Places without numbers: sold by quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlacesDraft {
    /// All of them.
    pub total: u32,
    /// Those that are never sold.
    #[serde(default)]
    pub technical: u32,
}

/// How a sector's seats are given away, not yet checked.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnakeDraft {
    /// Label of the row that is given away first.
    pub best_row: String,
    /// Where the snake turns first.
    pub direction: Direction,
    /// Parts that are walked one after the other; none: the sector is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subsectors: Vec<SubsectorDraft>,
}

/// Seats of all rows with these numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubsectorDraft {
    /// The lowest.
    pub first: u16,
    /// The highest.
    pub last: u16,
}

/// A row, not yet checked.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowDraft {
    /// What the sign says: digits or letters.
    pub label: String,
    /// Its seats, in the grammar.
    pub seats: String,
    /// From which side they are counted.
    #[serde(default, skip_serializing_if = "is_usual")]
    pub numbering: Numbering,
}

fn is_usual(numbering: &Numbering) -> bool {
    *numbering == Numbering::LeftToRight
}
