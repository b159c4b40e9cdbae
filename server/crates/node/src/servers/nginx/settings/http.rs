//! The block `http`: servers, the addresses that they share, locations.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use super::{
    AccessRule, AddHeader, ErrorPage, Gzip, Handler, Listen, Location, Locations, Map, Matcher, NextUpstream,
    Options, Proxy, ProxyTarget, Root, Server, ServerName, Settings,
    build::{Defaults, Resolve},
    levels::{Levels, regex, template},
    listen, logs,
    logs::Format,
    script,
    upstream::{Upstream, split_host},
};
use crate::servers::nginx::{
    config::{ConfigError, Directive},
    template::Template,
    variables,
};

/// What is known while the block is read.
struct Context<'a> {
    formats: Vec<Arc<Format>>,
    upstreams: BTreeMap<String, Arc<Upstream>>,
    defaults: Defaults,
    resolve: &'a (dyn Resolve + Sync),
    /// Addresses of the hosts that `proxy_pass` names.
    hosts: BTreeMap<String, Vec<IpAddr>>,
}

/// Reads the block into `settings`.
pub(super) async fn parse(
    block: &Directive,
    resolve: &(dyn Resolve + Sync),
    defaults: Defaults,
    settings: &mut Settings,
) -> Result<(), ConfigError> {
    let mut context = Context {
        formats: logs::formats(&block.block)?,
        upstreams: BTreeMap::new(),
        defaults,
        resolve,
        hosts: BTreeMap::new(),
    };
    for directive in &block.block {
        match directive.name.as_str() {
            "upstream" => {
                let upstream = Upstream::parse(directive, resolve).await?;
                if context.upstreams.insert(upstream.name.clone(), Arc::new(upstream)).is_some() {
                    return Err(directive.error(format!("duplicate upstream \"{}\"", directive.arg(0))));
                }
            }
            "map" | "geo" | "split_clients" => {
                let (name, map) = read_map(directive)?;
                settings.maps.insert(name, map);
            }
            _ => {}
        }
    }
    context.look_up_hosts(&block.block).await?;
    let outer = Levels::new(&block.block);
    // The level itself is checked too: it may have no server.
    context.options(&outer)?;
    for directive in block.block.iter().filter(|directive| directive.name == "server") {
        let levels = outer.inner(&directive.block);
        let number = settings.servers.len();
        let server = context.server(directive, &levels)?;
        context.listens(directive, number, &server, settings).await?;
        settings.servers.push(Arc::new(server));
    }
    check_variables(block, settings)?;
    settings.upstreams = context.upstreams;
    temp_paths(&outer, settings);
    Ok(())
}

