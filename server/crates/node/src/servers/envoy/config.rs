//! `envoy.yaml`, as far as static listeners and clusters go.

use std::{net::SocketAddr, time::Duration};

use regex::bytes::Regex;
use serde_json::Value;

use crate::env;

/// A whole configuration.
#[derive(Debug)]
pub(super) struct Config {
    pub(super) admin: Option<SocketAddr>,
    pub(super) listeners: Vec<Listener>,
    pub(super) clusters: Vec<Cluster>,
}

#[derive(Debug)]
pub(super) struct Listener {
    pub(super) name: String,
    pub(super) address: SocketAddr,
    pub(super) filter: Filter,
}

/// What is done with connections.
#[derive(Debug)]
pub(super) enum Filter {
    Http(Http),
    Tcp { cluster: String },
}

/// The HTTP connection manager.
#[derive(Debug)]
pub(super) struct Http {
    pub(super) stat_prefix: String,
    /// Whether requests are logged on standard output.
    pub(super) logs: bool,
    pub(super) hosts: Vec<VirtualHost>,
}

#[derive(Debug)]
pub(super) struct VirtualHost {
    pub(super) domains: Vec<String>,
    pub(super) routes: Vec<Route>,
    /// Fields for requests and for answers.
    pub(super) request_headers: Vec<(String, String)>,
    pub(super) response_headers: Vec<(String, String)>,
}

#[derive(Debug)]
pub(super) struct Route {
    pub(super) path: PathMatch,
    /// Fields that a request must have, with this value where one is given.
    pub(super) headers: Vec<(String, Option<String>)>,
    pub(super) action: Action,
}

#[derive(Debug)]
pub(super) enum PathMatch {
    Prefix(String),
    Exact(String),
    Regex(Regex),
}

#[derive(Debug)]
pub(super) enum Action {
    Forward(Forward),
    Redirect { host: Option<String>, path: Option<String>, https: bool, status: u16 },
    Direct { status: u16, body: String },
}

#[derive(Debug)]
pub(super) struct Forward {
    /// Where to, with weights.
    pub(super) clusters: Vec<(String, u64)>,
    pub(super) prefix_rewrite: Option<String>,
    pub(super) host_rewrite: Option<String>,
    pub(super) timeout: Duration,
}

#[derive(Debug)]
pub(super) struct Cluster {
    pub(super) name: String,
    pub(super) random: bool,
    pub(super) connect_timeout: Duration,
    /// Hosts and ports.
    pub(super) endpoints: Vec<(String, u16)>,
}

/// How long an answer may take where nobody says.
const TIMEOUT: Duration = Duration::from_secs(15);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TOP: &[&str] = &[
    "admin",
    "bootstrap_extensions",
    "cluster_manager",
    "dynamic_resources",
    "flags_path",
    "hds_config",
    "layered_runtime",
    "node",
    "overload_manager",
    "static_resources",
    "stats_config",
    "stats_flush_interval",
    "stats_sinks",
    "tracing",
    "watchdog",
];

/// Reads a configuration. The error is the reason that Envoy gives.
pub(super) fn parse(text: &str) -> Result<Config, String> {
    let value: Value =
        serde_saphyr::from_str(text).map_err(|error| format!("Unable to convert YAML as JSON: {error}"))?;
    let Value::Object(top) = &value else {
        return Err("Unable to convert YAML as JSON: the document is no map".to_owned());
    };
    if let Some(field) = top.keys().find(|key| !TOP.contains(&key.as_str())) {
        return Err(format!(
            "Protobuf message (type envoy.config.bootstrap.v3.Bootstrap reason INVALID_ARGUMENT: invalid JSON in \
             envoy.config.bootstrap.v3.Bootstrap @ {field}: message envoy.config.bootstrap.v3.Bootstrap, no such field: \
             '{field}') has unknown fields"
        ));
    }
    let resources = &value["static_resources"];
    let clusters = list(&resources["clusters"]).map(cluster).collect::<Result<Vec<_>, _>>()?;
    let listeners = list(&resources["listeners"]).map(listener).collect::<Result<Vec<_>, _>>()?;
    let config = Config { admin: socket(&value["admin"]["address"]).ok(), listeners, clusters };
    config.check_clusters()?;
    Ok(config)
}

