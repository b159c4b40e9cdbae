//! `tar c`

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;

use super::{
    Request,
    header::{BLOCK, Kind, Member},
};
use crate::{
    commands::{Cx, gzip::format::Compressor},
    kernel::{
        errno::Errno,
        fs::{FileType, OpenFile, OpenFlags, Stat, join},
    },
    libc::{fnmatch::fnmatch, passwd},
};

/// How deep trees are archived.
const MAX_DEPTH: usize = 1024;

/// An archive that is written.
struct Archive {
    file: Arc<OpenFile>,
    written: u64,
    buffer: Vec<u8>,
    gzip: Option<Compressor>,
}

impl Archive {
    async fn put(&mut self, cx: &Cx, bytes: &[u8]) -> Result<(), Errno> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= 64 * 1024 { self.flush(cx).await } else { Ok(()) }
    }

    async fn flush(&mut self, cx: &Cx) -> Result<(), Errno> {
        self.written += self.buffer.len() as u64;
        let mut bytes = std::mem::take(&mut self.buffer);
        if let Some(gzip) = &mut self.gzip {
            let plain = std::mem::take(&mut bytes);
            gzip.push(&plain, &mut bytes);
            cx.process.work(1 + (plain.len() >> 8) as u32).await;
        }
        if bytes.is_empty() {
            return Ok(());
        }
        self.write(cx, bytes).await
    }

    /// Writes what is left, and the end of what is compressed.
    async fn finish(&mut self, cx: &Cx) -> Result<(), Errno> {
        self.flush(cx).await?;
        let Some(gzip) = self.gzip.take() else { return Ok(()) };
        let mut bytes = Vec::new();
        gzip.finish(&mut bytes);
        self.write(cx, bytes).await
    }

    async fn write(&self, cx: &Cx, bytes: Vec<u8>) -> Result<(), Errno> {
        let bytes = Bytes::from(bytes);
        cx.process.write_file(&self.file, bytes).await
    }
}

pub(super) async fn run(cx: &mut Cx, request: &Request, file: Arc<OpenFile>) -> u8 {
    if request.members.is_empty() {
        if cx.is_gnu() {
            cx.error("Cowardly refusing to create an empty archive").await;
            cx.complain("Try 'tar --help' or 'tar --usage' for more information.\n").await;
            return 2;
        }
        cx.error("empty archive").await;
        return 1;
    }
    let to_stdout = request.archive == "-";
    let own = file.place().map(|place| {
        let stat = place.inode.stat();
        (stat.device, stat.ino)
    });
    let mut archive = Archive { file, written: 0, buffer: Vec::new(), gzip: None };
    if request.gzip {
        let mut header = Vec::new();
        archive.gzip = Some(Compressor::new(6, b"", 0, &mut header));
        if let Err(errno) = archive.write(cx, header).await {
            let text = cx.text(errno);
            cx.error(format!("write error: {text}")).await;
            return if cx.is_gnu() { 2 } else { 1 };
        }
    }
    let mut seen: HashMap<(u32, u64), Vec<u8>> = HashMap::new();
    let mut failed = false;
    let mut warned = false;
    for member in &request.members {
        let mut pending = vec![(member.to_vec(), 0)];
        while let Some((path, depth)) = pending.pop() {
            cx.process.work(4).await;
            if request.exclude.iter().any(|pattern| {
                fnmatch(pattern, &path) || path.split(|byte| *byte == b'/').any(|name| fnmatch(pattern, name))
            }) {
                continue;
            }
            let stat = match cx.process.stat(&path, request.dereference) {
                Ok(stat) => stat,
                Err(errno) => {
                    let (shown, text) = (String::from_utf8_lossy(&path).into_owned(), cx.text(errno));
                    match cx.is_gnu() {
                        true => cx.error(format!("{shown}: Cannot stat: {text}")).await,
                        false => cx.error(format!("{shown}: {text}")).await,
                    }
                    failed = true;
                    continue;
                }
            };
            if own == Some((stat.device, stat.ino)) {
                let shown = String::from_utf8_lossy(&path).into_owned();
                match cx.is_gnu() {
                    true => cx.error(format!("{shown}: file is the archive; not dumped")).await,
                    false => cx.error(format!("{shown}: file is the archive; skipping")).await,
                }
                continue;
            }
            if stat.file_type == FileType::Socket {
                let shown = String::from_utf8_lossy(&path).into_owned();
                cx.error(format!("{shown}: socket ignored")).await;
                continue;
            }
            if path.starts_with(b"/") && !request.absolute && !std::mem::replace(&mut warned, true) {
                let message = match cx.is_gnu() {
                    true => "Removing leading `/' from member names",
                    false => "removing leading '/' from member names",
                };
                cx.error(message).await;
            }
            let mut header = header(cx, &path, &stat, request.absolute);
            let is_dir = stat.file_type == FileType::Directory;
            if is_dir && !header.path.ends_with(b"/") {
                header.path.push(b'/');
            }
            if header.path.is_empty() || header.path == b"/" {
                header.path = b"./".to_vec();
            }
            if request.verbose > 0 {
                let line = [&header.path[..], b"\n"].concat();
                if to_stdout { cx.complain(line).await } else { cx.put(line) }
            }
            if stat.links > 1 && stat.file_type == FileType::Regular {
                match seen.get(&(stat.device, stat.ino)) {
                    Some(first) => {
                        header.kind = Kind::HardLink;
                        header.target.clone_from(first);
                        header.size = 0;
                    }
                    None => drop(seen.insert((stat.device, stat.ino), header.path.clone())),
                }
            }
            match add(cx, &mut archive, &path, &header).await {
                Ok(true) => {}
                Ok(false) => failed = true,
                Err(errno) => {
                    let text = cx.text(errno);
                    cx.error(format!("write error: {text}")).await;
                    return if cx.is_gnu() { 2 } else { 1 };
                }
            }
            if is_dir && depth < MAX_DEPTH {
                match cx.process.list(&path) {
                    Ok(entries) => {
                        pending.extend(
                            entries.into_iter().rev().map(|(name, _)| (join(&path, &name), depth + 1)),
                        );
                    }
                    Err(errno) => {
                        let (shown, text) = (String::from_utf8_lossy(&path).into_owned(), cx.text(errno));
                        match cx.is_gnu() {
                            true => cx.error(format!("{shown}: Cannot open: {text}")).await,
                            false => cx.error(format!("can't open '{shown}': {text}")).await,
                        }
                        failed = true;
                    }
                }
            }
        }
    }
    let total = archive.written + archive.buffer.len() as u64 + 2 * BLOCK as u64;
    let record = if cx.is_gnu() { 20 * BLOCK as u64 } else { BLOCK as u64 };
    let padding = total.next_multiple_of(record) - total + 2 * BLOCK as u64;
    let zeros = vec![0; usize::try_from(padding).unwrap_or(2 * BLOCK)];
    if archive.put(cx, &zeros).await.is_err() || archive.finish(cx).await.is_err() {
        return 1;
    }
    match (failed, cx.is_gnu()) {
        (false, _) => 0,
        (true, true) => {
            cx.error("Exiting with failure status due to previous errors").await;
            2
        }
        (true, false) => {
            cx.error("error exit delayed from previous errors").await;
            1
        }
    }
}

