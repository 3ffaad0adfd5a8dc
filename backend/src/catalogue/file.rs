//! The stadium file (`data/stadiums/README.md`), read and checked whole.

use std::path::Path;

use anyhow::{Context, ensure};
use domain::stadiums::{Direction, Row, SnakeSeat, parse_row, snake};
use rust_decimal::Decimal;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StadiumFile {
    pub(super) name: String,
    pub(super) city: String,
    pub(super) country: String,
    pub(super) capacity: usize,
    pub(super) price_categories: Vec<PriceCategory>,
    pub(super) sectors: Vec<SectorEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PriceCategory {
    pub(super) code: i32,
    #[serde(rename = "name")]
    _name: String,
    pub(super) presale_price: Decimal,
    pub(super) match_day_price: Decimal,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SectorEntry {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) stand: String,
    pub(super) price_category: i32,
    snake: SnakeEntry,
    rows: Vec<RowEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SnakeEntry {
    best_row: String,
    direction: Direction,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RowEntry {
    label: String,
    seats: String,
}

/// A sector's seats: those for sale in snake order, and the technical ones.
pub(super) struct SectorSeats {
    pub(super) for_sale: Vec<SnakeSeat>,
    pub(super) technical: Vec<(String, u16)>,
}

impl StadiumFile {
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let file: Self =
            serde_json::from_str(&text).with_context(|| format!("{} is no stadium file", path.display()))?;
        let mut sum = 0;
        for sector in &file.sectors {
            ensure!(
                file.price_categories
                    .iter()
                    .any(|category| category.code == sector.price_category),
                "sector {} names price category {}, which is not there",
                sector.code,
                sector.price_category
            );
            sum += sector.seats()?.for_sale.len();
        }
        ensure!(
            sum == file.capacity,
            "the seats add up to {sum}, the capacity says {}",
            file.capacity
        );
        Ok(file)
    }

    pub(super) fn category(&self, code: i32) -> Option<&PriceCategory> {
        self.price_categories
            .iter()
            .find(|category| category.code == code)
    }
}

impl SectorEntry {
    pub(super) fn seats(&self) -> anyhow::Result<SectorSeats> {
        let in_sector = || format!("sector {}", self.code);
        let rows: Result<Vec<Row>, _> = self
            .rows
            .iter()
            .map(|row| parse_row(&row.label, &row.seats))
            .collect();
        let rows = rows.with_context(in_sector)?;
        let technical = rows
            .iter()
            .flat_map(|row| row.technical.iter().map(|number| (row.label.clone(), *number)))
            .collect();
        let for_sale = snake(&rows, &self.snake.best_row, self.snake.direction).with_context(in_sector)?;
        Ok(SectorSeats { for_sale, technical })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_committed_stadium_is_read_whole_and_every_seat_has_one_rank() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/stadiums");
        let mut read = 0;
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let stadium = StadiumFile::read(&path).unwrap();
            for sector in &stadium.sectors {
                let seats = sector.seats().unwrap();
                let ranks: BTreeSet<i32> = seats.for_sale.iter().map(|seat| seat.rank).collect();
                assert_eq!(
                    ranks.len(),
                    seats.for_sale.len(),
                    "{} {}",
                    stadium.name,
                    sector.code
                );
                assert!(!seats.for_sale.is_empty(), "{} {}", stadium.name, sector.code);
            }
            read += 1;
        }
        assert_eq!(read, 5);
    }
}
