//! `diff`: how files differ (POSIX XCU diff). busybox shows unified differences only.

mod changes;
mod output;

use std::collections::BTreeSet;

use bytes::Bytes;
use output::Text;

use super::{Cx, number};
use crate::{
    kernel::{
        errno::Errno,
        fs::{FileType, Stat, join},
    },
    libc::getopt::OptSpec,
};

const SPEC: OptSpec = OptSpec { short: "abBdiL:NqrsS:tTU:wu", long: &[] };
const GNU_SPEC: OptSpec = OptSpec {
    short: "abBcC:diL:NpqrsS:tTuU:wZE",
    long: &[
        ("text", b'a'),
        ("ignore-space-change", b'b'),
        ("ignore-blank-lines", b'B'),
        ("context==", b'C'),
        ("minimal", b'd'),
        ("ignore-case", b'i'),
        ("label=", b'L'),
        ("new-file", b'N'),
        ("brief", b'q'),
        ("recursive", b'r'),
        ("report-identical-files", b's'),
        ("unified==", b'U'),
        ("ignore-all-space", b'w'),
        ("ignore-trailing-space", b'Z'),
        ("ignore-tab-expansion", b'E'),
        ("color==", b'\x01'),
        ("normal", b'\x02'),
        ("speed-large-files", b'\x03'),
    ],
};
const USAGE: &str = "[-abBdiNqrTstw] [-L LABEL] [-S FILE] [-U LINES] FILE1 FILE2";
/// The exit code where files cannot be compared.
const TROUBLE: u8 = 2;
/// How deep directories are compared.
const MAX_DEPTH: usize = 256;
/// How many lines of context there are where nobody says.
const CONTEXT: usize = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Normal,
    Context(usize),
    Unified(usize),
}

struct Request {
    style: Style,
    labels: Vec<Bytes>,
    text: bool,
    blank_lines: bool,
    space_change: bool,
    all_space: bool,
    trailing_space: bool,
    case: bool,
    new_file: bool,
    brief: bool,
    recursive: bool,
    identical: bool,
    /// The options as they were given, which GNU's repeats for each file of a directory.
    words: String,
}

pub(super) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(if cx.is_gnu() { GNU_SPEC } else { SPEC }, USAGE).await {
        Ok(opts) => opts,
        Err(0) => return 0,
        Err(_) => return if cx.is_gnu() { TROUBLE } else { 1 },
    };
    let [old, new] = &opts.operands[..] else {
        if cx.is_gnu() {
            let message = match (opts.operands.last(), opts.operands.get(2)) {
                (_, Some(extra)) => format!("extra operand '{}'", String::from_utf8_lossy(extra)),
                (Some(last), _) => format!("missing operand after '{}'", String::from_utf8_lossy(last)),
                _ => "missing operand after 'diff'".to_owned(),
            };
            cx.error(message).await;
            cx.complain("diff: Try 'diff --help' for more information.\n").await;
            return TROUBLE;
        }
        return cx.bad_usage(USAGE).await;
    };
    let mut style = if cx.is_gnu() { Style::Normal } else { Style::Unified(CONTEXT) };
    for (letter, value) in &opts.given {
        let lines = match value {
            Some(text) if matches!(letter, b'C' | b'U') => match number::parse::<usize>(text) {
                Some(lines) => lines,
                None => {
                    let shown = String::from_utf8_lossy(text).into_owned();
                    if cx.is_gnu() {
                        cx.error(format!("invalid context length '{shown}'")).await;
                        cx.complain("diff: Try 'diff --help' for more information.\n").await;
                        return TROUBLE;
                    }
                    return cx.bad_number(text).await;
                }
            },
            _ => CONTEXT,
        };
        match letter {
            b'c' | b'C' => style = Style::Context(lines),
            b'u' | b'U' => style = Style::Unified(lines),
            2 => style = Style::Normal,
            _ => {}
        }
    }
    let words = cx.args.iter().filter(|arg| arg.starts_with(b"-") && arg.len() > 1);
    let request = Request {
        style,
        labels: opts.values(b'L').cloned().collect(),
        text: opts.has(b'a'),
        blank_lines: opts.has(b'B'),
        space_change: opts.has(b'b'),
        all_space: opts.has(b'w'),
        trailing_space: opts.has(b'Z'),
        case: opts.has(b'i'),
        new_file: opts.has(b'N'),
        brief: opts.has(b'q'),
        recursive: opts.has(b'r'),
        identical: opts.has(b's'),
        words: words.map(|word| format!(" {}", String::from_utf8_lossy(word))).collect(),
    };
    let (mut old, mut new) = (old.to_vec(), new.to_vec());
    let mut code = 0;
    let stats = (stat(&cx, &old), stat(&cx, &new));
    for (path, stat) in [(&old, &stats.0), (&new, &stats.1)] {
        if let Err(errno) = stat
            && !(request.new_file && *errno == Errno::ENOENT && stats.0.is_ok() != stats.1.is_ok())
        {
            say_missing(&mut cx, path, *errno).await;
            code = TROUBLE;
        }
    }
    if code != 0 {
        return cx.finish(code).await;
    }
    let is_dir =
        |stat: &Result<Stat, Errno>| stat.as_ref().is_ok_and(|stat| stat.file_type == FileType::Directory);
    match (is_dir(&stats.0), is_dir(&stats.1)) {
        (true, true) => code = directories(&mut cx, old, new, &request).await,
        (true, false) if new != b"-" => {
            old = join(&old, crate::kernel::fs::file_name(&new));
            code = files(&mut cx, &old, &new, &request, false).await;
        }
        (false, true) if old != b"-" => {
            new = join(&new, crate::kernel::fs::file_name(&old));
            code = files(&mut cx, &old, &new, &request, false).await;
        }
        _ => code = files(&mut cx, &old, &new, &request, false).await,
    }
    cx.finish(code).await
}

