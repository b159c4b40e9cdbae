//! Structs as the API server has them inside (`k8s.io/kubernetes/pkg/apis/core`), written as indented JSON: they have no
//! names for JSON, so Go's show, and nothing is left out.

use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::{Member, by_value, go_name, line_diff, members};
use crate::schema::{Field, Presence, Shape, Type, TypeRef};

/// How two values of a type differ: their indented JSON, line by line, as `diff.Diff` of apimachinery says it.
pub(crate) fn difference(of: &str, before: &Value, after: &Value) -> String {
    let Some(of) = TypeRef::builtin(of) else { return String::new() };
    line_diff::unified(&written(of.get(), before), &written(of.get(), after))
}

/// A value of a type on one line, as messages show what is wrong.
pub(crate) fn compact(of: &str, value: &Value) -> String {
    let Some(of) = TypeRef::builtin(of) else { return value.to_string() };
    let mut writer = Writer { out: String::new(), depth: None };
    writer.object(of.get(), value);
    writer.out
}

fn written(of: &Type, value: &Value) -> String {
    let mut writer = Writer { out: String::new(), depth: Some(0) };
    writer.object(of, value);
    writer.out
}

struct Writer {
    out: String,
    /// How far lines are indented; none, and everything is on one line.
    depth: Option<usize>,
}

impl Writer {
    fn line(&mut self) {
        if let Some(depth) = self.depth {
            self.out.push('\n');
            (0..depth).for_each(|_| self.out.push(' '));
        }
    }

    fn key(&mut self, key: &str) {
        self.text(key);
        self.out.push_str(if self.depth.is_some() { ": " } else { ":" });
    }

    /// `open`, the entries on a line each, `close`.
    fn block<T>(&mut self, ends: [char; 2], entries: Vec<T>, mut write: impl FnMut(&mut Self, T)) {
        self.out.push(ends[0]);
        self.depth = self.depth.map(|depth| depth + 1);
        let empty = entries.is_empty();
        for (index, entry) in entries.into_iter().enumerate() {
            if index > 0 {
                self.out.push(',');
            }
            self.line();
            write(self, entry);
        }
        self.depth = self.depth.map(|depth| depth.saturating_sub(1));
        if !empty {
            self.line();
        }
        self.out.push(ends[1]);
    }

    fn object(&mut self, of: &Type, value: &Value) {
        if of.name.starts_with("apimachinery.") {
            return self.any(value);
        }
        let moved = (of.go_name() == "PodSpec").then(|| with_host_fields_inside(value));
        let value = moved.as_ref().unwrap_or(value);
        let fields = fields(of);
        // Metadata is embedded, and its fields have names for JSON.
        let embedded = value.get("metadata").and_then(Value::as_object);
        let mut entries: Vec<_> = embedded.into_iter().flatten().map(Entry::Embedded).collect();
        entries.sort_by_key(|entry| matches!(entry, Entry::Embedded((key, _)) if *key == "annotations"));
        let own = fields.into_iter().filter(|(_, field)| field.name != "metadata");
        entries.extend(own.map(|(owner, field)| Entry::Own(owner, field)));
        self.block(['{', '}'], entries, |writer, entry| match entry {
            Entry::Embedded((key, value)) => {
                writer.key(key);
                writer.any(value);
            }
            Entry::Own(owner, field) => {
                writer.key(&go_name(owner, field));
                writer.field(owner, field, value.get(&*field.name).filter(|value| !value.is_null()));
            }
        });
    }

    fn field(&mut self, of: &Type, field: &Field, value: Option<&Value>) {
        let pointer = matches!(field.presence, Presence::Keep) && !always_known(of, field);
        match (&field.shape, value) {
            (Shape::Object(inner), None) if by_value(of, field) => self.object(inner.get(), &Value::Null),
            (Shape::Quantity, None) if by_value(of, field) => self.text("0"),
            (Shape::IntOrString, None) if by_value(of, field) => self.out.push('0'),
            (Shape::String, None) if !pointer => self.text(""),
            (Shape::Int32 | Shape::Int64 | Shape::Double, None) if !pointer => self.out.push('0'),
            (Shape::Bool, None) if !pointer => self.out.push_str("false"),
            (_, None) => self.out.push_str("null"),
            (shape, Some(value)) => self.content(shape, value),
        }
    }

    fn content(&mut self, shape: &Shape, value: &Value) {
        match (shape, value) {
            (Shape::Object(of), value) => self.object(of.get(), value),
            (Shape::List(of), Value::Array(items)) if !items.is_empty() => {
                self.block(['[', ']'], items.iter().collect(), |writer, item| writer.content(of, item));
            }
            (Shape::Map(of), Value::Object(map)) if !map.is_empty() => {
                let mut entries: Vec<_> = map.iter().collect();
                entries.sort_by_key(|(key, _)| *key);
                self.block(['{', '}'], entries, |writer, (key, item)| {
                    writer.key(key);
                    writer.content(of, item);
                });
            }
            // What is empty has not survived being stored.
            (Shape::List(_) | Shape::Map(_), _) => self.out.push_str("null"),
            (_, value) => self.any(value),
        }
    }

