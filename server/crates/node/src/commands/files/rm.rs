//! `rm`: removes files and trees.

use super::{
    remove::{Removal, remove},
    shown, trim,
};
use crate::{commands::Cx, kernel::fs::file_name, libc::getopt::OptSpec};

const SPEC: OptSpec = OptSpec {
    short: "fiIrRvd",
    long: &[
        ("force", b'f'),
        ("interactive", b'i'),
        ("recursive", b'r'),
        ("verbose", b'v'),
        ("dir", b'd'),
        ("no-preserve-root", b'N'),
        ("preserve-root", b'P'),
        ("one-file-system", b'O'),
    ],
};

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let usage = "[-irf] FILE...";
    let opts = match cx.opts(SPEC, usage).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let force = opts.last_of(b"fi") == Some(b'f');
    if opts.operands.is_empty() {
        if force {
            return 0;
        }
        if cx.is_gnu() {
            cx.error("missing operand").await;
        }
        return cx.bad_usage(usage).await;
    }
    let how = Removal {
        recursive: opts.has(b'r') || opts.has(b'R'),
        force,
        ask: opts.last_of(b"fi") == Some(b'i'),
        verbose: opts.has(b'v'),
        empty_dirs: opts.has(b'd') && cx.is_gnu(),
    };
    let mut code = 0;
    for path in &opts.operands {
        if matches!(file_name(trim(path)), b"." | b"..") {
            let message = match cx.is_gnu() {
                true => format!("refusing to remove '.' or '..' directory: skipping '{}'", shown(path)),
                false => "can't remove '.' or '..'".to_owned(),
            };
            cx.error(message).await;
            code = 1;
            continue;
        }
        if cx.is_gnu() && how.recursive && trim(path) == b"/" && !opts.has(b'N') {
            cx.error("it is dangerous to operate recursively on '/'").await;
            cx.error("use --no-preserve-root to override this failsafe").await;
            code = 1;
            continue;
        }
        if !remove(&mut cx, path, how).await {
            code = 1;
        }
    }
    cx.finish(code).await
}
