//! Settings: a TOML file, then the environment over it. Only this module reads the environment.

use std::net::SocketAddr;
use std::path::Path;

use figment::Figment;
use figment::error::Kind;
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

    /// An address that cannot be listened on: taken, of another machine, or not ours to take.
    #[must_use]
    pub fn unusable_address(setting: &str, address: SocketAddr, error: &std::io::Error) -> Self {
        let wanted = format!("an address that is free here ({error})");
        Self::new(setting, &address.to_string(), &wanted)
    }
}

/// Reads `file` (if any), then the environment variables `{prefix}SECTION__KEY`, and refuses what it does not know.
///
/// # Errors
/// [`BadSettings`] when the file is missing or a setting is unknown, absent or of the wrong kind.
pub fn load<T: DeserializeOwned>(file: Option<&Path>, prefix: &str) -> Result<T, BadSettings> {
    // A variable without a section is no setting: `BACKEND_DATABASE_URL` is the query macros' business.
    let sections = Env::prefixed(prefix).filter(|name| name.as_str().contains("__"));
    read(file, sections.split("__"), prefix)
}

/// [`load`] for settings without sections: the environment variables are `{prefix}KEY`.
///
/// # Errors
/// As [`load`].
pub fn load_flat<T: DeserializeOwned>(file: Option<&Path>, prefix: &str) -> Result<T, BadSettings> {
    read(file, Env::prefixed(prefix), prefix)
}

fn read<T: DeserializeOwned>(file: Option<&Path>, environment: Env, prefix: &str) -> Result<T, BadSettings> {
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
    extract(&figment.merge(environment), prefix).map_err(BadSettings)
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
    let variable = |path: &str| format!("{prefix}{}", path.to_uppercase().replace('.', "__"));
    let should_be = |wanted: &str| {
        let value = shown(figment, &path);
        let variable = variable(&path);
        format!("setting `{path}` ({variable}) is {value}; it should be {wanted}")
    };
    match &first.kind {
        Kind::MissingField(name) => {
            let at = [path.as_str(), name].join(".");
            let at = at.trim_start_matches('.');
            format!(
                "setting `{at}` is missing; set it in the file or as {}",
                variable(at)
            )
        }
        Kind::UnknownField(name, known) => {
            // The path may already end with the unknown name.
            let section = path
                .strip_suffix(name.as_str())
                .unwrap_or(&path)
                .trim_end_matches('.');
            let place = match section {
                "" => String::new(),
                section => format!(" in `[{section}]`"),
            };
            let known = known.join(", ");
            format!("setting `{name}` is unknown{place}; it should be one of {known}")
        }
        // The file is no TOML: there is no setting yet whose fault it could be.
        other if path.is_empty() => format!("the settings cannot be read: {}", one_line(&other.to_string())),
        Kind::UnknownVariant(_, known) => should_be(&known.join(" or ")),
        Kind::InvalidType(_, wanted) | Kind::InvalidValue(_, wanted) => should_be(&in_words(wanted)),
        other => should_be(&in_words(&other.to_string())),
    }
}

/// The value as it was given, unless it may be a secret.
fn shown(figment: &Figment, path: &str) -> String {
    let may_be_secret = ["key", "secret", "url", "password"]
        .iter()
        .any(|word| path.contains(word));
    match figment.find_value(path) {
        Ok(_) if may_be_secret => "not shown here".to_owned(),
        Ok(value) => serde_json::to_string(&value).unwrap_or_default(),
        Err(_) => "not there".to_owned(),
    }
}

/// An error that draws what it found over several lines, in one.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

/// What the types of settings are called by people.
fn in_words(wanted: &str) -> String {
    match wanted {
        section if section.starts_with("struct ") => "a section".to_owned(),
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
        #[serde(default)]
        format: crate::telemetry::LogFormat,
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
    fn a_word_that_is_none_of_those_known_is_named_with_them() {
        let sentence = load_text("[http]\nworkers = 2\nformat = \"loud\"").unwrap_err();
        assert_eq!(
            sentence,
            "setting `http.format` (SAMPLE_HTTP__FORMAT) is \"loud\"; it should be text or json"
        );
    }

    #[test]
    fn what_is_no_section_or_no_toml_is_said_in_one_line() {
        let sentence = load_text("http = 5").unwrap_err();
        assert_eq!(
            sentence,
            "setting `http` (SAMPLE_HTTP) is 5; it should be a section"
        );
        let sentence = load_text("[http\nworkers = 2").unwrap_err();
        assert!(
            sentence.starts_with("the settings cannot be read: ") && !sentence.contains('\n'),
            "{sentence}"
        );
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