    /// JSON as it is.
    fn any(&mut self, value: &Value) {
        match value {
            Value::Array(items) => {
                self.block(['[', ']'], items.iter().collect(), |writer, item| writer.any(item));
            }
            Value::Object(map) => {
                self.block(['{', '}'], map.iter().collect(), |writer, (key, item)| {
                    writer.key(key);
                    writer.any(item);
                });
            }
            Value::String(text) => self.text(text),
            other => self.out.push_str(&other.to_string()),
        }
    }

    /// A string; Go escapes what HTML would take for its own.
    fn text(&mut self, text: &str) {
        let json = Value::from(text).to_string();
        self.out.push_str(&json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026"));
    }
}

/// Whether a field that clients may leave out is a plain number inside, where it has its default.
fn always_known(of: &Type, field: &Field) -> bool {
    (of.go_name(), &*field.name) == ("RollingUpdateStatefulSetStrategy", "partition")
}

/// What a struct is written as.
enum Entry<'a> {
    Embedded((&'a String, &'a Value)),
    Own(&'a Type, &'a Field),
}

/// The fields of the internal struct in the order of its declaration, those of embedded structs where they stand.
fn fields(of: &Type) -> Vec<(&Type, &Field)> {
    let mut fields = Vec::new();
    for member in members(of) {
        match member {
            Member::Own(field) => fields.push((of, field)),
            Member::Embedded(inner) => fields.extend(self::fields(inner.get())),
        }
    }
    match of.go_name() {
        "PodSpec" => {
            fields
                .retain(|(_, field)| !HOST_FIELDS.contains(&&*field.name) && field.name != "serviceAccount");
            move_before(&mut fields, "setHostnameAsFQDN", "affinity");
            move_before(&mut fields, "preemptionPolicy", "dnsConfig");
            move_before(&mut fields, "overhead", "enableServiceLinks");
        }
        "PodSecurityContext" => {
            fields.splice(0..0, host_fields());
            move_before(&mut fields, "fsGroupChangePolicy", "sysctls");
        }
        "Volume" => move_before(&mut fields, "quobyte", "flexVolume"),
        _ => {}
    }
    fields
}

/// Moves a field to where it is declared inside.
fn move_before<'t>(fields: &mut Vec<(&'t Type, &'t Field)>, name: &str, anchor: &str) {
    let Some(from) = fields.iter().position(|(_, field)| field.name == name) else { return };
    let field = fields.remove(from);
    let to = fields.iter().position(|(_, field)| field.name == anchor).unwrap_or(fields.len());
    fields.insert(to, field);
}

/// What a Pod shares with its host: inside, part of its security context.
const HOST_FIELDS: [&str; 5] = ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers"];

fn host_fields<'t>() -> impl Iterator<Item = (&'t Type, &'t Field)> {
    static SPEC: LazyLock<Option<TypeRef>> = LazyLock::new(|| TypeRef::builtin("api.core.v1.PodSpec"));
    let spec = SPEC.as_ref().map(TypeRef::get);
    HOST_FIELDS.iter().filter_map(move |name| spec.and_then(|spec| Some((spec, spec.field(name)?))))
}

fn with_host_fields_inside(spec: &Value) -> Value {
    let mut spec = spec.clone();
    if let Some(fields) = spec.as_object_mut() {
        let moved: Vec<_> = HOST_FIELDS.iter().filter_map(|name| fields.remove_entry(*name)).collect();
        let context = fields.entry("securityContext").or_insert_with(|| Value::Object(Map::new()));
        if let Some(context) = context.as_object_mut() {
            context.extend(moved);
        }
    }
    spec
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_differs_is_shown_with_three_lines_around_it() {
        let spec = |command: &str, policy: &str| {
            json!({
                "containers": [{ "name": "a", "image": "b", "command": ["sleep", command], "resources": {} }],
                "restartPolicy": policy, "hostNetwork": true,
            })
        };
        let text = difference("api.core.v1.PodSpec", &spec("3600", "Always"), &spec("<1>", "Always"));
        assert_eq!(
            text,
            "@@ -7,7 +7,7 @@\n    \"Image\": \"b\",\n    \"Command\": [\n     \"sleep\",\n-    \"3600\"\n\
             +    \"\\u003c1\\u003e\"\n    ],\n    \"Args\": null,\n    \"WorkingDir\": \"\",\n"
        );
        let text = difference("api.core.v1.PodSpec", &spec("1", "Always"), &spec("1", "Never"));
        assert!(
            text.contains("  \"EphemeralContainers\": null,\n- \"RestartPolicy\": \"Always\",\n"),
            "{text}"
        );
    }

    #[test]
    fn what_a_pod_shares_with_its_host_is_in_its_security_context() {
        let text = difference("api.core.v1.PodSpec", &json!({}), &json!({ "hostPID": true }));
        let expected = "  \"SecurityContext\": {\n   \"HostNetwork\": false,\n-  \"HostPID\": false,\n+  \"HostPID\": true,\n";
        assert!(text.contains(expected.trim_start()), "{text}");
    }
}
