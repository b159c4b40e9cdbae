//! `xargs`: makes command lines from input (POSIX XCU xargs).

use std::sync::Arc;

use bytes::Bytes;

use super::{spawn, wait};
use crate::{
    commands::{Cx, Lines, number},
    kernel::{
        fs::{OpenFile, OpenFlags},
        process::Process,
    },
    libc::getopt::OptSpec,
};

const SPEC: OptSpec = OptSpec { short: "+0tprn:s:I:i::E:e::xP:a:o", long: &[("no-run-if-empty", b'r')] };
const GNU_SPEC: OptSpec = OptSpec {
    short: "+0tprn:s:L:l::I:i::E:e::xP:d:a:o",
    long: &[
        ("null", b'0'),
        ("verbose", b't'),
        ("interactive", b'p'),
        ("no-run-if-empty", b'r'),
        ("max-args=", b'n'),
        ("max-chars=", b's'),
        ("max-lines==", b'l'),
        ("replace==", b'i'),
        ("exit", b'x'),
        ("max-procs=", b'P'),
        ("delimiter=", b'd'),
        ("arg-file=", b'a'),
    ],
};
/// The longest command line: what Linux and the tools allow, about.
const MAX_COMMAND: usize = 128 * 1024;
/// The most processes at once.
const MAX_PROCESSES: usize = 64;

#[derive(Debug)]
struct Xargs {
    command: Vec<Bytes>,
    max_args: usize,
    max_lines: usize,
    max_size: usize,
    replace: Option<Bytes>,
    trace: bool,
    ask: bool,
    processes: usize,
    running: Vec<Arc<Process>>,
    code: u8,
    stop: bool,
}

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(if cx.is_gnu() { GNU_SPEC } else { SPEC }, "[OPTIONS] [PROG ARGS]").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let mut numbers = [usize::MAX, MAX_COMMAND, usize::MAX, 1];
    for (index, letter) in b"nsLP".iter().enumerate() {
        let Some(text) = opts.value(*letter) else { continue };
        match number::parse::<usize>(text) {
            Some(value) if value > 0 || *letter == b'P' => numbers[index] = value,
            _ if cx.is_gnu() => {
                let shown = String::from_utf8_lossy(text).into_owned();
                let letter = char::from(*letter);
                cx.error(format!("invalid number \"{shown}\" for -{letter} option")).await;
                return cx.bad_usage("").await;
            }
            _ => return cx.bad_number(text).await,
        }
    }
    let [max_args, max_size, max_lines, processes] = numbers;
    let replace = opts.value(b'I').cloned().or_else(|| {
        opts.has(b'i').then(|| opts.value(b'i').cloned().unwrap_or_else(|| Bytes::from_static(b"{}")))
    });
    let mut command = opts.operands.clone();
    if command.is_empty() {
        command.push(Bytes::from_static(b"echo"));
    }
    let mut xargs = Xargs {
        command,
        max_args,
        max_lines: if opts.has(b'l') && !opts.has(b'L') { 1 } else { max_lines },
        max_size: max_size.min(MAX_COMMAND),
        replace,
        trace: opts.has(b't') || opts.has(b'p'),
        ask: opts.has(b'p'),
        processes: if processes == 0 { MAX_PROCESSES } else { processes.min(MAX_PROCESSES) },
        running: Vec::new(),
        code: 0,
        stop: false,
    };
    let opened = match opts.value(b'a') {
        Some(path) => cx.process.open_file(path, OpenFlags::READ, 0).await,
        None => cx.process.file(0),
    };
    let input = match opened {
        Ok(file) => file,
        Err(errno) => {
            cx.open_error(opts.value(b'a').unwrap_or(&Bytes::new()), errno).await;
            return 1;
        }
    };
    let delimiter = match (opts.has(b'0'), opts.value(b'd').map(|text| &text[..])) {
        (true, _) => Some(0),
        (false, Some(b"\\n")) => Some(b'\n'),
        (false, Some(b"\\0")) => Some(0),
        (false, Some(b"\\t")) => Some(b'\t'),
        (false, Some(text)) => text.first().copied(),
        (false, None) => None,
    };
    let end = opts.value(b'E').cloned();
    let read = xargs.read(&mut cx, input, delimiter, end, opts.has(b'r')).await;
    if let Err(Some(message)) = read {
        cx.error(message).await;
        xargs.code = 1;
    }
    while !xargs.running.is_empty() {
        xargs.reap(&mut cx).await;
    }
    let code = xargs.code;
    cx.finish(code).await
}

