//! `paste`: lines of files side by side.

use super::{
    super::{Cx, Lines},
    open_input,
};
use crate::libc::getopt::OptSpec;

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let spec = OptSpec { short: "sd:", long: &[("serial", b's'), ("delimiters=", b'd')] };
    let opts = match cx.opts(spec, "[-d LIST] [-s] [FILE]...").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let delimiters = match opts.value(b'd') {
        Some(text) => unescape(text),
        None => vec![Some(b'\t')],
    };
    let mut code = 0;
    // Where standard input is named more than once, its lines are taken in turns.
    let mut readers: Vec<Lines> = Vec::new();
    let mut inputs = Vec::new();
    let mut standard_input = None;
    for path in Cx::inputs(opts.operands.clone()) {
        if path == "-"
            && let Some(reader) = standard_input
        {
            inputs.push(Some(reader));
            continue;
        }
        match open_input(&mut cx, &path).await {
            Some(file) => {
                if path == "-" {
                    standard_input = Some(readers.len());
                }
                inputs.push(Some(readers.len()));
                readers.push(Lines::new(file));
            }
            None if cx.is_gnu() => return 1,
            None => code = 1,
        }
    }
    let delimiter = |index: usize| delimiters.get(index % delimiters.len().max(1)).copied().flatten();
    if opts.has(b's') {
        for reader in inputs.into_iter().flatten() {
            let mut index = 0;
            while let Ok(Some(line)) = readers[reader].next(&mut cx).await {
                if index > 0 {
                    cx.put(delimiter(index - 1).as_slice());
                }
                cx.put(&line.text);
                index += 1;
                if !cx.drain().await {
                    return cx.finish(1).await;
                }
            }
            cx.put("\n");
        }
        return cx.finish(code).await;
    }
    if !cx.is_gnu() {
        // busybox goes on to the next file where one has ended, without a delimiter.
        while inputs.iter().any(Option::is_some) {
            let (count, mut used) = (inputs.len(), 0);
            for (index, input) in inputs.iter_mut().enumerate() {
                let Some(reader) = *input else { continue };
                let Ok(Some(line)) = readers[reader].next(&mut cx).await else {
                    *input = None;
                    continue;
                };
                cx.put(&line.text);
                if index + 1 == count {
                    cx.put("\n");
                } else {
                    cx.put(delimiter(used).as_slice());
                    used += 1;
                }
                cx.process.work(1).await;
                if !cx.drain().await {
                    return cx.finish(1).await;
                }
            }
        }
        return cx.finish(code).await;
    }
    loop {
        let mut row = Vec::new();
        let mut any = false;
        for (index, input) in inputs.iter_mut().enumerate() {
            if index > 0 {
                row.extend(delimiter(index - 1));
            }
            let Some(reader) = *input else { continue };
            match readers[reader].next(&mut cx).await {
                Ok(Some(line)) => {
                    row.extend_from_slice(&line.text);
                    any = true;
                }
                _ => *input = None,
            }
        }
        if !any {
            return cx.finish(code).await;
        }
        row.push(b'\n');
        cx.put(row);
        cx.process.work(1).await;
        if !cx.drain().await {
            return cx.finish(1).await;
        }
    }
}

/// The delimiters of a list; `\0` is none.
fn unescape(text: &[u8]) -> Vec<Option<u8>> {
    let mut out = Vec::new();
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(Some(byte));
            continue;
        }
        match bytes.next() {
            Some(b'n') => out.push(Some(b'\n')),
            Some(b't') => out.push(Some(b'\t')),
            Some(b'0') => out.push(None),
            Some(other) => out.push(Some(other)),
            None => out.push(Some(b'\\')),
        }
    }
    if out.is_empty() { vec![None] } else { out }
}
