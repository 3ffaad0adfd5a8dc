//! `load-tests scan`: nothing that identifies a person or a card lies anywhere in the clear.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, anyhow, ensure};
use async_nats::jetstream::stream::RawMessageErrorKind;
use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, Connection, PgConnection, query_scalar, raw_sql};
use sqlx::{Column, Row, TypeInfo, ValueRef};

use crate::people::Identities;
use crate::stack::Stack;

/// Shortest and longest card number.
const CARD_DIGITS: std::ops::RangeInclusive<usize> = 13..=19;
/// Test cards that could have been typed by somebody.
const TEST_CARDS: [&str; 4] = [
    "4242424242424242",
    "4000000000000002",
    "5555555555554444",
    "378282246310005",
];
/// The bus gives its messages within this time or is broken.
const BUS_TIMEOUT: Duration = Duration::from_secs(5);
/// Places shown.
const SHOWN: usize = 50;

/// Searches everything and says whether it is clean.
pub(crate) async fn run(stack: &Stack, logs: &Path, report: &Path) -> anyhow::Result<ExitCode> {
    let named = Identities::beside(report);
    let secrets = Secrets::of(&Identities::read(&named)?);
    ensure!(
        !secrets.oibs.is_empty(),
        "{} names nobody: there is nothing to search for",
        named.display()
    );
    let mut found = Vec::new();
    let mut read = Vec::new();

    for (name, url) in [
        ("backend", &stack.backend_database_url),
        ("waiting-room", &stack.waiting_room_database_url),
    ] {
        let (values, places) = database(name, url, &secrets).await?;
        read.push(searched(values, &format!("values of the {name} database"))?);
        found.extend(places);
    }
    let url = stack
        .nats_url
        .as_ref()
        .context("the stack file names no bus (`nats_url`), and the bus is searched too")?;
    let (messages, places) = bus(url, &secrets).await?;
    read.push(searched(messages, "messages on the bus")?);
    found.extend(places);
    let (files, places) = log_files(logs, &secrets)?;
    read.push(searched(
        files,
        &format!("files with text under {}", logs.display()),
    )?);
    found.extend(places);

    println!(
        "Searched {} for {} OIBs and for card numbers.",
        read.join(", "),
        secrets.oibs.len()
    );
    for place in found.iter().take(SHOWN) {
        println!("IN THE CLEAR {place}");
    }
    if found.is_empty() {
        println!("None is there in the clear.");
        return Ok(ExitCode::SUCCESS);
    }
    println!("{} places in all", found.len());
    Ok(ExitCode::FAILURE)
}

/// So much was read. A search that read nothing has found nothing, and says nothing.
fn searched(amount: u64, what: &str) -> anyhow::Result<String> {
    ensure!(
        amount > 0,
        "there are no {what}: whether anything lies there in the clear is unknown"
    );
    Ok(format!("{amount} {what}"))
}

/// What must not be found.
struct Secrets {
    oibs: BTreeSet<Vec<u8>>,
}

impl Secrets {
    fn of(identities: &Identities) -> Self {
        Self {
            oibs: identities
                .people
                .iter()
                .map(|person| person.oib.clone().into_bytes())
                .collect(),
        }
    }

    /// What the text holds in the clear, masked: OIBs anywhere within runs of digits, card numbers as whole tokens.
    fn in_text(&self, text: &[u8]) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for (token, is_whole) in digit_runs(text) {
            if token.windows(11).any(|window| self.oibs.contains(window)) {
                found.insert("an OIB".to_owned());
            }
            if is_whole && is_card(token) {
                found.insert("a card number".to_owned());
            }
        }
        let known = TEST_CARDS.iter().any(|card| contains(text, card.as_bytes()));
        if known || spaced_card(text) {
            found.insert("a card number".to_owned());
        }
        found
    }
}

