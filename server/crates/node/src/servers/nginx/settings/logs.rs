//! Logs: where they go, and what lines look like.

use std::sync::Arc;

use super::levels::Levels;
use crate::servers::nginx::{
    config::{ConfigError, Directive},
    template::Template,
};

/// Where lines go.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::servers::nginx) enum LogFile {
    Path(String),
    Stderr,
    /// Nowhere that podlab has: syslog, a ring buffer.
    Elsewhere,
}

impl LogFile {
    fn parse(text: &str) -> Self {
        match text {
            "stderr" => Self::Stderr,
            _ if text.starts_with("syslog:") || text.starts_with("memory:") => Self::Elsewhere,
            _ if text.starts_with('/') => Self::Path(text.to_owned()),
            _ => Self::Path(format!("/etc/nginx/{text}")),
        }
    }
}

/// How important a message is, the most important first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::servers::nginx) enum LogLevel {
    Emerg,
    Alert,
    Crit,
    Error,
    Warn,
    Notice,
    Info,
    Debug,
}

impl LogLevel {
    const ALL: [(Self, &'static str); 8] = [
        (Self::Emerg, "emerg"),
        (Self::Alert, "alert"),
        (Self::Crit, "crit"),
        (Self::Error, "error"),
        (Self::Warn, "warn"),
        (Self::Notice, "notice"),
        (Self::Info, "info"),
        (Self::Debug, "debug"),
    ];

    pub(in crate::servers::nginx) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(level, _)| *level == self).map_or("", |(_, name)| name)
    }
}

/// A log of requests.
#[derive(Clone, Debug)]
pub(in crate::servers::nginx) struct AccessLog {
    pub(in crate::servers::nginx) file: LogFile,
    pub(in crate::servers::nginx) format: Arc<Format>,
    /// Only where this is neither empty nor 0.
    pub(in crate::servers::nginx) condition: Option<Template>,
}

/// What a line looks like.
#[derive(Debug)]
pub(in crate::servers::nginx) struct Format {
    name: String,
    pub(in crate::servers::nginx) line: Template,
    pub(in crate::servers::nginx) escape_json: bool,
}

const COMBINED: &str = "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \
                        \"$http_referer\" \"$http_user_agent\"";

/// The formats that a block defines, and the one that there is always.
pub(super) fn formats(block: &[Directive]) -> Result<Vec<Arc<Format>>, ConfigError> {
    let combined = Template::parse(COMBINED).unwrap_or_default();
    let mut formats =
        vec![Arc::new(Format { name: "combined".to_owned(), line: combined, escape_json: false })];
    for directive in block.iter().filter(|directive| directive.name == "log_format") {
        let name = directive.arg(0);
        if formats.iter().any(|format| format.name == name) {
            return Err(directive.error(format!("duplicate \"log_format\" name \"{name}\"")));
        }
        let (escape, parts) = match directive.arg(1).strip_prefix("escape=") {
            Some(escape) => (escape, &directive.args[2..]),
            None => ("default", &directive.args[1..]),
        };
        if !matches!(escape, "default" | "json" | "none") {
            return Err(directive.error(format!("unknown log format escaping \"{escape}\"")));
        }
        let line = Template::parse(&parts.concat()).map_err(|message| directive.error(message))?;
        formats.push(Arc::new(Format { name: name.to_owned(), line, escape_json: escape == "json" }));
    }
    Ok(formats)
}

/// The logs of requests that hold at a level.
pub(super) fn access_logs(
    levels: &Levels<'_>,
    formats: &[Arc<Format>],
    default: &str,
) -> Result<Vec<AccessLog>, ConfigError> {
    let directives = levels.all("access_log");
    let format = |name: &str| formats.iter().find(|format| format.name == name).cloned();
    if directives.is_empty() {
        let file = LogFile::Path(default.to_owned());
        return Ok(format("combined")
            .map(|format| AccessLog { file, format, condition: None })
            .into_iter()
            .collect());
    }
    let mut logs = Vec::new();
    for directive in directives {
        if directive.arg(0) == "off" {
            if directive.args.len() > 1 {
                return Err(directive.error(format!("invalid parameter \"{}\"", directive.arg(1))));
            }
            return Ok(Vec::new());
        }
        let mut name = "combined";
        let mut condition = None;
        for (index, arg) in directive.args.iter().enumerate().skip(1) {
            if let Some(value) = arg.strip_prefix("if=") {
                condition = Some(Template::parse(value).map_err(|message| directive.error(message))?);
            } else if index == 1 && !arg.contains('=') {
                name = arg;
            } else if !["buffer=", "flush=", "gzip"].iter().any(|known| arg.starts_with(known)) {
                return Err(directive.error(format!("invalid parameter \"{arg}\"")));
            }
        }
        let format = format(name).ok_or_else(|| directive.error(format!("unknown log format \"{name}\"")))?;
        logs.push(AccessLog { file: LogFile::parse(directive.arg(0)), format, condition });
    }
    Ok(logs)
}

/// The logs of errors of these directives.
pub(super) fn error_logs(directives: &[&Directive]) -> Result<Vec<(LogFile, LogLevel)>, ConfigError> {
    let mut logs = Vec::new();
    for directive in directives {
        let level = match directive.args.get(1) {
            None => LogLevel::Error,
            Some(name) => LogLevel::ALL
                .iter()
                .find(|(_, known)| known == name)
                .map(|(level, _)| *level)
                .ok_or_else(|| directive.error(format!("invalid log level \"{name}\"")))?,
        };
        logs.push((LogFile::parse(directive.arg(0)), level));
    }
    Ok(logs)
}
