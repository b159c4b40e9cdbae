//! The Pods of a Service as backends: pure.

use k8s_openapi::{
    api::core::v1::{ObjectReference, Pod, PodSpec, Service, ServicePort},
    apimachinery::pkg::util::intstr::IntOrString,
};

/// A Pod behind a Service.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Backend {
    pub(super) ip: String,
    pub(super) node: Option<String>,
    /// Its name within the Service's domain, where the Pod asks for one.
    pub(super) hostname: Option<String>,
    pub(super) target: ObjectReference,
    /// Whether it takes traffic.
    pub(super) ready: bool,
    /// Whether it would, were it not ending.
    pub(super) serving: bool,
    pub(super) terminating: bool,
    /// The Service's ports as numbers of this Pod.
    pub(super) ports: Vec<Port>,
}

/// A port of a backend.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Port {
    pub(super) name: String,
    pub(super) port: i32,
    pub(super) protocol: String,
    pub(super) app_protocol: Option<String>,
}

/// The backends of a Service, by address.
pub(super) fn backends(service: &Service, pods: &[Pod]) -> Vec<Backend> {
    let mut backends: Vec<Backend> = pods.iter().filter_map(|pod| backend(service, pod)).collect();
    backends.sort_by_key(|backend| backend.ip.parse::<std::net::IpAddr>().ok());
    backends
}

fn backend(service: &Service, pod: &Pod) -> Option<Backend> {
    let status = pod.status.as_ref()?;
    if matches!(status.phase.as_deref(), Some("Succeeded" | "Failed")) {
        return None;
    }
    let ip = status.pod_ip.clone().filter(|ip| !ip.is_empty())?;
    let service_spec = service.spec.as_ref()?;
    let spec = pod.spec.as_ref()?;
    let terminating = pod.metadata.deletion_timestamp.is_some();
    let conditions = status.conditions.iter().flatten();
    let is_ready = conditions.into_iter().any(|c| c.type_ == "Ready" && c.status == "True");
    let serving = is_ready || service_spec.publish_not_ready_addresses == Some(true);
    let in_domain = spec.subdomain.is_some() && spec.subdomain == service.metadata.name;
    let ports = service_spec.ports.iter().flatten().filter_map(|port| {
        Some(Port {
            name: port.name.clone().unwrap_or_default(),
            port: target_port(spec, port)?,
            protocol: protocol(port).to_owned(),
            app_protocol: port.app_protocol.clone(),
        })
    });
    Some(Backend {
        ip,
        node: spec.node_name.clone(),
        hostname: spec.hostname.clone().filter(|hostname| in_domain && !hostname.is_empty()),
        target: ObjectReference {
            kind: Some("Pod".to_owned()),
            namespace: pod.metadata.namespace.clone(),
            name: pod.metadata.name.clone(),
            uid: pod.metadata.uid.clone(),
            ..ObjectReference::default()
        },
        ready: serving && (!terminating || service_spec.publish_not_ready_addresses == Some(true)),
        serving,
        terminating,
        ports: ports.collect(),
    })
}

fn protocol(port: &ServicePort) -> &str {
    port.protocol.as_deref().unwrap_or("TCP")
}

/// The number of the Pod's port that a Service's port leads to; `None` where no container has one of that name.
fn target_port(spec: &PodSpec, port: &ServicePort) -> Option<i32> {
    match port.target_port.as_ref() {
        None => Some(port.port),
        Some(IntOrString::Int(0)) => Some(port.port),
        Some(IntOrString::Int(number)) => Some(*number),
        Some(IntOrString::String(name)) if name.is_empty() => Some(port.port),
        Some(IntOrString::String(name)) => {
            let sidecars = spec.init_containers.iter().flatten();
            let sidecars = sidecars.filter(|container| container.restart_policy.as_deref() == Some("Always"));
            let containers = spec.containers.iter().chain(sidecars);
            let found = containers.flat_map(|container| container.ports.iter().flatten()).find(|candidate| {
                let same_protocol = candidate.protocol.as_deref().unwrap_or("TCP") == protocol(port);
                candidate.name.as_ref() == Some(name) && same_protocol
            });
            found.map(|found| found.container_port)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pod(name: &str, ip: &str, ready: bool) -> Value {
        let status = if ready { "True" } else { "False" };
        json!({
            "metadata": {"name": name, "namespace": "ns", "uid": name},
            "spec": {"nodeName": "node1", "containers": [
                {"name": "c", "ports": [{"name": "web", "containerPort": 8080}]}]},
            "status": {"phase": "Running", "podIP": ip, "conditions": [{"type": "Ready", "status": status}]},
        })
    }

    fn of(spec: Value, pods: Vec<Value>) -> Vec<String> {
        let service = json!({"metadata": {"name": "s", "namespace": "ns"}, "spec": spec});
        let service = serde_json::from_value(service).unwrap();
        let pods: Vec<Pod> = pods.into_iter().map(|pod| serde_json::from_value(pod).unwrap()).collect();
        let show = |b: Backend| {
            let ports: Vec<i32> = b.ports.iter().map(|port| port.port).collect();
            format!(
                "{} {ports:?} ready {} serving {} terminating {}",
                b.ip, b.ready, b.serving, b.terminating
            )
        };
        backends(&service, &pods).into_iter().map(show).collect()
    }

    #[test]
    fn ports_by_name_are_looked_up_in_each_pod() {
        let spec = json!({"ports": [{"port": 80, "targetPort": "web"}, {"port": 81, "targetPort": "none"}]});
        let shown = of(spec, vec![pod("b", "10.244.0.10", true), pod("a", "10.244.0.9", false)]);
        assert_eq!(
            shown,
            [
                "10.244.0.9 [8080] ready false serving false terminating false",
                "10.244.0.10 [8080] ready true serving true terminating false",
            ]
        );
    }

    #[test]
    fn a_pod_that_ends_still_serves_but_is_not_ready_and_one_that_has_ended_is_none() {
        let mut ending = pod("a", "10.244.0.9", true);
        ending["metadata"]["deletionTimestamp"] = json!("2026-11-21T00:00:00Z");
        let mut ended = pod("b", "10.244.0.10", true);
        ended["status"]["phase"] = json!("Succeeded");
        let shown = of(json!({"ports": [{"port": 80}]}), vec![ending, ended]);
        assert_eq!(shown, ["10.244.0.9 [80] ready false serving true terminating true"]);
    }
}
