//! A description checked as a whole: all mistakes at once, and what looks doubtful.

use std::collections::BTreeSet;

use super::draft::{PlacesDraft, RowDraft, SectorDraft, SnakeDraft, StadiumDraft};
use super::plan::{Doubt, Mistake, Place, Plan, PlannedSeat, PlannedSector};
use super::snake::{Shape, snake};
use super::{Row, SeatKind, parse_row};

/// No stadium is larger: the largest of the world has 114,000 seats.
pub const SEATS_MAX: usize = 150_000;

/// Seats of one sector: as many as are ever locked at once.
pub const SECTOR_SEATS_MAX: u16 = 10_000;
/// Characters of a name that people read.
const NAME_CHARS_MAX: usize = 80;
/// Characters of a code or label: what fits on a ticket.
const LABEL_CHARS_MAX: usize = 12;

/// Checks a whole description.
///
/// # Errors
/// Every mistake in it, in its order.
pub fn check(draft: StadiumDraft) -> Result<Plan, Vec<Mistake>> {
    let mut review = Review::default();
    review.stadium(&draft);
    let sectors: Vec<PlannedSector> = draft.sectors.iter().map(|sector| review.sector(sector)).collect();
    if review.seats > SEATS_MAX {
        let seats = review.seats;
        review.wrong(
            &Place::default(),
            format!("{seats} seats are more than any stadium has ({SEATS_MAX})"),
        );
    }
    let plan = Plan {
        draft,
        sectors,
        doubts: review.doubts,
    };
    let mut mistakes = review.mistakes;
    if mistakes.is_empty() {
        mistakes.extend(wrong_capacity(&plan).map(|what| Mistake {
            place: Place::default(),
            what,
        }));
    }
    if mistakes.is_empty() {
        Ok(plan)
    } else {
        Err(mistakes)
    }
}

fn wrong_capacity(plan: &Plan) -> Option<String> {
    let (said, capacity) = (plan.draft.capacity?, plan.capacity());
    (said != capacity).then(|| format!("the seats for sale add up to {capacity}, the capacity says {said}"))
}

/// What was found so far.
#[derive(Default)]
struct Review {
    mistakes: Vec<Mistake>,
    doubts: Vec<Doubt>,
    codes: BTreeSet<String>,
    /// Those beyond the limit among them, which are not made.
    seats: usize,
}

impl Review {
    fn wrong(&mut self, place: &Place, what: impl Into<String>) {
        self.mistakes.push(Mistake {
            place: place.clone(),
            what: what.into(),
        });
    }

    fn doubtful(&mut self, place: &Place, what: impl Into<String>) {
        self.doubts.push(Doubt {
            place: place.clone(),
            what: what.into(),
        });
    }

    /// Counts seats; `false` when there are too many by now.
    fn has_room_for(&mut self, seats: usize) -> bool {
        self.seats += seats;
        self.seats <= SEATS_MAX
    }

    fn text(&mut self, place: &Place, (what, text): (&str, &str), chars_max: usize) {
        let chars = text.chars().count();
        if text.trim() != text || chars == 0 || chars > chars_max || text.contains(char::is_control) {
            self.wrong(
                place,
                format!("{what} must have 1 to {chars_max} characters, none of them at its edges blank"),
            );
        }
    }

    fn stadium(&mut self, draft: &StadiumDraft) {
        let here = Place::default();
        self.text(&here, ("the name", &draft.name), NAME_CHARS_MAX);
        self.text(&here, ("the city", &draft.city), NAME_CHARS_MAX);
        if draft.country.len() != 2 || !draft.country.chars().all(|c| c.is_ascii_uppercase()) {
            self.wrong(&here, "the country must be a two-letter code, such as HR");
        }
        if draft.sectors.is_empty() {
            self.wrong(&here, "there is no sector");
        }
    }

    fn sector(&mut self, draft: &SectorDraft) -> PlannedSector {
        let here = Place {
            sector: Some(draft.code.clone()),
            row: None,
        };
        self.text(&here, ("the code", &draft.code), LABEL_CHARS_MAX);
        self.text(&here, ("the name", &draft.name), NAME_CHARS_MAX);
        self.text(&here, ("the stand", &draft.stand), NAME_CHARS_MAX);
        if !self.codes.insert(draft.code.clone()) {
            self.wrong(&here, "there is another sector with this code");
        }
        PlannedSector {
            code: draft.code.clone(),
            seats: match (draft.places, &draft.snake) {
                (Some(places), None) if draft.rows.is_empty() => self.places(&here, places),
                (None, Some(snake)) if !draft.rows.is_empty() => self.numbered(&here, snake, &draft.rows),
                _ => {
                    self.wrong(
                        &here,
                        "a sector has either rows and a snake, or places without numbers",
                    );
                    for row in &draft.rows {
                        self.row(&here, row);
                    }
                    Vec::new()
                }
            },
        }
    }

