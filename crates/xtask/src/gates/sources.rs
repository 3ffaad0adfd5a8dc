//! Sizes, names and headers of source files.

use super::{Findings, SourceFile};

/// A file is read in one sitting.
const SOURCE_LINES_MAX: usize = 400;
/// Tests may be longer: each stands alone.
const TEST_LINES_MAX: usize = 600;
/// Folders that tell nothing and attract everything.
const FORBIDDEN_FOLDERS: [&str; 4] = ["utils", "common", "helpers", "misc"];
/// Lints that nobody may switch off, and notes to do it later. Split, so that this file does not contain them.
const ESCAPES: [&str; 6] = [
    concat!("clippy::", "unwrap_used"),
    concat!("clippy::", "expect_used"),
    concat!("clippy::", "panic"),
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("FIX", "ME"),
];

fn is_test(path: &str) -> bool {
    path.contains("/tests/") || path.contains("/benches/")
}

/// No file is too long to read.
pub(crate) fn small_files(files: &[SourceFile]) -> Findings {
    let too_long = |file: &SourceFile| {
        let lines = file.text.lines().count();
        let most = if is_test(&file.path) {
            TEST_LINES_MAX
        } else {
            SOURCE_LINES_MAX
        };
        (lines > most).then(|| {
            format!(
                "{} has {lines} lines; {most} at most: split it by what it does",
                file.path
            )
        })
    };
    files.iter().filter_map(too_long).collect()
}

/// No folder is named after nothing.
pub(crate) fn honest_folders(files: &[SourceFile]) -> Findings {
    let mut findings = Findings::new();
    for file in files {
        let mut parts: Vec<_> = file.path.split('/').collect();
        let name = parts.pop().unwrap_or_default().trim_end_matches(".rs");
        for part in parts
            .into_iter()
            .chain([name])
            .filter(|part| FORBIDDEN_FOLDERS.contains(part))
        {
            findings.push(format!(
                "{}: `{part}` says nothing; name it after what it holds",
                file.path
            ));
        }
    }
    findings.dedup();
    findings
}

/// Every folder of the two binaries says on its first lines what it is and what it owns.
pub(crate) fn headed_modules(files: &[SourceFile]) -> Findings {
    let is_context = |path: &str| {
        let inside = path
            .strip_prefix("backend/src/")
            .or_else(|| path.strip_prefix("waiting-room/src/"));
        inside.is_some_and(|inside| inside.split('/').count() == 2 && inside.ends_with("/mod.rs"))
    };
    let mut findings = Findings::new();
    for file in files.iter().filter(|file| is_context(&file.path)) {
        let header: Vec<_> = file
            .text
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .collect();
        if header.is_empty() {
            findings.push(format!(
                "{}: starts without `//!`; say what this folder is",
                file.path
            ));
        } else if !header.iter().any(|line| line.contains("Owns")) {
            findings.push(format!(
                "{}: no `Owns` line; say which tables or duties are its own",
                file.path
            ));
        }
    }
    findings
}

/// Nobody switches off the lints that keep panics out, and nothing is left for later.
pub(crate) fn no_escapes(files: &[SourceFile]) -> Findings {
    let mut findings = Findings::new();
    for file in files.iter().filter(|file| !is_test(&file.path)) {
        for (number, line) in (1..).zip(file.text.lines()) {
            if let Some(escape) = ESCAPES.iter().find(|escape| line.contains(**escape)) {
                findings.push(format!("{}:{number}: `{escape}`; handle the case", file.path));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn a_long_file_is_named_and_a_test_may_be_longer() {
        let text = "line\n".repeat(401);
        assert_eq!(
            small_files(&sample("backend/src/orders/store.rs", &text)).len(),
            1
        );
        assert!(small_files(&sample("backend/tests/it/orders.rs", &text)).is_empty());
        assert_eq!(
            small_files(&sample("backend/tests/it/orders.rs", &text.repeat(2))).len(),
            1
        );
    }

    #[test]
    fn a_folder_that_says_nothing_is_named() {
        assert_eq!(honest_folders(&sample("backend/src/utils/text.rs", "")).len(), 1);
        assert_eq!(
            honest_folders(&sample("backend/src/orders/helpers.rs", "")).len(),
            1
        );
        assert!(honest_folders(&sample("backend/src/orders/store.rs", "")).is_empty());
    }

    #[test]
    fn a_context_without_its_header_is_named() {
        assert_eq!(
            headed_modules(&sample("backend/src/orders/mod.rs", "mod store;\n")).len(),
            1
        );
        assert_eq!(
            headed_modules(&sample("waiting-room/src/queues/mod.rs", "//! Queues.\n")).len(),
            1
        );
        assert!(
            headed_modules(&sample(
                "backend/src/orders/mod.rs",
                "//! Orders.\n//! Owns: orders.\n"
            ))
            .is_empty()
        );
        assert!(headed_modules(&sample("backend/src/orders/actions/mod.rs", "")).is_empty());
    }

    #[test]
    fn a_switched_off_lint_is_named_with_its_line() {
        let text = format!("fn f() {{}}\n#[expect({})]\n", ESCAPES[0]);
        let findings = no_escapes(&sample("backend/src/app.rs", &text));
        assert_eq!(findings.len(), 1);
        assert!(
            findings[0].starts_with("backend/src/app.rs:2:"),
            "{}",
            findings[0]
        );
        assert!(no_escapes(&sample("backend/tests/it/main.rs", &text)).is_empty());
    }
}
