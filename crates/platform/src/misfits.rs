//! Reading a body or a file so that what does not fit is named: which member, what is wrong with it, and how it is written.

use serde::de::{Deserialize, Deserializer};

/// What chrono says of a text that is no day and no instant: nothing that names one.
const BAD_MOMENTS: [&str; 6] = [
    "premature end of input",
    "input contains invalid characters",
    "input is out of range",
    "input is not enough for unique date and time",
    "no possible date and time matching input",
    "trailing input",
];

/// Why a document does not read as what it should be: one sentence.
#[derive(Debug, thiserror::Error)]
#[error("{sentence}")]
pub struct Misfit<E> {
    sentence: String,
    /// What the document's own reader said.
    pub cause: E,
}

/// Reads a document as `T`.
///
/// # Errors
/// [`Misfit`], by the first member that does not fit.
pub fn read<'de, T: Deserialize<'de>, D: Deserializer<'de>>(document: D) -> Result<T, Misfit<D::Error>> {
    serde_path_to_error::deserialize(document).map_err(|error| {
        let path = error.path().to_string();
        let cause = error.into_inner();
        // TOML's errors show their line as well, below the first one.
        let wrong = cause.to_string();
        let wrong = wrong.lines().last().unwrap_or_default();
        Misfit {
            sentence: sentence(&path, wrong),
            cause,
        }
    })
}

fn sentence(path: &str, wrong: &str) -> String {
    // The path of the document itself is a dot.
    let place = match path {
        "." => String::new(),
        path => format!("`{path}`: "),
    };
    match form(path, wrong) {
        Some(form) => format!("{place}{form} ({wrong})"),
        None => format!("{place}{wrong}"),
    }
}

/// How a member of this kind is written.
fn form(path: &str, wrong: &str) -> Option<&'static str> {
    let name = path.rsplit('.').next().unwrap_or_default();
    let is_bad_moment = BAD_MOMENTS.iter().any(|text| wrong.starts_with(text));
    if wrong.contains("a formatted date string") || (is_bad_moment && name.starts_with("date")) {
        Some("a day is written like \"2027-03-25\"")
    } else if wrong.contains("RFC 3339") || is_bad_moment {
        Some("an instant is written like \"2027-03-25T19:45:00Z\", in quotes")
    } else if wrong.contains("a Decimal type") {
        Some("an amount is written like \"15.00\"")
    } else if wrong.starts_with("UUID parsing failed") {
        Some("an id is written like \"01a2017d-22b4-7a64-a75d-9c168974e570\"")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, NaiveDate, Utc};
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Plan {
        kick_off_at: Option<DateTime<Utc>>,
        stadium_id: Option<Uuid>,
        date_of_birth: Option<NaiveDate>,
        #[serde(default)]
        phases: Vec<Phase>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct Phase {
        kind: Kind,
        starts_at: Option<DateTime<Utc>>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
    enum Kind {
        Loyalty,
    }

    fn refused(document: &Value) -> String {
        read::<Plan, _>(document).unwrap_err().to_string()
    }

    #[test]
    fn what_does_not_fit_is_named_by_its_path_and_shown_how_it_is_written() {
        for (document, sentence) in [
            (
                json!({"kick_off_at": "tomorrow"}),
                "`kick_off_at`: an instant is written like \"2027-03-25T19:45:00Z\", in quotes (input contains invalid characters)",
            ),
            (
                json!({"phases": [{"kind": "LOYALTY"}, {"kind": "LOYALTY", "starts_at": "2027-03-01"}]}),
                "`phases[1].starts_at`: an instant is written like \"2027-03-25T19:45:00Z\", in quotes (premature end of input)",
            ),
            (
                json!({"kick_off_at": 5}),
                "`kick_off_at`: an instant is written like \"2027-03-25T19:45:00Z\", in quotes \
                 (invalid type: integer `5`, expected an RFC 3339 formatted date and time string)",
            ),
            (
                json!({"date_of_birth": "31.1.1990"}),
                "`date_of_birth`: a day is written like \"2027-03-25\" (input contains invalid characters)",
            ),
            (
                json!({"phases": [{"kind": "PUBLIC"}]}),
                "`phases[0].kind`: unknown variant `PUBLIC`, expected `LOYALTY`",
            ),
            (json!({"phases": [{}]}), "`phases[0]`: missing field `kind`"),
            (
                json!([]),
                "invalid length 0, expected struct Plan with 4 elements",
            ),
        ] {
            assert_eq!(refused(&document), sentence);
        }
        let told = refused(&json!({"stadium_id": "Poljud"}));
        assert!(told.starts_with("`stadium_id`: an id is written like"), "{told}");
    }
}
