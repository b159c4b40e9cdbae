//! `fluentd`: its configuration in sections (`<source>`, `<filter>`, `<match>`), sources that tail files, make samples or
//! listen, output to `stdout` and to files.

mod config;

use std::{fmt::Write, net::SocketAddr, sync::Arc, time::Duration};

use futures::future::{Either, join_all, select};
use serde_json::{Value, json};

use self::config::{Section, parse};
use super::{Line, MAX_CONFIG, Record, Shipped, Shipper, Tail, hostname, patterns::Patterns, ship};
use crate::{
    env::BoxFuture,
    http::decode_percent,
    kernel::{
        fs::OpenFlags,
        net::Listener,
        process::{Outcome, Process},
    },
    servers::{
        listening::{Answer, Request, serve, serve_connections},
        release,
    },
};

/// Sources that are known.
const INPUTS: &[&str] =
    &["tail", "sample", "dummy", "http", "forward", "monitor_agent", "tcp", "udp", "syslog", "exec", "unix"];

pub(in crate::servers) fn main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(run(process))
}

fn stamp(process: &Process) -> String {
    process.now().strftime("%Y-%m-%d %H:%M:%S +0000").to_string()
}

async fn say(process: &Process, level: &str, message: &str) {
    let _ = process.write(1, format!("{} [{level}]: {message}\n", stamp(process))).await;
}

async fn config_error(process: &Process, path: &str, message: &str) -> Outcome {
    say(
        process,
        "error",
        &format!("config error file=\"{path}\" error_class=Fluent::ConfigError error=\"{message}\""),
    )
    .await;
    Outcome::Exit(1)
}

/// Says what is wrong with a source, if anything is.
fn fault(source: &Section) -> Option<String> {
    let kind = source.kind();
    if kind.is_empty() {
        return Some("Missing '@type' parameter on <source> directive".to_owned());
    }
    if !INPUTS.contains(&kind) {
        return Some(format!(
            "Unknown input plugin '{kind}'. Run 'gem search -rd fluent-plugin' to find plugins"
        ));
    }
    if kind == "tail" && source.get("path").is_none() {
        return Some("tail: 'path' parameter is required on tail input".to_owned());
    }
    let needs_tag = matches!(kind, "tail" | "sample" | "dummy");
    (needs_tag && source.get("tag").is_none()).then(|| "'tag' parameter is required".to_owned())
}

async fn run(process: Arc<Process>) -> Outcome {
    let args: Vec<String> =
        process.argv().iter().skip(1).map(|arg| String::from_utf8_lossy(arg).into_owned()).collect();
    let version = release(&process);
    if args.iter().any(|arg| arg == "--version") {
        let _ = process.write(1, format!("fluentd {version}\n")).await;
        return Outcome::Exit(0);
    }
    // What an image of old passes on from FLUENTD_ARGS.
    let named =
        args.iter().position(|arg| arg == "-c" || arg == "--config").and_then(|at| args.get(at + 1).cloned());
    let path = named.unwrap_or_else(|| "/fluentd/etc/fluent.conf".to_owned());
    let text = match process.read_file(path.as_bytes(), MAX_CONFIG).await {
        Ok(text) => String::from_utf8_lossy(&text).into_owned(),
        Err(errno) => {
            let reason = process.text(errno);
            say(
                &process,
                "error",
                &format!(
                    "dump an error event: error_class=Errno::{} error=\"{reason} @ rb_sysopen - {path}\"",
                    errno.name()
                ),
            )
            .await;
            return Outcome::Exit(1);
        }
    };
    let sections = match parse(&text) {
        Ok(sections) => sections,
        Err(message) => return config_error(&process, &path, &message).await,
    };
    say(&process, "info", &format!("parsing config file is succeeded path=\"{path}\"")).await;
    let (sources, rules): (Vec<Section>, Vec<Section>) = sections
        .into_iter()
        .filter(|section| matches!(section.name.as_str(), "source" | "match" | "filter"))
        .partition(|section| section.name == "source");
    if let Some(message) = sources.iter().find_map(fault) {
        return config_error(&process, &path, &message).await;
    }
    let shown: String =
        text.lines().filter(|line| !line.trim().is_empty()).map(|line| format!("  {line}\n")).collect();
    say(&process, "info", &format!("gem 'fluentd' version '{version}'")).await;
    say(&process, "info", &format!("using configuration file: <ROOT>\n{shown}</ROOT>")).await;
    say(&process, "info", &format!("starting fluentd-{version} pid={} ruby=\"3.2.9\"", process.pid)).await;
    for rule in rules.iter().filter(|section| section.name == "match") {
        let (pattern, kind) = (&rule.argument, rule.kind());
        say(&process, "info", &format!("adding match pattern=\"{pattern}\" type=\"{kind}\"")).await;
        if !matches!(kind, "stdout" | "null" | "file" | "copy") {
            let text = format!("#0 the output of type \"{kind}\" cannot be reached from here");
            say(&process, "warn", &text).await;
        }
    }
    for output in rules.iter().flat_map(outputs).filter(|output| output.kind() == "file") {
        let path = output.get("path").unwrap_or_default().as_bytes();
        for end in (1..=path.len()).filter(|end| path.get(*end).is_none_or(|byte| *byte == b'/')) {
            // Most of them exist.
            let _ = process.mkdir(&path[..end], 0o755);
        }
    }
    let mut tails = Vec::new();
    let mut listeners = Vec::new();
    for source in &sources {
        say(&process, "info", &format!("adding source type=\"{}\"", source.kind())).await;
        match source.kind() {
            "tail" => tails.push(tail(&process, source).await),
            "http" | "forward" => match listen(&process, source) {
                Ok(listener) => listeners.push((source.kind() == "http", listener)),
                Err(message) => {
                    say(&process, "error", &format!("#0 unexpected error error_class={message}")).await;
                    return Outcome::Exit(1);
                }
            },
            _ => {}
        }
    }
    say(&process, "info", "#0 fluentd worker is now running worker=0").await;
    let pipeline =
        Arc::new(Pipeline { sources, rules, patterns: Patterns::default(), chunk: process.random() });
    let listening = join_all(listeners.iter().map(|(is_http, listener)| {
        let (process, pipeline) = (&process, Arc::clone(&pipeline));
        async move {
            let never = std::future::pending();
            if *is_http {
                serve(process, listener, never, |request| receive(process, &pipeline, request)).await;
            } else {
                // Who forwards is taken in; the protocol itself is not simulated.
                serve_connections(process, listener, never, async |mut wire| {
                    while wire.read().await.is_ok_and(|bytes| !bytes.is_empty()) {}
                })
                .await;
            }
        }
    }));
    let mut shipper = Fluentd(Arc::clone(&pipeline));
    let shipping = std::pin::pin!(ship(&process, &mut shipper, &mut tails));
    if let Either::Right((_, shipping)) = select(shipping, std::pin::pin!(listening)).await {
        // Nothing listens.
        shipping.await;
    }
    for line in [
        "Received graceful stop",
        "#0 fluentd worker is now stopping worker=0",
        "Worker 0 finished with status 0",
    ] {
        say(&process, "info", line).await;
    }
    Outcome::Exit(0)
}

