//! What holds in a location besides what makes its content.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc, time::Duration};

use super::{
    AccessRule, AddHeader, ErrorPage, Gzip, Options, Root,
    http::Context,
    levels::{Levels, template},
    limit::limits,
    logs,
};
use crate::servers::nginx::{
    config::{ConfigError, Directive},
    template::Template,
};

impl Context<'_> {
    /// The options of a level.
    pub(super) fn options(&self, levels: &Levels<'_>) -> Result<Options, ConfigError> {
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
            limits: limits(levels, &self.zones)?,
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
