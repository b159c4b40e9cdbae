//! A node's sandboxes and the addresses that they get.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use super::Node;
use crate::{
    kernel::{net::NetNamespace, wait::lock},
    runtime::{
        NetworkMode, RuntimeError, SandboxConfig, SandboxId, SandboxStatus, event::NodeEvent, pod::Sandbox,
        record::Record,
    },
};

impl Node {
    /// Makes a sandbox: an address, a host name, a process table if it is shared.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::HostPort`] where a host port is taken, [`RuntimeError::OutOfResources`] where addresses ran out.
    pub async fn run_sandbox(&self, config: SandboxConfig) -> Result<SandboxStatus, RuntimeError> {
        let net = match config.network {
            NetworkMode::Host => Arc::clone(&self.0.net),
            NetworkMode::Pod => {
                let ip = self.take_address()?;
                let (range, prefix) = self.0.config.pod_range;
                let node: Arc<str> = self.0.config.name.as_str().into();
                NetNamespace::new(&self.0.host, node, ip, prefix, nth_address(range, 1))
            }
        };
        let ports = config.port_mappings.clone();
        let shares_network = config.network == NetworkMode::Host;
        let sandbox = match Sandbox::new(&self.around(), config, net) {
            Ok(sandbox) => sandbox,
            Err(error) => {
                self.give_address_back(None);
                return Err(error);
            }
        };
        if !shares_network {
            self.0.network.0.join_pod(&sandbox.net);
            for port in ports.iter().filter(|port| port.host_port != 0) {
                let key = (port.protocol, port.host_port);
                let to = SocketAddr::new(sandbox.ip(), port.container_port);
                if !self.0.network.0.add_host_port(&self.0.config.name, key, to) {
                    self.leave(&sandbox);
                    return Err(RuntimeError::HostPort(format!(
                        "cannot open hostport {} for pod: address already in use",
                        port.host_port
                    )));
                }
            }
        }
        lock(&self.0.state).sandboxes.insert(sandbox.id.clone(), Arc::clone(&sandbox));
        Ok(sandbox.status())
    }

    /// The next free address of the range, going round.
    fn take_address(&self) -> Result<IpAddr, RuntimeError> {
        let (range, prefix) = self.0.config.pod_range;
        let bits = u32::from(if range.is_ipv4() { 32 } else { 128 } - prefix).min(20);
        // Without the network's own address, the gateway's and the last one.
        let count = (1u32 << bits).saturating_sub(3);
        let mut state = lock(&self.0.state);
        for _ in 0..count {
            state.last_address = state.last_address % count + 1;
            let address = state.last_address;
            if state.addresses.insert(address) {
                return Ok(nth_address(range, address + 1));
            }
        }
        Err(RuntimeError::OutOfResources(format!(
            "plugin type=\"host-local\" failed (add): failed to allocate for range 0: no IP addresses available in range set: \
             {range}/{prefix}"
        )))
    }

    /// Gives an address back, or the one that was taken last.
    fn give_address_back(&self, ip: Option<IpAddr>) {
        let mut state = lock(&self.0.state);
        let number = match ip {
            Some(ip) => (1..=1 << 20).find(|number| nth_address(self.0.config.pod_range.0, number + 1) == ip),
            None => Some(state.last_address),
        };
        if let Some(number) = number {
            state.addresses.remove(&number);
        }
    }

    pub(super) fn sandbox(&self, id: &SandboxId) -> Option<Arc<Sandbox>> {
        lock(&self.0.state).sandboxes.get(id).cloned()
    }

    /// Takes a sandbox off the network.
    fn leave(&self, sandbox: &Sandbox) {
        if sandbox.config.network == NetworkMode::Pod {
            self.0.network.0.leave_pod(sandbox.ip());
            self.0.network.0.remove_host_ports(&self.0.config.name, sandbox.ip());
            self.give_address_back(Some(sandbox.ip()));
        }
    }

    /// Kills what still runs in a sandbox and gives up its network; a stopped one is no error.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::SandboxNotFound`].
    pub async fn stop_sandbox(&self, id: &SandboxId) -> Result<(), RuntimeError> {
        let sandbox = self.sandbox(id).ok_or_else(|| RuntimeError::SandboxNotFound(id.clone()))?;
        for record in self.records_in(id) {
            record.stop(Duration::ZERO).await;
        }
        if sandbox.stop() {
            self.leave(&sandbox);
            let time = self.0.host.env.clock.now();
            // Nobody may be listening.
            let _ = self.0.events.send(NodeEvent::SandboxStopped { sandbox: id.clone(), time });
        }
        Ok(())
    }

    fn records_in(&self, id: &SandboxId) -> Vec<Arc<Record>> {
        let state = lock(&self.0.state);
        state.containers.values().filter(|record| record.sandbox.id == *id).cloned().collect()
    }

    /// Stops and forgets a sandbox and its containers; a missing one is no error.
    pub async fn remove_sandbox(&self, id: &SandboxId) {
        if self.stop_sandbox(id).await.is_err() {
            return;
        }
        for record in self.records_in(id) {
            lock(&self.0.state).containers.remove(&record.id);
            record.removed();
        }
        lock(&self.0.state).sandboxes.remove(id);
    }

    /// What is known of a sandbox.
    pub fn sandbox_status(&self, id: &SandboxId) -> Option<SandboxStatus> {
        self.sandbox(id).map(|sandbox| sandbox.status())
    }

    /// All sandboxes.
    pub fn sandboxes(&self) -> Vec<SandboxStatus> {
        lock(&self.0.state).sandboxes.values().map(|sandbox| sandbox.status()).collect()
    }
}

/// An address of a range, counted from its start.
pub(super) fn nth_address(range: IpAddr, number: u32) -> IpAddr {
    match range {
        IpAddr::V4(start) => IpAddr::from((start.to_bits().wrapping_add(number)).to_be_bytes()),
        IpAddr::V6(start) => IpAddr::from((start.to_bits().wrapping_add(u128::from(number))).to_be_bytes()),
    }
}
