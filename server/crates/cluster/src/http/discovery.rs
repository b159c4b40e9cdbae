//! Discovery: which groups, versions and resources there are.
//!
//! Source: <https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api>.

use std::sync::Arc;

use axum::response::Response;
use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Call, answer};
use crate::{
    resource::{Resource, Subresource},
    status::{Result, Status},
};

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// A group: its name and its versions, the preferred one first.
struct Group {
    name: String,
    versions: Vec<String>,
}

fn all(call: &Call) -> Vec<Arc<Resource>> {
    call.server.resources()
}

/// The named groups in the order of the table.
fn named_groups(resources: &[Arc<Resource>]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for resource in resources.iter().filter(|r| !r.group.is_empty()) {
        let version = resource.version.to_string();
        match groups.iter_mut().find(|g| g.name == resource.group) {
            Some(group) if group.versions.contains(&version) => {}
            Some(group) => group.versions.push(version),
            None => groups.push(Group { name: resource.group.to_string(), versions: vec![version] }),
        }
    }
    groups
}

fn group_value(group: &Group) -> Value {
    let version = |v: &String| json!({ "groupVersion": format!("{}/{v}", group.name), "version": v });
    json!({
        "name": group.name,
        "versions": group.versions.iter().map(version).collect::<Vec<_>>(),
        "preferredVersion": group.versions.first().map(version),
    })
}

/// `/apis`.
pub(super) fn groups(call: &Call) -> Result<Response> {
    let resources = all(call);
    let groups = named_groups(&resources);
    if call.accepted.aggregated {
        let items = groups.iter().map(|group| aggregated_group(&resources, group)).collect();
        return Ok(aggregated(call, items));
    }
    let groups: Vec<Value> = groups.iter().map(group_value).collect();
    let list = json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": groups });
    Ok(answer::value(call, StatusCode::OK, &list))
}

/// `/apis/apps`.
pub(super) fn group(call: &Call, name: &str) -> Result<Response> {
    let groups = named_groups(&all(call));
    let Some(group) = groups.iter().find(|g| g.name == name) else { return Ok(answer::not_found()) };
    let mut value = group_value(group);
    value["kind"] = json!("APIGroup");
    value["apiVersion"] = json!("v1");
    Ok(answer::value(call, StatusCode::OK, &value))
}

/// `/api`.
pub(super) fn legacy(call: &Call) -> Result<Response> {
    if call.accepted.aggregated {
        let core = Group { name: String::new(), versions: vec!["v1".into()] };
        return Ok(aggregated(call, vec![aggregated_group(&all(call), &core)]));
    }
    let address = &call.server.config.advertise_address;
    let versions = json!({
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{ "clientCIDR": "0.0.0.0/0", "serverAddress": address }],
    });
    Ok(answer::value(call, StatusCode::OK, &versions))
}

/// `/api/v1`, `/apis/apps/v1`.
pub(super) fn resources(call: &Call, group: &str, version: &str) -> Result<Response> {
    let resources = all(call);
    let here: Vec<_> = resources.iter().filter(|r| r.group == group && r.version == version).collect();
    let Some(first) = here.first() else {
        return if group.is_empty() { Ok(answer::not_found()) } else { Err(Status::no_such_resource()) };
    };
    let mut list = json!({
        "kind": "APIResourceList",
        "groupVersion": first.api_version(),
        "resources": here.iter().flat_map(|r| resource_values(r)).collect::<Vec<_>>(),
    });
    if !group.is_empty() {
        list["apiVersion"] = json!("v1");
    }
    Ok(answer::value(call, StatusCode::OK, &list))
}

