//! `sysctl`: the kernel's settings, which are files below `/proc/sys`.

use super::super::Cx;
use crate::{
    kernel::{
        errno::Errno,
        fs::{FileType, OpenFlags, join},
    },
    libc::getopt::OptSpec,
};

const SPEC: OptSpec = OptSpec {
    short: "neAapwqNf",
    long: &[("all", b'a'), ("values", b'n'), ("write", b'w'), ("ignore", b'e'), ("quiet", b'q')],
};
const USAGE: &str = "[-enq] { -a | -p [FILE]... | [-w] [KEY[=VALUE]]... }";
const ROOT: &[u8] = b"/proc/sys";
/// The longest value.
const MAX_VALUE: usize = 64 * 1024;

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let opts = match cx.opts(SPEC, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let (bare, quiet) = (opts.has(b'n'), opts.has(b'q'));
    let mut code = 0;
    if opts.has(b'a') || opts.has(b'A') {
        let mut pending = vec![ROOT.to_vec()];
        while let Some(path) = pending.pop() {
            cx.process.work(1).await;
            if cx.process.stat(&path, true).is_ok_and(|stat| stat.file_type == FileType::Directory) {
                let mut names = cx.process.list(&path).unwrap_or_default();
                names.sort();
                pending.extend(names.into_iter().rev().map(|(name, _)| join(&path, &name)));
            } else if let Ok(value) = cx.process.read_file(&path, MAX_VALUE).await {
                show(&mut cx, &key(&path), &value, bare);
            }
        }
        return cx.finish(0).await;
    }
    for operand in &opts.operands {
        let text = String::from_utf8_lossy(operand).into_owned();
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name.trim(), Some(value.trim())),
            None => (text.as_str(), None),
        };
        let path = join(ROOT, name.replace('.', "/").as_bytes());
        let done = match value {
            Some(value) => set(&cx, &path, value).await.map(|()| value.as_bytes().to_vec()),
            None => cx.process.read_file(&path, MAX_VALUE).await,
        };
        match done {
            Ok(shown) if value.is_none() || !quiet => show(&mut cx, &name.replace('/', "."), &shown, bare),
            Ok(_) => {}
            Err(errno) => {
                code = 1;
                if errno == Errno::ENOENT && opts.has(b'e') {
                    continue;
                }
                cx.flush().await;
                let why = cx.text(errno);
                let message = match (errno, cx.is_gnu()) {
                    (Errno::ENOENT, true) => {
                        format!("cannot stat {}: {why}", String::from_utf8_lossy(&path))
                    }
                    (Errno::ENOENT, false) => format!("error: '{name}' is an unknown key"),
                    (_, true) if value.is_some() => format!("setting key \"{name}\": {why}"),
                    (_, false) if value.is_some() => format!("error setting key '{name}': {why}"),
                    (_, true) => format!("reading key \"{name}\": {why}"),
                    (_, false) => format!("error reading key '{name}': {why}"),
                };
                cx.error(message).await;
            }
        }
    }
    cx.finish(code).await
}

async fn set(cx: &Cx, path: &[u8], value: &str) -> Result<(), Errno> {
    cx.process.stat(path, true)?;
    let file = cx.process.open_file(path, OpenFlags { create: false, ..OpenFlags::WRITE }, 0).await?;
    cx.process.write_file(&file, format!("{value}\n").into()).await
}

/// What a file's setting is called.
fn key(path: &[u8]) -> String {
    let name = path.get(ROOT.len() + 1..).unwrap_or_default();
    String::from_utf8_lossy(name).replace('/', ".")
}

fn show(cx: &mut Cx, name: &str, value: &[u8], bare: bool) {
    for line in String::from_utf8_lossy(value).trim_end_matches('\n').split('\n') {
        cx.put(if bare { format!("{line}\n") } else { format!("{name} = {line}\n") });
    }
}
