//! `chmod`, `chown`, `chgrp`: change modes and owners.

use super::{MAX_DEPTH, owner, shown};
use crate::{
    commands::Cx,
    kernel::{
        errno::Errno,
        fs::{FileType, Stat, join},
    },
    libc::{
        getopt::{OptSpec, Opts},
        mode,
    },
};

/// What is changed.
#[derive(Clone, Debug)]
enum Change {
    Mode(Vec<u8>),
    Owner(owner::Owner, String),
}

const LONG: &[(&str, u8)] = &[
    ("recursive", b'R'),
    ("verbose", b'v'),
    ("changes", b'c'),
    ("silent", b'f'),
    ("quiet", b'f'),
    ("reference=", b'\x01'),
    ("no-dereference", b'h'),
    ("dereference", b'\x02'),
    ("preserve-root", b'\x03'),
    ("no-preserve-root", b'\x03'),
];

pub(in crate::commands) async fn chmod(mut cx: Cx) -> u8 {
    let usage = "[-Rcvf] MODE[,MODE]... FILE...";
    // `-x`, `-rw`: a mode that looks like an option.
    let is_mode = |arg: &[u8]| arg.len() > 1 && arg[0] == b'-' && b"rwxXstugoa0123456789,=".contains(&arg[1]);
    let end = cx.args.iter().position(|arg| arg == "--").unwrap_or(cx.args.len());
    let first_operand = cx.args[..end].iter().position(|arg| !arg.starts_with(b"-")).unwrap_or(end);
    let dashed = cx.args[..first_operand].iter().position(|arg| is_mode(arg)).map(|at| cx.args.remove(at));
    let opts = match cx.opts(OptSpec { short: "Rcvf", long: LONG }, usage).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let mut operands = opts.operands.clone();
    let text = if let Some(reference) = opts.value(1) {
        match cx.process.stat(reference, true) {
            Ok(stat) => format!("{:o}", stat.mode).into_bytes(),
            Err(errno) => {
                let text = cx.text(errno);
                cx.error(format!("failed to get attributes of '{}': {text}", shown(reference))).await;
                return 1;
            }
        }
    } else {
        match dashed {
            Some(dashed) => dashed.to_vec(),
            None if operands.is_empty() => {
                if cx.is_gnu() {
                    cx.error("missing operand").await;
                }
                return cx.bad_usage(usage).await;
            }
            None => operands.remove(0).to_vec(),
        }
    };
    if operands.is_empty() {
        if cx.is_gnu() {
            cx.error(format!("missing operand after '{}'", shown(&text))).await;
        }
        return cx.bad_usage(usage).await;
    }
    if mode::apply(&text, 0, false, 0).is_none() {
        let message = match cx.is_gnu() {
            true => format!("invalid mode: '{}'", shown(&text)),
            false => format!("invalid mode '{}'", shown(&text)),
        };
        cx.error(message).await;
        return if cx.is_gnu() { cx.bad_usage(usage).await } else { 1 };
    }
    run(&mut cx, &opts, operands, Change::Mode(text)).await
}

pub(in crate::commands) async fn chown(mut cx: Cx) -> u8 {
    let is_chgrp = cx.name == "chgrp";
    let usage = if is_chgrp { "[-RhLHPcvf]... GROUP FILE..." } else { "[-RhLHPcvf]... USER[:[GRP]] FILE..." };
    let opts = match cx.opts(OptSpec { short: "RhLHPcvf", long: LONG }, usage).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let mut operands = opts.operands.clone();
    let change = if let Some(reference) = opts.value(1) {
        match cx.process.stat(reference, true) {
            Ok(stat) => Change::Owner((Some(stat.uid), Some(stat.gid)), shown(reference)),
            Err(errno) => {
                let text = cx.text(errno);
                cx.error(format!("failed to get attributes of '{}': {text}", shown(reference))).await;
                return 1;
            }
        }
    } else {
        if operands.len() < 2 {
            if cx.is_gnu() {
                let message = match operands.first() {
                    Some(first) => format!("missing operand after '{}'", shown(first)),
                    None => "missing operand".to_owned(),
                };
                cx.error(message).await;
            }
            return cx.bad_usage(usage).await;
        }
        let text = operands.remove(0);
        let parsed = match is_chgrp {
            true => owner::group(&cx, &text).map(|gid| (None, Some(gid))).ok_or_else(|| match cx.is_gnu() {
                true => format!("invalid group: '{}'", shown(&text)),
                false => format!("unknown group {}", shown(&text)),
            }),
            false => owner::parse(&cx, &text),
        };
        match parsed {
            Ok(owner) => Change::Owner(owner, shown(&text)),
            Err(message) => {
                cx.error(message).await;
                return 1;
            }
        }
    };
    run(&mut cx, &opts, operands, change).await
}

