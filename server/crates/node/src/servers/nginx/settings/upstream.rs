//! Groups of servers that requests are passed on to.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Mutex,
    time::Duration,
};

use super::{build::Resolve, levels::template};
use crate::{
    kernel::wait::lock,
    rng::stable_hash,
    servers::nginx::{
        config::{ConfigError, Directive, value},
        template::Template,
    },
};

/// A group of servers.
#[derive(Debug)]
pub(in crate::servers::nginx) struct Upstream {
    pub(in crate::servers::nginx) name: String,
    pub(in crate::servers::nginx) peers: Vec<Peer>,
    method: Method,
    state: Mutex<Vec<PeerState>>,
}

/// How a server is chosen.
#[derive(Debug)]
enum Method {
    RoundRobin,
    LeastConnections,
    IpHash,
    Hash(Template),
}

/// One address of a group.
#[derive(Clone, Debug)]
pub(in crate::servers::nginx) struct Peer {
    pub(in crate::servers::nginx) address: SocketAddr,
    weight: i64,
    max_fails: u64,
    fail_timeout: Duration,
    backup: bool,
    down: bool,
}

#[derive(Clone, Debug, Default)]
struct PeerState {
    current: i64,
    fails: u64,
    /// When it failed last.
    checked: Duration,
    connections: u64,
}

impl Upstream {
    /// What `proxy_pass` makes of a name that is no group: its addresses in turn.
    pub(in crate::servers::nginx) fn of_addresses(name: &str, addresses: &[IpAddr], port: u16) -> Self {
        let peer = |ip: &IpAddr| Peer {
            address: SocketAddr::new(*ip, port),
            weight: 1,
            max_fails: 1,
            fail_timeout: Duration::from_secs(10),
            backup: false,
            down: false,
        };
        Self::new(name, addresses.iter().map(peer).collect(), Method::RoundRobin)
    }

    fn new(name: &str, peers: Vec<Peer>, method: Method) -> Self {
        let state = vec![PeerState::default(); peers.len()];
        Self { name: name.to_owned(), peers, method, state: Mutex::new(state) }
    }

    /// Reads a block.
    pub(super) async fn parse(
        block: &Directive,
        resolve: &(dyn Resolve + Sync),
    ) -> Result<Self, ConfigError> {
        let mut peers = Vec::new();
        let mut method = Method::RoundRobin;
        for directive in &block.block {
            match directive.name.as_str() {
                "server" => peers.extend(servers(directive, resolve).await?),
                "least_conn" => method = Method::LeastConnections,
                "ip_hash" => method = Method::IpHash,
                "hash" => method = Method::Hash(template(directive, 0)?),
                _ => {}
            }
        }
        if peers.is_empty() {
            return Err(ConfigError::new(format!("no servers are inside upstream in {}", block.end)));
        }
        Ok(Self::new(block.arg(0), peers, method))
    }

    /// What `hash` is computed from.
    pub(in crate::servers::nginx) fn hash_key(&self) -> Option<&Template> {
        match &self.method {
            Method::Hash(key) => Some(key),
            _ => None,
        }
    }

    /// Chooses a server that was not `tried` yet: `None` where no live one is left.
    pub(in crate::servers::nginx) fn choose(
        &self,
        tried: &[usize],
        client: IpAddr,
        key: &str,
        now: Duration,
    ) -> Option<usize> {
        let mut state = lock(&self.state);
        let alive = |index: &usize| {
            let (Some(peer), Some(state)) = (self.peers.get(*index), state.get(*index)) else { return false };
            let failed = self.peers.len() > 1
                && peer.max_fails > 0
                && state.fails >= peer.max_fails
                && now.saturating_sub(state.checked) <= peer.fail_timeout;
            !peer.down && !failed && !tried.contains(index)
        };
        for backup in [false, true] {
            let usable: Vec<usize> = (0..self.peers.len())
                .filter(|index| self.peers.get(*index).is_some_and(|peer| peer.backup == backup))
                .filter(alive)
                .collect();
            if usable.is_empty() {
                continue;
            }
            let by_hash = |hash: u64| usable.get((hash % usable.len() as u64) as usize).copied();
            let chosen = match &self.method {
                Method::RoundRobin => round_robin(&self.peers, &mut state, &usable),
                Method::LeastConnections => {
                    let load = |index: &usize| state.get(*index).map_or(0, |state| state.connections);
                    let least = usable.iter().map(load).min();
                    let idle: Vec<usize> =
                        usable.iter().copied().filter(|index| Some(load(index)) == least).collect();
                    round_robin(&self.peers, &mut state, &idle)
                }
                Method::IpHash => by_hash(stable_hash(
                    match client {
                        // Addresses of one network stay together.
                        IpAddr::V4(ip) => ip.octets()[..3].to_vec(),
                        IpAddr::V6(ip) => ip.octets().to_vec(),
                    }
                    .as_slice(),
                )),
                Method::Hash(_) => by_hash(stable_hash(key.as_bytes())),
            };
            if let Some(state) = chosen.and_then(|index| state.get_mut(index)) {
                state.connections += 1;
            }
            return chosen;
        }
        None
    }

