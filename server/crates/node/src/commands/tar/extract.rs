//! `tar x`, `tar t`

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::{
    Request,
    header::{BLOCK, Kind, Member},
};
use crate::{
    commands::{
        Cx,
        gzip::format::{Decompressor, Fault, MAGIC},
    },
    kernel::{
        errno::Errno,
        fs::{FileType, OpenFile, OpenFlags, SetTimes},
    },
    libc::{fnmatch::fnmatch, mode},
};

/// The longest path and the largest extended header.
const MAX_SPECIAL: u64 = 1 << 20;
/// How much is decompressed at a time.
const PIECE: usize = 64 * 1024;

/// An archive that is read.
struct Archive {
    file: Arc<OpenFile>,
    buffer: BytesMut,
    /// Nothing of it was looked at so far.
    fresh: bool,
    gunzip: Option<Decompressor>,
    /// What was read and is still compressed.
    packed: Bytes,
    fault: Option<Fault>,
}

impl Archive {
    /// The next bytes of the file, decompressed; none at the end, or where they are no gzip (`fault`).
    async fn fill(&mut self, cx: &mut Cx) -> Result<(), Errno> {
        while self.buffer.is_empty() && self.fault.is_none() {
            let at_end = self.packed.is_empty() && {
                self.packed = cx.read(&self.file).await?;
                self.packed.is_empty()
            };
            if std::mem::take(&mut self.fresh) && self.gunzip.is_none() && self.packed.starts_with(&MAGIC) {
                self.gunzip = Some(Decompressor::new());
            }
            let Some(gunzip) = &mut self.gunzip else {
                let bytes = std::mem::take(&mut self.packed);
                self.buffer.extend_from_slice(&bytes);
                return Ok(());
            };
            let mut piece = vec![0; PIECE];
            match gunzip.step(&self.packed, &mut piece) {
                Ok((_, 0)) if at_end => {
                    self.fault = gunzip.finish().err();
                    return Ok(());
                }
                Ok((taken, made)) => {
                    let _ = self.packed.split_to(taken);
                    self.buffer.extend_from_slice(&piece[..made]);
                    cx.process.work(1 + (made >> 10) as u32).await;
                }
                Err(fault) => self.fault = Some(fault),
            }
        }
        Ok(())
    }

    /// Up to `most` bytes; none at the end.
    async fn some(&mut self, cx: &mut Cx, most: u64) -> Result<Bytes, Errno> {
        if self.buffer.is_empty() {
            self.fill(cx).await?;
        }
        let len = self.buffer.len().min(usize::try_from(most).unwrap_or(usize::MAX));
        Ok(self.buffer.split_to(len).freeze())
    }

    /// Exactly `len` bytes, or fewer at the end.
    async fn exactly(&mut self, cx: &mut Cx, len: u64) -> Result<Vec<u8>, Errno> {
        let mut out = Vec::new();
        while (out.len() as u64) < len {
            let bytes = self.some(cx, len - out.len() as u64).await?;
            if bytes.is_empty() {
                break;
            }
            out.extend_from_slice(&bytes);
        }
        Ok(out)
    }

    async fn skip(&mut self, cx: &mut Cx, len: u64) -> Result<(), Errno> {
        let mut left = len;
        while left > 0 {
            let bytes = self.some(cx, left).await?;
            if bytes.is_empty() {
                return Ok(());
            }
            left -= bytes.len() as u64;
        }
        Ok(())
    }
}

pub(super) async fn run(cx: &mut Cx, request: &Request, file: Arc<OpenFile>, list: bool) -> u8 {
    let failure = if cx.is_gnu() { 2 } else { 1 };
    let mut archive = Archive {
        file,
        buffer: BytesMut::new(),
        fresh: true,
        gunzip: request.gzip.then(Decompressor::new),
        packed: Bytes::new(),
        fault: None,
    };
    let done = members(cx, request, &mut archive, list).await;
    if let Some(fault) = archive.fault {
        cx.flush().await;
        if cx.is_gnu() {
            cx.complain(format!("\ngzip: stdin: {fault}\n")).await;
            cx.error("Child returned status 1").await;
            cx.error("Error is not recoverable: exiting now").await;
            return failure;
        }
        cx.error(if fault == Fault::Magic { "invalid magic".to_owned() } else { fault.to_string() }).await;
    }
    match done {
        Ok((good, found)) => {
            let mut code = if good { 0 } else { failure };
            for (member, found) in request.members.iter().zip(found) {
                if !found {
                    let shown = String::from_utf8_lossy(member).into_owned();
                    match cx.is_gnu() {
                        true => cx.error(format!("{shown}: Not found in archive")).await,
                        false => cx.error(format!("{shown}: not found in archive")).await,
                    }
                    code = failure;
                }
            }
            if code != 0 && cx.is_gnu() {
                cx.error("Exiting with failure status due to previous errors").await;
            }
            code
        }
        Err(message) => {
            cx.flush().await;
            cx.error(message).await;
            if cx.is_gnu() {
                cx.error("Exiting with failure status due to previous errors").await;
            }
            failure
        }
    }
}

