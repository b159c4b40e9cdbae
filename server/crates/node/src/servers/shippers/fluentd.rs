//! `fluentd`: its configuration in sections (`<source>`, `<filter>`, `<match>`), `tail` sources, `stdout` output.

use std::{fmt::Write, sync::Arc};

use serde_json::{Map, Value, json};

use super::{Line, MAX_CONFIG, Shipper, Tail, hostname, ship};
use crate::{
    env::BoxFuture,
    kernel::{
        fs::OpenFlags,
        process::{Outcome, Process},
    },
    libc::fnmatch::fnmatch,
};

const VERSION: &str = "1.16.9";

/// A section with what is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Section {
    name: String,
    argument: String,
    keys: Vec<(String, String)>,
    children: Vec<Section>,
}

impl Section {
    fn get(&self, key: &str) -> Option<&str> {
        self.keys.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    fn kind(&self) -> &str {
        self.get("@type").or_else(|| self.get("type")).unwrap_or_default()
    }

    fn child(&self, name: &str) -> Option<&Section> {
        self.children.iter().find(|child| child.name == name)
    }
}

/// Reads a configuration. The error says what is wrong and in which line.
fn parse(text: &str) -> Result<Vec<Section>, String> {
    let mut open: Vec<Section> = vec![Section::default()];
    for (index, line) in text.lines().enumerate() {
        let line = line.split(" #").next().unwrap_or_default().trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let at = |message: &str| Err(format!("{message} at fluent.conf line {},0", index + 1));
        if let Some(name) = line.strip_prefix("</").and_then(|rest| rest.strip_suffix('>')) {
            match open.pop() {
                Some(section) if section.name == name.trim() && !open.is_empty() => {
                    if let Some(parent) = open.last_mut() {
                        parent.children.push(section);
                    }
                }
                Some(section) => {
                    return at(&format!(
                        "unmatched end tag: expected </{}>, but got </{name}>",
                        section.name
                    ));
                }
                None => return at("unmatched end tag"),
            }
        } else if let Some(head) = line.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')) {
            if open.len() > 32 {
                return at("sections are nested too deep");
            }
            let (name, argument) = head.split_once(char::is_whitespace).unwrap_or((head, ""));
            open.push(Section {
                name: name.to_owned(),
                argument: argument.trim().to_owned(),
                ..Section::default()
            });
        } else if let Some(section) = open.last_mut() {
            let (key, value) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            let value = value.trim();
            let value = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
            section.keys.push((key.to_owned(), value.to_owned()));
        }
    }
    match (open.pop(), open.is_empty()) {
        (Some(root), true) => Ok(root.children),
        (Some(section), false) => Err(format!("unclosed section <{}>", section.name)),
        (None, _) => Ok(Vec::new()),
    }
}

pub(in crate::servers) fn main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(run(process))
}

fn stamp(process: &Process) -> String {
    process.now().strftime("%Y-%m-%d %H:%M:%S +0000").to_string()
}

async fn say(process: &Process, level: &str, message: &str) {
    let _ = process.write(1, format!("{} [{level}]: {message}\n", stamp(process))).await;
}

struct Fluentd {
    sources: Vec<Section>,
    rules: Vec<Section>,
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

async fn run(process: Arc<Process>) -> Outcome {
    let args: Vec<String> =
        process.argv().iter().skip(1).map(|arg| String::from_utf8_lossy(arg).into_owned()).collect();
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
    let mut sources = Vec::new();
    let mut tails = Vec::new();
    for source in sections.iter().filter(|section| section.name == "source") {
        match source.kind() {
            "tail" => {
                let Some(paths) = source.get("path") else {
                    return config_error(&process, &path, "tail: 'path' parameter is required on tail input")
                        .await;
                };
                if source.get("tag").is_none() {
                    return config_error(&process, &path, "'tag' parameter is required").await;
                }
                let from_head = source.get("read_from_head") == Some("true");
                tails.push(Tail::new(
                    paths.split(',').map(|path| path.trim().to_owned()).collect(),
                    from_head,
                ));
                sources.push(source.clone());
            }
            "forward" | "http" | "monitor_agent" | "dummy" | "sample" => {}
            "" => {
                return config_error(&process, &path, "Missing '@type' parameter on <source> directive")
                    .await;
            }
            other => {
                let message = format!(
                    "Unknown input plugin '{other}'. Run 'gem search -rd fluent-plugin' to find plugins"
                );
                return config_error(&process, &path, &message).await;
            }
        }
    }
    let shown: String =
        text.lines().filter(|line| !line.trim().is_empty()).map(|line| format!("  {line}\n")).collect();
    say(&process, "info", &format!("gem 'fluentd' version '{VERSION}'")).await;
    say(&process, "info", &format!("using configuration file: <ROOT>\n{shown}</ROOT>")).await;
    say(&process, "info", &format!("starting fluentd-{VERSION} pid={} ruby=\"3.2.9\"", process.pid)).await;
    for rule in sections.iter().filter(|section| section.name == "match") {
        say(
            &process,
            "info",
            &format!("adding match pattern=\"{}\" type=\"{}\"", rule.argument, rule.kind()),
        )
        .await;
        if !matches!(rule.kind(), "stdout" | "null" | "file" | "copy") {
            say(
                &process,
                "warn",
                &format!("#0 the output of type \"{}\" cannot be reached from here", rule.kind()),
            )
            .await;
        }
    }
    for source in &sources {
        say(&process, "info", &format!("adding source type=\"{}\"", source.kind())).await;
        if let Some(position) = source.get("pos_file")
            && let Ok(file) = process.open_file(position.as_bytes(), OpenFlags::APPEND, 0o644).await
        {
            drop(file);
        }
    }
    say(&process, "info", "#0 fluentd worker is now running worker=0").await;
    let rules =
        sections.into_iter().filter(|section| matches!(section.name.as_str(), "match" | "filter")).collect();
    ship(&process, &Fluentd { sources, rules }, &mut tails).await;
    for line in [
        "Received graceful stop",
        "#0 fluentd worker is now stopping worker=0",
        "Worker 0 finished with status 0",
    ] {
        say(&process, "info", line).await;
    }
    Outcome::Exit(0)
}

impl Fluentd {
    fn tag(&self, input: usize, path: &str) -> String {
        let tag = self.sources.get(input).and_then(|source| source.get("tag")).unwrap_or_default();
        tag.replace('*', &path.trim_start_matches('/').replace('/', "."))
    }

