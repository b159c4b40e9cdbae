//! `fluent-bit`: its classic configuration (sections in brackets, a key and a value a line), `tail` and `dummy` inputs,
//! `stdout` output.

use std::{fmt::Write, sync::Arc};

use serde_json::{Map, Value, json};

use super::{Line, MAX_CONFIG, Shipper, Tail, ship, with_variables};
use crate::{
    env::BoxFuture,
    kernel::{
        process::{Outcome, Process},
        signal::Signal,
    },
};

const VERSION: &str = "4.0.3";

/// A section: its name in lower case, and its keys in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Section {
    name: String,
    keys: Vec<(String, String)>,
}

impl Section {
    fn get(&self, key: &str) -> Option<&str> {
        self.keys.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.keys.iter().filter(move |(known, _)| known == key).map(|(_, value)| value.as_str())
    }
}

/// Reads a configuration. The error is a message without its place.
fn parse(text: &str) -> Result<Vec<Section>, String> {
    let mut sections: Vec<Section> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', '@']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            sections.push(Section { name: name.trim().to_ascii_lowercase(), keys: Vec::new() });
            continue;
        }
        let Some(section) = sections.last_mut() else {
            return Err(format!("{}: undefined section", index + 1));
        };
        let Some((key, value)) = line.split_once(char::is_whitespace) else {
            return Err(format!("{}: undefined value", index + 1));
        };
        section.keys.push((key.to_ascii_lowercase(), value.trim().to_owned()));
    }
    Ok(sections)
}

/// Sections that the options of the command line stand for, and the file that they name.
fn from_arguments(args: &[String]) -> (Vec<Section>, Option<String>) {
    let mut sections: Vec<Section> = Vec::new();
    let mut file = None;
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let kind = match arg.as_str() {
            "-i" | "--input" => "input",
            "-o" | "--output" => "output",
            "-F" | "--filter" => "filter",
            "-c" | "--config" => {
                file = args.next().cloned();
                continue;
            }
            "-p" | "--prop" | "-m" | "--match" | "-t" | "--tag" => {
                let value = args.next().cloned().unwrap_or_default();
                let pair = match arg.as_str() {
                    "-m" | "--match" => ("match".to_owned(), value),
                    "-t" | "--tag" => ("tag".to_owned(), value),
                    _ => match value.split_once('=') {
                        Some((key, value)) => (key.to_ascii_lowercase(), value.to_owned()),
                        None => continue,
                    },
                };
                if let Some(section) = sections.last_mut() {
                    section.keys.push(pair);
                }
                continue;
            }
            _ => continue,
        };
        let name = args.next().cloned().unwrap_or_default();
        sections.push(Section { name: kind.to_owned(), keys: vec![("name".to_owned(), name)] });
    }
    (sections, file)
}

pub(in crate::servers) fn main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(run(process))
}

fn stamp(process: &Process) -> String {
    process.now().strftime("%Y/%m/%d %H:%M:%S").to_string()
}

async fn say(process: &Process, level: &str, message: &str) {
    let _ = process.write(2, format!("[{}] [{level:>5}] {message}\n", stamp(process))).await;
}

struct FluentBit {
    sections: Vec<Section>,
    /// The sections that tail files, in the order of the tails.
    inputs: Vec<Section>,
    now: fn(&Process) -> f64,
}

