//! What a configuration means: servers, locations, upstreams, with everything inherited that is inherited.

mod build;
mod content;
mod http;
mod levels;
mod limit;
mod listen;
mod location;
mod locations;
mod logs;
mod map;
mod names;
mod options;
mod script;
mod stream;
mod upstream;
mod used;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

pub(super) use build::{Defaults, Resolve, build};
pub(super) use limit::{Limits, Place, Verdict};
pub(super) use location::{Groups, Locations, Matcher};
pub(super) use logs::{AccessLog, LogFile, LogLevel};
use names::ServerName;
use regex::Regex;
pub(super) use script::{Condition, Op, RewriteFlag};
pub(super) use stream::StreamServer;
pub(super) use upstream::{Upstream, split_host};

use super::template::Template;

/// A whole configuration.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) daemon: bool,
    pub(super) worker_processes: usize,
    /// Who workers run as.
    pub(super) user: Option<(u32, u32)>,
    pub(super) pid: String,
    pub(super) error_log: Vec<(LogFile, LogLevel)>,
    pub(super) shutdown_timeout: Option<Duration>,
    /// Directories that are made at the start.
    pub(super) temp_paths: Vec<String>,
    pub(super) listens: Vec<Listen>,
    pub(super) servers: Vec<Arc<Server>>,
    pub(super) maps: BTreeMap<String, Map>,
    pub(super) upstreams: BTreeMap<String, Arc<Upstream>>,
    pub(super) streams: Vec<Arc<StreamServer>>,
    /// Logs that the level around all servers names: they are opened whether anything is written to them or not.
    pub(super) http_logs: Vec<LogFile>,
    /// Servers that said that they are the default one at an address.
    pub(super) default_at: BTreeSet<(SocketAddr, usize)>,
    /// What is odd but works: said once.
    pub(super) warnings: Vec<String>,
}

impl Settings {
    /// The entry for a connection to an address: that of this very address before that of all.
    pub(super) fn listen_of(&self, local: SocketAddr) -> Option<&Listen> {
        let exact = self.listens.iter().find(|listen| listen.address == local);
        exact.or_else(|| {
            let fits = |listen: &&Listen| {
                listen.address.port() == local.port() && listen.address.ip().is_unspecified()
            };
            let same_kind = |listen: &&Listen| fits(listen) && listen.address.is_ipv4() == local.is_ipv4();
            self.listens.iter().find(same_kind).or_else(|| self.listens.iter().find(fits))
        })
    }

    /// The server that answers where no name fits.
    pub(super) fn default_server(&self, local: SocketAddr) -> Option<&Arc<Server>> {
        self.servers.get(*self.listen_of(local)?.servers.first()?)
    }

    /// The server for a name, with what its regular expression's groups matched: an exact name before the longest
    /// wildcard at the beginning, that before the longest at the end, that before the first regular expression.
    pub(super) fn server_for(&self, local: SocketAddr, host: &str) -> Option<(Arc<Server>, Groups)> {
        let listen = self.listen_of(local)?;
        let mut best: Option<(u8, usize, Groups, &Arc<Server>)> = None;
        for server in listen.servers.iter().filter_map(|number| self.servers.get(*number)) {
            if let Some((rank, len, groups)) = server.fits(host)
                && best.as_ref().is_none_or(|(known, known_len, ..)| (rank, len) > (*known, *known_len))
            {
                best = Some((rank, len, groups, server));
            }
        }
        match best {
            Some((_, _, groups, server)) => Some((Arc::clone(server), groups)),
            None => Some((Arc::clone(self.default_server(local)?), Groups::default())),
        }
    }
}

/// An address at which servers listen.
#[derive(Clone, Debug)]
pub(super) struct Listen {
    pub(super) address: SocketAddr,
    pub(super) only_v6: bool,
    pub(super) tls: bool,
    /// Numbers of the servers, the default one first.
    pub(super) servers: Vec<usize>,
}

/// A virtual server.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) names: Vec<ServerName>,
    pub(super) script: Vec<Op>,
    pub(super) locations: Locations,
    /// What holds outside of all locations.
    pub(super) outside: Arc<Location>,
    pub(super) merge_slashes: bool,
}

impl Server {
    /// Whether it answers to a name, how well, and what its regular expression's groups matched.
    fn fits(&self, host: &str) -> Option<(u8, usize, Groups)> {
        self.names.iter().filter_map(|name| name.fits(host)).max_by_key(|(rank, len, _)| (*rank, *len))
    }

    /// The longest body that any of its locations takes.
    pub(super) fn largest_body(&self) -> u64 {
        let limit = |location: &Arc<Location>| match location.options.client_max_body_size {
            0 => u64::MAX,
            limit => limit,
        };
        self.locations.all().chain([&self.outside]).map(limit).max().unwrap_or(0)
    }

    /// The name that logs and `$server_name` show.
    pub(super) fn name(&self) -> String {
        self.names.first().map(ServerName::to_string).unwrap_or_default()
    }
}

/// A location with what holds in it.
#[derive(Debug)]
pub(super) struct Location {
    pub(super) matcher: Matcher,
    pub(super) nested: Locations,
    pub(super) script: Vec<Op>,
    pub(super) handler: Handler,
    pub(super) options: Options,
}

