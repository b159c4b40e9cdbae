//! Commands that make, move and remove files and change their attributes.

mod attributes;
mod copy;
pub(super) mod cp;
pub(super) mod install;
pub(super) mod ln;
pub(super) mod mkdir;
pub(super) mod mknod;
pub(super) mod mktemp;
pub(super) mod mv;
pub(super) mod owner;
pub(super) mod readlink;
mod remove;
pub(super) mod rm;
pub(super) mod rmdir;
pub(super) mod shred;
pub(super) mod touch;
pub(super) mod tree;
pub(super) mod truncate;

pub(super) use attributes::{chmod, chown};

use super::Cx;
use crate::kernel::{
    errno::Errno,
    fs::{FileType, file_name, join},
};
use {copy::Copying, remove::Removal};

/// How deep trees are copied, removed and changed.
const MAX_DEPTH: usize = 1024;

/// A path as messages show it.
fn shown(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

/// Whether a path leads to a directory.
fn is_dir(cx: &Cx, path: &[u8]) -> bool {
    cx.process.stat(path, true).is_ok_and(|stat| stat.file_type == FileType::Directory)
}

/// Where something called `source` goes in a directory.
fn inside(dir: &[u8], source: &[u8]) -> Vec<u8> {
    join(dir, file_name(trim(source)))
}

/// A path without slashes at its end.
fn trim(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|byte| *byte != b'/').map_or(1.min(path.len()), |last| last + 1);
    &path[..end]
}

/// Removes a tree; what is not there is no error. Whether all of it is gone.
pub(super) async fn remove_tree(cx: &mut Cx, path: &[u8]) -> bool {
    remove::remove(cx, path, Removal { recursive: true, force: true, ..Removal::default() }).await
}

/// Copies a tree; whether all of it was copied.
pub(super) async fn copy_tree(cx: &mut Cx, from: &[u8], to: &[u8]) -> bool {
    copy::copy(cx, from, to, Copying { recursive: true, ..Copying::default() }).await
}

/// Gives a tree to a user and a group.
pub(super) async fn give_tree(cx: &mut Cx, path: &[u8], uid: u32, gid: u32) -> Result<(), Errno> {
    let mut pending = vec![path.to_vec()];
    while let Some(path) = pending.pop() {
        cx.process.work(2).await;
        cx.process.chown(&path, Some(uid), Some(gid), false)?;
        if cx.process.stat(&path, false)?.file_type == FileType::Directory {
            pending.extend(cx.process.list(&path)?.into_iter().map(|(name, _)| join(&path, &name)));
        }
    }
    Ok(())
}

/// Asks a question on standard error; whether the answer begins with `y`.
async fn confirm(cx: &mut Cx, question: String) -> bool {
    cx.flush().await;
    let text = format!("{}: {question}? ", cx.name);
    cx.complain(text).await;
    // One byte at a time: what follows the answer belongs to the next question.
    let mut answer = Vec::new();
    while let Ok(bytes) = cx.process.read(0, 1).await
        && let [byte] = *bytes
        && byte != b'\n'
    {
        if answer.is_empty() {
            answer.push(byte);
        }
    }
    matches!(answer.first(), Some(b'y' | b'Y'))
}

/// Where files go: into a directory, or each to one name.
#[derive(Debug)]
struct Destination {
    path: Vec<u8>,
    is_dir: bool,
}

impl Destination {
    /// Where `source` goes.
    fn of(&self, source: &[u8]) -> Vec<u8> {
        if self.is_dir { inside(&self.path, source) } else { self.path.clone() }
    }
}
