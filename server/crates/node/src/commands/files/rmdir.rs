//! `rmdir`: removes empty directories.

use super::{shown, trim};
use crate::{commands::Cx, kernel::errno::Errno, libc::getopt::OptSpec};

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let usage = "[-p] DIRECTORY...";
    let spec = OptSpec {
        short: "pv",
        long: &[("parents", b'p'), ("ignore-fail-on-non-empty", b'i'), ("verbose", b'v')],
    };
    let opts = match cx.opts(spec, usage).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    if opts.operands.is_empty() {
        if cx.is_gnu() {
            cx.error("missing operand").await;
        }
        return cx.bad_usage(usage).await;
    }
    let mut code = 0;
    for operand in &opts.operands {
        let mut path = &operand[..];
        loop {
            match cx.process.rmdir(path) {
                Ok(()) => {
                    if opts.has(b'v') {
                        let line = format!("rmdir: removing directory, '{}'\n", shown(path));
                        cx.put(line);
                    }
                }
                Err(Errno::ENOTEMPTY) if opts.has(b'i') => break,
                Err(errno) => {
                    let (shown, text) = (shown(path), cx.text(errno));
                    match cx.is_gnu() {
                        true => cx.error(format!("failed to remove '{shown}': {text}")).await,
                        false => cx.error(format!("'{shown}': {text}")).await,
                    }
                    code = 1;
                    break;
                }
            }
            if !opts.has(b'p') {
                break;
            }
            path = match trim(path).iter().rposition(|byte| *byte == b'/') {
                Some(at) if at > 0 => trim(&path[..at]),
                _ => break,
            };
        }
    }
    cx.finish(code).await
}
