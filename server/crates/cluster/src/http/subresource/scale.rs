//! `scale`: how many Pods an object wants, whatever its kind.

use axum::{body::Body, response::Response};
use http::StatusCode;
use serde_json::{Value, json};

use crate::{
    http::{Call, answer, body, negotiate::Form, path::Target, table},
    kinds::cells,
    object::{Object, text_at},
    patch::Change,
    resource::{
        Resource,
        columns::{self, Column},
    },
    schema::{self, TypeRef},
    status::{Result, Status},
    validation::{ErrorList, Path},
    verbs,
};

const SCALE: &str = "api.autoscaling.v1.Scale";

/// Shows or changes it.
pub(super) async fn serve(
    call: &Call,
    resource: &Resource,
    target: &Target,
    verb: &str,
    body: Body,
) -> Result<Response> {
    let (namespace, name) = (&target.namespace, &target.name);
    let found = verbs::get(&call.server, resource, namespace, name)?;
    let old = of(resource, &found);
    if verb == "get" {
        return Ok(match call.accepted.form {
            Form::Table => answer::value(call, StatusCode::OK, &table_of(call, &old, &found)),
            _ => answer::value(call, StatusCode::OK, &old),
        });
    }
    let Some(shape) = TypeRef::builtin(SCALE) else { return Err(Status::no_such_resource()) };
    let bytes = body::read(body).await?;
    let scale = if verb == "update" {
        body::decode_as(call, &bytes, SCALE, "Scale")?
    } else {
        let change = match body::media_type(call).as_str() {
            "application/json-patch+json" => Change::json(body::parse_json(&bytes)?)?,
            "application/strategic-merge-patch+json" => Change::Strategic(body::parse_json(&bytes)?),
            "application/apply-patch+yaml" => Change::Merge(body::parse_apply(&bytes)?),
            "application/merge-patch+json" => Change::Merge(body::parse_json(&bytes)?),
            _ => return Err(body::unsupported_patch(resource)),
        };
        let patched = change.apply(&old, shape.get())?;
        schema::normalize(patched, shape.get()).map_err(|e| Status::bad_request(e.0))?
    };
    let wanted = cells::number(&scale, "/spec/replicas");
    let mut errors = ErrorList::default();
    errors.not_negative(&Path::new("spec").child("replicas"), wanted.as_i64().unwrap_or(0));
    if !errors.is_empty() {
        return Err(Status::invalid("autoscaling", "Scale", name, errors.into_causes()));
    }
    let version = text_at(&scale, "/metadata/resourceVersion");
    let at = resource.strategy.scale().map_or("/spec/replicas", |paths| paths.wanted.as_str());
    let mut patch =
        at.rsplit('/').filter(|name| !name.is_empty()).fold(wanted, |inner, name| json!({ name: inner }));
    if !version.is_empty() {
        patch["metadata"] = json!({ "resourceVersion": version });
    }
    let request = call.request("scale")?;
    let change = Change::Merge(patch);
    let written = verbs::patch(&call.server, &request, resource, namespace, name, &change, &|_| Ok(()))?;
    Ok(answer::value(call, StatusCode::OK, &of(resource, &written)))
}

const COLUMNS: [Column; 4] =
    [Column::NAME, Column::integer("Desired"), Column::integer("Available"), Column::AGE];

/// The scale as `kubectl get --subresource=scale` shows it.
fn table_of(call: &Call, scale: &Value, of: &Object) -> Value {
    let cells = json!([
        text_at(scale, "/metadata/name"),
        cells::number(scale, "/spec/replicas"),
        cells::number(scale, "/status/replicas"),
        cells::age(scale, call.server.env.clock.now()),
    ]);
    table::of_cells(call, &columns::definitions(&COLUMNS), &cells, of)
}

/// The scale of an object.
fn of(resource: &Resource, object: &Object) -> Value {
    let value = object.value();
    let paths = resource.strategy.scale();
    let selector = match value.pointer("/spec/selector") {
        _ if let Some(paths) = paths => {
            let text = paths.selector.as_ref().and_then(|at| value.pointer(at)?.as_str());
            json!(text.unwrap_or("<none>"))
        }
        // A ReplicationController's selector is labels alone.
        Some(labels) if labels.get("matchLabels").is_none() && labels.get("matchExpressions").is_none() => {
            json!(columns::labels(Some(labels)))
        }
        selector => cells::selector(selector),
    };
    let (wanted, seen) =
        paths.map_or(("/spec/replicas", "/status/replicas"), |paths| (&paths.wanted, &paths.seen));
    let mut status = json!({ "replicas": cells::number(value, seen) });
    if selector != "<none>" {
        status["selector"] = selector;
    }
    let metadata = |key: &str| value.pointer(&format!("/metadata/{key}")).cloned();
    let mut own = json!({});
    for key in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        if let Some(text) = metadata(key) {
            own[key] = text;
        }
    }
    let mut spec = json!({});
    if let Some(replicas) = value.pointer(wanted).filter(|r| r.as_i64() != Some(0)) {
        spec["replicas"] = replicas.clone();
    }
    json!({ "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": own, "spec": spec, "status": status })
}