async fn members(
    cx: &mut Cx,
    request: &Request,
    archive: &mut Archive,
    list: bool,
) -> Result<(bool, Vec<bool>), String> {
    let gnu = cx.is_gnu();
    let mut found = vec![false; request.members.len()];
    let (mut good, mut any) = (true, false);
    let (mut long_path, mut long_target, mut extended): (Option<Vec<u8>>, Option<Vec<u8>>, Vec<u8>) =
        (None, None, Vec::new());
    // Modes and times of directories, which are set when all is there.
    let mut dirs: Vec<Member> = Vec::new();
    loop {
        let block = archive
            .exactly(cx, BLOCK as u64)
            .await
            .map_err(|errno| format!("read error: {}", cx.text(errno)))?;
        if block.len() < BLOCK {
            let ends_well = block.is_empty() && (any || gnu);
            if !ends_well {
                return Err(match gnu {
                    true => "This does not look like a tar archive".to_owned(),
                    false => "short read".to_owned(),
                });
            }
            break;
        }
        let mut member = match Member::parse(&block) {
            Ok(Some(member)) => member,
            Ok(None) => break,
            Err(()) => {
                return Err(match gnu {
                    true => "This does not look like a tar archive".to_owned(),
                    false => "invalid tar magic".to_owned(),
                });
            }
        };
        any = true;
        let padded = member.size.next_multiple_of(BLOCK as u64);
        match member.kind {
            Kind::LongPath | Kind::LongTarget | Kind::Extended if member.size <= MAX_SPECIAL => {
                let mut content =
                    archive.exactly(cx, padded).await.map_err(|errno| cx.text(errno).to_owned())?;
                content.truncate(usize::try_from(member.size).unwrap_or(0));
                let text = || content.split(|byte| *byte == 0).next().unwrap_or_default().to_vec();
                match member.kind {
                    Kind::LongPath => long_path = Some(text()),
                    Kind::LongTarget => long_target = Some(text()),
                    _ => extended = content,
                }
                continue;
            }
            Kind::Global | Kind::Unknown | Kind::LongPath | Kind::LongTarget | Kind::Extended => {
                archive.skip(cx, padded).await.map_err(|errno| cx.text(errno).to_owned())?;
                continue;
            }
            Kind::File(_) | Kind::HardLink => {}
        }
        member.extend(&std::mem::take(&mut extended));
        member.path = long_path.take().unwrap_or(member.path);
        member.target = long_target.take().unwrap_or(member.target);
        let padded = member.size.next_multiple_of(BLOCK as u64);
        let wanted = wanted(request, &member.path, &mut found);
        if !wanted {
            archive.skip(cx, padded).await.map_err(|errno| cx.text(errno).to_owned())?;
            continue;
        }
        if list || request.verbose > 0 {
            let line = if list && request.verbose > 0 || request.verbose > 1 {
                long(cx, &member).await
            } else {
                [&member.path[..], b"\n"].concat()
            };
            if request.to_stdout && !list { cx.complain(line).await } else { cx.put(line) }
        }
        if list {
            archive.skip(cx, padded).await.map_err(|errno| cx.text(errno).to_owned())?;
        } else {
            good &= extract(cx, request, archive, &mut member, &mut dirs).await?;
        }
        cx.process.work(4).await;
        if !cx.drain().await {
            return Ok((false, found));
        }
    }
    for dir in dirs.iter().rev() {
        attributes(cx, request, dir);
    }
    Ok((good, found))
}

