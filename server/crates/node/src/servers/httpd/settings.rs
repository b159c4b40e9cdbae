//! What the directives of `httpd.conf` amount to.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use super::{
    config::{Directive, ROOT, absolute},
    rewrite::Rewrite,
};

/// Directives that are read and change nothing that podlab shows.
const WITHOUT_EFFECT: &[&str] = &[
    "AddDefaultCharset",
    "AddEncoding",
    "AddHandler",
    "AddLanguage",
    "AddOutputFilter",
    "AddOutputFilterByType",
    "BrowserMatch",
    "EnableMMAP",
    "EnableSendfile",
    "ExtendedStatus",
    "FileETag",
    "Group",
    "HostnameLookups",
    "KeepAlive",
    "KeepAliveTimeout",
    "LimitRequestBody",
    "LogLevel",
    "MaxConnectionsPerChild",
    "MaxKeepAliveRequests",
    "MaxRequestWorkers",
    "MaxSpareThreads",
    "MIMEMagicFile",
    "MinSpareThreads",
    "Mutex",
    "PidFile",
    "ProxyRequests",
    "ProxyVia",
    "RequestReadTimeout",
    "ServerAdmin",
    "ServerLimit",
    "ServerSignature",
    "ServerTokens",
    "SetEnvIf",
    "StartServers",
    "ThreadsPerChild",
    "Timeout",
    "TraceEnable",
    "TypesConfig",
    "UseCanonicalName",
    "User",
    "Order",
    "Allow",
    "Deny",
    "SetEnv",
    "PassEnv",
    "ProxyTimeout",
];

/// Where a log goes, and the format of its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AccessLog {
    pub(super) path: String,
    pub(super) format: String,
}

/// `ProxyPass PREFIX URL`; without a URL what is below the prefix is not passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ProxyPass {
    pub(super) prefix: String,
    pub(super) url: Option<String>,
}

/// What holds for a directory or a location.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules {
    pub(super) prefix: String,
    pub(super) granted: Option<bool>,
    pub(super) listing: Option<bool>,
    /// `SetHandler server-status`.
    pub(super) handler: Option<String>,
    /// Whether what a `.htaccess` says counts.
    pub(super) overrides: Option<bool>,
    pub(super) rewrite: Option<Rewrite>,
    /// Who may enter with a password; nobody in particular where the list is empty.
    pub(super) users: Option<Vec<String>>,
    /// `AuthName`
    pub(super) realm: Option<String>,
    /// `AuthUserFile`
    pub(super) user_file: Option<String>,
}

/// `Header` and `RequestHeader`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Edit {
    Set(String, String),
    Add(String, String),
    Unset(String),
}

/// The main server or a virtual host.
#[derive(Clone, Debug, Default)]
pub(super) struct Host {
    pub(super) names: Vec<String>,
    /// The ports of a virtual host; 0 is any.
    pub(super) ports: Vec<u16>,
    pub(super) document_root: String,
    pub(super) indexes: Vec<String>,
    pub(super) access_logs: Vec<AccessLog>,
    pub(super) error_log: String,
    pub(super) directories: Vec<Rules>,
    pub(super) locations: Vec<Rules>,
    pub(super) aliases: Vec<(String, String)>,
    pub(super) proxies: Vec<ProxyPass>,
    pub(super) preserve_host: bool,
    /// Prefixes of `Location` and what they become: (URL, prefix).
    pub(super) reverse: Vec<(String, String)>,
    pub(super) redirects: Vec<(u16, String, String)>,
    pub(super) error_documents: BTreeMap<u16, String>,
    pub(super) types: BTreeMap<String, String>,
    pub(super) headers: Vec<Edit>,
    pub(super) request_headers: Vec<Edit>,
    pub(super) rewrite: Rewrite,
}

/// All of it.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) root: String,
    pub(super) listens: Vec<(Option<IpAddr>, u16)>,
    pub(super) main: Host,
    pub(super) virtual_hosts: Vec<Host>,
    pub(super) modules: BTreeSet<String>,
    formats: BTreeMap<String, String>,
}

