//! A stadium as a list of seats, one a line: what a spreadsheet of a venue holds.

use std::collections::BTreeMap;

use super::draft::{SectorDraft, SectorKind, SnakeDraft};
use super::{Direction, Numbering, RowDraft, SeatKind, parse_row, row_text};

/// A line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedSeat {
    /// Where it stands in the list, counted from 1.
    pub line: u64,
    /// Its sector's code.
    pub sector: String,
    /// Its row's label.
    pub row: String,
    /// Its number.
    pub number: u16,
    /// What it is.
    pub kind: SeatKind,
}

/// Two lines that name one seat.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {second}: this seat is in line {first} already")]
pub struct ListedTwice {
    /// The line that counts.
    pub first: u64,
    /// The line that is too much.
    pub second: u64,
}

/// The sectors that a list of seats describes, in the order of their first lines; so are their rows, from the pitch upwards.
/// Where a number is missing there is a gap. The middle row is the best one: a list does not say which is.
///
/// # Errors
/// Every seat that is there twice.
pub fn sectors_of(seats: &[ListedSeat]) -> Result<Vec<SectorDraft>, Vec<ListedTwice>> {
    let mut order: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut found: BTreeMap<(&str, &str), BTreeMap<u16, &ListedSeat>> = BTreeMap::new();
    let mut twice = Vec::new();
    for seat in seats {
        let (sector, row) = (seat.sector.as_str(), seat.row.as_str());
        let in_row = found.entry((sector, row)).or_insert_with(|| {
            match order.iter_mut().find(|(code, _)| *code == sector) {
                Some((_, rows)) => rows.push(row),
                None => order.push((sector, vec![row])),
            }
            BTreeMap::new()
        });
        match in_row.get(&seat.number) {
            Some(first) => twice.push(ListedTwice {
                first: first.line,
                second: seat.line,
            }),
            None => {
                in_row.insert(seat.number, seat);
            }
        }
    }
    if !twice.is_empty() {
        return Err(twice);
    }
    let draft = |(code, labels): &(&str, Vec<&str>)| {
        let text = |label: &&str| found.get(&(*code, *label)).map(stretches).unwrap_or_default();
        let row = |label: &&str| RowDraft {
            label: (*label).to_owned(),
            seats: row_text(&text(label)),
            numbering: Numbering::LeftToRight,
        };
        let middle = labels.get(labels.len() / 2);
        SectorDraft {
            code: (*code).to_owned(),
            name: (*code).to_owned(),
            stand: (*code).to_owned(),
            kind: SectorKind::Standard,
            price_category: 1,
            snake: Some(SnakeDraft {
                best_row: middle.map(|label| (*label).to_owned()).unwrap_or_default(),
                direction: Direction::BottomToTop,
                subsectors: Vec::new(),
            }),
            places: None,
            rows: labels.iter().map(row).collect(),
        }
    };
    Ok(order.iter().map(draft).collect())
}

/// Whether a list of its seats says the same of a sector: then nothing is lost when a list takes its place.
#[must_use]
pub fn is_as_listed(sector: &SectorDraft) -> bool {
    let mut list = Vec::new();
    for draft in &sector.rows {
        let Ok(row) = parse_row(&draft.label, &draft.seats, draft.numbering) else {
            return false;
        };
        let for_sale = row.runs.iter().flatten().map(|seat| (seat.number, seat.kind));
        let technical = row.technical.iter().map(|number| (*number, SeatKind::Technical));
        list.extend(for_sale.chain(technical).map(|(number, kind)| ListedSeat {
            line: 0,
            sector: sector.code.clone(),
            row: draft.label.clone(),
            number,
            kind,
        }));
    }
    sectors_of(&list).is_ok_and(|listed| listed == [sector.clone()])
}

/// Seats with one number after the other stand together.
fn stretches(row: &BTreeMap<u16, &ListedSeat>) -> Vec<Vec<(u16, SeatKind)>> {
    let mut stretches: Vec<Vec<(u16, SeatKind)>> = Vec::new();
    for (number, seat) in row {
        let follows =
            |last: &&mut Vec<(u16, SeatKind)>| last.last().is_some_and(|(before, _)| before + 1 == *number);
        match stretches.last_mut().filter(follows) {
            Some(stretch) => stretch.push((*number, seat.kind)),
            None => stretches.push(vec![(*number, seat.kind)]),
        }
    }
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(lines: &[(&str, &str, u16)]) -> Vec<ListedSeat> {
        let seat = |(line, (sector, row, number)): (u64, &(&str, &str, u16))| ListedSeat {
            line,
            sector: (*sector).to_owned(),
            row: (*row).to_owned(),
            number: *number,
            kind: SeatKind::Standard,
        };
        (2..).zip(lines).map(seat).collect()
    }

    #[test]
    fn a_list_in_any_order_of_seats_is_sectors_with_rows_and_gaps() {
        let sectors = sectors_of(&list(&[
            ("B", "1", 2),
            ("A", "1", 1),
            ("B", "1", 1),
            ("B", "2", 7),
            ("B", "1", 4),
        ]))
        .unwrap();
        let b = &sectors[0];
        let rows: Vec<(&str, &str)> = b
            .rows
            .iter()
            .map(|row| (row.label.as_str(), row.seats.as_str()))
            .collect();
        assert_eq!(rows, [("1", "1-2|4"), ("2", "7")]);
        assert_eq!(
            (b.code.as_str(), b.snake.as_ref().unwrap().best_row.as_str()),
            ("B", "2")
        );
        assert_eq!(sectors[1].code, "A");
    }

    #[test]
    fn a_sector_of_which_more_is_said_than_its_seats_is_not_as_listed() {
        let sectors = sectors_of(&list(&[("A", "1", 1), ("A", "2", 1)])).unwrap();
        let listed = &sectors[0];
        assert!(is_as_listed(listed));
        let changes: [fn(&mut SectorDraft); 8] = [
            |sector| sector.name = "Zona A".to_owned(),
            |sector| sector.stand = "WEST".to_owned(),
            |sector| sector.kind = SectorKind::Vip,
            |sector| sector.price_category = 2,
            |sector| sector.snake.as_mut().unwrap().best_row = "1".to_owned(),
            |sector| sector.rows[0].numbering = Numbering::RightToLeft,
            |sector| sector.rows[0].seats = "1|2".to_owned(),
            |sector| sector.rows[1].seats = "1,3".to_owned(),
        ];
        for change in changes {
            let mut more = listed.clone();
            change(&mut more);
            assert!(!is_as_listed(&more), "{more:?}");
        }
    }

    #[test]
    fn every_seat_that_is_there_twice_is_named_by_both_lines() {
        let twice = sectors_of(&list(&[
            ("A", "1", 1),
            ("A", "1", 2),
            ("A", "1", 1),
            ("A", "1", 2),
        ]))
        .unwrap_err();
        let told: Vec<String> = twice.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "line 4: this seat is in line 2 already",
                "line 5: this seat is in line 3 already"
            ]
        );
    }
}
