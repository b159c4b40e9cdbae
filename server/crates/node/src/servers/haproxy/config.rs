//! `haproxy.cfg`: sections, one keyword a line.

/// `mode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mode {
    #[default]
    Tcp,
    Http,
}

/// `server NAME ADDRESS:PORT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) name: String,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) backup: bool,
    /// Its share of the requests; with 0 it gets none.
    pub(super) weight: u32,
    pub(super) line: usize,
}

/// `balance`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Balance {
    #[default]
    RoundRobin,
    LeastConnections,
    First,
    /// By the client's address.
    Source,
    /// By the path.
    Uri,
}

/// A condition on a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Test {
    PathBegins(Vec<String>),
    Path(Vec<String>),
    HostIs(Vec<String>),
    Named(String),
    Not(Box<Test>),
}

/// A `frontend`, a `backend`, or a `listen`, which is both.
#[derive(Clone, Debug, Default)]
pub(super) struct Proxy {
    pub(super) name: String,
    pub(super) is_frontend: bool,
    pub(super) mode: Mode,
    /// Hosts (empty for any) and ports, with their lines.
    pub(super) binds: Vec<(String, u16, usize)>,
    pub(super) acls: Vec<(String, Test)>,
    pub(super) use_backends: Vec<(String, Vec<Test>)>,
    pub(super) default_backend: Option<String>,
    pub(super) balance: Balance,
    pub(super) servers: Vec<Server>,
    /// Header fields that are set on requests.
    pub(super) set_headers: Vec<(String, String)>,
    pub(super) forwarded_for: bool,
    pub(super) log_requests: bool,
    line: usize,
}

/// A whole configuration.
#[derive(Clone, Debug, Default)]
pub(super) struct Config {
    /// Whether `global` sends logs to standard output.
    pub(super) logs: bool,
    pub(super) proxies: Vec<Proxy>,
}

/// Keywords that are read and change nothing that podlab shows.
const WITHOUT_EFFECT: &[&str] = &[
    "bind-process",
    "chroot",
    "cookie",
    "compression",
    "cpu-map",
    "daemon",
    "default-server",
    "description",
    "errorfile",
    "errorfiles",
    "fullconn",
    "group",
    "hash-type",
    "http-check",
    "http-response",
    "log-format",
    "log-tag",
    "maxconn",
    "nbproc",
    "nbthread",
    "pidfile",
    "redirect",
    "retries",
    "stats",
    "stick",
    "stick-table",
    "tcp-check",
    "tcp-request",
    "timeout",
    "tune.ssl.default-dh-param",
    "ulimit-n",
    "user",
    "uid",
    "gid",
    "ssl-default-bind-options",
    "ssl-default-bind-ciphers",
    "ssl-default-server-options",
    "ca-base",
    "crt-base",
    "master-worker",
    "hard-stop-after",
];

/// Reads a configuration. Each error is a message with the line that it is about.
pub(super) fn parse(text: &str) -> Result<Config, Vec<(usize, String)>> {
    let mut config = Config::default();
    let mut defaults = Proxy::default();
    let mut errors = Vec::new();
    let mut section = String::new();
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let words = words(line);
        let Some(keyword) = words.first().map(String::as_str) else { continue };
        let rest: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
        match keyword {
            "global" | "defaults" | "resolvers" | "peers" | "userlist" | "program" | "mailers" => {
                keyword.clone_into(&mut section);
                continue;
            }
            "frontend" | "backend" | "listen" => {
                keyword.clone_into(&mut section);
                let Some(name) = rest.first() else {
                    errors.push((number, format!("'{keyword}' expects an <id> for argument")));
                    continue;
                };
                let proxy = Proxy {
                    name: (*name).to_owned(),
                    is_frontend: keyword != "backend",
                    line: number,
                    ..defaults.clone()
                };
                config.proxies.push(proxy);
                continue;
            }
            _ => {}
        }
        let result = match section.as_str() {
            "" => Err(format!("unknown keyword '{keyword}' out of section.")),
            "global" => {
                if keyword == "log" {
                    config.logs |=
                        rest.first().is_some_and(|to| matches!(*to, "stdout" | "/dev/stdout" | "stderr"));
                }
                Ok(())
            }
            "defaults" => directive(&mut defaults, keyword, &rest, number, "defaults"),
            name @ ("frontend" | "backend" | "listen") => match config.proxies.last_mut() {
                Some(proxy) => directive(proxy, keyword, &rest, number, name),
                None => Ok(()),
            },
            _ => Ok(()),
        };
        if let Err(message) = result {
            errors.push((number, message));
        }
    }
    for proxy in config.proxies.iter().filter(|proxy| proxy.is_frontend) {
        let named = proxy.use_backends.iter().map(|(name, _)| name).chain(&proxy.default_backend);
        for name in named {
            if !config.proxies.iter().any(|other| other.name == *name) {
                errors.push((
                    proxy.line,
                    format!("proxy '{}': unable to find required default_backend: '{name}'.", proxy.name),
                ));
            }
        }
    }
    if errors.is_empty() { Ok(config) } else { Err(errors) }
}

