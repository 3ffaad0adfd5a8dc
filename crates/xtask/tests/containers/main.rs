//! `docker-compose.yml` and `Dockerfile`, judged as far as a machine without a container engine can: the one against the
//! official schema, both against what they name in this checkout.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod compose;
mod dockerfile;

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

/// What is wrong, one line each.
type Findings = Vec<String>;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn text_of(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// With its anchors resolved and what was merged in its place, as compose reads it.
fn committed_compose() -> Value {
    let mut yaml: serde_norway::Value = serde_norway::from_str(&text_of("docker-compose.yml")).unwrap();
    // What is merged in may itself merge: a service the settings of its kind, and those what all services share.
    for _ in 0..2 {
        yaml.apply_merge().unwrap();
    }
    serde_json::to_value(yaml).unwrap()
}

/// Whether an image's tag says which release it is: `latest`, `alpine` and no tag at all do not.
fn is_pinned(image: &str) -> bool {
    let name = image.rsplit('/').next().unwrap_or(image);
    name.split_once(':').is_some_and(|(_, tag)| {
        tag.trim_start_matches('v')
            .starts_with(|sign: char| sign.is_ascii_digit())
    })
}

fn is_root(user: &str) -> bool {
    ["root", "0"].contains(&user.split(':').next().unwrap_or(user))
}

#[test]
fn a_pinned_image_names_its_release() {
    for pinned in [
        "postgres:15.14-bookworm",
        "traefik:v3.5.3",
        "valkey/valkey:8.1.3-alpine",
        "host:5000/nats:2",
    ] {
        assert!(is_pinned(pinned), "{pinned}");
    }
    for floating in ["postgres", "postgres:latest", "nats:alpine", "host:5000/nats"] {
        assert!(!is_pinned(floating), "{floating}");
    }
}
