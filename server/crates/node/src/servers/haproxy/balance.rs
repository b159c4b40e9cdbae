//! Which server of a backend is next (`balance`).

use std::{
    net::IpAddr,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::config::{Balance, Proxy, Server};
use crate::{kernel::wait::lock, rng::stable_hash};

/// What is known of a backend's servers while it runs.
#[derive(Debug)]
pub(super) struct Load {
    /// How much each server is owed: that of the most owed is next (smooth weighted round robin).
    owed: Mutex<Vec<i64>>,
    /// How many requests or connections each has at present.
    active: Vec<AtomicUsize>,
}

/// A request or connection that a server has, until it is dropped.
#[derive(Debug)]
pub(super) struct Active<'a>(&'a AtomicUsize);

impl Drop for Active<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Load {
    pub(super) fn new(backend: &Proxy) -> Self {
        Self {
            owed: Mutex::new(vec![0; backend.servers.len()]),
            active: backend.servers.iter().map(|_| AtomicUsize::new(0)).collect(),
        }
    }

    /// Notes that a server, by its place in its backend, has one more.
    pub(super) fn enter(&self, server: usize) -> Active<'_> {
        let active = &self.active[server];
        active.fetch_add(1, Ordering::Relaxed);
        Active(active)
    }

    /// The servers of a backend with their places in it, the one that is next first, those for emergencies last. `path` is
    /// that of a request.
    pub(super) fn order<'a>(
        &self,
        backend: &'a Proxy,
        client: IpAddr,
        path: Option<&str>,
    ) -> Vec<(usize, &'a Server)> {
        let all = backend.servers.iter().enumerate().filter(|(_, server)| server.weight > 0);
        let (backup, mut servers): (Vec<_>, Vec<_>) = all.partition(|(_, server)| server.backup);
        let first = match backend.balance {
            _ if servers.len() < 2 => 0,
            Balance::First => 0,
            Balance::RoundRobin => self.most_owed(&servers),
            Balance::LeastConnections => {
                let load = |server: usize| self.active[server].load(Ordering::Relaxed);
                let least = servers.iter().map(|(place, _)| load(*place)).min().unwrap_or(0);
                let idle: Vec<_> =
                    servers.iter().copied().filter(|(place, _)| load(*place) == least).collect();
                let (chosen, _) = idle[self.most_owed(&idle)];
                servers.iter().position(|(place, _)| *place == chosen).unwrap_or(0)
            }
            Balance::Source => by_hash(&servers, client.to_string().as_bytes()),
            Balance::Uri => by_hash(&servers, path.unwrap_or_default().as_bytes()),
        };
        servers.rotate_left(first);
        servers.extend(backup);
        servers
    }

    fn most_owed(&self, servers: &[(usize, &Server)]) -> usize {
        let mut owed = lock(&self.owed);
        let total: i64 = servers.iter().map(|(_, server)| i64::from(server.weight)).sum();
        for (place, server) in servers {
            owed[*place] += i64::from(server.weight);
        }
        let best = (0..servers.len()).rev().max_by_key(|at| owed[servers[*at].0]).unwrap_or(0);
        owed[servers[best].0] -= total;
        best
    }
}

/// The same server for the same text, in proportion to the weights.
fn by_hash(servers: &[(usize, &Server)], text: &[u8]) -> usize {
    let total: u64 = servers.iter().map(|(_, server)| u64::from(server.weight)).sum();
    let mut left = stable_hash(text) % total.max(1);
    for (at, (_, server)) in servers.iter().enumerate() {
        match left.checked_sub(u64::from(server.weight)) {
            Some(rest) => left = rest,
            None => return at,
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::Load;
    use crate::servers::haproxy::config::parse;

    fn names(balance: &str, servers: &str, count: usize) -> String {
        let text = format!("backend b\n  balance {balance}\n{servers}");
        let config = parse(&text).unwrap();
        let backend = &config.proxies[0];
        let load = Load::new(backend);
        let next = |_| load.order(backend, [10, 0, 0, 1].into(), Some("/x"))[0].1.name.clone();
        (0..count).map(next).collect()
    }

    #[test]
    fn servers_take_turns_by_weight() {
        let servers = "  server a x:1 weight 2\n  server b x:2 weight 1\n  server c x:3 backup\n";
        assert_eq!(names("roundrobin", servers, 6), "abaaba");
        assert_eq!(names("leastconn", servers, 3), "aba");
        assert_eq!(names("first", servers, 3), "aaa");
        let by_source = names("source", servers, 3);
        assert!(by_source == "aaa" || by_source == "bbb", "{by_source}");
    }

    #[test]
    fn the_one_with_the_fewest_connections_is_next() {
        let config = parse("backend b\n  balance leastconn\n  server a x:1\n  server b x:2\n").unwrap();
        let backend = &config.proxies[0];
        let load = Load::new(backend);
        let _busy = load.enter(0);
        for _ in 0..3 {
            assert_eq!(load.order(backend, [10, 0, 0, 1].into(), None)[0].0, 1);
        }
    }
}
