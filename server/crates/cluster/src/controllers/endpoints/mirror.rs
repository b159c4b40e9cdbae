//! EndpointSlices for Endpoints that somebody keeps by hand, for a Service without a selector. See "EndpointSlice
//! mirroring" in Kubernetes' documentation.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::{
        core::v1::{EndpointAddress, EndpointSubset, Endpoints, Service},
        discovery::v1::{Endpoint, EndpointConditions, EndpointPort, EndpointSlice},
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use super::{SERVICE_NAME, is_headless};
use crate::{
    Client, DeleteOptions,
    client::Selection,
    controllers::{
        Again, Controller, Key,
        changes::{Change, Object},
        pods,
    },
    status::Result,
};

const MANAGED_BY: (&str, &str) =
    ("endpointslice.kubernetes.io/managed-by", "endpointslicemirroring-controller.k8s.io");

/// On Endpoints that are not to be mirrored.
const SKIP: &str = "endpointslice.kubernetes.io/skip-mirror";

/// On Endpoints that only say who leads.
const LEADER: &str = "control-plane.alpha.kubernetes.io/leader";

/// What is not copied from Endpoints.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// How many addresses of a subset are mirrored.
const ADDRESSES: usize = 1000;

/// The EndpointSlice mirroring controller.
pub(in crate::controllers) struct MirrorController;

impl Controller for MirrorController {
    fn name(&self) -> &'static str {
        "endpointslicemirroring-controller"
    }

    fn concerns(&self, _: &Client, change: &Change) -> Vec<Key> {
        match &change.object {
            Object::Endpoints(endpoints) => vec![pods::key_of(&endpoints.metadata)],
            Object::Service(service) => vec![pods::key_of(&service.metadata)],
            _ => Vec::new(),
        }
    }

    fn reconcile(&self, client: &Client, key: &Key) -> Result<Again> {
        let service = client.namespaced::<Service>(&key.namespace).get_opt(&key.name)?;
        let endpoints = client.namespaced::<Endpoints>(&key.namespace).get_opt(&key.name)?;
        let mirrored = endpoints.filter(is_mirrored).zip(service.filter(|service| {
            let selector = service.spec.as_ref().and_then(|spec| spec.selector.as_ref());
            selector.is_none_or(BTreeMap::is_empty)
        }));
        let slices = client.namespaced::<EndpointSlice>(&key.namespace);
        let own = BTreeMap::from([
            (SERVICE_NAME.to_owned(), key.name.clone()),
            (MANAGED_BY.0.to_owned(), MANAGED_BY.1.to_owned()),
        ]);
        let existing = slices.list(&Selection { labels: own.clone(), ..Selection::default() })?;
        let mut existing = existing.into_iter();
        if let Some((endpoints, service)) = &mirrored {
            let metadata = metadata(endpoints, service, own);
            for subset in endpoints.subsets.iter().flatten() {
                for family in ["IPv4", "IPv6"] {
                    let Some(wanted) = slice(subset, family, &metadata) else { continue };
                    match existing.next() {
                        Some(old) if old.address_type != wanted.address_type => {
                            delete(client, key, &old)?;
                            slices.create(&wanted)?;
                        }
                        Some(old)
                            if old.endpoints == wanted.endpoints
                                && old.ports == wanted.ports
                                && old.metadata.labels == wanted.metadata.labels => {}
                        Some(old) => {
                            let metadata = ObjectMeta { labels: wanted.metadata.labels, ..old.metadata };
                            slices.update(&EndpointSlice { metadata, ..wanted })?;
                        }
                        None => {
                            slices.create(&wanted)?;
                        }
                    }
                }
            }
        }
        for surplus in existing {
            delete(client, key, &surplus)?;
        }
        Ok(Again::Never)
    }
}

/// Whether Endpoints are somebody's own.
fn is_mirrored(endpoints: &Endpoints) -> bool {
    let has = |map: &Option<BTreeMap<String, String>>, key: &str| {
        map.as_ref().and_then(|map| map.get(key)).is_some()
    };
    let skip = endpoints.metadata.labels.as_ref().and_then(|labels| labels.get(SKIP));
    skip.is_none_or(|value| value != "true") && !has(&endpoints.metadata.annotations, LEADER)
}

fn metadata(endpoints: &Endpoints, service: &Service, own: BTreeMap<String, String>) -> ObjectMeta {
    let mut labels = endpoints.metadata.labels.clone().unwrap_or_default();
    labels.extend(own);
    if is_headless(service) {
        labels.insert(super::HEADLESS.to_owned(), String::new());
    }
    let mut annotations = endpoints.metadata.annotations.clone().unwrap_or_default();
    annotations.remove(LAST_APPLIED);
    ObjectMeta {
        generate_name: Some(format!("{}-", endpoints.metadata.name.as_deref().unwrap_or_default())),
        labels: Some(labels),
        annotations: Some(annotations).filter(|annotations| !annotations.is_empty()),
        owner_references: Some(vec![pods::controlled_by(endpoints)]),
        ..ObjectMeta::default()
    }
}

/// The slice of a subset's addresses of one family, if there are any.
fn slice(subset: &EndpointSubset, family: &str, metadata: &ObjectMeta) -> Option<EndpointSlice> {
    let of = |list: &Option<Vec<EndpointAddress>>, ready: bool| -> Vec<Endpoint> {
        let all = list.iter().flatten().filter(|address| (family == "IPv6") == address.ip.contains(':'));
        all.map(|address| endpoint(address, ready)).collect()
    };
    let mut endpoints = of(&subset.addresses, true);
    endpoints.extend(of(&subset.not_ready_addresses, false));
    endpoints.truncate(ADDRESSES);
    let ports = subset.ports.iter().flatten().map(|port| EndpointPort {
        name: Some(port.name.clone().unwrap_or_default()),
        port: Some(port.port),
        protocol: port.protocol.clone(),
        app_protocol: port.app_protocol.clone(),
    });
    (!endpoints.is_empty()).then(|| EndpointSlice {
        metadata: metadata.clone(),
        address_type: family.to_owned(),
        ports: Some(ports.collect()),
        endpoints: Some(endpoints),
    })
}

fn endpoint(address: &EndpointAddress, ready: bool) -> Endpoint {
    Endpoint {
        addresses: vec![address.ip.clone()],
        conditions: Some(EndpointConditions { ready: Some(ready), ..EndpointConditions::default() }),
        hostname: address.hostname.clone(),
        node_name: address.node_name.clone(),
        target_ref: address.target_ref.clone(),
        ..Endpoint::default()
    }
}

fn delete(client: &Client, key: &Key, slice: &EndpointSlice) -> Result<()> {
    let name = slice.metadata.name.as_deref().unwrap_or_default();
    match client.namespaced::<EndpointSlice>(&key.namespace).delete(name, &DeleteOptions::default()) {
        Err(error) if !error.is_not_found() => Err(error),
        _ => Ok(()),
    }
}
