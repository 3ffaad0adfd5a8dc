//! `cargo xtask stadium`: writes the stadium files from the rules of the buildings, the same bytes every time.
//!
//! The format is described in `data/stadiums/README.md`.

mod building;
mod houses;

use std::path::Path;

use anyhow::{Context, bail};
use houses::HOUSES;
use serde::Serialize;

#[derive(Debug, Serialize)]
struct Stadium {
    name: &'static str,
    city: &'static str,
    country: &'static str,
    capacity: usize,
    price_categories: Vec<PriceCategory>,
    sectors: Vec<Sector>,
}

#[derive(Debug, Serialize)]
struct PriceCategory {
    code: u32,
    name: String,
    presale_price: &'static str,
    match_day_price: &'static str,
}

#[derive(Debug, Serialize)]
struct Sector {
    code: String,
    name: String,
    stand: &'static str,
    price_category: u32,
    snake: Snake,
    rows: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Snake {
    best_row: String,
    direction: &'static str,
}

#[derive(Debug, Serialize)]
struct Row {
    label: String,
    seats: String,
}

/// Where the file of a house lies, from the root.
pub(crate) fn file_of(house: &str) -> String {
    format!("data/stadiums/{house}.json")
}

/// Names of all houses, as on the command line.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    HOUSES.iter().map(|house| house.file)
}

/// Writes the files of all houses, or with `check` says whether the committed files are what would be written.
pub(crate) fn write_all(root: &Path, check: bool) -> anyhow::Result<()> {
    for house in &HOUSES {
        let path = root.join(file_of(house.file));
        let text = render(&building::build(house)?)?;
        if !check {
            std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
            continue;
        }
        let committed =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        if committed != text {
            bail!(
                "{} is not what the generator writes; run `cargo xtask stadium`",
                path.display()
            );
        }
    }
    Ok(())
}

/// One row per line: small, and a change shows as the rows it touches.
fn render(stadium: &Stadium) -> anyhow::Result<String> {
    let mut text = serde_json::to_string(stadium)?;
    for start in ["{\"code\":", "{\"label\":"] {
        text = text.replace(start, &format!("\n{start}"));
    }
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::Value;

    use super::*;

    /// A reader of the grammar that shares nothing with the writer: (number, kind) of every seat, and the runs' lengths.
    fn read_row(spec: &str) -> (Vec<(u32, char)>, Vec<usize>) {
        let (mut seats, mut runs) = (Vec::new(), Vec::new());
        for run in spec.split('|') {
            let mut length = 0;
            for item in run.split(',') {
                let kind = item.chars().last().filter(|last| last.is_ascii_alphabetic());
                let numbers = item.trim_end_matches(|last: char| last.is_ascii_alphabetic());
                let (from, to) = numbers.split_once('-').unwrap_or((numbers, numbers));
                for number in from.parse::<u32>().unwrap()..=to.parse::<u32>().unwrap() {
                    seats.push((number, kind.unwrap_or('S')));
                    if kind == Some('T') {
                        runs.push(std::mem::take(&mut length));
                    } else {
                        length += 1;
                    }
                }
            }
            runs.push(length);
        }
        runs.retain(|length| *length > 0);
        (seats, runs)
    }

    fn committed() -> Vec<Value> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let read = |house: &str| std::fs::read_to_string(root.join(file_of(house))).unwrap();
        names()
            .map(|house| serde_json::from_str(&read(house)).unwrap())
            .collect()
    }

    fn rows(stadium: &Value) -> impl Iterator<Item = &str> {
        let sectors = stadium["sectors"].as_array().unwrap().iter();
        sectors
            .flat_map(|sector| sector["rows"].as_array().unwrap())
            .map(|row| row["seats"].as_str().unwrap())
    }

    #[test]
    fn the_example_of_the_readme_reads_as_it_says() {
        let (seats, runs) = read_row("1W,2C|3-5,6-7T,8-9");
        assert_eq!(seats.len(), 9);
        assert_eq!(seats.iter().filter(|(_, kind)| *kind != 'T').count(), 7);
        assert_eq!(runs, [2, 3, 2]);
    }

    #[test]
    fn the_five_houses_add_up_to_their_capacities_and_have_every_kind_of_seat() {
        let mut capacities = Vec::new();
        for stadium in committed() {
            let seats: Vec<(u32, char)> = rows(&stadium).flat_map(|row| read_row(row).0).collect();
            let count = |kind| seats.iter().filter(|(_, one)| *one == kind).count();
            let for_sale = seats.len() - count('T');
            assert_eq!(stadium["capacity"], for_sale, "{}", stadium["name"]);
            assert!(count('T') > 0, "{}", stadium["name"]);
            assert!(count('W') > 0 && count('W') == count('C'), "{}", stadium["name"]);
            capacities.push(for_sale);
        }
        assert_eq!(capacities, [35_123, 33_987, 13_005, 8_279, 8_850]);
    }

    #[test]
    fn every_sector_has_a_usable_shape() {
        for stadium in committed() {
            let sectors = stadium["sectors"].as_array().unwrap();
            let codes: HashSet<_> = sectors
                .iter()
                .map(|sector| sector["code"].as_str().unwrap())
                .collect();
            assert_eq!(codes.len(), sectors.len());
            assert!((20..=90).contains(&sectors.len()), "{} sectors", sectors.len());
            for sector in sectors {
                let rows = sector["rows"].as_array().unwrap();
                let labels: HashSet<_> = rows.iter().map(|row| row["label"].as_str().unwrap()).collect();
                assert_eq!(labels.len(), rows.len());
                assert!(labels.contains(sector["snake"]["best_row"].as_str().unwrap()));
                let seats: usize = rows
                    .iter()
                    .map(|row| read_row(row["seats"].as_str().unwrap()).0.len())
                    .sum();
                assert!(
                    (300..=600).contains(&seats),
                    "{} has {seats} seats",
                    sector["code"]
                );
            }
        }
    }

    #[test]
    fn numbers_grow_from_left_to_right_in_every_row() {
        for stadium in committed() {
            for row in rows(&stadium) {
                let (seats, _) = read_row(row);
                assert!(seats.windows(2).all(|pair| pair[0].0 < pair[1].0), "{row}");
            }
        }
    }

    #[test]
    fn the_committed_files_are_what_the_generator_writes() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        write_all(&root, true).unwrap();
    }
}