/// Where a match sends records: itself, and what it copies to.
fn outputs(rule: &Section) -> impl Iterator<Item = &Section> {
    [rule].into_iter().chain(rule.children.iter().filter(|child| child.name == "store"))
}

async fn tail(process: &Process, source: &Section) -> Tail {
    if let Some(position) = source.get("pos_file") {
        // It is there from the start; where it cannot be, nobody depends on it.
        drop(process.open_file(position.as_bytes(), OpenFlags::APPEND, 0o644).await);
    }
    let paths = source.get("path").unwrap_or_default();
    Tail::new(
        paths.split(',').map(|path| path.trim().to_owned()).collect(),
        source.get("read_from_head") == Some("true"),
    )
}

/// Opens the socket of a source; the error is the exception.
fn listen(process: &Process, source: &Section) -> Result<Arc<Listener>, String> {
    let default = if source.kind() == "http" { 9880 } else { 24224 };
    let port = source.get("port").and_then(|port| port.parse().ok()).unwrap_or(default);
    let bind = source.get("bind").and_then(|bind| bind.parse().ok()).unwrap_or([0u8; 4].into());
    process.listen(SocketAddr::new(bind, port)).map(|(_, listener)| listener).map_err(|errno| {
        format!(
            "Errno::{} error=\"{} - bind(2) for \\\"{bind}\\\" port {port}\"",
            errno.name(),
            process.text(errno)
        )
    })
}

/// Takes what is posted to a source of type `http`: the path is the tag.
async fn receive(process: &Process, pipeline: &Pipeline, request: Request) -> Answer {
    let tag = request.path().trim_matches('/').replace('/', ".");
    let is_json = request.head.headers.get("content-type").is_some_and(|kind| kind.contains("json"));
    let body = String::from_utf8_lossy(&request.body).into_owned();
    let text = if is_json {
        body
    } else {
        let field = body.split('&').find_map(|field| field.strip_prefix("json=")).unwrap_or_default();
        String::from_utf8_lossy(&decode_percent(&field.replace('+', " "))).into_owned()
    };
    let records: Vec<Record> = match serde_json::from_str(&text) {
        Ok(record) => vec![record],
        Err(_) => serde_json::from_str(&text).unwrap_or_default(),
    };
    if records.is_empty() || tag.is_empty() {
        return Answer::new(
            400,
            "text/plain",
            "400 Bad Request\n'json' or 'msgpack' parameter is required\n",
        );
    }
    let mut shipped = Shipped::default();
    for record in records {
        pipeline.emit(process, &tag, record, &mut shipped);
    }
    shipped.deliver(process).await;
    Answer::new(200, "text/plain", "")
}

