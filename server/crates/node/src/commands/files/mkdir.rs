//! `mkdir`, `mkfifo`: make directories and named pipes.

use super::shown;
use crate::{
    commands::Cx,
    kernel::{errno::Errno, fs::FileType},
    libc::{getopt::OptSpec, mode},
};

const SPEC: OptSpec =
    OptSpec { short: "m:pvZ", long: &[("mode=", b'm'), ("parents", b'p'), ("verbose", b'v')] };

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let usage = "[-m MODE] [-p] DIRECTORY...";
    let opts = match cx.opts(SPEC, usage).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    if opts.operands.is_empty() {
        if cx.is_gnu() {
            cx.error("missing operand").await;
        }
        return cx.bad_usage(usage).await;
    }
    let mode = match opts.value(b'm') {
        None => None,
        Some(text) => match mode::apply(text, 0o777, true, cx.process.umask()) {
            Some(mode) => Some(mode),
            None => {
                cx.error(format!("invalid mode '{}'", shown(text))).await;
                return 1;
            }
        },
    };
    let mut code = 0;
    for path in opts.operands.clone() {
        if make(&mut cx, &path, opts.has(b'p'), opts.has(b'v'), mode).await.is_err() {
            code = 1;
        }
    }
    cx.finish(code).await
}

async fn make(cx: &mut Cx, path: &[u8], parents: bool, verbose: bool, mode: Option<u16>) -> Result<(), ()> {
    // The ends of the names along the path, as far as they are to be made.
    let mut ends = Vec::new();
    if parents {
        let mut in_name = false;
        for (at, byte) in path.iter().enumerate() {
            if *byte == b'/' && in_name {
                ends.push(at);
            }
            in_name = *byte != b'/';
        }
        if in_name {
            ends.push(path.len());
        }
    } else {
        ends.push(path.len());
    }
    let count = ends.len();
    for (index, end) in ends.into_iter().enumerate() {
        let last = index + 1 == count;
        let part = &path[..end];
        let made = match mode {
            Some(mode) if last => {
                let umask = cx.process.set_umask(0);
                let made = cx.process.mkdir(part, mode);
                cx.process.set_umask(umask);
                made
            }
            _ => cx.process.mkdir(part, 0o777),
        };
        match made {
            Ok(()) => {
                if verbose {
                    let line = match cx.is_gnu() {
                        true => format!("mkdir: created directory '{}'\n", shown(part)),
                        false if last => format!("created directory: '{}'\n", shown(part)),
                        false => format!("created directory: '{}/'\n", shown(part)),
                    };
                    cx.put(line);
                }
            }
            Err(Errno::EEXIST) if parents => {
                let is_dir =
                    cx.process.stat(part, true).is_ok_and(|stat| stat.file_type == FileType::Directory);
                if !is_dir {
                    let errno = if last { Errno::EEXIST } else { Errno::ENOTDIR };
                    complain(cx, part, !last, errno).await;
                    return Err(());
                }
            }
            Err(errno) => {
                complain(cx, part, parents && !last, errno).await;
                return Err(());
            }
        }
    }
    Ok(())
}

async fn complain(cx: &mut Cx, path: &[u8], slash: bool, errno: Errno) {
    let (shown, text) = (shown(path), cx.text(errno));
    let slash = if slash { "/" } else { "" };
    match cx.is_gnu() {
        true => cx.error(format!("cannot create directory '{shown}': {text}")).await,
        false => cx.error(format!("can't create directory '{shown}{slash}': {text}")).await,
    }
}

pub(in crate::commands) async fn mkfifo(mut cx: Cx) -> u8 {
    let usage = "[-m MODE] NAME";
    let opts = match cx.opts(OptSpec { short: "m:", long: &[("mode=", b'm')] }, usage).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    if opts.operands.is_empty() {
        if cx.is_gnu() {
            cx.error("missing operand").await;
        }
        return cx.bad_usage(usage).await;
    }
    let mode = match opts.value(b'm') {
        None => 0o666,
        Some(text) => match mode::apply(text, 0o666, false, cx.process.umask()) {
            Some(mode) => mode,
            None => {
                cx.error(format!("invalid mode '{}'", shown(text))).await;
                return 1;
            }
        },
    };
    let mut code = 0;
    for path in &opts.operands {
        if let Err(errno) = cx.process.mkfifo(path, mode) {
            let (shown, text) = (shown(path), cx.text(errno));
            match cx.is_gnu() {
                true => cx.error(format!("cannot create fifo '{shown}': {text}")).await,
                false => cx.error(format!("{shown}: {text}")).await,
            }
            code = 1;
        }
    }
    code
}