impl Settings {
    /// Judges and applies all directives. The error is httpd's message.
    pub(super) fn build(directives: &[Directive]) -> Result<Self, String> {
        let mut settings = Self {
            root: ROOT.to_owned(),
            listens: Vec::new(),
            main: Host {
                document_root: format!("{ROOT}/htdocs"),
                indexes: vec!["index.html".to_owned()],
                error_log: "logs/error_log".to_owned(),
                ..Host::default()
            },
            virtual_hosts: Vec::new(),
            modules: BTreeSet::new(),
            formats: BTreeMap::new(),
        };
        let mut main = settings.main.clone();
        let mut virtual_hosts = Vec::new();
        for directive in directives {
            if directive.is("VirtualHost") {
                virtual_hosts.push(directive);
            } else {
                settings.global(directive, &mut main)?;
            }
        }
        if settings.listens.is_empty() {
            return Err("AH00526: no listening sockets available, shutting down\n".to_owned());
        }
        for section in virtual_hosts {
            let mut host = Host {
                names: Vec::new(),
                access_logs: Vec::new(),
                // Rules of the main server are its own.
                rewrite: Rewrite::default(),
                ..main.clone()
            };
            host.ports = section.args.iter().map(|address| port_of(address).unwrap_or(0)).collect();
            for directive in &section.children {
                settings.directive(directive, &mut host)?;
            }
            // Without a log of its own a host uses the main server's.
            if host.access_logs.is_empty() {
                host.access_logs.clone_from(&main.access_logs);
            }
            settings.virtual_hosts.push(host);
        }
        settings.main = main;
        Ok(settings)
    }

    fn global(&mut self, directive: &Directive, main: &mut Host) -> Result<(), String> {
        if directive.is("ServerRoot") {
            directive.arg(0).trim_end_matches('/').clone_into(&mut self.root);
        } else if directive.is("Listen") {
            let text = directive.arg(0);
            let port = port_of(text).or_else(|| text.parse().ok()).filter(|port| *port != 0);
            let port = port.ok_or_else(|| directive.error("Port must be specified"))?;
            let ip = text.rsplit_once(':').and_then(|(ip, _)| ip.trim_matches(['[', ']']).parse().ok());
            if self.listens.contains(&(ip, port)) {
                return Err(directive.error("Cannot define multiple Listeners on the same IP:port"));
            }
            self.listens.push((ip, port));
        } else if directive.is("LoadModule") {
            let (id, file) = (directive.arg(0).to_ascii_lowercase(), directive.arg(1));
            let name = id.strip_suffix("_module").unwrap_or(&id);
            if file != format!("modules/mod_{name}.so") && !file.ends_with(&format!("/mod_{name}.so")) {
                return Err(directive.error(&format!(
                    "Cannot load {file} into server: {}: cannot open shared object file: No such file or directory",
                    absolute(&self.root, file)
                )));
            }
            self.modules.insert(id);
        } else if directive.is("LogFormat") {
            self.formats.insert(directive.arg(1).to_owned(), directive.arg(0).to_owned());
        } else {
            return self.directive(directive, main);
        }
        Ok(())
    }

