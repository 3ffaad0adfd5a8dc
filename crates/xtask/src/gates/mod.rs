//! Gates: rules of this code base that the compiler and clippy do not know. Each is one function over plain values, and
//! says in one line per finding what is wrong and what would be right.

mod bus;
mod layering;
mod routes;
mod sources;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::checkout::Checkout;

/// A text file of the checkout, its path relative to the root, with `/`.
pub(crate) struct SourceFile {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// What a gate finds wrong, one line each.
pub(crate) type Findings = Vec<String>;

/// Runs all gates.
pub(crate) fn run(checkout: &Checkout) -> anyhow::Result<()> {
    let packages = layering::packages(&checkout.metadata()?)?;
    let rust = rust_sources(checkout.root(), &packages)?;
    let consumers = files_below(checkout.root(), "nats/consumers", "json")?;
    let stream = files_below(checkout.root(), "nats", "json")?;
    let documents = files_below(checkout.root(), "docs/openapi", "json")?;
    let findings: Findings = [
        layering::one_way(&packages),
        sources::small_files(&rust),
        sources::honest_folders(&rust),
        sources::headed_modules(&rust),
        sources::no_escapes(&rust),
        bus::one_filter_each(&consumers),
        bus::known_fields(&stream),
        routes::documented(&rust, &documents),
    ]
    .concat();
    if !findings.is_empty() {
        bail!("{} finding(s)\n  {}", findings.len(), findings.join("\n  "));
    }
    println!(
        "  {} crates, {} Rust files, {} NATS files, {} OpenAPI documents: nothing found",
        packages.len(),
        rust.len(),
        stream.len(),
        documents.len()
    );
    Ok(())
}

fn rust_sources(root: &Path, packages: &[layering::Package]) -> anyhow::Result<Vec<SourceFile>> {
    let mut files = Vec::new();
    for package in packages {
        let folder = package
            .folder
            .strip_prefix(root)
            .unwrap_or(&package.folder)
            .to_string_lossy()
            .into_owned();
        for part in ["src", "tests", "benches"] {
            files.extend(files_below(root, &format!("{folder}/{part}"), "rs")?);
        }
    }
    Ok(files)
}

/// All files of a kind below a folder, which need not exist.
fn files_below(root: &Path, folder: &str, extension: &str) -> anyhow::Result<Vec<SourceFile>> {
    let mut files = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                let text =
                    fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
                let path = path
                    .strip_prefix(root)
                    .unwrap_or(&path)
                    .to_string_lossy()
                    .into_owned();
                files.push(SourceFile { path, text });
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
pub(crate) fn sample(path: &str, text: &str) -> Vec<SourceFile> {
    vec![SourceFile {
        path: path.to_owned(),
        text: text.to_owned(),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_checkout_passes_its_own_gates() {
        if let Err(findings) = run(&Checkout::here().unwrap()) {
            panic!("{findings}");
        }
    }
}
