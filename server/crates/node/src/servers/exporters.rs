//! Exporters for Prometheus: `nginx-prometheus-exporter`, which makes metrics of an nginx's `stub_status` page, and
//! `node_exporter`, which makes them of `/proc`.

use std::{fmt::Write, net::SocketAddr, sync::Arc, time::Duration};

use super::{
    forward,
    listening::{Answer, Request, serve, signalled},
    release,
};
use crate::{
    env::BoxFuture,
    http::{Headers, RequestHead, Url, http_date},
    kernel::{
        process::{Outcome, Process},
        signal::Signal,
    },
};

/// The content type of Prometheus's text format.
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";

fn args(process: &Process) -> Vec<String> {
    process.argv().iter().skip(1).map(|arg| String::from_utf8_lossy(arg).into_owned()).collect()
}

/// The value of `--name=value` or `-name value`.
fn option(args: &[String], name: &str) -> Option<String> {
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let bare = arg.trim_start_matches('-');
        if bare == name && arg.starts_with('-') {
            return args.next().cloned();
        }
        if let Some(value) = bare.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')) {
            return Some(value.to_owned());
        }
    }
    None
}

fn var(process: &Process, name: &str) -> Option<String> {
    process.var(name).map(|value| String::from_utf8_lossy(&value).into_owned())
}

/// A line as Go's `slog` writes it.
async fn log(process: &Process, level: &str, message: &str) {
    let stamp = process.now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ");
    let _ = process.write(2, format!("time={stamp} level={level} {message}\n")).await;
}

/// The address of `:9113` or `127.0.0.1:9113`.
fn listen_address(text: &str) -> Option<SocketAddr> {
    match text.strip_prefix(':') {
        Some(port) => Some(SocketAddr::new([0u16; 8].into(), port.parse().ok()?)),
        None => text.parse().ok(),
    }
}

/// Opens the socket and serves `page` at the path of the metrics, and a page that leads there at `/`.
async fn run<F>(process: &Arc<Process>, title: &str, at: &str, page: impl Fn() -> F) -> Outcome
where
    F: Future<Output = String>,
{
    let listener = match listen_address(at).map(|address| process.listen(address)) {
        Some(Ok((_, listener))) => listener,
        failed => {
            let reason = match failed {
                Some(Err(errno)) => errno.to_string().to_lowercase(),
                _ => "missing port in address".to_owned(),
            };
            log(process, "ERROR", &format!("msg=\"listen tcp {at}: bind: {reason}\"")).await;
            return Outcome::Exit(1);
        }
    };
    let shown = if at.starts_with(':') { format!("[::]{at}") } else { at.to_owned() };
    log(process, "INFO", &format!("source=tls_config.go:347 msg=\"Listening on\" address={shown}")).await;
    log(
        process,
        "INFO",
        &format!("source=tls_config.go:350 msg=\"TLS is disabled.\" http2=false address={shown}"),
    )
    .await;
    let stop = signalled(process, &[Signal::INT, Signal::TERM]);
    let answer = async |request: Request| {
        let answer = match request.path() {
            "/metrics" => Answer::new(200, METRICS, page().await),
            "/" => {
                let text = format!(
                    "<!DOCTYPE html>\n<html lang=\"en\">\n<head><title>{title}</title></head>\n<body>\n<h1>{title}</h1>\n\
                     <a href=\"/metrics\">Metrics</a>\n</body>\n</html>\n"
                );
                Answer::new(200, "text/html; charset=UTF-8", text)
            }
            _ => Answer::new(404, "text/plain; charset=utf-8", "404 page not found\n"),
        };
        answer.with("Date", http_date(process.now()))
    };
    serve(process, &listener, async { _ = stop.await }, &answer).await;
    log(process, "INFO", "source=exporter.go:217 msg=\"shutting down\"").await;
    Outcome::Exit(0)
}

/// A metric with its head.
fn metric(out: &mut String, name: &str, kind: &str, help: &str, rows: &[(&str, String)]) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
    for (labels, value) in rows {
        let _ = writeln!(out, "{name}{labels} {value}");
    }
}

