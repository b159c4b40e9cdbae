//! Golden folders: every `NAME.input.yaml` of a folder goes through a function, and what comes out must be what
//! `NAME.output.yaml` says, a list of lines. `PODLAB_UPDATE_GOLDEN=1 cargo test` writes the outputs anew.
#![expect(clippy::disallowed_methods, reason = "tests read their cases")]

use std::{fmt::Write as _, fs, path::Path};

use serde::de::DeserializeOwned;

/// Runs all cases of a folder under `tests/golden`.
pub(crate) fn run<I: DeserializeOwned>(folder: &str, case: impl Fn(I) -> Vec<String>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(folder);
    let update = std::env::var_os("PODLAB_UPDATE_GOLDEN").is_some();
    let mut failed = Vec::new();
    let mut names: Vec<String> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter_map(|name| name.strip_suffix(".input.yaml").map(str::to_owned))
        .collect();
    names.sort();
    assert!(!names.is_empty(), "{} has no cases", folder.display());
    for name in names {
        let text = fs::read_to_string(folder.join(format!("{name}.input.yaml"))).unwrap();
        let input =
            serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{name}.input.yaml: {error}"));
        let lines = case(input);
        let path = folder.join(format!("{name}.output.yaml"));
        if update {
            let text = lines.iter().fold(String::new(), |mut text, line| {
                let _ = writeln!(text, "- {}", serde_json::Value::String(line.clone()));
                text
            });
            fs::write(&path, text).unwrap();
            continue;
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        let expected: Vec<String> = serde_saphyr::from_str(&expected).unwrap_or_default();
        if lines != expected {
            failed.push(format!("{name}:\n{}", difference(&expected, &lines)));
        }
    }
    assert!(failed.is_empty(), "{} golden cases differ\n{}", failed.len(), failed.join("\n"));
}

/// The lines from the first that differs on.
fn difference(expected: &[String], lines: &[String]) -> String {
    let same = expected.iter().zip(lines).take_while(|(a, b)| a == b).count();
    let mut text = format!("  the first {same} lines are as expected, then\n");
    for line in expected.iter().skip(same).take(8) {
        let _ = writeln!(text, "  - {line}");
    }
    for line in lines.iter().skip(same).take(8) {
        let _ = writeln!(text, "  + {line}");
    }
    text
}
