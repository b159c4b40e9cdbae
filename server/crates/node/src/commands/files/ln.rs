//! `ln`, `link`: more names for files.

use super::{inside, is_dir, shown};
use crate::{
    commands::Cx,
    kernel::{
        errno::Errno,
        fs::{FileType, join, normalize},
    },
    libc::getopt::OptSpec,
};

const SPEC: OptSpec = OptSpec {
    short: "sfnbtvS:TriLP",
    long: &[
        ("symbolic", b's'),
        ("force", b'f'),
        ("no-dereference", b'n'),
        ("verbose", b'v'),
        ("no-target-directory", b'T'),
        ("relative", b'r'),
        ("interactive", b'i'),
    ],
};
const USAGE: &str = "[-sfnbtv] [-S SUF] TARGET... LINK|DIR";

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(SPEC, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let mut targets = opts.operands.clone();
    if targets.is_empty() {
        if cx.is_gnu() {
            cx.error("missing file operand").await;
        }
        return cx.bad_usage(USAGE).await;
    }
    let destination = if targets.len() == 1 { ".".into() } else { targets.pop().unwrap_or_default() };
    let plain = opts.has(b'T')
        || (opts.has(b'n')
            && cx.process.stat(&destination, false).is_ok_and(|stat| stat.file_type == FileType::Symlink));
    let into = !plain && is_dir(&cx, &destination);
    if targets.len() > 1 && !into {
        let message = match cx.is_gnu() {
            true => {
                let errno = cx.process.stat(&destination, true).err().unwrap_or(Errno::ENOTDIR);
                format!("target '{}': {}", shown(&destination), cx.text(errno))
            }
            false => return cx.bad_usage(USAGE).await,
        };
        cx.error(message).await;
        return 1;
    }
    let mut code = 0;
    for target in &targets {
        let path = if into { inside(&destination, target) } else { destination.to_vec() };
        let soft = opts.has(b's');
        if opts.has(b'f') {
            let same = match (cx.process.stat(target, true), cx.process.stat(&path, false)) {
                (Ok(a), Ok(b)) => (a.device, a.ino) == (b.device, b.ino) && !soft,
                _ => false,
            };
            if !same {
                let _ = cx.process.unlink(&path);
            }
        }
        let text = if soft && opts.has(b'r') { relative(&cx, target, &path) } else { target.to_vec() };
        let made = match soft {
            true => cx.process.symlink(&text, &path),
            false => cx.process.link(target, &path, opts.has(b'L')),
        };
        if let Err(errno) = made {
            complain(&mut cx, target, &path, soft, errno).await;
            code = 1;
        } else if opts.has(b'v') {
            let arrow = if soft || !cx.is_gnu() { "->" } else { "=>" };
            let line = format!("'{}' {arrow} '{}'\n", shown(&path), shown(target));
            cx.put(line);
        }
    }
    cx.finish(code).await
}

async fn complain(cx: &mut Cx, target: &[u8], path: &[u8], soft: bool, errno: Errno) {
    let text = cx.text(errno);
    let (target, path, source) = (shown(target), shown(path), cx.process.stat(target, false));
    let message = match (cx.is_gnu(), soft, source) {
        (false, false, Err(_)) => format!("{target}: {text}"),
        (false, ..) => format!("{path}: {text}"),
        (true, true, _) => format!("failed to create symbolic link '{path}': {text}"),
        (true, false, Err(errno)) => format!("failed to access '{target}': {}", cx.text(errno)),
        (true, false, Ok(stat)) if stat.file_type == FileType::Directory => {
            format!("{target}: hard link not allowed for directory")
        }
        (true, false, Ok(_)) if errno == Errno::EEXIST => {
            format!("failed to create hard link '{path}': {text}")
        }
        (true, false, Ok(_)) => format!("failed to create hard link '{path}' => '{target}': {text}"),
    };
    cx.error(message).await;
}

/// The way from the directory of `path` to `target`.
fn relative(cx: &Cx, target: &[u8], path: &[u8]) -> Vec<u8> {
    let absolute = |path: &[u8]| normalize(&join(&cx.process.cwd(), path));
    let (target, path) = (absolute(target), absolute(path));
    let parts = |path: &[u8]| -> Vec<Vec<u8>> {
        path.split(|byte| *byte == b'/').filter(|part| !part.is_empty()).map(<[u8]>::to_vec).collect()
    };
    let (target, mut from) = (parts(&target), parts(&path));
    from.pop();
    let shared = target.iter().zip(&from).take_while(|(a, b)| a == b).count();
    let up = from[shared..].iter().map(|_| b"..".to_vec());
    let way: Vec<Vec<u8>> = up.chain(target[shared..].iter().cloned()).collect();
    if way.is_empty() { b".".to_vec() } else { way.join(&b'/') }
}

/// `link`: exactly one more name.
pub(in crate::commands) async fn link(mut cx: Cx) -> u8 {
    let [from, to] = &cx.args[..] else { return cx.bad_usage("FILE LINK").await };
    let (from, to) = (from.clone(), to.clone());
    match cx.process.link(&from, &to, false) {
        Ok(()) => 0,
        Err(errno) => {
            let text = cx.text(errno);
            cx.error(format!("cannot create link '{}' to '{}': {text}", shown(&to), shown(&from))).await;
            1
        }
    }
}

/// `unlink`: exactly one name less.
pub(in crate::commands) async fn unlink(mut cx: Cx) -> u8 {
    let path = match (&cx.args[..], cx.is_gnu()) {
        ([path], _) => path.clone(),
        ([], true) => {
            cx.error("missing operand").await;
            return cx.bad_usage("FILE").await;
        }
        ([_, extra, ..], true) => {
            let extra = shown(extra);
            cx.error(format!("extra operand '{extra}'")).await;
            return cx.bad_usage("FILE").await;
        }
        (_, false) => return cx.bad_usage("FILE").await,
    };
    let Err(errno) = cx.process.unlink(&path) else { return 0 };
    let (text, path) = (cx.text(errno), shown(&path));
    match cx.is_gnu() {
        true => cx.error(format!("cannot unlink '{path}': {text}")).await,
        false => cx.error(format!("can't remove file '{path}': {text}")).await,
    }
    1
}
