//! Copying files and trees.

use super::{MAX_DEPTH, confirm, shown};
use crate::{
    commands::Cx,
    kernel::{
        errno::Errno,
        fs::{FileType, OpenFlags, SetTimes, Stat, join, normalize},
    },
};

/// How things are copied.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Copying {
    pub(super) recursive: bool,
    /// Owner, mode and times too.
    pub(super) preserve: bool,
    /// Links are followed: all, or those that are operands.
    pub(super) follow: bool,
    pub(super) follow_operands: bool,
    /// What cannot be written to is removed first.
    pub(super) force: bool,
    pub(super) ask: bool,
    /// What exists is left alone; what exists and is newer is.
    pub(super) no_clobber: bool,
    pub(super) update: bool,
    pub(super) verbose: bool,
    /// Links are made instead of copies.
    pub(super) hard_link: bool,
    pub(super) soft_link: bool,
}

enum Step {
    Copy(Vec<u8>, Vec<u8>, usize),
    /// A directory whose entries have been copied: its attributes.
    Finish(Vec<u8>, Stat),
}

/// Copies `from` to `to`; whether all of it was.
pub(super) async fn copy(cx: &mut Cx, from: &[u8], to: &[u8], how: Copying) -> bool {
    let mut steps = vec![Step::Copy(from.to_vec(), to.to_vec(), 0)];
    let mut good = true;
    // The first directory that was made: it is not copied into itself.
    let mut made: Option<(u32, u64)> = None;
    while let Some(step) = steps.pop() {
        cx.process.work(2).await;
        match step {
            Step::Copy(from, to, depth) => {
                let follow = how.follow || (how.follow_operands && depth == 0);
                let stat = match cx.process.stat(&from, follow) {
                    Ok(stat) => stat,
                    Err(errno) => {
                        let (shown, text) = (shown(&from), cx.text(errno));
                        let verb = if cx.is_gnu() { "cannot" } else { "can't" };
                        cx.error(format!("{verb} stat '{shown}': {text}")).await;
                        good = false;
                        continue;
                    }
                };
                if !cx.is_gnu()
                    && let Err(errno) = cx.process.stat(&to, false)
                    && errno != Errno::ENOENT
                {
                    let text = cx.text(errno);
                    cx.error(format!("can't stat '{}': {text}", shown(&to))).await;
                    good = false;
                    continue;
                }
                let copied = if stat.file_type == FileType::Directory {
                    if made == Some((stat.device, stat.ino)) {
                        let message = match cx.is_gnu() {
                            true => format!(
                                "cannot copy a directory, '{}', into itself, '{}'",
                                shown(steps_root(&from)),
                                shown(&to)
                            ),
                            false => format!("recursion detected, omitting directory '{}'", shown(&from)),
                        };
                        cx.error(message).await;
                        good = false;
                        continue;
                    }
                    directory(cx, &from, &to, &stat, depth, how, &mut steps, &mut made).await
                } else {
                    one(cx, &from, &to, &stat, how).await
                };
                good &= copied;
            }
            Step::Finish(to, stat) => attributes(cx, &to, &stat, true),
        }
    }
    good
}

fn steps_root(path: &[u8]) -> &[u8] {
    path.iter().position(|byte| *byte == b'/').map_or(path, |at| &path[..at.max(1)])
}

#[expect(clippy::too_many_arguments, reason = "one step of a loop, apart only to keep it readable")]
async fn directory(
    cx: &mut Cx,
    from: &[u8],
    to: &[u8],
    stat: &Stat,
    depth: usize,
    how: Copying,
    steps: &mut Vec<Step>,
    made: &mut Option<(u32, u64)>,
) -> bool {
    if !how.recursive || depth > MAX_DEPTH {
        let message = match cx.is_gnu() {
            true => format!("-r not specified; omitting directory '{}'", shown(from)),
            false => format!("omitting directory '{}'", shown(from)),
        };
        cx.error(message).await;
        return false;
    }
    match cx.process.stat(to, true) {
        Ok(existing) if existing.file_type != FileType::Directory => {
            let message = match cx.is_gnu() {
                true => {
                    format!("cannot overwrite non-directory '{}' with directory '{}'", shown(to), shown(from))
                }
                false => format!("target '{}' is not a directory", shown(to)),
            };
            cx.error(message).await;
            return false;
        }
        Ok(_) => {}
        Err(_) => {
            if let Err(errno) = cx.process.mkdir(to, stat.mode | 0o700) {
                let (shown, text) = (shown(to), cx.text(errno));
                let verb = if cx.is_gnu() { "cannot" } else { "can't" };
                cx.error(format!("{verb} create directory '{shown}': {text}")).await;
                return false;
            }
            if made.is_none() {
                *made = cx.process.stat(to, false).ok().map(|stat| (stat.device, stat.ino));
            }
            if how.verbose {
                tell(cx, from, to);
            }
            let umask = cx.process.umask();
            let mode = if how.preserve { stat.mode } else { stat.mode & !umask };
            steps.push(Step::Finish(to.to_vec(), Stat { mode, ..*stat }));
            if !how.preserve {
                steps.pop();
                if mode & 0o700 != 0o700 {
                    let _ = cx.process.chmod(to, mode);
                }
            }
        }
    }
    if how.preserve && !matches!(steps.last(), Some(Step::Finish(..))) {
        steps.push(Step::Finish(to.to_vec(), *stat));
    }
    match cx.process.list(from) {
        Ok(entries) => {
            let children = entries.into_iter().rev();
            steps.extend(children.map(|(name, _)| Step::Copy(join(from, &name), join(to, &name), depth + 1)));
            true
        }
        Err(errno) => {
            cx.open_error(from, errno).await;
            false
        }
    }
}

