//! `gzip`, `gunzip`, `zcat`: compressed files.

pub(super) mod format;

use std::sync::Arc;

use bytes::Bytes;
use format::{Compressor, Decompressor};

use super::Cx;
use crate::{
    kernel::{
        errno::Errno,
        fs::{FileType, OpenFile, OpenFlags, SetTimes, Stat, join},
    },
    libc::getopt::OptSpec,
};

const SPEC: OptSpec = OptSpec { short: "cdfkntvq123456789", long: &[] };
const GNU_SPEC: OptSpec = OptSpec {
    short: "acdfhklLnNqrS:tvV123456789",
    long: &[
        ("stdout", b'c'),
        ("to-stdout", b'c'),
        ("decompress", b'd'),
        ("uncompress", b'd'),
        ("force", b'f'),
        ("keep", b'k'),
        ("list", b'l'),
        ("no-name", b'n'),
        ("name", b'N'),
        ("quiet", b'q'),
        ("recursive", b'r'),
        ("suffix=", b'S'),
        ("test", b't'),
        ("verbose", b'v'),
        ("fast", b'1'),
        ("best", b'9'),
    ],
};
const USAGE: &str = "[-cfkdt123456789] [FILE]...";
const SUFFIX: &[u8] = b".gz";
/// How much is decompressed at a time.
const PIECE: usize = 64 * 1024;
/// How deep directories are searched (`-r`).
const MAX_DEPTH: usize = 256;

/// What is to be done with each file.
struct Request {
    decompress: bool,
    to_stdout: bool,
    force: bool,
    keep: bool,
    list: bool,
    test: bool,
    verbose: bool,
    quiet: bool,
    recursive: bool,
    no_name: bool,
    level: u8,
}

/// Why a file was not done.
enum Trouble {
    /// It has been told.
    Told,
    Warned,
    Errno(Errno),
    Fault(format::Fault),
}

impl From<Errno> for Trouble {
    fn from(errno: Errno) -> Self {
        Self::Errno(errno)
    }
}

impl From<format::Fault> for Trouble {
    fn from(fault: format::Fault) -> Self {
        Self::Fault(fault)
    }
}

