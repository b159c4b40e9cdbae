//! File names for patterns (POSIX XCU 2.6.6).

use bytes::Bytes;

use super::Expander;
use crate::{
    kernel::fs::FileType,
    libc::fnmatch::{MatchOptions, has_pattern, matches},
};

/// How many names one pattern may find.
const MAX_NAMES: usize = 200_000;

/// Whether a part of a path can match several names.
fn names_several(component: &[u8]) -> bool {
    has_pattern(component) && component.iter().any(|byte| matches!(byte, b'*' | b'?' | b'['))
}

impl Expander<'_> {
    /// Adds the names that match, sorted; the text itself where none does.
    pub(super) fn glob(&self, pattern: &[u8], text: Bytes, into: &mut Vec<Bytes>) {
        if !pattern.split(|byte| *byte == b'/').any(names_several) {
            into.push(text);
            return;
        }
        let mut found = Vec::new();
        let absolute = pattern.starts_with(b"/");
        let components: Vec<&[u8]> =
            pattern.split(|byte| *byte == b'/').filter(|name| !name.is_empty()).collect();
        let mut bases: Vec<Vec<u8>> = vec![if absolute { b"/".to_vec() } else { Vec::new() }];
        for (index, component) in components.iter().enumerate() {
            let last = index + 1 == components.len();
            let mut next = Vec::new();
            for base in &bases {
                self.expand_component(base, component, last, &mut next);
                if next.len() > MAX_NAMES {
                    break;
                }
            }
            bases = next;
        }
        if pattern.ends_with(b"/") {
            bases.retain(|path| {
                self.shell.process.stat(path, true).is_ok_and(|stat| stat.file_type == FileType::Directory)
            });
            bases.iter_mut().for_each(|path| path.push(b'/'));
        }
        found.append(&mut bases);
        if found.is_empty() || components.is_empty() {
            into.push(text);
            return;
        }
        found.sort_unstable();
        into.extend(found.into_iter().map(Bytes::from));
    }

    fn expand_component(&self, base: &[u8], component: &[u8], last: bool, into: &mut Vec<Vec<u8>>) {
        let process = &self.shell.process;
        let join = |name: &[u8]| {
            let mut path = base.to_vec();
            if !path.is_empty() && !path.ends_with(b"/") {
                path.push(b'/');
            }
            path.extend_from_slice(name);
            path
        };
        if !names_several(component) {
            let path = join(&unescape(component));
            if !last || process.stat(&path, false).is_ok() {
                into.push(path);
            }
            return;
        }
        let dir = if base.is_empty() { b"." } else { base };
        let Ok(entries) = process.list(dir) else { return };
        process.tick(u32::try_from(entries.len() / 8).unwrap_or(u32::MAX));
        let options = MatchOptions { period: true, ..MatchOptions::default() };
        let dots = component.starts_with(b".").then_some([&b"."[..], b".."]);
        for name in dots.iter().flatten() {
            if matches(component, name, options) && self.shell.dialect != crate::shell::Dialect::Bash {
                into.push(join(name));
            }
        }
        for (name, file_type) in entries {
            let may_lead_on = last || matches!(file_type, FileType::Directory | FileType::Symlink);
            if may_lead_on && matches(component, &name, options) {
                into.push(join(&name));
            }
        }
    }
}

fn unescape(pattern: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(pattern.len());
    let mut bytes = pattern.iter();
    while let Some(byte) = bytes.next() {
        out.push(if *byte == b'\\' { *bytes.next().unwrap_or(byte) } else { *byte });
    }
    out
}
