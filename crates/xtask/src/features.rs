//! `docs/FEATURES.md`: epic → feature → operations, out of what every operation says of itself (`x-epic`, `x-feature`,
//! `x-rules` in the OpenAPI documents).

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, ensure};
use serde_json::Value;

/// Where the table goes.
pub(crate) const FILE: &str = "docs/FEATURES.md";

/// What epics and features are called; whoever mentions another one in an annotation names it here.
const NAMES: [(&str, &str); 41] = [
    ("E0", "Staff"),
    ("E0-F1", "Staff and their roles"),
    ("E1", "Users and profiles"),
    ("E1-F3", "The ticketing profile"),
    ("E1-F4", "Saved profiles"),
    ("E2", "Matches and stadiums"),
    ("E2-F1", "Matches"),
    ("E2-F2", "Sales phases"),
    ("E2-F3", "Stadiums"),
    ("E2-F4", "How a match uses its sectors"),
    ("E2-F6", "Match update notifications"),
    ("E2-F7", "Calling off"),
    ("E2-F9", "Closing"),
    ("E4", "Buying tickets"),
    ("E4-F1", "Matches"),
    ("E4-F2", "Zones, prices, free seats"),
    ("E4-F3", "Seats are assigned"),
    ("E4-F4", "The cart and its clock"),
    ("E4-F5", "Checkout, with holders"),
    ("E4-F7", "Paying or leaving it"),
    ("E5", "The waiting queue"),
    ("E5-F1", "Joining, and the place"),
    ("E5-F2", "News of the place"),
    ("E5-F4", "The time to buy"),
    ("E5-F5", "Lost connections"),
    ("E6", "Loyalty"),
    ("E6-F1", "Points"),
    ("E6-F2", "Early access by points"),
    ("E8", "Payments"),
    ("E8-F1", "Stripe"),
    ("E9", "Tickets"),
    ("E9-F1", "Tickets and their codes"),
    ("E9-F7", "Orders"),
    ("E9-F8", "Giving back"),
    ("E11", "Blacklist and security"),
    ("E11-F1", "The blacklist"),
    ("E11-F2", "Lists of the police"),
    ("E11-F3", "Checks"),
    ("E11-F5", "Blocked attempts"),
    ("E15", "Notifications"),
    ("E15-F3", "Devices"),
];

const HEAD: &str = "\
# Features

Which operations serve which feature, and the rules that they keep. Made by `cargo xtask generate` from what every handler
says of itself (`x-epic`, `x-feature`, `x-rules`); the numbers are those of the product's epics. What an operation takes
and answers is in [openapi/](openapi/).
";

/// What a service says its API is.
pub(crate) struct Document {
    pub(crate) service: &'static str,
    pub(crate) api: Value,
}

/// One operation; they sort by feature, then as they are read.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Operation {
    /// `E10-F2` as (10, 2): numbers sort as numbers.
    feature_number: (u32, u32),
    epic: String,
    feature: String,
    service: &'static str,
    path: String,
    method: String,
    rules: Vec<String>,
}

/// The page, or an error that names an operation that says too little, or a feature without a name.
pub(crate) fn table(documents: &[Document]) -> anyhow::Result<String> {
    let names = BTreeMap::from(NAMES);
    let operations = operations(documents)?;
    let mut page = HEAD.to_owned();
    let mut used = BTreeSet::new();
    let mut epic = "";
    for operation in &operations {
        let name = |id: &str| {
            let missing = || format!("{id} has no name: add it in crates/xtask/src/features.rs");
            names.get(id).copied().with_context(missing)
        };
        if operation.epic != epic {
            epic = &operation.epic;
            page.push_str(&format!(
                "\n## {epic} {}\n\n| Feature | Operation | Service | Rules |\n|---|---|---|---|\n",
                name(epic)?
            ));
        }
        let feature = &operation.feature;
        let called = if used.insert(feature.as_str()) {
            format!("{feature} {}", name(feature)?)
        } else {
            String::new()
        };
        page.push_str(&format!(
            "| {called} | `{} {}` | {} | {} |\n",
            operation.method,
            operation.path,
            operation.service,
            operation.rules.join(", ")
        ));
    }
    used.extend(operations.iter().map(|operation| operation.epic.as_str()));
    let unused: Vec<&str> = names.into_keys().filter(|id| !used.contains(id)).collect();
    ensure!(
        unused.is_empty(),
        "no operation serves {}: remove the name in crates/xtask/src/features.rs",
        unused.join(", ")
    );
    Ok(page)
}

