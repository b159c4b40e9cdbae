//! From a path to a place (`path_resolution(7)`).

use std::{borrow::Cow, sync::Arc};

use super::{FileType, Inode, Kind, LinkTarget, Location, MountTable, OpenFile};
use crate::kernel::{
    creds::{Creds, EXECUTE},
    errno::Errno,
};

/// The longest path, and what symbolic links may make of it.
const MAX_PATH: usize = 4096;
/// The longest name.
const MAX_NAME: usize = 255;
/// How many symbolic links are followed in one path.
const MAX_LINKS: u32 = 40;

/// What paths are looked up for: a process's view.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Walk<'a> {
    pub(crate) table: &'a MountTable,
    /// Where `/` is.
    pub(crate) root: &'a Location,
    /// Where a relative path begins.
    pub(crate) cwd: &'a Location,
    pub(crate) creds: &'a Creds,
    /// The process's number, for `/proc/self`.
    pub(crate) viewer: u32,
}

/// What a path leads to.
#[derive(Clone, Debug)]
pub(crate) enum Found {
    Place(Location),
    /// Something open that has no place, by a link of `/proc/PID/fd`.
    Open(Arc<OpenFile>),
}

/// The directory that a path's last name is in, and that name.
#[derive(Clone, Debug)]
pub(crate) struct Parent {
    pub(crate) dir: Location,
    pub(crate) name: Vec<u8>,
    /// The path ended in `/`: the name must be, or become, a directory.
    pub(crate) slash: bool,
}

impl Walk<'_> {
    /// What `path` leads to; its last link is followed if `follow`.
    pub(crate) fn find(&self, path: &[u8], follow: bool) -> Result<Found, Errno> {
        if path.is_empty() {
            return Err(Errno::ENOENT);
        }
        let mut links = 0;
        let slash = path.ends_with(b"/");
        self.walk(path, follow || slash, &mut links)
    }

    /// The place that `path` leads to.
    pub(crate) fn place(&self, path: &[u8], follow: bool) -> Result<Location, Errno> {
        match self.find(path, follow)? {
            Found::Place(place) => Ok(place),
            Found::Open(_) => Err(Errno::ENXIO),
        }
    }

    /// The directory that the last name of `path` is in.
    pub(crate) fn parent(&self, path: &[u8]) -> Result<Parent, Errno> {
        if path.is_empty() {
            return Err(Errno::ENOENT);
        }
        let slash = path.ends_with(b"/");
        let bare = trim_slashes(path);
        let (dir, name) = match bare.iter().rposition(|byte| *byte == b'/') {
            Some(at) => (&bare[..=at], &bare[at + 1..]),
            None => (&b""[..], bare),
        };
        if name.len() > MAX_NAME {
            return Err(Errno::ENAMETOOLONG);
        }
        let place = if dir.is_empty() {
            if path.starts_with(b"/") { self.root.clone() } else { self.cwd.clone() }
        } else {
            self.place(dir, true)?
        };
        if !place.inode.is_dir() {
            return Err(Errno::ENOTDIR);
        }
        Ok(Parent { dir: place, name: name.to_vec(), slash })
    }

    fn walk(&self, path: &[u8], follow: bool, links: &mut u32) -> Result<Found, Errno> {
        if path.len() >= MAX_PATH {
            return Err(Errno::ENAMETOOLONG);
        }
        let mut rest = Cow::Borrowed(path);
        let mut at = 0;
        let mut here = if rest.starts_with(b"/") { self.root.clone() } else { self.cwd.clone() };
        loop {
            while rest.get(at) == Some(&b'/') {
                at += 1;
            }
            if at >= rest.len() {
                if rest.ends_with(b"/") && !here.inode.is_dir() {
                    return Err(Errno::ENOTDIR);
                }
                return Ok(Found::Place(here));
            }
            let end =
                rest[at..].iter().position(|byte| *byte == b'/').map_or(rest.len(), |length| at + length);
            let name = &rest[at..end];
            let last = rest[end..].iter().all(|byte| *byte == b'/');
            if name.len() > MAX_NAME {
                return Err(Errno::ENAMETOOLONG);
            }
            let next = self.step(&here, name)?;
            at = end;
            if next.inode.file_type != FileType::Symlink || (last && !follow) {
                here = next;
                continue;
            }
            *links += 1;
            if *links > MAX_LINKS {
                return Err(Errno::ELOOP);
            }
            match self.read_link(&next.inode)? {
                LinkTarget::Open(file, _) if last => return Ok(Found::Open(file)),
                LinkTarget::Open(..) => return Err(Errno::ENOTDIR),
                LinkTarget::Place(place, _) => here = place,
                LinkTarget::Path(mut target) => {
                    if target.starts_with(b"/") {
                        here = self.root.clone();
                    }
                    target.extend_from_slice(&rest[at..]);
                    if target.len() >= 2 * MAX_PATH {
                        return Err(Errno::ENAMETOOLONG);
                    }
                    rest = Cow::Owned(target);
                    at = 0;
                }
            }
        }
    }

    /// The entry `name` of a directory.
    pub(crate) fn step(&self, here: &Location, name: &[u8]) -> Result<Location, Errno> {
        if !here.inode.is_dir() {
            return Err(Errno::ENOTDIR);
        }
        if !here.inode.may(self.creds, EXECUTE) {
            return Err(Errno::EACCES);
        }
        match name {
            b"." => Ok(here.clone()),
            b".." if here == self.root => Ok(here.clone()),
            b".." => Ok(self.table.parent(here)),
            _ => {
                self.table.look_for(name);
                let inode = self.entry(&here.inode, name)?;
                Ok(self.table.topmost(Location { mount: Arc::clone(&here.mount), inode }))
            }
        }
    }

    fn entry(&self, dir: &Arc<Inode>, name: &[u8]) -> Result<Arc<Inode>, Errno> {
        let mut state = dir.lock();
        match &mut state.kind {
            Kind::Dir(entries) => entries.get(name, dir).ok_or(Errno::ENOENT),
            Kind::Virtual(node, _) => {
                let node = Arc::clone(node);
                drop(state);
                let found = node.lookup(self.viewer, name)?;
                Ok(Inode::from_virtual(&dir.fs, found, Some((Arc::clone(dir), name.into()))))
            }
            _ => Err(Errno::ENOTDIR),
        }
    }

    /// Where a symbolic link leads.
    pub(crate) fn read_link(&self, inode: &Inode) -> Result<LinkTarget, Errno> {
        let state = inode.lock();
        match &state.kind {
            Kind::Link(target) => Ok(LinkTarget::Path(target.to_vec())),
            Kind::Virtual(node, _) => {
                let node = Arc::clone(node);
                drop(state);
                node.link(self.viewer)
            }
            _ => Err(Errno::EINVAL),
        }
    }
}

