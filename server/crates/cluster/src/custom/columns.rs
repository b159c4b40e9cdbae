//! `additionalPrinterColumns`: what `kubectl get` shows of a custom resource.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    object::text_at,
    resource::columns::{self, Column},
};

/// A column of a definition.
#[derive(Debug)]
pub(super) struct Printed {
    definition: Value,
    kind: String,
    path: Vec<Step>,
}

/// A step of a path through an object.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Field(String),
    Index(i64),
    All,
    /// The items of which a field has a value.
    Where(Vec<String>, String),
}

impl Printed {
    /// The columns of a version; without any, the age.
    pub(super) fn all(version: &Value) -> Vec<Self> {
        match version.get("additionalPrinterColumns").and_then(Value::as_array).filter(|all| !all.is_empty())
        {
            Some(columns) => columns.iter().map(Self::new).collect(),
            None => {
                let age = json!({
                    "name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp",
                    "description": "CreationTimestamp is a timestamp representing the server time when this object was created.",
                });
                vec![Self::new(&age)]
            }
        }
    }

    fn new(column: &Value) -> Self {
        let description = match text_at(column, "/description") {
            "" => format!(
                "Custom resource definition column (in JSONPath format): {}",
                text_at(column, "/jsonPath")
            ),
            own => own.to_owned(),
        };
        Self {
            definition: json!({
                "name": column["name"], "type": column["type"],
                "format": text_at(column, "/format"),
                "description": description,
                "priority": column["priority"].as_i64().unwrap_or(0),
            }),
            kind: text_at(column, "/type").to_owned(),
            path: parse(text_at(column, "/jsonPath")).unwrap_or_default(),
        }
    }

    fn cell(&self, object: &Value, now: Timestamp) -> Value {
        let mut found = vec![object];
        for step in &self.path {
            found = found.into_iter().flat_map(|value| step.of(value)).collect();
        }
        let Some(first) = found.first().filter(|_| !self.path.is_empty()) else { return Value::Null };
        match (self.kind.as_str(), first) {
            ("date", Value::String(time)) => json!(columns::age(time, now)),
            ("date", _) => json!("<unknown>"),
            ("integer", Value::Number(number)) if number.is_f64() => json!(number.as_f64().map(|n| n as i64)),
            ("integer" | "number", Value::Number(_)) | ("boolean", Value::Bool(_)) => (*first).clone(),
            ("string", Value::String(text)) => json!(text),
            ("string", _) => json!(found.iter().map(|value| plain(value)).collect::<Vec<_>>().join(",")),
            _ => Value::Null,
        }
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The heads of the columns, the name first.
pub(super) fn heads(columns: &[Printed]) -> Value {
    let name = json!({
        "name": Column::NAME.name, "type": Column::NAME.kind, "format": Column::NAME.format,
        "description": Column::NAME.description, "priority": 0,
    });
    std::iter::once(name).chain(columns.iter().map(|column| column.definition.clone())).collect()
}

/// The cells of an object.
pub(super) fn row(columns: &[Printed], object: &Value, now: Timestamp) -> Vec<Value> {
    let name = json!(text_at(object, "/metadata/name"));
    std::iter::once(name).chain(columns.iter().map(|column| column.cell(object, now))).collect()
}

impl Step {
    fn of<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        let items = || value.as_array().map(Vec::as_slice).unwrap_or_default();
        match self {
            Self::Field(name) => value.get(name).into_iter().collect(),
            Self::Index(index) => {
                let count = i64::try_from(items().len()).unwrap_or(i64::MAX);
                let at = if *index < 0 { count + index } else { *index };
                usize::try_from(at).ok().and_then(|at| items().get(at)).into_iter().collect()
            }
            Self::All => items().iter().collect(),
            Self::Where(path, wanted) => {
                let field = |item: &'v Value| path.iter().try_fold(item, |value, name| value.get(name));
                items()
                    .iter()
                    .filter(|item| field(item).is_some_and(|value| plain(value) == *wanted))
                    .collect()
            }
        }
    }
}

/// Reads a path: `.spec.a`, `.items[0]`, `.items[*].b`, `['a.b']`, `[?(@.type=="Ready")]`.
fn parse(path: &str) -> Option<Vec<Step>> {
    let mut rest = path.trim().trim_start_matches('{').trim_end_matches('}').trim_start_matches('$');
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let (inside, after) =
                if inner.starts_with("?(") { inner.split_once(")]")? } else { inner.split_once(']')? };
            steps.push(match inside.strip_prefix("?(") {
                Some(condition) => {
                    let (field, value) = condition.split_once("==")?;
                    let names = field.trim().strip_prefix("@.")?.split('.').map(str::to_owned).collect();
                    Step::Where(names, value.trim().trim_matches(['"', '\'']).to_owned())
                }
                None if inside == "*" => Step::All,
                None => match inside.parse() {
                    Ok(index) => Step::Index(index),
                    Err(_) => Step::Field(inside.trim_matches(['"', '\'']).to_owned()),
                },
            });
            rest = after;
            continue;
        }
        rest = rest.strip_prefix('.').unwrap_or(rest);
        // A backslash takes the dot after it into the name.
        let mut name = String::new();
        let mut escaped = false;
        let mut end = rest.len();
        for (at, c) in rest.char_indices() {
            match c {
                '\\' if !escaped => escaped = true,
                '.' | '[' if !escaped => {
                    end = at;
                    break;
                }
                c => {
                    escaped = false;
                    name.push(c);
                }
            }
        }
        rest = rest.get(end..)?;
        if name.is_empty() {
            return None;
        }
        steps.push(Step::Field(name));
    }
    Some(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_found_by_their_paths() {
        let version = json!({ "additionalPrinterColumns": [
            { "name": "Size", "type": "integer", "jsonPath": ".spec.size" },
            { "name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status" },
            { "name": "First", "type": "string", "jsonPath": ".spec.parts[0]" },
            { "name": "Note", "type": "string", "jsonPath": ".metadata.annotations.a\\.b" },
            { "name": "None", "type": "string", "jsonPath": ".spec.none" },
        ] });
        let object = json!({
            "metadata": { "name": "w", "annotations": { "a.b": "c" } },
            "spec": { "size": 3, "parts": ["x", "y"] },
            "status": { "conditions": [{ "type": "Other", "status": "False" }, { "type": "Ready", "status": "True" }] },
        });
        let cells = row(&Printed::all(&version), &object, Timestamp::UNIX_EPOCH);
        assert_eq!(json!(cells), json!(["w", 3, "True", "x", "c", null]));
    }

    proptest::proptest! {
        #[test]
        fn any_path_is_read_or_refused(path in ".{0,40}") {
            let _ = parse(&path);
        }
    }
}
