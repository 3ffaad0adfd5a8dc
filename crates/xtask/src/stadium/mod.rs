//! `cargo xtask stadium poljud`: writes the stadium file from the rules of the building, the same bytes every time.
//!
//! The format is described in `data/stadiums/README.md`.

mod building;

use std::path::Path;

use anyhow::{Context, bail};
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
    name: &'static str,
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

/// Writes `data/stadiums/poljud.json`, or with `check` says whether the committed file is what would be written.
pub(crate) fn poljud(root: &Path, check: bool) -> anyhow::Result<()> {
    let path = root.join("data/stadiums/poljud.json");
    let text = render(&building::poljud()?)?;
    if check {
        let committed =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        if committed != text {
            bail!(
                "data/stadiums/poljud.json is not what the generator writes; run `cargo xtask stadium poljud`"
            );
        }
        return Ok(());
    }
    std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
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

    use super::building::POLJUD_SEATS_FOR_SALE;
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

    fn committed() -> Value {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/stadiums/poljud.json");
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    #[test]
    fn the_example_of_the_readme_reads_as_it_says() {
        let (seats, runs) = read_row("1W,2C|3-5,6-7T,8-9");
        assert_eq!(seats.len(), 9);
        assert_eq!(seats.iter().filter(|(_, kind)| *kind != 'T').count(), 7);
        assert_eq!(runs, [2, 3, 2]);
    }

    #[test]
    fn the_committed_file_adds_up_to_its_capacity() {
        let stadium = committed();
        let (mut sellable, mut technical) = (0, 0);
        for row in stadium["sectors"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|s| s["rows"].as_array().unwrap())
        {
            let (seats, _) = read_row(row["seats"].as_str().unwrap());
            technical += seats.iter().filter(|(_, kind)| *kind == 'T').count();
            sellable += seats.iter().filter(|(_, kind)| *kind != 'T').count();
        }
        assert_eq!(sellable, POLJUD_SEATS_FOR_SALE);
        assert_eq!(stadium["capacity"], POLJUD_SEATS_FOR_SALE);
        assert!(technical > 0);
    }

    #[test]
    fn every_sector_has_a_usable_shape() {
        let stadium = committed();
        let sectors = stadium["sectors"].as_array().unwrap();
        let codes: HashSet<_> = sectors
            .iter()
            .map(|sector| sector["code"].as_str().unwrap())
            .collect();
        assert_eq!(codes.len(), sectors.len());
        assert!((60..=90).contains(&sectors.len()), "{} sectors", sectors.len());
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

    #[test]
    fn numbers_grow_from_left_to_right_in_every_row() {
        let stadium = committed();
        for row in stadium["sectors"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|s| s["rows"].as_array().unwrap())
        {
            let (seats, _) = read_row(row["seats"].as_str().unwrap());
            assert!(seats.windows(2).all(|pair| pair[0].0 < pair[1].0), "{row}");
        }
    }

    #[test]
    fn the_committed_file_is_what_the_generator_writes() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        poljud(&root, true).unwrap();
    }
}
