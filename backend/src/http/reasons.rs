//! Why somebody of staff does something: asked for where it matters, kept in the audit entry.

use platform::problems::{INVALID_REQUEST, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::problems::REASON_REQUIRED;

/// Longest reason, characters: an audit entry is read, not scrolled.
const REASON_CHARS_MAX: usize = 500;
/// Shortest: long enough that a habit of typing `x` does not pass.
const REASON_CHARS_MIN: usize = 3;

/// Longest source, characters.
const SOURCE_CHARS_MAX: usize = 80;

/// Body of a change that needs a reason and nothing else.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// 3 to 500 characters; no personal data.
    #[schema(example = "season 2026/27")]
    pub reason: String,
}

impl Reason {
    /// The reason, trimmed.
    ///
    /// # Errors
    /// The problem, when it is none.
    pub fn parse(&self) -> Result<String, Problem> {
        parse(&self.reason)
    }
}

/// A reason, trimmed.
///
/// # Errors
/// The problem, when it is none.
pub fn parse(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    let chars = text.chars().count();
    if (REASON_CHARS_MIN..=REASON_CHARS_MAX).contains(&chars) && !text.contains(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err(Problem::new(REASON_REQUIRED))
    }
}

/// Who says so, or where something comes from: a few words, trimmed.
///
/// # Errors
/// The problem, when it is none.
pub fn source(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    let chars = text.chars().count();
    if (1..=SOURCE_CHARS_MAX).contains(&chars) && !text.contains(char::is_control) {
        Ok(text.to_owned())
    } else {
        let wanted = format!("`source` must have 1 to {SOURCE_CHARS_MAX} characters, on one line");
        Err(Problem::new(INVALID_REQUEST).detail(wanted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_says_something_and_is_one_line() {
        assert_eq!(parse("  new season ").unwrap(), "new season");
        for none in ["", "  ", "ok", "two\nlines"] {
            assert_eq!(parse(none).unwrap_err().code(), "reason-required", "{none}");
        }
        assert!(parse(&"x".repeat(501)).is_err());
    }
}
