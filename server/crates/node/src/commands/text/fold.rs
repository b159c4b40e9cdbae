//! `fold`: breaks long lines.

use super::{
    super::{Cx, number},
    open_input,
};
use crate::libc::getopt::OptSpec;

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let spec = OptSpec { short: "bsw:", long: &[("bytes", b'b'), ("spaces", b's'), ("width=", b'w')] };
    let opts = match cx.opts(spec, "[-bs] [-w WIDTH] [FILE]...").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let width = match opts.value(b'w') {
        None => 80,
        Some(text) => match number::parse::<usize>(text).filter(|width| *width > 0) {
            Some(width) => width.min(1 << 20),
            None if cx.is_gnu() => {
                cx.error(format!("invalid number of columns: '{}'", String::from_utf8_lossy(text))).await;
                return 1;
            }
            None => return cx.bad_number(text).await,
        },
    };
    let advance = |column: usize, byte: u8| match byte {
        _ if opts.has(b'b') => column + 1,
        b'\t' => (column | 7) + 1,
        8 => column.saturating_sub(1),
        b'\r' => 0,
        _ => column + 1,
    };
    let mut code = 0;
    for path in Cx::inputs(opts.operands.clone()) {
        let Some(file) = open_input(&mut cx, &path).await else {
            code = 1;
            continue;
        };
        let mut line: Vec<u8> = Vec::new();
        let mut column = 0;
        loop {
            let bytes = match cx.read(&file).await {
                Ok(bytes) if !bytes.is_empty() => bytes,
                _ => break,
            };
            for byte in bytes.iter().copied() {
                if byte == b'\n' {
                    line.push(byte);
                    cx.put(std::mem::take(&mut line));
                    column = 0;
                    continue;
                }
                let next = advance(column, byte);
                if next > width && !line.is_empty() {
                    let cut = match line.iter().rposition(|byte| matches!(byte, b' ' | b'\t')) {
                        Some(at) if opts.has(b's') => at + 1,
                        _ => line.len(),
                    };
                    let rest = line.split_off(cut);
                    cx.put(std::mem::replace(&mut line, rest));
                    cx.put("\n");
                    column = line.iter().fold(0, |column, byte| advance(column, *byte));
                }
                line.push(byte);
                column = advance(column, byte);
            }
            cx.process.work((bytes.len() >> 8) as u32).await;
            if !cx.drain().await {
                return cx.finish(1).await;
            }
        }
        cx.put(line);
    }
    cx.finish(code).await
}
