//! Blocks `map`, `geo` and `split_clients`: variables that depend on others.

use std::collections::BTreeMap;

use super::{Map, levels::regex, options::range};
use crate::servers::nginx::{
    config::{ConfigError, Directive},
    template::Template,
};

/// Reads a block: the variable's name, and how its value is found.
pub(super) fn read_map(directive: &Directive) -> Result<(String, Map), ConfigError> {
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
