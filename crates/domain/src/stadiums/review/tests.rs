use super::*;
use crate::stadiums::{Direction, Numbering, SectorKind, SubsectorDraft};

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
            "sector A, row 1: seat 2 does not come after the one before it: it is there twice, or out of turn",
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

#[test]
fn a_row_that_does_not_read_hides_nothing_else_of_its_sector() {
    let rows = [("1", "1-3,x"), ("2", "1"), ("2", "1"), ("1", "1"), ("3", "7")];
    let mut wrong = sector("A", &rows);
    wrong.snake = Some(SnakeDraft {
        best_row: "9".to_owned(),
        direction: Direction::BottomToTop,
        subsectors: vec![SubsectorDraft { first: 1, last: 3 }],
    });
    let without_snake = SectorDraft {
        snake: None,
        ..sector("B", &[("1", "y")])
    };
    assert_eq!(
        told(&check(stadium(vec![wrong, without_snake])).unwrap_err()),
        [
            "sector A, row 1: `x` is no seat, range of seats or kind",
            "sector A: row 2 is there twice",
            "sector A: row 1 is there twice",
            "sector A: the best row 9 is not there",
            "sector A: seat 7 of row 3 is in no subsector",
            "sector B: a sector has either rows and a snake, or places without numbers",
            "sector B, row 1: `y` is no seat, range of seats or kind",
        ]
    );
}

#[test]
fn seats_beyond_the_limit_are_counted_and_not_made() {
    let labels: Vec<String> = (1..=300).map(|label| label.to_string()).collect();
    let rows: Vec<(&str, &str)> = labels.iter().map(|row| (row.as_str(), "1-998,999T")).collect();
    let without_numbers = |code: u32| SectorDraft {
        snake: None,
        places: Some(PlacesDraft {
            total: 10_000,
            technical: 0,
        }),
        ..sector(&code.to_string(), &[])
    };
    for sectors in [
        vec![sector("A", &rows)],
        (0..49_000).map(without_numbers).collect(),
    ] {
        let mut review = Review::default();
        let made: usize = sectors.iter().map(|one| review.sector(one).seats.len()).sum();
        assert!(made <= SEATS_MAX, "{made}");
    }
    let both = vec![sector("A", &rows), without_numbers(1), sector("B", &[("1", "x")])];
    assert_eq!(
        told(&check(stadium(both)).unwrap_err()),
        [
            "sector A: a sector has at most 10000 seats: make it two",
            "sector B, row 1: `x` is no seat, range of seats or kind",
            "stadium: 309700 seats are more than any stadium has (150000)",
        ]
    );
}