    /// Something that the main server and virtual hosts may have.
    fn directive(&self, directive: &Directive, host: &mut Host) -> Result<(), String> {
        let lower = directive.name.to_ascii_lowercase();
        let arg = |index: usize| directive.arg(index).to_owned();
        match lower.as_str() {
            "documentroot" => {
                host.document_root = absolute(&self.root, directive.arg(0)).trim_end_matches('/').to_owned()
            }
            "servername" => {
                let name = arg(0);
                host.names.insert(0, name.split(':').next().unwrap_or_default().to_ascii_lowercase());
            }
            "serveralias" => host.names.extend(directive.args.iter().map(|name| name.to_ascii_lowercase())),
            "directoryindex" => host.indexes.clone_from(&directive.args),
            "errorlog" => host.error_log = arg(0),
            "customlog" | "transferlog" => {
                let format = match directive.arg(1) {
                    "" => "%h %l %u %t \"%r\" %>s %b",
                    name if name.contains('%') => name,
                    name => self.formats.get(name).map_or(name, String::as_str),
                };
                host.access_logs.push(AccessLog { path: arg(0), format: format.to_owned() });
            }
            "alias" | "scriptalias" => host.aliases.push((arg(0), arg(1))),
            "redirect" | "redirectmatch" | "redirectpermanent" => {
                let (status, rest) = match (lower.as_str(), directive.arg(0)) {
                    ("redirectpermanent", _) => (301, 0),
                    (_, "permanent") => (301, 1),
                    (_, "temp") => (302, 1),
                    (_, "seeother") => (303, 1),
                    (_, "gone") => (410, 1),
                    (_, code) if code.parse::<u16>().is_ok() => (code.parse().unwrap_or(302), 1),
                    _ => (302, 0),
                };
                host.redirects.push((status, arg(rest), arg(rest + 1)));
            }
            "errordocument" => {
                let status = directive.arg(0).parse().map_err(|_| {
                    directive.error(&format!("Unsupported HTTP response code {}", directive.arg(0)))
                })?;
                host.error_documents.insert(status, arg(1));
            }
            "addtype" | "forcetype" => {
                for ending in directive.args.iter().skip(1) {
                    host.types.insert(ending.trim_start_matches('.').to_ascii_lowercase(), arg(0));
                }
            }
            "header" => host.headers.extend(edit(directive)),
            "requestheader" => host.request_headers.extend(edit(directive)),
            "proxypass" | "proxypassreverse" | "proxypreservehost" | "proxypassmatch" => {
                self.needs("proxy_module", directive)?;
                match lower.as_str() {
                    "proxypreservehost" => host.preserve_host = directive.arg(0).eq_ignore_ascii_case("on"),
                    "proxypassreverse" => host.reverse.push((arg(1), arg(0))),
                    _ => self.proxy_pass(directive, directive.arg(0), directive.arg(1), host)?,
                }
            }
            "rewriteengine" | "rewritecond" | "rewriterule" | "rewritebase" | "rewriteoptions"
            | "rewritemap" => {
                self.needs("rewrite_module", directive)?;
                host.rewrite.take(directive)?;
            }
            "directory" => {
                let rules = self.rules(directive, true, host)?;
                host.directories.push(rules);
            }
            "location" => {
                let rules = self.rules(directive, false, host)?;
                host.locations.push(rules);
            }
            // Their rules are for names of files; nobody is asked for them here.
            "files" | "filesmatch" | "directorymatch" | "locationmatch" | "limit" | "proxy" => {}
            _ if WITHOUT_EFFECT.iter().any(|known| directive.is(known)) => {}
            _ => {
                return Err(directive.error(&format!(
                    "Invalid command '{}', perhaps misspelled or defined by a module not included in the server configuration",
                    directive.name
                )));
            }
        }
        Ok(())
    }

    fn needs(&self, module: &str, directive: &Directive) -> Result<(), String> {
        if self.modules.contains(module) {
            return Ok(());
        }
        Err(directive.error(&format!(
            "Invalid command '{}', perhaps misspelled or defined by a module not included in the server configuration",
            directive.name
        )))
    }

    fn proxy_pass(
        &self,
        directive: &Directive,
        prefix: &str,
        url: &str,
        host: &mut Host,
    ) -> Result<(), String> {
        let target = (url != "!").then(|| url.to_owned());
        if target.is_some() && !url.contains("://") {
            return Err(directive.error("ProxyPass URL must be absolute!"));
        }
        host.proxies.push(ProxyPass { prefix: prefix.to_owned(), url: target });
        Ok(())
    }

