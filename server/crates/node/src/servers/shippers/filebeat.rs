//! `filebeat`: `filebeat.yml` with inputs of type `log` or `filestream`, output to the console.

use std::{fmt::Write, sync::Arc};

use serde_json::{Value, json};

use super::{Line, MAX_CONFIG, Shipped, Shipper, Tail, hostname, ship, with_variables};
use crate::{
    env::BoxFuture,
    kernel::process::{Outcome, Process},
    servers::release,
};

pub(in crate::servers) fn main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(run(process))
}

async fn fail(process: &Process, message: &str) -> Outcome {
    let _ = process.write(2, format!("Exiting: {message}\n")).await;
    Outcome::Exit(1)
}

async fn log(process: &Process, level: &str, logger: &str, message: &str) {
    let entry = json!({
        "log.level": level,
        "@timestamp": process.now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
        "log.logger": logger,
        "message": message,
        "service.name": "filebeat",
        "ecs.version": "1.6.0",
    });
    let _ = process.write(2, format!("{entry}\n")).await;
}

/// A setting by its path; dots in keys are levels too.
fn setting<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    if let Some(found) = value.get(path) {
        return Some(found);
    }
    let mut at = 0;
    while let Some(dot) = path[at..].find('.').map(|dot| at + dot) {
        if let Some(found) = value.get(&path[..dot]).and_then(|inner| setting(inner, &path[dot + 1..])) {
            return Some(found);
        }
        at = dot + 1;
    }
    None
}

struct Filebeat {
    version: &'static str,
    kinds: Vec<String>,
    console: bool,
    pretty: bool,
}

async fn run(process: Arc<Process>) -> Outcome {
    let args: Vec<String> =
        process.argv().iter().skip(1).map(|arg| String::from_utf8_lossy(arg).into_owned()).collect();
    let version = release(&process);
    if args.first().is_some_and(|arg| arg == "version") {
        let _ = process.write(1, format!("filebeat version {version} (amd64), libbeat {version}\n")).await;
        return Outcome::Exit(0);
    }
    let named = args.iter().position(|arg| arg == "-c").and_then(|at| args.get(at + 1));
    let path = match named {
        Some(path) if path.starts_with('/') => path.clone(),
        Some(path) => format!("/usr/share/filebeat/{path}"),
        None => "/usr/share/filebeat/filebeat.yml".to_owned(),
    };
    let text = match process.read_file(path.as_bytes(), MAX_CONFIG).await {
        Ok(text) => with_variables(&process, &String::from_utf8_lossy(&text)),
        Err(errno) => {
            let message =
                format!("error loading config file: stat {path}: {}", process.text(errno).to_lowercase());
            return fail(&process, &message).await;
        }
    };
    let config: Value = match serde_saphyr::from_str(&text) {
        Ok(config) => config,
        Err(error) => return fail(&process, &format!("error loading config file: yaml: {error}")).await,
    };
    let empty = Vec::new();
    let inputs = setting(&config, "filebeat.inputs").and_then(Value::as_array).unwrap_or(&empty);
    let mut tails = Vec::new();
    let mut kinds = Vec::new();
    for input in inputs.iter().filter(|input| input.get("enabled") != Some(&json!(false))) {
        let kind = input.get("type").and_then(Value::as_str).unwrap_or("filestream");
        if !matches!(kind, "log" | "filestream" | "container") {
            return fail(&process, &format!("Failed to start crawler: starting input failed: error while initializing input: unknown input type {kind}")).await;
        }
        let paths: Vec<String> = input
            .get("paths")
            .and_then(Value::as_array)
            .map(|paths| paths.iter().filter_map(Value::as_str).map(str::to_owned).collect())
            .unwrap_or_default();
        if paths.is_empty() {
            return fail(&process, "Failed to start crawler: starting input failed: error while initializing input: no path is configured").await;
        }
        tails.push(Tail::new(paths, true));
        kinds.push(kind.to_owned());
    }
    if tails.is_empty() {
        return fail(&process, "no modules or inputs enabled and configuration reloading disabled. What files do you want me to watch?").await;
    }
    let console = setting(&config, "output.console");
    let elsewhere = ["output.elasticsearch", "output.logstash", "output.kafka", "output.file"]
        .into_iter()
        .find(|name| setting(&config, name).is_some());
    if console.is_none() && elsewhere.is_none() {
        return fail(&process, "no outputs are defined, please define one under the output section").await;
    }
    log(&process, "info", "beat", "filebeat start running.").await;
    if let Some(name) = elsewhere {
        let message = format!(
            "Failed to connect to backoff({}): lookup failed: no such host",
            name.trim_start_matches("output.")
        );
        log(&process, "error", "publisher_pipeline_output", &message).await;
    }
    let pretty =
        console.and_then(|console| console.get("pretty")).is_some_and(|pretty| pretty == &json!(true));
    let mut shipper = Filebeat { version, kinds, console: console.is_some(), pretty };
    ship(&process, &mut shipper, &mut tails).await;
    log(&process, "info", "beat", "filebeat stopped.").await;
    Outcome::Exit(0)
}

impl Shipper for Filebeat {
    fn following(&self, _: &Process, _: usize, _: &str) -> String {
        // It says so in its log, on standard error, at a level that is not shown.
        String::new()
    }

    fn records(&self, process: &Process, input: usize, lines: &[Line]) -> Shipped {
        let mut text = String::new();
        if !self.console {
            return Shipped::default();
        }
        let host = hostname(process);
        let time = process.now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
        for line in lines.iter().filter(|line| !line.text.is_empty()) {
            let record = json!({
                "@timestamp": time,
                "@metadata": {"beat": "filebeat", "type": "_doc", "version": self.version},
                "message": line.text,
                "log": {"offset": line.offset, "file": {"path": line.path}},
                "input": {"type": self.kinds.get(input)},
                "ecs": {"version": "8.0.0"},
                "host": {"name": host},
                "agent": {"type": "filebeat", "version": self.version, "name": host},
            });
            let shown = if self.pretty {
                serde_json::to_string_pretty(&record).unwrap_or_default()
            } else {
                record.to_string()
            };
            let _ = writeln!(text, "{shown}");
        }
        Shipped { shown: text, ..Shipped::default() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::setting;

    #[test]
    fn dots_in_keys_are_levels() {
        for config in [
            json!({"a.b": {"c": 1}}),
            json!({"a": {"b.c": 1}}),
            json!({"a.b.c": 1}),
            json!({"a": {"b": {"c": 1}}}),
        ] {
            assert_eq!(setting(&config, "a.b.c"), Some(&json!(1)));
        }
        assert_eq!(setting(&json!({}), "a.b"), None);
    }
}
