//! What the audit trail tells of a stadium.

use std::collections::BTreeMap;

use domain::stadiums::{RowDraft, SectorDraft};
use serde_json::{Map, Value, json};

use super::file::StadiumFile;
use super::store::StadiumRow;

/// Rows of one sector that are told: enough to see what kind of change it was; all of them are in the layout of that version.
const ROWS_TOLD_MAX: usize = 5;

/// A stadium as such.
pub(super) fn told(stadium: &StadiumRow) -> Value {
    json!({"name": stadium.name, "city": stadium.city, "country": stadium.country, "kind": stadium.kind,
        "version": stadium.version, "capacity": stadium.capacity, "seats": stadium.seats})
}

/// The two sides of a change: the stadium, its prices, and those of its sectors that differ. What is not described differs nowhere.
pub(super) fn change(
    (before, old): (&StadiumRow, Option<&StadiumFile>),
    (after, new): (&StadiumRow, &StadiumFile),
) -> (Value, Value) {
    match old {
        Some(old) => (side(before, old, new), side(after, new, old)),
        None => (told(before), told(after)),
    }
}

fn side(stadium: &StadiumRow, file: &StadiumFile, other: &StadiumFile) -> Value {
    let mut told = told(stadium);
    if let Some(members) = told.as_object_mut() {
        members.insert("sectors".to_owned(), json!(file.sectors.len()));
        members.insert("price_categories".to_owned(), prices(file));
        members.insert("changed_sectors".to_owned(), changed_sectors(file, other));
    }
    told
}

fn prices(file: &StadiumFile) -> Value {
    let told = file.price_categories.iter().map(|category| {
        let (presale, match_day) = (category.presale_price, category.match_day_price);
        let text = format!("{}: {presale:.2}, on match day {match_day:.2}", category.name);
        (category.code.to_string(), Value::from(text))
    });
    Value::Object(told.collect())
}

fn changed_sectors(file: &StadiumFile, other: &StadiumFile) -> Value {
    let others = other.sectors.iter().map(|sector| (sector.code.as_str(), sector));
    let others: BTreeMap<&str, &SectorDraft> = others.collect();
    let mut changed = Map::new();
    for sector in &file.sectors {
        let other = others.get(sector.code.as_str()).copied();
        if other != Some(sector) {
            changed.insert(sector.code.clone(), told_sector(sector, other));
        }
    }
    Value::Object(changed)
}

fn told_sector(sector: &SectorDraft, other: Option<&SectorDraft>) -> Value {
    let changed_rows: Vec<&RowDraft> = other.map_or_else(Vec::new, |other| {
        let others: BTreeMap<&str, &RowDraft> =
            other.rows.iter().map(|row| (row.label.as_str(), row)).collect();
        let is_changed = |row: &&RowDraft| others.get(row.label.as_str()) != Some(row);
        sector
            .rows
            .iter()
            .filter(is_changed)
            .take(ROWS_TOLD_MAX)
            .collect()
    });
    json!({"name": sector.name, "stand": sector.stand, "kind": sector.kind, "price_category": sector.price_category,
        "snake": sector.snake, "places": sector.places, "rows": sector.rows.len(), "changed_rows": changed_rows})
}
