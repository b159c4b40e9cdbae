//! `tail`: the end of files, and what is written to them from then on.

mod follow;

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use follow::{Followed, Following};

use super::{Cx, Lines, number};
use crate::{
    kernel::{
        errno::Errno,
        fs::{FileObject, OpenFile, SeekFrom},
    },
    libc::getopt::OptSpec,
};

const SPEC: OptSpec = OptSpec {
    short: "fFqvc:n:s:z",
    long: &[
        ("lines=", b'n'),
        ("bytes=", b'c'),
        ("quiet", b'q'),
        ("silent", b'q'),
        ("verbose", b'v'),
        ("follow==", b'f'),
        ("retry", b'r'),
        ("sleep-interval=", b's'),
        ("pid=", b'p'),
        ("zero-terminated", b'z'),
    ],
};
const USAGE: &str = "[-fFqv] [-c [+]N[bkm]] [-n [+]N] [-s SECONDS] [FILE]...";

/// Where printing begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    /// So many lines before the end.
    LastLines(u64),
    /// With this line, counted from 1.
    Line(u64),
    LastBytes(u64),
    Byte(u64),
}

pub(super) async fn run(mut cx: Cx) -> u8 {
    legacy_option(&mut cx);
    let opts = match cx.opts(SPEC, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let mut from = From::LastLines(10);
    for (letter, value) in &opts.given {
        let (b'n' | b'c', Some(value)) = (letter, value) else { continue };
        match from_of(value, *letter == b'c') {
            Some(parsed) => from = parsed,
            None if cx.is_gnu() => {
                let what = if *letter == b'c' { "bytes" } else { "lines" };
                cx.error(format!("invalid number of {what}: '{}'", String::from_utf8_lossy(value))).await;
                return 1;
            }
            None => return cx.bad_number(value).await,
        }
    }
    if let Some(seconds) = opts.value(b's')
        && number::parse_duration(seconds).is_none()
    {
        return cx.bad_number(seconds).await;
    }
    let by_name = opts.has(b'F') || opts.value(b'f').is_some_and(|how| how == "name");
    let follow = opts.has(b'f') || opts.has(b'F');
    let delimiter = if opts.has(b'z') { 0 } else { b'\n' };
    let paths = Cx::inputs(opts.operands.clone());
    // busybox opens all files before it prints one, and counts those that it could open.
    let mut opened = Vec::new();
    let mut code = 0;
    if !cx.is_gnu() {
        for path in &paths {
            let file = open(&mut cx, path).await;
            code = code.max(u8::from(file.is_none()));
            opened.push(file);
        }
    }
    let count = if cx.is_gnu() { paths.len() } else { opened.iter().flatten().count() };
    let headers = match opts.last_of(b"qv") {
        Some(letter) => letter == b'v',
        None => count > 1,
    };
    let mut following = Following { files: Vec::new(), headers, by_name, last: None };
    let mut first = true;
    let mut opened = opened.into_iter();
    for path in paths {
        let file = match opened.next() {
            Some(file) => file,
            None => open(&mut cx, &path).await,
        };
        let Some(file) = file else {
            code = 1;
            if opts.has(b'F') {
                following.files.push(Followed::missing(path));
            }
            continue;
        };
        if headers {
            cx.put(header(&path, first));
        }
        first = false;
        if let Err(errno) = print(&mut cx, &file, from, delimiter).await {
            let (shown, text) = (String::from_utf8_lossy(&path).into_owned(), cx.text(errno));
            match cx.is_gnu() {
                true => cx.error(format!("error reading '{shown}': {text}")).await,
                false => cx.error(format!("read error: {text}")).await,
            }
            code = 1;
            continue;
        }
        following.last = Some(following.files.len());
        following.files.push(Followed::open(path, file));
        if !cx.drain().await {
            return cx.finish(1).await;
        }
    }
    if first && following.files.is_empty() {
        if !cx.is_gnu() {
            cx.error("no files").await;
        } else if follow {
            cx.error("no files remaining").await;
        }
        return cx.finish(1).await;
    }
    if follow && cx.flush().await {
        if following.run(&mut cx).await && cx.is_gnu() {
            cx.error("no files remaining").await;
            code = 1;
        }
        return cx.finish(code).await;
    }
    cx.finish(code).await
}

/// `tail -5`, `tail +5`, `tail -5f`.
fn legacy_option(cx: &mut Cx) {
    let Some(first) = cx.args.first().cloned() else { return };
    let digits = first.iter().skip(1).take_while(|byte| byte.is_ascii_digit()).count();
    let sign = match first.first() {
        Some(b'-') => &b"-n"[..],
        Some(b'+') if !cx.is_gnu() => &b"-n+"[..],
        _ => return,
    };
    let rest = &first[(1 + digits).min(first.len())..];
    if digits == 0 || !matches!(rest, b"" | b"f") {
        return;
    }
    let mut option = sign.to_vec();
    option.extend_from_slice(&first[1..=digits]);
    let follow = (rest == b"f").then(|| Bytes::from_static(b"-f"));
    cx.args.splice(..1, [Bytes::from(option)].into_iter().chain(follow));
}

fn from_of(text: &[u8], bytes: bool) -> Option<From> {
    let (digits, from_start) = match text.strip_prefix(b"+") {
        Some(digits) => (digits, true),
        None => (text.strip_prefix(b"-").unwrap_or(text), false),
    };
    let count = number::parse_suffixed(digits, number::BLOCKS)?;
    Some(match (bytes, from_start) {
        (false, false) => From::LastLines(count),
        (false, true) => From::Line(count.max(1)),
        (true, false) => From::LastBytes(count),
        (true, true) => From::Byte(count.max(1)),
    })
}

/// Opens a file, or says why that cannot be.
async fn open(cx: &mut Cx, path: &Bytes) -> Option<Arc<OpenFile>> {
    match cx.open(path).await {
        Ok(file) => Some(file),
        Err(errno) => {
            let (shown, text) = (String::from_utf8_lossy(path).into_owned(), cx.text(errno));
            match cx.is_gnu() {
                true => cx.error(format!("cannot open '{shown}' for reading: {text}")).await,
                false => cx.error(format!("can't open '{shown}': {text}")).await,
            }
            None
        }
    }
}

/// What is printed between files.
fn header(path: &Bytes, first: bool) -> Vec<u8> {
    let name: &[u8] = if path == "-" { b"standard input" } else { path };
    [if first { &b"==> "[..] } else { b"\n==> " }, name, b" <==\n"].concat()
}

async fn print(cx: &mut Cx, file: &Arc<OpenFile>, from: From, delimiter: u8) -> Result<(), Errno> {
    let seekable = matches!(file.object, FileObject::File { .. });
    match from {
        From::LastLines(count) if seekable => {
            file.seek(SeekFrom::Start(start_of_lines(cx, file, count, delimiter).await?))?;
        }
        From::LastLines(count) => return last_lines(cx, Arc::clone(file), count, delimiter).await,
        From::LastBytes(count) if seekable => {
            let end = file.seek(SeekFrom::End(0))?;
            file.seek(SeekFrom::Start(end.saturating_sub(count)))?;
        }
        From::LastBytes(count) => {
            let all = cx.read_all(file).await?;
            let start = all.len().saturating_sub(usize::try_from(count).unwrap_or(usize::MAX));
            cx.put(&all[start..]);
            return Ok(());
        }
        From::Byte(number) => {
            let mut skip = number - 1;
            while skip > 0 {
                let bytes = cx.read(file).await?;
                if bytes.is_empty() {
                    return Ok(());
                }
                let here = skip.min(bytes.len() as u64);
                skip -= here;
                cx.put(&bytes[here as usize..]);
            }
        }
        From::Line(number) => {
            let mut skip = number - 1;
            while skip > 0 {
                let bytes = cx.read(file).await?;
                if bytes.is_empty() {
                    return Ok(());
                }
                for at in memchr::memchr_iter(delimiter, &bytes) {
                    skip -= 1;
                    if skip == 0 {
                        cx.put(&bytes[at + 1..]);
                        break;
                    }
                }
            }
        }
    }
    loop {
        let bytes = cx.read(file).await?;
        if bytes.is_empty() || !cx.write(bytes).await {
            return Ok(());
        }
    }
}

/// Where the last lines of a file begin: it is read from its end.
async fn start_of_lines(cx: &mut Cx, file: &OpenFile, count: u64, delimiter: u8) -> Result<u64, Errno> {
    const BLOCK: u64 = 16 * 1024;
    let end = file.seek(SeekFrom::End(0))?;
    if end == 0 {
        // What cannot be read at all says so here.
        cx.read(file).await?;
    }
    if count == 0 {
        return Ok(end);
    }
    let mut seen = 0;
    let mut at = end;
    while at > 0 {
        let start = at.saturating_sub(BLOCK);
        file.seek(SeekFrom::Start(start))?;
        let mut block = Vec::new();
        while (block.len() as u64) < at - start {
            let bytes = cx.read(file).await?;
            if bytes.is_empty() {
                break;
            }
            block.extend_from_slice(&bytes);
        }
        block.truncate(usize::try_from(at - start).unwrap_or(usize::MAX));
        for index in memchr::memrchr_iter(delimiter, &block) {
            // The newline at the very end closes the last line.
            if start + index as u64 + 1 == end {
                continue;
            }
            seen += 1;
            if seen == count {
                return Ok(start + index as u64 + 1);
            }
        }
        at = start;
    }
    Ok(0)
}

/// The last lines of what cannot be read twice.
async fn last_lines(cx: &mut Cx, file: Arc<OpenFile>, count: u64, delimiter: u8) -> Result<(), Errno> {
    let mut lines = Lines::separated_by(file, delimiter);
    let mut kept = VecDeque::new();
    let mut held = 0;
    while let Some(line) = lines.next(cx).await? {
        if cx.process.tick(1) {
            cx.process.pause().await;
        }
        held += line.text.len() + 64;
        kept.push_back(line);
        if kept.len() as u64 > count
            && let Some(line) = kept.pop_front()
        {
            held -= line.text.len() + 64;
        }
        if held > 1 << 20 {
            cx.process.hold(held as u64)?;
        }
    }
    for line in kept {
        cx.put(&line.text);
        if line.complete {
            cx.put([delimiter]);
        }
    }
    Ok(())
}