    fn places(&mut self, here: &Place, places: PlacesDraft) -> Vec<PlannedSeat> {
        let count = usize::try_from(places.total).unwrap_or(usize::MAX);
        if places.technical > places.total || places.total == 0 || count > usize::from(SECTOR_SEATS_MAX) {
            self.wrong(
                here,
                format!("total must be 1 to {SECTOR_SEATS_MAX}, and technical no more than that"),
            );
            return Vec::new();
        }
        if !self.has_room_for(count) {
            return Vec::new();
        }
        let for_sale = places.total - places.technical;
        let seat = |(number, rank): (u16, i32)| {
            let is_for_sale = u32::from(number) <= for_sale;
            PlannedSeat {
                row: String::new(),
                number,
                kind: if is_for_sale {
                    SeatKind::Standard
                } else {
                    SeatKind::Technical
                },
                rank,
                run: if is_for_sale { 0 } else { -1 },
            }
        };
        (1..=u16::MAX).zip(0..).take(count).map(seat).collect()
    }

    fn numbered(&mut self, here: &Place, snake: &SnakeDraft, rows: &[RowDraft]) -> Vec<PlannedSeat> {
        let before = self.seats;
        let rows: Vec<Row> = rows.iter().map(|row| self.row(here, row)).collect();
        if self.seats - before > usize::from(SECTOR_SEATS_MAX) {
            self.wrong(
                here,
                format!("a sector has at most {SECTOR_SEATS_MAX} seats: make it two"),
            );
        }
        self.seats(here, snake, &rows)
    }

    /// A row that is wrong or too much has no seats, but still a label, so that what the snake says of it is judged.
    fn row(&mut self, sector: &Place, draft: &RowDraft) -> Row {
        let here = Place {
            row: Some(draft.label.clone()),
            ..sector.clone()
        };
        self.text(&here, ("the label", &draft.label), LABEL_CHARS_MAX);
        match parse_row(&draft.label, &draft.seats, draft.numbering) {
            Ok(row) => {
                self.look_at(&here, &row);
                if self.has_room_for(row.seats()) {
                    return row;
                }
            }
            Err(wrong) => {
                for what in wrong {
                    self.wrong(&here, what.to_string());
                }
            }
        }
        Row {
            label: draft.label.clone(),
            ..Row::default()
        }
    }

    /// What is often a slip of the pen.
    fn look_at(&mut self, here: &Place, row: &Row) {
        for run in &row.runs {
            for pair in run.windows(2) {
                if let [left, right] = pair
                    && left.number.abs_diff(right.number) > 1
                {
                    let (left, right) = (left.number, right.number);
                    self.doubtful(
                        here,
                        format!(
                            "{left} and {right} are neighbours, and the numbers between them are missing"
                        ),
                    );
                }
            }
            let has = |kind| run.iter().any(|seat| seat.kind == kind);
            if has(SeatKind::Wheelchair) && !has(SeatKind::Companion) {
                self.doubtful(here, "a wheelchair has no companion's seat beside it");
            }
        }
    }

    fn seats(&mut self, here: &Place, draft: &SnakeDraft, rows: &[Row]) -> Vec<PlannedSeat> {
        let subsectors: Vec<(u16, u16)> = draft
            .subsectors
            .iter()
            .map(|part| (part.first, part.last))
            .collect();
        let shape = Shape {
            best_row: &draft.best_row,
            direction: draft.direction,
            subsectors: &subsectors,
        };
        let walked = match snake(rows, &shape) {
            Ok(walked) => walked,
            Err(wrong) => {
                for what in wrong {
                    self.wrong(here, what.to_string());
                }
                return Vec::new();
            }
        };
        if walked.is_empty() {
            self.doubtful(here, "it has no seat for sale");
        }
        let technical = rows
            .iter()
            .flat_map(|row| row.technical.iter().map(|number| (&row.label, *number)));
        let last: Vec<PlannedSeat> = technical
            .zip(walked.len()..)
            .map(|((row, number), rank)| PlannedSeat {
                row: row.clone(),
                number,
                kind: SeatKind::Technical,
                rank: i32::try_from(rank).unwrap_or(i32::MAX),
                run: -1,
            })
            .collect();
        let in_snake = walked.into_iter().map(|seat| PlannedSeat {
            row: seat.row,
            number: seat.number,
            kind: seat.kind,
            rank: seat.rank,
            run: seat.run,
        });
        in_snake.chain(last).collect()
    }
}

#[cfg(test)]
mod tests;
