//! Addresses and node ports of Services: which are taken is what the stored Services say.

use std::{collections::BTreeSet, net::Ipv4Addr};

use serde_json::{Value, json};

use crate::{
    kinds::defaults::objects,
    object::{metadata_str, object_at, text_at},
    server::Server,
    status::{Result, Status},
    validation::{ErrorList, Path},
};

/// The addresses of Services: network and how many bits of it are fixed.
pub(crate) const CLUSTER_RANGE: (Ipv4Addr, u32) = (Ipv4Addr::new(10, 96, 0, 0), 16);

/// The ports of nodes.
const NODE_PORTS: std::ops::RangeInclusive<i64> = 30_000..=32_767;

/// How many of the first addresses are left to who asks for them by name.
const RESERVED: u32 = 256;

/// What other Services have.
struct Taken {
    addresses: BTreeSet<String>,
    ports: BTreeSet<(String, i64)>,
}

impl Taken {
    fn by_others(server: &Server, service: &Value) -> Self {
        let mut taken = Self { addresses: BTreeSet::new(), ports: BTreeSet::new() };
        let own = (metadata_str(service, "namespace"), metadata_str(service, "name"));
        for other in server.store.list("services", "").objects {
            if (other.namespace(), other.name()) == own {
                continue;
            }
            taken.addresses.insert(text_at(other.value(), "/spec/clusterIP").to_owned());
            let ports = other.value().pointer("/spec/ports").and_then(Value::as_array);
            for port in ports.into_iter().flatten() {
                if let Some(number) = port.get("nodePort").and_then(Value::as_i64) {
                    taken.ports.insert((text_at(port, "/protocol").to_owned(), number));
                }
            }
        }
        taken
    }
}

/// Gives a Service what its type needs and it does not have; refuses what cannot be given.
pub(super) fn allocate(server: &Server, service: &mut Value, old: Option<&Value>) -> Result<()> {
    let kind = text_at(service, "/spec/type").to_owned();
    let name = metadata_str(service, "name").to_owned();
    if kind == "ExternalName" {
        return Ok(());
    }
    let taken = Taken::by_others(server, service);
    let invalid = |errors: ErrorList| Err(Status::invalid("", "Service", &name, errors.into_causes()));

    let asked = text_at(service, "/spec/clusterIP").to_owned();
    let had = old.map(|old| text_at(old, "/spec/clusterIP")).unwrap_or_default();
    let address = match asked.as_str() {
        "None" => asked,
        "" => free_address(server, &taken)
            .ok_or_else(|| Status::internal("failed to allocate a serviceIP: range is full"))?,
        _ if asked == had => asked,
        _ => {
            let mut errors = ErrorList::default();
            let path = Path::new("spec").child("clusterIPs");
            if taken.addresses.contains(&asked) {
                let why =
                    "failed to allocate IP ADDR: provided IP is already allocated".replace("ADDR", &asked);
                errors.invalid(&path, [&asked], &why);
                return invalid(errors);
            }
            if !in_range(&asked) {
                let why = format!(
                    "failed to allocate IP {asked}: the provided IP ({asked}) is not in the valid range. The range of valid IPs is {}/{}",
                    CLUSTER_RANGE.0, CLUSTER_RANGE.1
                );
                errors.invalid(&path, [&asked], &why);
                return invalid(errors);
            }
            asked
        }
    };
    let spec = object_at(service, "spec");
    spec.insert("clusterIP".into(), json!(address));
    spec.insert("clusterIPs".into(), json!([address]));
    spec.entry("ipFamilies").or_insert_with(|| json!(["IPv4"]));
    spec.entry("ipFamilyPolicy").or_insert_with(|| json!("SingleStack"));

    let wants_ports = kind == "NodePort"
        || (kind == "LoadBalancer" && spec.get("allocateLoadBalancerNodePorts") != Some(&json!(false)));
    if !wants_ports {
        return Ok(());
    }
    let mut used = taken.ports;
    for (i, port) in objects(spec, "ports").enumerate() {
        let protocol = port.get("protocol").and_then(Value::as_str).unwrap_or("TCP").to_owned();
        let asked = port.get("nodePort").and_then(Value::as_i64).unwrap_or(0);
        let path = Path::new("spec").child("ports").index(i).child("nodePort");
        if asked == 0 {
            let Some(free) = free_port(server, &used, &protocol) else {
                return Err(Status::internal("failed to allocate a nodePort: range is full"));
            };
            used.insert((protocol, free));
            port.insert("nodePort".into(), json!(free));
        } else if !NODE_PORTS.contains(&asked) {
            let mut errors = ErrorList::default();
            let why = format!(
                "provided port is not in the valid range. The range of valid ports is {}-{}",
                NODE_PORTS.start(),
                NODE_PORTS.end()
            );
            errors.invalid(&path, asked, &why);
            return invalid(errors);
        } else if !used.insert((protocol, asked)) {
            let mut errors = ErrorList::default();
            errors.invalid(&path, asked, "provided port is already allocated");
            return invalid(errors);
        }
    }
    Ok(())
}

