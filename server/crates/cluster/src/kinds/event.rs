//! Events, in both their versions: stored as `v1`, shown as `events.k8s.io/v1` where that is asked for.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::cells;
use crate::{
    object::{Object, object_at, text_at},
    resource::{Context, Resource, Strategy, columns, columns::Column},
    schema::{self, TypeRef},
    status::Result,
    validation::{ErrorList, Path},
};

/// How the fields of the two versions answer to each other: `events.k8s.io/v1`, `v1`.
const FIELDS: [(&str, &str); 8] = [
    ("regarding", "involvedObject"),
    ("note", "message"),
    ("reportingController", "reportingComponent"),
    ("reportingInstance", "reportingInstance"),
    ("deprecatedSource", "source"),
    ("deprecatedFirstTimestamp", "firstTimestamp"),
    ("deprecatedLastTimestamp", "lastTimestamp"),
    ("deprecatedCount", "count"),
];

/// Events as `v1` has them.
#[derive(Debug)]
pub(crate) struct EventStrategy;

impl Strategy for EventStrategy {
    fn storage_version(&self) -> Option<&'static str> {
        Some("v1")
    }

    fn allows_create_on_update(&self) -> bool {
        true
    }

    fn set_defaults(&self, object: &mut Value) {
        // What came in by the newer version is stored as the older one.
        if let Value::Object(root) = object {
            for (newer, older) in FIELDS.iter().filter(|(newer, older)| newer != older) {
                if let Some(value) = root.remove(*newer) {
                    root.insert((*older).into(), value);
                }
            }
        }
        let namespace = text_at(object, "/metadata/namespace").to_owned();
        let involved = object_at(object, "involvedObject");
        if !namespace.is_empty() && !involved.contains_key("namespace") && namespace != "default" {
            involved.insert("namespace".into(), json!(namespace));
        }
    }

    fn validate(&self, _cx: Context<'_>, object: &Value, errors: &mut ErrorList) -> Result<()> {
        let involved = text_at(object, "/involvedObject/namespace");
        let own = text_at(object, "/metadata/namespace");
        let path = Path::new("involvedObject").child("namespace");
        // What belongs to the whole cluster has its events in the namespace `default`.
        let home = if involved.is_empty() { "default" } else { involved };
        if own != home {
            errors.invalid(&path, involved, "does not match event.namespace");
        }
        Ok(())
    }

    fn seen(&self, resource: &Resource, object: &Object) -> Option<Value> {
        if resource.group.is_empty() {
            return None;
        }
        let mut value = object.to_value();
        if let Value::Object(root) = &mut value {
            for (newer, older) in FIELDS.iter().filter(|(newer, older)| newer != older) {
                if let Some(field) = root.remove(*older) {
                    root.insert((*newer).into(), field);
                }
            }
            root.insert("apiVersion".into(), json!(resource.api_version()));
        }
        let of = TypeRef::builtin("api.events.v1.Event")?;
        schema::normalize(value.clone(), of.get()).ok().or(Some(value))
    }

    fn selectable(&self, object: &Value, field: &str) -> Option<String> {
        let text = |pointer: &str| Some(text_at(object, pointer).to_owned());
        match field {
            "reason" => text("/reason"),
            "type" => text("/type"),
            "reportingComponent" | "reportingController" => text("/reportingComponent"),
            "source" => match text_at(object, "/source/component") {
                "" => text("/reportingComponent"),
                source => Some(source.to_owned()),
            },
            _ => {
                let part = field.strip_prefix("involvedObject.").or(field.strip_prefix("regarding."))?;
                matches!(
                    part,
                    "kind" | "namespace" | "name" | "uid" | "apiVersion" | "resourceVersion" | "fieldPath"
                )
                .then(|| text_at(object, &format!("/involvedObject/{part}")).to_owned())
            }
        }
    }

    fn columns(&self) -> &'static [Column] {
        static COLUMNS: [Column; 10] = [
            Column::text("Last Seen"),
            Column::text("Type"),
            Column::text("Reason"),
            Column::text("Object"),
            Column::text("Subobject").wide(),
            Column::text("Source").wide(),
            Column::text("Message"),
            Column::text("First Seen").wide(),
            Column::integer("Count").wide(),
            Column { priority: 1, ..Column::NAME },
        ];
        &COLUMNS
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let text = |pointer: &str| text_at(object, pointer);
        let event_time = text("/eventTime");
        let first = match text("/firstTimestamp") {
            "" => event_time,
            at => at,
        };
        let series = text("/series/lastObservedTime");
        let last = [series, text("/lastTimestamp"), first].into_iter().find(|at| !at.is_empty());
        let count = object.pointer("/series/count").or(object.get("count")).and_then(Value::as_i64);
        let kind = text("/involvedObject/kind").to_lowercase();
        let about = match text("/involvedObject/name") {
            "" => kind,
            name => format!("{kind}/{name}"),
        };
        let source = match (text("/source/component"), text("/source/host")) {
            ("", _) => text("/reportingComponent").to_owned(),
            (component, "") => component.to_owned(),
            (component, host) => format!("{component}, {host}"),
        };
        vec![
            json!(columns::age(last.unwrap_or_default(), now)),
            cells::text(object, "/type"),
            cells::text(object, "/reason"),
            json!(about),
            cells::text(object, "/involvedObject/fieldPath"),
            json!(source),
            json!(text("/message").trim()),
            json!(columns::age(first, now)),
            json!(count.unwrap_or(1)),
            cells::name(object),
        ]
    }
}
