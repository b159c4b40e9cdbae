//! `less`, `more`: a file page by page. What is no terminal gets all of it.

use std::{future::poll_fn, sync::Arc};

use bytes::Bytes;

use super::{Cx, Lines};
use crate::{
    kernel::{
        fs::{OpenFile, OpenFlags},
        process::Process,
        tty::Tty,
    },
    libc::getopt::OptSpec,
};

/// The most lines that are held.
const MAX_LINES: usize = 200_000;

pub(super) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(OptSpec { short: "EFMmNSRIiXfseqn", long: &[] }, "[-EFIMmNSRh~] [FILE]...").await
    {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let screen = cx.process.file(1).ok().and_then(|file| file.terminal().cloned());
    let mut lines: Vec<Bytes> = Vec::new();
    let mut code = 0;
    if opts.operands.is_empty() && cx.process.is_terminal(0) {
        return cx.bad_usage("[-EFIMmNSRh~] [FILE]...").await;
    }
    for path in Cx::inputs(opts.operands.clone()) {
        let file = match cx.open(&path).await {
            Ok(file) => file,
            Err(errno) => {
                cx.open_error(&path, errno).await;
                code = 1;
                continue;
            }
        };
        let mut input = Lines::new(file);
        loop {
            match input.next(&mut cx).await {
                Ok(Some(line)) if screen.is_none() => {
                    cx.put(&line.text);
                    if line.complete {
                        cx.put("\n");
                    }
                    if !cx.drain().await {
                        return cx.finish(1).await;
                    }
                }
                Ok(Some(line)) => {
                    lines.push(line.text);
                    cx.process.work(1).await;
                    if lines.len() >= MAX_LINES {
                        break;
                    }
                }
                Ok(None) => break,
                Err(errno) => {
                    cx.file_error(&path, errno).await;
                    code = 1;
                    break;
                }
            }
        }
    }
    let Some(screen) = screen else { return cx.finish(code).await };
    if code != 0 && lines.is_empty() {
        return code;
    }
    let keyboard = match cx.process.open_file(b"/dev/tty", OpenFlags::READ, 0).await {
        Ok(keyboard) => keyboard,
        Err(_) => match cx.process.file(1) {
            Ok(file) => file,
            Err(_) => return 1,
        },
    };
    let before = screen.termios();
    let mut raw = before.raw();
    raw.isig = true;
    screen.set_termios(raw);
    let name =
        opts.operands.first().map_or_else(String::new, |path| String::from_utf8_lossy(path).into_owned());
    let numbers = opts.has(b'N');
    page(&mut cx, &lines, &screen, &keyboard, &name, numbers).await;
    screen.set_termios(before);
    cx.put("\r\x1b[K");
    cx.finish(code).await
}

async fn page(
    cx: &mut Cx,
    lines: &[Bytes],
    screen: &Tty,
    keyboard: &Arc<OpenFile>,
    name: &str,
    numbers: bool,
) {
    let more = cx.name == "more";
    let mut top = 0usize;
    let mut pattern: Option<Vec<u8>> = None;
    loop {
        let height = usize::from(screen.size().rows).max(2) - 1;
        let width = usize::from(screen.size().columns).max(10);
        let last = lines.len().saturating_sub(height);
        top = top.min(last);
        cx.put("\x1b[H\x1b[J");
        for row in 0..height {
            match lines.get(top + row) {
                Some(line) => {
                    let text = String::from_utf8_lossy(line);
                    let shown: String = text
                        .chars()
                        .map(|c| if c.is_control() && c != '\t' { '?' } else { c })
                        .take(width)
                        .collect();
                    cx.put(if numbers {
                        format!("{:>7} {shown}\r\n", top + row + 1)
                    } else {
                        format!("{shown}\r\n")
                    });
                }
                None if more => cx.put("\r\n"),
                None => cx.put("~\r\n"),
            }
        }
        let at_end = top >= last;
        let prompt = match (more, at_end) {
            (true, _) => {
                format!("--More-- ({}%)", (top + height).min(lines.len()) * 100 / lines.len().max(1))
            }
            (false, true) => "\x1b[7m(END)\x1b[m".to_owned(),
            (false, false) if top == 0 => format!("\x1b[7m{name}\x1b[m"),
            (false, false) => ":".to_owned(),
        };
        cx.put(prompt);
        if !cx.flush().await || (more && at_end) {
            return;
        }
        let Some(keys) = keys(keyboard).await else { return };
        match &keys[..] {
            b"q" | b"Q" | b"\x03" => return,
            b" " | b"f" | b"\x06" | b"\x1b[6~" => top += height,
            b"b" | b"\x02" | b"\x1b[5~" => top = top.saturating_sub(height),
            b"\r" | b"\n" | b"j" | b"e" | b"\x1b[B" | b"\x1bOB" => top += 1,
            b"k" | b"y" | b"\x1b[A" | b"\x1bOA" => top = top.saturating_sub(1),
            b"d" => top += height / 2,
            b"u" => top = top.saturating_sub(height / 2),
            b"g" | b"<" => top = 0,
            b"G" | b">" => top = last,
            b"/" => {
                pattern = Some(prompted(cx, keyboard).await);
                top = find(lines, pattern.as_deref(), top + 1).unwrap_or(top);
            }
            b"n" => top = find(lines, pattern.as_deref(), top + 1).unwrap_or(top),
            _ => {}
        }
    }
}

async fn keys(keyboard: &OpenFile) -> Option<Bytes> {
    let keys = poll_fn(|task| keyboard.poll_read(task, Process::READ_SIZE)).await.ok()?;
    (!keys.is_empty()).then_some(keys)
}

/// What is typed after a slash.
async fn prompted(cx: &mut Cx, keyboard: &OpenFile) -> Vec<u8> {
    let mut text = Vec::new();
    cx.put("\r\x1b[K/");
    while cx.flush().await
        && let Some(keys) = keys(keyboard).await
    {
        for key in keys {
            match key {
                b'\r' | b'\n' => return text,
                27 | 3 => return Vec::new(),
                8 | 127 => {
                    if text.pop().is_some() {
                        cx.put("\x08 \x08");
                    }
                }
                key => {
                    text.push(key);
                    cx.put([key]);
                }
            }
        }
    }
    text
}

fn find(lines: &[Bytes], pattern: Option<&[u8]>, from: usize) -> Option<usize> {
    let pattern = pattern.filter(|pattern| !pattern.is_empty())?;
    let found = lines.iter().skip(from).position(|line| memchr::memmem::find(line, pattern).is_some())?;
    Some(from + found)
}
