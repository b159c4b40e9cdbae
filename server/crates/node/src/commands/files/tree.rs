//! `tree`: what is in a directory, as a drawing; busybox's applet, and the program of that name.

use bytes::Bytes;

use super::super::Cx;
use crate::{
    kernel::fs::{FileType, join},
    libc::{fnmatch::fnmatch, getopt::OptSpec},
};

const SPEC: OptSpec = OptSpec { short: "", long: &[] };
const PROGRAM_SPEC: OptSpec =
    OptSpec { short: "adfL:I:P:nCQF", long: &[("noreport", b'\x01'), ("dirsfirst", b'\x02')] };
const USAGE: &str = "[PATH]...";
/// How deep it looks.
const MAX_DEPTH: usize = 256;

/// A directory that is being drawn: what is left of it, and what stands before its lines.
struct Level {
    path: Vec<u8>,
    names: std::vec::IntoIter<Box<[u8]>>,
    prefix: String,
}

pub(in crate::commands) async fn run(mut cx: Cx) -> u8 {
    let program = cx.is_gnu();
    let opts = match cx.opts(if program { PROGRAM_SPEC } else { SPEC }, USAGE).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let depth = match opts.value(b'L').map(|text| super::super::number::parse::<usize>(text)) {
        Some(Some(depth)) if depth > 0 => depth.min(MAX_DEPTH),
        Some(_) => {
            cx.error("Invalid level, must be greater than 0.").await;
            return 1;
        }
        None => MAX_DEPTH,
    };
    let mut roots = opts.operands.clone();
    if roots.is_empty() {
        roots.push(Bytes::from_static(b"."));
    }
    let (mut dirs, mut files, mut code) = (0_usize, 0_usize, 0);
    for root in roots {
        let level = |cx: &Cx, path: Vec<u8>, prefix: String| {
            let mut names: Vec<Box<[u8]>> =
                cx.process.list(&path)?.into_iter().map(|(name, _)| name).collect();
            names.retain(|name| {
                let hidden = name.starts_with(b".") && !opts.has(b'a');
                let ignored = opts
                    .values(b'I')
                    .any(|pattern| pattern.split(|b| *b == b'|').any(|one| fnmatch(one, name)));
                let kind = || cx.process.stat(&join(&path, name), false).map(|stat| stat.file_type);
                !hidden && !ignored && (!opts.has(b'd') || kind() == Ok(FileType::Directory))
            });
            names.sort();
            Ok::<_, crate::kernel::errno::Errno>(Level { path, names: names.into_iter(), prefix })
        };
        cx.put(&root);
        let mut stack = match level(&cx, root.to_vec(), String::new()) {
            Ok(level) => vec![level],
            Err(_) => {
                cx.put("  [error opening dir]\n");
                code = if program { 2 } else { 1 };
                continue;
            }
        };
        cx.put("\n");
        dirs += usize::from(program);
        while let Some(top) = stack.last_mut() {
            cx.process.work(2).await;
            let Some(name) = top.names.next() else {
                stack.pop();
                continue;
            };
            let last = top.names.len() == 0;
            let path = join(&top.path, &name);
            let line = format!("{}{}", top.prefix, if last { "`-- " } else { "|-- " });
            let below = format!("{}{}", top.prefix, if last { "    " } else { "|   " });
            cx.put(line);
            cx.put(if opts.has(b'f') { &path[..] } else { &name[..] });
            let kind = cx.process.stat(&path, false).map(|stat| stat.file_type);
            if let (Ok(FileType::Symlink), Ok(target)) = (kind, cx.process.read_link(&path)) {
                cx.put(" -> ");
                cx.put(target);
            }
            cx.put("\n");
            if kind == Ok(FileType::Directory) {
                dirs += 1;
                if stack.len() < depth
                    && let Ok(level) = level(&cx, path, below)
                {
                    stack.push(level);
                }
            } else {
                files += 1;
            }
            if !cx.drain().await {
                return cx.finish(1).await;
            }
        }
    }
    if !opts.has(1) {
        let (one_dir, one_file) = (program && dirs == 1, program && files == 1);
        let dirs = format!("\n{dirs} {}", if one_dir { "directory" } else { "directories" });
        cx.put(dirs);
        if !opts.has(b'd') {
            cx.put(format!(", {files} {}", if one_file { "file" } else { "files" }));
        }
        cx.put("\n");
    }
    cx.finish(code).await
}
