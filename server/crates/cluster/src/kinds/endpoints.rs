//! Endpoints and EndpointSlices.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use jiff::Timestamp;
use k8s_openapi::api::{
    core::v1::{EndpointAddress, EndpointPort, Endpoints},
    discovery::v1::EndpointSlice,
};
use serde_json::{Value, json};

use super::{cells, defaults};
use crate::{
    object::{parse, text_at},
    resource::{Context, Generation, Strategy, columns::Column},
    status::Result,
    validation::{ErrorList, Path, names},
};

/// How many are shown before `+ N more...`.
const SHOWN: usize = 3;

fn array<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn shortened(mut list: Vec<String>) -> String {
    if list.is_empty() {
        return "<none>".into();
    }
    let more = list.len().saturating_sub(SHOWN);
    list.truncate(SHOWN);
    let text = list.join(",");
    if more == 0 { text } else { format!("{text} + {more} more...") }
}

#[derive(Debug)]
pub(crate) struct EndpointsStrategy;

impl Strategy for EndpointsStrategy {
    fn allows_create_on_update(&self) -> bool {
        true
    }

    fn set_defaults(&self, object: &mut Value) {
        let Some(root) = object.as_object_mut() else { return };
        for subset in defaults::objects(root, "subsets") {
            for port in defaults::objects(subset, "ports") {
                defaults::set(port, "protocol", "TCP");
            }
        }
    }

    fn validate(&self, _cx: Context<'_>, object: &Value, errors: &mut ErrorList) -> Result<()> {
        let subsets = parse::<Endpoints>(object)?.subsets.unwrap_or_default();
        for (i, subset) in subsets.iter().enumerate() {
            let path = Path::new("subsets").index(i);
            let addresses = subset.addresses.as_deref().unwrap_or_default();
            let waiting = subset.not_ready_addresses.as_deref().unwrap_or_default();
            if addresses.is_empty() && waiting.is_empty() {
                errors.required(&path, "must specify `addresses` or `notReadyAddresses`");
            }
            for (field, list) in [("addresses", addresses), ("notReadyAddresses", waiting)] {
                for (i, address) in list.iter().enumerate() {
                    validate_address(address, &path.child(field).index(i), errors);
                }
            }
            let ports = subset.ports.as_deref().unwrap_or_default();
            for (i, port) in ports.iter().enumerate() {
                validate_port(port, ports.len() > 1, &path.child("ports").index(i), errors);
            }
        }
        Ok(())
    }

    fn deprecated(&self) -> Option<&str> {
        Some("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice")
    }

    fn columns(&self) -> &'static [Column] {
        static COLUMNS: [Column; 3] = [Column::NAME, Column::text("Endpoints"), Column::AGE];
        &COLUMNS
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let mut list = Vec::new();
        for subset in array(object, "/subsets") {
            let ports = array(subset, "/ports");
            for address in array(subset, "/addresses") {
                let ip = text_at(address, "/ip");
                if ports.is_empty() {
                    list.push(ip.to_owned());
                }
                for port in ports {
                    let number = port.get("port").and_then(Value::as_i64).unwrap_or(0);
                    list.push(format!("{ip}:{number}"));
                }
            }
        }
        vec![cells::name(object), json!(shortened(list)), cells::age(object, now)]
    }
}

fn validate_address(address: &EndpointAddress, path: &Path, errors: &mut ErrorList) {
    let at = path.child("ip");
    errors.invalid_each(&at, &address.ip, &names::ip_address(&address.ip));
    if let Some(name) = address.hostname.as_deref().filter(|name| !name.is_empty()) {
        errors.invalid_each(&path.child("hostname"), name, &names::dns_label(name));
    }
    if let Some(name) = address.node_name.as_deref() {
        errors.invalid_each(&path.child("nodeName"), name, &names::dns_subdomain(name));
    }
    validate_reachable(&address.ip, &at, errors);
}

/// Addresses that mean the one who asks lead nowhere.
fn validate_reachable(address: &str, path: &Path, errors: &mut ErrorList) {
    let Ok(ip) = address.parse::<IpAddr>() else {
        return errors.invalid(path, address, "must be a valid IP address");
    };
    let (link_local, link_local_multicast) = match ip {
        IpAddr::V4(ip) => (ip.is_link_local(), ip.octets().starts_with(&[224, 0, 0])),
        IpAddr::V6(ip) => (ip.is_unicast_link_local(), ip.segments()[0] & 0xff0f == 0xff02),
    };
    for (is_so, detail) in [
        (ip.is_unspecified(), "may not be unspecified (0.0.0.0 or ::)"),
        (ip.is_loopback(), "may not be in the loopback range (127.0.0.0/8, ::1/128)"),
        (link_local, "may not be in the link-local range (169.254.0.0/16, fe80::/10)"),
        (link_local_multicast, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"),
    ] {
        if is_so {
            errors.invalid(path, address, detail);
        }
    }
}

fn validate_port(port: &EndpointPort, named: bool, path: &Path, errors: &mut ErrorList) {
    match port.name.as_deref().unwrap_or_default() {
        "" if named => errors.required(&path.child("name"), ""),
        "" => {}
        name => errors.invalid_each(&path.child("name"), name, &names::dns_label(name)),
    }
    errors.invalid_each(&path.child("port"), port.port, &names::port_number(port.port.into()));
    validate_protocol(port.protocol.as_deref(), &path.child("protocol"), errors);
}

fn validate_protocol(protocol: Option<&str>, path: &Path, errors: &mut ErrorList) {
    const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];
    match protocol.unwrap_or_default() {
        "" => errors.required(path, ""),
        known if PROTOCOLS.contains(&known) => {}
        other => errors.not_supported(path, other, &PROTOCOLS),
    }
}

