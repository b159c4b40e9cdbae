//! `cmp`: compares files byte by byte.

use super::super::{Cx, number};
use crate::libc::getopt::OptSpec;

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let spec = OptSpec {
        short: "sln:bi:",
        long: &[("silent", b's'), ("quiet", b's'), ("verbose", b'l'), ("bytes=", b'n')],
    };
    let usage = "[-ls] [-n NUM] FILE1 [FILE2]";
    let opts = match cx.opts(spec, usage).await {
        Ok(opts) => opts,
        Err(code) => return code + u8::from(code == 1),
    };
    if opts.operands.is_empty() || opts.operands.len() > 4 {
        if cx.is_gnu() {
            cx.error("missing operand after 'cmp'").await;
        }
        cx.bad_usage(usage).await;
        return 2;
    }
    let mut limit = u64::MAX;
    if let Some(text) = opts.value(b'n') {
        match number::parse_suffixed(text, number::BLOCKS) {
            Some(value) => limit = value,
            None => return cx.bad_number(text).await + 1,
        }
    }
    let second = opts.operands.get(1).cloned().unwrap_or_else(|| "-".into());
    let paths = [opts.operands[0].clone(), second];
    let mut files = Vec::new();
    for path in &paths {
        match cx.open(path).await {
            Ok(file) => files.push(file),
            Err(errno) => {
                if !opts.has(b's') {
                    cx.file_error(path, errno).await;
                }
                return 2;
            }
        }
    }
    let names = paths.map(|path| String::from_utf8_lossy(&path).into_owned());
    let mut buffers = [bytes::Bytes::new(), bytes::Bytes::new()];
    let (mut offset, mut line, mut differ) = (0u64, 1u64, false);
    loop {
        for (buffer, file) in buffers.iter_mut().zip(&files) {
            if buffer.is_empty() {
                match cx.read(file).await {
                    Ok(bytes) => *buffer = bytes,
                    Err(errno) => {
                        let text = cx.text(errno);
                        cx.error(text).await;
                        return 2;
                    }
                }
            }
        }
        let common =
            buffers[0].len().min(buffers[1].len()).min(usize::try_from(limit - offset).unwrap_or(usize::MAX));
        if common == 0 {
            let ended = match (buffers[0].is_empty(), buffers[1].is_empty(), offset >= limit) {
                (true, true, _) | (_, _, true) => None,
                (true, false, _) => Some(0),
                _ => Some(1),
            };
            if let Some(index) = ended {
                if !opts.has(b's') {
                    let message = match (cx.is_gnu(), opts.has(b'l')) {
                        (true, false) if offset > 0 => {
                            format!("EOF on {} after byte {offset}, in line {line}", names[index])
                        }
                        (true, _) => format!("EOF on {} which is empty", names[index]),
                        _ => format!("EOF on {}", names[index]),
                    };
                    cx.flush().await;
                    cx.error(message).await;
                }
                differ = true;
            }
            return cx.finish(u8::from(differ)).await;
        }
        let (a, b) = (buffers[0].split_to(common), buffers[1].split_to(common));
        for (index, (x, y)) in a.iter().zip(b.iter()).enumerate() {
            if x != y {
                differ = true;
                if opts.has(b's') {
                    return 1;
                }
                let place = offset + index as u64 + 1;
                if opts.has(b'l') {
                    let text = match cx.is_gnu() {
                        true => format!("{place} {x:>3o} {y:>3o}\n"),
                        false => format!("{place} {x:>3o} {y:>3o}\n"),
                    };
                    cx.put(text);
                } else {
                    cx.put(format!("{} {} differ: char {place}, line {line}\n", names[0], names[1]));
                    return cx.finish(1).await;
                }
            }
            line += u64::from(*x == b'\n');
        }
        offset += common as u64;
        cx.process.work((common >> 9) as u32).await;
    }
}