/// Runs of digits, and whether they stand alone: not inside a longer word, id or decimal number.
fn digit_runs(text: &[u8]) -> Vec<(&[u8], bool)> {
    let mut runs = Vec::new();
    let mut start = None;
    for (at, byte) in text.iter().chain(std::iter::once(&b' ')).enumerate() {
        match (byte.is_ascii_digit(), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                let near =
                    |index: Option<usize>| index.and_then(|index| text.get(index)).copied().unwrap_or(b' ');
                let joined = |first: u8, second: u8| {
                    first.is_ascii_alphanumeric()
                        || (b"-_.".contains(&first) && second.is_ascii_alphanumeric())
                };
                let before = joined(near(from.checked_sub(1)), near(from.checked_sub(2)));
                let whole = !before && !joined(near(Some(at)), near(Some(at + 1)));
                if let Some(run) = text.get(from..at) {
                    runs.push((run, whole));
                }
                start = None;
            }
            _ => {}
        }
    }
    runs
}

/// 4242 4242 4242 4242 and the like.
fn spaced_card(text: &[u8]) -> bool {
    TEST_CARDS.iter().filter(|card| card.len() == 16).any(|card| {
        let groups: Vec<&str> = (0..4)
            .filter_map(|group| card.get(group * 4..group * 4 + 4))
            .collect();
        contains(text, groups.join(" ").as_bytes()) || contains(text, groups.join("-").as_bytes())
    })
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// A digit string of a card's length with a valid Luhn check digit.
fn is_card(digits: &[u8]) -> bool {
    if !CARD_DIGITS.contains(&digits.len()) {
        return false;
    }
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let digit = u32::from(byte.saturating_sub(b'0'));
            let doubled = if place % 2 == 1 { digit * 2 } else { digit };
            if doubled > 9 { doubled - 9 } else { doubled }
        })
        .sum();
    // A millisecond or microsecond stamp can pass the check by chance; card numbers start with 3 to 6.
    sum.is_multiple_of(10) && digits.first().is_some_and(|first| (b'3'..=b'6').contains(first))
}

/// Every value of every table, as text; bytes as they are.
async fn database(name: &str, url: &str, secrets: &Secrets) -> anyhow::Result<(u64, Vec<String>)> {
    let mut db = PgConnection::connect(url)
        .await
        .with_context(|| format!("the {name} database does not answer"))?;
    let tables: Vec<String> = query_scalar(
        "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables
         WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1",
    )
    .fetch_all(&mut db)
    .await?;
    let (mut values, mut found) = (0, BTreeSet::new());
    for table in tables {
        let mut rows = raw_sql(AssertSqlSafe(format!("SELECT * FROM {table}"))).fetch(&mut db);
        while let Some(row) = rows.try_next().await? {
            for column in row.columns() {
                let value = row.try_get_raw(column.ordinal())?;
                if value.is_null() {
                    continue;
                }
                values += 1;
                let bytes = plain(
                    column.type_info().name(),
                    value.as_bytes().map_err(|error| anyhow!(error))?,
                );
                for what in secrets.in_text(&bytes) {
                    found.insert(format!(
                        "{what} in {name}, table {table}, column {}",
                        column.name()
                    ));
                }
            }
        }
    }
    db.close().await?;
    Ok((values, found.into_iter().collect()))
}

/// `raw_sql` answers text; bytes come as `\x…`.
fn plain(kind: &str, text: &[u8]) -> Vec<u8> {
    let bytes = text
        .strip_prefix(b"\\x")
        .filter(|_| kind == "BYTEA")
        .and_then(|digits| hex::decode(digits).ok());
    bytes.unwrap_or_else(|| text.to_vec())
}