fn operations(documents: &[Document]) -> anyhow::Result<BTreeSet<Operation>> {
    let mut operations = BTreeSet::new();
    for Document { service, api } in documents {
        for (path, item) in api["paths"].as_object().context("a document without `paths`")? {
            for (method, operation) in item.as_object().into_iter().flatten() {
                let method = method.to_uppercase();
                let read = read(service, (&method, path), operation);
                operations.insert(read.with_context(|| format!("{service}: {method} {path}"))?);
            }
        }
    }
    Ok(operations)
}

fn read(service: &'static str, (method, path): (&str, &str), operation: &Value) -> anyhow::Result<Operation> {
    let epic = operation["x-epic"].as_str().context("has no `x-epic`")?;
    let feature = operation["x-feature"].as_str().context("has no `x-feature`")?;
    let rules = operation["x-rules"].as_array().context("has no `x-rules`")?;
    let feature_number = number_of(epic, feature)
        .with_context(|| format!("`{feature}` is no feature of `{epic}`: those are called `{epic}-F1`"))?;
    let rules: Option<Vec<String>> = rules
        .iter()
        .map(|rule| rule.as_str().map(str::to_owned))
        .collect();
    Ok(Operation {
        feature_number,
        epic: epic.to_owned(),
        feature: feature.to_owned(),
        service,
        path: path.to_owned(),
        method: method.to_owned(),
        rules: rules.context("has an `x-rules` that is no list of words")?,
    })
}

fn number_of(epic: &str, feature: &str) -> Option<(u32, u32)> {
    let of_epic = epic.strip_prefix('E')?.parse().ok()?;
    let own = feature.strip_prefix(epic)?.strip_prefix("-F")?.parse().ok()?;
    Some((of_epic, own))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(api: Value) -> Vec<Document> {
        vec![Document {
            service: "backend",
            api,
        }]
    }

    fn operation(epic: &str, feature: &str) -> Value {
        json!({ "x-epic": epic, "x-feature": feature, "x-rules": ["one", "two"] })
    }

    /// The documents as they are committed, with one operation taken away or changed.
    fn committed(change: impl Fn(&mut Value)) -> Vec<Document> {
        let texts = [
            ("backend", include_str!("../../../docs/openapi/fans.json")),
            ("backend", include_str!("../../../docs/openapi/staff.json")),
            ("backend", include_str!("../../../docs/openapi/webhooks.json")),
            (
                "waiting-room",
                include_str!("../../../docs/openapi/waiting-room.json"),
            ),
        ];
        texts
            .into_iter()
            .map(|(service, text)| {
                let mut api = serde_json::from_str(text).unwrap();
                change(&mut api);
                Document { service, api }
            })
            .collect()
    }

    #[test]
    fn every_committed_operation_has_its_line() {
        let page = table(&committed(|_| {})).unwrap();
        let documents = committed(|_| {});
        let paths = documents
            .iter()
            .flat_map(|one| one.api["paths"].as_object().unwrap());
        let count: usize = paths.map(|(_, item)| item.as_object().unwrap().len()).sum();
        assert_eq!(page.lines().filter(|line| line.contains(" | `")).count(), count);
        assert!(
            page.contains("| `POST /api/v1/matches/{match_id}/checkout` | backend | one-ticket-per-person,")
        );
    }

    #[test]
    fn an_operation_that_says_too_little_is_named() {
        for lost in ["x-epic", "x-feature", "x-rules"] {
            let documents = committed(|api| {
                if let Some(access) = api["paths"].get_mut("/access") {
                    access["get"].as_object_mut().unwrap().remove(lost);
                }
            });
            let complaint = format!("{:#}", table(&documents).unwrap_err());
            assert_eq!(complaint, format!("waiting-room: GET /access: has no `{lost}`"));
        }
    }

    #[test]
    fn features_belong_to_their_epic_and_have_names_that_are_used() {
        let complaint = |epic, feature| {
            let api = json!({ "paths": { "/here": { "get": operation(epic, feature) } } });
            format!("{:#}", table(&document(api)).unwrap_err())
        };
        assert!(complaint("E4", "E5-F1").contains("no feature of `E4`"));
        assert!(complaint("E4", "E4-F99").contains("E4-F99 has no name"));
        assert!(complaint("E4", "E4-F1").contains("no operation serves E0, "));
    }

    #[test]
    fn numbers_sort_as_numbers() {
        assert!(number_of("E4", "E4-F2") < number_of("E4", "E4-F10"));
        assert!(number_of("E9", "E9-F8") < number_of("E10", "E10-F1"));
        assert_eq!(number_of("E1", "E10-F1"), None);
    }
}