fn header(cx: &Cx, path: &[u8], stat: &Stat, absolute: bool) -> Member {
    let is_link = stat.file_type == FileType::Symlink;
    let bare = if absolute { path } else { path.trim_ascii_start() };
    let bare = if absolute { bare } else { &bare[bare.iter().take_while(|byte| **byte == b'/').count()..] };
    Member {
        path: bare.to_vec(),
        kind: Kind::File(stat.file_type),
        mode: stat.mode,
        uid: stat.uid,
        gid: stat.gid,
        user: passwd::user_of(&cx.process, stat.uid).map(|user| user.name).unwrap_or_default(),
        group: passwd::group_of(&cx.process, stat.gid).unwrap_or_default(),
        size: if stat.file_type == FileType::Regular { stat.size } else { 0 },
        modified: stat.modified,
        target: if is_link { cx.process.read_link(path).unwrap_or_default() } else { Vec::new() },
    }
}

/// Adds a member and its content; `false` where that could not be read.
async fn add(cx: &mut Cx, archive: &mut Archive, path: &[u8], header: &Member) -> Result<bool, Errno> {
    if header.kind != Kind::File(FileType::Regular) {
        archive.put(cx, &header.blocks()).await?;
        return Ok(true);
    }
    let file = match cx.process.open_file(path, OpenFlags::READ, 0).await {
        Ok(file) => file,
        Err(errno) => {
            let (shown, text) = (String::from_utf8_lossy(path).into_owned(), cx.text(errno));
            match cx.is_gnu() {
                true => cx.error(format!("{shown}: Cannot open: {text}")).await,
                false => cx.error(format!("can't open '{shown}': {text}")).await,
            }
            return Ok(false);
        }
    };
    archive.put(cx, &header.blocks()).await?;
    let mut left = header.size;
    while left > 0 {
        let bytes = cx.read(&file).await.unwrap_or_default();
        let bytes = bytes.slice(..bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX)));
        if bytes.is_empty() {
            // It has shrunk meanwhile: zeros in its place, as every tar does.
            let part = usize::try_from(left.min(64 * 1024)).unwrap_or(0);
            archive.put(cx, &vec![0; part]).await?;
            left -= part as u64;
            continue;
        }
        archive.put(cx, &bytes).await?;
        left -= bytes.len() as u64;
    }
    let padding = header.size.next_multiple_of(BLOCK as u64) - header.size;
    archive.put(cx, &[0; BLOCK][..usize::try_from(padding).unwrap_or(0)]).await?;
    Ok(true)
}
