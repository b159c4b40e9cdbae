//! From directives to settings: the main level.

use std::{collections::BTreeMap, future::Future, net::IpAddr, pin::Pin};

use super::{Settings, http, logs, stream};
use crate::{
    libc::resolver::ResolveError,
    servers::nginx::config::{ConfigError, Directive, value},
};

/// What names of hosts, users and files stand for on this machine.
pub(in crate::servers::nginx) trait Resolve {
    /// The addresses of a host.
    fn resolve<'a>(
        &'a self,
        host: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<IpAddr>, ResolveError>> + Send + 'a>>;
    /// The numbers of a user and of its group.
    fn user(&self, name: &str) -> Option<(u32, u32)>;
    fn group(&self, name: &str) -> Option<u32>;
    fn processors(&self) -> usize;
    /// Whether it runs as root.
    fn is_root(&self) -> bool;
    /// Whether there is a file that can be read.
    fn readable(&self, path: &str) -> bool;
}

/// What a build of nginx has compiled in.
#[derive(Clone, Copy, Debug)]
pub(in crate::servers::nginx) struct Defaults {
    pub(in crate::servers::nginx) error_log: &'static str,
    pub(in crate::servers::nginx) access_log: &'static str,
    pub(in crate::servers::nginx) pid: &'static str,
    pub(in crate::servers::nginx) user: &'static str,
}

/// Settings from directives.
pub(in crate::servers::nginx) async fn build(
    directives: &[Directive],
    resolve: &(dyn Resolve + Sync),
    defaults: Defaults,
) -> Result<Settings, ConfigError> {
    let find = |name: &str| directives.iter().find(|directive| directive.name == name);
    let flag = |name: &str| find(name).is_none_or(|directive| directive.arg(0).eq_ignore_ascii_case("on"));
    let mut settings = Settings {
        daemon: flag("daemon"),
        worker_processes: workers(find("worker_processes"), resolve)?,
        user: None,
        pid: find("pid").map_or(defaults.pid.to_owned(), |directive| absolute(directive.arg(0))),
        error_log: Vec::new(),
        shutdown_timeout: find("worker_shutdown_timeout").and_then(|directive| value::time(directive.arg(0))),
        temp_paths: Vec::new(),
        listens: Vec::new(),
        servers: Vec::new(),
        maps: BTreeMap::new(),
        upstreams: BTreeMap::new(),
        streams: Vec::new(),
        http_logs: Vec::new(),
        default_at: std::collections::BTreeSet::new(),
        warnings: Vec::new(),
    };
    settings.user = user(find("user"), resolve, defaults, &mut settings.warnings)?;
    let error_logs: Vec<_> = directives.iter().filter(|directive| directive.name == "error_log").collect();
    settings.error_log = logs::error_logs(&error_logs)?;
    if settings.error_log.is_empty() {
        let file = super::LogFile::Path(defaults.error_log.to_owned());
        settings.error_log.push((file, super::LogLevel::Error));
    }
    if let Some(events) = find("events")
        && let Some(method) = events.block.iter().find(|directive| directive.name == "use")
        && !matches!(method.arg(0), "epoll" | "poll" | "select")
    {
        return Err(method.error(format!("invalid event type \"{}\"", method.arg(0))));
    }
    if let Some(block) = find("http") {
        http::parse(block, resolve, defaults, &mut settings).await?;
    }
    if let Some(block) = find("stream") {
        settings.streams = stream::parse(block, resolve).await?;
    }
    Ok(settings)
}

fn absolute(path: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { format!("/etc/nginx/{path}") }
}

fn workers(directive: Option<&Directive>, resolve: &(dyn Resolve + Sync)) -> Result<usize, ConfigError> {
    let Some(directive) = directive else { return Ok(1) };
    if directive.arg(0) == "auto" {
        return Ok(resolve.processors());
    }
    match value::number(directive.arg(0)).and_then(|number| usize::try_from(number).ok()) {
        // More would cost memory without any use.
        Some(number @ 1..) => Ok(number.min(64)),
        _ => Err(directive.error("\"worker_processes\" directive invalid value")),
    }
}

fn user(
    directive: Option<&Directive>,
    resolve: &(dyn Resolve + Sync),
    defaults: Defaults,
    warnings: &mut Vec<String>,
) -> Result<Option<(u32, u32)>, ConfigError> {
    let Some(directive) = directive else {
        return Ok(resolve.user(defaults.user).filter(|_| resolve.is_root()));
    };
    if !resolve.is_root() {
        let warning = directive.error(
            "the \"user\" directive makes sense only if the master process runs with super-user privileges, ignored",
        );
        warnings.push(warning.message);
        return Ok(None);
    }
    let (name, group) = (directive.arg(0), directive.args.get(1));
    let (uid, gid) =
        resolve.user(name).ok_or_else(|| directive.error(format!("getpwnam(\"{name}\") failed")))?;
    let gid = match group {
        Some(group) => {
            resolve.group(group).ok_or_else(|| directive.error(format!("getgrnam(\"{group}\") failed")))?
        }
        None => resolve.group(name).unwrap_or(gid),
    };
    Ok(Some((uid, gid)))
}
