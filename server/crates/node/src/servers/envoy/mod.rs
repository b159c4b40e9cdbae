//! `envoy`: static listeners, HTTP routes to clusters, TCP, and the page for administrators. What comes from a control plane is
//! not simulated.

mod admin;
mod config;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::future::{Either, join_all, select};

use self::config::{Action, Cluster, Config, Filter, Forward, Http, PathMatch, Route, VirtualHost};
use super::{
    forward::{ForwardError, addresses, end_to_end, forward, relay_both},
    listening::{Answer, Request, serve, serve_connections, signalled},
};
use crate::{
    env::BoxFuture,
    http::{Headers, Wire, http_date, within},
    kernel::{
        net::Listener,
        process::{Outcome, Process},
        signal::Signal,
        wait::lock,
    },
};

const MAX_CONFIG: usize = 1 << 20;
/// How long a TCP connection may be silent.
const IDLE: Duration = Duration::from_secs(3600);
/// The version where the image does not say which.
const VERSION: &str = "1.36.2";

pub(super) fn main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(run(process))
}

/// A running proxy.
struct Envoy {
    process: Arc<Process>,
    version: String,
    config: Config,
    /// The configuration as it was read.
    source: String,
    counters: Mutex<BTreeMap<String, u64>>,
    started: Duration,
}

async fn log(process: &Process, level: &str, logger: &str, place: &str, text: &str) {
    let date = process.now().strftime("%Y-%m-%d %H:%M:%S%.3f").to_string();
    let line = format!("[{date}][{}][{level}][{logger}] [{place}] {text}\n", process.pid);
    let _ = process.write(2, line).await;
}

