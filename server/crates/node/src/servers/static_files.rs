//! Files as content: paths of requests, types by endings.

use std::{collections::BTreeMap, sync::LazyLock};

use crate::http::decode_percent;

/// Types by endings, from nginx's list.
static TYPES: LazyLock<BTreeMap<&'static str, &'static str>> = LazyLock::new(|| {
    let text = include_str!("../images/nginx/mime.types");
    let lines = text.lines().filter_map(|line| line.trim().strip_suffix(';'));
    lines
        .flat_map(|line| {
            let mut words = line.split_whitespace();
            let kind = words.next().unwrap_or_default();
            words.map(move |ending| (ending, kind))
        })
        .collect()
});

/// The type of a file by its name's ending.
pub(super) fn content_type(path: &str) -> Option<&'static str> {
    let name = path.rsplit('/').next()?;
    let (_, ending) = name.rsplit_once('.')?;
    TYPES.get(ending.to_ascii_lowercase().as_str()).copied()
}

/// The path that a request's target names: decoded, without its query, without `.` and `..`; `None` where it leads out, or
/// holds a zero byte.
pub(super) fn clean_path(target: &str) -> Option<String> {
    let path = target.split(['?', '#']).next()?;
    let path = String::from_utf8_lossy(&decode_percent(path)).into_owned();
    if !path.starts_with('/') || path.contains('\0') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    let is_directory = path.ends_with('/') || path.ends_with("/.");
    let slash = if is_directory && !parts.is_empty() { "/" } else { "" };
    Some(format!("/{}{slash}", parts.join("/")))
}

#[cfg(test)]
mod tests {
    use super::{clean_path, content_type};

    #[test]
    fn paths_stay_below_the_root() {
        for (target, path) in [
            ("/", Some("/")),
            ("/a/b.html?x=/..", Some("/a/b.html")),
            ("/a/../b/", Some("/b/")),
            ("/a%20b/./c", Some("/a b/c")),
            ("/../etc/passwd", None),
            ("/%2e%2e/etc", None),
            ("/a/..", Some("/")),
            ("no", None),
        ] {
            assert_eq!(clean_path(target).as_deref(), path, "{target}");
        }
    }

    #[test]
    fn types_follow_from_endings() {
        assert_eq!(content_type("/a.HTML"), Some("text/html"));
        assert_eq!(content_type("/a.b/c"), None);
    }
}
