//! File names for patterns (POSIX XCU 2.6.6).

use bytes::Bytes;

use super::{Expand, ExpandError, Expander};
use crate::{
    kernel::fs::FileType,
    libc::{
        extglob::has_group,
        fnmatch::{MatchOptions, has_pattern, matches},
    },
};

/// How many names one pattern may find.
const MAX_NAMES: usize = 200_000;

/// Whether a part of a path can match several names.
fn names_several(component: &[u8], extended: bool) -> bool {
    (extended && has_group(component))
        || has_pattern(component) && component.iter().any(|byte| matches!(byte, b'*' | b'?' | b'['))
}

/// Where a component stands in a pattern.
#[derive(Clone, Copy)]
struct Place {
    /// Nothing comes after it.
    last: bool,
    /// Only names come before it, no patterns.
    named: bool,
}

impl Expander<'_> {
    /// Adds the names that match, sorted; the text itself where none does.
    pub(super) fn glob(&self, pattern: &[u8], text: Bytes, into: &mut Vec<Bytes>) -> Expand<()> {
        let extended = self.shell.shopts.is_on("extglob");
        if !pattern.split(|byte| *byte == b'/').any(|component| names_several(component, extended)) {
            into.push(text);
            return Ok(());
        }
        let mut found = Vec::new();
        let absolute = pattern.starts_with(b"/");
        let components: Vec<&[u8]> =
            pattern.split(|byte| *byte == b'/').filter(|name| !name.is_empty()).collect();
        let mut bases: Vec<Vec<u8>> = vec![if absolute { b"/".to_vec() } else { Vec::new() }];
        for (index, component) in components.iter().enumerate() {
            let last = index + 1 == components.len();
            let named = !components[..index].iter().any(|component| names_several(component, extended));
            let place = Place { last, named };
            let mut next = Vec::new();
            for base in &bases {
                self.expand_component(base, component, place, &mut next);
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
            bases.iter_mut().filter(|path| !path.ends_with(b"/")).for_each(|path| path.push(b'/'));
        }
        found.append(&mut bases);
        self.drop_ignored(&mut found);
        if found.is_empty() || components.is_empty() {
            if self.shell.shopts.is_on("failglob") {
                let text = String::from_utf8_lossy(&text);
                return Err(ExpandError::Fail(format!("no match: {text}")));
            }
            if !self.shell.shopts.is_on("nullglob") {
                into.push(text);
            }
            return Ok(());
        }
        found.sort_unstable();
        found.dedup();
        into.extend(found.into_iter().map(Bytes::from));
        Ok(())
    }

    /// Leaves out the names that `GLOBIGNORE` tells to (bash).
    fn drop_ignored(&self, found: &mut Vec<Vec<u8>>) {
        let ignored = self.shell.variables.text(b"GLOBIGNORE").filter(|_| self.shell.dialect.is_bash());
        for pattern in ignored.iter().flat_map(|list| list.split(|byte| *byte == b':')) {
            let extended = self.shell.shopts.is_on("extglob");
            let options = MatchOptions { extended, ..MatchOptions::default() };
            found.retain(|path| !matches(pattern, path, options));
        }
    }

    /// `**`: directories below a place, and at the end of a pattern files too (bash `globstar`).
    fn expand_below(&self, base: &[u8], place: Place, into: &mut Vec<Vec<u8>>) {
        let Place { last, named } = place;
        if !base.is_empty()
            && !self.shell.process.stat(base, true).is_ok_and(|stat| stat.file_type == FileType::Directory)
        {
            return;
        }
        match base {
            b"" if last => {}
            // At the end of a pattern a directory that it names is shown as the one that it is.
            _ if last && named && !base.ends_with(b"/") => into.push([base, b"/"].concat()),
            _ => into.push(base.to_vec()),
        }
        let mut places = vec![base.to_vec()];
        while let Some(place) = places.pop() {
            let dir = if place.is_empty() { &b"."[..] } else { &place };
            let Ok(entries) = self.shell.process.list(dir) else { continue };
            self.shell.process.tick(u32::try_from(entries.len() / 8).unwrap_or(u32::MAX));
            for (name, file_type) in entries {
                if name.starts_with(b".") && !self.shell.shopts.is_on("dotglob") {
                    continue;
                }
                let mut path = place.clone();
                if !path.is_empty() && !path.ends_with(b"/") {
                    path.push(b'/');
                }
                path.extend_from_slice(&name);
                let is_directory = file_type == FileType::Directory;
                if is_directory {
                    places.push(path.clone());
                }
                if is_directory || last {
                    into.push(path);
                }
                if into.len() > MAX_NAMES {
                    return;
                }
            }
        }
    }

    fn expand_component(&self, base: &[u8], component: &[u8], place: Place, into: &mut Vec<Vec<u8>>) {
        let last = place.last;
        let process = &self.shell.process;
        let join = |name: &[u8]| {
            let mut path = base.to_vec();
            if !path.is_empty() && !path.ends_with(b"/") {
                path.push(b'/');
            }
            path.extend_from_slice(name);
            path
        };
        if !names_several(component, self.shell.shopts.is_on("extglob")) {
            let path = join(&unescape(component));
            if !last || process.stat(&path, false).is_ok() {
                into.push(path);
            }
            return;
        }
        let shopts = self.shell.shopts;
        if component == b"**" && shopts.is_on("globstar") {
            self.expand_below(base, place, into);
            return;
        }
        let dir = if base.is_empty() { b"." } else { base };
        let Ok(entries) = process.list(dir) else { return };
        process.tick(u32::try_from(entries.len() / 8).unwrap_or(u32::MAX));
        let options = MatchOptions {
            period: !shopts.is_on("dotglob")
                && !self.shell.variables.text(b"GLOBIGNORE").is_some_and(|_| self.shell.dialect.is_bash()),
            ignore_case: shopts.is_on("nocaseglob"),
            extended: shopts.is_on("extglob"),
            ..MatchOptions::default()
        };
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