pub(super) fn nginx_main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(async move {
        let args = args(&process);
        let version = release(&process);
        if args.iter().any(|arg| arg.trim_start_matches('-') == "version") {
            let text = format!("nginx_exporter, version {version} (branch: HEAD)\n");
            let _ = process.write(1, text).await;
            return Outcome::Exit(0);
        }
        let uri = option(&args, "nginx.scrape-uri")
            .or(var(&process, "SCRAPE_URI"))
            .unwrap_or_else(|| "http://127.0.0.1:8080/stub_status".to_owned());
        let Ok(url) = Url::parse(&uri) else {
            log(&process, "ERROR", &format!("msg=\"parse scrape URI\" uri={uri}")).await;
            return Outcome::Exit(1);
        };
        let at = option(&args, "web.listen-address")
            .or(var(&process, "LISTEN_ADDRESS"))
            .unwrap_or_else(|| ":9113".to_owned());
        let text = format!(
            "source=exporter.go:123 msg=nginx-prometheus-exporter version=\"(version={version}, branch=HEAD)\""
        );
        log(&process, "INFO", &text).await;
        let page = async || {
            let mut out = String::new();
            let status = match scrape(&process, &url).await {
                Ok(status) => Some(status),
                Err(reason) => {
                    let text = format!("source=nginx.go:57 msg=\"error getting stats\" error=\"{reason}\"");
                    log(&process, "ERROR", &text).await;
                    None
                }
            };
            if let Some(status) = status {
                for (name, kind, help, value) in status.metrics() {
                    metric(&mut out, name, kind, help, &[("", value.to_string())]);
                }
            }
            let up = u8::from(status.is_some()).to_string();
            metric(&mut out, "nginx_up", "gauge", "Status of the last metric scrape", &[("", up)]);
            out
        };
        run(&process, "NGINX Prometheus Exporter", &at, page).await
    })
}

/// What nginx's `stub_status` page tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct StubStatus {
    active: u64,
    accepted: u64,
    handled: u64,
    requests: u64,
    reading: u64,
    writing: u64,
    waiting: u64,
}

impl StubStatus {
    fn parse(text: &str) -> Option<Self> {
        let numbers: Vec<u64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let [active, accepted, handled, requests, reading, writing, waiting] = numbers.try_into().ok()?;
        text.starts_with("Active connections:").then_some(Self {
            active,
            accepted,
            handled,
            requests,
            reading,
            writing,
            waiting,
        })
    }

    fn metrics(self) -> [(&'static str, &'static str, &'static str, u64); 7] {
        [
            ("nginx_connections_accepted", "counter", "Accepted client connections", self.accepted),
            ("nginx_connections_active", "gauge", "Active client connections", self.active),
            ("nginx_connections_handled", "counter", "Handled client connections", self.handled),
            (
                "nginx_connections_reading",
                "gauge",
                "Connections where NGINX is reading the request header",
                self.reading,
            ),
            ("nginx_connections_waiting", "gauge", "Idle client connections", self.waiting),
            (
                "nginx_connections_writing",
                "gauge",
                "Connections where NGINX is writing the response back to the client",
                self.writing,
            ),
            ("nginx_http_requests_total", "counter", "Total http requests", self.requests),
        ]
    }
}

async fn scrape(process: &Arc<Process>, url: &Url) -> Result<StubStatus, String> {
    let shown = format!("{}://{}{}", url.scheme, url.authority(), url.target);
    let to = forward::addresses(process, &url.host, url.port_or_default()).await;
    let mut headers = Headers::default();
    headers.push("Host", url.authority());
    headers.push("User-Agent", "NGINX-Prometheus-Exporter/v1.5.1");
    let head = RequestHead {
        method: "GET".to_owned(),
        target: url.target.clone(),
        minor: 1,
        headers: headers.clone(),
    };
    let nowhere = SocketAddr::new([0u8; 4].into(), 0);
    let request = Request { head, body: Vec::new(), peer: nowhere, local: nowhere };
    match forward::forward(process, &to, &request, &url.target, &headers, Duration::from_secs(5)).await {
        Ok(answer) if answer.head.status == 200 => {
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            StubStatus::parse(&text)
                .ok_or_else(|| format!("failed to parse response body {text:?}: invalid input"))
        }
        Ok(answer) => Err(format!("expected 200 response, got {}", answer.head.status)),
        Err(forward::ForwardError::Connect(errno)) => {
            let reason = errno.to_string().to_lowercase();
            let to = to.first().map_or_else(|| url.authority(), ToString::to_string);
            Err(format!("failed to get {shown}: Get \\\"{shown}\\\": dial tcp {to}: connect: {reason}"))
        }
        Err(forward::ForwardError::Timeout) => {
            Err(format!("failed to get {shown}: Get \\\"{shown}\\\": context deadline exceeded"))
        }
        Err(forward::ForwardError::Broken) => Err(format!("failed to get {shown}: Get \\\"{shown}\\\": EOF")),
    }
}

pub(super) fn node_main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(async move {
        let args = args(&process);
        let version = release(&process);
        if args.iter().any(|arg| arg.trim_start_matches('-') == "version") {
            let _ = process.write(1, format!("node_exporter, version {version} (branch: HEAD)\n")).await;
            return Outcome::Exit(0);
        }
        let at = option(&args, "web.listen-address").unwrap_or_else(|| ":9100".to_owned());
        let proc = option(&args, "path.procfs").unwrap_or_else(|| "/proc".to_owned());
        let text = format!(
            "source=node_exporter.go:216 msg=\"Starting node_exporter\" version=\"(version={version}, branch=HEAD)\""
        );
        log(&process, "INFO", &text).await;
        let page = async || node_metrics(&process, &proc, version).await;
        run(&process, "Node Exporter", &at, page).await
    })
}

