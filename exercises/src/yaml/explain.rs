//! The YAML library's errors in words for those who write YAML.

use serde_saphyr::{Error, budget::BudgetBreach};

use super::{node::Position, stream::MAX_NODES};

/// What is wrong, what to do, and where; `text` is what was read.
pub(super) fn explain(error: &Error, text: &str) -> (String, Position) {
    let error = innermost(error);
    let at = error.location().and_then(Position::of).unwrap_or(Position::START);
    (words(error, text, at), at)
}

/// Aliases and snippets wrap the error that matters.
fn innermost(error: &Error) -> &Error {
    match error {
        Error::AliasError { error, .. } | Error::WithSnippet { error, .. } => innermost(error),
        other => other,
    }
}

fn words(error: &Error, text: &str, at: Position) -> String {
    match error {
        Error::DuplicateMappingKey { key: Some(key), .. } => {
            format!("The key `{key}` is given twice in the same mapping. Keep one of the two.")
        }
        Error::DuplicateMappingKey { key: None, .. } => {
            "A key is given twice in the same mapping. Keep one of the two.".to_owned()
        }
        Error::UnknownAnchor { .. } => {
            "An alias (`*name`) stands for nothing: there is no anchor (`&name`) of that name before it. \
             Quote the text if you mean a star."
                .to_owned()
        }
        Error::RecursiveReferencesRequireWeakTypes { .. } => {
            "An alias (`*name`) stands inside of what it stands for. Write the value out.".to_owned()
        }
        Error::NonFiniteFloat { value, .. } => {
            format!("`{value}` is not a number that Kubernetes knows. Quote it if you mean the text.")
        }
        Error::Budget { breach, .. } => over_budget(breach),
        Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. }
        | Error::AliasReplayCounterOverflow { .. } => {
            "The aliases (`*name`) of this document stand for more than podlab reads. Write the values out."
                .to_owned()
        }
        other => from_the_parser(other, text, at),
    }
}

fn over_budget(breach: &BudgetBreach) -> String {
    match breach {
        BudgetBreach::Depth { .. } => {
            "This document is nested deeper than any manifest. Look for brackets that are not closed."
                .to_owned()
        }
        BudgetBreach::Aliases { .. }
        | BudgetBreach::Anchors { .. }
        | BudgetBreach::AliasAnchorRatio { .. }
        | BudgetBreach::MergeKeys { .. } => {
            "This document uses more anchors and aliases than podlab reads. Write the values out.".to_owned()
        }
        _ => format!(
            "This document holds more than {MAX_NODES} values, aliases counted each time they are used. \
             A manifest for an exercise needs a few hundred."
        ),
    }
}

/// The parser's own message, without its place and with the cure where there is a usual one.
fn from_the_parser(error: &Error, text: &str, at: Position) -> String {
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or(&message);
    let line = usize::try_from(at.line).ok().and_then(|line| text.lines().nth(line.saturating_sub(1)));
    let indentation = line.map(|line| line.len() - line.trim_start().len());
    let tab = line.zip(indentation).is_some_and(|(line, width)| line[..width].contains('\t'));
    if tab || message.contains("tab") {
        return "This line is indented with a tab. YAML knows spaces alone: replace the tab by spaces."
            .to_owned();
    }
    let cure = if message.starts_with("mapping values are not allowed") {
        "A `:` stands where no key can be. Either the line before is indented differently, or a text holds `: ` and \
         needs quotes."
    } else if message.contains("did not find expected key") {
        "This line is indented differently from the keys before it. Keys of one mapping stand under each other."
    } else if message.contains("block sequence entries are not allowed") {
        "A `-` stands where no list can begin. Put the list on the line below its key."
    } else if message.starts_with("unclosed quote") {
        "A quote is opened here and never closed."
    } else if message.starts_with("unclosed bracket") {
        "A bracket is opened here and never closed."
    } else if message.contains("bracket") {
        "A bracket does not match the one that is open. Each `[` needs a `]`, each `{` a `}`."
    } else if message.contains("unexpected character") {
        "No plain text can begin with this character, or it is not a printable one. Quote the text."
    } else if message.contains("invalid trailing content") {
        "Something follows the closing quote. A comma may be missing, or the quotes belong around the whole text."
    } else if message.contains("unknown escape") {
        "Between double quotes, `\\` begins an escape that YAML does not know. Use single quotes, or `\\\\`."
    } else if message.contains("a key must be a text") {
        "A key must be a text; this one is a list or a mapping. Braces may be missing their quotes."
    } else {
        return format!("This is not YAML: {}.", message.trim_end_matches('.').replace("scalar", "text"));
    };
    cure.to_owned()
}
