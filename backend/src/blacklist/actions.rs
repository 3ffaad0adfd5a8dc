//! Put people on the blacklist.

use domain::users::{Document, Oib};
use platform::ids::Ids;
use serde_json::json;

use crate::app::Db;
use crate::audit::{self, Actor, Entry};
use crate::secrets::PersonalData;

/// What an import did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// New on the blacklist.
    pub added: u64,
    /// Different people in the file.
    pub named: usize,
}

/// A line that names nobody; what it says is personal data and is not repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: not an OIB (11 digits with a valid check digit); nothing was imported")]
pub struct BadLine {
    /// Counted from 1.
    pub line: usize,
}

/// Puts everybody whom `text` names on the blacklist: one OIB a line, `#` begins a comment. All or nothing; whoever is on it
/// already stays as they are.
///
/// # Errors
/// [`BadLine`], or when the database fails.
pub async fn import(
    db: &Db,
    ids: Ids,
    personal_data: &PersonalData,
    (text, source): (&str, &str),
) -> anyhow::Result<Imported> {
    let mut identities: Vec<Vec<u8>> = Vec::new();
    for oib in parse(text)? {
        identities.push(personal_data.identity(&Document::Oib(oib)).0);
    }
    identities.sort_unstable();
    identities.dedup();
    let named = identities.len();

    let mut tx = db.begin().await?;
    let added = super::insert(&mut tx, &identities, source).await?;
    let entry = Entry {
        actor: Actor::Operator,
        deed: "blacklist.imported",
        subject_id: ids.next(),
        details: json!({"source": source, "named": named, "added": added}),
    };
    audit::record(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(Imported { added, named })
}

fn parse(text: &str) -> Result<Vec<Oib>, BadLine> {
    let named = (1..).zip(text.lines()).filter_map(|(line, said)| {
        let said = said.split('#').next().unwrap_or_default().trim();
        (!said.is_empty()).then(|| Oib::parse(said).map_err(|_| BadLine { line }))
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_empty_lines_name_nobody() {
        assert_eq!(
            parse("# MUP, 2026\n\n94577403194  # until May\n").unwrap().len(),
            1
        );
    }

    #[test]
    fn a_line_that_names_nobody_is_counted_and_not_repeated() {
        let bad = parse("94577403194\n94577403195\n").unwrap_err();
        assert_eq!(bad, BadLine { line: 2 });
        assert!(!bad.to_string().contains("94577403195"));
    }
}