impl Config {
    /// Routes lead to clusters that there are.
    fn check_clusters(&self) -> Result<(), String> {
        let known = |name: &str| self.clusters.iter().any(|cluster| cluster.name == name);
        for listener in &self.listeners {
            match &listener.filter {
                Filter::Tcp { cluster } if !known(cluster) => {
                    return Err(format!("tcp_proxy: unknown cluster '{cluster}'"));
                }
                Filter::Tcp { .. } => {}
                Filter::Http(http) => {
                    let routes = http.hosts.iter().flat_map(|host| &host.routes);
                    for route in routes {
                        let Action::Forward(forward) = &route.action else { continue };
                        if let Some((name, _)) = forward.clusters.iter().find(|(name, _)| !known(name)) {
                            return Err(format!("route: unknown cluster '{name}'"));
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn socket(value: &Value) -> Result<SocketAddr, String> {
    let socket = &value["socket_address"];
    let host = socket["address"].as_str().ok_or("malformed IP address: ")?;
    let port = socket["port_value"].as_u64().and_then(|port| u16::try_from(port).ok()).unwrap_or(0);
    let ip = host.parse().map_err(|_| {
        format!("malformed IP address: {host}. Consider setting resolver_name or setting cluster type to 'STRICT_DNS' or 'LOGICAL_DNS'")
    })?;
    Ok(SocketAddr::new(ip, port))
}

/// A length of time such as `0.25s`.
fn duration(value: &Value) -> Option<Duration> {
    let seconds: f64 = value.as_str()?.strip_suffix('s')?.parse().ok()?;
    (seconds.is_finite() && seconds >= 0.0).then(|| env::seconds(seconds))
}

fn cluster(value: &Value) -> Result<Cluster, String> {
    let name = text(&value["name"]).filter(|name| !name.is_empty()).ok_or(
        "Proto constraint validation failed (ClusterValidationError.Name: value length must be at least 1 characters)",
    )?;
    let endpoints = list(&value["load_assignment"]["endpoints"])
        .flat_map(|locality| list(&locality["lb_endpoints"]))
        .filter_map(|endpoint| {
            let socket = &endpoint["endpoint"]["address"]["socket_address"];
            let port = u16::try_from(socket["port_value"].as_u64()?).ok()?;
            Some((text(&socket["address"])?, port))
        })
        .collect();
    Ok(Cluster {
        name,
        random: value["lb_policy"] == "RANDOM",
        connect_timeout: duration(&value["connect_timeout"]).unwrap_or(CONNECT_TIMEOUT),
        endpoints,
    })
}

fn listener(value: &Value) -> Result<Listener, String> {
    let address = socket(&value["address"])?;
    let name = text(&value["name"]).unwrap_or_else(|| address.to_string());
    let filters = list(&value["filter_chains"]).flat_map(|chain| list(&chain["filters"]));
    let mut found = None;
    for filter in filters {
        let config = &filter["typed_config"];
        let kind = config["@type"].as_str().unwrap_or_default();
        found = match kind.rsplit('.').next() {
            Some("HttpConnectionManager") => Some(Filter::Http(http(config)?)),
            Some("TcpProxy") => Some(Filter::Tcp { cluster: text(&config["cluster"]).unwrap_or_default() }),
            _ => {
                let name = filter["name"].as_str().unwrap_or_default();
                return Err(format!(
                    "Didn't find a registered implementation for '{name}' with type URL: '{}'",
                    kind.trim_start_matches("type.googleapis.com/")
                ));
            }
        };
    }
    let filter =
        found.ok_or_else(|| format!("error adding listener '{address}': no filter chains specified"))?;
    Ok(Listener { name, address, filter })
}

fn http(value: &Value) -> Result<Http, String> {
    let has_router = list(&value["http_filters"]).any(|filter| {
        filter["typed_config"]["@type"].as_str().is_some_and(|kind| kind.ends_with(".Router"))
            || filter["name"] == "envoy.filters.http.router"
    });
    if !has_router {
        return Err("Error: terminal filter named envoy.filters.http.router must be the last filter in a http filter chain.".to_owned());
    }
    let logs = list(&value["access_log"]).any(|log| {
        let config = &log["typed_config"];
        let kind = config["@type"].as_str().unwrap_or_default();
        kind.ends_with("StdoutAccessLog")
            || config["path"].as_str().is_some_and(|path| matches!(path, "/dev/stdout" | "/dev/stderr"))
    });
    let hosts = list(&value["route_config"]["virtual_hosts"]).map(virtual_host).collect::<Result<_, _>>()?;
    Ok(Http { stat_prefix: text(&value["stat_prefix"]).unwrap_or_default(), logs, hosts })
}

fn headers(value: &Value) -> Vec<(String, String)> {
    let header = |entry: &Value| Some((text(&entry["header"]["key"])?, text(&entry["header"]["value"])?));
    list(value).filter_map(header).collect()
}

fn virtual_host(value: &Value) -> Result<VirtualHost, String> {
    Ok(VirtualHost {
        domains: list(&value["domains"]).filter_map(text).collect(),
        routes: list(&value["routes"]).map(route).collect::<Result<_, _>>()?,
        request_headers: headers(&value["request_headers_to_add"]),
        response_headers: headers(&value["response_headers_to_add"]),
    })
}

fn route(value: &Value) -> Result<Route, String> {
    let matcher = &value["match"];
    let path =
        if let Some(prefix) = text(&matcher["prefix"]).or_else(|| text(&matcher["path_separated_prefix"])) {
            PathMatch::Prefix(prefix)
        } else if let Some(path) = text(&matcher["path"]) {
            PathMatch::Exact(path)
        } else if let Some(regex) = matcher["safe_regex"]["regex"].as_str() {
            PathMatch::Regex(
                Regex::new(&format!("^(?:{regex})$")).map_err(|_| format!("Invalid regex '{regex}'"))?,
            )
        } else {
            return Err(
                "Proto constraint validation failed (RouteMatchValidationError.PathSpecifier: is required)"
                    .to_owned(),
            );
        };
    let needed = |header: &Value| {
        let value = text(&header["exact_match"]).or_else(|| text(&header["string_match"]["exact"]));
        Some((text(&header["name"])?, value))
    };
    let redirect = &value["redirect"];
    let direct = &value["direct_response"];
    let action = if redirect.is_object() {
        Action::Redirect {
            host: text(&redirect["host_redirect"]),
            path: text(&redirect["path_redirect"]),
            https: redirect["https_redirect"] == true,
            status: match redirect["response_code"].as_str() {
                Some("FOUND") => 302,
                Some("SEE_OTHER") => 303,
                Some("TEMPORARY_REDIRECT") => 307,
                Some("PERMANENT_REDIRECT") => 308,
                _ => 301,
            },
        }
    } else if direct.is_object() {
        let status = direct["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(200);
        let body = text(&direct["body"]["inline_string"]).unwrap_or_default();
        Action::Direct { status, body }
    } else {
        Action::Forward(forward(&value["route"])?)
    };
    Ok(Route { path, headers: list(&matcher["headers"]).filter_map(needed).collect(), action })
}

fn forward(value: &Value) -> Result<Forward, String> {
    let mut clusters: Vec<(String, u64)> = list(&value["weighted_clusters"]["clusters"])
        .filter_map(|entry| Some((text(&entry["name"])?, entry["weight"].as_u64().unwrap_or(1))))
        .collect();
    clusters.extend(text(&value["cluster"]).map(|name| (name, 1)));
    if clusters.is_empty() {
        return Err(
            "Proto constraint validation failed (RouteActionValidationError.ClusterSpecifier: is required)"
                .to_owned(),
        );
    }
    Ok(Forward {
        clusters,
        prefix_rewrite: text(&value["prefix_rewrite"]),
        host_rewrite: text(&value["host_rewrite_literal"]),
        timeout: duration(&value["timeout"]).unwrap_or(TIMEOUT),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Action, Filter, parse};

    const HEAD: &str = "\
static_resources:
  listeners:
  - address: {socket_address: {address: 0.0.0.0, port_value: 8080}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          \"@type\": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: in
          http_filters: [{name: envoy.filters.http.router}]
          route_config:
            virtual_hosts:
            - domains: ['*']
              routes:
              - match: {prefix: /old}
                redirect: {path_redirect: /new}
              - match: {prefix: /}
                route: {cluster: web, timeout: 0.5s}
";

    #[test]
    fn listeners_lead_to_clusters() {
        let text = format!(
            "{HEAD}  clusters:\n  - name: web\n    load_assignment:\n      endpoints:\n      - lb_endpoints:\n        - endpoint: \
             {{address: {{socket_address: {{address: localhost, port_value: 80}}}}}}\n"
        );
        let config = parse(&text).unwrap();
        assert_eq!(config.clusters[0].endpoints, [("localhost".to_owned(), 80)]);
        let Filter::Http(http) = &config.listeners[0].filter else { panic!("no HTTP") };
        let Action::Forward(forward) = &http.hosts[0].routes[1].action else { panic!("no route") };
        assert_eq!(forward.timeout.as_millis(), 500);
        assert_eq!(parse(HEAD).unwrap_err(), "route: unknown cluster 'web'");
        assert!(parse("listeners: []").unwrap_err().contains("no such field: 'listeners'"));
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "\\PC{0,200}") {
            let _ = parse(&text);
        }
    }
}
