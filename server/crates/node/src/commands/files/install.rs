//! `install`: copies files and sets their modes; makes directories.

use bytes::Bytes;

use super::{is_dir, shown};
use crate::{
    commands::Cx,
    kernel::{errno::Errno, fs::OpenFlags},
    libc::{getopt::OptSpec, mode},
};

const USAGE: &str = "[-dDv] [-m MODE] [-o USER] [-g GRP] [-t DIR] [SOURCE]... DEST";

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let spec = OptSpec {
        short: "cdDpsvm:o:g:t:T",
        long: &[
            ("directory", b'd'),
            ("verbose", b'v'),
            ("mode=", b'm'),
            ("owner=", b'o'),
            ("group=", b'g'),
            ("target-directory=", b't'),
        ],
    };
    let opts = match cx.opts(spec, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let mode = match opts.value(b'm') {
        None => 0o755,
        Some(text) => match mode::apply(text, 0, opts.has(b'd'), 0) {
            Some(mode) => mode,
            None => {
                cx.error(format!("invalid mode '{}'", String::from_utf8_lossy(text))).await;
                return 1;
            }
        },
    };
    let mut operands = opts.operands.clone();
    if opts.has(b'd') {
        let mut code = 0;
        for dir in &operands {
            code |= make_directories(&mut cx, dir, mode, opts.has(b'v')).await;
        }
        return cx.finish(code).await;
    }
    let target = match opts.value(b't') {
        Some(dir) => Some(dir.clone()),
        None if operands.len() > 1 => operands.pop(),
        None => None,
    };
    let Some(target) = target.filter(|_| !operands.is_empty()) else {
        let message = match operands.first() {
            None => "missing file operand".to_owned(),
            Some(only) => format!("missing destination file operand after '{}'", shown(only)),
        };
        cx.error(message).await;
        return cx.bad_usage(USAGE).await;
    };
    let into = is_dir(&cx, &target);
    if !into && (operands.len() > 1 || opts.has(b't')) {
        cx.error(format!("target '{}' is not a directory", shown(&target))).await;
        return 1;
    }
    let mut code = 0;
    for source in &operands {
        let path = if into {
            crate::kernel::fs::join(&target, crate::kernel::fs::file_name(source)).into()
        } else {
            target.clone()
        };
        if opts.has(b'D')
            && let Some(slash) = path.iter().rposition(|byte| *byte == b'/').filter(|at| *at > 0)
        {
            code |= make_directories(&mut cx, &path.slice(..slash), 0o755, false).await;
        }
        match install(&mut cx, source, &path, mode).await {
            Ok(()) if opts.has(b'v') => cx.put(format!("'{}' -> '{}'\n", shown(source), shown(&path))),
            Ok(()) => {}
            Err(message) => {
                cx.error(message).await;
                code = 1;
            }
        }
    }
    cx.finish(code).await
}

async fn make_directories(cx: &mut Cx, dir: &[u8], mode: u16, verbose: bool) -> u8 {
    let mut ends: Vec<usize> =
        dir.iter().enumerate().skip(1).filter(|(_, byte)| **byte == b'/').map(|(at, _)| at).collect();
    ends.push(dir.len());
    for end in ends {
        let path = &dir[..end];
        if is_dir(cx, path) {
            continue;
        }
        if let Err(errno) = cx.process.mkdir(path, 0o755) {
            let text = cx.text(errno);
            cx.error(format!("cannot create directory '{}': {text}", shown(path))).await;
            return 1;
        }
        if verbose {
            cx.put(format!("install: creating directory '{}'\n", shown(path)));
        }
    }
    if cx.process.chmod(dir, mode).is_err() {
        return 1;
    }
    0
}

/// Copies a file anew, with its mode.
async fn install(cx: &mut Cx, source: &Bytes, path: &Bytes, mode: u16) -> Result<(), String> {
    let failed = |what: &str, path: &[u8], text: &str| format!("cannot {what} '{}': {text}", shown(path));
    if let Err(errno) = cx.process.stat(source, true) {
        return Err(failed("stat", source, cx.text(errno)));
    }
    if is_dir(cx, source) {
        return Err(format!("omitting directory '{}'", shown(source)));
    }
    let open = cx.process.open_file(source, OpenFlags::READ, 0).await;
    let from = open.map_err(|errno| failed("open", source, cx.text(errno)))?;
    if let Err(errno) = cx.process.unlink(path)
        && errno != Errno::ENOENT
    {
        return Err(failed("remove", path, cx.text(errno)));
    }
    let made = cx.process.open_file(path, OpenFlags::WRITE, mode).await;
    let to = made.map_err(|errno| failed("create regular file", path, cx.text(errno)))?;
    loop {
        let bytes = cx.read(&from).await.map_err(|errno| failed("read", source, cx.text(errno)))?;
        if bytes.is_empty() {
            break;
        }
        if let Err(errno) = cx.process.write_file(&to, bytes).await {
            return Err(failed("write", path, cx.text(errno)));
        }
    }
    cx.process.chmod(path, mode).map_err(|errno| failed("change permissions of", path, cx.text(errno)))
}
