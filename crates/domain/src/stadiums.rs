//! Stadiums: rows as text, and the snake that orders a sector's seats (E2-F3, E2-F10, E4-F3; grammar in
//! `data/stadiums/README.md`).

use std::collections::BTreeSet;

/// What a seat is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
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

/// Where the snake turns first when it leaves the best row. Rows are given from the pitch upwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Direction {
    /// Down, towards the pitch.
    TopToBottom,
    /// Up, away from it.
    BottomToTop,
}

/// A row as read from its text: runs of neighbours, and seats that are never sold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What the sign says.
    pub label: String,
    /// Stretches of neighbours for sale, left to right.
    pub runs: Vec<Vec<RowSeat>>,
    /// Technical seats.
    pub technical: Vec<u16>,
}

/// A seat for sale in its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowSeat {
    /// The number on it.
    pub number: u16,
    /// What it is.
    pub kind: SeatKind,
}

/// Why a stadium file is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadStadium {
    /// Not a row in the grammar.
    #[error("row {row}: `{item}` is no seat, range of seats or kind")]
    Item {
        /// The row's label.
        row: String,
        /// What could not be read.
        item: String,
    },
    /// Numbers must grow from left to right.
    #[error("row {row}: seat {number} does not come after the one before it")]
    Order {
        /// The row's label.
        row: String,
        /// The seat.
        number: u16,
    },
    /// Two rows of a sector have one label.
    #[error("row {row} is there twice")]
    RowTwice {
        /// The label.
        row: String,
    },
    /// The best row is not a row of the sector.
    #[error("the best row {row} is not there")]
    NoBestRow {
        /// The label.
        row: String,
    },
}

/// Reads a row, such as `1W,2C|3-5,6-7T,8-9`.
///
/// # Errors
/// [`BadStadium::Item`] or [`BadStadium::Order`].
pub fn parse_row(label: &str, seats: &str) -> Result<Row, BadStadium> {
    let mut row = Row {
        label: label.to_owned(),
        runs: Vec::new(),
        technical: Vec::new(),
    };
    let mut last = 0;
    for run in seats.split('|') {
        let mut open: Vec<RowSeat> = Vec::new();
        for item in run.split(',') {
            let bad = || BadStadium::Item {
                row: label.to_owned(),
                item: item.to_owned(),
            };
            let (first, end, kind) = parse_item(item).ok_or_else(bad)?;
            if first <= last {
                return Err(BadStadium::Order {
                    row: label.to_owned(),
                    number: first,
                });
            }
            last = end;
            match kind {
                SeatKind::Technical => {
                    row.technical.extend(first..=end);
                    row.runs
                        .extend(Some(std::mem::take(&mut open)).filter(|run| !run.is_empty()));
                }
                SeatKind::Standard | SeatKind::Wheelchair | SeatKind::Companion => {
                    open.extend((first..=end).map(|number| RowSeat { number, kind }));
                }
            }
        }
        row.runs.extend(Some(open).filter(|run| !run.is_empty()));
    }
    Ok(row)
}

