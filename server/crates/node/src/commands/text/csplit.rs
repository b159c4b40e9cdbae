//! `csplit`: splits a file where lines match (POSIX XCU csplit).

use bytes::Bytes;

use super::super::{Cx, Lines};
use crate::{
    kernel::fs::OpenFlags,
    libc::{
        getopt::OptSpec,
        regex::{Regex, Syntax},
    },
};

/// The most pieces that are made.
const MAX_PIECES: usize = 10_000;

/// Where a piece ends.
enum End {
    /// Before a line of this number.
    Line(usize),
    /// Some lines before or after the next that matches; what is before it is dropped where `skip`.
    Match { regex: Regex, offset: i64, skip: bool },
}

struct Pattern {
    end: End,
    /// How often it counts; `None` for as long as it does.
    times: Option<usize>,
    text: String,
}

/// Reads a pattern, without how often it counts.
fn pattern(text: &str) -> Result<End, String> {
    let invalid = || format!("'{text}': invalid pattern");
    let delimiter = match text.as_bytes().first() {
        Some(b'/') => '/',
        Some(b'%') => '%',
        _ => return text.parse().map(End::Line).map_err(|_| invalid()),
    };
    let close = text.rfind(delimiter).filter(|at| *at > 0);
    let close = close.ok_or_else(|| format!("{text}: closing delimiter '{delimiter}' missing"))?;
    let offset = match &text[close + 1..] {
        "" => 0,
        offset => offset.parse().map_err(|_| format!("{text}: integer expected after delimiter"))?,
    };
    let regex = Regex::new(&text.as_bytes()[1..close], Syntax::basic())
        .map_err(|_| format!("{text}: invalid regular expression"))?;
    Ok(End::Match { regex, offset, skip: delimiter == '%' })
}

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let spec = OptSpec {
        short: "f:b:kn:sqz",
        long: &[
            ("prefix=", b'f'),
            ("suffix-format=", b'b'),
            ("keep-files", b'k'),
            ("digits=", b'n'),
            ("silent", b's'),
            ("quiet", b's'),
            ("elide-empty-files", b'z'),
            ("suppress-matched", b'm'),
        ],
    };
    let opts = match cx.opts(spec, "[OPTION]... FILE PATTERN...").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let [path, wanted @ ..] = &opts.operands[..] else {
        cx.error("missing operand").await;
        return cx.bad_usage("").await;
    };
    if wanted.is_empty() {
        let shown = String::from_utf8_lossy(path).into_owned();
        cx.error(format!("missing operand after '{shown}'")).await;
        return cx.bad_usage("").await;
    }
    let mut patterns: Vec<Pattern> = Vec::new();
    for word in wanted {
        let text = String::from_utf8_lossy(word).into_owned();
        if let Some(times) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'))
            && let Some(last) = patterns.last_mut()
        {
            match times.parse::<usize>() {
                Ok(times) => last.times = Some(times + 1),
                Err(_) if times == "*" => last.times = None,
                Err(_) => {
                    cx.error(format!("{text}: integer required between '{{' and '}}'")).await;
                    return 1;
                }
            }
            continue;
        }
        match pattern(&text) {
            Ok(end) => patterns.push(Pattern { end, times: Some(1), text }),
            Err(message) => {
                cx.error(message).await;
                return 1;
            }
        }
    }
    let file = match cx.open(path).await {
        Ok(file) => file,
        Err(errno) => {
            let (shown, text) = (String::from_utf8_lossy(path).into_owned(), cx.text(errno));
            cx.error(format!("cannot open '{shown}' for reading: {text}")).await;
            return 1;
        }
    };
    let mut lines = Lines::new(file);
    let mut all: Vec<Bytes> = Vec::new();
    let mut size = 0;
    loop {
        match lines.next(&mut cx).await {
            Ok(Some(line)) => {
                size += line.text.len();
                if size > 64 << 20 {
                    cx.error("memory exhausted").await;
                    return 1;
                }
                let end: &[u8] = if line.complete { b"\n" } else { b"" };
                all.push([&line.text[..], end].concat().into());
            }
            Ok(None) => break,
            Err(errno) => {
                cx.file_error(path, errno).await;
                return 1;
            }
        }
    }
    let mut output = Output {
        prefix: opts.value(b'f').map_or_else(|| b"xx".to_vec(), |prefix| prefix.to_vec()),
        digits: opts.value(b'n').and_then(|text| std::str::from_utf8(text).ok()?.parse().ok()).unwrap_or(2),
        quiet: opts.has(b's') || opts.has(b'q'),
        elide: opts.has(b'z'),
        suppress: opts.has(b'm'),
        made: Vec::new(),
    };
    let done = output.split(&mut cx, &all, &patterns).await;
    if let Err(message) = done {
        cx.error(message).await;
        if !opts.has(b'k') {
            for path in &output.made {
                // What is gone already is gone.
                let _ = cx.process.unlink(path);
            }
        }
        return cx.finish(1).await;
    }
    cx.finish(0).await
}