fn trim_slashes(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|byte| *byte != b'/').map_or(0, |last| last + 1);
    &path[..end]
}

/// The last name of a path: what `basename` prints.
pub(crate) fn file_name(path: &[u8]) -> &[u8] {
    let bare = trim_slashes(path);
    if bare.is_empty() && !path.is_empty() {
        return b"/";
    }
    bare.rsplit(|byte| *byte == b'/').next().unwrap_or(bare)
}

/// `name` in the directory `dir`, unless it is absolute.
pub(crate) fn join(dir: &[u8], name: &[u8]) -> Vec<u8> {
    if name.starts_with(b"/") || dir.is_empty() {
        return name.to_vec();
    }
    let mut path = dir.to_vec();
    if !path.ends_with(b"/") {
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path
}

/// An absolute path without `.`, `..` and doubled slashes, by its text alone.
pub(crate) fn normalize(path: &[u8]) -> Vec<u8> {
    let mut names: Vec<&[u8]> = Vec::new();
    for name in path.split(|byte| *byte == b'/') {
        match name {
            b"" | b"." => {}
            b".." => {
                names.pop();
            }
            _ => names.push(name),
        }
    }
    if names.is_empty() {
        return b"/".to_vec();
    }
    names.iter().flat_map(|name| [b"/", *name].concat()).collect()
}

#[cfg(test)]
mod tests {
    use super::{file_name, join, normalize};

    #[test]
    fn names_and_paths() {
        assert_eq!(file_name(b"/a/b/"), b"b");
        assert_eq!(file_name(b"/"), b"/");
        assert_eq!(join(b"/a", b"b"), b"/a/b");
        assert_eq!(join(b"/a", b"/b"), b"/b");
        assert_eq!(normalize(b"/a/./b//../c/"), b"/a/c");
        assert_eq!(normalize(b"../.."), b"/");
    }
}
