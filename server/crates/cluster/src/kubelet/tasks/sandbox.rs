//! A Pod's sandbox: its namespaces, its address, its `/etc/hosts`.

use bytes::Bytes;
use k8s_openapi::api::core::v1::ContainerPort;
use podlab_node::{
    NetworkMode, PidMode, PortMapping, SandboxConfig, TreeContent, TreeEntry, network::Protocol,
};

use crate::kubelet::{
    container::HOSTS_FILE,
    dns,
    pod::{Manifest, Sandbox},
    seat::Seat,
};

/// Makes the sandbox.
pub(super) async fn run(seat: &Seat, manifest: &Manifest, attempt: u32) -> Result<Sandbox, String> {
    let node = &seat.facts.node;
    let spec = manifest.spec();
    let pids = if spec.host_pid == Some(true) {
        PidMode::Host
    } else if spec.share_process_namespace == Some(true) {
        PidMode::Pod
    } else {
        PidMode::Container
    };
    let network = if manifest.host_network() { NetworkMode::Host } else { NetworkMode::Pod };
    let hostname = match network {
        NetworkMode::Host => seat.facts.name.clone(),
        NetworkMode::Pod => dns::hostname(manifest).0,
    };
    let config = SandboxConfig {
        name: format!("{}/{}", manifest.namespace(), manifest.name()),
        hostname,
        dns: dns::config(manifest, seat.facts.cluster_dns, &podlab_node::DnsConfig::default()),
        port_mappings: port_mappings(manifest),
        network,
        pids,
    };
    let status = node.run_sandbox(config).await.map_err(|error| error.to_string())?;
    let ips = vec![status.ip.to_string()];
    let entry = TreeEntry {
        path: HOSTS_FILE.to_owned(),
        mode: 0o644,
        content: TreeContent::File(Bytes::from(dns::hosts_file(manifest, &ips))),
    };
    let hosts = node.directory(&[entry]).map_err(|error| error.to_string())?;
    let mut state = seat.state();
    state.hosts = Some(hosts);
    state.pod_ips.clone_from(&ips);
    let id = status.id.as_str().to_owned();
    state.sandbox = Some(status.id);
    Ok(Sandbox { id, attempt, ready: true, ips })
}

/// Stops the sandbox and what still runs in it.
pub(super) async fn stop(seat: &Seat) {
    let sandbox = seat.state().sandbox.clone();
    if let Some(id) = sandbox
        && let Err(error) = seat.facts.node.stop_sandbox(&id).await
    {
        tracing::warn!(%error, "a sandbox could not be stopped");
    }
}

fn port_mappings(manifest: &Manifest) -> Vec<PortMapping> {
    if manifest.host_network() {
        return Vec::new();
    }
    let mapping = |port: &ContainerPort| {
        let host_port = u16::try_from(port.host_port?).ok().filter(|port| *port > 0)?;
        let protocol = match port.protocol.as_deref() {
            Some("UDP") => Protocol::Udp,
            Some("SCTP") => return None,
            _ => Protocol::Tcp,
        };
        let host_ip = port.host_ip.as_deref().and_then(|ip| ip.parse().ok());
        let container_port = u16::try_from(port.container_port).ok()?;
        Some(PortMapping { protocol, container_port, host_port, host_ip })
    };
    let ports = manifest.containers().flat_map(|(_, container)| container.ports.iter().flatten());
    ports.filter_map(mapping).collect()
}
