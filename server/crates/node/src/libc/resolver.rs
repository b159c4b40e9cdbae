//! Names of hosts (`getaddrinfo(3)`): `/etc/hosts`, then the name servers of `/etc/resolv.conf`, along its search list.

use std::{net::IpAddr, time::Duration};

use crate::{
    kernel::{errno::Libc, process::Process},
    network::{DnsAnswer, DnsRecord, DnsType},
};

/// The longest of these files that is looked at.
const MAX_FILE: usize = 64 * 1024;
/// Past these numbers, lines of `/etc/resolv.conf` are not looked at (`MAXNS`; glibc has no bound on domains any more).
const MAX_SERVERS: usize = 3;
const MAX_SEARCH: usize = 32;

/// Why a name has no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResolveError {
    /// There is no such name (`EAI_NONAME`).
    NoName,
    /// No name server answered, or it could not find out (`EAI_AGAIN`).
    Again,
}

impl ResolveError {
    /// What `gai_strerror` says in this C library.
    pub(crate) fn text(self, libc: Libc) -> &'static str {
        match (self, libc) {
            (Self::NoName, Libc::Glibc) => "Name or service not known",
            (Self::NoName, Libc::Musl) => "Name does not resolve",
            (Self::Again, Libc::Glibc) => "Temporary failure in name resolution",
            (Self::Again, Libc::Musl) => "Try again",
        }
    }
}

/// What `/etc/resolv.conf` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ResolvConf {
    pub(crate) servers: Vec<IpAddr>,
    pub(crate) search: Vec<String>,
    /// Names with fewer dots are looked for along the search list first.
    pub(crate) ndots: usize,
    pub(crate) timeout: Duration,
    pub(crate) attempts: u32,
}

impl ResolvConf {
    /// Reads the file's text; what is not understood is passed over, as the C libraries do.
    pub(crate) fn parse(text: &str) -> Self {
        let mut conf = Self {
            servers: Vec::new(),
            search: Vec::new(),
            ndots: 1,
            timeout: Duration::from_secs(5),
            attempts: 2,
        };
        for line in text.lines() {
            let mut words = line.split_whitespace();
            match words.next() {
                Some("nameserver") if conf.servers.len() < MAX_SERVERS => {
                    conf.servers.extend(words.next().and_then(|address| address.parse::<IpAddr>().ok()));
                }
                Some("search" | "domain") => {
                    conf.search = words
                        .take(MAX_SEARCH)
                        .map(|domain| domain.trim_end_matches('.').to_owned())
                        .collect();
                }
                Some("options") => words.for_each(|option| conf.set_option(option)),
                _ => {}
            }
        }
        if conf.servers.is_empty() {
            conf.servers.push(IpAddr::from([127, 0, 0, 1]));
        }
        conf
    }

    fn set_option(&mut self, option: &str) {
        match option.split_once(':') {
            Some(("ndots", number)) => self.ndots = number.parse().unwrap_or(1).min(15),
            Some(("timeout", number)) => {
                self.timeout = Duration::from_secs(number.parse().unwrap_or(5).clamp(1, 30))
            }
            Some(("attempts", number)) => self.attempts = number.parse().unwrap_or(2).clamp(1, 5),
            _ => {}
        }
    }

    /// The complete names that a name may stand for, in the order in which they are tried.
    pub(crate) fn candidates(&self, name: &str) -> Vec<String> {
        if let Some(complete) = name.strip_suffix('.') {
            return vec![complete.to_owned()];
        }
        let searched = self.search.iter().map(|domain| format!("{name}.{domain}"));
        let dots = name.bytes().filter(|byte| *byte == b'.').count();
        if dots >= self.ndots {
            std::iter::once(name.to_owned()).chain(searched).collect()
        } else {
            searched.chain([name.to_owned()]).collect()
        }
    }
}

async fn file(process: &Process, path: &[u8]) -> String {
    let text = process.read_file(path, MAX_FILE).await.unwrap_or_default();
    String::from_utf8_lossy(&text).into_owned()
}

/// What the process's `/etc/resolv.conf` says.
pub(crate) async fn resolv_conf(process: &Process) -> ResolvConf {
    ResolvConf::parse(&file(process, b"/etc/resolv.conf").await)
}

/// The addresses that `/etc/hosts` has for a name.
pub(crate) async fn in_hosts(process: &Process, name: &str) -> Vec<IpAddr> {
    let text = file(process, b"/etc/hosts").await;
    let entry = |line: &str| {
        let mut words = line.split('#').next()?.split_whitespace();
        let address = words.next()?.parse().ok()?;
        words.any(|known| known.eq_ignore_ascii_case(name)).then_some(address)
    };
    text.lines().filter_map(entry).collect()
}

