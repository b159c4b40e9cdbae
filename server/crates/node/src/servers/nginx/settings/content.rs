//! What makes the content of a location: files, another server, or nginx itself.

use std::{sync::Arc, time::Duration};

use super::{
    Handler, Matcher, NextUpstream, Proxy, ProxyTarget,
    http::Context,
    levels::{Levels, template},
    upstream::{Upstream, split_host},
};
use crate::servers::nginx::{
    config::{ConfigError, Directive},
    template::Template,
};

/// Directives that say what makes the content.
pub(super) const HANDLERS: [&str; 8] = [
    "proxy_pass",
    "stub_status",
    "empty_gif",
    "fastcgi_pass",
    "uwsgi_pass",
    "scgi_pass",
    "grpc_pass",
    "memcached_pass",
];

impl Context<'_> {
    pub(super) fn handler(&self, levels: &Levels<'_>, matcher: &Matcher) -> Result<Handler, ConfigError> {
        self.handler_of(levels.own(&HANDLERS).collect(), levels, matcher)
    }

    pub(super) fn handler_of(
        &self,
        directives: Vec<&Directive>,
        levels: &Levels<'_>,
        matcher: &Matcher,
    ) -> Result<Handler, ConfigError> {
        let Some(directive) = directives.last() else { return Ok(Handler::Files) };
        if let Some(second) = directives.get(1) {
            return Err(second.error(format!("\"{}\" directive is duplicate", second.name)));
        }
        Ok(match directive.name.as_str() {
            "stub_status" => Handler::StubStatus,
            "empty_gif" => Handler::EmptyGif,
            "fastcgi_pass" => Handler::Unsupported("fastcgi_pass"),
            "uwsgi_pass" => Handler::Unsupported("uwsgi_pass"),
            "scgi_pass" => Handler::Unsupported("scgi_pass"),
            "grpc_pass" => Handler::Unsupported("grpc_pass"),
            "memcached_pass" => Handler::Unsupported("memcached_pass"),
            _ => Handler::Proxy(Box::new(self.proxy(directive, levels, matcher)?)),
        })
    }

    pub(super) fn proxy(
        &self,
        directive: &Directive,
        levels: &Levels<'_>,
        matcher: &Matcher,
    ) -> Result<Proxy, ConfigError> {
        let text = directive.arg(0);
        let target = if text.contains('$') {
            ProxyTarget::Computed(template(directive, 0)?)
        } else {
            let (tls, rest) = split_scheme(text).ok_or_else(|| directive.error("invalid URL prefix"))?;
            let end = rest.find(['/', '?']).unwrap_or(rest.len());
            let (authority, uri) = rest.split_at(end);
            let uri = (!uri.is_empty()).then(|| uri.to_owned());
            if authority.is_empty() {
                return Err(directive.error(format!("no host in upstream \"{rest}\"")));
            }
            if uri.is_some() && matches!(matcher, Matcher::Regex(_) | Matcher::Named(_) | Matcher::Block) {
                return Err(directive.error(
                    "\"proxy_pass\" cannot have URI part in location given by regular expression, or inside named \
                     location, or inside \"if\" statement, or inside \"limit_except\" block",
                ));
            }
            let default_port = if tls { 443 } else { 80 };
            let (host, port) = split_host(authority)
                .ok_or_else(|| directive.error(format!("invalid port in upstream \"{rest}\"")))?;
            let port = if authority.ends_with(&format!(":{port}")) { port } else { default_port };
            let upstream = match self.upstreams.get(authority) {
                Some(upstream) => Arc::clone(upstream),
                None => {
                    let addresses = self.hosts.get(authority).map(Vec::as_slice).unwrap_or_default();
                    Arc::new(Upstream::of_addresses(&host, addresses, port))
                }
            };
            ProxyTarget::Fixed { upstream, tls, host: authority.to_owned(), port, uri }
        };
        let mut set_headers = Vec::new();
        for header in levels.all("proxy_set_header") {
            set_headers.push((header.arg(0).to_owned(), template(header, 1)?));
        }
        let next: Vec<String> = levels
            .find("proxy_next_upstream")
            .map_or(vec!["error".to_owned(), "timeout".to_owned()], |next| next.args.clone());
        let has = |word: &str| next.iter().any(|known| known == word);
        let words = |name: &str| levels.all(name).iter().map(|header| header.arg(0).to_owned()).collect();
        Ok(Proxy {
            redirect: proxy_redirect(levels, &target, matcher)?,
            target,
            set_headers,
            set_body: levels.find("proxy_set_body").map(|directive| template(directive, 0)).transpose()?,
            method: levels.find("proxy_method").map(|directive| template(directive, 0)).transpose()?,
            http_minor: u8::from(
                levels.find("proxy_http_version").is_some_and(|version| version.arg(0) == "1.1"),
            ),
            pass_body: levels.flag("proxy_pass_request_body", true),
            pass_headers: levels.flag("proxy_pass_request_headers", true),
            hide_headers: words("proxy_hide_header"),
            pass_header: words("proxy_pass_header"),
            connect_timeout: levels.time("proxy_connect_timeout", Duration::from_secs(60)),
            read_timeout: levels.time("proxy_read_timeout", Duration::from_secs(60)),
            intercept_errors: levels.flag("proxy_intercept_errors", false),
            next_upstream: NextUpstream {
                error: has("error"),
                timeout: has("timeout"),
                invalid_header: has("invalid_header"),
                statuses: next.iter().filter_map(|word| word.strip_prefix("http_")?.parse().ok()).collect(),
                tries: levels.number("proxy_next_upstream_tries", 0),
            },
        })
    }
}

/// Whether it is TLS, and what follows the scheme.
pub(super) fn split_scheme(url: &str) -> Option<(bool, &str)> {
    let scheme = |name: &str| url.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    if scheme("http://") {
        Some((false, &url[7..]))
    } else if scheme("https://") {
        Some((true, &url[8..]))
    } else {
        None
    }
}

/// Pairs of what a `Location` may begin with and what it becomes then.
fn proxy_redirect(
    levels: &Levels<'_>,
    target: &ProxyTarget,
    matcher: &Matcher,
) -> Result<Vec<(Template, Template)>, ConfigError> {
    let default = || match target {
        ProxyTarget::Fixed { tls, host, uri: Some(uri), .. } => {
            let scheme = if *tls { "https" } else { "http" };
            vec![(Template::fixed(&format!("{scheme}://{host}{uri}")), Template::fixed(matcher.prefix()))]
        }
        ProxyTarget::Fixed { tls, host, .. } => {
            let scheme = if *tls { "https" } else { "http" };
            vec![(Template::fixed(&format!("{scheme}://{host}/")), Template::fixed("/"))]
        }
        ProxyTarget::Computed(_) => Vec::new(),
    };
    let directives = levels.all("proxy_redirect");
    if directives.is_empty() {
        return Ok(default());
    }
    let mut pairs = Vec::new();
    for directive in directives {
        match directive.args.as_slice() {
            [word] if word == "off" => return Ok(Vec::new()),
            [word] if word == "default" => pairs.extend(default()),
            [_, _] => pairs.push((template(directive, 0)?, template(directive, 1)?)),
            _ => return Err(directive.error(format!("invalid parameter \"{}\"", directive.arg(0)))),
        }
    }
    Ok(pairs)
}