async fn run(process: Arc<Process>) -> Outcome {
    let args: Vec<String> =
        process.argv().iter().skip(1).map(|arg| String::from_utf8_lossy(arg).into_owned()).collect();
    if args.iter().any(|arg| arg == "--version" || arg == "-V") {
        let _ = process.write(1, format!("Fluent Bit v{VERSION}\n")).await;
        return Outcome::Exit(0);
    }
    let banner = format!(
        "Fluent Bit v{VERSION}\n* Copyright (C) 2015-2025 The Fluent Bit Authors\n* Fluent Bit is a CNCF sub-project under the umbrella \
         of Fluentd\n* https://fluentbit.io\n\n"
    );
    let _ = process.write(2, banner).await;
    let (mut sections, file) = from_arguments(&args);
    if let Some(file) =
        file.or_else(|| sections.is_empty().then(|| "/fluent-bit/etc/fluent-bit.conf".to_owned()))
    {
        let read = process.read_file(file.as_bytes(), MAX_CONFIG).await;
        let parsed = match read {
            Ok(text) => parse(&with_variables(&process, &String::from_utf8_lossy(&text))),
            Err(errno) => Err(format!("could not open configuration file: {}", process.text(errno))),
        };
        match parsed {
            Ok(mut parsed) => sections.append(&mut parsed),
            Err(message) => {
                say(&process, "error", &format!("[config] {file}: {message}")).await;
                say(&process, "error", "configuration file contains errors, aborting.").await;
                return Outcome::Exit(1);
            }
        }
    }
    say(&process, "info", &format!("[fluent bit] version={VERSION}, commit=3a91b155d6, pid={}", process.pid))
        .await;
    let mut tails = Vec::new();
    let mut inputs = Vec::new();
    for section in sections.iter().filter(|section| section.name == "input") {
        match section.get("name").unwrap_or_default().to_ascii_lowercase().as_str() {
            "tail" => {
                let Some(path) = section.get("path") else {
                    say(
                        &process,
                        "error",
                        &format!("[input:tail:tail.{}] no input 'path' was given", inputs.len()),
                    )
                    .await;
                    return failed(&process, "tail").await;
                };
                let patterns = path.split(',').map(|path| path.trim().to_owned()).collect();
                let from_head = section.get("read_from_head").is_some_and(|value| {
                    ["true", "on", "yes"].iter().any(|known| value.eq_ignore_ascii_case(known))
                });
                tails.push(Tail::new(patterns, from_head));
                inputs.push(section.clone());
            }
            "dummy" | "cpu" | "mem" => {}
            other => {
                say(&process, "error", &format!("[config] unknown input plugin '{other}'")).await;
                return failed(&process, other).await;
            }
        }
    }
    for section in sections.iter().filter(|section| section.name == "output") {
        match section.get("name").unwrap_or_default().to_ascii_lowercase().as_str() {
            "stdout" => say(&process, "info", "[output:stdout:stdout.0] worker #0 started").await,
            "null" => {}
            other => {
                let host = section.get("host").unwrap_or("127.0.0.1");
                say(
                    &process,
                    "warn",
                    &format!("[output:{other}:{other}.0] no upstream connections available to {host}"),
                )
                .await;
            }
        }
    }
    say(&process, "info", "[sp] stream processor started").await;
    let shipper = FluentBit { sections, inputs, now: |process| process.now().as_nanosecond() as f64 / 1e9 };
    let signal = ship(&process, &shipper, &mut tails).await;
    let _ =
        process.write(2, format!("[{}] [engine] caught signal ({})\n", stamp(&process), name(signal))).await;
    say(&process, "warn", "[engine] service will shutdown in max 5 seconds").await;
    say(&process, "info", "[engine] service has stopped (0 pending tasks)").await;
    Outcome::Exit(0)
}

fn name(signal: Signal) -> &'static str {
    if signal == Signal::INT { "SIGINT" } else { "SIGTERM" }
}

async fn failed(process: &Process, plugin: &str) -> Outcome {
    say(process, "error", &format!("[input] failed initialize input {plugin}.0")).await;
    say(process, "error", "[engine] input initialization failed").await;
    Outcome::Exit(255)
}

impl FluentBit {
    fn tag(&self, input: usize, path: &str) -> String {
        let tag = self.inputs.get(input).and_then(|section| section.get("tag"));
        let dotted = path.trim_start_matches('/').replace('/', ".");
        match tag {
            Some(tag) => tag.replace('*', &dotted),
            None => format!("tail.{input}"),
        }
    }