fn directive(
    proxy: &mut Proxy,
    keyword: &str,
    rest: &[&str],
    line: usize,
    section: &str,
) -> Result<(), String> {
    let first = rest.first().copied().unwrap_or_default();
    match keyword {
        "mode" => {
            proxy.mode = match first {
                "http" => Mode::Http,
                "tcp" => Mode::Tcp,
                other => return Err(format!("unknown proxy mode '{other}'.")),
            }
        }
        "bind" if section == "backend" => return Err("'bind' not allowed in 'backend' section.".to_owned()),
        "bind" => {
            for address in first.split(',') {
                let (host, port) = address.rsplit_once(':').unwrap_or(("", address));
                let port = port.parse().ok().filter(|port| *port != 0);
                let port = port.ok_or_else(|| format!("'bind' : missing port number: '{address}'"))?;
                proxy.binds.push((host.trim_matches('*').to_owned(), port, line));
            }
        }
        "server" => {
            let address = rest.get(1).copied().unwrap_or_default();
            let (host, port) = address.rsplit_once(':').unwrap_or((address, ""));
            if first.is_empty() || host.is_empty() {
                return Err("'server' expects <name> and <addr>[:<port>] as arguments.".to_owned());
            }
            let port = match (port, proxy.binds.first()) {
                ("", Some((_, port, _))) => *port,
                ("", None) => 80,
                (port, _) => {
                    port.parse().map_err(|_| format!("'server {first}' : invalid port number '{port}'"))?
                }
            };
            let backup = rest.contains(&"backup");
            let given = rest.iter().position(|word| *word == "weight").map(|at| rest.get(at + 1));
            let weight = match given {
                None => 1,
                Some(word) => {
                    let number = word.and_then(|word| word.parse().ok()).filter(|weight| *weight <= 256);
                    number.ok_or("weight must be within 0 and 256")?
                }
            };
            proxy.servers.push(Server {
                name: first.to_owned(),
                host: host.to_owned(),
                port,
                backup,
                weight,
                line,
            });
        }
        "balance" => {
            let name = first.split('(').next().unwrap_or_default();
            proxy.balance = match name {
                "roundrobin" | "static-rr" | "random" | "rdp-cookie" | "hdr" | "url_param" | "hash"
                | "log-hash" | "sticky" => Balance::RoundRobin,
                "leastconn" => Balance::LeastConnections,
                "first" => Balance::First,
                "source" => Balance::Source,
                "uri" => Balance::Uri,
                _ => {
                    return Err(
                        "'balance' only supports 'roundrobin', 'static-rr', 'leastconn', 'source', 'uri', 'url_param', \
                         'hash', 'hdr(name)', 'rdp-cookie(name)', 'log-hash' and 'log-sticky' options."
                            .to_owned(),
                    );
                }
            };
        }
        "default_backend" => proxy.default_backend = Some(first.to_owned()),
        "use_backend" => {
            let tests = match rest.get(1) {
                Some(&"if") => tests(&rest[2..], false)?,
                Some(&"unless") => tests(&rest[2..], true)?,
                _ => Vec::new(),
            };
            proxy.use_backends.push((first.to_owned(), tests));
        }
        "acl" => proxy.acls.push((first.to_owned(), test(rest.get(1..).unwrap_or_default())?)),
        "http-request" => {
            if let ["set-header" | "add-header", name, value, ..] = rest {
                proxy.set_headers.push(((*name).to_owned(), (*value).to_owned()));
            }
        }
        "option" => match first {
            "forwardfor" => proxy.forwarded_for = true,
            "httplog" | "tcplog" => proxy.log_requests = true,
            _ => {}
        },
        "log" => proxy.log_requests |= first == "global" || first == "stdout",
        "no" => {}
        _ if WITHOUT_EFFECT.contains(&keyword) => {}
        _ => return Err(format!("unknown keyword '{keyword}' in '{section}' section")),
    }
    Ok(())
}

