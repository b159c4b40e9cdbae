//! EndpointSlices: the endpoints of a Service in pieces.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::{
        core::v1::Service,
        discovery::v1::{Endpoint, EndpointConditions, EndpointPort, EndpointSlice},
    },
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference},
};

use super::{
    TRIGGER_TIME,
    backends::{Backend, Port, backends},
    labels_of, now_text, selected, services_concerned,
};
use crate::{
    Client, DeleteOptions,
    client::Selection,
    controllers::{
        Again, Controller, Key,
        changes::{Change, Object},
    },
    status::Result,
};

/// The label with the Service's name.
pub(in crate::controllers) const SERVICE_NAME: &str = "kubernetes.io/service-name";

const MANAGED_BY: (&str, &str) =
    ("endpointslice.kubernetes.io/managed-by", "endpointslice-controller.k8s.io");

/// How many endpoints a slice holds.
const SLICE_SIZE: usize = 100;

/// The EndpointSlice controller.
pub(in crate::controllers) struct SliceController;

impl Controller for SliceController {
    fn name(&self) -> &'static str {
        "endpointslice-controller"
    }

    fn concerns(&self, client: &Client, change: &Change) -> Vec<Key> {
        match &change.object {
            // One that was deleted by hand comes back.
            Object::EndpointSlice(slice) if change.gone => {
                let metadata = &slice.metadata;
                let service = metadata.labels.as_ref().and_then(|labels| labels.get(SERVICE_NAME));
                let namespace = metadata.namespace.as_deref().unwrap_or_default();
                service.map(|service| Key::new(namespace, service)).into_iter().collect()
            }
            _ => services_concerned(client, change),
        }
    }

    fn reconcile(&self, client: &Client, key: &Key) -> Result<Again> {
        let Some(service) = client.namespaced::<Service>(&key.namespace).get_opt(&key.name)? else {
            return Ok(Again::Never);
        };
        if service.metadata.deletion_timestamp.is_some() {
            return Ok(Again::Never);
        }
        let Some(pods) = selected(client, &service)? else { return Ok(Again::Never) };
        let wanted = pieces(&backends(&service, &pods));
        let slices = client.namespaced::<EndpointSlice>(&key.namespace);
        let labels = labels(&service);
        let own = BTreeMap::from([
            (SERVICE_NAME.to_owned(), key.name.clone()),
            (MANAGED_BY.0.to_owned(), MANAGED_BY.1.to_owned()),
        ]);
        let mut existing = slices.list(&Selection { labels: own, ..Selection::default() })?.into_iter();
        for (ports, endpoints) in wanted {
            match existing.next() {
                Some(old)
                    if old.endpoints.as_deref().unwrap_or_default() == endpoints
                        && old.ports.as_deref().unwrap_or_default() == ports
                        && old.metadata.labels.as_ref() == Some(&labels) => {}
                Some(mut old) => {
                    let changed_at = (TRIGGER_TIME.to_owned(), now_text(client));
                    old.metadata.annotations.get_or_insert_default().extend([changed_at]);
                    old.metadata.labels = Some(labels.clone());
                    (old.ports, old.endpoints) = (Some(ports), Some(endpoints));
                    slices.update(&old)?;
                }
                None => {
                    slices.create(&new(client, &service, labels.clone(), ports, endpoints))?;
                }
            }
        }
        for surplus in existing {
            slices.delete(surplus.metadata.name.as_deref().unwrap_or_default(), &DeleteOptions::default())?;
        }
        Ok(Again::Never)
    }
}

fn labels(service: &Service) -> BTreeMap<String, String> {
    let mut labels = labels_of(service);
    labels.insert(SERVICE_NAME.to_owned(), service.metadata.name.clone().unwrap_or_default());
    labels.insert(MANAGED_BY.0.to_owned(), MANAGED_BY.1.to_owned());
    labels
}

fn new(
    client: &Client,
    service: &Service,
    labels: BTreeMap<String, String>,
    ports: Vec<EndpointPort>,
    endpoints: Vec<Endpoint>,
) -> EndpointSlice {
    let name = service.metadata.name.clone().unwrap_or_default();
    EndpointSlice {
        metadata: ObjectMeta {
            generate_name: Some(format!("{name}-")),
            labels: Some(labels),
            annotations: Some(BTreeMap::from([(TRIGGER_TIME.to_owned(), now_text(client))])),
            owner_references: Some(vec![OwnerReference {
                api_version: "v1".to_owned(),
                kind: "Service".to_owned(),
                name,
                uid: service.metadata.uid.clone().unwrap_or_default(),
                controller: Some(true),
                block_owner_deletion: Some(true),
            }]),
            ..ObjectMeta::default()
        },
        address_type: "IPv4".to_owned(),
        ports: Some(ports),
        endpoints: Some(endpoints),
    }
}

/// The endpoints of each slice: those with the same ports together. A Service without backends has one empty slice.
fn pieces(backends: &[Backend]) -> Vec<(Vec<EndpointPort>, Vec<Endpoint>)> {
    let mut groups: BTreeMap<&[Port], Vec<Endpoint>> = BTreeMap::new();
    for backend in backends {
        groups.entry(&backend.ports).or_default().push(endpoint(backend));
    }
    let mut pieces: Vec<_> = groups
        .into_iter()
        .flat_map(|(ports, endpoints)| {
            let ports: Vec<EndpointPort> = ports.iter().map(port).collect();
            let chunks: Vec<Vec<Endpoint>> = endpoints.chunks(SLICE_SIZE).map(<[_]>::to_vec).collect();
            chunks.into_iter().map(move |chunk| (ports.clone(), chunk))
        })
        .collect();
    if pieces.is_empty() {
        pieces.push((Vec::new(), Vec::new()));
    }
    pieces
}

fn endpoint(backend: &Backend) -> Endpoint {
    Endpoint {
        addresses: vec![backend.ip.clone()],
        conditions: Some(EndpointConditions {
            ready: Some(backend.ready),
            serving: Some(backend.serving),
            terminating: Some(backend.terminating),
        }),
        hostname: backend.hostname.clone(),
        node_name: backend.node.clone(),
        target_ref: Some(backend.target.clone()),
        ..Endpoint::default()
    }
}

fn port(port: &Port) -> EndpointPort {
    EndpointPort {
        name: Some(port.name.clone()),
        port: Some(port.port),
        protocol: Some(port.protocol.clone()),
        app_protocol: port.app_protocol.clone(),
    }
}