    /// A record as filters leave it; `None` where one drops it.
    fn record(&self, tag: &str, input: usize, line: &Line) -> Option<Map<String, Value>> {
        let section = self.inputs.get(input)?;
        let key = section.get("key").unwrap_or("log");
        let mut record = Map::new();
        if section.get("parser").is_some_and(|parser| parser.eq_ignore_ascii_case("json"))
            && let Ok(Value::Object(parsed)) = serde_json::from_str(&line.text)
        {
            record = parsed;
        } else {
            record.insert(key.to_owned(), json!(line.text));
        }
        if let Some(key) = section.get("path_key") {
            record.insert(key.to_owned(), json!(line.path));
        }
        for filter in
            self.sections.iter().filter(|section| section.name == "filter" && matches_tag(section, tag))
        {
            match filter.get("name").unwrap_or_default().to_ascii_lowercase().as_str() {
                "record_modifier" | "modify" => {
                    for pair in ["record", "add", "set"].into_iter().flat_map(|key| filter.all(key)) {
                        if let Some((key, value)) = pair.split_once(char::is_whitespace) {
                            record.insert(key.to_owned(), json!(value.trim()));
                        }
                    }
                }
                "grep" => {
                    let fits = |rule: &str| {
                        let (key, pattern) = rule.split_once(char::is_whitespace).unwrap_or((rule, ""));
                        let value = record
                            .get(key.trim_start_matches('$'))
                            .and_then(Value::as_str)
                            .unwrap_or_default();
                        regex::Regex::new(pattern.trim()).is_ok_and(|regex| regex.is_match(value))
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
}

/// Whether a filter or an output takes what has this tag.
fn matches_tag(section: &Section, tag: &str) -> bool {
    let pattern = section.get("match").unwrap_or("*");
    crate::libc::fnmatch::fnmatch(pattern.as_bytes(), tag.as_bytes())
}

impl Shipper for FluentBit {
    fn following(&self, process: &Process, input: usize, path: &str) -> String {
        let inode = process.stat(path.as_bytes(), true).map_or(0, |stat| stat.ino);
        format!(
            "[{}] [ info] [input:tail:tail.{input}] inotify_fs_add(): inode={inode} watch_fd=1 name={path}\n",
            stamp(process)
        )
    }

    fn records(&self, process: &Process, input: usize, lines: &[Line]) -> String {
        let mut text = String::new();
        let time = (self.now)(process);
        for output in self.sections.iter().filter(|section| {
            section.name == "output"
                && section.get("name").is_some_and(|name| name.eq_ignore_ascii_case("stdout"))
        }) {
            let mut number = 0;
            for line in lines {
                let tag = self.tag(input, &line.path);
                if !matches_tag(output, &tag) {
                    continue;
                }
                let Some(mut record) = self.record(&tag, input, line) else { continue };
                if output.get("format").is_some_and(|format| format.starts_with("json")) {
                    let mut dated = Map::new();
                    dated.insert("date".to_owned(), json!(time));
                    dated.append(&mut record);
                    let _ = writeln!(text, "{}", Value::Object(dated));
                } else {
                    let fields: Vec<String> =
                        record.iter().map(|(key, value)| format!("{}=>{value}", json!(key))).collect();
                    let _ =
                        writeln!(text, "[{number}] {tag}: [[{time:.9}, {{}}], {{{}}}]", fields.join(", "));
                }
                number += 1;
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{from_arguments, parse};

    #[test]
    fn sections_have_keys_whatever_their_case() {
        let sections =
            parse("[SERVICE]\n    Flush 1\n# no\n[INPUT]\n  Name  tail\n  Path  /a b.log\n").unwrap();
        assert_eq!(sections[1].name, "input");
        assert_eq!(sections[1].get("path"), Some("/a b.log"));
        assert_eq!(parse("Name tail\n"), Err("1: undefined section".to_owned()));
    }

    #[test]
    fn options_stand_for_sections() {
        let args = ["-i", "tail", "-p", "path=/x", "-o", "stdout", "-m", "*"].map(str::to_owned);
        let (sections, file) = from_arguments(&args);
        assert_eq!((sections.len(), file), (2, None));
        assert_eq!(sections[0].get("path"), Some("/x"));
        assert_eq!(sections[1].get("match"), Some("*"));
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "\\PC{0,200}") {
            let _ = parse(&text);
        }
    }
}