impl Xargs {
    /// Reads items and runs the command as often as it takes. An error without a message: the command said to stop.
    async fn read(
        &mut self,
        cx: &mut Cx,
        input: Arc<OpenFile>,
        delimiter: Option<u8>,
        end: Option<Bytes>,
        skip_empty: bool,
    ) -> Result<(), Option<String>> {
        let mut lines = Lines::separated_by(input, delimiter.unwrap_or(b'\n'));
        let base: usize = self.command.iter().map(|word| word.len() + 1).sum();
        let (mut items, mut size, mut line_count, mut ran): (Vec<Bytes>, usize, usize, bool) =
            (Vec::new(), base, 0, false);
        let mut pending: Vec<u8> = Vec::new();
        loop {
            let line = lines.next(cx).await.map_err(|errno| Some(cx.text(errno).to_owned()))?;
            let Some(line) = line else { break };
            if cx.process.tick(1) {
                cx.process.pause().await;
            }
            let found: Vec<Bytes> = if delimiter.is_some() {
                vec![line.text.clone()]
            } else {
                if self.max_lines != usize::MAX && line.text.ends_with(b" ") {
                    // A blank at its end joins the line with the next one.
                    pending.extend_from_slice(&line.text);
                    continue;
                }
                let whole = [&std::mem::take(&mut pending)[..], &line.text].concat();
                match &self.replace {
                    Some(_) => {
                        let blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0b;
                        let start = whole.iter().take_while(|byte| blank(byte)).count();
                        let text = unquote(&whole[start..])?;
                        if text.is_empty() { Vec::new() } else { vec![text.into()] }
                    }
                    None => words(&whole)?,
                }
            };
            if found.is_empty() {
                continue;
            }
            line_count += 1;
            for item in found {
                if end.as_ref() == Some(&item) {
                    return self.last(cx, items, ran, skip_empty).await;
                }
                if self.replace.is_some() {
                    ran = true;
                    self.run_with(cx, vec![item]).await?;
                    continue;
                }
                if base + item.len() + 1 > self.max_size {
                    return Err(Some("argument line too long".to_owned()));
                }
                if items.len() >= self.max_args || size + item.len() + 1 > self.max_size {
                    ran = true;
                    size = base;
                    self.run_with(cx, std::mem::take(&mut items)).await?;
                }
                size += item.len() + 1;
                items.push(item);
            }
            if line_count >= self.max_lines && !items.is_empty() {
                (ran, size, line_count) = (true, base, 0);
                self.run_with(cx, std::mem::take(&mut items)).await?;
            }
        }
        if !pending.is_empty() {
            items.extend(words(&pending)?);
        }
        self.last(cx, items, ran, skip_empty).await
    }

    async fn last(
        &mut self,
        cx: &mut Cx,
        items: Vec<Bytes>,
        ran: bool,
        skip_empty: bool,
    ) -> Result<(), Option<String>> {
        let nothing = items.is_empty() && (ran || skip_empty || self.replace.is_some());
        if nothing { Ok(()) } else { self.run_with(cx, items).await }
    }

    async fn run_with(&mut self, cx: &mut Cx, items: Vec<Bytes>) -> Result<(), Option<String>> {
        let argv: Vec<Bytes> = match (&self.replace, items.first()) {
            (Some(mark), Some(item)) => self.command.iter().map(|word| replaced(word, mark, item)).collect(),
            _ => self.command.iter().cloned().chain(items).collect(),
        };
        if self.trace {
            let mut line = argv.join(&b' ');
            line.extend_from_slice(if self.ask { b" ?..." } else { b"\n" });
            cx.complain(line).await;
            if self.ask && !answer(cx).await {
                return Ok(());
            }
        }
        while self.running.len() >= self.processes {
            self.reap(cx).await;
            if self.stop {
                return Err(None);
            }
        }
        let null = cx.process.open_file(b"/dev/null", OpenFlags::READ, 0).await;
        let child = spawn(cx, &argv, |child| {
            if let Ok(null) = null {
                let _ = child.put(0, null);
            }
        })
        .await;
        match child {
            Ok(child) => self.running.push(child),
            Err(code) => {
                self.code = code;
                return Err(None);
            }
        }
        if self.processes == 1 {
            self.reap(cx).await;
            if self.stop {
                return Err(None);
            }
        }
        Ok(())
    }