async fn run(process: Arc<Process>) -> Outcome {
    let args: Vec<String> =
        process.argv().iter().skip(1).map(|arg| String::from_utf8_lossy(arg).into_owned()).collect();
    let value = |names: &[&str]| {
        let at = args.iter().position(|arg| names.contains(&arg.as_str()));
        let joined = args.iter().find_map(|arg| {
            names.iter().find_map(|name| arg.strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
        });
        at.and_then(|at| args.get(at + 1).cloned()).or(joined)
    };
    let version = process
        .var("ENVOY_VERSION")
        .map_or_else(|| VERSION.to_owned(), |version| String::from_utf8_lossy(&version).into_owned());
    if args.iter().any(|arg| arg == "--version") {
        let text = format!(
            "\nenvoy  version: 0000000000000000000000000000000000000000/{version}/Clean/RELEASE/BoringSSL\n\n"
        );
        let _ = process.write(1, text).await;
        return Outcome::Exit(0);
    }
    let path = value(&["-c", "--config-path"]);
    let validates = value(&["--mode"]).is_some_and(|mode| mode == "validate");
    let shown = path.clone().unwrap_or_default();
    let read = match (value(&["--config-yaml"]), &path) {
        (Some(text), _) => Ok(text),
        (None, Some(path)) => process
            .read_file(path.as_bytes(), MAX_CONFIG)
            .await
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .map_err(|_| format!("unable to read file: {path}")),
        (None, None) => Err(
            "At least one of --config-path or --config-yaml or Options::configProto() should be non-empty"
                .to_owned(),
        ),
    };
    if !validates {
        let text = "initializing epoch 0 (base id=0, hot restart version=11.120)";
        log(&process, "info", "main", "source/server/server.cc:437", text).await;
    }
    let (source, config) = match read.and_then(|text| config::parse(&text).map(|config| (text, config))) {
        Ok(read) => read,
        Err(reason) => {
            let text = format!("error initializing configuration '{shown}': {reason}");
            log(&process, "critical", "main", "source/server/server.cc:426", &text).await;
            if !validates {
                log(&process, "info", "main", "source/server/server.cc:1054", "exiting").await;
            }
            let _ = process.write(2, format!("{reason}\n")).await;
            return Outcome::Exit(1);
        }
    };
    if validates {
        let _ = process.write(1, format!("configuration '{shown}' OK\n")).await;
        return Outcome::Exit(0);
    }
    let started = process.container.host.env.clock.uptime();
    let envoy = Envoy { process, version, config, source, counters: Mutex::default(), started };
    envoy.serve().await
}

impl Envoy {
    fn count(&self, name: String) {
        *lock(&self.counters).entry(name).or_default() += 1;
    }

    fn figure(&self, name: &str) -> u64 {
        lock(&self.counters).get(name).copied().unwrap_or(0)
    }

    async fn listen(&self, address: SocketAddr, what: &str) -> Result<Arc<Listener>, Outcome> {
        match self.process.listen(address) {
            Ok((_, listener)) => Ok(listener),
            Err(errno) => {
                let reason = self.process.text(errno);
                let text = format!("error adding {what} '{address}': cannot bind '{address}': {reason}");
                log(&self.process, "critical", "main", "source/server/server.cc:426", &text).await;
                Err(Outcome::Exit(1))
            }
        }
    }

    async fn serve(&self) -> Outcome {
        let process = &self.process;
        let mut stop = signalled(process, &[Signal::TERM, Signal::INT]);
        let admin = match self.config.admin {
            Some(address) => match self.listen(address, "admin listener").await {
                Ok(listener) => Some(listener),
                Err(outcome) => return outcome,
            },
            None => None,
        };
        if let Some(address) = self.config.admin {
            let text = format!("admin address: {address}");
            log(process, "info", "main", "source/server/server.cc:947", &text).await;
        }
        let count = self.config.clusters.len();
        let text = format!("loading {count} cluster(s)");
        log(process, "info", "config", "source/server/configuration_impl.cc:165", &text).await;
        let text = format!("loading {} listener(s)", self.config.listeners.len());
        log(process, "info", "config", "source/server/configuration_impl.cc:168", &text).await;
        let mut listeners = Vec::new();
        for listener in &self.config.listeners {
            match self.listen(listener.address, "listener").await {
                Ok(socket) => listeners.push((listener, socket)),
                Err(outcome) => return outcome,
            }
        }
        log(process, "info", "main", "source/server/server.cc:966", "starting main dispatch loop").await;
        let text = "all clusters initialized. initializing init manager";
        log(process, "info", "main", "source/server/server.cc:946", text).await;
        let text = "all dependencies initialized. starting workers";
        log(process, "info", "config", "source/common/listener_manager/listener_manager_impl.cc:944", text)
            .await;
        let administering = async {
            if let Some(socket) = &admin {
                let answer = |request: Request| async move { self.administer(&request).await };
                serve(process, socket, std::future::pending(), answer).await;
            }
        };
        let serving = join_all(listeners.iter().map(|(listener, socket)| async move {
            let never = std::future::pending();
            match &listener.filter {
                Filter::Http(http) => {
                    serve(process, socket, never, |request| self.answer(http, request)).await;
                }
                Filter::Tcp { cluster } => {
                    serve_connections(process, socket, never, |wire| self.tunnel(cluster, wire)).await;
                }
            }
        }));
        let both = std::pin::pin!(async {
            futures::join!(administering, serving);
        });
        let signal = match select(stop.as_mut(), both).await {
            Either::Left((signal, _)) => signal,
            Either::Right(_) => stop.await,
        };
        let text = format!("caught ENVOY_SIG{}", signal.name());
        log(process, "warning", "main", "source/server/server.cc:893", &text).await;
        for text in ["shutting down server instance", "main dispatch loop exited", "exiting"] {
            log(process, "info", "main", "source/server/server.cc:1021", text).await;
        }
        Outcome::Exit(0)
    }

    /// Where a cluster's requests go, whose turn it is first.
    async fn endpoints(&self, cluster: &Cluster) -> Vec<SocketAddr> {
        let mut all = Vec::new();
        for (host, port) in &cluster.endpoints {
            all.extend(addresses(&self.process, host, *port).await);
        }
        if !all.is_empty() {
            let turn = match cluster.random {
                true => self.process.random(),
                false => self.figure(&format!("cluster.{}.upstream_rq_total", cluster.name)),
            };
            let turn = (turn % all.len() as u64) as usize;
            all.rotate_left(turn);
        }
        all
    }

    fn cluster(&self, name: &str) -> Option<&Cluster> {
        self.config.clusters.iter().find(|cluster| cluster.name == name)
    }

    async fn answer(&self, http: &Http, request: Request) -> Answer {
        let begun = self.process.container.host.env.clock.uptime();
        self.count(format!("http.{}.downstream_rq_total", http.stat_prefix));
        let (mut answer, flags, upstream) = self.routed(http, &request).await;
        self.count(format!("http.{}.downstream_rq_{}xx", http.stat_prefix, answer.head.status / 100));
        answer.head.headers.set("date", http_date(self.process.now()));
        answer.head.headers.set("server", "envoy");
        if http.logs {
            let took = self.process.container.host.env.clock.uptime().saturating_sub(begun).as_millis();
            let field = |name: &str| request.head.headers.get(name).unwrap_or("-").to_owned();
            let line = format!(
                "[{}] \"{} {} HTTP/1.{}\" {} {flags} {} {} {took} {} \"{}\" \"{}\" \"{}\" \"{}\" \"{upstream}\"\n",
                self.process.now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ"),
                request.head.method,
                request.head.target,
                request.head.minor,
                answer.head.status,
                request.body.len(),
                answer.body.len(),
                answer.head.headers.get("x-envoy-upstream-service-time").unwrap_or("-"),
                field("x-forwarded-for"),
                field("user-agent"),
                field("x-request-id"),
                field("host"),
            );
            let _ = self.process.write(1, line).await;
        }
        answer
    }

    /// The answer, the flags that its log line has, and who gave it.
    async fn routed(&self, http: &Http, request: &Request) -> (Answer, &'static str, String) {
        let none =
            |status, text: &str, flags| (Answer::new(status, "text/plain", text), flags, "-".to_owned());
        let host = request.head.headers.get("host").unwrap_or_default();
        let bare = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let Some(found) = virtual_host(&http.hosts, host, bare) else { return none(404, "", "NR") };
        let Some(route) = found.routes.iter().find(|route| fits(route, request)) else {
            return none(404, "", "NR");
        };
        let (mut answer, flags, upstream) = match &route.action {
            Action::Direct { status, body } => none(*status, body, "-"),
            Action::Redirect { host: to, path, https, status } => {
                let scheme = if *https { "https" } else { "http" };
                let host = to.as_deref().unwrap_or(host);
                let path = path.as_deref().unwrap_or(&request.head.target);
                let mut answer = none(*status, "", "-");
                answer.0.head.headers.set("location", format!("{scheme}://{host}{path}"));
                answer
            }
            Action::Forward(to) => self.forwarded(found, route, to, request).await,
        };
        for (name, value) in &found.response_headers {
            answer.head.headers.set(name, value.clone());
        }
        (answer, flags, upstream)
    }

    async fn forwarded(
        &self,
        host: &VirtualHost,
        route: &Route,
        to: &Forward,
        request: &Request,
    ) -> (Answer, &'static str, String) {
        let none =
            |status, text: &str, flags| (Answer::new(status, "text/plain", text), flags, "-".to_owned());
        let total: u64 = to.clusters.iter().map(|(_, weight)| *weight).sum();
        let mut left = self.process.random() % total.max(1);
        let chosen = to.clusters.iter().find(|(_, weight)| match left.checked_sub(*weight) {
            Some(rest) => {
                left = rest;
                false
            }
            None => true,
        });
        let Some(cluster) = chosen.and_then(|(name, _)| self.cluster(name)) else {
            return none(503, "no healthy upstream", "NC");
        };
        let addresses = self.endpoints(cluster).await;
        self.count(format!("cluster.{}.upstream_rq_total", cluster.name));
        let Some(first) = addresses.first() else { return none(503, "no healthy upstream", "UH") };
        let target = match (&route.path, &to.prefix_rewrite) {
            (PathMatch::Prefix(prefix), Some(rewrite)) => {
                format!("{rewrite}{}", request.head.target.get(prefix.len()..).unwrap_or_default())
            }
            _ => request.head.target.clone(),
        };
        let headers = self.request_headers(host, to, request);
        let begun = self.process.container.host.env.clock.uptime();
        let timeout = if to.timeout.is_zero() { IDLE } else { to.timeout };
        match forward(&self.process, &addresses[..1], request, &target, &headers, timeout).await {
            Ok(mut answer) => {
                let took = self.process.container.host.env.clock.uptime().saturating_sub(begun).as_millis();
                answer.head.headers.set("x-envoy-upstream-service-time", took.to_string());
                self.count(format!("cluster.{}.upstream_rq_{}xx", cluster.name, answer.head.status / 100));
                (answer, "-", first.to_string())
            }
            Err(ForwardError::Timeout) => {
                self.count(format!("cluster.{}.upstream_rq_timeout", cluster.name));
                none(504, "upstream request timeout", "UT")
            }
            Err(ForwardError::Connect(errno)) => {
                self.count(format!("cluster.{}.upstream_cx_connect_fail", cluster.name));
                let text = format!(
                    "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure, \
                     transport failure reason: delayed connect error: {}",
                    self.process.text(errno)
                );
                none(503, &text, "UF")
            }
            Err(ForwardError::Broken) => none(
                503,
                "upstream connect error or disconnect/reset before headers. reset reason: connection termination",
                "UC",
            ),
        }
    }

    fn request_headers(&self, host: &VirtualHost, to: &Forward, request: &Request) -> Headers {
        let mut headers = end_to_end(&request.head.headers);
        headers.set("x-forwarded-proto", "http");
        if headers.get("x-request-id").is_none() {
            let (a, b) = (self.process.random(), self.process.random());
            let id = format!(
                "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
                a >> 32,
                a >> 16 & 0xffff,
                a & 0xfff,
                b >> 52,
                b & 0xffff_ffff_ffff
            );
            headers.set("x-request-id", id);
        }
        headers.set("x-envoy-expected-rq-timeout-ms", to.timeout.as_millis().to_string());
        for (name, value) in &host.request_headers {
            headers.set(name, value.clone());
        }
        if let Some(host) = &to.host_rewrite {
            headers.set("host", host.clone());
        }
        headers
    }

    async fn tunnel(&self, name: &str, mut client: Wire) {
        let Some(cluster) = self.cluster(name) else { return };
        let addresses = self.endpoints(cluster).await;
        self.count(format!("cluster.{name}.upstream_rq_total"));
        for to in addresses {
            let connecting = Wire::connect(&self.process, to);
            if let Some(Ok(upstream)) = within(&self.process, Some(cluster.connect_timeout), connecting).await
            {
                relay_both(&self.process, &mut client, upstream, IDLE).await;
                return;
            }
        }
    }
}

/// The virtual host of a name: an exact domain before `*.name`, and that before `name.*` and `*`.
fn virtual_host<'a>(hosts: &'a [VirtualHost], host: &str, bare: &str) -> Option<&'a VirtualHost> {
    let fit = |domain: &str| {
        let whole = |name: &str| domain.eq_ignore_ascii_case(name);
        match () {
            () if whole(host) || whole(bare) => Some((0, 0)),
            () if domain == "*" => Some((3, 0)),
            () if domain.strip_prefix('*').is_some_and(|end| bare.ends_with(end)) => {
                Some((1, usize::MAX - domain.len()))
            }
            () if domain.strip_suffix('*').is_some_and(|start| host.starts_with(start)) => {
                Some((2, usize::MAX - domain.len()))
            }
            () => None,
        }
    };
    let best = |host: &VirtualHost| host.domains.iter().filter_map(|domain| fit(domain)).min();
    let ranked = hosts.iter().filter_map(|host| best(host).map(|rank| (rank, host)));
    ranked.min_by_key(|(rank, _)| *rank).map(|(_, host)| host)
}

fn fits(route: &Route, request: &Request) -> bool {
    let path = match &route.path {
        PathMatch::Prefix(prefix) => request.head.target.starts_with(prefix.as_str()),
        PathMatch::Exact(path) => request.path() == path,
        PathMatch::Regex(regex) => regex.is_match(request.path().as_bytes()),
    };
    path && route.headers.iter().all(|(name, value)| match (request.head.headers.get(name), value) {
        (None, _) => false,
        (Some(given), Some(value)) => given == value,
        (Some(_), None) => true,
    })
}