    fn record(&self, process: &Process, input: usize, line: &Line) -> Option<Map<String, Value>> {
        let source = self.sources.get(input)?;
        let parser =
            source.child("parse").map(Section::kind).or_else(|| source.get("format")).unwrap_or("none");
        let mut record = Map::new();
        match (parser, serde_json::from_str(&line.text)) {
            ("json", Ok(Value::Object(parsed))) => record = parsed,
            // A line that does not fit its format is passed over, with a warning.
            ("json", _) => return None,
            _ => drop(record.insert("message".to_owned(), json!(line.text))),
        }
        let tag = self.tag(input, &line.path);
        for filter in self.rules.iter().filter(|rule| rule.name == "filter" && rule.takes(&tag)) {
            match filter.kind() {
                "record_transformer" => {
                    for (key, value) in filter.child("record").into_iter().flat_map(|record| &record.keys) {
                        let value = value
                            .replace("#{Socket.gethostname}", &hostname(process))
                            .replace("${hostname}", &hostname(process))
                            .replace("${tag}", &tag);
                        record.insert(key.clone(), json!(value));
                    }
                }
                "grep" => {
                    for rule in &filter.children {
                        let value = record.get(rule.get("key")?).and_then(Value::as_str).unwrap_or_default();
                        let pattern = rule.get("pattern").unwrap_or_default().trim_matches('/');
                        let fits = regex::Regex::new(pattern).is_ok_and(|regex| regex.is_match(value));
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
}

impl Section {
    /// Whether a rule's patterns take a tag.
    fn takes(&self, tag: &str) -> bool {
        self.argument.split_whitespace().any(|pattern| match pattern {
            "**" | "" => true,
            pattern => fnmatch(pattern.replace("**", "*").as_bytes(), tag.as_bytes()),
        })
    }
}

impl Shipper for Fluentd {
    fn following(&self, process: &Process, _: usize, path: &str) -> String {
        format!("{} [info]: #0 following tail of {path}\n", stamp(process))
    }

    fn records(&self, process: &Process, input: usize, lines: &[Line]) -> String {
        let mut text = String::new();
        for line in lines {
            let tag = self.tag(input, &line.path);
            let Some(rule) = self.rules.iter().find(|rule| rule.name == "match" && rule.takes(&tag)) else {
                let _ = writeln!(text, "{} [warn]: #0 no patterns matched tag=\"{tag}\"", stamp(process));
                continue;
            };
            let stores = rule.children.iter().filter(|child| child.name == "store").map(Section::kind);
            if rule.kind() != "stdout" && !stores.into_iter().any(|kind| kind == "stdout") {
                continue;
            }
            if let Some(record) = self.record(process, input, line) {
                let time = process.now().strftime("%Y-%m-%d %H:%M:%S.%9f +0000");
                let _ = writeln!(text, "{time} {tag}: {}", Value::Object(record));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::parse;

    #[test]
    fn sections_hold_sections() {
        let sections = parse("<source>\n @type tail\n path /a\n <parse>\n  @type none\n </parse>\n</source>\n<match **>\n @type stdout\n</match>\n").unwrap();
        assert_eq!(sections[0].child("parse").unwrap().kind(), "none");
        assert!(sections[1].takes("any.tag"));
        assert!(parse("<source>\n").is_err() && parse("</source>\n").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "[<>/a-z \n@]{0,200}") {
            let _ = parse(&text);
        }
    }
}
