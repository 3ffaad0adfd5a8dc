//! A description checked as a whole: all mistakes at once, and what looks doubtful.

use std::collections::BTreeSet;

use super::draft::{PlacesDraft, RowDraft, SectorDraft, SnakeDraft, StadiumDraft};
use super::plan::{Doubt, Mistake, Place, Plan, PlannedSeat, PlannedSector};
use super::snake::{Shape, snake};
use super::{Row, SeatKind, parse_row};

/// No stadium is larger: the largest of the world has 114,000 seats.
pub const SEATS_MAX: usize = 150_000;

/// Places without numbers of one sector: as many as are claimed from at once.
const PLACES_MAX: u32 = 10_000;
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
    let plan = Plan {
        draft,
        sectors,
        doubts: review.doubts,
    };
    let mut mistakes = review.mistakes;
    if mistakes.is_empty() {
        mistakes.extend(wrong_counts(&plan).map(|what| Mistake {
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

fn wrong_counts(plan: &Plan) -> Option<String> {
    let (seats, capacity) = (plan.seats(), plan.capacity());
    if seats > SEATS_MAX {
        return Some(format!(
            "{seats} seats are more than any stadium has ({SEATS_MAX})"
        ));
    }
    let said = plan.draft.capacity?;
    (said != capacity).then(|| format!("the seats for sale add up to {capacity}, the capacity says {said}"))
}

/// What was found so far.
#[derive(Default)]
struct Review {
    mistakes: Vec<Mistake>,
    doubts: Vec<Doubt>,
    codes: BTreeSet<String>,
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
                    Vec::new()
                }
            },
        }
    }

    fn places(&mut self, here: &Place, places: PlacesDraft) -> Vec<PlannedSeat> {
        if places.technical > places.total || places.total == 0 || places.total > PLACES_MAX {
            self.wrong(
                here,
                format!("total must be 1 to {PLACES_MAX}, and technical no more than that"),
            );
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
        let count = usize::try_from(places.total).unwrap_or(usize::MAX);
        (1..=u16::MAX).zip(0..).take(count).map(seat).collect()
    }

    fn numbered(&mut self, here: &Place, snake: &SnakeDraft, rows: &[RowDraft]) -> Vec<PlannedSeat> {
        let read: Vec<Option<Row>> = rows.iter().map(|row| self.row(here, row)).collect();
        let rows: Option<Vec<Row>> = read.into_iter().collect();
        rows.map(|rows| self.seats(here, snake, &rows))
            .unwrap_or_default()
    }

    fn row(&mut self, sector: &Place, draft: &RowDraft) -> Option<Row> {
        let here = Place {
            row: Some(draft.label.clone()),
            ..sector.clone()
        };
        self.text(&here, ("the label", &draft.label), LABEL_CHARS_MAX);
        match parse_row(&draft.label, &draft.seats, draft.numbering) {
            Ok(row) => {
                self.look_at(&here, &row);
                Some(row)
            }
            Err(wrong) => {
                for what in wrong {
                    self.wrong(&here, what.to_string());
                }
                None
            }
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
                self.wrong(here, wrong.to_string());
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
mod tests {
    use super::*;
    use crate::stadiums::{Direction, Numbering, SectorKind};

    fn sector(code: &str, rows: &[(&str, &str)]) -> SectorDraft {
        SectorDraft {
            code: code.to_owned(),
            name: format!("Sektor {code}"),
            stand: "WEST".to_owned(),
            kind: SectorKind::Standard,
            price_category: 1,
            snake: Some(SnakeDraft {
                best_row: "1".to_owned(),
                direction: Direction::BottomToTop,
                subsectors: Vec::new(),
            }),
            places: None,
            rows: rows
                .iter()
                .map(|(label, seats)| RowDraft {
                    label: (*label).to_owned(),
                    seats: (*seats).to_owned(),
                    numbering: Numbering::LeftToRight,
                })
                .collect(),
        }
    }

    fn stadium(sectors: Vec<SectorDraft>) -> StadiumDraft {
        StadiumDraft {
            name: "Stadion".to_owned(),
            city: "Zagreb".to_owned(),
            country: "HR".to_owned(),
            capacity: None,
            sectors,
        }
    }

    fn told(mistakes: &[Mistake]) -> Vec<String> {
        mistakes
            .iter()
            .map(|one| format!("{}: {}", one.place, one.what))
            .collect()
    }

    #[test]
    fn capacity_is_counted_and_technical_seats_come_last_as_nobodys_neighbours() {
        let plan = check(stadium(vec![sector("A", &[("1", "1-3,4T"), ("2", "1-4")])])).unwrap();
        assert_eq!((plan.capacity(), plan.seats()), (7, 8));
        let last = plan.sectors[0].seats.last().unwrap();
        assert_eq!((last.number, last.rank, last.run), (4, 7, -1));
        assert!(plan.doubts.is_empty());
    }

    #[test]
    fn every_mistake_is_named_with_its_place() {
        let mut wrong = stadium(vec![
            sector("A", &[("1", "1-3,x,2")]),
            sector("A", &[("2", "1-3")]),
            sector("B", &[("1", "1"), ("1", "1")]),
        ]);
        wrong.country = "Croatia".to_owned();
        let mistakes = check(wrong).unwrap_err();
        assert_eq!(
            told(&mistakes),
            [
                "stadium: the country must be a two-letter code, such as HR",
                "sector A, row 1: `x` is no seat, range of seats or kind",
                "sector A, row 1: seat 2 does not come after the one before it",
                "sector A: there is another sector with this code",
                "sector A: the best row 1 is not there",
                "sector B: row 1 is there twice",
            ]
        );
    }

    #[test]
    fn two_hundred_mistakes_are_two_hundred() {
        let labels: Vec<String> = (1..=200).map(|label| label.to_string()).collect();
        let rows: Vec<(&str, &str)> = labels.iter().map(|label| (label.as_str(), "1-20,19")).collect();
        let mistakes = check(stadium(vec![sector("A", &rows)])).unwrap_err();
        assert_eq!(mistakes.len(), 200);
    }

    #[test]
    fn a_capacity_that_somebody_counted_must_be_that_of_the_seats() {
        let mut counted = stadium(vec![sector("A", &[("1", "1-3,4T")])]);
        counted.capacity = Some(4);
        let mistakes = check(counted).unwrap_err();
        assert_eq!(
            told(&mistakes),
            ["stadium: the seats for sale add up to 3, the capacity says 4"]
        );
    }

    #[test]
    fn places_without_numbers_are_counted_and_their_technical_ones_are_never_sold() {
        let without_numbers = |total, technical| SectorDraft {
            snake: None,
            rows: Vec::new(),
            places: Some(PlacesDraft { total, technical }),
            ..sector("G", &[])
        };
        let plan = check(stadium(vec![without_numbers(500, 20)])).unwrap();
        assert_eq!((plan.capacity(), plan.seats()), (480, 500));
        for (total, technical) in [(0, 0), (5, 6), (10_001, 0)] {
            assert_eq!(
                check(stadium(vec![without_numbers(total, technical)]))
                    .unwrap_err()
                    .len(),
                1
            );
        }
        let both = SectorDraft {
            places: Some(PlacesDraft {
                total: 5,
                technical: 0,
            }),
            ..sector("A", &[("1", "1-3")])
        };
        assert_eq!(check(stadium(vec![both])).unwrap_err().len(), 1);
    }

    #[test]
    fn what_may_be_a_slip_of_the_pen_is_a_doubt() {
        let plan = check(stadium(vec![
            sector("A", &[("1", "1-3,5W|6-7")]),
            sector("B", &[("1", "1T")]),
        ]))
        .unwrap();
        let doubts: Vec<String> = plan
            .doubts
            .iter()
            .map(|one| format!("{}: {}", one.place, one.what))
            .collect();
        assert_eq!(
            doubts,
            [
                "sector A, row 1: 3 and 5 are neighbours, and the numbers between them are missing",
                "sector A, row 1: a wheelchair has no companion's seat beside it",
                "sector B: it has no seat for sale",
            ]
        );
    }
}
