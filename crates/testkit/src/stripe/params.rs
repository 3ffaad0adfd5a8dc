//! Form and query parameters in Stripe's bracket notation (`metadata[order_id]=…`).

use std::collections::BTreeMap;

use actix_web::web;
use sha2::{Digest, Sha256};

use crate::stripe::errors::Failure;

/// The decoded pairs of one request, as sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    pub(crate) fn parse(encoded: &str) -> Result<Self, Failure> {
        web::Query::<Vec<(String, String)>>::from_query(encoded)
            .map(|pairs| Self(pairs.into_inner()))
            .map_err(|_| Failure::invalid("Invalid form encoding", None))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    pub(crate) fn owned(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    pub(crate) fn required(&self, name: &str) -> Result<&str, Failure> {
        self.get(name).ok_or_else(|| Failure::missing(name))
    }

    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, Failure> {
        self.get(name)
            .map(|text| {
                text.parse()
                    .map_err(|_| Failure::invalid(&format!("Invalid integer: {text}"), Some(name)))
            })
            .transpose()
    }

    /// One of Stripe's words for it, if any was sent.
    pub(crate) fn one_of(&self, name: &str, words: &[&str]) -> Result<Option<String>, Failure> {
        match self.get(name) {
            Some(word) if !words.contains(&word) => {
                let message = format!("Invalid {name}: must be one of {}", words.join(", "));
                Err(Failure::invalid(&message, Some(name)))
            }
            word => Ok(word.map(str::to_owned)),
        }
    }

    /// `name[key]=value` pairs.
    pub(crate) fn map(&self, name: &str) -> BTreeMap<String, String> {
        let inner = |key: &str| {
            Some(
                key.strip_prefix(name)?
                    .strip_prefix('[')?
                    .strip_suffix(']')?
                    .to_owned(),
            )
        };
        self.0
            .iter()
            .filter_map(|(key, value)| Some((inner(key)?, value.clone())))
            .collect()
    }

    /// `name[]=value` and `name[0]=value`.
    pub(crate) fn lists(&self, name: &str, wanted: &str) -> bool {
        self.0.iter().any(|(key, value)| {
            value == wanted
                && key
                    .strip_prefix(name)
                    .is_some_and(|rest| rest.starts_with('[') && rest.ends_with(']'))
        })
    }

    /// Whether any parameter's name starts so.
    pub(crate) fn has_under(&self, prefix: &str) -> bool {
        self.0.iter().any(|(key, _)| key.starts_with(prefix))
    }

    /// Same parameters in any order: same fingerprint. Only this is kept of a request.
    pub(crate) fn fingerprint(&self, route: &str) -> [u8; 32] {
        let mut pairs = self.0.clone();
        pairs.sort();
        let mut digest = Sha256::new();
        digest.update(route.as_bytes());
        for (key, value) in pairs {
            for part in [key, value] {
                digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
                digest.update(part.as_bytes());
            }
        }
        digest.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_make_maps_and_lists() {
        let params = Params::parse(
            "amount=100&metadata[order_id]=7&metadata%5Bsite%5D=backend&expand[]=latest_charge",
        )
        .unwrap();
        assert_eq!(params.integer("amount").unwrap(), Some(100));
        assert_eq!(
            params.map("metadata").get("site").map(String::as_str),
            Some("backend")
        );
        assert_eq!(params.map("metadata").len(), 2);
        assert!(params.lists("expand", "latest_charge"));
    }

    #[test]
    fn the_fingerprint_ignores_order_but_not_values() {
        let print = |text: &str| Params::parse(text).unwrap().fingerprint("/v1/x");
        assert_eq!(print("a=1&b=2"), print("b=2&a=1"));
        assert_ne!(print("a=1&b=2"), print("a=1&b=3"));
    }
}
