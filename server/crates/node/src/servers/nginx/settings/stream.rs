//! The block `stream`: connections that are passed on without a look into them.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use super::{
    build::Resolve,
    levels::Levels,
    listen,
    upstream::{Upstream, split_host},
};
use crate::servers::nginx::config::{ConfigError, Directive};

/// A server of streams.
#[derive(Debug)]
pub(in crate::servers::nginx) struct StreamServer {
    pub(in crate::servers::nginx) addresses: Vec<(SocketAddr, bool)>,
    pub(in crate::servers::nginx) upstream: Arc<Upstream>,
    pub(in crate::servers::nginx) connect_timeout: Duration,
    /// How long both sides may be silent.
    pub(in crate::servers::nginx) timeout: Duration,
}

/// Reads the block.
pub(super) async fn parse(
    block: &Directive,
    resolve: &(dyn Resolve + Sync),
) -> Result<Vec<Arc<StreamServer>>, ConfigError> {
    let mut upstreams = Vec::new();
    for directive in block.block.iter().filter(|directive| directive.name == "upstream") {
        upstreams.push(Arc::new(Upstream::parse(directive, resolve).await?));
    }
    let outer = Levels::new(&block.block);
    let mut servers = Vec::new();
    for server in block.block.iter().filter(|directive| directive.name == "server") {
        let levels = outer.inner(&server.block);
        let mut addresses = Vec::new();
        for directive in levels.own(&["listen"]) {
            if let Some(line) = listen::parse(directive, resolve).await?
                && !line.udp
            {
                addresses.extend(line.addresses.iter().map(|address| (*address, line.only_v6)));
            }
        }
        if addresses.is_empty() {
            return Err(server.error("no \"listen\" is defined for server in stream"));
        }
        let Some(pass) = levels.own(&["proxy_pass"]).next() else { continue };
        let name = pass.arg(0);
        let upstream = match upstreams.iter().find(|upstream| upstream.name == name) {
            Some(upstream) => Arc::clone(upstream),
            None => {
                let no_port = || pass.error(format!("no port in upstream \"{name}\""));
                if !name.contains(':') {
                    return Err(no_port());
                }
                let (host, port) = split_host(name).ok_or_else(no_port)?;
                let found = resolve
                    .resolve(&host)
                    .await
                    .map_err(|_| pass.error(format!("host not found in upstream \"{name}\"")))?;
                Arc::new(Upstream::of_addresses(name, &found, port))
            }
        };
        servers.push(Arc::new(StreamServer {
            addresses,
            upstream,
            connect_timeout: levels.time("proxy_connect_timeout", Duration::from_secs(60)),
            timeout: levels.time("proxy_timeout", Duration::from_secs(600)),
        }));
    }
    Ok(servers)
}
