//! The snake: in which order a sector's seats are given away.

use std::collections::{BTreeMap, BTreeSet};

use super::{Row, RowSeat, SeatKind};

/// Where the snake turns first when it leaves the best row. Rows are given from the pitch upwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Direction {
    /// Down, towards the pitch.
    TopToBottom,
    /// Up, away from it.
    BottomToTop,
}

/// How a sector's snake goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape<'a> {
    /// Label of the row that is given away first.
    pub best_row: &'a str,
    /// Where it turns first.
    pub direction: Direction,
    /// Seat numbers, first and last, of the parts that are walked one after the other; none: the sector is one part.
    pub subsectors: &'a [(u16, u16)],
}

/// A seat for sale in its place in the snake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnakeSeat {
    /// Label of its row.
    pub row: String,
    /// Number in its row.
    pub number: u16,
    /// What it is.
    pub kind: SeatKind,
    /// Place in the snake, from 0.
    pub rank: i32,
    /// Seats of one run with neighbouring ranks are neighbours.
    pub run: i32,
}

/// Why a sector has no snake.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSnake {
    /// Two rows of a sector have one label.
    #[error("row {0} is there twice")]
    RowTwice(String),
    /// The best row is not a row of the sector.
    #[error("the best row {0} is not there")]
    NoBestRow(String),
    /// A seat is in no subsector.
    #[error("seat {number} of row {row} is in no subsector")]
    OutsideSubsectors {
        /// Its row's label.
        row: String,
        /// Its number.
        number: u16,
    },
    /// Subsectors share seats, or one is empty.
    #[error("subsector {0}-{1} overlaps another one or ends before it begins")]
    BadSubsector(u16, u16),
}

/// Orders a sector's seats for sale: one subsector after the other; in each from the best row outward, one row to each side in
/// turn, and within rows left to right and right to left in turn. The border of two subsectors parts neighbours.
///
/// # Errors
/// Every [`BadSnake`].
pub fn snake(rows: &[Row], shape: &Shape<'_>) -> Result<Vec<SnakeSeat>, Vec<BadSnake>> {
    let mut wrong = labels_twice(rows);
    let best = rows.iter().position(|row| row.label == shape.best_row);
    if best.is_none() {
        wrong.push(BadSnake::NoBestRow(shape.best_row.to_owned()));
    }
    wrong.extend(wrong_subsectors(rows, shape.subsectors));
    let Some(best) = best.filter(|_| wrong.is_empty()) else {
        return Err(wrong);
    };

    let mut seats = Vec::new();
    let mut run_id = 0;
    for part in parts(rows, shape.subsectors) {
        for (turn, row) in outward(&part, best, shape.direction).into_iter().enumerate() {
            let is_leftwards = turn % 2 == 1;
            for run in in_turn(&row.runs, is_leftwards) {
                for seat in in_turn(run, is_leftwards) {
                    seats.push(SnakeSeat {
                        row: row.label.clone(),
                        number: seat.number,
                        kind: seat.kind,
                        rank: i32::try_from(seats.len()).unwrap_or(i32::MAX),
                        run: run_id,
                    });
                }
                run_id += 1;
            }
        }
    }
    Ok(seats)
}

fn in_turn<T>(items: &[T], is_leftwards: bool) -> Vec<&T> {
    if is_leftwards {
        items.iter().rev().collect()
    } else {
        items.iter().collect()
    }
}

fn labels_twice(rows: &[Row]) -> Vec<BadSnake> {
    let (mut once, mut twice) = (BTreeSet::new(), BTreeSet::new());
    rows.iter()
        .map(|row| row.label.as_str())
        .filter(|label| !once.insert(*label) && twice.insert(*label))
        .map(|label| BadSnake::RowTwice(label.to_owned()))
        .collect()
}

