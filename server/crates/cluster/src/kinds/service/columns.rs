//! How `kubectl get services` shows a Service.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Service, ServiceSpec};
use serde_json::{Value, json};

use crate::{
    kinds::cells,
    resource::columns::{self, Column},
};

pub(super) static COLUMNS: [Column; 7] = [
    Column::NAME,
    Column::text("Type"),
    Column::text("Cluster-IP"),
    Column::text("External-IP"),
    Column::text("Port(s)"),
    Column::AGE,
    Column::text("Selector").wide(),
];

pub(super) fn row(service: &Service, object: &Value, now: Timestamp) -> Vec<Value> {
    let none = ServiceSpec::default();
    let spec = service.spec.as_ref().unwrap_or(&none);
    let address = spec.cluster_ip.as_deref().unwrap_or_default();
    vec![
        cells::name(object),
        json!(spec.type_),
        json!(columns::or_none(address)),
        json!(external(service, spec)),
        json!(ports(spec)),
        cells::age(object, now),
        json!(columns::labels(object.pointer("/spec/selector"))),
    ]
}

fn external(service: &Service, spec: &ServiceSpec) -> String {
    let joined = spec.external_ips.as_deref().unwrap_or_default().join(",");
    match spec.type_.as_deref().unwrap_or_default() {
        "ExternalName" => spec.external_name.clone().unwrap_or_default(),
        "LoadBalancer" => {
            let ingress = service.status.as_ref().and_then(|s| s.load_balancer.as_ref()?.ingress.as_deref());
            let mut all: Vec<String> = ingress
                .unwrap_or_default()
                .iter()
                .filter_map(|i| i.ip.clone().or_else(|| i.hostname.clone()))
                .collect();
            all.extend(spec.external_ips.iter().flatten().cloned());
            if all.is_empty() { "<pending>".into() } else { all.join(",") }
        }
        _ if joined.is_empty() => "<none>".into(),
        _ => joined,
    }
}

fn ports(spec: &ServiceSpec) -> String {
    let ports: Vec<String> = spec
        .ports
        .iter()
        .flatten()
        .map(|port| {
            let protocol = port.protocol.as_deref().unwrap_or_default();
            match port.node_port.filter(|n| *n != 0) {
                Some(node) => format!("{}:{node}/{protocol}", port.port),
                None => format!("{}/{protocol}", port.port),
            }
        })
        .collect();
    if ports.is_empty() { "<none>".into() } else { ports.join(",") }
}
