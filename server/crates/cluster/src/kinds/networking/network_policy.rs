//! NetworkPolicies.

use std::net::IpAddr;

use jiff::Timestamp;
use k8s_openapi::api::networking::v1::{NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort};
use serde_json::{Value, json};

use crate::{
    kinds::{
        cells,
        defaults::{objects, set},
        pod_spec,
    },
    object::{object_at, parse},
    resource::{Context, Generation, Strategy, columns::Column},
    status::Result,
    validation::{ErrorList, Path, names},
};

#[derive(Debug)]
pub(crate) struct NetworkPolicyStrategy;

const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];

impl Strategy for NetworkPolicyStrategy {
    fn set_defaults(&self, object: &mut Value) {
        let spec = object_at(object, "spec");
        for rules in ["ingress", "egress"] {
            for rule in objects(spec, rules) {
                objects(rule, "ports").for_each(|port| set(port, "protocol", "TCP"));
            }
        }
        if spec.get("policyTypes").and_then(Value::as_array).is_none_or(Vec::is_empty) {
            let out = spec.get("egress").and_then(Value::as_array).is_some_and(|rules| !rules.is_empty());
            let types = if out { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) };
            spec.insert("policyTypes".into(), types);
        }
    }

    fn generation(&self) -> Generation {
        Generation::OfSpec
    }

    fn validate(&self, _cx: Context<'_>, object: &Value, errors: &mut ErrorList) -> Result<()> {
        let spec = parse::<NetworkPolicy>(object)?.spec.unwrap_or_default();
        let path = Path::new("spec");
        if let Some(selector) = &spec.pod_selector {
            pod_spec::label_selector(selector, &path.child("podSelector"), errors);
        }
        for (i, rule) in spec.ingress.iter().flatten().enumerate() {
            let path = path.child("ingress").index(i);
            validate_ports(rule.ports.as_deref(), &path.child("ports"), errors);
            validate_peers(rule.from.as_deref(), &path.child("from"), errors);
        }
        for (i, rule) in spec.egress.iter().flatten().enumerate() {
            let path = path.child("egress").index(i);
            validate_ports(rule.ports.as_deref(), &path.child("ports"), errors);
            validate_peers(rule.to.as_deref(), &path.child("to"), errors);
        }
        let types = spec.policy_types.unwrap_or_default();
        let at = path.child("policyTypes");
        if types.len() > 2 {
            errors.invalid(&at, &types, "may not specify more than two policyTypes");
        }
        for (i, kind) in types.iter().enumerate() {
            if !matches!(kind.as_str(), "Ingress" | "Egress") {
                errors.not_supported(&at.index(i), kind, &["Ingress", "Egress"]);
            }
        }
        Ok(())
    }

    fn columns(&self) -> &'static [Column] {
        static COLUMNS: [Column; 3] = [Column::NAME, Column::text("Pod-Selector"), Column::AGE];
        &COLUMNS
    }

    fn row(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        vec![
            cells::name(object),
            cells::selector(object.pointer("/spec/podSelector")),
            cells::age(object, now),
        ]
    }
}

fn validate_ports(ports: Option<&[NetworkPolicyPort]>, path: &Path, errors: &mut ErrorList) {
    for (i, port) in ports.unwrap_or_default().iter().enumerate() {
        let path = path.index(i);
        if let Some(protocol) = port.protocol.as_deref().filter(|p| !PROTOCOLS.contains(p)) {
            errors.not_supported(&path.child("protocol"), protocol, &PROTOCOLS);
        }
        if let Some(number) = &port.port {
            pod_spec::port_number_or_name(number, &path.child("port"), errors);
        }
        if let Some(end) = port.end_port {
            let at = path.child("endPort");
            use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
            match &port.port {
                None => errors.required(&path.child("port"), "must be specified when endPort is set"),
                Some(IntOrString::String(_)) => {
                    errors.required(&path.child("port"), "endPort may not be set when port is a named port");
                }
                Some(IntOrString::Int(first)) if end < *first => {
                    errors.invalid(&at, end, "must be greater than or equal to `port`");
                }
                Some(IntOrString::Int(_)) => errors.invalid_each(&at, end, &names::port_number(end.into())),
            }
        }
    }
}

fn validate_peers(peers: Option<&[NetworkPolicyPeer]>, path: &Path, errors: &mut ErrorList) {
    for (i, peer) in peers.unwrap_or_default().iter().enumerate() {
        let path = path.index(i);
        let mut kinds = 0;
        for (field, selector) in
            [("podSelector", &peer.pod_selector), ("namespaceSelector", &peer.namespace_selector)]
        {
            if let Some(selector) = selector {
                kinds += 1;
                pod_spec::label_selector(selector, &path.child(field), errors);
            }
        }
        if let Some(block) = &peer.ip_block {
            kinds += 1;
            let at = path.child("ipBlock");
            if block.cidr.is_empty() {
                errors.required(&at.child("cidr"), "");
            } else if cidr(&block.cidr).is_none() {
                errors.invalid(&at.child("cidr"), &block.cidr, CIDR);
            }
            for (i, except) in block.except.iter().flatten().enumerate() {
                let at = at.child("except").index(i);
                match (cidr(&block.cidr), cidr(except)) {
                    (_, None) => errors.invalid(&at, except, CIDR),
                    (Some(block), Some(inner)) if !is_strictly_within(inner, block) => {
                        errors.invalid(&at, except, "must be a strict subset of `cidr`");
                    }
                    _ => {}
                }
            }
        }
        match kinds {
            0 => errors.required(&path, "must specify a peer"),
            _ if peer.ip_block.is_some() && kinds > 1 => {
                errors.forbidden(&path, "may not specify both ipBlock and another peer");
            }
            _ => {}
        }
    }
}

const CIDR: &str = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";

/// A range of addresses: one of them, and the length of what all have in common.
fn cidr(text: &str) -> Option<(IpAddr, u8)> {
    let (address, length) = text.split_once('/')?;
    let address = address.parse::<IpAddr>().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let length = length.parse::<u8>().ok().filter(|length| *length <= most)?;
    Some((address, length))
}

fn is_strictly_within((inner, longer): (IpAddr, u8), (outer, length): (IpAddr, u8)) -> bool {
    let bits = |address: IpAddr| match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()) << 96, true),
        IpAddr::V6(address) => (address.to_bits(), false),
    };
    let ((inner, is_v4), (outer, outer_is_v4)) = (bits(inner), bits(outer));
    let same = (inner ^ outer).leading_zeros() >= u32::from(length);
    is_v4 == outer_is_v4 && same && length < longer
}
