//! What is installed in a container, as its package manager notes it, and adding to that.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;

use crate::{
    commands::Cx,
    images::packages::{self, Distribution, Installed, Package, program_of, record_of, record_path},
    kernel::{errno::Errno, fs::OpenFlags, process::program_file},
};

/// The longest record or list that is read.
const MAX_RECORD: usize = 1 << 20;
/// What a mirror sends in a second, in bytes.
const BYTES_PER_SECOND: u64 = 12_000_000;

/// The records of a package manager: stanzas with a blank line after each.
#[derive(Debug)]
pub(super) struct Database {
    distribution: Distribution,
    /// Stanzas by the name of their package.
    stanzas: BTreeMap<String, String>,
}

impl Database {
    /// Reads the records. A container without any has nothing installed.
    pub(super) async fn read(cx: &Cx, distribution: Distribution) -> Self {
        let text = cx.process.read_file(record_path(distribution).as_bytes(), MAX_RECORD).await;
        let text = String::from_utf8_lossy(&text.unwrap_or_default()).into_owned();
        let first = if distribution == Distribution::Alpine { "P:" } else { "Package: " };
        let stanzas = text
            .split("\n\n")
            .filter_map(|stanza| {
                let name = stanza.lines().find_map(|line| line.strip_prefix(first))?;
                Some((name.to_owned(), format!("{stanza}\n\n")))
            })
            .collect();
        Self { distribution, stanzas }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.stanzas.contains_key(name)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.stanzas.keys().map(String::as_str)
    }

    /// What is noted of a package.
    pub(super) fn stanza(&self, name: &str) -> Option<&str> {
        self.stanzas.get(name).map(String::as_str)
    }

    /// A field of what is noted of a package.
    pub(super) fn field(&self, name: &str, field: &str) -> Option<&str> {
        self.stanza(name)?.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).map(str::trim)
    }

    /// The packages that are installed.
    pub(super) fn packages(&self) -> impl Iterator<Item = &'static Package> {
        self.names().filter_map(|name| packages::find(self.distribution, name))
    }

    /// These packages and what they need, without what is installed.
    pub(super) fn missing(&self, names: &[&str]) -> Vec<&'static Package> {
        let mut all = packages::with_needs(self.distribution, names);
        all.retain(|package| !self.has(package.name));
        all
    }

    /// Installs a package: its programs first, then the note of it.
    pub(super) async fn add(&mut self, cx: &Cx, package: &Package) -> Result<(), Errno> {
        for (path, what) in package.programs.iter().filter_map(|entry| program_of(entry)) {
            let path = path.as_bytes();
            make_parents(cx, path)?;
            // What was there before, such as busybox's program of that name, gives way.
            let _ = cx.process.unlink(path);
            match what {
                Installed::Link(target) => cx.process.symlink(target.as_bytes(), path)?,
                Installed::Program(program) => {
                    write(cx, path, 0o755, program_file(&program)).await?;
                    cx.process.chmod(path, 0o755)?;
                }
            }
        }
        self.stanzas.insert(package.name.to_owned(), record_of(self.distribution, package));
        self.write(cx).await
    }

    /// Removes a package.
    pub(super) async fn remove(&mut self, cx: &Cx, package: &Package) -> Result<(), Errno> {
        for (path, _) in package.programs.iter().filter_map(|entry| program_of(entry)) {
            match cx.process.unlink(path.as_bytes()) {
                Ok(()) | Err(Errno::ENOENT) => {}
                Err(errno) => return Err(errno),
            }
            if self.distribution == Distribution::Alpine {
                restore_applet(cx, path)?;
            }
        }
        self.stanzas.remove(package.name);
        self.write(cx).await
    }

    async fn write(&self, cx: &Cx) -> Result<(), Errno> {
        let text: String = self.stanzas.values().map(String::as_str).collect();
        write(cx, record_path(self.distribution).as_bytes(), 0o644, text.into()).await
    }
}

/// Where a package took the place of one of busybox's applets, the applet comes back.
fn restore_applet(cx: &Cx, path: &str) -> Result<(), Errno> {
    let name = path.rsplit('/').next().unwrap_or_default();
    let replaced = crate::images::is_alpine_applet(path) && crate::commands::find(name).is_some();
    if replaced { cx.process.symlink(b"/bin/busybox", path.as_bytes()) } else { Ok(()) }
}

fn make_parents(cx: &Cx, path: &[u8]) -> Result<(), Errno> {
    for (at, _) in path.iter().enumerate().skip(1).filter(|(_, byte)| **byte == b'/') {
        match cx.process.mkdir(&path[..at], 0o755) {
            Ok(()) | Err(Errno::EEXIST) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// Writes a file, with its directories.
pub(super) async fn write(cx: &Cx, path: &[u8], mode: u16, content: Bytes) -> Result<(), Errno> {
    make_parents(cx, path)?;
    let file = cx.process.open_file(path, OpenFlags::WRITE, mode).await?;
    cx.process.write_file(&file, content).await
}

/// Takes the time that a mirror needs to send `bytes`.
pub(super) async fn download(cx: &Cx, bytes: u64) {
    cx.process.sleep(Duration::from_millis(40 + bytes * 1000 / BYTES_PER_SECOND)).await;
}
