//! `docs/ROLES.md`: which role may do what, out of what every operation of staff says of itself (`x-permission`, `x-roles`, `x-step-up`
//! in the OpenAPI document, which the backend fills in from `domain::staff`).

use std::collections::BTreeSet;

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::features::Document;

/// Where the table goes.
pub(crate) const FILE: &str = "docs/ROLES.md";

const HEAD: &str = "\
# Roles

Which member of staff may do what. Made by `cargo xtask generate` from the handlers' types; `backend/tests/it/admin/roles.rs`
asks every operation in the name of every role and compares. Who may do something needs a second factor for it, and where it
says so, to have signed in within the last minutes.

";

/// The page, or an error that names an operation that says too little.
pub(crate) fn table(documents: &[Document]) -> anyhow::Result<String> {
    let mut roles: Vec<String> = Vec::new();
    let mut lines = BTreeSet::new();
    for (path, method, operation) in documents.iter().flat_map(operations) {
        if !path.contains("/admin/") {
            continue;
        }
        let told = || format!("{method} {path} says not who may do it");
        let all = strings(&operation["x-all-roles"]).with_context(told)?;
        let may = strings(&operation["x-roles"]).with_context(told)?;
        ensure!(roles.is_empty() || roles == all, "{}", told());
        roles = all;
        let marks = roles.iter().map(|role| if may.contains(role) { "●" } else { "" });
        let recent = if operation["x-step-up"] == true { "yes" } else { "" };
        let permission = operation["x-permission"].as_str().with_context(told)?;
        lines.insert(format!(
            "| `{} {path}` | {permission} | {recent} | {} |\n",
            method.to_uppercase(),
            marks.collect::<Vec<_>>().join(" | "),
        ));
    }
    let names = roles.iter().map(|role| role.to_lowercase().replace('_', " "));
    let head = format!(
        "| Operation | Permission | Recent sign-in | {} |\n|---|---|---|{}\n",
        names.collect::<Vec<_>>().join(" | "),
        ":-:|".repeat(roles.len()),
    );
    Ok([HEAD.to_owned(), head].into_iter().chain(lines).collect())
}

fn operations(document: &Document) -> impl Iterator<Item = (&String, &String, &Value)> {
    let paths = document.api["paths"].as_object().into_iter().flatten();
    paths.flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten();
        methods.map(move |(method, operation)| (path, method, operation))
    })
}

fn strings(list: &Value) -> Option<Vec<String>> {
    let words = list
        .as_array()?
        .iter()
        .map(|word| word.as_str().map(str::to_owned));
    words.collect()
}