fn stat(cx: &Cx, path: &[u8]) -> Result<Stat, Errno> {
    if path == b"-" {
        cx.process.file(0).and_then(|_| cx.process.stat(b"/dev/stdin", true))
    } else {
        cx.process.stat(path, true)
    }
}

async fn say_missing(cx: &mut Cx, path: &[u8], errno: Errno) {
    let (shown, text) = (String::from_utf8_lossy(path).into_owned(), cx.text(errno));
    match cx.is_gnu() {
        true => cx.error(format!("{shown}: {text}")).await,
        false => cx.error(format!("can't stat '{shown}': {text}")).await,
    }
}

/// What is met in two directories.
enum Met {
    Both { old: Vec<u8>, new: Vec<u8>, depth: usize },
    Only { dir: Vec<u8>, name: Bytes },
}

/// Compares two directories, and with `-r` what is below them.
async fn directories(cx: &mut Cx, old: Vec<u8>, new: Vec<u8>, request: &Request) -> u8 {
    let mut code = 0;
    let mut pending = vec![Met::Both { old, new, depth: 0 }];
    while let Some(met) = pending.pop() {
        cx.process.work(4).await;
        let (old, new, depth) = match met {
            Met::Both { old, new, depth } => (old, new, depth),
            Met::Only { dir, name } => {
                let (dir, name) = (String::from_utf8_lossy(&dir), String::from_utf8_lossy(&name));
                cx.put(format!("Only in {dir}: {name}\n"));
                code = code.max(1);
                continue;
            }
        };
        let is_dir =
            |path: &[u8]| cx.process.stat(path, true).map(|stat| stat.file_type == FileType::Directory).ok();
        let (old_dir, new_dir) = (is_dir(&old), is_dir(&new));
        if old_dir.is_some() && new_dir.is_some() && old_dir != new_dir {
            let kind = |dir| if dir == Some(true) { "directory" } else { "regular file" };
            let line = format!(
                "File {} is a {} while file {} is a {}\n",
                String::from_utf8_lossy(&old),
                kind(old_dir),
                String::from_utf8_lossy(&new),
                kind(new_dir)
            );
            cx.put(line);
            code = code.max(1);
        } else if old_dir != Some(true) && new_dir != Some(true) {
            code = code.max(files(cx, &old, &new, request, true).await);
        } else if depth == 0 || (request.recursive && depth < MAX_DEPTH) {
            pending.extend(within(cx, &old, &new, depth, request.new_file).into_iter().rev());
        } else if !request.recursive {
            let (old, new) = (String::from_utf8_lossy(&old), String::from_utf8_lossy(&new));
            let line = format!("Common subdirectories: {old} and {new}\n");
            cx.put(line);
        }
    }
    code
}

/// What two directories have, by name. With `all`, what is missing counts as empty.
fn within(cx: &Cx, old: &[u8], new: &[u8], depth: usize, all: bool) -> Vec<Met> {
    let names = |path: &[u8]| -> BTreeSet<Bytes> {
        cx.process.list(path).unwrap_or_default().into_iter().map(|(name, _)| name.into()).collect()
    };
    let (olds, news) = (names(old), names(new));
    let met = |name: &Bytes| match (olds.contains(name), news.contains(name)) {
        (true, false) if !all => Met::Only { dir: old.to_vec(), name: name.clone() },
        (false, true) if !all => Met::Only { dir: new.to_vec(), name: name.clone() },
        _ => Met::Both { old: join(old, name), new: join(new, name), depth: depth + 1 },
    };
    olds.union(&news).map(met).collect()
}

