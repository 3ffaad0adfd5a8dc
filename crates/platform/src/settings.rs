//! Settings: a TOML file, then the environment over it. Only this module reads the environment.

use std::path::Path;

use figment::Figment;
use figment::providers::{Env, Format, Toml};
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
    figment
        // A variable without a section is no setting: `BACKEND_DATABASE_URL` is the query macros' business.
        .merge(
            Env::prefixed(prefix)
                .filter(|name| name.as_str().contains("__"))
                .split("__"),
        )
        .extract()
        .map_err(|error| BadSettings(sentence(&error, prefix)))
}

fn sentence(error: &figment::Error, prefix: &str) -> String {
    use figment::error::Kind;
    let Some(first) = error.clone().into_iter().next() else {
        return error.to_string();
    };
    let path = first.path.join(".");
    let variable = format!("{prefix}{}", path.to_uppercase().replace('.', "__"));
    match &first.kind {
        Kind::MissingField(name) => {
            let at = if path.is_empty() {
                name.to_string()
            } else {
                format!("{path}.{name}")
            };
            let at_variable = format!("{prefix}{}", at.to_uppercase().replace('.', "__"));
            format!("setting `{at}` is missing; set it in the file or as {at_variable}")
        }
        Kind::UnknownField(name, known) => {
            format!(
                "setting `{name}` is unknown at `{path}`; known there: {}",
                known.join(", ")
            )
        }
        Kind::InvalidType(got, wanted) => {
            format!("setting `{path}` ({variable}) is {got}; it should be {wanted}")
        }
        Kind::InvalidValue(got, wanted) => {
            format!("setting `{path}` ({variable}) is {got}; it should be {wanted}")
        }
        other => format!("setting `{path}` ({variable}) is wrong: {other}"),
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
        Figment::from(Toml::string(text))
            .extract()
            .map_err(|error| sentence(&error, "SAMPLE_"))
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_named_with_its_variable() {
        let sentence = load_text("[http]\nworkers = \"many\"").unwrap_err();
        assert!(
            sentence.contains("`http.workers` (SAMPLE_HTTP__WORKERS)"),
            "{sentence}"
        );
        assert!(sentence.contains("many"), "{sentence}");
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