    /// Notes how it went with a server that was chosen.
    pub(in crate::servers::nginx) fn done(&self, index: usize, failed: bool, now: Duration) {
        if let Some(state) = lock(&self.state).get_mut(index) {
            state.connections = state.connections.saturating_sub(1);
            if failed {
                state.fails += 1;
                state.checked = now;
            } else {
                state.fails = 0;
            }
        }
    }
}

/// Smooth weighted round robin: who has waited longest for its weight is next.
fn round_robin(peers: &[Peer], state: &mut [PeerState], usable: &[usize]) -> Option<usize> {
    let mut total = 0;
    let mut best: Option<usize> = None;
    for index in usable {
        let (Some(peer), Some(own)) = (peers.get(*index), state.get_mut(*index)) else { continue };
        own.current += peer.weight;
        total += peer.weight;
        let current = own.current;
        if best.and_then(|best| state.get(best)).is_none_or(|best| current > best.current) {
            best = Some(*index);
        }
    }
    if let Some(chosen) = best.and_then(|best| state.get_mut(best)) {
        chosen.current -= total;
    }
    best
}

async fn servers(directive: &Directive, resolve: &(dyn Resolve + Sync)) -> Result<Vec<Peer>, ConfigError> {
    let text = directive.arg(0);
    if text.starts_with("unix:") {
        return Err(directive.error("sockets of the file system are not supported by podlab's nginx"));
    }
    let (host, port) =
        split_host(text).ok_or_else(|| directive.error(format!("invalid port in upstream \"{text}\"")))?;
    let addresses = resolve
        .resolve(&host)
        .await
        .map_err(|_| directive.error(format!("host not found in upstream \"{text}\"")))?;
    let mut peer = Peer {
        address: SocketAddr::new(IpAddr::from([0u8; 4]), 0),
        weight: 1,
        max_fails: 1,
        fail_timeout: Duration::from_secs(10),
        backup: false,
        down: false,
    };
    for arg in &directive.args[1..] {
        let invalid = || directive.error(format!("invalid parameter \"{arg}\""));
        match arg.split_once('=') {
            Some(("weight", number)) => {
                let weight = value::number(number).filter(|weight| *weight > 0).ok_or_else(invalid)?;
                peer.weight = i64::try_from(weight).map_err(|_| invalid())?;
            }
            Some(("max_fails", number)) => peer.max_fails = value::number(number).ok_or_else(invalid)?,
            Some(("max_conns", number)) => drop(value::number(number).ok_or_else(invalid)?),
            Some(("fail_timeout", time)) => peer.fail_timeout = value::time(time).ok_or_else(invalid)?,
            None if arg == "backup" => peer.backup = true,
            None if arg == "down" => peer.down = true,
            None if arg == "resolve" => {}
            _ => return Err(invalid()),
        }
    }
    Ok(addresses.into_iter().map(|ip| Peer { address: SocketAddr::new(ip, port), ..peer.clone() }).collect())
}

/// `host`, `host:port` or `[address]:port`; the port is 80 where none is given.
pub(in crate::servers::nginx) fn split_host(text: &str) -> Option<(String, u16)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        return match rest.strip_prefix(':') {
            Some(port) => Some((host.to_owned(), port.parse().ok()?)),
            None if rest.is_empty() => Some((host.to_owned(), 80)),
            None => None,
        };
    }
    match text.split_once(':') {
        Some((host, port)) => Some((host.to_owned(), port.parse().ok().filter(|port| *port > 0)?)),
        None => Some((text.to_owned(), 80)),
    }
}

#[cfg(test)]
mod tests {
    use std::{net::IpAddr, time::Duration};

    use super::{Method, Peer, Upstream, split_host};

    fn upstream(weights: &[i64], method: Method) -> Upstream {
        let peer = |(index, weight): (usize, &i64)| Peer {
            address: ([127, 0, 0, 1], 5000 + index as u16).into(),
            weight: *weight,
            max_fails: 1,
            fail_timeout: Duration::from_secs(10),
            backup: false,
            down: false,
        };
        Upstream::new("u", weights.iter().enumerate().map(peer).collect(), method)
    }

    const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn weights_are_spread_smoothly() {
        let upstream = upstream(&[5, 1, 1], Method::RoundRobin);
        let order: Vec<_> =
            (0..7).map(|_| upstream.choose(&[], CLIENT, "", Duration::ZERO).unwrap()).collect();
        assert_eq!(order, [0, 0, 1, 0, 2, 0, 0]);
    }

    #[test]
    fn one_that_failed_is_left_alone_for_a_while() {
        let upstream = upstream(&[1, 1], Method::RoundRobin);
        let at = Duration::from_secs;
        let first = upstream.choose(&[], CLIENT, "", at(0)).unwrap();
        upstream.done(first, true, at(0));
        for _ in 0..4 {
            assert_eq!(upstream.choose(&[], CLIENT, "", at(1)), Some(1 - first));
        }
        assert_eq!(upstream.choose(&[1 - first], CLIENT, "", at(1)), None);
        assert_eq!(upstream.choose(&[1 - first], CLIENT, "", at(11)), Some(first));
    }

    #[test]
    fn hosts_are_taken_apart() {
        assert_eq!(split_host("web:81"), Some(("web".to_owned(), 81)));
        assert_eq!(split_host("[::1]"), Some(("::1".to_owned(), 80)));
        assert_eq!((split_host("web:x"), split_host("web:0")), (None, None));
    }
}
