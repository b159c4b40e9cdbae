//! `mod_rewrite`: rules that change what is asked for, for a server, a directory or a `.htaccess`.

use regex::{Captures, Regex, RegexBuilder};

use super::config::Directive;
use crate::{
    http::encode_path,
    kernel::{fs::FileType, process::Process},
    servers::listening::Request,
};

/// The longest text that a rule or a condition may make, in bytes: what a request's line may have. Rules that double
/// what they are given would not end otherwise.
const MAX_TEXT: usize = 8190;

/// A rule made more than [`MAX_TEXT`].
struct TooLong;

/// The rules of one place.
#[derive(Clone, Debug, Default)]
pub(super) struct Rewrite {
    pub(super) on: bool,
    /// `RewriteBase`: what stands before a relative target.
    pub(super) base: Option<String>,
    rules: Vec<Rule>,
    /// Conditions whose rule has not come yet.
    pending: Vec<Condition>,
}

#[derive(Clone, Debug)]
struct Rule {
    conditions: Vec<Condition>,
    negated: bool,
    pattern: Regex,
    target: String,
    flags: Flags,
}

#[derive(Clone, Debug, Default)]
struct Flags {
    redirect: Option<u16>,
    forbidden: bool,
    gone: bool,
    last: bool,
    end: bool,
    proxy: bool,
    ignores_case: bool,
    appends_query: bool,
    drops_query: bool,
    unescaped: bool,
}

#[derive(Clone, Debug)]
struct Condition {
    text: String,
    negated: bool,
    test: Test,
    or: bool,
}

#[derive(Clone, Debug)]
enum Test {
    Fits(Regex),
    Is(String, bool),
    Before(String),
    After(String),
    IsFile,
    IsDirectory,
    IsLink,
    HasSize,
}

/// What rules make of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rewritten {
    /// Another path and query.
    Path {
        path: String,
        query: String,
        end: bool,
    },
    Redirect(u16, String),
    Proxy(String),
    Status(u16),
}

/// What rules see.
pub(super) struct Asked<'a> {
    pub(super) process: &'a Process,
    pub(super) request: &'a Request,
    pub(super) path: &'a str,
    /// Without the question mark.
    pub(super) query: &'a str,
    /// Where the path lies.
    pub(super) file: &'a str,
    pub(super) document_root: &'a str,
    pub(super) server_name: &'a str,
}

