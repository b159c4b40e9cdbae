//! `haproxy`: frontends and backends, over HTTP and TCP.

mod balance;
mod config;

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use futures::future::{Either, join_all, select};

use self::{
    balance::Load,
    config::{Config, Mode, Proxy, Test},
};
use super::{
    forward::{addresses, end_to_end, forward, relay_both},
    listening::{Answer, Request, serve, serve_connections, signalled},
};
use crate::{
    env::BoxFuture,
    http::{Wire, within},
    kernel::{
        net::Listener,
        process::{Outcome, Process},
        signal::Signal,
    },
};

const MAX_CONFIG: usize = 1 << 20;
const VERSION: &str = "3.2.7-23259f1";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(50);

pub(super) fn main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(async move {
        match run(&process).await {
            Ok(outcome) => outcome,
            Err(lines) => {
                let text: String =
                    lines.iter().map(|line| format!("[ALERT]    ({}) : {line}\n", process.pid)).collect();
                let _ = process.write(2, text).await;
                Outcome::Exit(1)
            }
        }
    })
}

async fn run(process: &Arc<Process>) -> Result<Outcome, Vec<String>> {
    let args: Vec<String> =
        process.argv().iter().skip(1).map(|arg| String::from_utf8_lossy(arg).into_owned()).collect();
    if args.iter().any(|arg| arg == "-v" || arg == "-vv") {
        let _ =
            process.write(1, format!("HAProxy version {VERSION} 2025/10/23 - https://haproxy.org/\n")).await;
        return Ok(Outcome::Exit(0));
    }
    let named = args.iter().position(|arg| arg == "-f").and_then(|at| args.get(at + 1).cloned());
    let path = named.unwrap_or_else(|| "/usr/local/etc/haproxy/haproxy.cfg".to_owned());
    notice(process, &format!("haproxy version is {VERSION}")).await;
    let text = process.read_file(path.as_bytes(), MAX_CONFIG).await.map_err(|errno| {
        vec![format!("config : Cannot open configuration file/directory {path} : {}", process.text(errno))]
    })?;
    let config = config::parse(&String::from_utf8_lossy(&text)).map_err(|errors| {
        let mut lines: Vec<String> = errors
            .iter()
            .map(|(line, message)| format!("config : parsing [{path}:{line}] : {message}"))
            .collect();
        lines.push(format!("config : Error(s) found in configuration file : {path}"));
        lines.push("config : Fatal errors found in configuration.".to_owned());
        lines
    })?;
    let loads = config.proxies.iter().map(Load::new).collect();
    let haproxy = HaProxy { process: Arc::clone(process), config, loads };
    haproxy.check_servers(&path).await?;
    if args.iter().any(|arg| arg == "-c") {
        let _ = process.write(1, "Configuration file is valid\n").await;
        return Ok(Outcome::Exit(0));
    }
    let listeners = haproxy.listen(&path).await?;
    notice(process, "Loading success.").await;
    let mut stop = signalled(process, &[Signal::USR1, Signal::TERM, Signal::INT]);
    let serving = join_all(listeners.iter().map(|(proxy, listener)| haproxy.serve(proxy, listener)));
    let signal = match select(stop.as_mut(), Box::pin(serving)).await {
        Either::Left((signal, _)) => signal,
        Either::Right(_) => stop.await,
    };
    // A soft stop ends well; others end as the signal says.
    Ok(Outcome::Exit(if signal == Signal::USR1 {
        0
    } else {
        128 + if signal == Signal::INT { 2 } else { 15 }
    }))
}

async fn notice(process: &Process, message: &str) {
    let _ = process.write(2, format!("[NOTICE]   ({}) : {message}\n", process.pid)).await;
}

struct HaProxy {
    process: Arc<Process>,
    config: Config,
    /// How busy the servers of each proxy are.
    loads: Vec<Load>,
}

impl HaProxy {
    /// Names of servers have to be known at the start.
    async fn check_servers(&self, path: &str) -> Result<(), Vec<String>> {
        let mut errors = Vec::new();
        for proxy in &self.config.proxies {
            for server in &proxy.servers {
                if addresses(&self.process, &server.host, server.port).await.is_empty() {
                    errors.push(format!(
                        "config : [{path}:{}] : 'server {}/{}' : could not resolve address '{}'.",
                        server.line, proxy.name, server.name, server.host
                    ));
                }
            }
        }
        if errors.is_empty() {
            return Ok(());
        }
        errors.push("config : Failed to initialize server(s) addr.".to_owned());
        Err(errors)
    }

    async fn listen(&self, path: &str) -> Result<Vec<(&Proxy, Arc<Listener>)>, Vec<String>> {
        let mut listeners = Vec::new();
        let mut errors = Vec::new();
        for proxy in self.config.proxies.iter().filter(|proxy| proxy.is_frontend) {
            for (host, port, line) in &proxy.binds {
                let any: IpAddr = [0u8; 4].into();
                let ip = if host.is_empty() { Some(any) } else { host.trim_matches(['[', ']']).parse().ok() };
                let ip = ip.unwrap_or(any);
                match self.process.listen(SocketAddr::new(ip, *port)) {
                    Ok((_, listener)) => listeners.push((proxy, listener)),
                    Err(errno) => errors.push(format!(
                        "Binding [{path}:{line}] for {} {}: cannot bind socket ({}) for [{ip}:{port}]",
                        if proxy.servers.is_empty() { "frontend" } else { "proxy" },
                        proxy.name,
                        self.process.text(errno)
                    )),
                }
            }
        }
        if errors.is_empty() {
            return Ok(listeners);
        }
        errors.push("[haproxy.main()] Some protocols failed to start their listeners! Exiting.".to_owned());
        Err(errors)
    }

