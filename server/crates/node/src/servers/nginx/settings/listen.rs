//! The directive `listen`.

use std::net::{IpAddr, SocketAddr};

use crate::servers::nginx::config::{ConfigError, Directive};

/// What `listen` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ListenLine {
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) default: bool,
    pub(super) tls: bool,
    pub(super) only_v6: bool,
    pub(super) udp: bool,
}

/// Reads the arguments; `resolve` finds the addresses of a name.
pub(super) async fn parse(
    directive: &Directive,
    resolve: &(dyn super::build::Resolve + Sync),
) -> Result<Option<ListenLine>, ConfigError> {
    let text = directive.arg(0);
    if text.starts_with("unix:") {
        // Nothing here connects to sockets of that kind.
        return Ok(None);
    }
    let bad_port = || directive.error(format!("invalid port in \"{text}\" of the \"listen\" directive"));
    let port = |digits: &str| match digits.parse::<u16>() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(bad_port()),
    };
    let any = IpAddr::from([0u8; 4]);
    let addresses: Vec<SocketAddr> = if text.bytes().all(|byte| byte.is_ascii_digit()) {
        vec![SocketAddr::new(any, port(text)?)]
    } else if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or_else(bad_port)?;
        let ip: IpAddr = host.parse().map_err(|_| {
            directive.error(format!("invalid IPv6 address in \"{text}\" of the \"listen\" directive"))
        })?;
        vec![SocketAddr::new(ip, rest.strip_prefix(':').map_or(Ok(80), port)?)]
    } else {
        let (host, number) = match text.rsplit_once(':') {
            Some((host, digits)) => (host, port(digits)?),
            None => (text, 80),
        };
        let ips = match host {
            "*" => vec![any],
            _ => resolve.resolve(host).await.map_err(|_| {
                directive.error(format!("host not found in \"{text}\" of the \"listen\" directive"))
            })?,
        };
        ips.into_iter().map(|ip| SocketAddr::new(ip, number)).collect()
    };
    let mut line = ListenLine { addresses, default: false, tls: false, only_v6: true, udp: false };
    for arg in &directive.args[1..] {
        match arg.as_str() {
            "default_server" | "default" => line.default = true,
            "ssl" => line.tls = true,
            "udp" => line.udp = true,
            "ipv6only=on" => line.only_v6 = true,
            "ipv6only=off" => line.only_v6 = false,
            "http2" | "spdy" | "quic" | "proxy_protocol" | "deferred" | "bind" | "reuseport"
            | "multipath" => {}
            _ => {
                let known = [
                    "backlog=",
                    "rcvbuf=",
                    "sndbuf=",
                    "setfib=",
                    "fastopen=",
                    "accept_filter=",
                    "so_keepalive=",
                ];
                if !known.iter().any(|known| arg.starts_with(known)) {
                    return Err(directive.error(format!("invalid parameter \"{arg}\"")));
                }
            }
        }
    }
    Ok(Some(line))
}
