//! Stadiums as files: our JSON (`data/stadiums/README.md`), and a list of seats as CSV.

use domain::stadiums::{
    Doubt, ListedSeat, Mistake, Place, Plan, SeatKind, SectorDraft, StadiumDraft, StadiumKind, check,
    is_as_listed, sectors_of,
};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::reading;
use crate::tables::{self, Row};

/// Of a list of seats; the last one may be left out.
const HEAD: [&str; 4] = ["sector", "row", "seat", "kind"];

const BAD_HEAD: &str = "line 1: the head must be sector,row,seat or sector,row,seat,kind";
const NOT_A_LIST: &str = "this is JSON, and was to be read as a list of seats (CSV): for our JSON name the other format, \
    --format stadium or ?format=STADIUM";
const NOT_JSON: &str = "this is no JSON, and was to be read as our JSON, which begins with {: for a list of seats (CSV) name the \
    other format, --format seat-list or ?format=SEAT_LIST, with name, city and country";

/// Mistakes that are named; with more than that the file is another file.
pub const MISTAKES_NAMED_MAX: usize = 1_000;

/// What a seat of a category costs, unless a match says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceCategory {
    /// Unique in the stadium; sectors name it.
    pub code: i32,
    /// As people call it.
    pub name: String,
    /// Until the end of the day before the match; EUR, VAT included.
    pub presale_price: Decimal,
    /// On match day.
    pub match_day_price: Decimal,
}

impl PriceCategory {
    /// Of a list of seats, which says no prices.
    fn unpriced() -> Self {
        Self {
            code: 1,
            name: "1".to_owned(),
            presale_price: Decimal::ZERO,
            match_day_price: Decimal::ZERO,
        }
    }
}

/// A stadium file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StadiumFile {
    /// As people call it.
    pub name: String,
    /// Where it is.
    pub city: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Whose ground it is.
    #[serde(default)]
    pub kind: StadiumKind,
    /// Seats for sale, if somebody has counted them: then it must be true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<usize>,
    /// What seats cost.
    #[serde(default)]
    pub price_categories: Vec<PriceCategory>,
    /// From the west, as the clock goes.
    pub sectors: Vec<SectorDraft>,
}

impl StadiumFile {
    /// Whether it says nothing but seats: then nothing is lost when a list of seats takes its place.
    pub(super) fn is_as_listed(&self) -> bool {
        self.kind == StadiumKind::Home
            && self.price_categories == [PriceCategory::unpriced()]
            && self.sectors.iter().all(is_as_listed)
    }
}

/// A file that was read and checked whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedFile {
    /// Whose ground it is.
    pub kind: StadiumKind,
    /// Its prices.
    pub price_categories: Vec<PriceCategory>,
    /// Its seats.
    pub plan: Plan,
    /// Whether it was a list of seats: kind, prices and snakes are not what anybody said.
    pub is_seat_list: bool,
}

/// What is wrong with a file, in words, by its beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistakes(pub Vec<String>);

impl Mistakes {
    /// How many there are.
    #[must_use]
    pub fn counted(&self) -> String {
        let mistakes = if self.0.len() == 1 { "mistake" } else { "mistakes" };
        format!("{} {mistakes}", self.0.len())
    }
}

