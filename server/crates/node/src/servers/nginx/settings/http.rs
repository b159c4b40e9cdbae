//! The block `http`: servers, the addresses that they share, locations.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use super::{
    Handler, Listen, Location, Locations, Matcher, Server, ServerName, Settings,
    build::{Defaults, Resolve},
    content::split_scheme,
    levels::Levels,
    limit::{self, Zones},
    listen, logs,
    logs::Format,
    map::read_map,
    upstream::{Upstream, split_host},
    used::check_variables,
};
use crate::servers::nginx::config::{ConfigError, Directive};

/// What is known while the block is read.
pub(super) struct Context<'a> {
    pub(super) formats: Vec<Arc<Format>>,
    pub(super) upstreams: BTreeMap<String, Arc<Upstream>>,
    pub(super) defaults: Defaults,
    pub(super) zones: Zones,
    resolve: &'a (dyn Resolve + Sync),
    /// Addresses of the hosts that `proxy_pass` names.
    pub(super) hosts: BTreeMap<String, Vec<IpAddr>>,
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
        zones: limit::zones(&block.block)?,
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
    let options = context.options(&outer)?;
    if outer.own(&["access_log"]).next().is_some() {
        settings.http_logs = options.access_logs.into_iter().map(|log| log.file).collect();
    }
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
            .flat_map(|inner| inner.args.iter().map(move |name| ServerName::read(inner, name)))
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
}

fn settings_has_no_certificate(server: &Directive) -> bool {
    !server.block.iter().any(|directive| directive.name == "ssl_certificate")
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