/// Asks the name servers, in turn, as often as the file says, for one complete name.
pub(crate) async fn query(process: &Process, conf: &ResolvConf, name: &str, kind: DnsType) -> DnsAnswer {
    let container = &process.container;
    for _ in 0..conf.attempts {
        for server in &conf.servers {
            process.work(20).await;
            match container.fabric.query(&container.net, *server, name, kind) {
                DnsAnswer::Timeout if server.is_loopback() => {}
                DnsAnswer::Timeout => process.sleep(conf.timeout).await,
                answer => return answer,
            }
        }
    }
    DnsAnswer::Timeout
}

/// The name under which an address is looked for (RFC 1035, 3.5).
pub(crate) fn reverse_name(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(ip) => {
            let digits: Vec<String> =
                ip.octets().iter().rev().map(|byte| format!("{:x}.{:x}", byte & 15, byte >> 4)).collect();
            format!("{}.ip6.arpa", digits.join("."))
        }
    }
}

/// The name of an address: by `/etc/hosts`, then by the name servers (`getnameinfo(3)`).
pub(crate) async fn name_of(process: &Process, address: IpAddr) -> Option<String> {
    let hosts = file(process, b"/etc/hosts").await;
    let entry = |line: &str| {
        let mut words = line.split('#').next()?.split_whitespace();
        (words.next()?.parse() == Ok(address)).then(|| words.next().map(str::to_owned))?
    };
    if let Some(name) = hosts.lines().find_map(entry) {
        return Some(name);
    }
    let conf = resolv_conf(process).await;
    match query(process, &conf, &reverse_name(address), DnsType::Ptr).await {
        DnsAnswer::Records(records) => records.iter().find_map(|(_, record)| match record {
            DnsRecord::Pointer(name) => Some(name.trim_end_matches('.').to_owned()),
            _ => None,
        }),
        _ => None,
    }
}

/// The addresses of a host, by name or as a number: IPv6 ones first, as RFC 6724 sorts those that there are.
pub(crate) async fn resolve(process: &Process, name: &str) -> Result<Vec<IpAddr>, ResolveError> {
    if let Ok(address) = name.parse::<IpAddr>() {
        return Ok(vec![address]);
    }
    // Too long for a name, or no name at all.
    if name.is_empty() || name.len() > 253 {
        return Err(ResolveError::NoName);
    }
    let mut found = in_hosts(process, name.trim_end_matches('.')).await;
    if found.is_empty() {
        found = resolve_by_servers(process, name).await?;
    }
    found.sort_by_key(IpAddr::is_ipv4);
    found.dedup();
    Ok(found)
}

async fn resolve_by_servers(process: &Process, name: &str) -> Result<Vec<IpAddr>, ResolveError> {
    let conf = resolv_conf(process).await;
    let mut error = ResolveError::NoName;
    for name in conf.candidates(name) {
        let mut found = Vec::new();
        for kind in [DnsType::A, DnsType::Aaaa] {
            match query(process, &conf, &name, kind).await {
                DnsAnswer::Records(records) => {
                    found.extend(records.iter().filter_map(|(_, record)| match record {
                        DnsRecord::Address(address) => Some(*address),
                        _ => None,
                    }))
                }
                DnsAnswer::NxDomain => {}
                DnsAnswer::ServFail => error = ResolveError::Again,
                DnsAnswer::Timeout => return Err(ResolveError::Again),
            }
        }
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Err(error)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::ResolvConf;

    const POD: &str = "search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n";

    #[test]
    fn names_with_few_dots_are_searched_for_first() {
        let conf = ResolvConf::parse(POD);
        assert_eq!(conf.servers, ["10.96.0.10".parse::<std::net::IpAddr>().unwrap()]);
        assert_eq!(
            conf.candidates("web.shop"),
            [
                "web.shop.default.svc.cluster.local",
                "web.shop.svc.cluster.local",
                "web.shop.cluster.local",
                "web.shop"
            ]
        );
        assert_eq!(conf.candidates("web."), ["web"]);
        assert_eq!(ResolvConf::parse("search x").candidates("a.b"), ["a.b", "a.b.x"]);
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "\\PC{0,80}") {
            let _ = ResolvConf::parse(&text).candidates(&text);
        }
    }
}