/// Every message of the stream.
async fn bus(url: &str, secrets: &Secrets) -> anyhow::Result<(u64, Vec<String>)> {
    let client = async_nats::connect(url)
        .await
        .context("the bus does not answer")?;
    let jetstream = async_nats::jetstream::new(client);
    let mut stream = jetstream.get_stream(contracts::events::STREAM).await?;
    let state = stream.info().await?.state.clone();
    let mut found = BTreeSet::new();
    let mut read = 0;
    for sequence in state.first_sequence..=state.last_sequence {
        let answer = tokio::time::timeout(BUS_TIMEOUT, stream.get_raw_message(sequence)).await;
        let message = match answer.with_context(|| format!("the bus does not give its message {sequence}"))? {
            Ok(message) => message,
            // Deleted, or lost: the count at the end tells.
            Err(error) if matches!(error.kind(), RawMessageErrorKind::NoMessageFound) => continue,
            Err(error) => {
                return Err(error).with_context(|| format!("message {sequence} of the bus cannot be read"));
            }
        };
        read += 1;
        for what in secrets.in_text(&message.payload) {
            found.insert(format!("{what} on the bus, subject {}", message.subject));
        }
    }
    whole(read, state.messages)?;
    Ok((read, found.into_iter().collect()))
}

/// The stream's own count leaves out what it deleted: nothing else may be missing.
fn whole(read: u64, messages: u64) -> anyhow::Result<()> {
    ensure!(
        read == messages,
        "the bus has {messages} messages, and {read} of them could be read"
    );
    Ok(())
}

/// Every file of a folder, line by line; counts those that are not empty.
fn log_files(folder: &Path, secrets: &Secrets) -> anyhow::Result<(u64, Vec<String>)> {
    let (mut files, mut found, mut folders) = (0, Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        let entries =
            std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if !path.is_file() {
                continue;
            }
            let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            files += u64::from(!bytes.is_empty());
            for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
                let here = secrets.in_text(line);
                found.extend(
                    here.into_iter()
                        .map(|what: String| format!("{what} in {}:{number}", path.display())),
                );
            }
        }
    }
    Ok((files, found))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::People;

    fn secrets() -> Secrets {
        Secrets::of(&Identities {
            people: vec![People::of(1).person(0, 0)],
        })
    }

    #[test]
    fn an_oib_is_found_also_inside_other_digits() {
        let oib = People::of(1).person(0, 0).oib;
        assert_eq!(secrets().in_text(format!("oib={oib};").as_bytes()).len(), 1);
        assert_eq!(secrets().in_text(format!("99{oib}77").as_bytes()).len(), 1);
        assert!(secrets().in_text(b"12345678901").is_empty());
    }

    #[test]
    fn card_numbers_are_found_as_whole_tokens_only() {
        assert_eq!(secrets().in_text(b"\"number\":\"4242424242424242\"").len(), 1);
        assert_eq!(secrets().in_text(b"4242 4242 4242 4242").len(), 1);
        assert_eq!(secrets().in_text(b"card 5105105105105100.").len(), 1);
        assert!(secrets().in_text(b"5105105105105100.25").is_empty());
        assert!(secrets().in_text(b"a-5105105105105100").is_empty());
        assert!(secrets().in_text(b"019a5105105105105100").is_empty());
        assert!(secrets().in_text(b"5105105105105101").is_empty());
    }

    #[test]
    fn a_search_that_read_nothing_is_no_clean_search() {
        assert_eq!(
            searched(3, "messages on the bus").unwrap(),
            "3 messages on the bus"
        );
        assert!(searched(0, "messages on the bus").is_err());
    }

    #[test]
    fn fewer_messages_than_the_stream_has_are_an_error() {
        assert!(whole(7, 7).is_ok());
        let error = whole(6, 7).unwrap_err().to_string();
        assert!(
            error.contains("7 messages") && error.contains("6 of them"),
            "{error}"
        );
    }

    #[test]
    fn empty_log_files_do_not_count_and_others_are_searched() {
        let folder = std::env::temp_dir().join(format!("load-tests-scan-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("inside")).unwrap();
        std::fs::write(folder.join("quiet.log"), "").unwrap();
        assert_eq!(log_files(&folder, &secrets()).unwrap(), (0, Vec::new()));

        let oib = People::of(1).person(0, 0).oib;
        std::fs::write(folder.join("inside/loud.log"), format!("a line\noib={oib}\n")).unwrap();

        let (files, found) = log_files(&folder, &secrets()).unwrap();
        assert_eq!((files, found.len()), (1, 1));
        assert!(found[0].ends_with("loud.log:2"), "{found:?}");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
