//! `grep`, `egrep`, `fgrep`: lines that match (POSIX XCU grep).

mod matcher;
mod search;

use std::sync::Arc;

use bytes::Bytes;
use matcher::{Matcher, MatcherOptions};
use search::{Search, Want};

use super::{Cx, number};
use crate::{
    kernel::{
        errno::Errno,
        fs::{FileType, OpenFile, join},
    },
    libc::{fnmatch::fnmatch, getopt::OptSpec},
};

const SPEC: OptSpec = OptSpec { short: "HhnlLoqvsrRiwFEzaxcIm:A:B:C:e:f:", long: &[] };
const GNU_SPEC: OptSpec = OptSpec {
    short: "HhnlLoqvsrRiywFEGPzabcUxm:A:B:C:d:D:e:f:0123456789I",
    long: &[
        ("regexp=", b'e'),
        ("file=", b'f'),
        ("ignore-case", b'i'),
        ("no-ignore-case", b'\x01'),
        ("word-regexp", b'w'),
        ("line-regexp", b'x'),
        ("null-data", b'z'),
        ("no-messages", b's'),
        ("invert-match", b'v'),
        ("max-count=", b'm'),
        ("byte-offset", b'b'),
        ("line-number", b'n'),
        ("line-buffered", b'U'),
        ("with-filename", b'H'),
        ("no-filename", b'h'),
        ("only-matching", b'o'),
        ("quiet", b'q'),
        ("silent", b'q'),
        ("text", b'a'),
        ("recursive", b'r'),
        ("dereference-recursive", b'R'),
        ("include=", b'\x02'),
        ("exclude=", b'\x03'),
        ("exclude-dir=", b'\x04'),
        ("files-without-match", b'L'),
        ("files-with-matches", b'l'),
        ("count", b'c'),
        ("before-context=", b'B'),
        ("after-context=", b'A'),
        ("context=", b'C'),
        ("color==", b'\x05'),
        ("colour==", b'\x05'),
        ("extended-regexp", b'E'),
        ("fixed-strings", b'F'),
        ("basic-regexp", b'G'),
        ("perl-regexp", b'P'),
        ("directories=", b'd'),
        ("devices=", b'D'),
    ],
};
const USAGE: &str =
    "[-HhnlLoqvsrRiwFEz] [-m N] [-A|B|C N] { PATTERN | -e PATTERN... | -f FILE... } [FILE]...";
/// How deep directories are searched.
const MAX_DEPTH: usize = 256;

