//! CustomResourceDefinitions themselves.

use regex::Regex;
use serde_json::{Value, json};

use super::{rules, structural::schema_of};
use crate::{
    object::{Object, object_at, text_at},
    resource::{Context, Generation, Strategy},
    server::Server,
    status::Result,
    store::Writer,
    validation::{ErrorList, Path},
};

/// How long a pattern may be.
const PATTERN: usize = 1 << 16;

/// A pattern of a schema, if it can be read. Bounded: it comes from outside.
pub(super) fn pattern(text: &str) -> Option<Regex> {
    (text.len() <= PATTERN).then(|| regex::RegexBuilder::new(text).size_limit(1 << 20).build().ok()).flatten()
}

#[derive(Debug)]
pub(crate) struct DefinitionStrategy;

fn versions(object: &Value) -> &[Value] {
    object.pointer("/spec/versions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// Accepts the names and serves the resource at once, as a real cluster does a moment later.
fn establish(cx: Context<'_>, object: &mut Value, before: Option<&Value>) {
    let names = object.pointer("/spec/names").cloned().unwrap_or_default();
    let stored = versions(object).iter().find(|version| version["storage"] == true);
    let stored = stored.map(|version| text_at(version, "/name").to_owned()).unwrap_or_default();
    let mut versions: Vec<Value> =
        before.and_then(|old| old.pointer("/status/storedVersions")?.as_array().cloned()).unwrap_or_default();
    if !versions.contains(&json!(stored)) {
        versions.push(json!(stored));
    }
    let now = cx.server.now();
    let conditions = before.and_then(|old| old.pointer("/status/conditions").cloned()).unwrap_or_else(|| {
        json!([
            {
                "type": "NamesAccepted", "status": "True", "lastTransitionTime": now, "observedGeneration": 1,
                "reason": "NoConflicts", "message": "no conflicts found"
            },
            {
                "type": "Established", "status": "True", "lastTransitionTime": now, "observedGeneration": 1,
                "reason": "InitialNamesAccepted", "message": "the initial names have been accepted"
            },
        ])
    });
    object["status"] =
        json!({ "acceptedNames": names, "conditions": conditions, "storedVersions": versions });
}

impl Strategy for DefinitionStrategy {
    fn generation(&self) -> Generation {
        Generation::OfSpec
    }

    fn has_status(&self) -> bool {
        true
    }

    fn set_defaults(&self, object: &mut Value) {
        let spec = object_at(object, "spec");
        spec.entry("conversion").or_insert_with(|| json!({ "strategy": "None" }));
        let Some(names) = spec.get_mut("names").and_then(Value::as_object_mut) else { return };
        let kind = names.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
        let is_missing = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().is_empty();
        if is_missing(names.get("singular")) {
            names.insert("singular".into(), json!(kind.to_lowercase()));
        }
        if is_missing(names.get("listKind")) {
            names.insert("listKind".into(), json!(format!("{kind}List")));
        }
    }

    fn prepare_create(&self, cx: Context<'_>, object: &mut Value) -> Result<()> {
        establish(cx, object, None);
        Ok(())
    }

    fn prepare_update(&self, cx: Context<'_>, object: &mut Value, old: &Value) -> Result<()> {
        establish(cx, object, Some(old));
        Ok(())
    }

    /// Its objects go with it.
    fn removed(&self, server: &Server, writer: &Writer<'_>, object: &Object) {
        let storage = object.name();
        for custom in server.store.list(storage, "").objects {
            writer.remove(storage, custom.namespace(), custom.name(), server.env.clock.uptime());
        }
    }

    fn validate(&self, _cx: Context<'_>, object: &Value, errors: &mut ErrorList) -> Result<()> {
        let spec = Path::new("spec");
        let (group, plural) = (text_at(object, "/spec/group"), text_at(object, "/spec/names/plural"));
        let name = text_at(object, "/metadata/name");
        if name != format!("{plural}.{group}") {
            let path = Path::new("metadata").child("name");
            errors.invalid(&path, name, "must be spec.names.plural+\".\"+spec.group");
        }
        if group.is_empty() {
            errors.required(&spec.child("group"), "");
        } else if !group.contains('.') {
            errors.invalid(&spec.child("group"), group, "should be a domain with at least one dot");
        }
        const SCOPES: [&str; 2] = ["Cluster", "Namespaced"];
        match text_at(object, "/spec/scope") {
            "" => errors.required(&spec.child("scope"), ""),
            scope if !SCOPES.contains(&scope) => errors.not_supported(&spec.child("scope"), scope, &SCOPES),
            _ => {}
        }
        let names = spec.child("names");
        for field in ["plural", "singular", "kind", "listKind"] {
            if text_at(object, &format!("/spec/names/{field}")).is_empty() {
                errors.required(&names.child(field), "");
            }
        }
        let all = versions(object);
        let stored = all.iter().filter(|version| version["storage"] == true).count();
        if stored != 1 {
            let said = "must have exactly one version marked as storage version";
            errors.invalid(&spec.child("versions"), json!(all), said);
        }
        for (index, version) in all.iter().enumerate() {
            let path = spec.child("versions").index(index).child("schema").child("openAPIV3Schema");
            validate_schema(schema_of(version), &path, errors);
        }
        Ok(())
    }

    fn validate_change(&self, object: &Value, old: &Value, errors: &mut ErrorList) -> Result<()> {
        for field in ["group", "scope"] {
            let at = format!("/spec/{field}");
            if text_at(object, &at) != text_at(old, &at) {
                errors.invalid(&Path::new("spec").child(field), text_at(object, &at), "field is immutable");
            }
        }
        Ok(())
    }
}

/// The rules of structural schemas that are broken most often.
fn validate_schema(schema: &Value, path: &Path, errors: &mut ErrorList) {
    if !schema.is_object() {
        return errors.required(path, "schemas are required");
    }
    if text_at(schema, "/type").is_empty() {
        errors.required(&path.child("type"), "must not be empty at the root");
    } else if text_at(schema, "/type") != "object" {
        errors.invalid(&path.child("type"), text_at(schema, "/type"), "must be object at the root");
    }
    rules::validate(schema, path, errors);
    validate_properties(schema, path, errors, super::structural::DEPTH);
}

fn validate_properties(schema: &Value, path: &Path, errors: &mut ErrorList, depth: usize) {
    if depth == 0 {
        return;
    }
    for (name, of) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        validate_below(of, &path.child("properties").key(name), errors, depth);
    }
    for key in ["items", "additionalProperties"] {
        if let Some(of) = schema.get(key).filter(|of| of.is_object()) {
            validate_below(of, &path.child(key), errors, depth);
        }
    }
}

fn validate_below(of: &Value, path: &Path, errors: &mut ErrorList, depth: usize) {
    rules::validate(of, path, errors);
    let untyped =
        of["x-kubernetes-int-or-string"] == true || of["x-kubernetes-preserve-unknown-fields"] == true;
    if text_at(of, "/type").is_empty() && !untyped {
        errors.required(&path.child("type"), "must not be empty for specified object fields");
    }
    if let Some(text) = of["pattern"].as_str()
        && pattern(text).is_none()
    {
        errors.invalid(&path.child("pattern"), text, "must be a valid regular expression, but isn't");
    }
    validate_properties(of, path, errors, depth - 1);
}
