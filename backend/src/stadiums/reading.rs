//! A stadium file read so that whatever does not fit is named by its sector and row.

use domain::stadiums::{Place, RowDraft, SectorDraft};
use platform::misfits;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::file::{Mistakes, StadiumFile};

/// Reads our JSON.
///
/// # Errors
/// [`Mistakes`]: one of each row, one of the rest of each sector and one of the rest of the file; of what is no JSON the first.
pub(super) fn read(text: &str) -> Result<StadiumFile, Mistakes> {
    misfits::read(&mut serde_json::Deserializer::from_str(text)).map_err(|first| {
        let all = serde_json::from_str(text).map(all_misfits).unwrap_or_default();
        // A single one is told with its line.
        Mistakes(if all.len() > 1 {
            all
        } else {
            vec![format!("not a stadium file: {first}")]
        })
    })
}

fn all_misfits(mut file: Value) -> Vec<String> {
    let sectors = taken(&mut file, "sectors");
    let mut all = Vec::from_iter(misfit::<StadiumFile>(&Place::default(), &file));
    for (number, mut sector) in (1..).zip(sectors) {
        let rows = taken(&mut sector, "rows");
        let here = Place {
            sector: Some(called(&sector, "code", number)),
            row: None,
        };
        all.extend(misfit::<SectorDraft>(&here, &sector));
        for (number, row) in (1..).zip(rows) {
            let here = Place {
                row: Some(called(&row, "label", number)),
                ..here.clone()
            };
            all.extend(misfit::<RowDraft>(&here, &row));
        }
    }
    all
}

/// The items of a list, which is left empty.
fn taken(document: &mut Value, list: &str) -> Vec<Value> {
    let items = document.get_mut(list).and_then(Value::as_array_mut);
    items.map(std::mem::take).unwrap_or_default()
}

/// By its name; what has none, by its number.
fn called(document: &Value, member: &str, number: usize) -> String {
    let name = document.get(member).and_then(Value::as_str);
    name.map_or_else(|| format!("no. {number}"), str::to_owned)
}

fn misfit<T: DeserializeOwned>(place: &Place, document: &Value) -> Option<String> {
    let misfit = misfits::read::<T, _>(document).err()?;
    Some(format!("{place}: {misfit}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_row_and_sector_that_does_not_fit_is_named() {
        let right = json!({"label": "1", "seats": "1-3"});
        let wrong = |label: u16| json!({"label": label.to_string(), "seats": "1-3", "numbering": "RTL"});
        let rows: Vec<Value> = [right].into_iter().chain((2..=201).map(wrong)).collect();
        let file = json!({
            "name": "Velik", "city": "Osijek", "country": "HR", "capacity": "many",
            "sectors": [
                {"code": "A", "name": "A", "stand": "WEST", "price_category": 1, "rows": rows,
                    "snake": {"best_row": "1", "direction": "UP"}},
                {"name": "B", "stand": "WEST", "price_category": 1, "rows": [{"label": "1"}, 5]},
            ],
        });

        let told = read(&file.to_string()).unwrap_err().0;

        assert_eq!(told.len(), 1 + 1 + 200 + 1 + 2, "{told:?}");
        let starts = |at: usize, start: &str| assert!(told[at].starts_with(start), "{}", told[at]);
        starts(0, "stadium: `capacity`: ");
        starts(1, "sector A: `snake.direction`: unknown variant `UP`, expected ");
        starts(2, "sector A, row 2: `numbering`: unknown variant `RTL`, ");
        starts(201, "sector A, row 201: `numbering`: ");
        starts(202, "sector no. 2: missing field `code`");
        starts(203, "sector no. 2, row 1: missing field `seats`");
        starts(204, "sector no. 2, row no. 2: ");
    }

    #[test]
    fn what_is_no_json_is_told_alone_and_with_its_line() {
        let told = read("{\"name\": \"A\",\n\"sectors\": [}").unwrap_err().0;
        assert_eq!(told.len(), 1);
        assert!(told[0].contains("line 2"), "{told:?}");
    }
}
