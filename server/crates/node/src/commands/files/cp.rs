//! `cp`: copies files and trees.

use super::{
    Destination,
    copy::{Copying, copy},
    is_dir, shown,
};
use crate::{
    commands::Cx,
    kernel::errno::Errno,
    libc::getopt::{OptSpec, Opts},
};

const SPEC: OptSpec = OptSpec {
    short: "arRPLHpdfinlsTuvt:x",
    long: &[
        ("archive", b'a'),
        ("recursive", b'r'),
        ("no-dereference", b'P'),
        ("dereference", b'L'),
        ("preserve==", b'p'),
        ("no-preserve=", b'0'),
        ("force", b'f'),
        ("interactive", b'i'),
        ("no-clobber", b'n'),
        ("link", b'l'),
        ("symbolic-link", b's'),
        ("no-target-directory", b'T'),
        ("target-directory=", b't'),
        ("update==", b'u'),
        ("verbose", b'v'),
        ("one-file-system", b'x'),
        ("parents", b'1'),
    ],
};
const USAGE: &str =
    "[-arPLHpfinlsTu] SOURCE DEST\n   or: cp [-arPLHpfinlsu] SOURCE... { -t DIRECTORY | DIRECTORY }";

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(SPEC, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let (sources, destination) = match destination(&mut cx, &opts, USAGE).await {
        Ok(parsed) => parsed,
        Err(code) => return code,
    };
    let recursive = opts.has(b'r') || opts.has(b'R') || opts.has(b'a');
    let no_follow = opts.last_of(b"PdaLH").is_some_and(|letter| letter != b'L' && letter != b'H');
    let how = Copying {
        recursive,
        preserve: opts.has(b'p') || opts.has(b'a'),
        follow: opts.has(b'L') || (!recursive && !no_follow),
        follow_operands: opts.has(b'H'),
        force: opts.has(b'f'),
        ask: opts.last_of(b"infa") == Some(b'i'),
        no_clobber: opts.last_of(b"in") == Some(b'n'),
        update: opts.has(b'u'),
        verbose: opts.has(b'v'),
        hard_link: opts.has(b'l'),
        soft_link: opts.has(b's'),
    };
    let mut code = 0;
    for source in sources {
        let mut target = destination.of(&source);
        if opts.has(b'1') {
            target = [&destination.path[..], b"/", &source].concat();
            if let Some(at) = target.iter().rposition(|byte| *byte == b'/') {
                make_parents(&cx, &target[..at]);
            }
        }
        if !copy(&mut cx, &source, &target, how).await {
            code = 1;
        }
    }
    cx.finish(code).await
}

fn make_parents(cx: &Cx, path: &[u8]) {
    for (at, _) in path.iter().enumerate().filter(|(at, byte)| **byte == b'/' && *at > 0) {
        // What is there already is good.
        let _ = cx.process.mkdir(&path[..at], 0o777);
    }
    let _ = cx.process.mkdir(path, 0o777);
}

/// What `cp` and `mv` are to copy or move, and where to.
pub(super) async fn destination(
    cx: &mut Cx,
    opts: &Opts,
    usage: &str,
) -> Result<(Vec<bytes::Bytes>, Destination), u8> {
    let mut operands = opts.operands.clone();
    let named = opts.value(b't').cloned();
    let needed = if named.is_some() { 1 } else { 2 };
    if operands.len() < needed {
        if cx.is_gnu() {
            let message = match operands.first() {
                Some(only) => format!("missing destination file operand after '{}'", shown(only)),
                None => "missing file operand".to_owned(),
            };
            cx.error(message).await;
        }
        return Err(cx.bad_usage(usage).await);
    }
    let Some(path) = named.or_else(|| operands.pop()) else { return Err(1) };
    let many = operands.len() > 1 || opts.has(b't') || opts.has(b'1');
    if opts.has(b'T') {
        return Ok((operands, Destination { path: path.to_vec(), is_dir: false }));
    }
    let is_dir = is_dir(cx, &path);
    if !cx.is_gnu() && !many && !is_dir {
        match cx.process.stat(&path, true) {
            // A directory goes below what is there, whatever that is: making it will fail.
            Ok(_) if operands.first().is_some_and(|source| super::is_dir(cx, source)) => {
                return Ok((operands, Destination { path: path.to_vec(), is_dir: true }));
            }
            Err(Errno::ENOTDIR) => {
                cx.error(format!("can't stat '{}': Path has non-directory component", shown(&path))).await;
                return Err(1);
            }
            _ => {}
        }
    }
    if many && !is_dir && cx.is_gnu() {
        let errno = cx.process.stat(&path, true).err().unwrap_or(Errno::ENOTDIR);
        let text = cx.text(errno);
        cx.error(format!("target '{}': {text}", shown(&path))).await;
        return Err(1);
    }
    Ok((operands, Destination { path: path.to_vec(), is_dir: is_dir || many }))
}
