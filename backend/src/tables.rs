//! Tables as spreadsheets write them (CSV, RFC 4180): read row by row with their line, written so that no spreadsheet takes a
//! cell for a formula.

use csv::{Position, QuoteStyle, ReaderBuilder, StringRecord, Terminator, Trim, WriterBuilder};

/// A row of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The line where it begins, from 1.
    pub line: u64,
    /// Its cells, without blanks at their edges; or why it cannot be read.
    pub cells: Result<Vec<String>, &'static str>,
}

/// The rows of a table. Lines without anything in them, and lines that begin with `#`, are none. Cells are separated by commas; by
/// semicolons where the first row has these and no comma, as spreadsheets write where the comma is in numbers.
pub fn read(text: &str) -> impl Iterator<Item = Row> {
    let text = text.trim_start_matches('\u{feff}');
    let reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator(text))
        .trim(Trim::All)
        .comment(Some(b'#'))
        .from_reader(text.as_bytes());
    let row = |record: csv::Result<StringRecord>| match record {
        Ok(record) => Row {
            line: record.position().map_or(0, |before| line_of(text, before)),
            cells: Ok(record.iter().map(str::to_owned).collect()),
        },
        Err(error) => Row {
            line: error.position().map_or(0, |before| line_of(text, before)),
            cells: Err("this is no row of a table"),
        },
    };
    let says_something = |row: &Row| match &row.cells {
        Ok(cells) => cells.iter().any(|cell| !cell.is_empty()),
        Err(_) => true,
    };
    reader.into_records().map(row).filter(says_something)
}

fn separator(text: &str) -> u8 {
    let mut lines = text.lines();
    let first = lines.find(|line| !line.trim().is_empty() && !line.starts_with('#'));
    if first.is_some_and(|row| row.contains(';') && !row.contains(',')) {
        b';'
    } else {
        b','
    }
}

/// Where a row begins: the reader tells where it was before it passed over empty lines and comments.
fn line_of(text: &str, before: &Position) -> u64 {
    let from = usize::try_from(before.byte()).unwrap_or(usize::MAX);
    let rest = text.get(from..).unwrap_or_default().lines();
    let passed = rest.take_while(|line| line.is_empty() || line.starts_with('#'));
    before.line() + u64::try_from(passed.count()).unwrap_or(0)
}

/// Whether a row's cells are this head.
#[must_use]
pub fn is_head(cells: &[String], head: &[&str]) -> bool {
    cells.len() == head.len()
        && cells
            .iter()
            .zip(head)
            .all(|(cell, name)| cell.eq_ignore_ascii_case(name))
}

/// A table with its head.
///
/// # Errors
/// None that memory could cause.
pub fn write<const N: usize>(
    head: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> anyhow::Result<Vec<u8>> {
    let mut writer = WriterBuilder::new()
        .quote_style(QuoteStyle::NonNumeric)
        .terminator(Terminator::CRLF)
        .from_writer(Vec::new());
    writer.write_record(head)?;
    for row in rows {
        writer.write_record(row.map(harmless))?;
    }
    Ok(writer.into_inner().map_err(csv::IntoInnerError::into_error)?)
}

/// A cell that no spreadsheet takes for a formula.
fn harmless(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{cell}")
    } else {
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_know_their_lines_and_quoted_cells_are_one() {
        let rows: Vec<Row> = read("\u{feff}a, b\r\n# c\n\n\"d,\n\"\"e\"\"\",f,g\nh\n").collect();
        let row = |line, cells: &[&str]| Row {
            line,
            cells: Ok(cells.iter().map(|cell| (*cell).to_owned()).collect()),
        };
        assert_eq!(
            rows,
            [
                row(1, &["a", "b"]),
                row(4, &["d,\n\"e\"", "f", "g"]),
                row(6, &["h"])
            ]
        );
        assert_eq!(read("\n,,\n \n# a\n").count(), 0);
        assert!(is_head(&["OIB".to_owned()], &["oib"]) && !is_head(&[], &["oib"]));
    }

    #[test]
    fn semicolons_separate_where_the_first_row_has_no_comma() {
        let cells = |text: &str| -> Vec<Vec<String>> { read(text).map(|row| row.cells.unwrap()).collect() };
        assert_eq!(
            cells("# a,b\noib;match\n1;Split, Rijeka\n"),
            [["oib", "match"], ["1", "Split, Rijeka"]]
        );
        assert_eq!(cells("oib,match\n1,a;b\n"), [["oib", "match"], ["1", "a;b"]]);
    }

    #[test]
    fn what_is_written_is_read_and_is_no_formula() {
        let rows = [["=cmd()".to_owned(), "a \"b\", c".to_owned()]];
        let written = String::from_utf8(write(["x", "y"], rows.into_iter()).unwrap()).unwrap();
        let cells: Vec<_> = read(&written).map(|row| row.cells.unwrap()).collect();
        assert_eq!(cells, [["x", "y"], ["'=cmd()", "a \"b\", c"]]);
    }
}
