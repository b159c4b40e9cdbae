//! The options of `etcd`, on the command line and in the environment (`ETCD_DATA_DIR`).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Options that take a value...
const WITH_VALUE: &[&str] = &[
    "advertise-client-urls",
    "auto-compaction-mode",
    "auto-compaction-retention",
    "backend-batch-interval",
    "backend-batch-limit",
    "cert-file",
    "config-file",
    "data-dir",
    "election-timeout",
    "experimental-watch-progress-notify-interval",
    "heartbeat-interval",
    "initial-advertise-peer-urls",
    "initial-cluster",
    "initial-cluster-state",
    "initial-cluster-token",
    "key-file",
    "listen-client-urls",
    "listen-metrics-urls",
    "listen-peer-urls",
    "log-level",
    "log-outputs",
    "logger",
    "max-snapshots",
    "max-wals",
    "metrics",
    "name",
    "peer-cert-file",
    "peer-key-file",
    "peer-trusted-ca-file",
    "quota-backend-bytes",
    "snapshot-count",
    "trusted-ca-file",
    "wal-dir",
];
/// ...and those that are on or off.
const SWITCHES: &[&str] = &[
    "client-cert-auth",
    "enable-pprof",
    "enable-v2",
    "experimental-initial-corrupt-check",
    "force-new-cluster",
    "peer-client-cert-auth",
    "pre-vote",
    "strict-reconfig-check",
];

/// What was asked for, as far as it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) name: String,
    pub(super) data_dir: String,
    pub(super) listen_client: Vec<String>,
    pub(super) listen_peer: Vec<String>,
    pub(super) listen_metrics: Vec<String>,
    pub(super) advertise_client: Vec<String>,
    pub(super) advertise_peer: Vec<String>,
}

impl Settings {
    /// Reads the arguments, and `var` where they say nothing.
    pub(super) fn parse(args: &[String], var: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let mut given = Vec::new();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let Some(flag) = arg.strip_prefix("--").or_else(|| arg.strip_prefix('-')) else {
                return Err(format!("'{arg}' is not a valid flag"));
            };
            let (name, value) =
                flag.split_once('=').map_or((flag, None), |(name, value)| (name, Some(value.to_owned())));
            let value = match value {
                Some(value) => value,
                None if SWITCHES.contains(&name) => "true".to_owned(),
                None if WITH_VALUE.contains(&name) => {
                    args.next().cloned().ok_or_else(|| format!("flag needs an argument: -{name}"))?
                }
                None => String::new(),
            };
            if !WITH_VALUE.contains(&name) && !SWITCHES.contains(&name) {
                return Err(format!("flag provided but not defined: -{name}"));
            }
            given.push((name, value));
        }
        let find = |name: &str| {
            let variable = || var(&format!("ETCD_{}", name.to_uppercase().replace('-', "_")));
            given
                .iter()
                .rev()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value.clone())
                .or_else(variable)
        };
        let urls = |name: &str, default: &str| -> Vec<String> {
            let text = find(name).unwrap_or_else(|| default.to_owned());
            text.split(',').filter(|url| !url.is_empty()).map(str::to_owned).collect()
        };
        if find("listen-client-urls").is_some() && find("advertise-client-urls").is_none() {
            let text = "--advertise-client-urls is required when --listen-client-urls is set explicitly";
            return Err(text.to_owned());
        }
        let name = find("name").unwrap_or_else(|| "default".to_owned());
        let settings = Self {
            data_dir: find("data-dir").unwrap_or_else(|| format!("{name}.etcd")),
            listen_client: urls("listen-client-urls", "http://localhost:2379"),
            listen_peer: urls("listen-peer-urls", "http://localhost:2380"),
            listen_metrics: urls("listen-metrics-urls", ""),
            advertise_client: urls("advertise-client-urls", "http://localhost:2379"),
            advertise_peer: urls("initial-advertise-peer-urls", "http://localhost:2380"),
            name,
        };
        for url in settings.listening() {
            address(url)?;
        }
        Ok(settings)
    }

    fn listening(&self) -> impl Iterator<Item = &String> {
        self.listen_client.iter().chain(&self.listen_peer).chain(&self.listen_metrics)
    }
}

/// The address to listen at that a URL says.
pub(super) fn address(url: &str) -> Result<SocketAddr, String> {
    if url.starts_with("https://") {
        return Err(format!("podlab's etcd does not simulate TLS ({url}); use http://"));
    }
    let Some(place) = url.strip_prefix("http://").map(|place| place.trim_end_matches('/')) else {
        return Err(format!("URL scheme must be http, https, unix, or unixs: {url}"));
    };
    let Some((host, port)) = place.rsplit_once(':') else {
        return Err(format!("URL address does not have the form \"host:port\": {url}"));
    };
    let port =
        port.parse().map_err(|_| format!("URL address does not have the form \"host:port\": {url}"))?;
    let ip = match host.trim_matches(['[', ']']) {
        "localhost" => Ok(Ipv4Addr::LOCALHOST.into()),
        host => host.parse::<IpAddr>(),
    };
    let ip = ip.map_err(|_| format!("expected IP in URL for binding ({url})"))?;
    // Go listens at all addresses of both families where it is told all of one.
    let ip = if ip == IpAddr::from([0, 0, 0, 0]) { IpAddr::from([0u16; 8]) } else { ip };
    Ok(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Settings, String> {
        let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Settings::parse(&args, |name| (name == "ETCD_NAME").then(|| "one".to_owned()))
    }

    #[test]
    fn arguments_count_more_than_the_environment() {
        assert_eq!(parse("").unwrap().data_dir, "one.etcd");
        let settings = parse("--name two -data-dir=/d --enable-v2 --listen-client-urls http://0.0.0.0:2379,http://[::1]:1 --advertise-client-urls http://a:1").unwrap();
        assert_eq!((settings.name.as_str(), settings.data_dir.as_str()), ("two", "/d"));
        let places: Vec<_> =
            settings.listen_client.iter().map(|url| address(url).unwrap().to_string()).collect();
        assert_eq!(places, ["[::]:2379", "[::1]:1"]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (line, error) in [
            ("--nope", "flag provided but not defined: -nope"),
            ("--name", "flag needs an argument: -name"),
            (
                "--listen-client-urls http://0.0.0.0:2379",
                "--advertise-client-urls is required when --listen-client-urls is set explicitly",
            ),
            ("--listen-peer-urls http://etcd:2380", "expected IP in URL for binding (http://etcd:2380)"),
            (
                "--listen-peer-urls ftp://0.0.0.0:2380",
                "URL scheme must be http, https, unix, or unixs: ftp://0.0.0.0:2380",
            ),
        ] {
            assert_eq!(parse(line).unwrap_err(), error);
        }
    }
}