/// Compares two files.
async fn files(cx: &mut Cx, old: &[u8], new: &[u8], request: &Request, below: bool) -> u8 {
    let (a, b) = match (content(cx, old, request).await, content(cx, new, request).await) {
        (Ok(a), Ok(b)) => (a, b),
        (a, b) => {
            for (path, errno) in [(old, a.err()), (new, b.err())] {
                if let Some(errno) = errno {
                    say_missing(cx, path, errno).await;
                }
            }
            return TROUBLE;
        }
    };
    let shown = |path: &[u8]| String::from_utf8_lossy(path).into_owned();
    let (old_name, new_name) = (shown(old), shown(new));
    let (a_bytes, b_bytes) = (a.unwrap_or_default(), b.unwrap_or_default());
    let binary = !request.text && (a_bytes.contains(&0) || b_bytes.contains(&0));
    let changes = if a_bytes == b_bytes {
        Vec::new()
    } else if binary || (request.brief && !request.ignores()) {
        let word = if binary && cx.is_gnu() && !request.brief { "Binary files" } else { "Files" };
        cx.put(format!("{word} {old_name} and {new_name} differ\n"));
        return 1;
    } else {
        let (a, b) = (Text::new(&a_bytes), Text::new(&b_bytes));
        let (keys_a, keys_b) = (request.keys(&a), request.keys(&b));
        let mut changes = changes::changes(&cx.process, &keys_a, &keys_b).await;
        if request.blank_lines {
            changes.retain(|change| {
                let blank = |line: &Bytes| line.is_empty();
                !(a.lines[change.old.clone()].iter().all(blank)
                    && b.lines[change.new.clone()].iter().all(blank))
            });
        }
        if !changes.is_empty() && !request.brief {
            if below && cx.is_gnu() {
                cx.put(format!("diff{} {old_name} {new_name}\n", request.words));
            }
            let mut out = Vec::new();
            show(cx, request, (old, &a), (new, &b), &changes, &mut out);
            cx.put(out);
        }
        changes
    };
    if request.brief && !changes.is_empty() {
        cx.put(format!("Files {old_name} and {new_name} differ\n"));
    }
    if changes.is_empty() && request.identical {
        cx.put(format!("Files {old_name} and {new_name} are identical\n"));
    }
    cx.drain().await;
    u8::from(!changes.is_empty())
}

fn show(
    cx: &Cx,
    request: &Request,
    (old, a): (&[u8], &Text),
    (new, b): (&[u8], &Text),
    changes: &[changes::Change],
    out: &mut Vec<u8>,
) {
    let (first, second) = match request.style {
        Style::Normal => return output::normal(a, b, changes, out),
        Style::Context(_) => ("***", "---"),
        Style::Unified(_) => ("---", "+++"),
    };
    for (index, (mark, path)) in [(first, old), (second, new)].into_iter().enumerate() {
        let mut name = String::from_utf8_lossy(path).into_owned();
        match request.labels.get(index) {
            Some(label) => name = String::from_utf8_lossy(label).into_owned(),
            None if cx.is_gnu() => {
                let time = match cx.process.stat(path, true) {
                    Ok(stat) if path != b"-" => stat.modified,
                    Ok(_) => cx.process.now(),
                    Err(_) => jiff::Timestamp::UNIX_EPOCH,
                };
                name.push_str(&time.strftime("\t%Y-%m-%d %H:%M:%S.%9f +0000").to_string());
            }
            // What is not there is nothing.
            None if cx.process.stat(path, true).is_err() && path != b"-" => "/dev/null".clone_into(&mut name),
            None => {}
        }
        out.extend_from_slice(format!("{mark} {name}\n").as_bytes());
    }
    match request.style {
        Style::Normal => {}
        Style::Context(lines) => output::context(a, b, changes, lines, out),
        Style::Unified(lines) => output::unified(a, b, changes, lines, out),
    }
}

/// What is in a file; `None` where it is not there and need not be.
async fn content(cx: &mut Cx, path: &[u8], request: &Request) -> Result<Option<Bytes>, Errno> {
    match cx.open(path).await {
        Ok(file) => Ok(Some(cx.read_all(&file).await?.into())),
        Err(Errno::ENOENT) if request.new_file => Ok(None),
        Err(errno) => Err(errno),
    }
}

impl Request {
    /// Whether lines that are not the same may count as the same.
    fn ignores(&self) -> bool {
        self.blank_lines || self.space_change || self.all_space || self.trailing_space || self.case
    }

    /// What is compared of each line.
    fn keys(&self, text: &Text) -> Vec<Bytes> {
        let last = text.lines.len().checked_sub(1).filter(|_| text.unfinished);
        let key = |(index, line): (usize, &Bytes)| {
            if !self.ignores() {
                // A line without its newline is another line.
                return if Some(index) == last { [line, &b"\n"[..]].concat().into() } else { line.clone() };
            }
            let mut key = line.to_vec();
            if self.case {
                key.make_ascii_lowercase();
            }
            if self.all_space {
                key.retain(|byte| !byte.is_ascii_whitespace());
            } else if self.space_change {
                let words: Vec<&[u8]> = key.split(u8::is_ascii_whitespace).collect();
                let leading =
                    usize::from(words.first().is_some_and(|first| first.is_empty()) && key.len() > 1);
                let words: Vec<&[u8]> = words.into_iter().filter(|word| !word.is_empty()).collect();
                key = [&b" "[..leading], &words.join(&b' ')].concat();
            } else if self.trailing_space {
                key.truncate(key.trim_ascii_end().len());
            }
            key.into()
        };
        text.lines.iter().enumerate().map(key).collect()
    }
}
