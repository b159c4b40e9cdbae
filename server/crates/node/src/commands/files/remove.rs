//! Removing trees.

use super::{MAX_DEPTH, confirm, shown};
use crate::{
    commands::Cx,
    kernel::{
        errno::Errno,
        fs::{FileType, join},
    },
};

/// How things are removed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Removal {
    pub(super) recursive: bool,
    /// What does not exist is no error.
    pub(super) force: bool,
    pub(super) ask: bool,
    pub(super) verbose: bool,
    /// Empty directories are removed too (GNU's `-d`).
    pub(super) empty_dirs: bool,
}

/// A step of a removal.
enum Step {
    Remove(Vec<u8>, usize),
    /// A directory whose entries are gone.
    RemoveDir(Vec<u8>),
}

/// Removes what a path leads to; whether all of it is gone.
pub(super) async fn remove(cx: &mut Cx, path: &[u8], how: Removal) -> bool {
    let mut steps = vec![Step::Remove(path.to_vec(), 0)];
    let mut good = true;
    while let Some(step) = steps.pop() {
        cx.process.work(2).await;
        match step {
            Step::Remove(path, depth) => {
                let stat = match cx.process.stat(&path, false) {
                    Ok(stat) => stat,
                    Err(Errno::ENOENT | Errno::ENOTDIR) if how.force => continue,
                    Err(errno) => {
                        complain(cx, &path, errno).await;
                        good = false;
                        continue;
                    }
                };
                if stat.file_type != FileType::Directory {
                    good &= remove_file(cx, &path, stat.file_type, stat.size, how).await;
                    continue;
                }
                if !how.recursive && how.empty_dirs {
                    steps.push(Step::RemoveDir(path));
                    continue;
                }
                if !how.recursive || depth > MAX_DEPTH {
                    let shown = shown(&path);
                    match cx.is_gnu() {
                        true => complain(cx, &path, Errno::EISDIR).await,
                        false => cx.error(format!("'{shown}' is a directory")).await,
                    }
                    good = false;
                    continue;
                }
                if how.ask && !confirm(cx, format!("descend into directory '{}'", shown(&path))).await {
                    continue;
                }
                match cx.process.list(&path) {
                    Ok(entries) => {
                        steps.push(Step::RemoveDir(path.clone()));
                        let children = entries.into_iter().rev().map(|(name, _)| join(&path, &name));
                        steps.extend(children.map(|child| Step::Remove(child, depth + 1)));
                    }
                    Err(errno) => {
                        match cx.is_gnu() {
                            true => complain(cx, &path, errno).await,
                            false => cx.open_error(&path, errno).await,
                        }
                        good = false;
                    }
                }
            }
            Step::RemoveDir(path) => {
                let question = match cx.is_gnu() {
                    true => format!("remove directory '{}'", shown(&path)),
                    false => format!("remove directory '{}'", shown(&path)),
                };
                if how.ask && !confirm(cx, question).await {
                    continue;
                }
                match cx.process.rmdir(&path) {
                    Ok(()) => {
                        if how.verbose {
                            let line = match cx.is_gnu() {
                                true => format!("removed directory '{}'\n", shown(&path)),
                                false => format!("removed directory: '{}'\n", shown(&path)),
                            };
                            cx.put(line);
                        }
                    }
                    Err(errno) => {
                        complain(cx, &path, errno).await;
                        good = false;
                    }
                }
            }
        }
    }
    good
}

async fn remove_file(cx: &mut Cx, path: &[u8], file_type: FileType, size: u64, how: Removal) -> bool {
    if how.ask {
        let question = match (cx.is_gnu(), file_type) {
            (false, _) => format!("remove '{}'", shown(path)),
            (true, FileType::Regular) if size == 0 => format!("remove regular empty file '{}'", shown(path)),
            (true, FileType::Regular) => format!("remove regular file '{}'", shown(path)),
            (true, FileType::Symlink) => format!("remove symbolic link '{}'", shown(path)),
            (true, _) => format!("remove '{}'", shown(path)),
        };
        if !confirm(cx, question).await {
            return true;
        }
    }
    match cx.process.unlink(path) {
        Ok(()) => {
            if how.verbose {
                let line = format!("removed '{}'\n", shown(path));
                cx.put(line);
            }
            true
        }
        Err(errno) => {
            complain(cx, path, errno).await;
            false
        }
    }
}

async fn complain(cx: &mut Cx, path: &[u8], errno: Errno) {
    let (shown, text) = (shown(path), cx.text(errno));
    let verb = if cx.is_gnu() { "cannot" } else { "can't" };
    cx.error(format!("{verb} remove '{shown}': {text}")).await;
}