async fn run(cx: &mut Cx, opts: &Opts, operands: Vec<bytes::Bytes>, change: Change) -> u8 {
    let recursive = opts.has(b'R');
    let mut code = 0;
    let mut pending: Vec<(Vec<u8>, usize)> = operands.iter().rev().map(|path| (path.to_vec(), 0)).collect();
    while let Some((path, depth)) = pending.pop() {
        cx.process.work(2).await;
        let follow = !opts.has(b'h') && (!recursive || depth == 0 && matches!(change, Change::Mode(_)));
        let stat = match cx.process.stat(&path, follow) {
            Ok(stat) => stat,
            Err(errno) => {
                if !opts.has(b'f') {
                    let (shown, text) = (shown(&path), cx.text(errno));
                    match cx.is_gnu() {
                        true => cx.error(format!("cannot access '{shown}': {text}")).await,
                        false => cx.error(format!("{shown}: {text}")).await,
                    }
                }
                code = 1;
                continue;
            }
        };
        let is_link = stat.file_type == FileType::Symlink;
        let done = match &change {
            // Links in a tree keep their modes.
            Change::Mode(_) if is_link => continue,
            Change::Mode(text) => {
                let mode =
                    mode::apply(text, stat.mode, stat.file_type == FileType::Directory, cx.process.umask());
                cx.process.chmod(&path, mode.unwrap_or(stat.mode))
            }
            Change::Owner((uid, gid), _) => cx.process.chown(&path, *uid, *gid, follow),
        };
        match done {
            Ok(()) => {
                if opts.has(b'v') || opts.has(b'c') {
                    report(cx, &path, &stat, &change, opts.has(b'v'));
                }
            }
            Err(errno) => {
                if !opts.has(b'f') {
                    complain(cx, &path, &change, errno).await;
                }
                code = 1;
            }
        }
        if recursive && stat.file_type == FileType::Directory && depth < MAX_DEPTH {
            match cx.process.list(&path) {
                Ok(entries) => {
                    let children = entries.into_iter().rev();
                    pending.extend(children.map(|(name, _)| (join(&path, &name), depth + 1)));
                }
                Err(errno) => {
                    cx.open_error(&path, errno).await;
                    code = 1;
                }
            }
        }
    }
    cx.finish(code).await
}

async fn complain(cx: &mut Cx, path: &[u8], change: &Change, errno: Errno) {
    let (shown, text) = (shown(path), cx.text(errno));
    let message = match (cx.is_gnu(), change) {
        (false, _) => format!("{shown}: {text}"),
        (true, Change::Mode(_)) => format!("changing permissions of '{shown}': {text}"),
        (true, Change::Owner(..)) if cx.name == "chgrp" => format!("changing group of '{shown}': {text}"),
        (true, Change::Owner(..)) => format!("changing ownership of '{shown}': {text}"),
    };
    cx.error(message).await;
}

fn report(cx: &mut Cx, path: &[u8], before: &Stat, change: &Change, verbose: bool) {
    let Ok(after) = cx.process.stat(path, false) else { return };
    let shown = shown(path);
    let line = match change {
        Change::Mode(_) => {
            let changed = before.mode != after.mode;
            if !changed && !verbose {
                return;
            }
            match (cx.is_gnu(), changed) {
                (false, _) => format!(
                    "mode of '{shown}' changed to {:04o} ({})\n",
                    after.mode,
                    mode::letters(after.mode)
                ),
                (true, true) => format!(
                    "mode of '{shown}' changed from {:04o} ({}) to {:04o} ({})\n",
                    before.mode,
                    mode::letters(before.mode),
                    after.mode,
                    mode::letters(after.mode)
                ),
                (true, false) => {
                    format!(
                        "mode of '{shown}' retained as {:04o} ({})\n",
                        after.mode,
                        mode::letters(after.mode)
                    )
                }
            }
        }
        Change::Owner((uid, gid), text) => {
            let changed = (before.uid, before.gid) != (after.uid, after.gid);
            if !changed && !verbose {
                return;
            }
            match (cx.is_gnu(), changed) {
                (false, _) => format!(
                    "changed ownership of '{shown}' to {}:{}\n",
                    uid.unwrap_or(after.uid),
                    gid.unwrap_or(after.gid)
                ),
                (true, true) => format!("changed ownership of '{shown}' to {text}\n"),
                (true, false) => format!("ownership of '{shown}' retained as {text}\n"),
            }
        }
    };
    cx.put(line);
}
