//! File names for patterns, as servers use them in their configurations (`glob(3)`).

use super::fnmatch::{MatchOptions, matches};
use crate::kernel::{fs::FileType, process::Process};

/// How many names one pattern may find.
const MAX_NAMES: usize = 10_000;

/// The paths that an absolute pattern matches, sorted; none where nothing does.
pub(crate) fn glob(process: &Process, pattern: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    let components: Vec<&str> = pattern.split('/').filter(|name| !name.is_empty()).collect();
    let options = MatchOptions { period: true, ..MatchOptions::default() };
    for (index, component) in components.iter().enumerate() {
        let last = index + 1 == components.len();
        let mut next = Vec::new();
        for base in &found {
            if !component.contains(['*', '?', '[']) {
                let path = format!("{base}/{component}");
                if process.stat(path.as_bytes(), true).is_ok() {
                    next.push(path);
                }
                continue;
            }
            let dir = if base.is_empty() { "/" } else { base };
            for (name, file_type) in process.list(dir.as_bytes()).unwrap_or_default() {
                let leads_on = last || matches!(file_type, FileType::Directory | FileType::Symlink);
                if leads_on && next.len() < MAX_NAMES && matches(component.as_bytes(), &name, options) {
                    next.push(format!("{base}/{}", String::from_utf8_lossy(&name)));
                }
            }
        }
        found = next;
    }
    found.sort_unstable();
    found
}
