//! The older form: one Endpoints object a Service.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{EndpointAddress, EndpointPort, EndpointSubset, Endpoints, Service},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use super::{
    TRIGGER_TIME,
    backends::{Backend, Port, backends},
    labels_of, now_text, selected, services_concerned,
};
use crate::{
    Client, DeleteOptions,
    controllers::{Again, Controller, Key, changes::Change},
    status::Result,
};

const MANAGED_BY: (&str, &str) = ("endpoints.kubernetes.io/managed-by", "endpoint-controller");

/// The Endpoints controller.
pub(in crate::controllers) struct EndpointsController;

impl Controller for EndpointsController {
    fn name(&self) -> &'static str {
        "endpoint-controller"
    }

    fn concerns(&self, client: &Client, change: &Change) -> Vec<Key> {
        services_concerned(client, change)
    }

    fn reconcile(&self, client: &Client, key: &Key) -> Result<Again> {
        let endpoints = client.namespaced::<Endpoints>(&key.namespace);
        let Some(service) = client.namespaced::<Service>(&key.namespace).get_opt(&key.name)? else {
            return match endpoints.delete(&key.name, &DeleteOptions::default()) {
                Err(error) if !error.is_not_found() => Err(error),
                _ => Ok(Again::Never),
            };
        };
        let Some(pods) = selected(client, &service)? else { return Ok(Again::Never) };
        let subsets = subsets(&backends(&service, &pods));
        let mut labels = labels_of(&service);
        labels.insert(MANAGED_BY.0.to_owned(), MANAGED_BY.1.to_owned());
        let changed_at = (TRIGGER_TIME.to_owned(), now_text(client));
        match endpoints.get_opt(&key.name)? {
            Some(old)
                if old.subsets.as_deref().unwrap_or_default() == subsets
                    && old.metadata.labels.as_ref() == Some(&labels) => {}
            Some(mut old) => {
                old.metadata.labels = Some(labels);
                old.metadata.annotations.get_or_insert_default().extend([changed_at]);
                old.subsets = Some(subsets);
                endpoints.update(&old)?;
            }
            None => {
                let metadata = ObjectMeta {
                    name: Some(key.name.clone()),
                    labels: Some(labels),
                    annotations: Some(BTreeMap::from([changed_at])),
                    ..ObjectMeta::default()
                };
                endpoints.create(&Endpoints { metadata, subsets: Some(subsets) })?;
            }
        }
        Ok(Again::Never)
    }
}

/// Backends with the same ports together; those that end are left out.
fn subsets(backends: &[Backend]) -> Vec<EndpointSubset> {
    let mut groups: BTreeMap<&[Port], (Vec<EndpointAddress>, Vec<EndpointAddress>)> = BTreeMap::new();
    for backend in backends.iter().filter(|backend| !backend.terminating) {
        let address = EndpointAddress {
            ip: backend.ip.clone(),
            node_name: backend.node.clone(),
            hostname: backend.hostname.clone(),
            target_ref: Some(backend.target.clone()),
        };
        let (ready, waiting) = groups.entry(&backend.ports).or_default();
        if backend.ready { ready.push(address) } else { waiting.push(address) }
    }
    let port = |port: &Port| EndpointPort {
        name: Some(port.name.clone()).filter(|name| !name.is_empty()),
        port: port.port,
        protocol: Some(port.protocol.clone()),
        app_protocol: port.app_protocol.clone(),
    };
    let filled = |list: Vec<EndpointAddress>| (!list.is_empty()).then_some(list);
    let subset = |(ports, (ready, waiting)): (&[Port], (Vec<_>, Vec<_>))| EndpointSubset {
        addresses: filled(ready),
        not_ready_addresses: filled(waiting),
        ports: (!ports.is_empty()).then(|| ports.iter().map(port).collect()),
    };
    groups.into_iter().map(subset).collect()
}
