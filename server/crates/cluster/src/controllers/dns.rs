//! The role of CoreDNS: the names of Services and of the Pods behind them. See "DNS for Services and Pods" in
//! Kubernetes' documentation.

use std::{collections::BTreeMap, net::IpAddr};

use k8s_openapi::api::{
    core::v1::Service,
    discovery::v1::{Endpoint, EndpointSlice},
};
use podlab_node::{
    Network,
    network::{DnsRecord, DnsZones},
};

use super::{
    Again, Controller, Key,
    changes::{Change, Object},
    proxy::{by_service, is_ready, key_of},
};
use crate::{
    Client,
    client::Selection,
    kubelet::{CLUSTER_DNS, CLUSTER_DOMAIN},
    status::Result,
};

pub(super) struct Dns {
    network: Network,
}

impl Dns {
    pub(super) fn new(network: Network) -> Self {
        Self { network }
    }
}

impl Controller for Dns {
    fn name(&self) -> &'static str {
        "coredns"
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
        self.network.set_dns(DnsZones {
            servers: vec![CLUSTER_DNS],
            backends: Vec::new(),
            domains: vec![CLUSTER_DOMAIN.to_owned()],
            records: records(&services, &slices),
        });
        Ok(Again::Never)
    }
}

type Records = BTreeMap<String, Vec<DnsRecord>>;

fn records(services: &[Service], slices: &BTreeMap<(String, String), Vec<EndpointSlice>>) -> Records {
    let mut records = Records::new();
    for service in services {
        let Some(spec) = &service.spec else { continue };
        let key = key_of(service);
        let name = format!("{}.{}.svc.{CLUSTER_DOMAIN}", key.1, key.0);
        if spec.type_.as_deref() == Some("ExternalName") {
            let target = spec.external_name.clone().unwrap_or_default();
            add(&mut records, name, DnsRecord::Alias(target.trim_end_matches('.').to_lowercase()));
            continue;
        }
        match spec.cluster_ip.as_deref() {
            None | Some("") => {}
            Some("None") => {
                headless(&mut records, &name, slices.get(&key).map(Vec::as_slice).unwrap_or_default());
            }
            Some(ip) => with_address(&mut records, service, &name, ip),
        }
    }
    records
}

fn add(records: &mut Records, name: String, record: DnsRecord) {
    let list = records.entry(name).or_default();
    if !list.contains(&record) {
        list.push(record);
    }
}

fn with_address(records: &mut Records, service: &Service, name: &str, ip: &str) {
    let Ok(address) = ip.parse() else { return };
    add(records, name.to_owned(), DnsRecord::Address(address));
    pointer(records, address, name);
    for port in service.spec.iter().flat_map(|spec| spec.ports.iter().flatten()) {
        let (Some(port_name), Ok(number)) = (port.name.as_deref(), u16::try_from(port.port)) else {
            continue;
        };
        let protocol = port.protocol.as_deref().unwrap_or("TCP").to_lowercase();
        let target = DnsRecord::Service { port: number, target: name.to_owned() };
        add(records, format!("_{port_name}._{protocol}.{name}"), target);
    }
}

/// A Service without an address: its name stands for the Pods behind it, each of which has a name, too.
fn headless(records: &mut Records, name: &str, slices: &[EndpointSlice]) {
    for slice in slices {
        for endpoint in slice.endpoints.iter().flatten().filter(|endpoint| is_ready(endpoint)) {
            for ip in endpoint.addresses.iter().filter_map(|ip| ip.parse().ok()) {
                let host = format!("{}.{name}", host_of(endpoint, ip));
                add(records, name.to_owned(), DnsRecord::Address(ip));
                add(records, host.clone(), DnsRecord::Address(ip));
                pointer(records, ip, &host);
                for port in slice.ports.iter().flatten() {
                    let number = port.port.and_then(|port| u16::try_from(port).ok());
                    let port_name = port.name.as_deref().filter(|name| !name.is_empty());
                    let (Some(port_name), Some(number)) = (port_name, number) else { continue };
                    let protocol = port.protocol.as_deref().unwrap_or("TCP").to_lowercase();
                    let target = DnsRecord::Service { port: number, target: host.clone() };
                    add(records, format!("_{port_name}._{protocol}.{name}"), target);
                }
            }
        }
    }
}

fn host_of(endpoint: &Endpoint, ip: IpAddr) -> String {
    match &endpoint.hostname {
        Some(hostname) => hostname.clone(),
        None => ip.to_string().replace(['.', ':'], "-"),
    }
}

fn pointer(records: &mut Records, ip: IpAddr, name: &str) {
    let IpAddr::V4(ip) = ip else { return };
    let [a, b, c, d] = ip.octets();
    add(records, format!("{d}.{c}.{b}.{a}.in-addr.arpa"), DnsRecord::Pointer(name.to_owned()));
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn shown(services: Vec<Value>, slices: Vec<Value>) -> Vec<String> {
        let services: Vec<Service> =
            services.into_iter().map(|s| serde_json::from_value(s).unwrap()).collect();
        let slices = slices.into_iter().map(|s| serde_json::from_value(s).unwrap()).collect();
        let records = records(&services, &by_service(slices));
        records
            .into_iter()
            .filter(|(name, _)| !name.ends_with("arpa"))
            .map(|(name, records)| format!("{name} {records:?}"))
            .collect()
    }

    #[test]
    fn a_service_has_its_address_and_its_named_ports() {
        let service = json!({"metadata": {"name": "web", "namespace": "ns"}, "spec": {
            "clusterIP": "10.96.0.7", "ports": [{"name": "http", "port": 80}]}});
        assert_eq!(
            shown(vec![service], vec![]),
            [
                "_http._tcp.web.ns.svc.cluster.local [Service { port: 80, target: \"web.ns.svc.cluster.local\" }]",
                "web.ns.svc.cluster.local [Address(10.96.0.7)]",
            ]
        );
    }

    #[test]
    fn a_headless_service_stands_for_its_ready_pods() {
        let service = json!({"metadata": {"name": "db", "namespace": "ns"}, "spec": {"clusterIP": "None"}});
        let slice = json!({"metadata": {"namespace": "ns", "labels": {"kubernetes.io/service-name": "db"}},
            "addressType": "IPv4", "endpoints": [
                {"addresses": ["10.244.0.5"], "hostname": "db-0", "conditions": {"ready": true}},
                {"addresses": ["10.244.0.6"], "conditions": {"ready": true}},
                {"addresses": ["10.244.0.7"], "conditions": {"ready": false}}]});
        assert_eq!(
            shown(vec![service], vec![slice]),
            [
                "10-244-0-6.db.ns.svc.cluster.local [Address(10.244.0.6)]",
                "db-0.db.ns.svc.cluster.local [Address(10.244.0.5)]",
                "db.ns.svc.cluster.local [Address(10.244.0.5), Address(10.244.0.6)]",
            ]
        );
    }
}