/// Metrics of what `/proc` tells: load, memory, processors, network, time.
async fn node_metrics(process: &Arc<Process>, proc: &str, version: &str) -> String {
    let read = async |name: &str| {
        let text = process.read_file(format!("{proc}/{name}").as_bytes(), 1 << 20).await.unwrap_or_default();
        String::from_utf8_lossy(&text).into_owned()
    };
    let mut out = String::new();
    let loads = read("loadavg").await;
    for (name, value) in ["node_load1", "node_load5", "node_load15"].iter().zip(loads.split(' ')) {
        let minutes = name.trim_start_matches("node_load");
        metric(&mut out, name, "gauge", &format!("{minutes}m load average."), &[("", value.to_owned())]);
    }
    let stat = read("stat").await;
    let modes = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"];
    let mut rows: Vec<(String, String)> = Vec::new();
    for line in stat.lines() {
        let mut words = line.split_whitespace();
        let Some(cpu) = words.next().and_then(|word| word.strip_prefix("cpu")).filter(|cpu| !cpu.is_empty())
        else {
            continue;
        };
        for (mode, ticks) in modes.iter().zip(words) {
            let seconds = ticks.parse::<f64>().unwrap_or(0.0) / 100.0;
            rows.push((format!("{{cpu=\"{cpu}\",mode=\"{mode}\"}}"), seconds.to_string()));
        }
    }
    let rows: Vec<(&str, String)> =
        rows.iter().map(|(labels, value)| (labels.as_str(), value.clone())).collect();
    metric(&mut out, "node_cpu_seconds_total", "counter", "Seconds the CPUs spent in each mode.", &rows);
    for line in read("meminfo").await.lines() {
        let Some((name, rest)) = line.split_once(':') else { continue };
        let Some(kilobytes) = rest.split_whitespace().next().and_then(|word| word.parse::<u64>().ok()) else {
            continue;
        };
        let field = name.replace('(', "_").replace(')', "");
        let help = format!("Memory information field {field}_bytes.");
        let row = [("", (kilobytes * 1024).to_string())];
        metric(&mut out, &format!("node_memory_{field}_bytes"), "gauge", &help, &row);
    }
    let devices = read("net/dev").await;
    for (index, direction) in [(0, "receive"), (8, "transmit")] {
        let rows: Vec<(String, String)> = devices
            .lines()
            .filter_map(|line| {
                let (name, numbers) = line.split_once(':')?;
                let bytes = numbers.split_whitespace().nth(index)?;
                Some((format!("{{device=\"{}\"}}", name.trim()), bytes.to_owned()))
            })
            .collect();
        let rows: Vec<(&str, String)> =
            rows.iter().map(|(labels, value)| (labels.as_str(), value.clone())).collect();
        let help = format!("Network device statistic {direction}_bytes.");
        metric(&mut out, &format!("node_network_{direction}_bytes_total"), "counter", &help, &rows);
    }
    let now = process.now();
    let time = format!("{:.7}", now.as_millisecond() as f64 / 1000.0);
    metric(
        &mut out,
        "node_time_seconds",
        "gauge",
        "System time in seconds since epoch (1970).",
        &[("", time)],
    );
    let release = read("sys/kernel/osrelease").await;
    let labels = format!(
        "{{machine=\"x86_64\",nodename=\"{}\",release=\"{}\",sysname=\"Linux\"}}",
        read("sys/kernel/hostname").await.trim(),
        release.trim()
    );
    let help = "Labeled system information as provided by the uname system call.";
    metric(&mut out, "node_uname_info", "gauge", help, &[(&labels, "1".to_owned())]);
    let labels = format!("{{branch=\"HEAD\",version=\"{version}\"}}");
    let help = "A metric with a constant '1' value labeled by version and branch from which node_exporter was built.";
    metric(&mut out, "node_exporter_build_info", "gauge", help, &[(&labels, "1".to_owned())]);
    out
}

#[cfg(test)]
mod tests {
    use super::StubStatus;

    #[test]
    fn the_status_page_is_read_as_nginx_writes_it() {
        let page = "Active connections: 2 \nserver accepts handled requests\n 5 4 9 \nReading: 0 Writing: 1 Waiting: 3 \n";
        let status = StubStatus::parse(page).unwrap();
        assert_eq!((status.active, status.accepted, status.requests, status.waiting), (2, 5, 9, 3));
        assert_eq!(StubStatus::parse("<html>404</html>"), None);
    }
}
