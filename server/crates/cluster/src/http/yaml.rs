//! YAML bodies, with errors in the words of the parser that the real server uses (go-yaml).

use serde::Deserialize;
use serde_json::Value;

use crate::schema::Parsed;

/// The most nodes that a document may have, aliases counted where they stand.
const NODES: usize = 100_000;

/// Reads a document.
///
/// # Errors
///
/// go-yaml's message: `yaml: line 4: found character that cannot start any token`.
pub(super) fn parse(text: &[u8]) -> Result<Parsed, String> {
    let text = std::str::from_utf8(text).map_err(|_| "yaml: invalid leading UTF-8 octet".to_owned())?;
    let first = first_document(text);
    match read(first, true) {
        Ok(value) => Ok(Parsed { value, duplicates: Vec::new() }),
        Err(serde_saphyr::Error::DuplicateMappingKey { key, location }) => {
            let value = read(first, false).map_err(|error| message(&error, text))?;
            let key = key.unwrap_or_default();
            let quoted = if matches!(key.as_str(), "true" | "false") { key } else { format!("{key:?}") };
            let line = location.line();
            let duplicate =
                format!("yaml: unmarshal errors:\n  line {line}: key {quoted} already set in map");
            Ok(Parsed { value, duplicates: vec![duplicate] })
        }
        Err(error) => Err(message(&error, text)),
    }
}

fn read(text: &str, strict: bool) -> Result<Value, serde_saphyr::Error> {
    if text
        .lines()
        .all(|line| line.trim().is_empty() || line.trim_start().starts_with('#') || line.trim() == "---")
    {
        return Ok(Value::Null);
    }
    let mut options = serde_saphyr::Options::default();
    let mut budget = serde_saphyr::Budget::default();
    budget.max_nodes = NODES;
    options.budget = Some(budget);
    options.legacy_octal_numbers = true;
    options.with_snippet = false;
    options.duplicate_keys = if strict {
        serde_saphyr::DuplicateKeyPolicy::Error
    } else {
        serde_saphyr::DuplicateKeyPolicy::LastWins
    };
    serde_saphyr::with_deserializer_from_str_with_options(text, options, |de| Value::deserialize(de))
}

/// The text up to the second document's beginning: a body is one object.
fn first_document(text: &str) -> &str {
    let mut at = 0;
    let mut seen = false;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end();
        let is_content = !bare.is_empty() && !bare.trim_start().starts_with('#') && bare != "---";
        if bare == "---" && seen {
            return &text[..at];
        }
        seen |= is_content;
        at += line.len();
    }
    text
}

/// Where this parser and go-yaml stumble over the same thing they say it alike but for these phrases.
const PHRASES: [(&str, &str); 9] = [
    ("simple key expected ':'", "could not find expected ':'"),
    ("simple key expect ':'", "could not find expected ':'"),
    ("tabs disallowed", "found character that cannot start any token"),
    ("tab cannot", "found character that cannot start any token"),
    ("mapping values are not allowed", "mapping values are not allowed in this context"),
    ("did not find expected key", "did not find expected key"),
    ("did not find expected '-' indicator", "did not find expected '-' indicator"),
    ("unclosed bracket", "did not find expected ',' or ']'"),
    ("end of stream", "found unexpected end of stream"),
];

fn message(error: &serde_saphyr::Error, text: &str) -> String {
    let said = error.to_string();
    let line = error.location().map_or(1, |location| location.line());
    let lower = said.to_lowercase();
    let phrase = PHRASES.iter().find(|(own, _)| lower.contains(&own.to_lowercase()));
    match phrase {
        // go-yaml notices a missing colon where the next line begins.
        Some((_, theirs @ "could not find expected ':'")) => format!("yaml: line {}: {theirs}", line + 1),
        Some((_, theirs)) => format!("yaml: line {line}: {theirs}"),
        None if text
            .lines()
            .nth(usize::try_from(line).unwrap_or(1).saturating_sub(1))
            .is_some_and(|l| l.trim_start_matches(' ').starts_with('\t')) =>
        {
            format!("yaml: line {line}: found character that cannot start any token")
        }
        None => format!("yaml: line {line}: {}", said.lines().next().unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_key_given_twice_is_named_with_its_line() {
        let parsed = parse(b"a: 1\nb: 2\na: 3\n").unwrap();
        assert_eq!(parsed.value, json!({"a": 3, "b": 2}));
        assert_eq!(parsed.duplicates, ["yaml: unmarshal errors:\n  line 3: key \"a\" already set in map"]);
    }

    #[test]
    fn only_the_first_document_is_read() {
        assert_eq!(parse(b"---\na: 1\n---\nb: 2\n").unwrap().value, json!({"a": 1}));
        assert_eq!(parse(b"# nothing\n---\n").unwrap().value, Value::Null);
    }
}
