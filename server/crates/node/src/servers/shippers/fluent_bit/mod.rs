//! `fluent-bit`: the inputs `tail`, `dummy`, `cpu` and `mem`, filters, and the outputs `stdout` and `file`.

mod config;
mod figures;
mod parser;

use std::{fmt::Write, sync::Arc, time::Duration};

use serde_json::json;

use self::{
    config::{Section, classic, from_arguments, yaml},
    figures::Work,
    parser::Parser,
};
use super::{Line, MAX_CONFIG, Record, Shipped, Shipper, Tail, patterns::Patterns, ship, with_variables};
use crate::{
    env::BoxFuture,
    kernel::{
        process::{Outcome, Process},
        signal::Signal,
    },
    servers::release,
};

/// Where its files are.
const HOME: &str = "/fluent-bit/etc";

pub(in crate::servers) fn main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(run(process))
}

fn stamp(process: &Process) -> String {
    process.now().strftime("%Y/%m/%d %H:%M:%S").to_string()
}

async fn say(process: &Process, level: &str, message: &str) {
    let _ = process.write(2, format!("[{}] [{level:>5}] {message}\n", stamp(process))).await;
}

/// What is known of a shipper that runs.
struct FluentBit {
    sections: Vec<Section>,
    parsers: Vec<Parser>,
    patterns: Patterns,
    /// The sections that tail files, in the order of the tails.
    tails: Vec<Input>,
    /// Those that make records of their own.
    makers: Vec<Input>,
    work: Work,
    /// Records have metadata beside their time since 2.1.
    has_metadata: bool,
}

/// An input, and which one of its kind it is.
#[derive(Clone)]
struct Input {
    section: Section,
    kind: &'static str,
    number: usize,
}

impl Input {
    fn tag(&self, path: &str) -> String {
        let dotted = path.trim_start_matches('/').replace('/', ".");
        match self.section.get("tag") {
            Some(tag) => tag.replace('*', &dotted),
            None => format!("{}.{}", self.kind, self.number),
        }
    }
}

/// The configuration: options, and the file with all that it includes.
async fn sections(process: &Process, args: &[String]) -> Result<Vec<Section>, String> {
    let (mut sections, file) = from_arguments(args);
    let Some(file) = file.or_else(|| sections.is_empty().then(|| format!("{HOME}/fluent-bit.conf"))) else {
        return Ok(sections);
    };
    let read = async |path: &str| match process.read_file(path.as_bytes(), MAX_CONFIG).await {
        Ok(text) => Ok(with_variables(process, &String::from_utf8_lossy(&text))),
        Err(errno) => {
            Err(format!("[config] {path}: could not open configuration file: {}", process.text(errno)))
        }
    };
    let text = read(&file).await?;
    let parsed = if file.ends_with(".yaml") || file.ends_with(".yml") { yaml(&text) } else { classic(&text) };
    sections.append(&mut parsed.map_err(|message| format!("[config] {file}: {message}"))?);
    let service = sections.iter().filter(|section| section.name == "service");
    let files: Vec<String> =
        service.flat_map(|section| section.all("parsers_file")).map(str::to_owned).collect();
    let directory = file.rsplit_once('/').map_or(".", |(directory, _)| directory);
    for path in files {
        let path = if path.starts_with('/') { path } else { format!("{directory}/{path}") };
        let text = read(&path).await?;
        sections.append(&mut classic(&text).map_err(|message| format!("[config] {path}: {message}"))?);
    }
    Ok(sections)
}

