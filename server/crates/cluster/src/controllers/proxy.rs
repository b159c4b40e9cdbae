//! The role of kube-proxy: the addresses and ports of Services, and where they lead, for the nodes' network.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use k8s_openapi::api::{
    core::v1::{Service, ServiceSpec},
    discovery::v1::{Endpoint, EndpointSlice},
};
use podlab_node::{
    Network,
    network::{self, Protocol},
};

use super::{
    Again, Controller, Key,
    changes::{Change, Object},
    endpoints::SERVICE_NAME,
};
use crate::{Client, client::Selection, status::Result};

/// How long a client stays with its backend, where the Service does not say.
const AFFINITY_SECONDS: u64 = 10_800;

pub(super) struct Proxy {
    network: Network,
}

impl Proxy {
    pub(super) fn new(network: Network) -> Self {
        Self { network }
    }
}

impl Controller for Proxy {
    fn name(&self) -> &'static str {
        "kube-proxy"
    }

    fn concerns(&self, _: &Client, change: &Change) -> Vec<Key> {
        match change.object {
            Object::Service(_) | Object::EndpointSlice(_) => vec![Key::all()],
            _ => Vec::new(),
        }
    }

    fn reconcile(&self, client: &Client, _: &Key) -> Result<Again> {
        let all = Selection::default();
        let services = client.all::<Service>().list(&all)?;
        let slices = by_service(client.all::<EndpointSlice>().list(&all)?);
        let nothing = Vec::new();
        let services = services.iter().filter_map(|service| {
            let key = key_of(service);
            virtual_service(service.spec.as_ref()?, slices.get(&key).unwrap_or(&nothing))
        });
        self.network.set_services(services.collect());
        Ok(Again::Never)
    }
}

/// The slices of each Service, by its namespace and name.
pub(super) fn by_service(slices: Vec<EndpointSlice>) -> BTreeMap<(String, String), Vec<EndpointSlice>> {
    let mut map: BTreeMap<(String, String), Vec<EndpointSlice>> = BTreeMap::new();
    for slice in slices {
        let metadata = &slice.metadata;
        let Some(service) = metadata.labels.as_ref().and_then(|labels| labels.get(SERVICE_NAME)) else {
            continue;
        };
        let key = (metadata.namespace.clone().unwrap_or_default(), service.clone());
        map.entry(key).or_default().push(slice);
    }
    map
}

pub(super) fn key_of(service: &Service) -> (String, String) {
    let metadata = &service.metadata;
    (metadata.namespace.clone().unwrap_or_default(), metadata.name.clone().unwrap_or_default())
}

fn virtual_service(spec: &ServiceSpec, slices: &[EndpointSlice]) -> Option<network::Service> {
    if spec.type_.as_deref() == Some("ExternalName") {
        return None;
    }
    let own = spec.cluster_ips.iter().flatten().chain(spec.external_ips.iter().flatten());
    let addresses = own.filter_map(|ip| ip.parse().ok()).collect();
    let ports = spec.ports.iter().flatten().filter_map(|port| {
        let protocol = match port.protocol.as_deref() {
            Some("UDP") => Protocol::Udp,
            Some("SCTP") => return None,
            _ => Protocol::Tcp,
        };
        Some(network::ServicePort {
            protocol,
            port: u16::try_from(port.port).ok()?,
            node_port: port.node_port.and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0),
            backends: backends(slices, port.name.as_deref().unwrap_or_default()),
        })
    });
    let affinity = (spec.session_affinity.as_deref() == Some("ClientIP")).then(|| {
        let config = spec.session_affinity_config.as_ref().and_then(|config| config.client_ip.as_ref());
        let seconds = config.and_then(|config| u64::try_from(config.timeout_seconds?).ok());
        Duration::from_secs(seconds.unwrap_or(AFFINITY_SECONDS))
    });
    Some(network::Service { addresses, ports: ports.collect(), affinity })
}

/// Where a port leads: to the endpoints that are ready; if there is none, to those that end but still serve.
fn backends(slices: &[EndpointSlice], name: &str) -> Vec<SocketAddr> {
    let usable = |wanted: fn(&Endpoint) -> bool| -> Vec<SocketAddr> {
        let mut found = Vec::new();
        for slice in slices {
            let ports = slice.ports.iter().flatten();
            let port = ports.into_iter().find(|port| port.name.as_deref().unwrap_or_default() == name);
            let Some(port) = port.and_then(|port| u16::try_from(port.port?).ok()) else { continue };
            for endpoint in slice.endpoints.iter().flatten().filter(|endpoint| wanted(endpoint)) {
                let ips = endpoint.addresses.iter().filter_map(|ip| ip.parse().ok());
                found.extend(ips.map(|ip| SocketAddr::new(ip, port)));
            }
        }
        found
    };
    let ready = usable(is_ready);
    if !ready.is_empty() {
        return ready;
    }
    usable(|endpoint| {
        let conditions = endpoint.conditions.as_ref();
        conditions.is_some_and(|c| c.serving == Some(true) && c.terminating == Some(true))
    })
}

/// Whether an endpoint takes traffic.
pub(super) fn is_ready(endpoint: &Endpoint) -> bool {
    endpoint.conditions.as_ref().is_none_or(|conditions| conditions.ready != Some(false))
}