/// Where records come from and what becomes of them.
struct Pipeline {
    sources: Vec<Section>,
    /// Filters and matches, in order.
    rules: Vec<Section>,
    patterns: Patterns,
    /// Names the chunk that outputs to files write.
    chunk: u64,
}

impl Pipeline {
    fn of_kind<'a>(&'a self, kinds: &'a [&str]) -> impl Iterator<Item = &'a Section> {
        self.sources.iter().filter(|source| kinds.contains(&source.kind()))
    }

    /// A record as filters leave it; `None` where one drops it.
    fn filtered(&self, process: &Process, tag: &str, mut record: Record) -> Option<Record> {
        for filter in self.rules.iter().filter(|rule| rule.name == "filter" && rule.takes(tag)) {
            match filter.kind() {
                "record_transformer" => {
                    for (key, value) in filter.child("record").into_iter().flat_map(|record| &record.keys) {
                        let value = value
                            .replace("#{Socket.gethostname}", &hostname(process))
                            .replace("${hostname}", &hostname(process))
                            .replace("${tag}", tag);
                        record.insert(key.clone(), json!(value));
                    }
                    let removed = filter.get("remove_keys").unwrap_or_default();
                    for key in removed.split(',') {
                        record.shift_remove(key.trim().trim_start_matches("$."));
                    }
                }
                "grep" => {
                    for rule in &filter.children {
                        let value = record.get(rule.get("key")?).and_then(Value::as_str).unwrap_or_default();
                        let pattern = rule.get("pattern").unwrap_or_default().trim_matches('/');
                        let fits = self.patterns.fit(pattern, value);
                        if fits != (rule.name == "regexp") {
                            return None;
                        }
                    }
                }
                _ => {}
            }
        }
        Some(record)
    }

    /// Sends a record to the first match that takes it.
    fn emit(&self, process: &Process, tag: &str, record: Record, shipped: &mut Shipped) {
        let Some(record) = self.filtered(process, tag, record) else { return };
        let Some(rule) = self.rules.iter().find(|rule| rule.name == "match" && rule.takes(tag)) else {
            let _ =
                writeln!(shipped.shown, "{} [warn]: #0 no patterns matched tag=\"{tag}\"", stamp(process));
            return;
        };
        let json = serde_json::to_string(&record).unwrap_or_default();
        let now = process.now();
        for output in outputs(rule) {
            match (output.kind(), output.get("path")) {
                ("stdout", _) => {
                    let time = now.strftime("%Y-%m-%d %H:%M:%S.%9f +0000");
                    let _ = writeln!(shipped.shown, "{time} {tag}: {json}");
                }
                // A day's chunk, as long as the day is not over.
                ("file", Some(path)) => {
                    let text =
                        shipped.files.entry(format!("{path}/buffer.b{:032x}.log", self.chunk)).or_default();
                    let _ = writeln!(text, "{}\t{tag}\t{json}", now.strftime("%Y-%m-%dT%H:%M:%S+00:00"));
                }
                _ => {}
            }
        }
    }
}

struct Fluentd(Arc<Pipeline>);

impl Shipper for Fluentd {
    fn period(&self) -> Option<Duration> {
        self.0.of_kind(&["sample", "dummy"]).next().map(|_| Duration::from_secs(1))
    }

    async fn own_records(&mut self, process: &Process) -> Shipped {
        let mut shipped = Shipped::default();
        for source in self.0.of_kind(&["sample", "dummy"]) {
            let text =
                source.get("sample").or_else(|| source.get("dummy")).unwrap_or("{\"message\":\"sample\"}");
            let record = serde_json::from_str(text).unwrap_or_default();
            self.0.emit(process, source.get("tag").unwrap_or_default(), record, &mut shipped);
        }
        shipped
    }

    fn following(&self, process: &Process, _: usize, path: &str) -> String {
        format!("{} [info]: #0 following tail of {path}\n", stamp(process))
    }

    fn records(&self, process: &Process, input: usize, lines: &[Line]) -> Shipped {
        let mut shipped = Shipped::default();
        let Some(source) = self.0.of_kind(&["tail"]).nth(input) else { return shipped };
        let parser =
            source.child("parse").map(Section::kind).or_else(|| source.get("format")).unwrap_or("none");
        for line in lines {
            let dotted = line.path.trim_start_matches('/').replace('/', ".");
            let tag = source.get("tag").unwrap_or_default().replace('*', &dotted);
            let record = match parser {
                "json" => match serde_json::from_str(&line.text) {
                    Ok(record) => record,
                    Err(_) => {
                        let _ = writeln!(
                            shipped.shown,
                            "{} [warn]: #0 pattern not matched: {}",
                            stamp(process),
                            json!(line.text)
                        );
                        continue;
                    }
                },
                _ => Record::from([("message".to_owned(), json!(line.text))]),
            };
            self.0.emit(process, &tag, record, &mut shipped);
        }
        shipped
    }
}