fn in_range(address: &str) -> bool {
    let (network, bits) = CLUSTER_RANGE;
    address.parse::<Ipv4Addr>().is_ok_and(|a| (u32::from(a) ^ u32::from(network)) >> (32 - bits) == 0)
}

fn free_address(server: &Server, taken: &Taken) -> Option<String> {
    let (network, bits) = CLUSTER_RANGE;
    let size = 1_u32 << (32 - bits);
    let room = size - RESERVED - 1;
    let start = server.rng.below(room.into()) as u32;
    (0..room)
        .map(|i| Ipv4Addr::from(u32::from(network) + RESERVED + (start + i) % room).to_string())
        .find(|address| !taken.addresses.contains(address))
}

fn free_port(server: &Server, used: &BTreeSet<(String, i64)>, protocol: &str) -> Option<i64> {
    let (first, count) = (*NODE_PORTS.start(), NODE_PORTS.end() - NODE_PORTS.start() + 1);
    let start = server.rng.below(count.unsigned_abs()) as i64;
    (0..count).map(|i| first + (start + i) % count).find(|port| !used.contains(&(protocol.to_owned(), *port)))
}

/// An update that leaves out what was given keeps it, as far as the type still needs it.
pub(super) fn keep(service: &mut Value, old: &Value) {
    let kind = text_at(service, "/spec/type").to_owned();
    let needs_address = kind != "ExternalName" && text_at(old, "/spec/type") != "ExternalName";
    let needs_ports = matches!(kind.as_str(), "NodePort" | "LoadBalancer");
    let spec = object_at(service, "spec");
    for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
        if !spec.contains_key(field)
            && needs_address
            && let Some(value) = old.pointer(&format!("/spec/{field}"))
        {
            spec.insert(field.into(), value.clone());
        }
    }
    if kind == "ExternalName" {
        for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
            if old.pointer(&format!("/spec/{field}")) == spec.get(field) {
                spec.remove(field);
            }
        }
    }
    if matches!(kind.as_str(), "ClusterIP" | "ExternalName") {
        spec.remove("externalTrafficPolicy");
        spec.remove("allocateLoadBalancerNodePorts");
    }
    let before = old.pointer("/spec/ports").and_then(Value::as_array).cloned().unwrap_or_default();
    for port in objects(spec, "ports") {
        let same = before
            .iter()
            .find(|b| b.get("port") == port.get("port") && b.get("protocol") == port.get("protocol"));
        let had = same.and_then(|b| b.get("nodePort")).cloned();
        if needs_ports && !port.contains_key("nodePort") {
            if let Some(had) = had {
                port.insert("nodePort".into(), had);
            }
        } else if !needs_ports && port.get("nodePort") == had.as_ref() {
            port.remove("nodePort");
        }
    }
}
