//! What requests on stadiums say, and what answers show.

use chrono::{DateTime, Utc};
use domain::stadiums::{SectorKind, StadiumKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::store::{SectorRow, SnakeRow, StadiumRow};

/// A stadium.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StadiumView {
    pub(super) stadium_id: Uuid,
    pub(super) name: String,
    pub(super) city: String,
    pub(super) country: String,
    /// HOME or AWAY.
    #[schema(value_type = String, example = "HOME")]
    pub(super) kind: StadiumKind,
    /// Of its newest layout; give it as `If-Match` to change it.
    pub(super) version: i32,
    /// Seats that can be sold; counted.
    pub(super) capacity: i32,
    /// All seats, technical ones among them.
    pub(super) seats: i32,
    pub(super) updated_at: DateTime<Utc>,
}

impl From<StadiumRow> for StadiumView {
    fn from(row: StadiumRow) -> Self {
        Self {
            stadium_id: row.stadium_id.0,
            name: row.name,
            city: row.city,
            country: row.country,
            kind: row.kind,
            version: row.version,
            capacity: row.capacity,
            seats: row.seats,
            updated_at: row.updated_at,
        }
    }
}

/// A sector of a stadium's newest layout.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SectorView {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) stand: String,
    /// STANDARD, VIP, ACCESSIBILITY or STANDING.
    #[schema(value_type = String, example = "STANDARD")]
    pub(super) kind: SectorKind,
    pub(super) price_category: i32,
    /// Seats that can be sold; counted.
    pub(super) capacity: i64,
}

impl From<SectorRow> for SectorView {
    fn from(row: SectorRow) -> Self {
        Self {
            code: row.code,
            name: row.name,
            stand: row.stand,
            kind: row.kind,
            price_category: row.price_category,
            capacity: row.capacity,
        }
    }
}

/// A stadium with its sectors.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WholeStadiumView {
    #[serde(flatten)]
    pub(super) stadium: StadiumView,
    pub(super) sectors: Vec<SectorView>,
}

/// A stadium as staff describe it: `data/stadiums/README.md` says what `sectors` holds.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StadiumBody {
    /// As in a stadium file.
    #[schema(value_type = Object)]
    pub(super) stadium: Value,
    /// 3 to 500 characters; no personal data.
    pub(super) reason: String,
}

/// Which stadiums.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct StadiumsQuery {
    /// In name or city.
    pub(super) search: Option<String>,
    /// HOME or AWAY.
    #[param(value_type = Option<String>)]
    pub(super) kind: Option<StadiumKind>,
    /// AGE (the default) or NAME.
    #[param(value_type = Option<String>)]
    pub(super) sort: Option<Sort>,
    /// `next_cursor` of the page before.
    pub(super) cursor: Option<Uuid>,
}

/// How a list of stadiums is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Sort {
    /// As they were made.
    Age,
    /// By name.
    Name,
}

/// How a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Format {
    /// Our JSON.
    Stadium,
    /// CSV, a seat a line.
    SeatList,
}

/// What an import is told beside the file.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ImportQuery {
    /// STADIUM (our JSON) or SEAT_LIST (CSV with the head `sector,row,seat` or `sector,row,seat,kind`).
    #[param(value_type = String)]
    pub(super) format: Format,
    /// Say what would be, and change nothing.
    #[serde(default)]
    pub(super) dry_run: bool,
    /// 3 to 500 characters; no personal data.
    pub(super) reason: String,
    /// Of a list of seats: as people call the stadium.
    pub(super) name: Option<String>,
    /// Of a list of seats: where it is.
    pub(super) city: Option<String>,
    /// Of a list of seats: ISO 3166-1 alpha-2.
    pub(super) country: Option<String>,
}

/// What an import did, or would do.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ImportView {
    pub(super) dry_run: bool,
    pub(super) stadium: StadiumView,
    /// What may be right, but should be looked at.
    pub(super) doubts: Vec<String>,
}

/// A seat in its place in the snake.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SnakeSeatView {
    /// From 0: who is served first.
    pub(super) rank: i32,
    /// Neighbours are of one run; a technical seat has none.
    pub(super) run: Option<i32>,
    pub(super) row: String,
    pub(super) number: String,
    /// STANDARD, TECHNICAL, WHEELCHAIR or COMPANION.
    pub(super) kind: &'static str,
}

impl From<SnakeRow> for SnakeSeatView {
    fn from(row: SnakeRow) -> Self {
        Self {
            rank: row.snake_rank,
            run: Some(row.run_id).filter(|run| *run >= 0),
            row: row.row_label,
            number: row.number,
            kind: row.kind.code(),
        }
    }
}

/// A part of a snake.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SnakeView {
    /// At most 500, first served first.
    pub(super) seats: Vec<SnakeSeatView>,
}

/// Where in a snake.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SnakeQuery {
    /// The last rank of the part before.
    pub(super) after: Option<i32>,
}