impl std::fmt::Display for Mistakes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}; nothing was imported", self.counted())?;
        for mistake in self.0.iter().take(MISTAKES_NAMED_MAX) {
            writeln!(f, "  {mistake}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

impl CheckedFile {
    /// The category of this code.
    #[must_use]
    pub fn category(&self, code: i32) -> Option<&PriceCategory> {
        self.price_categories
            .iter()
            .find(|category| category.code == code)
    }

    /// What should be looked at, in words.
    #[must_use]
    pub fn doubts(&self) -> Vec<String> {
        let told = |doubt: &Doubt| format!("{}: {}", doubt.place, doubt.what);
        self.plan.doubts.iter().map(told).collect()
    }

    /// Reads our JSON.
    ///
    /// # Errors
    /// [`Mistakes`]: all that does not fit the format; or, when everything does, all that is wrong with what it says.
    pub fn from_json(text: &str) -> Result<Self, Mistakes> {
        if !text.trim_start_matches('\u{feff}').trim_start().starts_with('{') {
            return Err(Mistakes(vec![NOT_JSON.to_owned()]));
        }
        Self::of(reading::read(text)?)
    }

    /// Checks a file that was read.
    ///
    /// # Errors
    /// [`Mistakes`], all of them.
    pub fn of(file: StadiumFile) -> Result<Self, Mistakes> {
        let mut mistakes = wrong_prices(&file);
        let (kind, price_categories) = (file.kind, file.price_categories);
        let checked = check(StadiumDraft {
            name: file.name,
            city: file.city,
            country: file.country,
            capacity: file.capacity,
            sectors: file.sectors,
        });
        match checked {
            Ok(plan) if mistakes.is_empty() => Ok(Self {
                kind,
                price_categories,
                plan,
                is_seat_list: false,
            }),
            Ok(_) => Err(Mistakes(mistakes)),
            Err(others) => {
                mistakes.extend(others.iter().map(told));
                Err(Mistakes(mistakes))
            }
        }
    }

    /// Reads a list of seats: a line `sector,row,seat` or `sector,row,seat,kind` each, after a head that says which.
    ///
    /// # Errors
    /// [`Mistakes`], all of them, by line.
    pub fn from_seat_list(text: &str, (name, city, country): (&str, &str, &str)) -> Result<Self, Mistakes> {
        let seats = read_list(text)?;
        let sectors =
            sectors_of(&seats).map_err(|twice| Mistakes(twice.iter().map(ToString::to_string).collect()))?;
        let checked = Self::of(StadiumFile {
            name: name.to_owned(),
            city: city.to_owned(),
            country: country.to_owned(),
            kind: StadiumKind::Home,
            capacity: None,
            price_categories: vec![PriceCategory::unpriced()],
            sectors,
        })?;
        Ok(Self {
            is_seat_list: true,
            ..checked
        })
    }

    /// As a file again, with its seats counted.
    #[must_use]
    pub fn to_file(&self) -> StadiumFile {
        let draft = self.plan.draft.clone();
        StadiumFile {
            name: draft.name,
            city: draft.city,
            country: draft.country,
            kind: self.kind,
            capacity: Some(self.plan.capacity()),
            price_categories: self.price_categories.clone(),
            sectors: draft.sectors,
        }
    }
}

fn told(mistake: &Mistake) -> String {
    format!("{}: {}", mistake.place, mistake.what)
}

fn wrong_prices(file: &StadiumFile) -> Vec<String> {
    let mut wrong = Vec::new();
    let here = Place::default();
    for (number, category) in file.price_categories.iter().enumerate() {
        let code = category.code;
        if file
            .price_categories
            .iter()
            .take(number)
            .any(|other| other.code == code)
        {
            wrong.push(format!("{here}: there is another price category {code}"));
        }
        for price in [category.presale_price, category.match_day_price] {
            if price.is_sign_negative() || price.scale() > 2 || price > Decimal::from(100_000) {
                wrong.push(format!(
                    "{here}: price category {code}: {price} is no price in euros and cents"
                ));
            }
        }
    }
    for sector in &file.sectors {
        if !file
            .price_categories
            .iter()
            .any(|category| category.code == sector.price_category)
        {
            let (code, category) = (&sector.code, sector.price_category);
            wrong.push(format!("sector {code}: there is no price category {category}"));
        }
    }
    wrong
}

fn read_list(text: &str) -> Result<Vec<ListedSeat>, Mistakes> {
    let mut rows = tables::read(text);
    let head = rows.next().and_then(|row| row.cells.ok()).unwrap_or_default();
    let columns = [3, 4]
        .into_iter()
        .find(|count| tables::is_head(&head, &HEAD[..*count]));
    let Some(columns) = columns else {
        let is_json = text.trim_start().starts_with('{');
        let wrong = if is_json { NOT_A_LIST } else { BAD_HEAD };
        return Err(Mistakes(vec![wrong.to_owned()]));
    };
    let (mut seats, mut wrong) = (Vec::new(), Vec::new());
    for Row { line, cells } in rows {
        match cells
            .map_err(str::to_owned)
            .and_then(|cells| read_seat(&cells, columns))
        {
            Ok((sector, row, number, kind)) => seats.push(ListedSeat {
                line,
                sector,
                row,
                number,
                kind,
            }),
            Err(what) => wrong.push((line, format!("line {line}: {what}"))),
        }
    }
    if wrong.is_empty() {
        return Ok(seats);
    }
    // What is there twice is told at once, too.
    wrong.extend(
        sectors_of(&seats)
            .err()
            .into_iter()
            .flatten()
            .map(|twice| (twice.second, twice.to_string())),
    );
    wrong.sort();
    Err(Mistakes(wrong.into_iter().map(|(_, mistake)| mistake).collect()))
}

fn read_seat(cells: &[String], columns: usize) -> Result<(String, String, u16, SeatKind), String> {
    if cells.len() != columns {
        return Err(format!("{} cells instead of {columns}", cells.len()));
    }
    let (sector, row, seat, kind) = match cells {
        [sector, row, seat] => (sector, row, seat, "STANDARD"),
        [sector, row, seat, kind] => (sector, row, seat, kind.as_str()),
        _ => return Err("too many cells".to_owned()),
    };
    if sector.is_empty() || row.is_empty() {
        return Err("a seat needs a sector and a row".to_owned());
    }
    let number = seat.parse().ok().filter(|number| (1..=999).contains(number));
    let number = number.ok_or_else(|| format!("`{seat}` is no seat number from 1 to 999"))?;
    let kind = SeatKind::parse(kind)
        .ok_or_else(|| format!("`{kind}` is none of STANDARD, TECHNICAL, WHEELCHAIR, COMPANION"))?;
    Ok((sector.clone(), row.clone(), number, kind))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_committed_stadium_is_read_whole_and_written_as_it_was() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/stadiums");
        let mut read = 0;
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let checked = CheckedFile::from_json(&text).unwrap();
            for sector in &checked.plan.sectors {
                let ranks: BTreeSet<i32> = sector.seats.iter().map(|seat| seat.rank).collect();
                assert_eq!(ranks.len(), sector.seats.len(), "{path:?} {}", sector.code);
            }
            let again = serde_json::to_string(&checked.to_file()).unwrap();
            assert_eq!(CheckedFile::from_json(&again).unwrap(), checked, "{path:?}");
            read += 1;
        }
        assert_eq!(read, 5);
    }

    #[test]
    fn a_list_of_seats_names_every_bad_line() {
        let list = "sector,row,seat,kind\nA,1,1,STANDARD\nA,1,0,STANDARD\nA,1\n,1,2,STANDARD\nA,1,2,SOFA\n\nA,1,3,WHEELCHAIR\n";
        let mistakes = CheckedFile::from_seat_list(list, ("Igralište", "Split", "HR")).unwrap_err();
        assert_eq!(
            mistakes.0,
            [
                "line 3: `0` is no seat number from 1 to 999",
                "line 4: 2 cells instead of 4",
                "line 5: a seat needs a sector and a row",
                "line 6: `SOFA` is none of STANDARD, TECHNICAL, WHEELCHAIR, COMPANION",
            ]
        );
    }

    #[test]
    fn a_list_of_seats_is_a_stadium_without_prices_yet() {
        let list = "sector,row,seat\r\nA,1,1\r\nA,1,2\r\nA,1,4\r\nA,2,1\r\n";
        let checked = CheckedFile::from_seat_list(list, ("Igralište", "Split", "HR")).unwrap();
        assert_eq!(checked.plan.capacity(), 4);
        assert_eq!(checked.plan.draft.sectors[0].rows[0].seats, "1-2|4");
        assert!(CheckedFile::from_seat_list("a,b\n", ("Igralište", "Split", "HR")).is_err());
        let of_a_spreadsheet = list.replace(',', ";");
        let same = CheckedFile::from_seat_list(&of_a_spreadsheet, ("Igralište", "Split", "HR"));
        assert_eq!(same, Ok(checked));
    }

    #[test]
    fn a_file_of_the_other_format_is_told_how_to_name_it() {
        let place = ("Igralište", "Split", "HR");
        let told = |read: Result<CheckedFile, Mistakes>| read.unwrap_err().0;
        assert_eq!(
            told(CheckedFile::from_json("sector,row,seat\nA,1,1\n")),
            [NOT_JSON]
        );
        assert_eq!(
            told(CheckedFile::from_seat_list("\n{\"name\": 1}", place)),
            [NOT_A_LIST]
        );
        assert_eq!(
            told(CheckedFile::from_json("{\"name\": 1}")),
            ["not a stadium file: `name`: invalid type: integer `1`, expected a string at line 1 column 10"]
        );
    }
}