impl Context<'_> {
    /// Finds the addresses of all hosts that are named where requests are passed on.
    async fn look_up_hosts(&mut self, block: &[Directive]) -> Result<(), ConfigError> {
        let mut open: Vec<&Directive> = block.iter().collect();
        open.reverse();
        while let Some(directive) = open.pop() {
            open.extend(directive.block.iter().rev());
            if directive.name != "proxy_pass" || directive.arg(0).contains('$') {
                continue;
            }
            let Some((_, rest)) = split_scheme(directive.arg(0)) else { continue };
            let authority = rest.split(['/', '?']).next().unwrap_or_default();
            if self.upstreams.contains_key(authority) || self.hosts.contains_key(authority) {
                continue;
            }
            let Some((host, _)) = split_host(authority) else { continue };
            let found = self
                .resolve
                .resolve(&host)
                .await
                .map_err(|_| directive.error(format!("host not found in upstream \"{host}\"")))?;
            self.hosts.insert(authority.to_owned(), found);
        }
        Ok(())
    }

    fn server(&self, directive: &Directive, levels: &Levels<'_>) -> Result<Server, ConfigError> {
        let names = directive
            .block
            .iter()
            .filter(|inner| inner.name == "server_name")
            .flat_map(|inner| inner.args.iter().map(move |name| server_name(inner, name)))
            .collect::<Result<Vec<_>, _>>()?;
        let mut locations = Locations::default();
        self.add_locations(&directive.block, levels, None, &mut locations)?;
        let outside = Location {
            matcher: Matcher::Block,
            nested: Locations::default(),
            script: Vec::new(),
            handler: if levels.own(&["stub_status"]).next().is_some() {
                Handler::StubStatus
            } else {
                Handler::Files
            },
            options: self.options(levels)?,
        };
        Ok(Server {
            names,
            script: self.script(&directive.block, levels, &Matcher::Block)?,
            locations,
            outside: Arc::new(outside),
            merge_slashes: levels.flag("merge_slashes", true),
        })
    }

    /// Notes at which addresses a server listens.
    async fn listens(
        &self,
        directive: &Directive,
        number: usize,
        server: &Server,
        settings: &mut Settings,
    ) -> Result<(), ConfigError> {
        let mut own: BTreeSet<SocketAddr> = BTreeSet::new();
        let mut lines = Vec::new();
        for inner in directive.block.iter().filter(|inner| inner.name == "listen") {
            lines.push((inner, listen::parse(inner, self.resolve).await?));
        }
        if lines.is_empty() {
            let line = listen::ListenLine {
                addresses: vec![SocketAddr::new(
                    IpAddr::from([0u8; 4]),
                    if self.resolve.is_root() { 80 } else { 8000 },
                )],
                default: false,
                tls: false,
                only_v6: true,
                udp: false,
            };
            lines.push((directive, Some(line)));
        }
        for (inner, line) in lines {
            let Some(line) = line else { continue };
            if line.tls
                && !Levels::new(&directive.block).own(&["ssl_certificate"]).any(|_| true)
                && settings_has_no_certificate(directive)
            {
                return Err(ConfigError::new(format!(
                    "no \"ssl_certificate\" is defined for the \"listen ... ssl\" directive in {}",
                    directive.at
                )));
            }
            if line.tls {
                self.check_certificates(directive)?;
            }
            for address in line.addresses {
                if !own.insert(address) {
                    return Err(inner.error(format!("a duplicate listen {address}")));
                }
                match settings.listens.iter_mut().find(|listen| listen.address == address) {
                    None => settings.listens.push(Listen {
                        address,
                        only_v6: line.only_v6,
                        tls: line.tls,
                        servers: vec![number],
                    }),
                    Some(listen) => {
                        if line.default {
                            let first = listen.servers.first().copied();
                            let taken =
                                first.is_some_and(|first| settings.default_at.contains(&(address, first)));
                            if taken {
                                return Err(inner.error(format!("a duplicate default server for {address}")));
                            }
                            listen.servers.insert(0, number);
                        } else {
                            listen.servers.push(number);
                        }
                        warn_of_conflicts(address, listen, server, &settings.servers, &mut settings.warnings);
                    }
                }
                if line.default {
                    settings.default_at.insert((address, number));
                }
            }
        }
        Ok(())
    }

    fn check_certificates(&self, server: &Directive) -> Result<(), ConfigError> {
        for (name, call) in [("ssl_certificate", "BIO_new_file"), ("ssl_certificate_key", "BIO_new_file")] {
            let kind = if name == "ssl_certificate" { "certificate" } else { "certificate key" };
            for directive in server.block.iter().filter(|directive| directive.name == name) {
                let path = directive.arg(0);
                if !path.contains('$') && !self.resolve.readable(path) {
                    return Err(ConfigError::new(format!(
                        "cannot load {kind} \"{path}\": {call}() failed (SSL: error:80000002:system library::No such file or \
                         directory:calling fopen({path}, r) error:10000080:BIO routines::no such file)"
                    )));
                }
            }
        }
        Ok(())
    }

    fn add_locations(
        &self,
        block: &[Directive],
        levels: &Levels<'_>,
        outer: Option<&Matcher>,
        into: &mut Locations,
    ) -> Result<(), ConfigError> {
        let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
        for directive in block.iter().filter(|directive| directive.name == "location") {
            let matcher = matcher(directive)?;
            if let Some(outer) = outer {
                check_nesting(directive, outer, &matcher)?;
            }
            let key = match &matcher {
                Matcher::Exact(path) => ("=".to_owned(), path.clone()),
                Matcher::Prefix(path) | Matcher::Final(path) => ("prefix".to_owned(), path.clone()),
                Matcher::Named(name) => ("@".to_owned(), name.clone()),
                Matcher::Regex(_) | Matcher::Block => (seen.len().to_string(), String::new()),
            };
            if !seen.insert(key.clone()) {
                return Err(directive.error(format!("duplicate location \"{}\"", key.1)));
            }
            let inner = levels.inner(&directive.block);
            into.add(Arc::new(self.location(directive, &inner, matcher)?));
        }
        Ok(())
    }

    fn location(
        &self,
        directive: &Directive,
        levels: &Levels<'_>,
        matcher: Matcher,
    ) -> Result<Location, ConfigError> {
        let mut nested = Locations::default();
        self.add_locations(&directive.block, levels, Some(&matcher), &mut nested)?;
        Ok(Location {
            nested,
            script: self.script(&directive.block, levels, &matcher)?,
            handler: self.handler(levels, &matcher)?,
            options: self.options(levels)?,
            matcher,
        })
    }

    fn script(
        &self,
        block: &[Directive],
        levels: &Levels<'_>,
        matcher: &Matcher,
    ) -> Result<Vec<script::Op>, ConfigError> {
        let in_location = !matches!(matcher, Matcher::Block);
        let mut inner = |directive: &Directive| {
            if !in_location {
                return Ok(None);
            }
            let levels = levels.inner(&directive.block);
            let handler = match self.handler(&levels, &Matcher::Block)? {
                // An `if` without a handler of its own has that of its location.
                Handler::Files => self.handler_of(levels.all_of(&HANDLERS), &levels, matcher)?,
                handler => handler,
            };
            Ok(Some(Arc::new(Location {
                matcher: matcher.clone(),
                nested: Locations::default(),
                script: Vec::new(),
                handler,
                options: self.options(&levels)?,
            })))
        };
        block.iter().map(|step| script::parse(step, &mut inner)).filter_map(Result::transpose).collect()
    }

    fn handler(&self, levels: &Levels<'_>, matcher: &Matcher) -> Result<Handler, ConfigError> {
        self.handler_of(levels.own(&HANDLERS).collect(), levels, matcher)
    }

    fn handler_of(
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

    fn proxy(
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

    fn options(&self, levels: &Levels<'_>) -> Result<Options, ConfigError> {
        let arg = |name: &str| levels.find(name).map(|directive| directive.arg(0).to_owned());
        let each = |name: &str, index: usize| -> Result<Vec<Template>, ConfigError> {
            levels.all(name).iter().map(|directive| template(directive, index)).collect()
        };
        let words = |name: &str| -> Vec<String> {
            levels.all(name).iter().flat_map(|directive| directive.args.iter().cloned()).collect()
        };
        let mut index = Vec::new();
        for directive in levels.all("index") {
            for number in 0..directive.args.len() {
                index.push(template(directive, number)?);
            }
        }
        if index.is_empty() {
            index.push(Template::fixed("index.html"));
        }
        let mut try_files = Vec::new();
        // Not inherited by locations: each has its own.
        for directive in levels.own(&["try_files"]) {
            for number in 0..directive.args.len() {
                try_files.push(template(directive, number)?);
            }
        }
        let auth_basic = match levels.find("auth_basic").filter(|directive| directive.arg(0) != "off") {
            Some(realm) => Some((template(realm, 0)?, arg("auth_basic_user_file").unwrap_or_default())),
            None => None,
        };
        let error_log = levels.all("error_log");
        let limit_except = match levels.own(&["limit_except"]).next() {
            Some(block) => {
                let inner: Vec<&Directive> = block.block.iter().collect();
                let mut methods = block.args.clone();
                if methods.iter().any(|method| method == "GET") {
                    methods.push("HEAD".to_owned());
                }
                Some((methods, access(&inner)?))
            }
            None => None,
        };
        let searches = each("sub_filter", 0)?;
        let replacements = each("sub_filter", 1)?;
        Ok(Options {
            root: root(levels)?,
            index,
            autoindex: levels.flag("autoindex", false),
            autoindex_exact_size: levels.flag("autoindex_exact_size", true),
            autoindex_json: arg("autoindex_format").as_deref() == Some("json"),
            try_files,
            types: Arc::new(types(levels)),
            default_type: arg("default_type").unwrap_or_else(|| "text/plain".to_owned()),
            charset: arg("charset").filter(|charset| charset != "off"),
            error_pages: error_pages(&levels.all("error_page"))?,
            recursive_error_pages: levels.flag("recursive_error_pages", false),
            add_headers: add_headers(&levels.all("add_header"))?,
            expires: levels
                .find("expires")
                .map(|directive| directive.args.join(" "))
                .filter(|value| value != "off"),
            access: access(&levels.all_of(&["allow", "deny"]))?,
            satisfy_any: arg("satisfy").as_deref() == Some("any"),
            auth_basic,
            access_logs: logs::access_logs(levels, &self.formats, self.defaults.access_log)?,
            error_log: if error_log.is_empty() { None } else { Some(logs::error_logs(&error_log)?) },
            log_not_found: levels.flag("log_not_found", true),
            client_max_body_size: levels.size("client_max_body_size", 1 << 20),
            keepalive_timeout: levels.time("keepalive_timeout", Duration::from_secs(75)),
            server_tokens: arg("server_tokens").as_deref() != Some("off"),
            absolute_redirect: levels.flag("absolute_redirect", true),
            port_in_redirect: levels.flag("port_in_redirect", true),
            server_name_in_redirect: levels.flag("server_name_in_redirect", false),
            internal: levels.own(&["internal"]).next().is_some(),
            etag: levels.flag("etag", true),
            gzip: Gzip {
                on: levels.flag("gzip", false),
                types: words("gzip_types"),
                min_length: levels.size("gzip_min_length", 20),
                vary: levels.flag("gzip_vary", false),
                proxied: words("gzip_proxied").iter().any(|word| word == "any"),
            },
            sub_filters: searches.into_iter().zip(replacements).collect(),
            sub_filter_once: levels.flag("sub_filter_once", true),
            limit_except,
        })
    }
}

/// Directives that say what makes the content.
const HANDLERS: [&str; 8] = [
    "proxy_pass",
    "stub_status",
    "empty_gif",
    "fastcgi_pass",
    "uwsgi_pass",
    "scgi_pass",
    "grpc_pass",
    "memcached_pass",
];

fn settings_has_no_certificate(server: &Directive) -> bool {
    !server.block.iter().any(|directive| directive.name == "ssl_certificate")
}

/// Whether it is TLS, and what follows the scheme.
fn split_scheme(url: &str) -> Option<(bool, &str)> {
    let scheme = |name: &str| url.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    if scheme("http://") {
        Some((false, &url[7..]))
    } else if scheme("https://") {
        Some((true, &url[8..]))
    } else {
        None
    }
}

fn server_name(directive: &Directive, name: &str) -> Result<ServerName, ConfigError> {
    let lower = name.to_ascii_lowercase();
    if let Some(pattern) = name.strip_prefix('~') {
        return Ok(ServerName::Regex(regex(directive, pattern, true)?));
    }
    if let Some(suffix) = lower.strip_prefix('*')
        && suffix.starts_with('.')
        && !suffix.contains('*')
    {
        return Ok(ServerName::Suffix(suffix.to_owned()));
    }
    if lower.starts_with('.') {
        return Ok(ServerName::SuffixOrSelf(lower));
    }
    if let Some(prefix) = lower.strip_suffix('*')
        && prefix.ends_with('.')
        && !prefix.contains('*')
    {
        return Ok(ServerName::Prefix(prefix.to_owned()));
    }
    if lower.contains('*') {
        return Err(directive.error(format!("invalid server name or wildcard \"{name}\" on 0.0.0.0:80")));
    }
    Ok(ServerName::Exact(lower))
}

fn warn_of_conflicts(
    address: SocketAddr,
    listen: &Listen,
    server: &Server,
    servers: &[Arc<Server>],
    warnings: &mut Vec<String>,
) {
    let exact = |server: &Server| -> Vec<String> {
        let mut names: Vec<String> = server
            .names
            .iter()
            .filter_map(|name| match name {
                ServerName::Exact(name) => Some(name.clone()),
                _ => None,
            })
            .collect();
        if server.names.is_empty() {
            names.push(String::new());
        }
        names
    };
    let others: BTreeSet<String> = listen
        .servers
        .iter()
        .filter_map(|number| servers.get(*number))
        .flat_map(|server| exact(server))
        .collect();
    for name in exact(server).iter().filter(|name| others.contains(*name)) {
        warnings.push(format!("conflicting server name \"{name}\" on {address}, ignored"));
    }
}

fn matcher(directive: &Directive) -> Result<Matcher, ConfigError> {
    let (modifier, path) = match directive.args.as_slice() {
        [modifier, path] => (modifier.as_str(), path.as_str()),
        _ => {
            // The modifier may touch the path.
            let word = directive.arg(0);
            ["=", "^~", "~*", "~"]
                .iter()
                .find_map(|modifier| Some((*modifier, word.strip_prefix(modifier)?)))
                .unwrap_or(("", word))
        }
    };
    Ok(match modifier {
        "=" => Matcher::Exact(path.to_owned()),
        "^~" => Matcher::Final(path.to_owned()),
        "~" => Matcher::Regex(regex(directive, path, false)?),
        "~*" => Matcher::Regex(regex(directive, path, true)?),
        "" if path.starts_with('@') => Matcher::Named(path.to_owned()),
        "" => Matcher::Prefix(path.to_owned()),
        _ => return Err(directive.error(format!("invalid location modifier \"{modifier}\""))),
    })
}

fn check_nesting(directive: &Directive, outer: &Matcher, inner: &Matcher) -> Result<(), ConfigError> {
    let name = |matcher: &Matcher| match matcher {
        Matcher::Regex(regex) => regex.as_str().to_owned(),
        Matcher::Named(name) => name.clone(),
        other => other.prefix().to_owned(),
    };
    match (outer, inner) {
        (Matcher::Exact(_), _) => Err(directive.error(format!(
            "location \"{}\" cannot be inside the exact location \"{}\"",
            name(inner),
            name(outer)
        ))),
        (Matcher::Named(_), _) => Err(directive.error(format!(
            "location \"{}\" cannot be inside the named location \"{}\"",
            name(inner),
            name(outer)
        ))),
        (_, Matcher::Named(inner)) => {
            Err(directive.error(format!("named location \"{inner}\" can be on the server level only")))
        }
        (
            Matcher::Prefix(_) | Matcher::Final(_),
            Matcher::Prefix(path) | Matcher::Exact(path) | Matcher::Final(path),
        ) if !path.starts_with(outer.prefix()) => {
            Err(directive.error(format!("location \"{path}\" is outside location \"{}\"", outer.prefix())))
        }
        _ => Ok(()),
    }
}

fn root(levels: &Levels<'_>) -> Result<Root, ConfigError> {
    let own: Vec<_> = levels.own(&["root", "alias"]).collect();
    if let [first, second, ..] = own.as_slice() {
        return Err(second.error(format!(
            "\"{}\" directive is duplicate, \"{}\" directive was specified earlier",
            second.name, first.name
        )));
    }
    match levels.all_of(&["root", "alias"]).first() {
        Some(directive) => {
            let text = directive.arg(0);
            let text =
                if text.starts_with(['/', '$']) { text.to_owned() } else { format!("/etc/nginx/{text}") };
            let path = Template::parse(&text).map_err(|message| directive.error(message))?;
            Ok(Root { path, alias: directive.name == "alias" })
        }
        None => Ok(Root { path: Template::fixed("/etc/nginx/html"), alias: false }),
    }
}

fn types(levels: &Levels<'_>) -> BTreeMap<String, String> {
    let blocks = levels.all("types");
    let mut types = BTreeMap::new();
    if blocks.is_empty() {
        for (extension, kind) in [("html", "text/html"), ("gif", "image/gif"), ("jpg", "image/jpeg")] {
            types.insert(extension.to_owned(), kind.to_owned());
        }
    }
    for entry in blocks.iter().flat_map(|block| &block.block) {
        for extension in &entry.args {
            types.insert(extension.to_ascii_lowercase(), entry.name.clone());
        }
    }
    types
}

fn error_pages(directives: &[&Directive]) -> Result<Vec<ErrorPage>, ConfigError> {
    let mut pages = Vec::new();
    for directive in directives {
        let Some((target, rest)) = directive.args.split_last() else { continue };
        let (answer, codes) = match rest.split_last() {
            Some((last, codes)) if last.starts_with('=') => {
                let code = if last.len() == 1 { Some(0) } else { last[1..].parse().ok() };
                (Some(code.ok_or_else(|| directive.error(format!("invalid value \"{last}\"")))?), codes)
            }
            _ => (None, rest),
        };
        let mut numbers = Vec::new();
        for code in codes {
            match code.parse::<u16>() {
                Ok(number @ 300..=599) if number != 499 => numbers.push(number),
                Ok(_) => {
                    return Err(directive.error(format!("value \"{code}\" must be between 300 and 599")));
                }
                Err(_) => return Err(directive.error(format!("invalid value \"{code}\""))),
            }
        }
        if numbers.is_empty() {
            return Err(directive.error("invalid number of arguments in \"error_page\" directive"));
        }
        let target = Template::parse(target).map_err(|message| directive.error(message))?;
        pages.push(ErrorPage { codes: numbers, answer, target });
    }
    Ok(pages)
}

fn add_headers(directives: &[&Directive]) -> Result<Vec<AddHeader>, ConfigError> {
    let mut headers = Vec::new();
    for directive in directives {
        let always = match directive.args.get(2).map(String::as_str) {
            None => false,
            Some("always") => true,
            Some(other) => return Err(directive.error(format!("invalid parameter \"{other}\""))),
        };
        headers.push(AddHeader { name: directive.arg(0).to_owned(), value: template(directive, 1)?, always });
    }
    Ok(headers)
}

/// `10.0.0.0/8`, `10.0.0.1`; `None` where it is no address.
pub(super) fn range(text: &str) -> Option<(IpAddr, u8)> {
    match text.split_once('/') {
        Some((ip, prefix)) => Some((ip.parse().ok()?, prefix.parse().ok().filter(|bits| *bits <= 128)?)),
        None => {
            let ip: IpAddr = text.parse().ok()?;
            Some((ip, if ip.is_ipv4() { 32 } else { 128 }))
        }
    }
}

fn access(directives: &[&Directive]) -> Result<Vec<AccessRule>, ConfigError> {
    let mut rules = Vec::new();
    for directive in directives.iter().filter(|directive| matches!(directive.name.as_str(), "allow" | "deny"))
    {
        let text = directive.arg(0);
        let range = match text {
            "all" => None,
            "unix:" => continue,
            _ => Some(range(text).ok_or_else(|| directive.error(format!("invalid parameter \"{text}\"")))?),
        };
        rules.push(AccessRule { allow: directive.name == "allow", range });
    }
    Ok(rules)
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

fn read_map(directive: &Directive) -> Result<(String, Map), ConfigError> {
    let is_geo = directive.name == "geo";
    let (source, target) = match directive.args.as_slice() {
        [target] => ("$remote_addr", target.as_str()),
        [source, target] => (source.as_str(), target.as_str()),
        _ => ("", ""),
    };
    let name = target
        .strip_prefix('$')
        .ok_or_else(|| directive.error(format!("invalid variable name \"{target}\"")))?
        .to_ascii_lowercase();
    let source = Template::parse(source).map_err(|message| directive.error(message))?;
    let mut map = Map {
        source,
        exact: BTreeMap::new(),
        regexes: Vec::new(),
        ranges: Vec::new(),
        hostnames: false,
        default: Template::default(),
    };
    for entry in &directive.block {
        let Some(value) = entry.args.first() else {
            match entry.name.as_str() {
                "hostnames" => map.hostnames = true,
                "volatile" | "ranges" => {}
                _ => return Err(entry.error("invalid number of the map parameters")),
            }
            continue;
        };
        let value = Template::parse(value).map_err(|message| entry.error(message))?;
        let key = entry.name.strip_prefix('\\').unwrap_or(&entry.name);
        if key == "default" || (directive.name == "split_clients" && key == "*") {
            map.default = value;
        } else if let Some(pattern) = key.strip_prefix("~*") {
            map.regexes.push((regex(entry, pattern, true)?, value));
        } else if let Some(pattern) = key.strip_prefix('~') {
            map.regexes.push((regex(entry, pattern, false)?, value));
        } else if is_geo {
            let range = range(key).ok_or_else(|| entry.error(format!("invalid network \"{key}\"")))?;
            map.ranges.push((range, value));
        } else {
            map.exact.insert(key.to_ascii_lowercase(), value);
        }
    }
    Ok((name, map))
}

/// Whether all variables that are used exist somewhere.
fn check_variables(block: &Directive, settings: &Settings) -> Result<(), ConfigError> {
    let mut defined: BTreeSet<String> = settings.maps.keys().cloned().collect();
    let mut used: Vec<String> = Vec::new();
    let mut open: Vec<&Directive> = vec![block];
    while let Some(directive) = open.pop() {
        open.extend(directive.block.iter());
        let in_table = matches!(directive.name.as_str(), "types" | "geo");
        let patterns =
            matches!(directive.name.as_str(), "location" | "rewrite" | "server_name" | "if" | "map");
        if matches!(directive.name.as_str(), "set" | "auth_request_set")
            && let Some(name) = directive.arg(0).strip_prefix('$')
        {
            defined.insert(name.to_ascii_lowercase());
        }
        let names = if directive.name == "map" {
            directive.block.iter().map(|entry| entry.name.as_str()).collect()
        } else {
            Vec::new()
        };
        if patterns {
            for text in directive.args.iter().map(String::as_str).chain(names) {
                for part in text.split("(?").skip(1) {
                    let name = part.trim_start_matches(['P', '<', '\'']);
                    if let Some(end) = name.find(['>', '\'']) {
                        defined.insert(name[..end].to_ascii_lowercase());
                    }
                }
            }
        }
        let takes_variables =
            !in_table && !matches!(directive.name.as_str(), "location" | "server_name" | "listen");
        if takes_variables {
            let skip = usize::from(directive.name == "rewrite");
            for arg in
                directive.args.iter().skip(skip).filter(|arg| !arg.starts_with('^') && !arg.ends_with("$)"))
            {
                if let Ok(template) = Template::parse(arg) {
                    used.extend(template.variables().map(str::to_owned));
                }
            }
        }
    }
    match used.iter().find(|name| !defined.contains(*name) && !variables::is_known(name)) {
        Some(name) => Err(ConfigError::new(format!("unknown \"{name}\" variable"))),
        None => Ok(()),
    }
}

fn temp_paths(levels: &Levels<'_>, settings: &mut Settings) {
    for (directive, default) in [
        ("client_body_temp_path", "/var/cache/nginx/client_temp"),
        ("proxy_temp_path", "/var/cache/nginx/proxy_temp"),
        ("fastcgi_temp_path", "/var/cache/nginx/fastcgi_temp"),
        ("uwsgi_temp_path", "/var/cache/nginx/uwsgi_temp"),
        ("scgi_temp_path", "/var/cache/nginx/scgi_temp"),
    ] {
        let path = levels.find(directive).map_or(default, |directive| directive.arg(0));
        settings.temp_paths.push(path.to_owned());
    }
}
