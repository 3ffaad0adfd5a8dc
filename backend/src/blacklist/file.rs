//! The police's lists: CSV with the head `oib,first_name,last_name`, or one OIB a line.

use std::collections::BTreeMap;

use domain::users::Oib;

use crate::tables::{self, Row};

const HEAD: [&str; 3] = ["oib", "first_name", "last_name"];
/// Longest name, characters.
const NAME_CHARS_MAX: usize = 80;

/// Somebody whom a list names.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The line that names them, counted from 1.
    pub line: u64,
    /// Who.
    pub oib: Oib,
    /// If the list says.
    pub first_name: Option<String>,
    /// If the list says.
    pub last_name: Option<String>,
}

/// A line that names nobody. What it says is personal data and is not repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct BadLine {
    /// Counted from 1.
    pub line: u64,
    /// What is wrong with it.
    pub what: &'static str,
}

/// What a list says.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// Everybody, once.
    pub(super) listed: Vec<Listed>,
    /// Lines that name somebody again.
    pub(super) repeated: Vec<u64>,
    /// Lines that name nobody.
    pub(super) wrong: Vec<BadLine>,
}

/// Why nobody was put on the list: some lines name nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotImported(pub Vec<BadLine>);

impl std::fmt::Display for NotImported {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{} lines name nobody; nothing was imported", self.0.len())?;
        for line in &self.0 {
            writeln!(f, "  {line}")?;
        }
        Ok(())
    }
}

impl std::error::Error for NotImported {}

/// Reads a list. Lines that begin with `#`, and empty ones, say nothing.
pub(super) fn read(text: &str) -> Read {
    let mut read = Read::default();
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    for Row { line, cells } in tables::read(text) {
        if cells
            .as_ref()
            .is_ok_and(|cells| line == 1 && tables::is_head(cells, &HEAD))
        {
            continue;
        }
        match cells.and_then(|cells| read_row(line, &cells)) {
            Err(what) => read.wrong.push(BadLine { line, what }),
            Ok(listed) => match seen.insert(listed.oib.expose().to_owned(), line) {
                None => read.listed.push(listed),
                Some(_) => read.repeated.push(line),
            },
        }
    }
    if read.listed.is_empty() && read.wrong.is_empty() {
        read.wrong.push(BadLine {
            line: 1,
            what: "the list names nobody",
        });
    }
    read
}

fn read_row(line: u64, cells: &[String]) -> Result<Listed, &'static str> {
    let mut cells = cells.iter().map(String::as_str);
    let oib = cells.next().unwrap_or_default();
    let oib = Oib::parse(oib).map_err(|_| "not an OIB (11 digits with a valid check digit)")?;
    let (first_name, last_name) = (name(cells.next())?, name(cells.next())?);
    if cells.next().is_some() {
        return Err("more than three cells: oib,first_name,last_name");
    }
    Ok(Listed {
        line,
        oib,
        first_name,
        last_name,
    })
}

/// A name as the list keeps it, if there is one.
pub(super) fn name(text: Option<&str>) -> Result<Option<String>, &'static str> {
    match text.map(str::trim).unwrap_or_default() {
        "" => Ok(None),
        name if name.chars().count() > NAME_CHARS_MAX || name.contains(char::is_control) => {
            Err("a name has at most 80 characters")
        }
        name => Ok(Some(name.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_people_with_or_without_their_names() {
        let read =
            read("oib,first_name,last_name\n94577403194,Ana,\"Anić, Horvat\"\n# until May\n\n33392005961\n");
        let names: Vec<_> = read
            .listed
            .iter()
            .map(|one| (one.line, one.first_name.as_deref()))
            .collect();
        assert_eq!(names, [(2, Some("Ana")), (5, None)]);
        assert!(read.repeated.is_empty() && read.wrong.is_empty());
    }

    #[test]
    fn a_list_of_nobody_is_a_mistake() {
        for nobody in ["", "# until May\n", "oib,first_name,last_name\n"] {
            assert_eq!(read(nobody).wrong.len(), 1, "{nobody}");
        }
    }

    #[test]
    fn whoever_is_named_again_counts_once_and_the_line_is_told() {
        let read = read("94577403194\n33392005961\n94577403194\n");
        assert_eq!((read.listed.len(), read.repeated), (2, vec![3]));
    }

    #[test]
    fn lines_that_name_nobody_are_counted_and_not_repeated() {
        let read = read("94577403195\n94577403194,A,B,C\nnobody\n");
        let lines: Vec<u64> = read.wrong.iter().map(|bad| bad.line).collect();
        assert_eq!(lines, [1, 2, 3]);
        assert!(read.wrong.iter().all(|bad| !bad.to_string().contains("9457")));
    }
}
