//! Which address a proxied request goes to.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{Endpoints, Pod, Service};

use crate::{
    http::{Call, path::Target},
    node_agent::NodeAgent,
    resource::Resource,
    status::{Result, Status},
    verbs,
};

/// An address and the node that reaches it.
pub(super) struct Location {
    pub(super) agent: Arc<dyn NodeAgent>,
    pub(super) https: bool,
    pub(super) address: String,
    pub(super) port: u16,
}

impl Location {
    /// As it stands in a URL.
    pub(super) fn authority(&self) -> String {
        format!("{}:{}", self.address, self.port)
    }
}

/// `NAME`, `NAME:PORT` or `SCHEME:NAME:PORT`, as names stand in the URL of a proxy.
struct Name<'n> {
    https: bool,
    name: &'n str,
    port: &'n str,
}

impl<'n> Name<'n> {
    fn parse(text: &'n str) -> Option<Self> {
        let parts: Vec<&str> = text.split(':').collect();
        let (scheme, name, port) = match *parts.as_slice() {
            [name] => ("", name, ""),
            [name, port] => ("", name, port),
            [scheme, name, port] => (scheme, name, port),
            _ => return None,
        };
        let https = match scheme {
            "" | "http" => false,
            "https" => true,
            _ => return None,
        };
        (!name.is_empty()).then_some(Self { https, name, port })
    }
}

/// Finds where a request goes.
pub(super) fn find(call: &Call, resource: &Resource, target: &Target) -> Result<Location> {
    let kind = if resource.plural == "pods" { "pod" } else { "service" };
    let name = Name::parse(&target.name)
        .ok_or_else(|| Status::bad_request(format!("invalid {kind} request {:?}", target.name)))?;
    match &*resource.plural {
        "pods" => pod(call, resource, target, &name),
        _ => service(call, resource, target, &name),
    }
}

fn pod(call: &Call, resource: &Resource, target: &Target, name: &Name<'_>) -> Result<Location> {
    let pod: Pod = verbs::get(&call.server, resource, &target.namespace, name.name)?.parse()?;
    let spec = pod.spec.unwrap_or_default();
    let first =
        spec.containers.iter().flat_map(|c| c.ports.iter().flatten()).map(|p| p.container_port).next();
    let port = match name.port {
        "" => first.and_then(|port| u16::try_from(port).ok()).unwrap_or(if name.https { 443 } else { 80 }),
        port => {
            port.parse().map_err(|_| Status::bad_request(format!("invalid pod request {:?}", target.name)))?
        }
    };
    let address = pod.status.and_then(|status| status.pod_ip).filter(|ip| !ip.is_empty());
    let address = address.ok_or_else(|| Status::bad_request("address not allowed"))?;
    let agent = agent(call, spec.node_name.as_deref())?;
    Ok(Location { agent, https: name.https, address, port })
}

fn service(call: &Call, resource: &Resource, target: &Target, name: &Name<'_>) -> Result<Location> {
    let mut port = name.port.to_owned();
    if let Ok(number) = port.parse::<i64>() {
        let service: Service = verbs::get(&call.server, resource, &target.namespace, name.name)?.parse()?;
        let ports = service.spec.unwrap_or_default().ports.unwrap_or_default();
        let found = ports.into_iter().find(|port| i64::from(port.port) == number);
        let found = found.ok_or_else(|| {
            Status::service_unavailable(format!("no service port {number} found for service {:?}", name.name))
        })?;
        port = found.name.unwrap_or_default();
    }
    let none = |of: &str| Status::service_unavailable(format!("no endpoints available for service {of:?}"));
    let stored = call.server.store.get("endpoints", &target.namespace, name.name);
    let Some(stored) = stored else { return Err(Status::not_found("", "endpoints", name.name)) };
    let endpoints: Endpoints = stored.parse()?;
    let subsets = endpoints.subsets.unwrap_or_default();
    if subsets.is_empty() {
        return Err(none(name.name));
    }
    for subset in &subsets {
        let mut ports = subset.ports.iter().flatten();
        let Some(found) = ports.find(|p| p.name.as_deref().unwrap_or_default() == port) else { continue };
        let addresses = subset.addresses.as_deref().unwrap_or_default();
        let Ok(count) = u64::try_from(addresses.len()) else { continue };
        let Some(at) = call.server.rng.next().checked_rem(count) else { continue };
        let Some(address) = usize::try_from(at).ok().and_then(|at| addresses.get(at)) else { continue };
        let port = u16::try_from(found.port).map_err(|_| none(&target.name))?;
        let agent = agent(call, address.node_name.as_deref())?;
        return Ok(Location { agent, https: name.https, address: address.ip.clone(), port });
    }
    Err(none(&target.name))
}

/// The kubelet of a node, or of any.
fn agent(call: &Call, node: Option<&str>) -> Result<Arc<dyn NodeAgent>> {
    let own = node.and_then(|node| call.server.agent(node));
    own.or_else(|| call.server.any_agent())
        .ok_or_else(|| Status::service_unavailable("error trying to reach service: no route to host"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_have_a_scheme_and_a_port() {
        let parse = |text| Name::parse(text).map(|n| (n.https, n.name, n.port));
        assert_eq!(parse("web"), Some((false, "web", "")));
        assert_eq!(parse("web:http"), Some((false, "web", "http")));
        assert_eq!(parse("https:web:443"), Some((true, "web", "443")));
        assert_eq!(parse("ftp:web:21"), None);
        assert_eq!(parse(":80"), None);
        assert_eq!(parse("a:b:c:d"), None);
    }
}
