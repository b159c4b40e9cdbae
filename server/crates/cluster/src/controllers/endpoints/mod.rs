//! Where the Pods behind a Service can be reached: an Endpoints object and EndpointSlices for each Service with a
//! selector. See "Service" and "EndpointSlices" in Kubernetes' documentation.

mod backends;
mod legacy;
mod mirror;
mod slices;

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Pod, Service};

pub(super) use self::{
    legacy::EndpointsController,
    mirror::MirrorController,
    slices::{SERVICE_NAME, SliceController},
};
use super::{
    Key,
    changes::{Change, Object},
};
use crate::{Client, client::Selection, label_selector::has_all, status::Result};

/// When the last change came about that these endpoints show.
const TRIGGER_TIME: &str = "endpoints.kubernetes.io/last-change-trigger-time";

/// Marks what belongs to a Service without an address of its own.
const HEADLESS: &str = "service.kubernetes.io/headless";

/// The Services that a change of a Service or a Pod may matter to.
fn services_concerned(client: &Client, change: &Change) -> Vec<Key> {
    match &change.object {
        Object::Service(service) => {
            let metadata = &service.metadata;
            let text = |value: &Option<String>| value.clone().unwrap_or_default();
            vec![Key::new(&text(&metadata.namespace), &text(&metadata.name))]
        }
        Object::Pod(pod) => {
            // The Pod may have been behind a Service that its labels no longer select, so all of them are looked at.
            let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
            let services = client.namespaced::<Service>(namespace).list(&Selection::default());
            let with_selector = services.unwrap_or_default().into_iter().filter(|service| {
                let spec = service.spec.as_ref();
                spec.is_some_and(|spec| spec.selector.as_ref().is_some_and(|selector| !selector.is_empty()))
            });
            with_selector
                .map(|service| Key::new(namespace, &service.metadata.name.unwrap_or_default()))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// The Pods that a Service selects, by name; `None` for a Service that selects none by its nature.
fn selected(client: &Client, service: &Service) -> Result<Option<Vec<Pod>>> {
    let selector = service.spec.as_ref().and_then(|spec| spec.selector.as_ref());
    if selector.is_none_or(BTreeMap::is_empty) {
        return Ok(None);
    }
    let namespace = service.metadata.namespace.as_deref().unwrap_or_default();
    let pods = client.namespaced::<Pod>(namespace).list(&Selection::default())?;
    let chosen = pods.into_iter().filter(|pod| has_all(selector, pod.metadata.labels.as_ref()));
    Ok(Some(chosen.collect()))
}

fn is_headless(service: &Service) -> bool {
    service.spec.as_ref().is_some_and(|spec| spec.cluster_ip.as_deref() == Some("None"))
}

/// The Service's labels, as its endpoints carry them.
fn labels_of(service: &Service) -> BTreeMap<String, String> {
    let mut labels = service.metadata.labels.clone().unwrap_or_default();
    labels.remove(HEADLESS);
    if is_headless(service) {
        labels.insert(HEADLESS.to_owned(), String::new());
    }
    labels
}

fn now_text(client: &Client) -> String {
    let now = crate::kubelet::seconds(client.now());
    now.0.to_string()
}