    fn rules(&self, section: &Directive, is_directory: bool, host: &mut Host) -> Result<Rules, String> {
        let prefix = match section.arg(0) {
            "/" => "/".to_owned(),
            path if is_directory => absolute(&self.root, path).trim_end_matches('/').to_owned(),
            path => path.to_owned(),
        };
        self.rules_of(prefix, &section.children, host)
    }

    /// What the directives of a section, or of a `.htaccess`, amount to.
    pub(super) fn rules_of(
        &self,
        prefix: String,
        directives: &[Directive],
        host: &mut Host,
    ) -> Result<Rules, String> {
        let mut rules = Rules { prefix: prefix.clone(), ..Rules::default() };
        for directive in directives {
            let lower = directive.name.to_ascii_lowercase();
            match lower.as_str() {
                "require" => match (directive.arg(0), directive.arg(1)) {
                    ("all", "granted") => rules.granted = Some(true),
                    ("all", "denied") => rules.granted = Some(false),
                    ("local", _) => rules.granted = Some(true),
                    ("valid-user", _) => rules.users = Some(Vec::new()),
                    ("user", _) => rules.users = Some(directive.args[1..].to_vec()),
                    _ => {}
                },
                "authtype" => {
                    self.needs("authn_core_module", directive)?;
                    if directive.arg(0).eq_ignore_ascii_case("none") {
                        rules.users = None;
                    }
                }
                "authname" => rules.realm = Some(directive.arg(0).to_owned()),
                "authuserfile" => {
                    self.needs("authn_file_module", directive)?;
                    rules.user_file = Some(absolute(&self.root, directive.arg(0)));
                }
                "authbasicprovider" | "satisfy" => self.needs("auth_basic_module", directive)?,
                "allowoverride" => {
                    rules.overrides = Some(!directive.arg(0).eq_ignore_ascii_case("none"));
                }
                "rewriteengine" | "rewritecond" | "rewriterule" | "rewritebase" | "rewriteoptions" => {
                    self.needs("rewrite_module", directive)?;
                    rules.rewrite.get_or_insert_default().take(directive)?;
                }
                "options" => {
                    for option in &directive.args {
                        match option.trim_start_matches('+').to_ascii_lowercase().as_str() {
                            "indexes" | "all" => rules.listing = Some(true),
                            "-indexes" | "none" => rules.listing = Some(false),
                            _ => {}
                        }
                    }
                }
                "sethandler" => rules.handler = Some(directive.arg(0).to_owned()),
                "proxypass" => {
                    self.needs("proxy_module", directive)?;
                    self.proxy_pass(directive, &prefix, directive.arg(0), host)?;
                }
                "proxypassreverse" => host.reverse.push((directive.arg(0).to_owned(), prefix.clone())),
                "requireall" | "requireany" | "limit" | "limitexcept" | "files" => {}
                _ => self.directive(directive, host)?,
            }
        }
        Ok(rules)
    }

    /// Whether a module was loaded.
    pub(super) fn has(&self, module: &str) -> bool {
        self.modules.contains(module)
    }
}

fn port_of(address: &str) -> Option<u16> {
    address.rsplit_once(':')?.1.parse().ok()
}

fn edit(directive: &Directive) -> Option<Edit> {
    let args: Vec<&str> =
        directive.args.iter().map(String::as_str).filter(|arg| !arg.eq_ignore_ascii_case("always")).collect();
    match args.as_slice() {
        [action, name, value, ..] if action.eq_ignore_ascii_case("set") => {
            Some(Edit::Set((*name).to_owned(), (*value).to_owned()))
        }
        [action, name, value, ..]
            if ["add", "append", "merge"].iter().any(|known| action.eq_ignore_ascii_case(known)) =>
        {
            Some(Edit::Add((*name).to_owned(), (*value).to_owned()))
        }
        [action, name, ..] if action.eq_ignore_ascii_case("unset") => Some(Edit::Unset((*name).to_owned())),
        _ => None,
    }
}