struct Output {
    prefix: Vec<u8>,
    digits: usize,
    quiet: bool,
    elide: bool,
    suppress: bool,
    made: Vec<Vec<u8>>,
}

impl Output {
    async fn split(&mut self, cx: &mut Cx, lines: &[Bytes], patterns: &[Pattern]) -> Result<(), String> {
        let mut at = 0;
        for pattern in patterns {
            let mut times = 0;
            while pattern.times.is_none_or(|most| times < most) {
                let repetition = if times > 0 { format!(" on repetition {times}") } else { String::new() };
                let (end, skip) = match &pattern.end {
                    End::Line(number) => {
                        let end = number * (times + 1) - 1;
                        if end < at || end >= lines.len() {
                            if pattern.times.is_none() {
                                break;
                            }
                            self.piece(cx, &lines[at..]).await?;
                            return Err(format!("'{}': line number out of range{repetition}", pattern.text));
                        }
                        (end, false)
                    }
                    End::Match { regex, offset, skip } => {
                        // The line where a piece begins is not looked at again.
                        let from = at + usize::from(times > 0 || at > 0);
                        let mut found = None;
                        for (index, line) in lines.iter().enumerate().skip(from) {
                            cx.process.work(1 + u32::try_from(line.len() / 64).unwrap_or(u32::MAX)).await;
                            if regex.captures(line.strip_suffix(b"\n").unwrap_or(line), 0).is_some() {
                                found = Some(index);
                                break;
                            }
                        }
                        let Some(found) = found else {
                            if pattern.times.is_none() {
                                break;
                            }
                            if !skip {
                                self.piece(cx, &lines[at..]).await?;
                            }
                            return Err(format!("'{}': match not found{repetition}", pattern.text));
                        };
                        let end = i64::try_from(found).unwrap_or(0) + offset;
                        let end = usize::try_from(end).ok().filter(|end| *end >= at && *end <= lines.len());
                        let end =
                            end.ok_or_else(|| format!("'{}': line number out of range", pattern.text))?;
                        (end, *skip)
                    }
                };
                if !skip {
                    self.piece(cx, &lines[at..end]).await?;
                }
                at = end + usize::from(self.suppress);
                times += 1;
            }
        }
        self.piece(cx, lines.get(at..).unwrap_or_default()).await
    }

    async fn piece(&mut self, cx: &mut Cx, lines: &[Bytes]) -> Result<(), String> {
        if lines.is_empty() && self.elide {
            return Ok(());
        }
        if self.made.len() >= MAX_PIECES {
            return Err("too many files".to_owned());
        }
        let number = format!("{:0width$}", self.made.len(), width = self.digits.min(20));
        let path = [&self.prefix[..], number.as_bytes()].concat();
        let text = lines.concat();
        let len = text.len();
        let flags = OpenFlags { create: true, truncate: true, ..OpenFlags::WRITE };
        let written = match cx.process.open_file(&path, flags, 0o666).await {
            Ok(file) => cx.process.write_file(&file, text.into()).await,
            Err(errno) => Err(errno),
        };
        written.map_err(|errno| format!("{}: {}", String::from_utf8_lossy(&path), cx.text(errno)))?;
        self.made.push(path);
        if !self.quiet {
            cx.put(format!("{len}\n"));
        }
        Ok(())
    }
}
