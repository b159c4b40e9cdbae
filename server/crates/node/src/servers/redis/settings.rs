//! What the command line and a file of settings say, and `CONFIG`.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::protocol::Reply;
use crate::{
    kernel::process::Process,
    libc::fnmatch::{MatchOptions, matches},
};

/// Settings, with what they are where nobody says otherwise.
const DEFAULTS: &[(&str, &str)] = &[
    ("appendfilename", "appendonly.aof"),
    ("appenddirname", "appendonlydir"),
    ("appendfsync", "everysec"),
    ("appendonly", "no"),
    ("bind", "* -::*"),
    ("client-output-buffer-limit", "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60"),
    ("cluster-enabled", "no"),
    ("daemonize", "no"),
    ("databases", "16"),
    ("dbfilename", "dump.rdb"),
    ("dir", "/data"),
    ("hz", "10"),
    ("io-threads", "1"),
    ("lazyfree-lazy-eviction", "no"),
    ("logfile", ""),
    ("loglevel", "notice"),
    ("maxclients", "10000"),
    ("maxmemory", "0"),
    ("maxmemory-policy", "noeviction"),
    ("maxmemory-samples", "5"),
    ("min-replicas-to-write", "0"),
    ("notify-keyspace-events", ""),
    ("pidfile", ""),
    ("port", "6379"),
    ("protected-mode", "no"),
    ("rdbchecksum", "yes"),
    ("rdbcompression", "yes"),
    ("replica-read-only", "yes"),
    ("replicaof", ""),
    ("requirepass", ""),
    ("masterauth", ""),
    ("save", "3600 1 300 100 60 10000"),
    ("slowlog-log-slower-than", "10000"),
    ("slowlog-max-len", "128"),
    ("stop-writes-on-bgsave-error", "yes"),
    ("supervised", "no"),
    ("tcp-backlog", "511"),
    ("tcp-keepalive", "300"),
    ("timeout", "0"),
    ("unixsocket", ""),
];
/// Settings that nothing can change while the server runs.
const FIXED: &[&str] =
    &["bind-source-addr", "daemonize", "databases", "cluster-enabled", "supervised", "tcp-backlog"];
/// The largest file of settings.
const MAX_FILE: usize = 1 << 20;

/// What is set, by name.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    values: BTreeMap<String, String>,
    /// The file that was read, if there was one.
    pub(super) file: String,
}

impl Settings {
    pub(super) fn new() -> Self {
        let values = DEFAULTS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { values, file: String::new() }
    }

    /// Reads `redis-server [FILE] [--port 6379]...`. The error is what the server says before it gives up.
    pub(super) async fn read(process: &Process) -> Result<Self, String> {
        let mut settings = Self::new();
        let argv = process.argv();
        let args: Vec<String> =
            argv.iter().skip(1).map(|arg| String::from_utf8_lossy(arg).into_owned()).collect();
        let mut lines: Vec<String> = Vec::new();
        for (index, arg) in args.iter().enumerate() {
            match arg.strip_prefix("--") {
                Some(name) => lines.push(name.to_owned()),
                None if index == 0 && arg != "-" => {
                    let text = process.read_file(arg.as_bytes(), MAX_FILE).await.map_err(|errno| {
                        format!("Fatal error, can't open config file '{arg}': {}", process.text(errno))
                    })?;
                    settings.file =
                        String::from_utf8_lossy(&process.real_path(arg.as_bytes()).unwrap_or_default())
                            .into_owned();
                    lines.extend(String::from_utf8_lossy(&text).lines().map(str::to_owned));
                }
                None => {
                    if let Some(line) = lines.last_mut() {
                        line.push_str(&format!(" {}", quoted(arg)));
                    }
                }
            }
        }
        for (index, line) in lines.iter().enumerate() {
            settings.read_line(line).map_err(|why| {
                format!("Reading the configuration file, at line {}\n>>> '{}'\n{why}", index + 1, line.trim())
            })?;
        }
        Ok(settings)
    }

    fn read_line(&mut self, line: &str) -> Result<(), String> {
        let words = super::words::split(line.trim()).ok_or("Unbalanced quotes in configuration line")?;
        let words: Vec<String> =
            words.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        let Some((name, values)) = words.split_first().filter(|(name, _)| !name.starts_with('#')) else {
            return Ok(());
        };
        let name = name.to_lowercase();
        let many = matches!(
            name.as_str(),
            "save"
                | "bind"
                | "client-output-buffer-limit"
                | "replicaof"
                | "slaveof"
                | "rename-command"
                | "user"
                | "loadmodule"
                | "include"
        );
        if values.is_empty() || (values.len() > 1 && !many) {
            return Err("wrong number of arguments".to_owned());
        }
        match name.as_str() {
            "rename-command" | "user" | "loadmodule" | "include" => Ok(()),
            "slaveof" => self.set("replicaof", &values.join(" ")),
            // Further lines add further points of time.
            "save" if values.len() > 1 && self.values.get("save").is_some_and(|old| !old.is_empty()) => {
                let default = DEFAULTS.iter().any(|(key, text)| {
                    *key == "save" && self.values.get("save").is_some_and(|old| old == text)
                });
                let old = if default { String::new() } else { format!("{} ", self.values["save"]) };
                self.values.insert(name, old + &values.join(" "));
                Ok(())
            }
            _ => self.set(&name, &values.join(" ")),
        }
    }

