//! Settings: a TOML file, then the environment over it. Only this module reads the environment.

use std::path::Path;

use figment::Figment;
use figment::error::Kind;
use figment::providers::{Env, Format, Toml};
use figment::value::Value;
use serde::de::DeserializeOwned;

/// Why a process did not start: one sentence that names the setting, the value and what would be right.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadSettings(String);

impl BadSettings {
    /// A setting that parses but cannot be right.
    #[must_use]
    pub fn new(setting: &str, value: &str, wanted: &str) -> Self {
        Self(format!("setting `{setting}` is {value}; it should be {wanted}"))
    }
}

/// Reads `file` (if any), then the environment variables `{prefix}SECTION__KEY`, and refuses what it does not know.
///
/// # Errors
/// [`BadSettings`] when the file is missing or a setting is unknown, absent or of the wrong kind.
pub fn load<T: DeserializeOwned>(file: Option<&Path>, prefix: &str) -> Result<T, BadSettings> {
    let mut figment = Figment::new();
    if let Some(path) = file {
        if !path.is_file() {
            return Err(BadSettings(format!(
                "settings file `{}` does not exist; give an existing file with --config",
                path.display()
            )));
        }
        figment = figment.merge(Toml::file_exact(path));
    }
    let figment = figment
        // A variable without a section is no setting: `BACKEND_DATABASE_URL` is the query macros' business.
        .merge(
            Env::prefixed(prefix)
                .filter(|name| name.as_str().contains("__"))
                .split("__"),
        );
    extract(&figment, prefix).map_err(BadSettings)
}

fn extract<T: DeserializeOwned>(figment: &Figment, prefix: &str) -> Result<T, String> {
    figment
        .extract()
        .map_err(|error| sentence(figment, &error, prefix))
}

/// One sentence: the setting, its value, what would be right.
fn sentence(figment: &Figment, error: &figment::Error, prefix: &str) -> String {
    let Some(first) = error.clone().into_iter().next() else {
        return error.to_string();
    };
    let path = first.path.join(".");
    let at = |name: &str| {
        if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        }
    };
    let variable = |path: &str| format!("{prefix}{}", path.to_uppercase().replace('.', "__"));
    match &first.kind {
        Kind::MissingField(name) => {
            let at = at(name);
            format!(
                "setting `{at}` is missing; set it in the file or as {}",
                variable(&at)
            )
        }
        Kind::UnknownField(name, known) => {
            // The path may already end with the unknown name.
            let section = path
                .strip_suffix(name.as_str())
                .unwrap_or(&path)
                .trim_end_matches('.');
            format!(
                "setting `{name}` is unknown in `[{section}]`; it should be one of {}",
                known.join(", ")
            )
        }
        Kind::InvalidType(_, wanted) | Kind::InvalidValue(_, wanted) => {
            let value = shown(figment, &path);
            format!(
                "setting `{path}` ({}) is {value}; it should be {}",
                variable(&path),
                in_words(wanted)
            )
        }
        other => {
            let value = shown(figment, &path);
            format!(
                "setting `{path}` ({}) is {value}; it should be {}",
                variable(&path),
                in_words(&other.to_string())
            )
        }
    }
}

/// The value as it was given, unless it may be a secret.
fn shown(figment: &Figment, path: &str) -> String {
    let may_be_secret = ["key", "secret", "url", "password"]
        .iter()
        .any(|word| path.contains(word));
    match figment.find_value(path) {
        Ok(_) if may_be_secret => "not shown here".to_owned(),
        Ok(Value::String(_, text)) => format!("\"{text}\""),
        Ok(Value::Num(_, number)) => number.to_actual().to_string(),
        Ok(other) => other.to_actual().to_string(),
        Err(_) => "not there".to_owned(),
    }
}

/// What the types of settings are called by people.
fn in_words(wanted: &str) -> String {
    match wanted {
        "usize" | "u16" | "u32" | "u64" | "i32" | "i64" => "a whole number".to_owned(),
        "invalid socket address syntax" => "an address and a port, such as 127.0.0.1:7400".to_owned(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only parsed")]
    struct Sample {
        http: Http,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only parsed")]
    struct Http {
        workers: u16,
    }

    fn load_text(text: &str) -> Result<Sample, String> {
        extract(&Figment::from(Toml::string(text)), "SAMPLE_")
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_named_with_its_variable() {
        let sentence = load_text("[http]\nworkers = \"many\"").unwrap_err();
        assert!(
            sentence.contains("`http.workers` (SAMPLE_HTTP__WORKERS)"),
            "{sentence}"
        );
        assert!(
            sentence.contains("\"many\"; it should be a whole number"),
            "{sentence}"
        );
    }

    #[test]
    fn an_unknown_setting_is_refused_by_name() {
        let sentence = load_text("[http]\nworkers = 2\ncolour = 3").unwrap_err();
        assert!(sentence.contains("`colour` is unknown"), "{sentence}");
    }

    #[test]
    fn a_missing_setting_is_named() {
        let sentence = load_text("[http]").unwrap_err();
        assert!(sentence.contains("workers` is missing"), "{sentence}");
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = load::<Sample>(Some(Path::new("/nowhere.toml")), "SAMPLE_").unwrap_err();
        assert!(error.to_string().contains("/nowhere.toml"));
    }
}