/// A resource and its subresources, each by itself.
fn resource_values(resource: &Resource) -> Vec<Value> {
    let mut own = json!({
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": resource.verbs.names(),
    });
    if !resource.short_names.is_empty() {
        own["shortNames"] = json!(resource.short_names);
    }
    if !resource.categories.is_empty() {
        own["categories"] = json!(resource.categories);
    }
    if resource.verbs.has("watch") {
        own["storageVersionHash"] = json!(storage_version_hash(resource));
    }
    let below = |sub: &Subresource| {
        let mut value = json!({
            "name": format!("{}/{}", resource.plural, sub.name),
            "singularName": "",
            "namespaced": resource.namespaced,
            "kind": sub_kind(resource, sub),
            "verbs": sub.verbs,
        });
        if !sub.group.is_empty() {
            value["group"] = json!(sub.group);
        }
        if !sub.version.is_empty() {
            value["version"] = json!(sub.version);
        }
        value
    };
    std::iter::once(own).chain(resource.subresources.iter().map(below)).collect()
}

fn sub_kind<'a>(resource: &'a Resource, sub: &'a Subresource) -> &'a str {
    if sub.kind.is_empty() { &resource.kind } else { sub.kind }
}

/// Which kind the objects are stored as, as a hash that clients compare.
fn storage_version_hash(resource: &Resource) -> String {
    // Events of both groups are stored as those of the core.
    let group = if resource.kind == "Event" { "" } else { &*resource.group };
    let name = format!("{group}/{}/{}", resource.version, resource.kind);
    let hash = Sha256::digest(name.as_bytes());
    BASE64_STANDARD.encode(hash.get(..8).unwrap_or_default())
}

fn aggregated_group(resources: &[Arc<Resource>], group: &Group) -> Value {
    let version = |version: &String| {
        let here = resources.iter().filter(|r| *r.group == group.name && r.version == *version);
        json!({
            "version": version,
            "resources": here.map(|r| aggregated_resource(r)).collect::<Vec<_>>(),
            "freshness": "Current",
        })
    };
    let mut value = json!({
        "metadata": { "creationTimestamp": null },
        "versions": group.versions.iter().map(version).collect::<Vec<_>>(),
    });
    if !group.name.is_empty() {
        value["metadata"]["name"] = json!(group.name);
    }
    value
}

fn aggregated_resource(resource: &Resource) -> Value {
    let kind =
        |group: &str, version: &str, kind: &str| json!({ "group": group, "version": version, "kind": kind });
    let below = |sub: &Subresource| {
        let (group, version) = if sub.version.is_empty() {
            (&*resource.group, &*resource.version)
        } else {
            (sub.group, sub.version)
        };
        json!({
            "subresource": sub.name,
            "responseKind": kind(group, version, sub_kind(resource, sub)),
            "verbs": sub.verbs,
        })
    };
    let mut value = json!({
        "resource": resource.plural,
        "responseKind": kind(&resource.group, &resource.version, &resource.kind),
        "scope": if resource.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": resource.singular,
        "verbs": resource.verbs.names(),
    });
    if !resource.short_names.is_empty() {
        value["shortNames"] = json!(resource.short_names);
    }
    if !resource.categories.is_empty() {
        value["categories"] = json!(resource.categories);
    }
    if !resource.subresources.is_empty() {
        value["subresources"] = resource.subresources.iter().map(below).collect();
    }
    value
}

fn aggregated(call: &Call, items: Vec<Value>) -> Response {
    let list = json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    });
    let mut response = answer::value(call, StatusCode::OK, &list);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(AGGREGATED));
    response
}

/// `/`.
pub(super) fn paths(call: &Call) -> Response {
    let mut paths: Vec<String> = ["/.well-known/openid-configuration", "/api", "/api/v1", "/apis", "/apis/"]
        .into_iter()
        .map(str::to_owned)
        .collect();
    for group in named_groups(&all(call)) {
        paths.push(format!("/apis/{}", group.name));
        paths.extend(group.versions.iter().map(|version| format!("/apis/{}/{version}", group.name)));
    }
    let rest = ["/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/openapi/v3/", "/readyz", "/version"];
    paths.extend(rest.into_iter().map(str::to_owned));
    paths.sort();
    answer::raw(&json!({ "paths": paths }))
}