/// A condition: names of acls and anonymous ones in braces, all of which have to hold.
fn tests(words: &[&str], negated: bool) -> Result<Vec<Test>, String> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let (word, not) = word.strip_prefix('!').map_or((*word, negated), |rest| (rest, !negated));
        let one = if word == "{" {
            let end =
                words[at..].iter().position(|word| *word == "}").ok_or("missing closing '}' in condition")?;
            let inner = test(&words[at + 1..at + end])?;
            at += end;
            inner
        } else {
            Test::Named(word.to_owned())
        };
        found.push(if not { Test::Not(Box::new(one)) } else { one });
        at += 1;
    }
    Ok(found)
}

fn test(words: &[&str]) -> Result<Test, String> {
    let (fetch, values) = words.split_first().ok_or("missing fetch method in ACL expression")?;
    let values: Vec<String> =
        values.iter().filter(|word| !word.starts_with('-')).map(|word| (*word).to_owned()).collect();
    match *fetch {
        "path_beg" => Ok(Test::PathBegins(values)),
        "path" => Ok(Test::Path(values)),
        "hdr(host)" | "req.hdr(host)" | "hdr_dom(host)" | "hdr_beg(host)" => Ok(Test::HostIs(values)),
        other => Err(format!(
            "error detected while parsing ACL : unknown fetch method '{other}' in ACL expression '{other}'."
        )),
    }
}

/// Words of a line, without its comment; quotes and backslashes keep spaces.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(open), character) if character == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, '#') => break,
            (None, '\\') => word.get_or_insert_default().extend(characters.next()),
            (None, character) if character.is_whitespace() => words.extend(word.take()),
            (_, character) => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Mode, Test, parse};

    #[test]
    fn sections_inherit_from_defaults() {
        let text = "defaults\n  mode http # all\nfrontend web\n  bind *:80\n  acl api path_beg /api\n  use_backend b if api\n  default_backend b\nbackend b\n  server s1 localhost:5000 check\n";
        let config = parse(text).unwrap();
        assert_eq!(config.proxies[0].mode, Mode::Http);
        assert_eq!(config.proxies[0].binds[0].1, 80);
        assert_eq!(config.proxies[0].acls[0].1, Test::PathBegins(vec!["/api".to_owned()]));
        assert_eq!(
            (config.proxies[1].servers[0].host.as_str(), config.proxies[1].servers[0].port),
            ("localhost", 5000)
        );
    }

    #[test]
    fn errors_name_their_lines() {
        let errors = parse("frontend web\n  bind :80\n  frobnicate\n  default_backend none\n").unwrap_err();
        assert_eq!(errors[0], (3, "unknown keyword 'frobnicate' in 'frontend' section".to_owned()));
        assert_eq!(errors[1].1, "proxy 'web': unable to find required default_backend: 'none'.");
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "\\PC{0,200}") {
            let _ = parse(&text);
        }
    }
}