fn wanted(request: &Request, path: &[u8], found: &mut [bool]) -> bool {
    let bare = path.strip_suffix(b"/").unwrap_or(path);
    if request.exclude.iter().any(|pattern| {
        fnmatch(pattern, bare) || bare.split(|byte| *byte == b'/').any(|name| fnmatch(pattern, name))
    }) {
        return false;
    }
    if request.members.is_empty() {
        return true;
    }
    let mut any = false;
    for (member, found) in request.members.iter().zip(found) {
        let name = member.strip_suffix(b"/").unwrap_or(member);
        let fits = bare == name
            || bare.strip_prefix(name).is_some_and(|rest| rest.starts_with(b"/"))
            || fnmatch(name, bare);
        *found |= fits;
        any |= fits;
    }
    any
}

/// A line of `tar tv`.
async fn long(cx: &Cx, member: &Member) -> Vec<u8> {
    let letter = match member.kind {
        Kind::HardLink => 'h',
        Kind::File(file_type) => file_type.letter(),
        _ => '?',
    };
    let name = |name: &[u8], number: u32| match name {
        [] => number.to_string(),
        name => String::from_utf8_lossy(name).into_owned(),
    };
    let owner = format!("{}/{}", name(&member.user, member.uid), name(&member.group, member.gid));
    let zone = cx.zone().await;
    let format: &[u8] = if cx.is_gnu() { b"%Y-%m-%d %H:%M" } else { b"%Y-%m-%d %H:%M:%S" };
    let date = zone.at(member.modified).format(format, false);
    let date = String::from_utf8_lossy(&date);
    let mut line = match cx.is_gnu() {
        true => {
            let width = 19usize.saturating_sub(owner.len() + 1);
            format!("{letter}{} {owner} {:>width$} {date} ", mode::letters(member.mode), member.size)
        }
        false => format!("{letter}{} {owner} {:>9} {date} ", mode::letters(member.mode), member.size),
    }
    .into_bytes();
    line.extend_from_slice(&member.path);
    match member.kind {
        Kind::HardLink if cx.is_gnu() => line.extend_from_slice(&[b" link to ", &member.target[..]].concat()),
        Kind::HardLink | Kind::File(FileType::Symlink) => {
            line.extend_from_slice(&[b" -> ", &member.target[..]].concat())
        }
        _ => {}
    }
    line.push(b'\n');
    line
}

/// The path below the current directory that a member gets; `None` where it would lead out of it.
fn local(path: &[u8], strip: usize, absolute: bool) -> Option<Vec<u8>> {
    if absolute && strip == 0 {
        return Some(path.to_vec());
    }
    let parts: Vec<&[u8]> = path.split(|byte| *byte == b'/').filter(|part| !part.is_empty()).collect();
    if parts.contains(&&b".."[..]) {
        return None;
    }
    let kept = parts.get(strip..).unwrap_or_default();
    if kept.is_empty() && strip > 0 {
        None
    } else {
        Some(if kept.is_empty() { b".".to_vec() } else { kept.join(&b'/') })
    }
}

