//! Names of virtual servers.

use std::fmt;

use regex::Regex;

use super::{Groups, levels::regex};
use crate::servers::nginx::config::{ConfigError, Directive};

/// A name of a virtual server.
#[derive(Clone, Debug)]
pub(in crate::servers::nginx) enum ServerName {
    Exact(String),
    /// `*.example.com`, kept as `.example.com`.
    Suffix(String),
    /// `.example.com`, kept as it is: the name with and without something before it.
    SuffixOrSelf(String),
    /// `www.*`, kept as `www.`.
    Prefix(String),
    Regex(Regex),
}

impl ServerName {
    /// Reads an argument of `server_name`.
    pub(super) fn read(directive: &Directive, name: &str) -> Result<Self, ConfigError> {
        let lower = name.to_ascii_lowercase();
        if let Some(pattern) = name.strip_prefix('~') {
            return Ok(Self::Regex(regex(directive, pattern, true)?));
        }
        if let Some(suffix) = lower.strip_prefix('*')
            && suffix.starts_with('.')
            && !suffix.contains('*')
        {
            return Ok(Self::Suffix(suffix.to_owned()));
        }
        if lower.starts_with('.') {
            return Ok(Self::SuffixOrSelf(lower));
        }
        if let Some(prefix) = lower.strip_suffix('*')
            && prefix.ends_with('.')
            && !prefix.contains('*')
        {
            return Ok(Self::Prefix(prefix.to_owned()));
        }
        if lower.contains('*') {
            return Err(directive.error(format!("invalid server name or wildcard \"{name}\" on 0.0.0.0:80")));
        }
        Ok(Self::Exact(lower))
    }

    /// Whether it stands for `host`, how well, and what its groups matched.
    pub(super) fn fits(&self, host: &str) -> Option<(u8, usize, Groups)> {
        match self {
            Self::Exact(exact) if exact == host => Some((4, 0, Groups::default())),
            Self::SuffixOrSelf(suffix) if suffix.get(1..) == Some(host) => Some((4, 0, Groups::default())),
            Self::Suffix(suffix) | Self::SuffixOrSelf(suffix) if host.ends_with(suffix.as_str()) => {
                Some((3, suffix.len(), Groups::default()))
            }
            Self::Prefix(prefix) if host.starts_with(prefix.as_str()) => {
                Some((2, prefix.len(), Groups::default()))
            }
            Self::Regex(regex) => Groups::of(regex, host).map(|groups| (1, 0, groups)),
            _ => None,
        }
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(name) | Self::SuffixOrSelf(name) => f.write_str(name),
            Self::Suffix(name) => write!(f, "*{name}"),
            Self::Prefix(name) => write!(f, "{name}*"),
            Self::Regex(regex) => write!(f, "~{}", regex.as_str()),
        }
    }
}
