//! Finding the Pod and the container that a check speaks of, or saying what is there instead.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container as ContainerSpec, Pod};
use kube::{Api, ResourceExt, api::ListParams};
use podlab_exercises::{content::check::PodRef, spelling};

use super::{
    prospect::condition,
    scene::{Scene, complete},
};
use crate::{check::Finding, error::explain};

/// The Pod that is meant, or the finding that there is none.
pub(crate) async fn find_pod(wanted: &PodRef, scene: &Scene<'_>) -> Result<Pod, Finding> {
    match wanted {
        PodRef::Name(name) => named(name, scene).await,
        PodRef::Selector(selector) => selected(selector, scene).await,
    }
}

async fn named(name: &str, scene: &Scene<'_>) -> Result<Pod, Finding> {
    let Some(mut seen) = scene.objects("Pod") else {
        return Err(Finding::error("podlab does not watch Pods here"));
    };
    let pods = complete(&mut seen).await;
    if let (false, Some(trouble)) = (pods.complete, &pods.trouble) {
        return Err(Finding::error(trouble.clone()));
    }
    pods.pod(name).ok_or_else(|| {
        // What was handed in is there before anything looks at it, so what is not will not come.
        Finding::fail_for_good(missing("Pod", name, pods.objects.keys().map(String::as_str), scene), None)
    })
}

/// Prefers a Pod that is ready.
async fn selected(selector: &str, scene: &Scene<'_>) -> Result<Pod, Finding> {
    let pods: Api<Pod> = Api::namespaced(scene.cluster.client.clone(), scene.namespace);
    let mut found = pods
        .list(&ListParams::default().labels(selector))
        .await
        .map_err(|error| Finding::error(explain(&error)))?
        .items;
    found.retain(|pod| pod.metadata.deletion_timestamp.is_none());
    found.sort_by_key(|pod| condition(pod, "Ready") != Some("True"));
    found
        .into_iter()
        .next()
        .ok_or_else(|| Finding::fail(format!("There is no Pod with the labels {selector}.")))
}

/// Says that there is no such object, and what there is.
pub(crate) fn missing<'a>(
    kind: &str,
    name: &str,
    others: impl Iterator<Item = &'a str>,
    scene: &Scene<'_>,
) -> String {
    if scene.refused.iter().any(|(refused, object)| *refused == kind && object == name) {
        return format!("{kind} {name} is not there: the API refused it, see the problem above.");
    }
    // What the cluster puts into every namespace is not the learner's.
    let others: Vec<&str> = others.filter(|other| *other != "kube-root-ca.crt").collect();
    let near = spelling::nearest(name, others.iter().copied());
    match (near, others.as_slice()) {
        (Some(near), _) => format!("There is no {kind} {name}, but there is one called {near}."),
        (None, []) => format!("There is no {kind} {name}."),
        (None, [only]) => format!("There is no {kind} {name}. The only {kind} is called {only}."),
        (None, several) => {
            let shown: Vec<&str> = several.iter().take(5).copied().collect();
            format!("There is no {kind} {name}, but there are {}.", shown.join(", "))
        }
    }
}

/// The containers that run beside each other: the main ones and the native sidecars.
pub(crate) fn side_by_side(pod: &Pod) -> Vec<&ContainerSpec> {
    let Some(spec) = &pod.spec else {
        return Vec::new();
    };
    let sidecars =
        spec.init_containers.iter().flatten().filter(|c| c.restart_policy.as_deref() == Some("Always"));
    spec.containers.iter().chain(sidecars).collect()
}

/// The container that is meant: the named one, or the only one.
pub(crate) fn find_container<'a>(pod: &'a Pod, wanted: Option<&str>) -> Result<&'a str, Finding> {
    let containers = side_by_side(pod);
    let names: Vec<&str> = containers.iter().map(|container| container.name.as_str()).collect();
    let all = names.join(", ");
    let pod = pod.name_any();
    match wanted {
        Some(name) => names.iter().copied().find(|other| *other == name).ok_or_else(|| {
            let near = spelling::nearest(name, names.iter().copied());
            let near = near.map_or_else(String::new, |near| format!(" Is {near} meant to be it?"));
            Finding::fail_for_good(format!("Pod {pod} has no container {name}. It has {all}.{near}"), None)
        }),
        None => match names.as_slice() {
            [only] => Ok(only),
            _ => Err(Finding::error(format!(
                "Pod {pod} has the containers {all}; the check does not say which it means"
            ))),
        },
    }
}

/// What is written in place of `{{ nonce }}`.
pub(crate) fn with_nonce(text: &str, nonce: &str) -> String {
    text.replace("{{ nonce }}", nonce).replace("{{nonce}}", nonce)
}

/// Headers with names in lower case, as conditions know them.
pub(crate) fn headers(pairs: impl Iterator<Item = (String, String)>) -> BTreeMap<String, String> {
    pairs.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect()
}