pub(super) async fn run(mut cx: Cx) -> u8 {
    let spec = if cx.is_gnu() { GNU_SPEC } else { SPEC };
    let opts = match cx.opts(spec, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code + u8::from(code == 1),
    };
    let mut operands = opts.operands.clone();
    let mut patterns = Vec::new();
    for (letter, value) in &opts.given {
        let Some(value) = value else { continue };
        match letter {
            b'e' => patterns.extend(value.split(|byte| *byte == b'\n').map(|line| value.slice_ref(line))),
            b'f' => match pattern_file(&mut cx, value).await {
                Ok(lines) => patterns.extend(lines),
                Err(code) => return code,
            },
            _ => {}
        }
    }
    if !opts.has(b'e') && !opts.has(b'f') {
        if operands.is_empty() {
            if cx.is_gnu() {
                cx.complain(format!("Usage: {0} [OPTION]... PATTERNS [FILE]...\n", cx.name)).await;
            }
            cx.bad_usage(USAGE).await;
            return 2;
        }
        let text = operands.remove(0);
        patterns.extend(text.split(|byte| *byte == b'\n').map(|line| text.slice_ref(line)));
    }
    let kind = opts.last_of(b"EFGP");
    let options = MatcherOptions {
        extended: matches!(kind, Some(b'E' | b'P')) || (kind.is_none() && cx.name == "egrep"),
        fixed: kind == Some(b'F') || (kind.is_none() && cx.name == "fgrep"),
        perl: kind == Some(b'P'),
        ignore_case: opts.has(b'i') || opts.has(b'y'),
        words: opts.has(b'w'),
        lines: opts.has(b'x'),
    };
    let matcher = match Matcher::new(&patterns, options) {
        Ok(matcher) => matcher,
        Err((pattern, error)) => {
            let message = match cx.is_gnu() {
                true => error.to_string(),
                false => format!("bad regex '{}': {error}", String::from_utf8_lossy(&pattern)),
            };
            cx.error(message).await;
            return 2;
        }
    };
    let mut context = (0, 0);
    let mut max_count = None;
    let mut shorthand = String::new();
    for (letter, value) in &opts.given {
        if letter.is_ascii_digit() {
            shorthand.push(char::from(*letter));
            continue;
        }
        let (Some(value), b'A' | b'B' | b'C' | b'm') = (value, letter) else { continue };
        let Some(count) = number::parse::<i64>(value) else {
            let shown = String::from_utf8_lossy(value).into_owned();
            if cx.is_gnu() {
                let message = match letter {
                    b'm' => "invalid max count".to_owned(),
                    _ => format!("{shown}: invalid context length argument"),
                };
                cx.error(message).await;
                return 2;
            }
            cx.bad_number(value).await;
            return 2;
        };
        let size = u64::try_from(count).unwrap_or(u64::MAX);
        match letter {
            b'A' => context.1 = size,
            b'B' => context.0 = size,
            b'C' => context = (size, size),
            _ => max_count = Some(size).filter(|_| count >= 0),
        }
    }
    if let Ok(count) = shorthand.parse() {
        context = (count, count);
    }
    let recursive =
        opts.has(b'r') || opts.has(b'R') || opts.value(b'd').is_some_and(|action| action == "recurse");
    let many = operands.len() > 1 || (recursive && cx.is_gnu());
    let color = match opts.value(5) {
        Some(when) => *when == "always" || (*when == "auto" && cx.process.is_terminal(1)),
        None => opts.has(5) && cx.process.is_terminal(1),
    };
    let search = Search {
        matcher,
        invert: opts.has(b'v'),
        want: match opts.last_of(b"qlLc") {
            _ if opts.has(b'q') => Want::Nothing,
            _ if opts.has(b'l') => Want::Names,
            _ if opts.has(b'L') => Want::OtherNames,
            _ if opts.has(b'c') => Want::Counts,
            _ if opts.has(b'o') => Want::Matches,
            _ => Want::Lines,
        },
        numbers: opts.has(b'n'),
        offsets: opts.has(b'b') && cx.is_gnu(),
        names: match opts.last_of(b"Hh") {
            Some(letter) => letter == b'H',
            None => many,
        },
        context,
        max_count,
        delimiter: if opts.has(b'z') { 0 } else { b'\n' },
        binary: !cx.is_gnu() || opts.has(b'a') || opts.has(b'z'),
        color: color && cx.is_gnu(),
    };
    let filter = Filter {
        include: opts.values(2).cloned().collect(),
        exclude: opts.values(3).cloned().collect(),
        exclude_dir: opts.values(4).cloned().collect(),
    };
    let mut run = Run {
        search,
        filter,
        recursive,
        skips_directories: opts.value(b'd').is_some_and(|action| action == "skip"),
        quiet: opts.has(b's'),
        names_given: opts.has(b'H') || opts.has(b'h'),
        found: false,
        failed: false,
    };
    if operands.is_empty() {
        let path: &'static [u8] = if recursive { b"." } else { b"-" };
        operands.push(Bytes::from_static(path));
    }
    for path in operands {
        if !run.operand(&mut cx, path).await {
            break;
        }
    }
    let code = match (run.found, run.failed) {
        (true, _) if opts.has(b'q') => 0,
        (_, true) => 2,
        (true, false) => 0,
        (false, false) => 1,
    };
    cx.finish(code).await
}

