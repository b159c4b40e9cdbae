//! `wc`: counts lines, words and bytes.

use super::super::Cx;
use crate::{
    kernel::{
        errno::Errno,
        fs::{FileType, OpenFile},
    },
    libc::getopt::OptSpec,
};

const SPEC: OptSpec = OptSpec {
    short: "lwcmL",
    long: &[("lines", b'l'), ("words", b'w'), ("bytes", b'c'), ("chars", b'm'), ("max-line-length", b'L')],
};

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    lines: u64,
    words: u64,
    chars: u64,
    bytes: u64,
    longest: u64,
}

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(SPEC, "[-cmlwL] [FILE]...").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let given: Vec<u8> = b"lwmcL".iter().copied().filter(|letter| opts.has(*letter)).collect();
    let columns = if given.is_empty() { b"lwc".to_vec() } else { given };
    let paths = opts.operands.clone();
    let inputs = Cx::inputs(paths.clone());
    let width = width(&cx, &inputs, columns.len());
    let mut total = Counts::default();
    let mut code = 0;
    for path in &inputs {
        let counted = match cx.open(path).await {
            Ok(file) => {
                let mut counts = Counts::default();
                let counted = count(&mut cx, &file, &mut counts).await;
                Some((counts, counted))
            }
            Err(errno) => {
                cx.file_error(path, errno).await;
                code = 1;
                None
            }
        };
        let Some((counts, counted)) = counted else { continue };
        if let Err(errno) = counted {
            cx.file_error(path, errno).await;
            code = 1;
        }
        total.lines += counts.lines;
        total.words += counts.words;
        total.chars += counts.chars;
        total.bytes += counts.bytes;
        total.longest = total.longest.max(counts.longest);
        let name = (!paths.is_empty()).then_some(&path[..]);
        show(&mut cx, &counts, &columns, width, name);
    }
    if inputs.len() > 1 {
        show(&mut cx, &total, &columns, width, Some(b"total"));
    }
    cx.finish(code).await
}

/// How wide columns are.
fn width(cx: &Cx, inputs: &[bytes::Bytes], columns: usize) -> usize {
    if inputs.len() == 1 && columns == 1 {
        return 1;
    }
    if !cx.is_gnu() {
        return 9;
    }
    let mut sum = 0;
    let mut least = 1;
    for path in inputs {
        let stat = if path == "-" { cx.process.fstat(0) } else { cx.process.stat(path, true) };
        match stat {
            Ok(stat) if stat.file_type == FileType::Regular => sum += stat.size,
            Ok(_) => least = 7,
            Err(_) => {}
        }
    }
    sum.to_string().len().max(least)
}

fn show(cx: &mut Cx, counts: &Counts, columns: &[u8], width: usize, name: Option<&[u8]>) {
    let values: Vec<String> = columns
        .iter()
        .map(|column| match column {
            b'l' => counts.lines,
            b'w' => counts.words,
            b'm' => counts.chars,
            b'c' => counts.bytes,
            _ => counts.longest,
        })
        .map(|value| format!("{value:>width$}"))
        .collect();
    cx.put(values.join(" "));
    if let Some(name) = name {
        cx.put(" ");
        cx.put(name);
    }
    cx.put("\n");
}

async fn count(cx: &mut Cx, file: &OpenFile, counts: &mut Counts) -> Result<(), Errno> {
    let mut in_word = false;
    let mut column = 0u64;
    loop {
        let bytes = cx.read(file).await?;
        if bytes.is_empty() {
            break;
        }
        cx.process.work((bytes.len() >> 8) as u32).await;
        counts.bytes += bytes.len() as u64;
        counts.chars += bytes.len() as u64;
        for byte in bytes.iter() {
            match byte {
                b'\n' | b'\r' | 0x0c => {
                    counts.lines += u64::from(*byte == b'\n');
                    counts.longest = counts.longest.max(column);
                    column = 0;
                    in_word = false;
                }
                b'\t' => {
                    column = (column | 7) + 1;
                    in_word = false;
                }
                0x0b => in_word = false,
                b' ' => {
                    column += 1;
                    in_word = false;
                }
                0x21..=0x7e => {
                    column += 1;
                    counts.words += u64::from(!in_word);
                    in_word = true;
                }
                // What cannot be printed neither begins nor ends a word in busybox; in GNU's it is part of one.
                _ if cx.is_gnu() => {
                    counts.words += u64::from(!in_word);
                    in_word = true;
                }
                _ => {}
            }
        }
    }
    counts.longest = counts.longest.max(column);
    Ok(())
}