    /// Changes a setting. The error is what is wrong with it.
    pub(super) fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        if !self.values.contains_key(name) {
            return Err("Bad directive or wrong number of arguments".to_owned());
        }
        let value = match name {
            "maxmemory" => bytes(value).ok_or("argument must be a memory value")?.to_string(),
            "port" | "timeout" | "databases" | "maxclients" | "hz" | "tcp-keepalive" | "tcp-backlog" => {
                let number: i64 = value.parse().map_err(|_| "argument couldn't be parsed into an integer")?;
                if name == "port" && !(0..=65_535).contains(&number) {
                    return Err("argument must be between 0 and 65535 inclusive".to_owned());
                }
                value.to_owned()
            }
            "appendonly"
            | "protected-mode"
            | "rdbcompression"
            | "rdbchecksum"
            | "daemonize"
            | "cluster-enabled"
            | "replica-read-only"
            | "stop-writes-on-bgsave-error" => match value.to_ascii_lowercase().as_str() {
                "yes" | "no" => value.to_ascii_lowercase(),
                _ => return Err("argument must be 'yes' or 'no'".to_owned()),
            },
            _ => value.to_owned(),
        };
        self.values.insert(name.to_owned(), value);
        Ok(())
    }

    pub(super) fn get(&self, name: &str) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }

    pub(super) fn is_on(&self, name: &str) -> bool {
        self.get(name) == "yes"
    }

    pub(super) fn port(&self) -> u16 {
        self.get("port").parse().unwrap_or(6379)
    }

    pub(super) fn password(&self) -> Option<&str> {
        Some(self.get("requirepass")).filter(|password| !password.is_empty())
    }

    /// Whether the server is to save when it ends.
    pub(super) fn saves(&self) -> bool {
        !self.get("save").is_empty()
    }

    /// `CONFIG`
    pub(super) fn command(&mut self, args: &[Bytes]) -> Reply {
        let words: Vec<String> = args.iter().map(|arg| String::from_utf8_lossy(arg).into_owned()).collect();
        let sub = words.first().map(|word| word.to_ascii_uppercase()).unwrap_or_default();
        match (sub.as_str(), words.get(1..).unwrap_or_default()) {
            ("GET", patterns) if !patterns.is_empty() => {
                let fits = |name: &str| {
                    patterns.iter().any(|pattern| {
                        matches(pattern.to_lowercase().as_bytes(), name.as_bytes(), MatchOptions::default())
                    })
                };
                let found = self.values.iter().filter(|(name, _)| fits(name));
                Reply::Array(
                    found
                        .flat_map(|(name, value)| [name, value])
                        .map(|text| Reply::text(text.clone()))
                        .collect(),
                )
            }
            ("SET", pairs) if !pairs.is_empty() && pairs.len().is_multiple_of(2) => {
                for pair in pairs.chunks(2) {
                    let name = pair[0].to_lowercase();
                    let result = match FIXED.contains(&name.as_str()) {
                        true => Err("can't set immutable config".to_owned()),
                        false if !self.values.contains_key(&name) => {
                            return Reply::Error(format!(
                                "ERR Unknown option or number of arguments for CONFIG SET - '{name}'"
                            ));
                        }
                        false => self.set(&name, &pair[1]),
                    };
                    if let Err(why) = result {
                        return Reply::Error(format!(
                            "ERR CONFIG SET failed (possibly related to argument '{name}') - {why}"
                        ));
                    }
                }
                Reply::ok()
            }
            ("RESETSTAT", []) => Reply::ok(),
            ("REWRITE", []) if self.file.is_empty() => {
                Reply::Error("ERR The server is running without a config file".to_owned())
            }
            ("REWRITE", []) => Reply::ok(),
            ("GET" | "SET" | "RESETSTAT" | "REWRITE", _) => Reply::Error(format!(
                "ERR wrong number of arguments for 'config|{}' command",
                sub.to_lowercase()
            )),
            _ => Reply::Error(format!(
                "ERR unknown subcommand '{}'. Try CONFIG HELP.",
                words.first().map_or("", String::as_str)
            )),
        }
    }
}

/// A word as a line of a file says it.
fn quoted(word: &str) -> String {
    match word.is_empty() || word.contains(char::is_whitespace) {
        true => format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"")),
        false => word.to_owned(),
    }
}

/// An amount of memory: `100mb`.
fn bytes(text: &str) -> Option<u64> {
    let text = text.to_ascii_lowercase();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "b" => 1,
        "k" => 1000,
        "kb" => 1 << 10,
        "m" => 1_000_000,
        "mb" => 1 << 20,
        "g" => 1_000_000_000,
        "gb" => 1 << 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(unit)
}
