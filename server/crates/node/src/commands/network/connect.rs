//! What clients have in common: names to addresses, addresses to connections.

use std::{net::IpAddr, net::SocketAddr, sync::Arc};

use crate::{
    http::Wire,
    kernel::{errno::Errno, process::Process},
    libc::resolver::{self, ResolveError},
};

/// Which addresses are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum FamilyWanted {
    #[default]
    Any,
    V4,
    V6,
}

impl FamilyWanted {
    /// Whether an address is wanted.
    pub(super) fn wants(self, ip: &IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::V4 => ip.is_ipv4(),
            Self::V6 => ip.is_ipv6(),
        }
    }
}

/// The addresses of a host.
pub(super) async fn addresses(
    process: &Process,
    host: &str,
    wanted: FamilyWanted,
) -> Result<Vec<IpAddr>, ResolveError> {
    let found: Vec<IpAddr> =
        resolver::resolve(process, host).await?.into_iter().filter(|ip| wanted.wants(ip)).collect();
    if found.is_empty() { Err(ResolveError::NoName) } else { Ok(found) }
}

/// The address that busybox takes: the first IPv4 one, or else the first (`FEATURE_PREFER_IPV4_ADDRESS`).
pub(super) async fn busybox_address(process: &Process, host: &str) -> Result<IpAddr, ResolveError> {
    let found = resolver::resolve(process, host).await?;
    found.iter().find(|ip| ip.is_ipv4()).or(found.first()).copied().ok_or(ResolveError::NoName)
}

/// Connects to the first of several addresses that lets it; the error is that of the last.
pub(super) async fn first_of(
    process: &Arc<Process>,
    addresses: &[IpAddr],
    port: u16,
) -> Result<(Wire, IpAddr), (Errno, Option<IpAddr>)> {
    let mut error = (Errno::EHOSTUNREACH, None);
    for ip in addresses {
        match Wire::connect(process, SocketAddr::new(*ip, port)).await {
            Ok(wire) => return Ok((wire, *ip)),
            Err(errno) => error = (errno, Some(*ip)),
        }
    }
    Err(error)
}

/// The number of a port, by its number or its name in `/etc/services`.
pub(super) async fn port(process: &Process, text: &str) -> Option<u16> {
    if let Ok(port) = text.parse() {
        return Some(port);
    }
    let services = process.read_file(b"/etc/services", 1 << 20).await.ok()?;
    String::from_utf8_lossy(&services).lines().find_map(|line| {
        let mut words = line.split('#').next()?.split_whitespace();
        let name = words.next()?;
        let port = words.next()?.strip_suffix("/tcp")?;
        (name == text || words.any(|alias| alias == text)).then(|| port.parse().ok()).flatten()
    })
}