impl Rewrite {
    /// Takes a directive, if it is one of these. The error is httpd's message.
    pub(super) fn take(&mut self, directive: &Directive) -> Result<bool, String> {
        match directive.name.to_ascii_lowercase().as_str() {
            "rewriteengine" => match directive.arg(0).to_ascii_lowercase().as_str() {
                "on" => self.on = true,
                "off" => self.on = false,
                _ => return Err(directive.error("RewriteEngine must be On or Off")),
            },
            "rewritebase" => self.base = Some(directive.arg(0).to_owned()),
            "rewriteoptions" | "rewritemap" => {}
            "rewritecond" => self.pending.push(condition(directive)?),
            "rewriterule" => {
                let flags = flags(directive)?;
                let (negated, pattern) = match directive.arg(0).strip_prefix('!') {
                    Some(rest) => (true, rest),
                    None => (false, directive.arg(0)),
                };
                if directive.args.len() < 2 {
                    return Err(directive.error("RewriteRule: bad argument line"));
                }
                let pattern = regex(pattern, flags.ignores_case).ok_or_else(|| {
                    directive.error(&format!("RewriteRule: cannot compile regular expression '{pattern}'"))
                })?;
                let conditions = std::mem::take(&mut self.pending);
                let target = directive.arg(1).to_owned();
                self.rules.push(Rule { conditions, negated, pattern, target, flags });
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Applies the rules. `directory` is where they stand, as a path of URLs that ends in `/`; `None` for those of a server.
    pub(super) fn apply(&self, asked: &Asked<'_>, directory: Option<&str>) -> Option<Rewritten> {
        if !self.on {
            return None;
        }
        self.follow(asked, directory).unwrap_or(Some(Rewritten::Status(500)))
    }

    fn follow(&self, asked: &Asked<'_>, directory: Option<&str>) -> Result<Option<Rewritten>, TooLong> {
        let mut path = asked.path.to_owned();
        let mut query = asked.query.to_owned();
        let mut changed = false;
        for rule in &self.rules {
            let subject = match directory {
                Some(directory) => path.strip_prefix(directory).unwrap_or(&path).to_owned(),
                None => path.clone(),
            };
            let groups = rule.pattern.captures(&subject);
            if groups.is_some() == rule.negated {
                continue;
            }
            let Some(last) = hold(&rule.conditions, asked, &path, &query, groups.as_ref())? else { continue };
            let flags = &rule.flags;
            if flags.forbidden {
                return Ok(Some(Rewritten::Status(403)));
            }
            if flags.gone {
                return Ok(Some(Rewritten::Status(410)));
            }
            if rule.target == "-" {
                if flags.last || flags.end {
                    break;
                }
                continue;
            }
            let filled = expand(&rule.target, asked, &path, &query, groups.as_ref(), &last)?;
            let (target, new_query) = match filled.split_once('?') {
                Some((target, new)) => (target.to_owned(), Some(new.to_owned())),
                None => (filled, None),
            };
            query = match new_query {
                Some(new) if flags.appends_query && !query.is_empty() => {
                    format!("{new}{}{query}", if new.is_empty() { "" } else { "&" })
                }
                Some(new) => new,
                None if flags.drops_query => String::new(),
                None => query,
            };
            let absolute = target.contains("://");
            path = if absolute || target.starts_with('/') {
                target
            } else {
                let base = self.base.as_deref().or(directory).unwrap_or("/");
                format!("{}/{target}", base.trim_end_matches('/'))
            };
            if path.len() + query.len() > MAX_TEXT {
                return Err(TooLong);
            }
            changed = true;
            let with_query = |path: &str| match query.as_str() {
                "" => path.to_owned(),
                query => format!("{path}?{query}"),
            };
            if flags.proxy {
                return Ok(Some(Rewritten::Proxy(with_query(&path))));
            }
            if absolute || flags.redirect.is_some() {
                let shown = if flags.unescaped || absolute { path } else { encode_path(path.as_bytes()) };
                let shown = if absolute {
                    shown
                } else {
                    let host = asked.request.head.headers.get("host").unwrap_or(asked.server_name);
                    format!("http://{host}{shown}")
                };
                let status = flags.redirect.unwrap_or(302);
                return Ok(Some(Rewritten::Redirect(status, with_query(&shown))));
            }
            if flags.last || flags.end {
                return Ok(Some(Rewritten::Path { path, query, end: flags.end }));
            }
        }
        changed &= path != asked.path || query != asked.query;
        Ok(changed.then_some(Rewritten::Path { path, query, end: false }))
    }
}

fn regex(pattern: &str, ignores_case: bool) -> Option<Regex> {
    RegexBuilder::new(pattern).case_insensitive(ignores_case).size_limit(1 << 20).build().ok()
}

fn bracketed(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.trim_matches(['[', ']'])
        .split(',')
        .map(|flag| flag.trim().split_once('=').unwrap_or((flag.trim(), "")))
}

fn flags(directive: &Directive) -> Result<Flags, String> {
    let mut flags = Flags::default();
    for (name, value) in bracketed(directive.arg(2)) {
        match name.to_ascii_uppercase().as_str() {
            "R" | "REDIRECT" => {
                flags.redirect = Some(match value {
                    "" | "temp" => 302,
                    "permanent" => 301,
                    "seeother" => 303,
                    code => code.parse().map_err(|_| {
                        directive.error("RewriteRule: invalid HTTP response code for flag 'R'")
                    })?,
                });
            }
            "F" | "FORBIDDEN" => flags.forbidden = true,
            "G" | "GONE" => flags.gone = true,
            "L" | "LAST" => flags.last = true,
            "END" => flags.end = true,
            "P" | "PROXY" => flags.proxy = true,
            "NC" | "NOCASE" => flags.ignores_case = true,
            "QSA" | "QSAPPEND" => flags.appends_query = true,
            "QSD" | "QSDISCARD" => flags.drops_query = true,
            "NE" | "NOESCAPE" => flags.unescaped = true,
            "" | "PT" | "PASSTHROUGH" | "NS" | "NOSUBREQ" | "E" | "ENV" | "T" | "TYPE" | "B" | "DPI" => {}
            _ => return Err(directive.error(&format!("RewriteRule: unknown flag '{name}'"))),
        }
    }
    Ok(flags)
}

fn condition(directive: &Directive) -> Result<Condition, String> {
    if directive.args.len() < 2 {
        return Err(directive.error("RewriteCond: bad argument line"));
    }
    let (mut or, mut ignores_case) = (false, false);
    for (name, _) in bracketed(directive.arg(2)) {
        match name.to_ascii_uppercase().as_str() {
            "OR" | "ORNEXT" => or = true,
            "NC" | "NOCASE" => ignores_case = true,
            "" | "NV" => {}
            _ => return Err(directive.error(&format!("RewriteCond: unknown flag '{name}'"))),
        }
    }
    let (negated, pattern) = match directive.arg(1).strip_prefix('!') {
        Some(rest) => (true, rest),
        None => (false, directive.arg(1)),
    };
    let test = match (pattern, pattern.split_at_checked(1)) {
        ("-f" | "-F", _) => Test::IsFile,
        ("-d", _) => Test::IsDirectory,
        ("-l" | "-L" | "-h", _) => Test::IsLink,
        ("-s", _) => Test::HasSize,
        (_, Some(("=", rest))) => Test::Is(rest.to_owned(), ignores_case),
        (_, Some(("<", rest))) => Test::Before(rest.to_owned()),
        (_, Some((">", rest))) => Test::After(rest.to_owned()),
        _ => Test::Fits(regex(pattern, ignores_case).ok_or_else(|| {
            directive.error(&format!("RewriteCond: cannot compile regular expression '{pattern}'"))
        })?),
    };
    Ok(Condition { text: directive.arg(0).to_owned(), negated, test, or })
}

/// Whether conditions hold: what the groups of the last one that fits matched.
fn hold(
    conditions: &[Condition],
    asked: &Asked<'_>,
    path: &str,
    query: &str,
    groups: Option<&Captures<'_>>,
) -> Result<Option<Vec<String>>, TooLong> {
    let mut last = Vec::new();
    let mut conditions = conditions.iter().peekable();
    while let Some(condition) = conditions.next() {
        let text = expand(&condition.text, asked, path, query, groups, &last)?;
        let stat = || asked.process.stat(text.as_bytes(), true);
        let fits = match &condition.test {
            Test::Fits(regex) => match regex.captures(&text) {
                Some(found) => {
                    last = found
                        .iter()
                        .map(|group| group.map_or(String::new(), |group| group.as_str().to_owned()))
                        .collect();
                    true
                }
                None => false,
            },
            Test::Is(other, true) => text.eq_ignore_ascii_case(other),
            Test::Is(other, false) => text == *other,
            Test::Before(other) => text < *other,
            Test::After(other) => text > *other,
            Test::IsFile => stat().is_ok_and(|stat| stat.file_type == FileType::Regular),
            Test::IsDirectory => stat().is_ok_and(|stat| stat.file_type == FileType::Directory),
            Test::IsLink => asked
                .process
                .stat(text.as_bytes(), false)
                .is_ok_and(|stat| stat.file_type == FileType::Symlink),
            Test::HasSize => stat().is_ok_and(|stat| stat.file_type == FileType::Regular && stat.size > 0),
        };
        if fits == condition.negated {
            if condition.or && conditions.peek().is_some() {
                continue;
            }
            return Ok(None);
        }
        // One of several that are joined by `OR` is enough.
        let mut joined = condition.or;
        while joined {
            joined = conditions.next().is_some_and(|next| next.or);
        }
    }
    Ok(Some(last))
}

/// A text with `$1`, `%1` and `%{NAME}` filled in.
fn expand(
    text: &str,
    asked: &Asked<'_>,
    path: &str,
    query: &str,
    groups: Option<&Captures<'_>>,
    last: &[String],
) -> Result<String, TooLong> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['$', '%', '\\']) {
        if out.len() > MAX_TEXT {
            return Err(TooLong);
        }
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let digit = after.chars().next().and_then(|digit| digit.to_digit(10));
        match (&rest[at..=at], digit) {
            ("$", Some(number)) => {
                let group = groups.and_then(|groups| groups.get(number as usize));
                out.push_str(group.map_or("", |group| group.as_str()));
                rest = &after[1..];
            }
            ("%", Some(number)) => {
                out.push_str(last.get(number as usize).map_or("", String::as_str));
                rest = &after[1..];
            }
            ("%", None) if after.starts_with('{') && after.contains('}') => {
                let (name, after) = after[1..].split_once('}').unwrap_or_default();
                out.push_str(&variable(name, asked, path, query));
                rest = after;
            }
            ("\\", _) => {
                let next = after.chars().next();
                out.extend(next);
                rest = &after[next.map_or(0, char::len_utf8)..];
            }
            (other, _) => {
                out.push_str(other);
                rest = after;
            }
        }
    }
    out.push_str(rest);
    if out.len() > MAX_TEXT { Err(TooLong) } else { Ok(out) }
}

fn variable(name: &str, asked: &Asked<'_>, path: &str, query: &str) -> String {
    let head = &asked.request.head;
    let header = |name: &str| head.headers.get(name).unwrap_or_default().to_owned();
    if let Some(name) = name.strip_prefix("HTTP:") {
        return header(name);
    }
    match name {
        "REQUEST_URI" => path.to_owned(),
        "REQUEST_FILENAME" | "SCRIPT_FILENAME" => asked.file.to_owned(),
        "QUERY_STRING" => query.to_owned(),
        "REQUEST_METHOD" => head.method.clone(),
        "THE_REQUEST" => format!("{} {} HTTP/1.{}", head.method, head.target, head.minor),
        "SERVER_PROTOCOL" => format!("HTTP/1.{}", head.minor),
        "REQUEST_SCHEME" => "http".to_owned(),
        "HTTPS" => "off".to_owned(),
        "HTTP_HOST" => header("host"),
        "HTTP_USER_AGENT" => header("user-agent"),
        "HTTP_REFERER" => header("referer"),
        "HTTP_COOKIE" => header("cookie"),
        "HTTP_ACCEPT" => header("accept"),
        "REMOTE_ADDR" | "REMOTE_HOST" => asked.request.peer.ip().to_string(),
        "REMOTE_PORT" => asked.request.peer.port().to_string(),
        "SERVER_ADDR" => asked.request.local.ip().to_string(),
        "SERVER_PORT" => asked.request.local.port().to_string(),
        "SERVER_NAME" => asked.server_name.to_owned(),
        "DOCUMENT_ROOT" => asked.document_root.to_owned(),
        _ => String::new(),
    }
}