/// Subsectors that cannot be; when all of them can, the first seat of each row that is in none.
fn wrong_subsectors(rows: &[Row], subsectors: &[(u16, u16)]) -> Vec<BadSnake> {
    let (mut ends, mut wrong) = (BTreeMap::new(), Vec::new());
    for (first, last) in subsectors {
        let before = ends.range(..=*last).next_back().map(|(_, end)| *end);
        if first > last || before.is_some_and(|end| end >= *first) {
            wrong.push(BadSnake::BadSubsector(*first, *last));
        } else {
            ends.insert(*first, *last);
        }
    }
    if subsectors.is_empty() || !wrong.is_empty() {
        return wrong;
    }
    let is_outside = |number: u16| {
        let before = ends.range(..=number).next_back();
        before.is_none_or(|(_, end)| *end < number)
    };
    let outside = |row: &Row| {
        let mut numbers = row.runs.iter().flatten().map(|seat| seat.number);
        let number = numbers.find(|number| is_outside(*number))?;
        let row = row.label.clone();
        Some(BadSnake::OutsideSubsectors { row, number })
    };
    rows.iter().filter_map(outside).collect()
}

/// The rows of each subsector: all labels in all of them, so that a best row without seats there is still where they begin.
fn parts(rows: &[Row], subsectors: &[(u16, u16)]) -> Vec<Vec<Row>> {
    if subsectors.is_empty() {
        return vec![rows.to_vec()];
    }
    let cut = |(first, last): &(u16, u16)| {
        rows.iter()
            .map(|row| within(row, |number| (*first..=*last).contains(&number)))
            .collect()
    };
    subsectors.iter().map(cut).collect()
}

fn within(row: &Row, is_in: impl Fn(u16) -> bool) -> Row {
    let kept = |run: &Vec<RowSeat>| -> Vec<RowSeat> {
        run.iter().copied().filter(|seat| is_in(seat.number)).collect()
    };
    Row {
        label: row.label.clone(),
        runs: row.runs.iter().map(kept).filter(|run| !run.is_empty()).collect(),
        technical: Vec::new(),
    }
}

