//! `readlink`, `realpath`: where paths lead.

use super::shown;
use crate::{
    commands::Cx,
    kernel::{
        errno::Errno,
        fs::{file_name, join, normalize},
    },
    libc::getopt::OptSpec,
};

pub(in crate::commands) async fn readlink(mut cx: Cx) -> u8 {
    let spec = OptSpec {
        short: "fnvemqsz",
        long: &[
            ("canonicalize", b'f'),
            ("canonicalize-existing", b'e'),
            ("canonicalize-missing", b'm'),
            ("no-newline", b'n'),
            ("verbose", b'v'),
            ("zero", b'z'),
        ],
    };
    let usage = "[-fnv] FILE";
    let opts = match cx.opts(spec, usage).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    if opts.operands.is_empty() || (opts.operands.len() > 1 && !cx.is_gnu()) {
        if cx.is_gnu() {
            cx.error("missing operand").await;
        }
        return cx.bad_usage(usage).await;
    }
    let mut code = 0;
    for path in opts.operands.clone() {
        let found = match opts.last_of(b"fem") {
            Some(b'f') => last_may_miss(&cx, &path),
            Some(b'm') => Ok(missing(&cx, &path)),
            Some(_) => cx.process.real_path(&path),
            None => cx.process.read_link(&path),
        };
        match found {
            Ok(target) => {
                cx.put(target);
                if !opts.has(b'n') {
                    cx.put(if opts.has(b'z') { "\0" } else { "\n" });
                }
            }
            Err(errno) => {
                if opts.has(b'v') {
                    cx.file_error(&path, errno).await;
                }
                code = 1;
            }
        }
    }
    cx.finish(code).await
}

pub(in crate::commands) async fn realpath(mut cx: Cx) -> u8 {
    let spec = OptSpec {
        short: "emqszLP",
        long: &[
            ("canonicalize-existing", b'e'),
            ("canonicalize-missing", b'm'),
            ("quiet", b'q'),
            ("strip", b's'),
            ("no-symlinks", b's'),
            ("zero", b'z'),
            ("relative-to=", b'\x01'),
        ],
    };
    let opts = match cx.opts(spec, "FILE...").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    if opts.operands.is_empty() {
        if cx.is_gnu() {
            cx.error("missing operand").await;
        }
        return cx.bad_usage("FILE...").await;
    }
    let mut code = 0;
    for path in opts.operands.clone() {
        let found = match opts.last_of(b"ems") {
            Some(b'e') => cx.process.real_path(&path),
            Some(b'm') => Ok(missing(&cx, &path)),
            Some(_) => Ok(normalize(&join(&cx.process.cwd(), &path))),
            None => last_may_miss(&cx, &path),
        };
        match found {
            Ok(target) => {
                cx.put(target);
                cx.put(if opts.has(b'z') { "\0" } else { "\n" });
            }
            Err(errno) => {
                if !opts.has(b'q') {
                    let (shown, text) = (shown(&path), cx.text(errno));
                    cx.error(format!("{shown}: {text}")).await;
                }
                code = 1;
            }
        }
    }
    cx.finish(code).await
}

/// The real path, where all but the last name must exist.
fn last_may_miss(cx: &Cx, path: &[u8]) -> Result<Vec<u8>, Errno> {
    let mut path = path.to_vec();
    for _ in 0..40 {
        match cx.process.real_path(&path) {
            Err(Errno::ENOENT) => {}
            found => return found,
        }
        let trimmed = super::trim(&path).to_vec();
        let dir = match trimmed.iter().rposition(|byte| *byte == b'/') {
            Some(0) => b"/".to_vec(),
            Some(at) => trimmed[..at].to_vec(),
            None => b".".to_vec(),
        };
        let dir = cx.process.real_path(&dir)?;
        match cx.process.read_link(&trimmed) {
            // A link to nothing: what it names may be missing too.
            Ok(target) => path = join(&dir, &target),
            Err(_) => return Ok(join(&dir, file_name(&trimmed))),
        }
    }
    Err(Errno::ELOOP)
}

/// The real path of as much as exists, and the rest as it is written.
fn missing(cx: &Cx, path: &[u8]) -> Vec<u8> {
    let whole = normalize(&join(&cx.process.cwd(), path));
    let mut end = whole.len();
    loop {
        if let Ok(real) = cx.process.real_path(if end == 0 { b"/" } else { &whole[..end] }) {
            return normalize(&[&real[..], b"/", &whole[end..]].concat());
        }
        match whole[..end].iter().rposition(|byte| *byte == b'/') {
            Some(at) => end = at,
            None => return whole,
        }
    }
}
