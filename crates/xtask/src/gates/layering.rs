//! Dependencies point one way.

use std::path::PathBuf;

use anyhow::Context;
use serde_json::Value;

use super::Findings;

/// A crate of ours and which of our crates it depends on.
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    dependencies: Vec<Dependency>,
}

struct Dependency {
    name: String,
    dev: bool,
}

/// Who may depend on whom; what is not named here may depend on nothing of ours.
const ALLOWED: [(&str, &[&str]); 10] = [
    ("contracts", &[]),
    ("domain", &[]),
    ("line", &[]),
    ("platform", &[]),
    ("testkit", &["contracts", "platform"]),
    ("backend", &["domain", "contracts", "platform"]),
    ("waiting-room", &["line", "contracts", "platform"]),
    ("load-tests", &["contracts"]),
    ("model-check", &["domain"]),
    ("xtask", &[]),
];

/// Who may, in its tests only, depend on whom beyond [`ALLOWED`].
const ALLOWED_IN_TESTS: [(&str, &[&str]); 3] = [
    ("backend", &["testkit"]),
    ("waiting-room", &["testkit"]),
    ("load-tests", &["testkit"]),
];

/// Our crates, from the answer of `cargo metadata --no-deps`.
pub(crate) fn packages(metadata: &Value) -> anyhow::Result<Vec<Package>> {
    let packages = metadata["packages"]
        .as_array()
        .context("cargo metadata names no packages")?;
    packages.iter().map(package).collect()
}

fn package(found: &Value) -> anyhow::Result<Package> {
    let manifest = PathBuf::from(
        found["manifest_path"]
            .as_str()
            .context("a package without a manifest")?,
    );
    let dependencies = found["dependencies"]
        .as_array()
        .context("a package without dependencies")?;
    Ok(Package {
        name: found["name"]
            .as_str()
            .context("a package without a name")?
            .to_owned(),
        folder: manifest
            .parent()
            .context("a manifest without a folder")?
            .to_path_buf(),
        // Ours are those found by path.
        dependencies: dependencies
            .iter()
            .filter(|dependency| dependency["path"].is_string())
            .map(|dependency| Dependency {
                name: dependency["name"].as_str().unwrap_or_default().to_owned(),
                dev: dependency["kind"] == "dev",
            })
            .collect(),
    })
}

/// No crate of ours depends on one it must not know.
pub(crate) fn one_way(packages: &[Package]) -> Findings {
    let entry = |table: &[(&str, &'static [&'static str])], name: &str| {
        table
            .iter()
            .find(|(package, _)| *package == name)
            .map_or(&[][..], |(_, allowed)| *allowed)
    };
    let mut findings = Findings::new();
    for package in packages {
        let allowed = entry(&ALLOWED, &package.name);
        let in_tests = entry(&ALLOWED_IN_TESTS, &package.name);
        for dependency in &package.dependencies {
            let name = dependency.name.as_str();
            let fine = allowed.contains(&name) || (dependency.dev && in_tests.contains(&name));
            if !fine {
                let may = if allowed.is_empty() {
                    "none of ours".to_owned()
                } else {
                    allowed.join(", ")
                };
                findings.push(format!(
                    "{} depends on {name}; it may depend on {may}",
                    package.name
                ));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn one(name: &str, dependency: &str, kind: &Value) -> Vec<Package> {
        let dependency = json!({"name": dependency, "path": "/x", "kind": kind});
        let package = json!({"name": name, "manifest_path": "/x/Cargo.toml", "dependencies": [dependency]});
        packages(&json!({"packages": [package]})).unwrap()
    }

    #[test]
    fn a_dependency_against_the_layers_is_named() {
        assert_eq!(
            one_way(&one("domain", "platform", &Value::Null)),
            ["domain depends on platform; it may depend on none of ours"]
        );
        assert_eq!(one_way(&one("platform", "contracts", &Value::Null)).len(), 1);
        assert_eq!(one_way(&one("waiting-room", "domain", &Value::Null)).len(), 1);
        assert_eq!(one_way(&one("brand-new", "domain", &Value::Null)).len(), 1);
    }

    #[test]
    fn the_testkit_is_for_tests_only() {
        assert_eq!(one_way(&one("backend", "testkit", &Value::Null)).len(), 1);
        assert!(one_way(&one("backend", "testkit", &json!("dev"))).is_empty());
        assert_eq!(one_way(&one("domain", "testkit", &json!("dev"))).len(), 1);
    }

    #[test]
    fn a_dependency_along_the_layers_is_fine() {
        assert!(one_way(&one("backend", "domain", &Value::Null)).is_empty());
    }
}