/// Rows from `best` outward: one that way, one the other way, in turn; when one side is used up the other goes on.
fn outward(rows: &[Row], best: usize, direction: Direction) -> Vec<&Row> {
    let (below, from_best) = rows.split_at(best);
    let mut up = from_best.iter().skip(1);
    let mut down = below.iter().rev();
    let mut order: Vec<&Row> = from_best.first().into_iter().collect();
    while order.len() < rows.len() {
        match direction {
            Direction::BottomToTop => order.extend([up.next(), down.next()].into_iter().flatten()),
            Direction::TopToBottom => order.extend([down.next(), up.next()].into_iter().flatten()),
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stadiums::{Numbering, parse_row};

    fn rows(texts: &[(&str, &str)]) -> Vec<Row> {
        let row = |(label, seats): &(&str, &str)| parse_row(label, seats, Numbering::LeftToRight).unwrap();
        texts.iter().map(row).collect()
    }

    fn shape(best_row: &str, direction: Direction) -> Shape<'_> {
        Shape {
            best_row,
            direction,
            subsectors: &[],
        }
    }

    /// Row, number, run.
    fn walked(seats: &[SnakeSeat]) -> Vec<(&str, u16, i32)> {
        seats
            .iter()
            .map(|seat| (seat.row.as_str(), seat.number, seat.run))
            .collect()
    }

    #[test]
    fn the_snake_goes_outward_and_alternates() {
        let rows = rows(&[("1", "1-2|3"), ("2", "1-2|3"), ("3", "1-2|3")]);
        let order = snake(&rows, &shape("2", Direction::BottomToTop)).unwrap();
        let expected = [
            ("2", 1, 0),
            ("2", 2, 0),
            ("2", 3, 1),
            ("3", 3, 2),
            ("3", 2, 3),
            ("3", 1, 3),
            ("1", 1, 4),
            ("1", 2, 4),
            ("1", 3, 5),
        ];
        assert_eq!(walked(&order), expected);
    }

    #[test]
    fn a_best_row_at_the_edge_goes_one_way() {
        let rows = rows(&[("1", "1"), ("2", "1"), ("3", "1")]);
        let order = snake(&rows, &shape("3", Direction::BottomToTop)).unwrap();
        assert_eq!(walked(&order), [("3", 1, 0), ("2", 1, 1), ("1", 1, 2)]);
        let nowhere = snake(&rows, &shape("9", Direction::BottomToTop));
        assert_eq!(nowhere, Err(vec![BadSnake::NoBestRow("9".to_owned())]));
    }

    #[test]
    fn subsectors_are_walked_one_after_the_other_and_their_border_parts_neighbours() {
        let rows = rows(&[("1", "1-4"), ("2", "1-4")]);
        let halves = Shape {
            subsectors: &[(3, 4), (1, 2)],
            ..shape("1", Direction::BottomToTop)
        };
        let order = snake(&rows, &halves).unwrap();
        let expected = [
            ("1", 3, 0),
            ("1", 4, 0),
            ("2", 4, 1),
            ("2", 3, 1),
            ("1", 1, 2),
            ("1", 2, 2),
            ("2", 2, 3),
            ("2", 1, 3),
        ];
        assert_eq!(walked(&order), expected);
    }

    #[test]
    fn subsectors_that_overlap_or_leave_a_seat_out_are_refused() {
        let rows = rows(&[("1", "1-4")]);
        let of = |subsectors: &[(u16, u16)]| {
            let shape = Shape {
                subsectors,
                ..shape("1", Direction::BottomToTop)
            };
            snake(&rows, &shape).unwrap_err()
        };
        let outside = BadSnake::OutsideSubsectors {
            row: "1".to_owned(),
            number: 3,
        };
        assert_eq!(of(&[(1, 2), (4, 4)]), [outside]);
        for (first, last) in [(2, 4), (1, 1), (0, 9)] {
            let overlapping = BadSnake::BadSubsector(first, last);
            assert_eq!(of(&[(1, 2), (first, last)]), [overlapping]);
        }
        assert_eq!(of(&[(4, 1)]), [BadSnake::BadSubsector(4, 1)]);
    }

    #[test]
    fn everything_that_is_wrong_with_a_snake_is_named_once() {
        let rows = rows(&[("1", "1"), ("1", "1"), ("1", "1"), ("2", "1"), ("2", "5")]);
        let of = |subsectors: &[(u16, u16)]| {
            let shape = Shape {
                subsectors,
                ..shape("9", Direction::BottomToTop)
            };
            let wrong = snake(&rows, &shape).unwrap_err();
            let told: Vec<String> = wrong.iter().map(ToString::to_string).collect();
            told.join("; ")
        };
        let labels = "row 1 is there twice; row 2 is there twice; the best row 9 is not there";
        assert_eq!(
            of(&[(1, 2), (2, 3), (5, 4)]),
            format!(
                "{labels}; subsector 2-3 overlaps another one or ends before it begins; \
                 subsector 5-4 overlaps another one or ends before it begins"
            )
        );
        assert_eq!(
            of(&[(1, 4)]),
            format!("{labels}; seat 5 of row 2 is in no subsector")
        );
    }

    proptest! {
        #[test]
        fn every_seat_is_in_the_snake_exactly_once(
            count in 1_usize..12, best in 0_usize..12, up in any::<bool>(), parted in any::<bool>(),
        ) {
            let labels: Vec<String> = (0..count).map(|row| row.to_string()).collect();
            let texts: Vec<(&str, &str)> = labels.iter().map(|label| (label.as_str(), "1-4,5T,6-9|10")).collect();
            let best_row = (best % count).to_string();
            let shape = Shape {
                best_row: &best_row,
                direction: if up { Direction::BottomToTop } else { Direction::TopToBottom },
                subsectors: if parted { &[(1, 3), (4, 7), (8, 10)] } else { &[] },
            };
            let order = snake(&rows(&texts), &shape).unwrap();
            prop_assert_eq!(order.len(), count * 9);
            let distinct: BTreeSet<(&str, u16)> = order.iter().map(|seat| (seat.row.as_str(), seat.number)).collect();
            prop_assert_eq!(distinct.len(), order.len());
            prop_assert!(order.iter().zip(0..).all(|(seat, rank)| seat.rank == rank));
        }
    }
}
