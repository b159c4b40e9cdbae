//! `mount`, `umount`: file systems and where they show.

use std::sync::Arc;

use crate::{
    commands::Cx,
    kernel::{
        creds::cap,
        errno::Errno,
        fs::{FileSystem, FsKind, MountLook, new_root},
        quota::Quota,
    },
    libc::getopt::OptSpec,
};

pub(in crate::commands) async fn mount(mut cx: Cx) -> u8 {
    let spec =
        OptSpec { short: "aflrwvo:t:O:in", long: &[("bind", b'B'), ("types=", b't'), ("options=", b'o')] };
    let usage = "[OPTIONS] [-o OPT] DEVICE NODE";
    let opts = match cx.opts(spec, usage).await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    if opts.operands.is_empty() {
        let wanted = opts.value(b't').map(|text| String::from_utf8_lossy(text).into_owned());
        for mount in cx.process.container.mounts.all() {
            let kind = mount.root.fs.kind.name();
            if wanted.as_ref().is_some_and(|wanted| !wanted.split(',').any(|one| one == kind)) {
                continue;
            }
            let path = String::from_utf8_lossy(&mount.path).into_owned();
            cx.put(format!("{} on {path} type {kind} ({})\n", mount.source, mount.all_options()));
        }
        return cx.finish(0).await;
    }
    let target = opts.operands.last().cloned().unwrap_or_default();
    let source = opts.operands[0].clone();
    let shown = String::from_utf8_lossy(&target).into_owned();
    let source_text = String::from_utf8_lossy(&source).into_owned();
    let gnu = cx.is_gnu();
    let done = mount_at(&cx, &source, &target, &opts);
    if let Err(errno) = done {
        let text = cx.text(errno);
        let message = match (gnu, errno) {
            (true, Errno::EPERM) => format!("{shown}: permission denied."),
            (true, Errno::ENOENT) => format!("{shown}: mount point does not exist."),
            (true, _) => format!("{shown}: {text}."),
            (false, Errno::EPERM) => "permission denied (are you root?)".to_owned(),
            (false, _) => format!("mounting {source_text} on {shown} failed: {text}"),
        };
        cx.error(message).await;
        return if gnu { 32 } else { 255 };
    }
    0
}

/// `mountpoint`: whether a directory is one.
pub(in crate::commands) async fn mountpoint(mut cx: Cx) -> u8 {
    let spec = OptSpec { short: "qdnx", long: &[("quiet", b'q')] };
    let opts = match cx.opts(spec, "[-q] DIR").await {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    let [path] = &opts.operands[..] else { return cx.bad_usage("[-q] DIR").await };
    let quiet = opts.has(b'q');
    let shown = String::from_utf8_lossy(path).into_owned();
    let real = match cx.process.real_path(path).and_then(|real| cx.process.stat(path, true).map(|_| real)) {
        Ok(real) => real,
        Err(errno) => {
            if !quiet {
                cx.file_error(path, errno).await;
            }
            return 1;
        }
    };
    let is_one = cx.process.container.mounts.all().iter().any(|mount| mount.path[..] == real[..]);
    if !quiet {
        cx.put(format!("{shown} is {}a mountpoint\n", if is_one { "" } else { "not " }));
    }
    let no = if cx.is_gnu() { 32 } else { 1 };
    cx.finish(if is_one { 0 } else { no }).await
}

/// Mounts what a container with the right to do so can: memory, a directory once more, or other options.
fn mount_at(cx: &Cx, source: &[u8], target: &[u8], opts: &crate::libc::getopt::Opts) -> Result<(), Errno> {
    if !cx.process.creds().has(cap::SYS_ADMIN) {
        return Err(Errno::EPERM);
    }
    let options =
        opts.value(b'o').map_or_else(String::new, |text| String::from_utf8_lossy(text).into_owned());
    let has = |name: &str| options.split(',').any(|option| option == name);
    let read_only = opts.has(b'r') || has("ro");
    let place = cx.process.place(target, true)?;
    let path = cx.process.real_path(target)?;
    let look = |source| MountLook::new(source, "relatime", read_only);
    let table = &cx.process.container.mounts;
    if has("remount") {
        place.mount.set_read_only(read_only);
    } else if has("bind") || opts.has(b'B') {
        let from = cx.process.place(source, true)?;
        table.mount(from.inode, place, path.into(), look("overlay"));
    } else if opts.value(b't').is_some_and(|kind| kind == "tmpfs") {
        let host = &cx.process.container.host;
        let space = Quota::new(host.memory_bytes / 2, None);
        let fs = FileSystem::new(host, FsKind::Tmpfs, space);
        let root = new_root(&fs, 0o1777, 0, 0);
        table.mount(Arc::clone(&root), place, path.into(), look("tmpfs"));
    } else {
        return Err(Errno::EINVAL);
    }
    Ok(())
}

pub(in crate::commands) async fn umount(mut cx: Cx) -> u8 {
    let opts = match cx.opts(OptSpec { short: "raldfDnvt:", long: &[] }, "[-rlf] FILESYSTEM|DIRECTORY").await
    {
        Ok(opts) => opts,
        Err(code) => return code,
    };
    if opts.operands.is_empty() {
        return cx.bad_usage("[-rlf] FILESYSTEM|DIRECTORY").await;
    }
    let mut code = 0;
    for path in &opts.operands {
        let done = match cx.process.creds().has(cap::SYS_ADMIN) {
            true => {
                cx.process.place(path, true).and_then(|place| cx.process.container.mounts.unmount(&place))
            }
            false => Err(Errno::EPERM),
        };
        if let Err(errno) = done {
            let (shown, text) = (String::from_utf8_lossy(path).into_owned(), cx.text(errno));
            let message = match (cx.is_gnu(), errno) {
                (true, Errno::EPERM) => format!("{shown}: must be superuser to unmount."),
                (true, _) => format!("{shown}: {text}."),
                (false, _) => format!("can't unmount {shown}: {text}"),
            };
            cx.error(message).await;
            code = if cx.is_gnu() { 32 } else { 1 };
        }
    }
    code
}
