//! `truncate`: cuts or extends files.

use super::shown;
use crate::{
    commands::{Cx, number},
    kernel::{errno::Errno, fs::OpenFlags},
    libc::getopt::OptSpec,
};

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let spec = OptSpec {
        short: "cos:r:",
        long: &[("no-create", b'c'), ("size=", b's'), ("reference=", b'r'), ("io-blocks", b'o')],
    };
    let usage = "[-c] -s SIZE FILE...";
    let opts = match cx.opts(spec, usage).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let mut reference = None;
    if let Some(path) = opts.value(b'r').filter(|_| cx.is_gnu()) {
        match cx.process.stat(path, true) {
            Ok(stat) => reference = Some(stat.size),
            Err(errno) => {
                let text = cx.text(errno);
                cx.error(format!("cannot stat '{}': {text}", shown(path))).await;
                return 1;
            }
        }
    }
    let Some(size) = opts.value(b's').cloned().or_else(|| reference.map(|size| size.to_string().into()))
    else {
        if cx.is_gnu() {
            cx.error("you must specify either '--size' or '--reference'").await;
        }
        return cx.bad_usage(usage).await;
    };
    if opts.operands.is_empty() {
        if cx.is_gnu() {
            cx.error("missing file operand").await;
        }
        return cx.bad_usage(usage).await;
    }
    let (sign, digits) = match size.first() {
        Some(sign @ (b'+' | b'-' | b'<' | b'>' | b'/' | b'%')) if cx.is_gnu() => {
            (Some(*sign), size.slice(1..))
        }
        _ => (None, size.clone()),
    };
    let Some(amount) = number::parse_suffixed(&digits, number::BLOCKS) else {
        if cx.is_gnu() {
            cx.error(format!("Invalid number: '{}'", shown(&size))).await;
            return 1;
        }
        return cx.bad_number(&size).await;
    };
    let mut code = 0;
    for path in &opts.operands {
        let mut before = cx.process.stat(path, true).map(|stat| stat.size);
        if before == Err(Errno::ENOENT) {
            if opts.has(b'c') {
                continue;
            }
            let flags = OpenFlags { write: true, create: true, ..OpenFlags::default() };
            before = cx.process.open_file(path, flags, 0o666).await.map(|_| 0);
        }
        let done = before.and_then(|before| {
            let len = match sign {
                None => amount,
                Some(b'+') => before.saturating_add(amount),
                Some(b'-') => before.saturating_sub(amount),
                Some(b'<') => before.min(amount),
                Some(b'>') => before.max(amount),
                Some(b'/') => before - before % amount.max(1),
                Some(_) => before.div_ceil(amount.max(1)).saturating_mul(amount),
            };
            cx.process.truncate(path, len)
        });
        if let Err(errno) = done {
            let (shown, text) = (shown(path), cx.text(errno));
            match cx.is_gnu() {
                true => cx.error(format!("cannot open '{shown}' for writing: {text}")).await,
                false => cx.error(format!("{shown}: open: {text}")).await,
            }
            code = 1;
        }
    }
    code
}