    async fn serve(&self, proxy: &Proxy, listener: &Listener) {
        let never = std::future::pending();
        match proxy.mode {
            Mode::Http => serve(&self.process, listener, never, |request| self.answer(proxy, request)).await,
            Mode::Tcp => {
                serve_connections(&self.process, listener, never, |wire| self.tunnel(proxy, wire)).await;
            }
        }
    }

    /// Where the requests of a frontend go, and how busy it is there.
    fn backend<'a>(&'a self, proxy: &'a Proxy, request: Option<&Request>) -> (&'a Proxy, &'a Load) {
        let chosen = proxy.use_backends.iter().find(|(_, tests)| {
            tests.iter().all(|test| request.is_some_and(|request| holds(proxy, test, request, 0)))
        });
        let name = chosen.map(|(name, _)| name).or(proxy.default_backend.as_ref());
        let place = self.config.proxies.iter().position(|other| match name {
            // A frontend may have the name of a backend.
            Some(name) => other.name == *name && (!other.is_frontend || !other.servers.is_empty()),
            None => std::ptr::eq(other, proxy),
        });
        // A backend that is named is there: reading the configuration saw to that.
        let place = place.unwrap_or(0);
        (&self.config.proxies[place], &self.loads[place])
    }

    async fn answer(&self, proxy: &Proxy, request: Request) -> Answer {
        let (backend, load) = self.backend(proxy, Some(&request));
        let mut headers = end_to_end(&request.head.headers);
        if proxy.forwarded_for || backend.forwarded_for {
            headers.push("X-Forwarded-For", request.peer.ip().to_string());
        }
        for (name, value) in proxy.set_headers.iter().chain(&backend.set_headers) {
            headers.set(name, value.replace("%[src]", &request.peer.ip().to_string()));
        }
        let mut served_by = "<NOSRV>";
        let mut found = None;
        for (place, server) in load.order(backend, request.peer.ip(), Some(request.path())) {
            let _active = load.enter(place);
            let to = addresses(&self.process, &server.host, server.port).await;
            served_by = &server.name;
            let result = forward(&self.process, &to, &request, &request.head.target, &headers, TIMEOUT).await;
            if let Ok(answer) = result {
                found = Some(answer);
                break;
            }
        }
        let answer = found.unwrap_or_else(|| {
            let text = "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n";
            let mut answer = Answer::new(503, "text/html", text).with("Cache-Control", "no-cache");
            "Service Unavailable".clone_into(&mut answer.head.reason);
            answer
        });
        if self.config.logs && proxy.log_requests {
            let flags = if answer.head.status == 503 { "SC--" } else { "----" };
            let line = format!(
                "{} [{}] {} {}/{served_by} 0/0/0/0/0 {} {} - - {flags} 1/1/0/0/0 0/0 \"{} {} HTTP/1.{}\"\n",
                request.peer,
                self.process.now().strftime("%d/%b/%Y:%H:%M:%S.%3f"),
                proxy.name,
                backend.name,
                answer.head.status,
                answer.body.len(),
                request.head.method,
                request.head.target,
                request.head.minor
            );
            let _ = self.process.write(1, line).await;
        }
        answer
    }

    async fn tunnel(&self, proxy: &Proxy, mut client: Wire) {
        let (backend, load) = self.backend(proxy, None);
        for (place, server) in load.order(backend, client.stream.peer.ip(), None) {
            let _active = load.enter(place);
            for to in addresses(&self.process, &server.host, server.port).await {
                let connected =
                    within(&self.process, Some(CONNECT_TIMEOUT), Wire::connect(&self.process, to)).await;
                if let Some(Ok(upstream)) = connected {
                    relay_both(&self.process, &mut client, upstream, TIMEOUT).await;
                    return;
                }
            }
        }
    }
}

/// Whether a condition holds. Named ones may lead to others, not for ever.
fn holds(proxy: &Proxy, test: &Test, request: &Request, depth: usize) -> bool {
    let host = request.head.headers.get("host").unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(name, _)| name);
    match test {
        Test::PathBegins(values) => values.iter().any(|value| request.path().starts_with(value.as_str())),
        Test::Path(values) => values.iter().any(|value| request.path() == value),
        Test::HostIs(values) => values.iter().any(|value| host.eq_ignore_ascii_case(value)),
        Test::Named(name) => {
            depth < 8
                && proxy
                    .acls
                    .iter()
                    .filter(|(known, _)| known == name)
                    .any(|(_, test)| holds(proxy, test, request, depth + 1))
        }
        Test::Not(test) => !holds(proxy, test, request, depth + 1),
    }
}