async fn run(process: Arc<Process>) -> Outcome {
    let args: Vec<String> =
        process.argv().iter().skip(1).map(|arg| String::from_utf8_lossy(arg).into_owned()).collect();
    let version = release(&process);
    if args.iter().any(|arg| arg == "--version" || arg == "-V") {
        let _ = process.write(1, format!("Fluent Bit v{version}\n")).await;
        return Outcome::Exit(0);
    }
    let banner = format!(
        "Fluent Bit v{version}\n* Copyright (C) 2015-2025 The Fluent Bit Authors\n* Fluent Bit is a CNCF sub-project under the umbrella \
         of Fluentd\n* https://fluentbit.io\n\n"
    );
    let _ = process.write(2, banner).await;
    let sections = match sections(&process, &args).await {
        Ok(sections) => sections,
        Err(message) => return refused(&process, &message).await,
    };
    let mut shipper = FluentBit {
        patterns: Patterns::default(),
        parsers: sections.iter().filter(|section| section.name == "parser").filter_map(Parser::of).collect(),
        tails: Vec::new(),
        makers: Vec::new(),
        work: Work::now(&process).await,
        has_metadata: version.split('.').map(|number| number.parse().unwrap_or(0)).ge([2u32, 1]),
        sections,
    };
    say(&process, "info", &format!("[fluent bit] version={version}, commit=3a91b155d6, pid={}", process.pid))
        .await;
    let mut tails = Vec::new();
    for section in shipper.sections.iter().filter(|section| section.name == "input") {
        let plugin = section.plugin();
        let Some(kind) = ["tail", "dummy", "cpu", "mem"].into_iter().find(|kind| *kind == plugin) else {
            return refused(&process, &unknown("input")).await;
        };
        let among = if kind == "tail" { &mut shipper.tails } else { &mut shipper.makers };
        let number = among.iter().filter(|input| input.kind == kind).count();
        say(&process, "info", &format!("[input:{kind}:{kind}.{number}] initializing")).await;
        if kind == "tail" {
            let Some(path) = section.get("path") else {
                say(&process, "error", &format!("[input:tail:tail.{number}] no input 'path' was given"))
                    .await;
                say(&process, "error", &format!("[input] failed initialize input tail.{number}")).await;
                say(&process, "error", "[engine] input initialization failed").await;
                return Outcome::Exit(255);
            };
            let patterns = path.split(',').map(|path| path.trim().to_owned()).collect();
            tails.push(Tail::new(patterns, section.is_on("read_from_head")));
        }
        among.push(Input { section: section.clone(), kind, number });
    }
    say(&process, "info", "[sp] stream processor started").await;
    let mut known: Vec<String> = Vec::new();
    for section in shipper.sections.iter().filter(|section| section.name == "output") {
        let plugin = section.plugin();
        let number = known.iter().filter(|known| **known == plugin).count();
        match plugin.as_str() {
            "stdout" | "file" => {
                say(&process, "info", &format!("[output:{plugin}:{plugin}.{number}] worker #0 started"))
                    .await;
            }
            "null" => {}
            name if ELSEWHERE.contains(&name) => {
                let host = section.get("host").unwrap_or("127.0.0.1");
                let text =
                    format!("[output:{name}:{name}.{number}] no upstream connections available to {host}");
                say(&process, "warn", &text).await;
            }
            _ => return refused(&process, &unknown("output")).await,
        }
        known.push(plugin);
    }
    let signal = ship(&process, &mut shipper, &mut tails).await;
    let name = if signal == Signal::INT { "SIGINT" } else { "SIGTERM" };
    let _ = process.write(2, format!("[{}] [engine] caught signal ({name})\n", stamp(&process))).await;
    say(&process, "warn", "[engine] service will shutdown in max 5 seconds").await;
    say(&process, "info", "[engine] service has stopped (0 pending tasks)").await;
    Outcome::Exit(0)
}

/// Outputs that lead out of the container.
const ELSEWHERE: &[&str] = &[
    "azure",
    "bigquery",
    "cloudwatch_logs",
    "datadog",
    "es",
    "forward",
    "gelf",
    "http",
    "influxdb",
    "kafka",
    "kinesis_firehose",
    "loki",
    "nats",
    "opensearch",
    "opentelemetry",
    "prometheus_remote_write",
    "s3",
    "splunk",
    "stackdriver",
    "syslog",
    "tcp",
];

fn unknown(kind: &str) -> String {
    format!("[config] section '{kind}' tried to instance a plugin name that doesn't exist")
}

async fn refused(process: &Process, message: &str) -> Outcome {
    say(process, "error", message).await;
    say(process, "error", "configuration file contains errors, aborting.").await;
    Outcome::Exit(1)
}

impl FluentBit {
    fn sections(&self, name: &'static str) -> impl Iterator<Item = &Section> {
        self.sections.iter().filter(move |section| section.name == name)
    }

    /// The record that a line of a file is.
    fn of_line(&self, input: &Input, line: &Line) -> Record {
        let parser = input.section.get("parser");
        let parser = parser.and_then(|name| self.parsers.iter().find(|parser| parser.name == name));
        let mut record = parser.and_then(|parser| parser.fields(&line.text)).unwrap_or_else(|| {
            let key = input.section.get("key").unwrap_or("log");
            Record::from([(key.to_owned(), json!(line.text))])
        });
        if let Some(key) = input.section.get("path_key") {
            record.insert(key.to_owned(), json!(line.path));
        }
        record
    }

