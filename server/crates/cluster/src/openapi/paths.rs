//! Paths: enough for a client to find the kind and the options of an operation.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::resource::Resource;

/// The paths of the resources of one group and version.
pub(super) fn of(resources: &[Arc<Resource>]) -> Map<String, Value> {
    resources.iter().flat_map(|resource| of_one(resource)).collect()
}

fn of_one(resource: &Resource) -> Vec<(String, Value)> {
    let root = if resource.group.is_empty() { "/api" } else { "/apis" };
    let within = if resource.namespaced { "/namespaces/{namespace}" } else { "" };
    let collection = format!("{root}/{}{within}/{}", resource.api_version(), resource.plural);
    let has = |verb: &str| resource.verbs.has(verb);
    let (mut all, mut one) = (json!({}), json!({}));
    if has("list") {
        all["get"] = operation(resource, "list", &["labelSelector", "fieldSelector", "limit", "watch"]);
    }
    if has("create") {
        all["post"] = with_body(operation(resource, "post", &WRITE), resource);
    }
    if has("deletecollection") {
        all["delete"] = operation(resource, "deletecollection", &["labelSelector", "fieldSelector"]);
    }
    if has("get") {
        one["get"] = operation(resource, "get", &[]);
    }
    if has("update") {
        one["put"] = with_body(operation(resource, "put", &WRITE), resource);
    }
    if has("patch") {
        let mut patch = operation(resource, "patch", &["dryRun", "fieldManager", "fieldValidation", "force"]);
        patch["requestBody"] = json!({ "content": patch_forms(resource), "required": true });
        one["patch"] = patch;
    }
    if has("delete") {
        one["delete"] = operation(resource, "delete", &["gracePeriodSeconds", "propagationPolicy"]);
    }
    let mut paths = vec![(collection.clone(), all)];
    if one.as_object().is_some_and(|operations| !operations.is_empty()) {
        paths.push((format!("{collection}/{{name}}"), one));
    }
    paths
}

const WRITE: [&str; 3] = ["dryRun", "fieldManager", "fieldValidation"];

fn operation(resource: &Resource, action: &str, parameters: &[&str]) -> Value {
    let parameter = |name: &&str| {
        let kind = match *name {
            "limit" | "gracePeriodSeconds" => "integer",
            "watch" | "force" => "boolean",
            _ => "string",
        };
        json!({ "name": name, "in": "query", "schema": { "type": kind, "uniqueItems": true } })
    };
    json!({
        "parameters": parameters.iter().map(parameter).collect::<Vec<_>>(),
        "responses": { "200": { "description": "OK" }, "401": { "description": "Unauthorized" } },
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind":
            { "group": resource.group, "kind": resource.kind, "version": resource.version },
    })
}

fn with_body(mut operation: Value, resource: &Resource) -> Value {
    if let Some(of) = resource.schema() {
        let reference = format!("#/components/schemas/io.k8s.{}", of.get().name);
        operation["requestBody"] =
            json!({ "content": { "*/*": { "schema": { "$ref": reference } } }, "required": true });
    }
    operation
}

fn patch_forms(resource: &Resource) -> Value {
    let schema =
        json!({ "schema": { "$ref": "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.Patch" } });
    let mut forms = json!({
        "application/apply-patch+cbor": schema,
        "application/apply-patch+yaml": schema,
        "application/json-patch+json": schema,
        "application/merge-patch+json": schema,
    });
    if resource.has_strategic_patch() {
        forms["application/strategic-merge-patch+json"] = schema;
    }
    forms
}