pub(super) async fn run(mut cx: Cx) -> u8 {
    let called = cx.name.clone();
    if cx.is_gnu() {
        // All of them are gzip, and say so.
        "gzip".clone_into(&mut cx.name);
    }
    let opts = match cx.opts(if cx.is_gnu() { GNU_SPEC } else { SPEC }, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let request = Request {
        decompress: opts.has(b'd') || opts.has(b't') || opts.has(b'l') || called != "gzip",
        to_stdout: opts.has(b'c') || called == "zcat",
        force: opts.has(b'f'),
        keep: opts.has(b'k'),
        list: opts.has(b'l'),
        test: opts.has(b't'),
        verbose: opts.has(b'v'),
        quiet: opts.has(b'q'),
        recursive: opts.has(b'r'),
        no_name: opts.has(b'n'),
        level: opts.last_of(b"123456789").map_or(6, |digit| digit - b'0'),
    };
    if request.list {
        cx.put("         compressed        uncompressed  ratio uncompressed_name\n");
    }
    let mut code = 0;
    let mut pending: Vec<(Bytes, usize)> =
        Cx::inputs(opts.operands).into_iter().rev().map(|path| (path, 0)).collect();
    while let Some((path, depth)) = pending.pop() {
        cx.process.work(4).await;
        if request.recursive
            && depth < MAX_DEPTH
            && let Ok(entries) = cx.process.list(&path)
        {
            pending.extend(entries.into_iter().rev().map(|(name, _)| (join(&path, &name).into(), depth + 1)));
            continue;
        }
        match one(&mut cx, &path, &request).await {
            Ok(()) => {}
            Err(Trouble::Warned) => code = if cx.is_gnu() && code == 0 { 2 } else { code.max(1) },
            Err(trouble) => {
                complain(&mut cx, &path, &trouble).await;
                code = 1;
            }
        }
    }
    cx.finish(code).await
}

async fn complain(cx: &mut Cx, path: &[u8], trouble: &Trouble) {
    let shown = if path == b"-" { "stdin".into() } else { String::from_utf8_lossy(path) };
    let message = match trouble {
        Trouble::Told | Trouble::Warned => return,
        Trouble::Errno(errno) => format!("{shown}: {}", cx.text(*errno)),
        Trouble::Fault(fault) if cx.is_gnu() => format!("{shown}: {fault}"),
        Trouble::Fault(format::Fault::Magic) => "invalid magic".to_owned(),
        Trouble::Fault(format::Fault::Truncated) => "unexpected end of file".to_owned(),
        Trouble::Fault(format::Fault::Checksum) => "crc error".to_owned(),
        Trouble::Fault(format::Fault::Length) => "incorrect length".to_owned(),
        Trouble::Fault(format::Fault::Format) => "corrupted data".to_owned(),
    };
    let newline = matches!(trouble, Trouble::Fault(_)) && cx.is_gnu();
    if newline {
        cx.complain("\n").await;
    }
    cx.error(message).await;
}

/// Compresses or decompresses one file, or a standard stream.
async fn one(cx: &mut Cx, path: &Bytes, request: &Request) -> Result<(), Trouble> {
    let standard = path == "-";
    let to_stdout = request.to_stdout || standard;
    let (path, target) = if to_stdout || request.test || request.list {
        (with_suffix_if_missing(cx, path, request), None)
    } else {
        let (path, target) = names(cx, path, request).await?;
        (path, Some(target))
    };
    let input = cx.open(&path).await?;
    let stat = cx.process.stat(&path, true).ok().filter(|_| !standard);
    if let Some(stat) = &stat
        && stat.file_type == FileType::Directory
    {
        if !cx.is_gnu() {
            return Err(Errno::EISDIR.into());
        }
        if !request.quiet {
            cx.error(format!("{} is a directory -- ignored", String::from_utf8_lossy(&path))).await;
        }
        return Err(Trouble::Warned);
    }
    if to_stdout && !request.decompress && !request.force && cx.process.is_terminal(1) {
        let message = match cx.is_gnu() {
            true => {
                "compressed data not written to a terminal. Use -f to force compression.\nFor help, type: gzip -h"
            }
            false => "compressed data not written to terminal, use -f to force it",
        };
        cx.error(message).await;
        return Err(Trouble::Told);
    }
    let out = match &target {
        None if request.test || request.list => None,
        None => Some(cx.process.file(1)?),
        Some(target) => Some(create(cx, target, request).await?),
    };
    cx.flush().await;
    let done = match request.decompress {
        true => decompress(cx, &input, out.as_deref(), request.force && to_stdout).await,
        false => {
            let name =
                if standard || request.no_name { &[][..] } else { crate::kernel::fs::file_name(&path) };
            compress(cx, &input, out.as_deref(), name, stat.as_ref(), request.level).await
        }
    };
    let (read, written) = match done {
        Ok(sizes) => sizes,
        Err(trouble) => {
            if let Some(target) = &target {
                // What is there of it is of no use.
                let _ = cx.process.unlink(target);
            }
            return Err(trouble);
        }
    };
    if request.list {
        let shown = path.strip_suffix(SUFFIX).unwrap_or(&path);
        let line = format!(
            "{read:>19} {written:>19} {:>5.1}% {}\n",
            ratio(written, read),
            if standard { "stdout".into() } else { String::from_utf8_lossy(shown) }
        );
        cx.put(line);
        return Ok(());
    }
    if let (Some(target), Some(stat)) = (&target, &stat) {
        // The copy is made as like the original as may be.
        let _ = cx.process.chmod(target, stat.mode);
        let times = SetTimes { accessed: Some(stat.accessed), modified: Some(stat.modified) };
        let _ = cx.process.set_times(target, times, true);
        if !request.keep {
            cx.process.unlink(&path)?;
        }
    }
    if request.verbose && cx.is_gnu() {
        let (plain, packed) = if request.decompress { (written, read) } else { (read, written) };
        let shown = String::from_utf8_lossy(&path).into_owned();
        let end = match &target {
            Some(target) => {
                let verb = if request.keep { "created" } else { "replaced with" };
                format!("\t{:>5.1}% -- {verb} {}", ratio(plain, packed), String::from_utf8_lossy(target))
            }
            None if request.test => "\t OK".to_owned(),
            None => format!("\t{:>5.1}%", ratio(plain, packed)),
        };
        cx.complain(format!("{shown}:{end}\n")).await;
    }
    Ok(())
}

/// By how much a file became smaller, in percent; the header does not count.
fn ratio(plain: u64, packed: u64) -> f64 {
    const HEADER: u64 = 18;
    if plain == 0 { 0.0 } else { 100.0 - packed.saturating_sub(HEADER) as f64 * 100.0 / plain as f64 }
}

/// `zcat f` reads `f.gz` where there is no `f`.
fn with_suffix_if_missing(cx: &Cx, path: &Bytes, request: &Request) -> Bytes {
    let longer = [path, SUFFIX].concat();
    let is_missing = |path: &[u8]| cx.process.stat(path, true).is_err();
    if request.decompress && path != "-" && is_missing(path) && !is_missing(&longer) {
        return longer.into();
    }
    path.clone()
}

/// The names of the file that is read and of the one that is written.
async fn names(cx: &mut Cx, path: &Bytes, request: &Request) -> Result<(Bytes, Vec<u8>), Trouble> {
    let path = with_suffix_if_missing(cx, path, request);
    let shown = String::from_utf8_lossy(&path).into_owned();
    if cx.process.stat(&path, true).is_ok_and(|stat| stat.file_type == FileType::Directory) {
        return Ok((path, Vec::new()));
    }
    if !request.decompress {
        if path.ends_with(SUFFIX) && cx.is_gnu() {
            if !request.quiet {
                cx.error(format!("{shown} already has .gz suffix -- unchanged")).await;
            }
            return Err(Trouble::Warned);
        }
        let target = [&path, SUFFIX].concat();
        return Ok((path, target));
    }
    cx.process.stat(&path, true)?;
    let target = match path.strip_suffix(b".tgz") {
        Some(start) => Some([start, b".tar"].concat()),
        None => path.strip_suffix(SUFFIX).filter(|start| !start.is_empty()).map(<[u8]>::to_vec),
    };
    match target {
        Some(target) => Ok((path, target)),
        None if cx.is_gnu() => {
            if !request.quiet {
                cx.error(format!("{shown}: unknown suffix -- ignored")).await;
            }
            Err(Trouble::Warned)
        }
        None => {
            cx.error(format!("{shown}: unknown suffix - ignored")).await;
            Err(Trouble::Told)
        }
    }
}

async fn create(cx: &mut Cx, target: &[u8], request: &Request) -> Result<Arc<OpenFile>, Trouble> {
    let shown = String::from_utf8_lossy(target).into_owned();
    if request.force {
        let _ = cx.process.unlink(target);
    }
    let flags = OpenFlags { exclusive: true, ..OpenFlags::WRITE };
    match cx.process.open_file(target, flags, 0o600).await {
        Ok(file) => Ok(file),
        Err(Errno::EEXIST) if cx.is_gnu() => {
            cx.error(format!("{shown} already exists;\tnot overwritten")).await;
            Err(Trouble::Warned)
        }
        Err(errno) => {
            let text = cx.text(errno);
            match cx.is_gnu() {
                true => cx.error(format!("{shown}: {text}")).await,
                false => cx.error(format!("can't open '{shown}': {text}")).await,
            }
            Err(Trouble::Told)
        }
    }
}

/// Returns how many bytes were read and written.
async fn compress(
    cx: &mut Cx,
    input: &OpenFile,
    out: Option<&OpenFile>,
    name: &[u8],
    stat: Option<&Stat>,
    level: u8,
) -> Result<(u64, u64), Trouble> {
    let modified = stat.map_or(0, |stat| u32::try_from(stat.modified.as_second()).unwrap_or(0));
    let mut packed = Vec::new();
    let mut compressor = Some(Compressor::new(level, name, modified, &mut packed));
    let (mut read, mut written) = (0, 0);
    while let Some(running) = &mut compressor {
        let bytes = cx.read(input).await?;
        read += bytes.len() as u64;
        if bytes.is_empty() {
            if let Some(ended) = compressor.take() {
                ended.finish(&mut packed);
            }
        } else {
            running.push(&bytes, &mut packed);
            cx.process.work(1 + (bytes.len() >> 8) as u32).await;
        }
        written += packed.len() as u64;
        if let Some(out) = out
            && !packed.is_empty()
        {
            cx.process.write_file(out, std::mem::take(&mut packed).into()).await?;
        }
    }
    Ok((read, written))
}

/// Returns how many bytes were read and written. `as_it_is` copies what is not compressed (`zcat -f`).
async fn decompress(
    cx: &mut Cx,
    input: &OpenFile,
    out: Option<&OpenFile>,
    as_it_is: bool,
) -> Result<(u64, u64), Trouble> {
    let mut decompressor = Decompressor::new();
    let (mut read, mut written) = (0, 0);
    loop {
        let bytes = cx.read(input).await?;
        if as_it_is && read == 0 && !bytes.starts_with(&format::MAGIC) {
            return copy(cx, input, bytes, out).await;
        }
        if bytes.is_empty() {
            decompressor.finish()?;
            return Ok((read, written));
        }
        read += bytes.len() as u64;
        let mut left = &bytes[..];
        loop {
            let mut piece = vec![0; PIECE];
            let (taken, made) = decompressor.step(left, &mut piece)?;
            left = &left[taken..];
            cx.process.work(1 + (made >> 10) as u32).await;
            if left.is_empty() && made == 0 {
                break;
            }
            written += made as u64;
            piece.truncate(made);
            if let Some(out) = out
                && made > 0
            {
                cx.process.write_file(out, piece.into()).await?;
            }
        }
    }
}

async fn copy(
    cx: &mut Cx,
    input: &OpenFile,
    mut bytes: Bytes,
    out: Option<&OpenFile>,
) -> Result<(u64, u64), Trouble> {
    let mut size = 0;
    while !bytes.is_empty() {
        size += bytes.len() as u64;
        if let Some(out) = out {
            cx.process.write_file(out, bytes).await?;
        }
        bytes = cx.read(input).await?;
    }
    Ok((size, size))
}
