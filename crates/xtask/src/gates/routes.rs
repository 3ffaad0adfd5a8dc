//! Every handler is in an OpenAPI document and every documented operation has its handler; `docs/openapi/` itself is held
//! against what the binaries say (`generated files`). So nobody can call what is not documented, nor read of what is not
//! there; `tests/it/actors.rs` of both services then ask for every one of them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Findings, SourceFile};

const METHODS: [&str; 5] = ["get", "put", "post", "patch", "delete"];
/// Where the handlers of a service are, and in which documents, below which paths: a handler says its path within a scope.
const SERVICES: [(&str, &[(&str, &str)]); 2] = [
    (
        "backend/src/",
        &[
            ("docs/openapi/fans.json", "/api/v1"),
            ("docs/openapi/staff.json", "/api/v1/admin"),
            ("docs/openapi/webhooks.json", "/api/v1"),
        ],
    ),
    ("waiting-room/src/", &[("docs/openapi/waiting-room.json", "")]),
];
/// Other ways to register something. What may be there besides the API is listed as it stands in its file.
const OTHER_WAYS: [&str; 4] = [".route(", "web::resource(", "web::scope(", "web::redirect("];
const BESIDE_THE_API: [&str; 2] = [
    r#".route("/healthz", web::get().to(health))"#,
    r#".service(web::redirect("/docs", "/docs/"))"#,
];

/// Handlers and documents name the same operations.
pub(crate) fn documented(rust: &[SourceFile], documents: &[SourceFile]) -> Findings {
    let mut findings = Findings::new();
    for (folder, files) in SERVICES {
        let sources = || rust.iter().filter(|file| file.path.starts_with(folder));
        let handled = counted(sources().flat_map(|file| handlers(&file.text)));
        let described = counted(files.iter().flat_map(|(path, base)| {
            let document = documents.iter().filter(move |file| file.path == *path);
            document.flat_map(|file| operations(&file.text, base))
        }));
        let missing = |these: &Counted, others: &Counted| -> Vec<String> {
            let fewer = these
                .iter()
                .filter(|(operation, count)| others.get(*operation).unwrap_or(&0) < *count);
            fewer.map(|(operation, _)| operation.clone()).collect()
        };
        findings.extend(missing(&handled, &described).into_iter().map(|operation| {
            format!("{folder}: `{operation}` has a handler and is in no document: mount it, then `cargo xtask generate`")
        }));
        let names: Vec<&str> = files.iter().map(|(path, _)| *path).collect();
        findings.extend(
            missing(&described, &handled)
                .into_iter()
                .map(|operation| format!("{}: `{operation}` has no handler in {folder}", names.join(", "))),
        );
        findings.extend(sources().flat_map(beside));
    }
    findings
}

/// How often an operation is there: two audiences may have one of the same name.
type Counted = BTreeMap<String, usize>;

fn counted(operations: impl Iterator<Item = String>) -> Counted {
    let mut counted = Counted::new();
    for operation in operations {
        *counted.entry(operation).or_default() += 1;
    }
    counted
}

/// `GET /matches` for `#[get("/matches")]`.
fn handlers(text: &str) -> impl Iterator<Item = String> {
    text.lines().filter_map(|line| {
        let (method, rest) = line.trim().strip_prefix("#[")?.split_once("(\"")?;
        let (path, _) = rest.split_once("\")]")?;
        METHODS
            .contains(&method)
            .then(|| format!("{} {path}", method.to_uppercase()))
    })
}

fn operations(text: &str, base: &str) -> Vec<String> {
    let document: Value = serde_json::from_str(text).unwrap_or_default();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        let path = path.strip_prefix(base).unwrap_or(path);
        for method in METHODS {
            if item.get(method).is_some() {
                operations.push(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
    operations
}

fn beside(file: &SourceFile) -> Findings {
    let lines = file.text.lines().map(str::trim);
    lines
        .filter(|line| !line.starts_with("//") && OTHER_WAYS.iter().any(|way| line.contains(way)))
        .filter(|line| !BESIDE_THE_API.contains(line))
        .map(|line| {
            format!(
                "{}: `{line}` registers what no document shows: write a handler",
                file.path
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gates::sample;

    const HANDLER: &str = "#[get(\"/orders/{order_id}\")]\nasync fn read_order() {}\n";
    const DOCUMENT: &str = r#"{"paths": {"/api/v1/orders/{order_id}": {"get": {}, "parameters": []}}}"#;

    fn found(handlers: &str, document: &str) -> Findings {
        documented(
            &sample("backend/src/orders/http.rs", handlers),
            &sample("docs/openapi/fans.json", document),
        )
    }

    #[test]
    fn a_handler_and_its_entry_belong_together() {
        assert_eq!(found(HANDLER, DOCUMENT), Findings::new());

        let undocumented = found(HANDLER, r#"{"paths": {}}"#);
        assert_eq!(undocumented.len(), 1);
        assert!(
            undocumented[0].contains("`GET /orders/{order_id}` has a handler"),
            "{undocumented:?}"
        );

        let gone = found("", DOCUMENT);
        assert_eq!(gone.len(), 1);
        assert!(
            gone[0].contains("`GET /orders/{order_id}` has no handler"),
            "{gone:?}"
        );

        let other_method = found(&HANDLER.replace("get", "put"), DOCUMENT);
        assert_eq!(other_method.len(), 2, "{other_method:?}");
    }

    #[test]
    fn each_audience_has_a_handler_of_its_own() {
        let staff = SourceFile {
            path: "docs/openapi/staff.json".to_owned(),
            text: DOCUMENT.replace("/api/v1", "/api/v1/admin"),
        };
        let mut documents = sample("docs/openapi/fans.json", DOCUMENT);
        documents.push(staff);
        let one = sample("backend/src/orders/http.rs", HANDLER);
        assert_eq!(documented(&one, &documents).len(), 1);
        let both = sample("backend/src/orders/http.rs", &HANDLER.repeat(2));
        assert_eq!(documented(&both, &documents), Findings::new());
    }

    #[test]
    fn nothing_is_registered_behind_the_documents_back() {
        let mounted = format!("{HANDLER}{}\n// as in .route(…)\n", BESIDE_THE_API[0]);
        assert_eq!(found(&mounted, DOCUMENT), Findings::new());
        let hidden = format!("{HANDLER}    config.route(\"/debug\", web::get().to(debug));\n");
        assert_eq!(found(&hidden, DOCUMENT).len(), 1);
    }
}