async fn pattern_file(cx: &mut Cx, path: &[u8]) -> Result<Vec<Bytes>, u8> {
    let read = match cx.open(path).await {
        Ok(file) => cx.read_all(&file).await,
        Err(errno) => Err(errno),
    };
    match read {
        Ok(text) => {
            let text = Bytes::from(text);
            let body = text.strip_suffix(b"\n").unwrap_or(&text);
            if text.is_empty() {
                return Ok(Vec::new());
            }
            Ok(body.split(|byte| *byte == b'\n').map(|line| text.slice_ref(line)).collect())
        }
        Err(errno) => {
            cx.file_error(path, errno).await;
            Err(if cx.is_gnu() { 2 } else { 1 })
        }
    }
}

/// Which files are searched.
#[derive(Debug)]
struct Filter {
    include: Vec<Bytes>,
    exclude: Vec<Bytes>,
    exclude_dir: Vec<Bytes>,
}

impl Filter {
    fn takes(&self, name: &[u8]) -> bool {
        let any = |patterns: &[Bytes]| patterns.iter().any(|pattern| fnmatch(pattern, name));
        (self.include.is_empty() || any(&self.include)) && !any(&self.exclude)
    }
}

#[derive(Debug)]
struct Run {
    search: Search,
    filter: Filter,
    recursive: bool,
    /// Directories among the operands are passed by.
    skips_directories: bool,
    quiet: bool,
    names_given: bool,
    found: bool,
    failed: bool,
}

impl Run {
    async fn operand(&mut self, cx: &mut Cx, path: Bytes) -> bool {
        if self.recursive
            && path != "-"
            && cx.process.stat(&path, true).is_ok_and(|stat| stat.file_type == FileType::Directory)
        {
            if !self.names_given {
                self.search.names = true;
            }
            let implied = path == "." && !cx.args.iter().any(|arg| arg == ".");
            return self.directory(cx, path, implied && cx.is_gnu()).await;
        }
        self.file(cx, &path).await
    }

    async fn file(&mut self, cx: &mut Cx, path: &Bytes) -> bool {
        let searched = match cx.open(path).await {
            Ok(file) => self.search_file(cx, path, file).await,
            Err(errno) => Err(errno),
        };
        match searched {
            Ok(true) => {
                self.found = true;
                self.search.want != Want::Nothing && cx.drain().await
            }
            Ok(false) => cx.drain().await,
            Err(errno) => {
                if !self.quiet {
                    cx.file_error(path, errno).await;
                }
                self.failed = true;
                true
            }
        }
    }

    async fn search_file(&self, cx: &mut Cx, path: &Bytes, file: Arc<OpenFile>) -> Result<bool, Errno> {
        if file.file_type() == FileType::Directory {
            // busybox reads nothing from a directory, and says nothing.
            return match cx.is_gnu() {
                true if self.skips_directories => Ok(false),
                true => Err(Errno::EISDIR),
                false => self.search.empty(cx, path),
            };
        }
        self.search.run(cx, path, file).await
    }

    /// Searches a directory and all below it.
    async fn directory(&mut self, cx: &mut Cx, top: Bytes, implied: bool) -> bool {
        let mut pending = vec![(top, 0, true)];
        while let Some((path, depth, is_dir)) = pending.pop() {
            if !is_dir {
                if !self.file(cx, &path).await {
                    return false;
                }
                continue;
            }
            cx.process.work(4).await;
            let entries = match cx.process.list(&path) {
                Ok(entries) => entries,
                Err(errno) => {
                    if !self.quiet {
                        cx.file_error(&path, errno).await;
                    }
                    self.failed = true;
                    continue;
                }
            };
            for (name, file_type) in entries.into_iter().rev() {
                let child = match implied && depth == 0 {
                    true => Bytes::copy_from_slice(&name),
                    false => join(&path, &name).into(),
                };
                match file_type {
                    FileType::Directory
                        if depth < MAX_DEPTH
                            && !self.filter.exclude_dir.iter().any(|pattern| fnmatch(pattern, &name)) =>
                    {
                        pending.push((child, depth + 1, true));
                    }
                    FileType::Regular if self.filter.takes(&name) => pending.push((child, depth, false)),
                    // Links are not followed below what was named.
                    _ => {}
                }
            }
        }
        true
    }
}