    /// A record as filters leave it; `None` where one drops it.
    fn filtered(&self, tag: &str, mut record: Record) -> Option<Record> {
        for filter in self.sections("filter").filter(|section| section.takes(tag)) {
            match filter.plugin().as_str() {
                "record_modifier" | "modify" => {
                    for pair in ["record", "add", "set"].into_iter().flat_map(|key| filter.all(key)) {
                        if let Some((key, value)) = pair.split_once(char::is_whitespace) {
                            record.insert(key.to_owned(), json!(value.trim()));
                        }
                    }
                    for key in ["remove_key", "remove"].into_iter().flat_map(|key| filter.all(key)) {
                        record.shift_remove(key);
                    }
                    for pair in filter.all("rename") {
                        if let Some((old, new)) = pair.split_once(char::is_whitespace)
                            && let Some(value) = record.shift_remove(old)
                        {
                            record.insert(new.trim().to_owned(), value);
                        }
                    }
                }
                "parser" => {
                    let key = filter.get("key_name")?;
                    let name = filter.get("parser")?;
                    let parser = self.parsers.iter().find(|parser| parser.name == name)?;
                    let text = record.get(key).and_then(serde_json::Value::as_str).map(str::to_owned);
                    if let Some(fields) = text.and_then(|text| parser.fields(&text)) {
                        if !filter.is_on("preserve_key") {
                            record.shift_remove(key);
                        }
                        if !filter.is_on("reserve_data") {
                            record.clear();
                        }
                        record.extend(fields);
                    }
                }
                "grep" => {
                    let fits = |rule: &str| {
                        let (key, pattern) = rule.split_once(char::is_whitespace).unwrap_or((rule, ""));
                        let value = record
                            .get(key.trim_start_matches('$'))
                            .and_then(serde_json::Value::as_str)
                            .unwrap_or_default();
                        self.patterns.fit(pattern.trim(), value)
                    };
                    if !filter.all("regex").all(fits) || filter.all("exclude").any(fits) {
                        return None;
                    }
                }
                _ => {}
            }
        }
        Some(record)
    }

    /// Sends records of one input to all outputs that take them.
    fn send(&self, process: &Process, records: &[(String, Record)], shipped: &mut Shipped) {
        let now = process.now();
        let (seconds, nanoseconds) = (now.as_second(), now.subsec_nanosecond());
        for output in self.sections("output") {
            for (number, (tag, record)) in records.iter().filter(|(tag, _)| output.takes(tag)).enumerate() {
                let as_json = || serde_json::to_string(record).unwrap_or_default();
                match output.plugin().as_str() {
                    "stdout" if output.get("format").is_some_and(|format| format.starts_with("json")) => {
                        let mut dated = Record::from([(
                            "date".to_owned(),
                            json!(seconds as f64 + f64::from(nanoseconds) / 1e9),
                        )]);
                        dated.extend(record.clone());
                        let _ =
                            writeln!(shipped.shown, "{}", serde_json::to_string(&dated).unwrap_or_default());
                    }
                    "stdout" => {
                        let fields: Vec<String> = record
                            .iter()
                            .map(|(key, value)| match value.as_f64().filter(|_| value.is_f64()) {
                                Some(number) => format!("{}=>{number:.6}", json!(key)),
                                None => format!("{}=>{value}", json!(key)),
                            })
                            .collect();
                        let time = format!("{seconds}.{nanoseconds:09}");
                        let head = if self.has_metadata { format!("[{time}, {{}}]") } else { time };
                        let _ =
                            writeln!(shipped.shown, "[{number}] {tag}: [{head}, {{{}}}]", fields.join(", "));
                    }
                    "file" => {
                        let name = output.get("file").unwrap_or(tag);
                        let path = match output.get("path") {
                            Some(directory) => format!("{}/{name}", directory.trim_end_matches('/')),
                            None => name.to_owned(),
                        };
                        let text = shipped.files.entry(path).or_default();
                        let _ = match output.get("format") {
                            Some("plain") => writeln!(text, "{}", as_json()),
                            _ => writeln!(text, "{tag}: [{seconds}.{nanoseconds:09}, {}]", as_json()),
                        };
                    }
                    _ => {}
                }
            }
        }
    }
}

impl Shipper for FluentBit {
    fn period(&self) -> Option<Duration> {
        (!self.makers.is_empty()).then_some(Duration::from_secs(1))
    }

    async fn own_records(&mut self, process: &Process) -> Shipped {
        let work = Work::now(process).await;
        let mut shipped = Shipped::default();
        for input in &self.makers {
            let tag = input.tag("");
            let record = match input.kind {
                "cpu" => work.since(&self.work),
                "mem" => figures::memory(process).await,
                _ => {
                    let text = input.section.get("dummy").unwrap_or("{\"message\":\"dummy\"}");
                    serde_json::from_str(text).unwrap_or_default()
                }
            };
            if let Some(record) = self.filtered(&tag, record) {
                self.send(process, &[(tag, record)], &mut shipped);
            }
        }
        self.work = work;
        shipped
    }

    fn following(&self, process: &Process, input: usize, path: &str) -> String {
        let inode = process.stat(path.as_bytes(), true).map_or(0, |stat| stat.ino);
        format!(
            "[{}] [ info] [input:tail:tail.{input}] inotify_fs_add(): inode={inode} watch_fd=1 name={path}\n",
            stamp(process)
        )
    }

    fn records(&self, process: &Process, input: usize, lines: &[Line]) -> Shipped {
        let mut shipped = Shipped::default();
        let Some(input) = self.tails.get(input) else { return shipped };
        let records = lines.iter().filter_map(|line| {
            let tag = input.tag(&line.path);
            let record = self.filtered(&tag, self.of_line(input, line))?;
            Some((tag, record))
        });
        let records: Vec<(String, Record)> = records.collect();
        self.send(process, &records, &mut shipped);
        shipped
    }
}