async fn extract(
    cx: &mut Cx,
    request: &Request,
    archive: &mut Archive,
    member: &mut Member,
    dirs: &mut Vec<Member>,
) -> Result<bool, String> {
    let padded = member.size.next_multiple_of(BLOCK as u64);
    let Some(path) = local(&member.path, request.strip, request.absolute) else {
        archive.skip(cx, padded).await.map_err(|errno| cx.text(errno).to_owned())?;
        if request.strip == 0 {
            let shown = String::from_utf8_lossy(&member.path).into_owned();
            match cx.is_gnu() {
                true => cx.error(format!("{shown}: Member name contains '..'")).await,
                false => cx.error(format!("name with '..': '{shown}'")).await,
            }
            return Ok(false);
        }
        return Ok(true);
    };
    member.path = path;
    let is_file = member.kind == Kind::File(FileType::Regular);
    if request.to_stdout {
        let mut left = if is_file { member.size } else { 0 };
        let rest = padded - left;
        while left > 0 {
            let bytes = archive.some(cx, left).await.map_err(|errno| cx.text(errno).to_owned())?;
            if bytes.is_empty() {
                return Err("short read".to_owned());
            }
            left -= bytes.len() as u64;
            cx.write(bytes).await;
        }
        archive.skip(cx, rest).await.map_err(|errno| cx.text(errno).to_owned())?;
        return Ok(true);
    }
    // Directories above it that the archive does not have.
    for (at, _) in member.path.iter().enumerate().filter(|(at, byte)| **byte == b'/' && *at > 0) {
        let _ = cx.process.mkdir(&member.path[..at], 0o777);
    }
    let existing = cx.process.stat(&member.path, false).ok();
    let is_dir = member.kind == Kind::File(FileType::Directory);
    if existing.is_some() && !is_dir {
        if request.keep_old {
            archive.skip(cx, padded).await.map_err(|errno| cx.text(errno).to_owned())?;
            if cx.is_gnu() {
                let shown = String::from_utf8_lossy(&member.path).into_owned();
                cx.error(format!("{shown}: Cannot open: File exists")).await;
                return Ok(false);
            }
            return Ok(true);
        }
        let _ = cx.process.unlink(&member.path);
    }
    let target = match member.kind {
        Kind::HardLink => local(&member.target, 0, request.absolute).unwrap_or_default(),
        _ => member.target.clone(),
    };
    let done = match member.kind {
        Kind::File(FileType::Directory) => match cx.process.mkdir(&member.path, 0o700) {
            Err(Errno::EEXIST) if existing.is_some_and(|stat| stat.file_type == FileType::Directory) => {
                Ok(())
            }
            made => made,
        },
        Kind::File(FileType::Symlink) => cx.process.symlink(&target, &member.path),
        Kind::HardLink => cx.process.link(&target, &member.path, false),
        Kind::File(FileType::Fifo) => cx.process.mkfifo(&member.path, member.mode),
        _ => content(cx, archive, member).await?,
    };
    if !is_file || done.is_err() {
        let left = if is_file { 0 } else { padded };
        archive.skip(cx, left).await.map_err(|errno| cx.text(errno).to_owned())?;
    }
    if let Err(errno) = done {
        let (shown, text) = (String::from_utf8_lossy(&member.path).into_owned(), cx.text(errno));
        let message = match (cx.is_gnu(), member.kind) {
            (true, Kind::File(FileType::Directory)) => format!("{shown}: Cannot mkdir: {text}"),
            (true, _) => format!("{shown}: Cannot open: {text}"),
            (false, Kind::File(FileType::Directory)) => format!("can't make dir {shown}: {text}"),
            (false, Kind::HardLink) => {
                format!("can't create hardlink '{shown}' to '{}': {text}", String::from_utf8_lossy(&target))
            }
            (false, _) => format!("can't open '{shown}': {text}"),
        };
        if !cx.is_gnu() {
            return Err(message);
        }
        cx.error(message).await;
        return Ok(false);
    }
    if is_dir {
        dirs.push(member.clone())
    } else {
        attributes(cx, request, member)
    }
    Ok(true)
}

/// Writes a member's content. The inner error is that of opening; the content is skipped then.
async fn content(cx: &mut Cx, archive: &mut Archive, member: &Member) -> Result<Result<(), Errno>, String> {
    let padded = member.size.next_multiple_of(BLOCK as u64);
    let file = match cx.process.open_file(&member.path, OpenFlags::WRITE, member.mode & 0o777).await {
        Ok(file) => file,
        Err(errno) => {
            archive.skip(cx, padded).await.map_err(|errno| cx.text(errno).to_owned())?;
            return Ok(Err(errno));
        }
    };
    let mut left = member.size;
    while left > 0 {
        let bytes = archive.some(cx, left).await.map_err(|errno| cx.text(errno).to_owned())?;
        if bytes.is_empty() {
            return Err(if cx.is_gnu() { "Unexpected EOF in archive" } else { "short read" }.to_owned());
        }
        left -= bytes.len() as u64;
        if let Err(errno) = cx.process.write_file(&file, bytes).await {
            return Err(format!("write error: {}", cx.text(errno)));
        }
    }
    archive.skip(cx, padded - member.size).await.map_err(|errno| cx.text(errno).to_owned())?;
    Ok(Ok(()))
}

/// Owner (for root), mode and time of what was extracted.
fn attributes(cx: &Cx, request: &Request, member: &Member) {
    let creds = cx.process.creds();
    let is_link = member.kind == Kind::File(FileType::Symlink);
    if creds.uid == 0 && !request.no_owner {
        // What cannot be given away stays.
        let _ = cx.process.chown(&member.path, Some(member.uid), Some(member.gid), !is_link);
    }
    if !is_link && member.kind != Kind::HardLink {
        let mode = if creds.uid == 0 { member.mode } else { member.mode & !cx.process.umask() };
        let _ = cx.process.chmod(&member.path, mode);
    }
    if !request.no_mtime && !is_link {
        let times = SetTimes { accessed: None, modified: Some(member.modified) };
        let _ = cx.process.set_times(&member.path, times, true);
    }
}