/// What makes the content.
#[derive(Debug)]
pub(super) enum Handler {
    Files,
    Proxy(Box<Proxy>),
    StubStatus,
    EmptyGif,
    /// A gateway protocol that nothing here speaks: the name of its directive.
    Unsupported(&'static str),
}

/// Where files lie.
#[derive(Clone, Debug)]
pub(super) struct Root {
    pub(super) path: Template,
    /// Whether it replaces the location's prefix.
    pub(super) alias: bool,
}

/// An entry of `error_page`.
#[derive(Clone, Debug)]
pub(super) struct ErrorPage {
    pub(super) codes: Vec<u16>,
    /// What the answer's status becomes: `=200`; 0 for that of the page itself (`=`).
    pub(super) answer: Option<u16>,
    pub(super) target: Template,
}

/// An entry of `allow` and `deny`.
#[derive(Clone, Debug)]
pub(super) struct AccessRule {
    pub(super) allow: bool,
    /// `None` for all.
    pub(super) range: Option<(std::net::IpAddr, u8)>,
}

/// A header field that is added to answers.
#[derive(Clone, Debug)]
pub(super) struct AddHeader {
    pub(super) name: String,
    pub(super) value: Template,
    /// Whatever the status.
    pub(super) always: bool,
}

/// Values of `satisfy`, `server_tokens` and so on that hold in a location.
#[derive(Clone, Debug)]
pub(super) struct Options {
    pub(super) limits: Limits,
    pub(super) root: Root,
    pub(super) index: Vec<Template>,
    pub(super) autoindex: bool,
    pub(super) autoindex_exact_size: bool,
    pub(super) autoindex_json: bool,
    pub(super) try_files: Vec<Template>,
    pub(super) types: Arc<BTreeMap<String, String>>,
    pub(super) default_type: String,
    pub(super) charset: Option<String>,
    pub(super) error_pages: Vec<ErrorPage>,
    pub(super) recursive_error_pages: bool,
    pub(super) add_headers: Vec<AddHeader>,
    pub(super) expires: Option<String>,
    pub(super) access: Vec<AccessRule>,
    pub(super) satisfy_any: bool,
    pub(super) auth_basic: Option<(Template, String)>,
    pub(super) access_logs: Vec<AccessLog>,
    pub(super) error_log: Option<Vec<(LogFile, LogLevel)>>,
    pub(super) log_not_found: bool,
    pub(super) client_max_body_size: u64,
    pub(super) keepalive_timeout: Duration,
    pub(super) server_tokens: bool,
    pub(super) absolute_redirect: bool,
    pub(super) port_in_redirect: bool,
    pub(super) server_name_in_redirect: bool,
    pub(super) internal: bool,
    pub(super) etag: bool,
    pub(super) gzip: Gzip,
    pub(super) sub_filters: Vec<(Template, Template)>,
    pub(super) sub_filter_once: bool,
    /// Methods that are allowed to all, and the rules for the others.
    pub(super) limit_except: Option<(Vec<String>, Vec<AccessRule>)>,
}

/// What is compressed.
#[derive(Clone, Debug)]
pub(super) struct Gzip {
    pub(super) on: bool,
    pub(super) types: Vec<String>,
    pub(super) min_length: u64,
    pub(super) vary: bool,
    /// Whether answers to proxies are compressed too.
    pub(super) proxied: bool,
}

/// Another server that makes the content.
#[derive(Debug)]
pub(super) struct Proxy {
    pub(super) target: ProxyTarget,
    pub(super) set_headers: Vec<(String, Template)>,
    pub(super) set_body: Option<Template>,
    pub(super) method: Option<Template>,
    pub(super) http_minor: u8,
    pub(super) pass_body: bool,
    pub(super) pass_headers: bool,
    pub(super) hide_headers: Vec<String>,
    pub(super) pass_header: Vec<String>,
    /// `None` for `off`.
    pub(super) redirect: Vec<(Template, Template)>,
    pub(super) connect_timeout: Duration,
    pub(super) read_timeout: Duration,
    pub(super) intercept_errors: bool,
    pub(super) next_upstream: NextUpstream,
}

/// When the next server is tried.
#[derive(Clone, Debug)]
pub(super) struct NextUpstream {
    pub(super) error: bool,
    pub(super) timeout: bool,
    pub(super) invalid_header: bool,
    pub(super) statuses: Vec<u16>,
    /// 0 for no limit.
    pub(super) tries: u64,
}

/// Where requests are passed on to.
#[derive(Debug)]
pub(super) enum ProxyTarget {
    Fixed {
        upstream: Arc<Upstream>,
        tls: bool,
        /// `$proxy_host`: the name with its port as it was written.
        host: String,
        port: u16,
        /// What replaces the location's prefix in the path.
        uri: Option<String>,
    },
    /// With variables: known when a request is there.
    Computed(Template),
}

/// A variable whose value depends on another one's.
#[derive(Clone, Debug)]
pub(super) struct Map {
    pub(super) source: Template,
    pub(super) exact: BTreeMap<String, Template>,
    pub(super) regexes: Vec<(Regex, Template)>,
    /// Ranges of addresses (`geo`).
    pub(super) ranges: Vec<((std::net::IpAddr, u8), Template)>,
    /// Whether names of hosts with `*` are among the keys.
    pub(super) hostnames: bool,
    pub(super) default: Template,
}