fn parse_item(item: &str) -> Option<(u16, u16, SeatKind)> {
    let (range, kind) = match item.char_indices().last()? {
        (at, 'T') => (item.get(..at)?, SeatKind::Technical),
        (at, 'W') => (item.get(..at)?, SeatKind::Wheelchair),
        (at, 'C') => (item.get(..at)?, SeatKind::Companion),
        _ => (item, SeatKind::Standard),
    };
    let number = |text: &str| -> Option<u16> {
        let is_plain = text.chars().all(|c| c.is_ascii_digit()) && !text.starts_with('0');
        text.parse()
            .ok()
            .filter(|number| is_plain && (1..=999).contains(number))
    };
    match range.split_once('-') {
        None => number(range).map(|one| (one, one, kind)),
        Some((first, end)) => {
            let (first, end) = (number(first)?, number(end)?);
            (first < end).then_some((first, end, kind))
        }
    }
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

/// Orders a sector's seats for sale: from the best row outward, one row to each side in turn, and within rows left to
/// right and right to left in turn.
///
/// # Errors
/// [`BadStadium::RowTwice`] or [`BadStadium::NoBestRow`].
pub fn snake(rows: &[Row], best_row: &str, direction: Direction) -> Result<Vec<SnakeSeat>, BadStadium> {
    let mut labels = BTreeSet::new();
    if let Some(twice) = rows.iter().find(|row| !labels.insert(row.label.as_str())) {
        return Err(BadStadium::RowTwice {
            row: twice.label.clone(),
        });
    }
    let best = rows
        .iter()
        .position(|row| row.label == best_row)
        .ok_or_else(|| BadStadium::NoBestRow {
            row: best_row.to_owned(),
        })?;

    let mut seats = Vec::new();
    let (mut rank, mut run_id) = (0, 0);
    for (turn, row) in outward(rows, best, direction).into_iter().enumerate() {
        let leftwards = turn % 2 == 1;
        let runs: Vec<&Vec<RowSeat>> = if leftwards {
            row.runs.iter().rev().collect()
        } else {
            row.runs.iter().collect()
        };
        for run in runs {
            let ordered: Vec<&RowSeat> = if leftwards {
                run.iter().rev().collect()
            } else {
                run.iter().collect()
            };
            for seat in ordered {
                seats.push(SnakeSeat {
                    row: row.label.clone(),
                    number: seat.number,
                    kind: seat.kind,
                    rank,
                    run: run_id,
                });
                rank += 1;
            }
            run_id += 1;
        }
    }
    Ok(seats)
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

    fn numbers(seats: &[SnakeSeat]) -> Vec<(String, u16, i32)> {
        seats
            .iter()
            .map(|seat| (seat.row.clone(), seat.number, seat.run))
            .collect()
    }

    #[test]
    fn a_row_reads_as_its_grammar_says() {
        let row = parse_row("3", "1W,2C|3-5,6-7T,8-9").unwrap();
        let runs: Vec<Vec<u16>> = row
            .runs
            .iter()
            .map(|run| run.iter().map(|seat| seat.number).collect())
            .collect();
        assert_eq!(runs, [vec![1, 2], vec![3, 4, 5], vec![8, 9]]);
        assert_eq!(row.technical, [6, 7]);
        assert_eq!(row.runs[0][0].kind, SeatKind::Wheelchair);
    }

    #[test]
    fn what_is_no_row_is_refused_by_its_item() {
        for bad in [
            "", "1-", "5-3", "0", "01", "1X", "1,,2", "1000", "3-3", "-2", "1–2",
        ] {
            assert!(
                matches!(parse_row("1", bad), Err(BadStadium::Item { .. })),
                "{bad}"
            );
        }
        assert_eq!(
            parse_row("1", "1-5|5-7"),
            Err(BadStadium::Order {
                row: "1".into(),
                number: 5
            })
        );
    }

    #[test]
    fn the_snake_goes_outward_and_alternates() {
        let rows: Vec<Row> = ["1", "2", "3"]
            .iter()
            .map(|label| parse_row(label, "1-2|3").unwrap())
            .collect();
        let order = snake(&rows, "2", Direction::BottomToTop).unwrap();
        let expected: Vec<(String, u16, i32)> = [
            ("2", 1, 0),
            ("2", 2, 0),
            ("2", 3, 1),
            ("3", 3, 2),
            ("3", 2, 3),
            ("3", 1, 3),
            ("1", 1, 4),
            ("1", 2, 4),
            ("1", 3, 5),
        ]
        .map(|(row, number, run)| (row.to_owned(), number, run))
        .to_vec();
        assert_eq!(numbers(&order), expected);
    }

    #[test]
    fn a_best_row_at_the_edge_goes_one_way() {
        let rows: Vec<Row> = ["1", "2", "3"]
            .iter()
            .map(|label| parse_row(label, "1").unwrap())
            .collect();
        let order = snake(&rows, "3", Direction::BottomToTop).unwrap();
        assert_eq!(
            order.iter().map(|seat| seat.row.as_str()).collect::<Vec<_>>(),
            ["3", "2", "1"]
        );
        assert!(snake(&rows, "9", Direction::BottomToTop).is_err());
    }

    proptest! {
        #[test]
        fn every_seat_is_in_the_snake_exactly_once(count in 1_usize..12, best in 0_usize..12, up in any::<bool>()) {
            let rows: Vec<Row> = (0..count).map(|row| parse_row(&row.to_string(), "1-4,5T,6-9|10").unwrap()).collect();
            let direction = if up { Direction::BottomToTop } else { Direction::TopToBottom };
            let order = snake(&rows, &(best % count).to_string(), direction).unwrap();
            prop_assert_eq!(order.len(), count * 9);
            let distinct: BTreeSet<(String, u16)> = order.iter().map(|seat| (seat.row.clone(), seat.number)).collect();
            prop_assert_eq!(distinct.len(), order.len());
            prop_assert!(order.iter().zip(0..).all(|(seat, rank)| seat.rank == rank));
        }
    }
}