/// How many endpoints, ports, and addresses of an endpoint a slice may have.
const ENDPOINTS: usize = 1000;
const PORTS: usize = 20_000;
const ADDRESSES: usize = 100;

#[derive(Debug)]
pub(crate) struct EndpointSliceStrategy;

impl Strategy for EndpointSliceStrategy {
    fn generation(&self) -> Generation {
        Generation::OfAll
    }

    fn set_defaults(&self, object: &mut Value) {
        let Some(root) = object.as_object_mut() else { return };
        for port in defaults::objects(root, "ports") {
            for (field, value) in [("name", ""), ("protocol", "TCP")] {
                if !port.contains_key(field) {
                    port.insert(field.into(), json!(value));
                }
            }
        }
    }

    fn validate(&self, _cx: Context<'_>, object: &Value, errors: &mut ErrorList) -> Result<()> {
        let kind = text_at(object, "/addressType");
        const TYPES: [&str; 3] = ["FQDN", "IPv4", "IPv6"];
        let path = Path::new("addressType");
        if kind.is_empty() {
            errors.required(&path, "");
        } else if !TYPES.contains(&kind) {
            errors.not_supported(&path, kind, &TYPES);
        }
        let slice: EndpointSlice = parse(object)?;
        let path = Path::new("endpoints");
        let endpoints = slice.endpoints.unwrap_or_default();
        errors.at_most(&path, endpoints.len(), ENDPOINTS);
        for (i, endpoint) in endpoints.iter().enumerate().take(ENDPOINTS) {
            let path = path.index(i);
            let at = path.child("addresses");
            if endpoint.addresses.is_empty() {
                errors.required(&at, "must contain at least 1 address");
            }
            errors.at_most(&at, endpoint.addresses.len(), ADDRESSES);
            for (i, address) in endpoint.addresses.iter().enumerate() {
                validate_slice_address(address, kind, &at.index(i), errors);
            }
            if let Some(name) = endpoint.node_name.as_deref() {
                errors.invalid_each(&path.child("nodeName"), name, &names::dns_subdomain(name));
            }
            if let Some(name) = endpoint.hostname.as_deref() {
                errors.invalid_each(&path.child("hostname"), name, &names::dns_label(name));
            }
        }
        let (path, ports) = (Path::new("ports"), slice.ports.unwrap_or_default());
        errors.at_most(&path, ports.len(), PORTS);
        let mut seen = BTreeSet::new();
        for (i, port) in ports.iter().enumerate().take(PORTS) {
            let (path, name) = (path.index(i), port.name.as_deref().unwrap_or_default());
            if !name.is_empty() {
                errors.invalid_each(&path.child("name"), name, &names::dns_label(name));
            }
            if !seen.insert(name) {
                errors.duplicate(&path.child("name"), name);
            }
            if let Some(number) = port.port {
                errors.invalid_each(&path.child("port"), number, &names::port_number(number.into()));
            }
            validate_protocol(port.protocol.as_deref(), &path.child("protocol"), errors);
        }
        Ok(())
    }

    fn validate_change(&self, object: &Value, old: &Value, errors: &mut ErrorList) -> Result<()> {
        errors.immutable(&Path::new("addressType"), object, old, "/addressType");
        Ok(())
    }

    fn columns(&self) -> &'static [Column] {
        static COLUMNS: [Column; 5] = [
            Column::NAME,
            Column::text("AddressType"),
            Column::text("Ports"),
            Column::text("Endpoints"),
            Column::AGE,
        ];
        &COLUMNS
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let ports: Vec<String> = array(object, "/ports")
            .iter()
            .map(|port| match port.get("port").and_then(Value::as_i64) {
                Some(number) => number.to_string(),
                None => "*".into(),
            })
            .collect();
        let ports = if ports.is_empty() { "<unset>".to_owned() } else { shortened(ports) };
        let addresses: Vec<String> = array(object, "/endpoints")
            .iter()
            .flat_map(|endpoint| array(endpoint, "/addresses"))
            .filter_map(|address| address.as_str().map(str::to_owned))
            .collect();
        let addresses = if addresses.is_empty() { "<unset>".to_owned() } else { shortened(addresses) };
        vec![
            cells::name(object),
            cells::text(object, "/addressType"),
            json!(ports),
            json!(addresses),
            cells::age(object, now),
        ]
    }
}

fn validate_slice_address(address: &str, kind: &str, path: &Path, errors: &mut ErrorList) {
    match kind {
        "IPv4" if address.parse::<Ipv4Addr>().is_err() => {
            errors.invalid(path, address, "must be a valid IPv4 address");
        }
        "IPv6" if address.parse::<Ipv6Addr>().is_err() => {
            errors.invalid(path, address, "must be a valid IPv6 address");
        }
        "FQDN" => errors.invalid_each(path, address, &names::dns_subdomain(address)),
        "IPv4" | "IPv6" => validate_reachable(address, path, errors),
        _ => {}
    }
}
