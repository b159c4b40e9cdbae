//! `more`: a page, and another one when a key asks for it.

use super::super::Cx;
use crate::libc::getopt::OptSpec;

const USAGE: &str = "[FILE]...";

/// How far a file is shown before the next question.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    Page,
    Line,
    End,
}

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(OptSpec { short: "cdefpsu", long: &[] }, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    if opts.operands.is_empty() && cx.process.is_terminal(0) {
        return cx.bad_usage(USAGE).await;
    }
    let paths = Cx::inputs(opts.operands);
    let Some(screen) = super::screen(&cx) else { return super::copy(&mut cx, &paths).await };
    let Ok(keyboard) = super::keyboard(&cx).await else { return super::copy(&mut cx, &paths).await };
    let before = screen.termios();
    let mut raw = before.raw();
    raw.isig = true;
    screen.set_termios(raw);
    let (mut code, mut shown, mut until) = (0, 0usize, Until::Page);
    'files: for path in &paths {
        let lines = match super::lines(&mut cx, path).await {
            Ok(lines) => lines,
            Err(errno) => {
                cx.file_error(path, errno).await;
                code = u8::from(cx.is_gnu());
                continue;
            }
        };
        let size: usize = lines.iter().map(|line| line.len() + 1).sum();
        let named = &path[..] != b"-";
        let mut bytes = 0;
        for (number, line) in lines.iter().enumerate() {
            let rows = usize::from(screen.size().rows).max(2) - 1;
            let columns = usize::from(screen.size().columns).max(1);
            if until != Until::End && shown >= rows {
                let percent = match cx.is_gnu() {
                    true => bytes * 100 / size.max(1),
                    // Busybox counts each end of a line twice.
                    false => ((bytes + number) * 100 / size.max(1)).min(100),
                };
                let prompt = match (cx.is_gnu(), named) {
                    (true, true) => format!("\x1b[7m--More--({percent}%)\x1b[27m"),
                    (true, false) => "\x1b[7m--More--\x1b[27m".to_owned(),
                    (false, true) => format!("--More-- ({percent}% of {size} bytes)"),
                    (false, false) => "--More-- ".to_owned(),
                };
                cx.put(prompt);
                cx.flush().await;
                until = loop {
                    let Some(keys) = super::typed(&keyboard).await else { break 'files };
                    match keys.first() {
                        Some(b' ' | b'f') => break Until::Page,
                        Some(b'\r' | b'\n') => break Until::Line,
                        Some(b'r' | b'R') if !cx.is_gnu() => break Until::End,
                        Some(b'q' | b'Q') => {
                            cx.put("\r\x1b[K");
                            break 'files;
                        }
                        _ => {}
                    }
                };
                cx.put("\r\x1b[K");
                shown = if until == Until::Line { rows - 1 } else { 0 };
            }
            cx.put(line);
            cx.put("\n");
            shown += line.len().max(1).div_ceil(columns);
            bytes += line.len() + 1;
            cx.process.work(1).await;
            if !cx.drain().await {
                break 'files;
            }
        }
    }
    cx.flush().await;
    screen.set_termios(before);
    cx.finish(code).await
}
