//! Files that grow, found by patterns and read line by line: what log shippers have in common.

use std::{collections::BTreeMap, future::poll_fn, sync::Arc, task::Poll, time::Duration};

use crate::{
    kernel::{
        fs::{OpenFile, OpenFlags, SeekFrom},
        process::Process,
    },
    libc::glob::glob,
};

/// The longest line; what is longer is cut.
const MAX_LINE: usize = 1 << 20;
/// The most files that are followed.
const MAX_FILES: usize = 1024;
/// How long until a directory that does not exist yet is looked for again.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// A line with the file that it was written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) path: String,
    /// Where it begins in the file.
    pub(super) offset: u64,
    pub(super) text: String,
}

/// Files of some patterns.
#[derive(Debug)]
pub(super) struct Tail {
    patterns: Vec<String>,
    /// Whether files that are there at the start are read from their beginning.
    from_head: bool,
    started: bool,
    /// Files that could not be opened; nobody tries again until they are others.
    refused: BTreeMap<String, (u32, u64)>,
    files: BTreeMap<String, Followed>,
}

#[derive(Debug)]
struct Followed {
    file: Arc<OpenFile>,
    identity: (u32, u64),
    offset: u64,
    unfinished: Vec<u8>,
}

impl Tail {
    pub(super) fn new(patterns: Vec<String>, from_head: bool) -> Self {
        Self { patterns, from_head, started: false, refused: BTreeMap::new(), files: BTreeMap::new() }
    }

    /// Opens files that appeared, and those that took another's name. Returns the paths that are followed from now on.
    pub(super) async fn look(&mut self, process: &Process) -> Vec<String> {
        let mut found = Vec::new();
        let paths: Vec<String> = self.patterns.iter().flat_map(|pattern| glob(process, pattern)).collect();
        for path in paths {
            let Ok(stat) = process.stat(path.as_bytes(), true) else { continue };
            let identity = (stat.device, stat.ino);
            if self.files.get(&path).is_some_and(|known| known.identity == identity)
                || self.files.len() >= MAX_FILES
            {
                continue;
            }
            let Ok(file) = process.open_file(path.as_bytes(), OpenFlags::READ, 0).await else {
                self.refused.insert(path, identity);
                continue;
            };
            let mut offset = 0;
            if !self.started && !self.from_head {
                offset = file.seek(SeekFrom::End(0)).unwrap_or(0);
            }
            self.files.insert(path.clone(), Followed { file, identity, offset, unfinished: Vec::new() });
            found.push(path);
        }
        self.started = true;
        found
    }

    /// The lines that were written since the last call.
    pub(super) async fn read(&mut self, process: &Process) -> Vec<Line> {
        let mut lines = Vec::new();
        for (path, followed) in &mut self.files {
            let len = followed.file.place().map_or(0, |place| place.inode.len());
            let at = followed.file.seek(SeekFrom::Current(0)).unwrap_or(0);
            if at > len {
                // It was cut short: from the beginning again.
                let _ = followed.file.seek(SeekFrom::Start(0));
                followed.offset = 0;
                followed.unfinished.clear();
            }
            loop {
                let bytes =
                    poll_fn(|cx| followed.file.poll_read(cx, Process::READ_SIZE)).await.unwrap_or_default();
                process.work(1 + (bytes.len() >> 10) as u32).await;
                if bytes.is_empty() {
                    break;
                }
                followed.unfinished.extend_from_slice(&bytes);
                while let Some(end) = memchr::memchr(b'\n', &followed.unfinished) {
                    let line: Vec<u8> = followed.unfinished.drain(..=end).collect();
                    let text =
                        String::from_utf8_lossy(line.strip_suffix(b"\n").unwrap_or(&line)).into_owned();
                    lines.push(Line { path: path.clone(), offset: followed.offset, text });
                    followed.offset += line.len() as u64;
                }
                if followed.unfinished.len() > MAX_LINE {
                    followed.offset += followed.unfinished.len() as u64;
                    followed.unfinished.clear();
                }
            }
        }
        lines
    }

    /// Waits until a file grows, or one may have come or gone.
    pub(super) async fn changed(&self, process: &Process) {
        let mut timer = None;
        poll_fn(|cx| {
            let mut blind = false;
            for followed in self.files.values() {
                let Ok(seen) = followed.file.seek(SeekFrom::Current(0)) else { continue };
                if followed.file.poll_grown(cx, seen).is_ready() {
                    return Poll::Ready(());
                }
            }
            for pattern in &self.patterns {
                let fixed = pattern.find(['*', '?', '[']).map_or(pattern.as_str(), |at| &pattern[..at]);
                match process.walk(|walk| walk.parent(fixed.trim_end_matches('/').as_bytes())) {
                    Ok(parent) => parent.dir.inode.lock().watch(cx),
                    Err(_) => blind = true,
                }
                if fixed.ends_with('/') {
                    match process.walk(|walk| walk.place(fixed.as_bytes(), true)) {
                        Ok(place) => place.inode.lock().watch(cx),
                        Err(_) => blind = true,
                    }
                }
            }
            // Somebody else's change may be what woke this: then there is a file more to be seen.
            if self.appeared(process) {
                return Poll::Ready(());
            }
            if blind {
                let timer = timer.get_or_insert_with(|| process.container.host.env.sleep(LOOK_AGAIN));
                return timer.as_mut().poll(cx);
            }
            Poll::Pending
        })
        .await;
    }

    fn appeared(&self, process: &Process) -> bool {
        self.patterns.iter().flat_map(|pattern| glob(process, pattern)).any(|path| {
            let Ok(stat) = process.stat(path.as_bytes(), true) else { return false };
            let identity = (stat.device, stat.ino);
            match self.files.get(&path) {
                Some(known) => known.identity != identity,
                None => self.files.len() < MAX_FILES && self.refused.get(&path) != Some(&identity),
            }
        })
    }
}