    /// Waits for one of the children.
    async fn reap(&mut self, cx: &mut Cx) {
        let child = self.running.remove(0);
        let name = String::from_utf8_lossy(&self.command[0]).into_owned();
        match wait(cx, &child).await {
            0 => {}
            255 => {
                cx.error(format!("{name}: exited with status 255; aborting")).await;
                self.code = 124;
                self.stop = true;
            }
            code @ 129..
                if child.lock().status.is_some_and(|status| status.code() == i32::from(code))
                    && is_signal(&child) =>
            {
                let signal = code - 128;
                cx.error(format!("{name}: terminated by signal {signal}")).await;
                self.code = 125;
                self.stop = true;
            }
            _ => self.code = 123,
        }
    }
}

fn is_signal(child: &Process) -> bool {
    matches!(child.lock().status, Some(crate::runtime::ExitStatus::Signal(_)))
}

async fn answer(cx: &mut Cx) -> bool {
    let Ok(tty) = cx.process.open_file(b"/dev/tty", OpenFlags::READ, 0).await else { return false };
    cx.read(&tty).await.is_ok_and(|bytes| matches!(bytes.first(), Some(b'y' | b'Y')))
}

fn replaced(word: &Bytes, mark: &[u8], item: &[u8]) -> Bytes {
    let mut out = Vec::new();
    let mut rest = &word[..];
    while !mark.is_empty()
        && let Some(at) = memchr::memmem::find(rest, mark)
    {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(item);
        rest = &rest[at + mark.len()..];
    }
    out.extend_from_slice(rest);
    out.into()
}

/// Takes the words of a line apart: blanks separate, quotes and backslashes protect.
fn words(line: &[u8]) -> Result<Vec<Bytes>, Option<String>> {
    let mut all = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let mut bytes = line.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b' ' | b'\t' => all.extend(word.take().map(Bytes::from)),
            b'\\' => word.get_or_insert_default().extend(bytes.next()),
            b'\'' | b'"' => {
                let word = word.get_or_insert_default();
                loop {
                    match bytes.next() {
                        Some(next) if next == byte => break,
                        Some(next) => word.push(next),
                        None => {
                            let kind = if byte == b'"' { "double" } else { "single" };
                            return Err(Some(unmatched(kind)));
                        }
                    }
                }
            }
            _ => word.get_or_insert_default().push(byte),
        }
    }
    all.extend(word.map(Bytes::from));
    Ok(all)
}

fn unmatched(kind: &str) -> String {
    format!("unmatched {kind} quote; by default quotes are special to xargs unless you use the -0 option")
}

/// A line without its quotes and backslashes.
fn unquote(line: &[u8]) -> Result<Vec<u8>, Option<String>> {
    let mut out = Vec::new();
    let mut quote = None;
    let mut bytes = line.iter().copied();
    while let Some(byte) = bytes.next() {
        match (byte, quote) {
            (b'\'' | b'"', None) => quote = Some(byte),
            (byte, Some(open)) if byte == open => quote = None,
            (b'\\', None) => out.extend(bytes.next()),
            _ => out.push(byte),
        }
    }
    match quote {
        None => Ok(out),
        Some(b'"') => Err(Some(unmatched("double"))),
        Some(_) => Err(Some(unmatched("single"))),
    }
}

#[cfg(test)]
mod tests {
    use super::{replaced, words};

    #[test]
    fn quotes_and_backslashes_protect_blanks() {
        let all = words(b"a 'b c' \"d e\" f\\ g  h").unwrap();
        assert_eq!(all, ["a", "b c", "d e", "f g", "h"]);
        assert!(words(b"it's").is_err());
    }

    #[test]
    fn marks_are_replaced_wherever_they_stand() {
        assert_eq!(replaced(&"a{}b{}".into(), b"{}", b"x"), "axbx");
    }
}