fn tell(cx: &mut Cx, from: &[u8], to: &[u8]) {
    let line = format!("'{}' -> '{}'\n", shown(from), shown(to));
    cx.put(line);
}

/// Copies anything but a directory.
async fn one(cx: &mut Cx, from: &[u8], to: &[u8], stat: &Stat, how: Copying) -> bool {
    let existing = cx.process.stat(to, true).ok();
    if let Some(existing) = &existing {
        if (existing.device, existing.ino) == (stat.device, stat.ino) && !how.hard_link {
            cx.error(format!("'{}' and '{}' are the same file", shown(from), shown(to))).await;
            return false;
        }
        if existing.file_type == FileType::Directory && cx.is_gnu() {
            cx.error(format!("cannot overwrite directory '{}' with non-directory", shown(to))).await;
            return false;
        }
        if how.no_clobber || (how.update && existing.modified >= stat.modified) {
            return true;
        }
        if how.ask && !confirm(cx, format!("overwrite '{}'", shown(to))).await {
            return cx.is_gnu();
        }
    }
    let done = match stat.file_type {
        _ if how.hard_link || how.soft_link => link(cx, from, to, how, existing.is_some()).await,
        FileType::Symlink => match cx.process.read_link(from) {
            Ok(target) => {
                if cx.process.stat(to, false).is_ok() {
                    let _ = cx.process.unlink(to);
                }
                cx.process.symlink(&target, to)
            }
            Err(errno) => Err(errno),
        },
        FileType::Fifo if how.recursive => cx.process.mkfifo(to, stat.mode),
        FileType::CharDevice if how.recursive => cx.process.mknod(from, to, stat.mode),
        _ => match content(cx, from, to, stat, how).await {
            Ok(()) => Ok(()),
            Err(None) => return false,
            Err(Some(errno)) => Err(errno),
        },
    };
    if let Err(errno) = done {
        let (shown, text) = (shown(to), cx.text(errno));
        match cx.is_gnu() {
            true => {
                let what = match stat.file_type {
                    FileType::Fifo => "fifo",
                    FileType::CharDevice => "special file",
                    _ => "regular file",
                };
                cx.error(format!("cannot create {what} '{shown}': {text}")).await;
            }
            false => cx.error(format!("can't create '{shown}': {text}")).await,
        }
        return false;
    }
    if how.verbose {
        tell(cx, from, to);
    }
    if how.preserve && !how.hard_link {
        attributes(cx, to, stat, false);
    }
    true
}

async fn link(cx: &mut Cx, from: &[u8], to: &[u8], how: Copying, exists: bool) -> Result<(), Errno> {
    if exists && how.force {
        cx.process.unlink(to)?;
    }
    if how.soft_link { cx.process.symlink(from, to) } else { cx.process.link(from, to, how.follow) }
}

/// Copies bytes. An error with an errno is that of creating the copy; others have been told.
async fn content(
    cx: &mut Cx,
    from: &[u8],
    to: &[u8],
    stat: &Stat,
    how: Copying,
) -> Result<(), Option<Errno>> {
    let source = match cx.process.open_file(from, OpenFlags::READ, 0).await {
        Ok(source) => source,
        Err(errno) => {
            let (shown, text) = (shown(from), cx.text(errno));
            match cx.is_gnu() {
                true => cx.error(format!("cannot open '{shown}' for reading: {text}")).await,
                false => cx.error(format!("can't open '{shown}': {text}")).await,
            }
            return Err(None);
        }
    };
    let mode = if stat.file_type == FileType::Regular { stat.mode & 0o777 } else { 0o666 };
    let mut opened = cx.process.open_file(to, OpenFlags::WRITE, mode).await;
    if opened.is_err() && how.force && cx.process.unlink(to).is_ok() {
        opened = cx.process.open_file(to, OpenFlags::WRITE, mode).await;
    }
    let target = opened.map_err(Some)?;
    loop {
        let bytes = match cx.read(&source).await {
            Ok(bytes) => bytes,
            Err(errno) => {
                let (shown, text) = (shown(from), cx.text(errno));
                match cx.is_gnu() {
                    true => cx.error(format!("error reading '{shown}': {text}")).await,
                    false => cx.error(format!("read error: {text}")).await,
                }
                return Err(None);
            }
        };
        if bytes.is_empty() {
            return Ok(());
        }
        if let Err(errno) = cx.process.write_file(&target, bytes).await {
            let (shown, text) = (shown(to), cx.text(errno));
            match cx.is_gnu() {
                true => cx.error(format!("error writing '{shown}': {text}")).await,
                false => cx.error(format!("write error: {text}")).await,
            }
            return Err(None);
        }
    }
}

/// Gives a copy the owner, the mode and the times of what it is a copy of, as far as that is allowed.
fn attributes(cx: &Cx, to: &[u8], stat: &Stat, _dir: bool) {
    let link = stat.file_type == FileType::Symlink;
    let times = SetTimes { accessed: Some(stat.accessed), modified: Some(stat.modified) };
    // Who may not change the owner keeps the copy.
    let _ = cx.process.chown(to, Some(stat.uid), Some(stat.gid), !link);
    if !link {
        let _ = cx.process.chmod(to, stat.mode);
    }
    let _ = cx.process.set_times(to, times, !link);
}

/// Whether `inner` lies in the tree `outer`, by their paths.
pub(super) fn lies_in(cx: &Cx, outer: &[u8], inner: &[u8]) -> bool {
    let absolute = |path: &[u8]| normalize(&join(&cx.process.cwd(), path));
    let (outer, inner) = (absolute(outer), absolute(inner));
    inner.strip_prefix(&outer[..]).is_some_and(|rest| rest.starts_with(b"/"))
}
