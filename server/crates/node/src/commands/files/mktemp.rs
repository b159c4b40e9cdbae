//! `mktemp`: makes a file or directory with a name of its own.

use bytes::Bytes;

use super::shown;
use crate::{
    commands::Cx,
    kernel::{
        errno::Errno,
        fs::{OpenFlags, join},
    },
    libc::getopt::OptSpec,
};

const LETTERS: &[u8; 62] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
/// How often a name is tried that may be taken.
const ATTEMPTS: u32 = 100;

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let spec = OptSpec {
        short: "dqtup:",
        long: &[
            ("directory", b'd'),
            ("quiet", b'q'),
            ("dry-run", b'u'),
            ("tmpdir==", b'p'),
            ("suffix=", b'\x01'),
        ],
    };
    let usage = "[-dt] [-p DIR] [TEMPLATE]";
    let opts = match cx.opts(spec, usage).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    if opts.operands.len() > 1 {
        if cx.is_gnu() {
            cx.error("too many templates").await;
        }
        return cx.bad_usage(usage).await;
    }
    let default = if cx.is_gnu() { "tmp.XXXXXXXXXX" } else { "tmp.XXXXXX" };
    let template = opts.operands.first().cloned().unwrap_or_else(|| Bytes::from_static(default.as_bytes()));
    let in_dir = opts.has(b'p') || opts.has(b't') || opts.operands.is_empty();
    let template = match in_dir {
        true => {
            let dir = cx.process.var("TMPDIR").filter(|dir| !dir.is_empty());
            let own = opts.value(b'p').cloned();
            let dir = if opts.has(b'p') { own.or(dir) } else { dir };
            join(&dir.unwrap_or_else(|| Bytes::from_static(b"/tmp")), &template)
        }
        false => template.to_vec(),
    };
    let suffix = opts.value(1).cloned().unwrap_or_default();
    let kind = if opts.has(b'd') { "directory" } else { "file" };
    let (start, end) = match holes(&template, cx.is_gnu()) {
        Some(found) => found,
        None => {
            let text = cx.text(Errno::EINVAL);
            let message = match cx.is_gnu() {
                true => format!("too few X's in template '{}'", shown(&template)),
                false => format!("(null): {text}"),
            };
            if !opts.has(b'q') {
                cx.error(message).await;
            }
            return 1;
        }
    };
    let mut last = Errno::EEXIST;
    for _ in 0..ATTEMPTS {
        let mut path = template.clone();
        for byte in &mut path[start..end] {
            *byte = LETTERS[(cx.process.random() % 62) as usize];
        }
        path.extend_from_slice(&suffix);
        let made = if opts.has(b'u') {
            if cx.process.stat(&path, false).is_ok() { Err(Errno::EEXIST) } else { Ok(()) }
        } else if opts.has(b'd') {
            cx.process.mkdir(&path, 0o700)
        } else {
            let flags =
                OpenFlags { read: true, write: true, create: true, exclusive: true, ..OpenFlags::default() };
            cx.process.open_file(&path, flags, 0o600).await.map(drop)
        };
        match made {
            Ok(()) => {
                cx.put(path);
                cx.put("\n");
                return cx.finish(0).await;
            }
            Err(Errno::EEXIST) => {}
            Err(errno) => {
                last = errno;
                break;
            }
        }
    }
    if !opts.has(b'q') {
        let text = cx.text(last);
        let message = match cx.is_gnu() {
            true => format!("failed to create {kind} via template '{}': {text}", shown(&template)),
            false => format!("(null): {text}"),
        };
        cx.error(message).await;
    }
    1
}

/// Where the letters of a template are that are made up: busybox wants six at its end, GNU three anywhere in the name.
fn holes(template: &[u8], gnu: bool) -> Option<(usize, usize)> {
    if !gnu {
        // Only the last six are replaced.
        return template.ends_with(b"XXXXXX").then(|| (template.len() - 6, template.len()));
    }
    let end = template.iter().rposition(|byte| *byte == b'X')? + 1;
    let start = template[..end].iter().rposition(|byte| *byte != b'X').map_or(0, |last| last + 1);
    (end - start >= 3).then_some((start, end))
}
