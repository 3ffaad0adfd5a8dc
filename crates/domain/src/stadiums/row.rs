//! A row as text: `1W,2C|3-5,6-7T,8-9`.

use super::SeatKind;

/// Highest seat number: what a row's text takes.
const NUMBER_MAX: u16 = 999;

/// From which side a row's seats are counted, as seen from the pitch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Numbering {
    /// 1 is the leftmost.
    #[default]
    LeftToRight,
    /// 1 is the rightmost.
    RightToLeft,
}

/// A row as read from its text: runs of neighbours, and seats that are never sold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
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

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRow {
    /// Not in the grammar.
    #[error("`{0}` is no seat, range of seats or kind")]
    Item(String),
    /// A number is there twice, or out of turn.
    #[error("seat {0} does not come after the one before it: it is there twice, or out of turn")]
    Order(u16),
}

/// Reads a row, such as `1W,2C|3-5,6-7T,8-9`: its numbers grow in the direction in which the row is counted.
///
/// # Errors
/// Everything that is wrong with it, from its beginning to its end.
pub fn parse_row(label: &str, seats: &str, numbering: Numbering) -> Result<Row, Vec<BadRow>> {
    let mut row = Row {
        label: label.to_owned(),
        runs: Vec::new(),
        technical: Vec::new(),
    };
    let (mut last, mut wrong) = (0, Vec::new());
    for run in seats.split('|') {
        let mut open: Vec<RowSeat> = Vec::new();
        for item in run.split(',') {
            let Some((first, end, kind)) = parse_item(item) else {
                wrong.push(BadRow::Item(item.to_owned()));
                continue;
            };
            if first <= last {
                wrong.push(BadRow::Order(first));
            }
            last = last.max(end);
            // Numbers that grow end at the highest one; a row that repeats them could have any number of seats.
            if !wrong.is_empty() {
                continue;
            }
            if kind.is_for_sale() {
                open.extend((first..=end).map(|number| RowSeat { number, kind }));
            } else {
                row.technical.extend(first..=end);
                row.close(&mut open);
            }
        }
        row.close(&mut open);
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    if numbering == Numbering::RightToLeft {
        row.runs.reverse();
        row.runs.iter_mut().for_each(|run| run.reverse());
    }
    Ok(row)
}

impl Row {
    fn close(&mut self, open: &mut Vec<RowSeat>) {
        if !open.is_empty() {
            self.runs.push(std::mem::take(open));
        }
    }

    /// Seats that can be sold.
    #[must_use]
    pub fn for_sale(&self) -> usize {
        self.runs.iter().map(Vec::len).sum()
    }

    /// All seats, technical ones among them.
    #[must_use]
    pub fn seats(&self) -> usize {
        self.for_sale() + self.technical.len()
    }
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
            .filter(|number| is_plain && (1..=NUMBER_MAX).contains(number))
    };
    match range.split_once('-') {
        None => number(range).map(|one| (one, one, kind)),
        Some((first, end)) => {
            let (first, end) = (number(first)?, number(end)?);
            (first < end).then_some((first, end, kind))
        }
    }
}

/// The text of a row whose stretches of neighbours are these, technical seats among them, in the order of their numbers.
#[must_use]
pub fn row_text(stretches: &[Vec<(u16, SeatKind)>]) -> String {
    let texts: Vec<String> = stretches.iter().map(|stretch| stretch_text(stretch)).collect();
    texts.join("|")
}

fn stretch_text(seats: &[(u16, SeatKind)]) -> String {
    let mut items: Vec<(u16, u16, SeatKind)> = Vec::new();
    for (number, kind) in seats {
        match items.last_mut() {
            Some((_, end, of)) if of == kind && *end + 1 == *number => *end = *number,
            _ => items.push((*number, *number, *kind)),
        }
    }
    let text = |(first, end, kind): &(u16, u16, SeatKind)| {
        let letter = match kind {
            SeatKind::Standard => "",
            SeatKind::Technical => "T",
            SeatKind::Wheelchair => "W",
            SeatKind::Companion => "C",
        };
        if first == end {
            format!("{first}{letter}")
        } else {
            format!("{first}-{end}{letter}")
        }
    };
    items.iter().map(text).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn numbers(row: &Row) -> Vec<Vec<u16>> {
        let run = |run: &Vec<RowSeat>| run.iter().map(|seat| seat.number).collect();
        row.runs.iter().map(run).collect()
    }

    #[test]
    fn a_row_reads_as_its_grammar_says() {
        let row = parse_row("3", "1W,2C|3-5,6-7T,8-9", Numbering::LeftToRight).unwrap();
        assert_eq!(numbers(&row), [vec![1, 2], vec![3, 4, 5], vec![8, 9]]);
        assert_eq!(row.technical, [6, 7]);
        assert_eq!(row.runs[0][0].kind, SeatKind::Wheelchair);
        assert_eq!(row.for_sale(), 7);
    }

    #[test]
    fn a_row_counted_from_the_right_stands_the_other_way_round() {
        let row = parse_row("3", "1-2|3-5", Numbering::RightToLeft).unwrap();
        assert_eq!(numbers(&row), [vec![5, 4, 3], vec![2, 1]]);
    }

    #[test]
    fn what_is_no_row_is_refused_by_its_item() {
        for bad in ["", "1-", "5-3", "0", "01", "1X", "1000", "3-3", "-2", "1–2"] {
            let refused = parse_row("1", bad, Numbering::LeftToRight);
            assert_eq!(refused, Err(vec![BadRow::Item(bad.to_owned())]), "{bad}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_named_at_once() {
        assert_eq!(
            parse_row("1", "1-5|5-7,x,3,,9", Numbering::LeftToRight),
            Err(vec![
                BadRow::Order(5),
                BadRow::Item("x".to_owned()),
                BadRow::Order(3),
                BadRow::Item(String::new()),
            ])
        );
    }

    fn kind() -> impl Strategy<Value = SeatKind> {
        prop_oneof![
            5 => Just(SeatKind::Standard),
            1 => Just(SeatKind::Technical),
            1 => Just(SeatKind::Wheelchair),
            1 => Just(SeatKind::Companion),
        ]
    }

    proptest! {
        #[test]
        fn a_row_that_is_written_reads_as_the_same_seats(
            steps in proptest::collection::vec((1_u16..3, kind(), any::<bool>()), 1..60),
        ) {
            let (mut number, mut stretches) = (0, vec![Vec::new()]);
            for (step, kind, is_new) in steps {
                number += step;
                if is_new && stretches.last().is_some_and(|last: &Vec<_>| !last.is_empty()) {
                    stretches.push(Vec::new());
                }
                stretches.last_mut().unwrap().push((number, kind));
            }
            let row = parse_row("1", &row_text(&stretches), Numbering::LeftToRight).unwrap();
            let all = stretches.concat();
            let technical: Vec<u16> = all.iter().filter(|seat| !seat.1.is_for_sale()).map(|seat| seat.0).collect();
            prop_assert_eq!(&row.technical, &technical);
            let sold: Vec<(u16, SeatKind)> = row.runs.concat().iter().map(|seat| (seat.number, seat.kind)).collect();
            let wanted: Vec<(u16, SeatKind)> = all.into_iter().filter(|seat| seat.1.is_for_sale()).collect();
            prop_assert_eq!(sold, wanted);
        }
    }
}
