//! Which variables a configuration uses, and whether they exist.

use std::collections::BTreeSet;

use super::Settings;
use crate::servers::nginx::{
    config::{ConfigError, Directive},
    template::Template,
    variables,
};

/// Whether all variables that are used exist somewhere.
pub(super) fn check_variables(block: &Directive, settings: &Settings) -> Result<(), ConfigError> {
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
