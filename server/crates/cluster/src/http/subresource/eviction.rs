//! `pods/NAME/eviction`: a deletion that the PodDisruptionBudgets may forbid.

use axum::{body::Body, response::Response};
use http::StatusCode;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use serde_json::{Value, json};

use crate::{
    http::{Call, answer, body, path::Target},
    label_selector,
    object::{Object, metadata_str, object_at, text_at},
    request::Request,
    resource::{Registry, Resource},
    status::{Cause, Details, Result, Status},
    verbs::{self, DeleteOptions},
};

const BUDGETS: &str = "poddisruptionbudgets.policy";

/// Evicts a Pod.
pub(super) async fn create(
    call: &Call,
    resource: &Resource,
    target: &Target,
    body: Body,
) -> Result<Response> {
    let bytes = body::read(body).await?;
    let eviction = body::decode_as(call, &bytes, "api.policy.v1.Eviction", "Eviction")?;
    let name = metadata_str(&eviction, "name");
    if !name.is_empty() && name != target.name {
        return Err(Status::bad_request("name in URL does not match name in Eviction object"));
    }
    let options = eviction.get("deleteOptions").filter(|options| !options.is_null()).cloned();
    let options: DeleteOptions = options
        .map(serde_json::from_value)
        .transpose()
        .map_err(|error| Status::bad_request(error.to_string()))?
        .unwrap_or_default();
    let request = call.request("eviction")?;
    let pod = verbs::get(&call.server, resource, &target.namespace, &target.name)?;
    if !can_be_ignored(&pod) {
        ask_budgets(call, &request, &pod)?;
    }
    if !request.dry_run {
        mark(call, resource, &pod)?;
    }
    verbs::delete(&call.server, &call.request("")?, resource, &target.namespace, &target.name, &options)?;
    let success =
        json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201 });
    Ok(answer::value(call, StatusCode::CREATED, &success))
}

/// Budgets do not count Pods that have ended, wait for a node or are on their way out.
fn can_be_ignored(pod: &Object) -> bool {
    pod.is_deleting() || matches!(text_at(pod.value(), "/status/phase"), "Succeeded" | "Failed" | "Pending")
}

/// Takes one disruption from the Pod's budget.
fn ask_budgets(call: &Call, request: &Request, pod: &Object) -> Result<()> {
    let labels = pod.labels().map(|labels| {
        labels.iter().map(|(k, v)| (k.clone(), v.as_str().unwrap_or_default().to_owned())).collect()
    });
    let stored = call.server.store.list(BUDGETS, pod.namespace()).objects;
    let mut matching = stored.iter().filter_map(|stored| {
        let budget: PodDisruptionBudget = stored.parse().ok()?;
        let selector = budget.spec.as_ref().and_then(|spec| spec.selector.as_ref());
        label_selector::selects(selector, labels.as_ref()).then_some((stored, budget))
    });
    let Some((stored, budget)) = matching.next() else { return Ok(()) };
    if matching.next().is_some() {
        return Err(Status::internal(
            "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
        ));
    }
    let status = budget.status.clone().unwrap_or_default();
    let generation = budget.metadata.generation.unwrap_or(0);
    if status.observed_generation.unwrap_or(0) < generation {
        return Err(too_many(&format!(
            "The disruption budget {} is still being processed by the server.",
            stored.name()
        )));
    }
    let allowed = status.disruptions_allowed.unwrap_or(0);
    if allowed <= 0 {
        return Err(too_many(&format!(
            "The disruption budget {} needs {} healthy pods and has {} currently",
            stored.name(),
            status.desired_healthy.unwrap_or(0),
            status.current_healthy.unwrap_or(0)
        )));
    }
    if request.dry_run {
        return Ok(());
    }
    let mut object = stored.value().clone();
    let own = object_at(&mut object, "status");
    own.insert("disruptionsAllowed".into(), json!(allowed - 1));
    let disrupted = own.entry("disruptedPods").or_insert_with(|| json!({}));
    disrupted[pod.name()] = json!(call.server.now());
    let Some(resource) = Registry::builtin().by_kind("policy", "v1", "PodDisruptionBudget") else {
        return Ok(());
    };
    let request = call.request("status")?;
    verbs::update(&call.server, &request, resource, pod.namespace(), stored.name(), object)?;
    Ok(())
}

fn too_many(why: &str) -> Box<Status> {
    let mut status = Status::new(
        StatusCode::TOO_MANY_REQUESTS,
        "TooManyRequests",
        "Cannot evict pod as it would violate the pod's disruption budget.",
    );
    let cause = Cause { reason: "DisruptionBudget", message: why.to_owned(), field: String::new() };
    status.details = Some(Details { causes: vec![cause], ..Details::default() });
    status
}

/// Says in the Pod's conditions why it ends.
fn mark(call: &Call, resource: &Resource, pod: &Object) -> Result<()> {
    let mut object = pod.value().clone();
    let status = object_at(&mut object, "status");
    let conditions = status.entry("conditions").or_insert_with(|| json!([]));
    if let Value::Array(conditions) = conditions {
        conditions.retain(|condition| text_at(condition, "/type") != "DisruptionTarget");
        conditions.push(json!({
            "type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI",
            "message": "Eviction API: evicting", "lastProbeTime": null, "lastTransitionTime": call.server.now(),
            "observedGeneration": pod.value().pointer("/metadata/generation").cloned().unwrap_or(json!(1)),
        }));
    }
    let request = call.request("status")?;
    verbs::update(&call.server, &request, resource, pod.namespace(), pod.name(), object)?;
    Ok(())
}
