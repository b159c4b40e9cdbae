//! Tables: rows and columns, which `kubectl get` prints.
//!
//! Source: <https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables>.

use serde_json::{Value, json};

use super::{Call, objects};
use crate::{object::Object, resource::Resource, verbs::Page};

/// Whether, and how, a row has its object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Include {
    None,
    Metadata,
    Object,
}

fn include(call: &Call) -> Include {
    match call.query.get("includeObject") {
        "None" => Include::None,
        "Object" => Include::Object,
        _ => Include::Metadata,
    }
}

fn row(call: &Call, resource: &Resource, object: &Object) -> Value {
    let mut row = json!({
        "cells": resource.strategy.row(object.value(), call.server.env.clock.now()),
    });
    match include(call) {
        Include::None => {}
        Include::Metadata => row["object"] = objects::metadata_only(object),
        Include::Object => row["object"] = json!(objects::As { resource, object }),
    }
    row
}

fn table(metadata: &Value, columns: Value, rows: Vec<Value>) -> Value {
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
        "columnDefinitions": columns, "rows": rows,
    })
}

/// One object.
pub(super) fn of_one(call: &Call, resource: &Resource, object: &Object) -> Value {
    let metadata = json!({ "resourceVersion": object.revision().to_string() });
    table(&metadata, resource.strategy.column_definitions(), vec![row(call, resource, object)])
}

/// Something about an object in one row, with columns of its own.
pub(super) fn of_cells(call: &Call, columns: &Value, cells: &Value, object: &Object) -> Value {
    let metadata = json!({ "resourceVersion": object.revision().to_string() });
    let mut row = json!({ "cells": cells });
    if include(call) != Include::None {
        row["object"] = objects::metadata_only(object);
    }
    table(&metadata, columns.clone(), vec![row])
}

/// A list.
pub(super) fn of_page(call: &Call, resource: &Resource, page: &Page) -> Value {
    let rows = page.objects.iter().map(|object| row(call, resource, object)).collect();
    table(&objects::list_metadata(page), resource.strategy.column_definitions(), rows)
}

/// One object of a watch: only the first of its tables has columns.
pub(super) fn of_event(call: &Call, resource: &Resource, object: &Object, is_first: bool) -> Value {
    let mut table = of_one(call, resource, object);
    if !is_first {
        table["columnDefinitions"] = Value::Null;
    }
    table
}
