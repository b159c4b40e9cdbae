//! Making, removing and renaming: the system calls that change directories.

use std::sync::Arc;

use super::{Directory, Inode, Kind, Location, Names, Walk, path::Parent};
use crate::kernel::{
    creds::{EXECUTE, WRITE, cap},
    errno::Errno,
    fifo::Fifo,
};

/// The largest number of names that one file has.
const MAX_LINKS: u32 = 65_000;

impl Walk<'_> {
    /// Makes a directory.
    pub(crate) fn mkdir(&self, path: &[u8], mode: u16) -> Result<Location, Errno> {
        let parent = self.parent(path)?;
        self.make(&parent, Kind::Dir(Directory::default()), mode)
    }

    /// Makes a named pipe.
    pub(crate) fn mkfifo(&self, path: &[u8], mode: u16) -> Result<Location, Errno> {
        let parent = self.parent(path)?;
        self.make(&parent, Kind::Fifo(Arc::new(Fifo::default())), mode)
    }

    /// Makes a device like the one at `model`. Terminals belong to whoever opened them.
    pub(crate) fn mknod(&self, model: &[u8], path: &[u8], mode: u16) -> Result<Location, Errno> {
        let device = match &self.place(model, false)?.inode.lock().kind {
            Kind::Device(device) => *device,
            _ => return Err(Errno::EPERM),
        };
        let parent = self.parent(path)?;
        self.make(&parent, Kind::Device(device), mode)
    }

    /// Makes a symbolic link to `target`, whatever that is.
    pub(crate) fn symlink(&self, target: &[u8], path: &[u8]) -> Result<Location, Errno> {
        if target.is_empty() {
            return Err(Errno::ENOENT);
        }
        let parent = self.parent(path)?;
        self.make(&parent, Kind::Link(target.into()), 0o777)
    }

    /// Makes an empty file; fails where there is something of that name.
    pub(crate) fn create(&self, parent: &Parent, mode: u16) -> Result<Location, Errno> {
        if parent.slash {
            return Err(Errno::EISDIR);
        }
        self.make(parent, Kind::File(super::data::FileData::default()), mode)
    }

    fn make(&self, parent: &Parent, mut kind: Kind, mut mode: u16) -> Result<Location, Errno> {
        let Parent { dir, name, slash } = parent;
        if matches!(name.as_slice(), b"" | b"." | b"..") {
            return Err(Errno::EEXIST);
        }
        let is_dir = matches!(kind, Kind::Dir(_));
        match self.step(dir, name) {
            Ok(_) => return Err(Errno::EEXIST),
            Err(Errno::ENOENT) if *slash && !is_dir => return Err(Errno::ENOENT),
            Err(Errno::ENOENT) => {}
            Err(error) => return Err(error),
        }
        // Nothing can be made where all is made up.
        self.check_dir(dir).map_err(|errno| if errno == Errno::EPERM { Errno::ENOENT } else { errno })?;
        let fs = &dir.inode.fs;
        let (dir_gid, dir_mode) = {
            let state = dir.inode.lock();
            (state.gid, state.mode)
        };
        // A directory with the set-group-ID bit passes its group on (inode_init_owner).
        let gid = if dir_mode & 0o2000 != 0 { dir_gid } else { self.creds.gid };
        if let Kind::Dir(own) = &mut kind {
            own.set_parent(&dir.inode);
            mode |= dir_mode & 0o2000;
        }
        let inode = Inode::new(fs, kind, mode, self.creds.uid, gid)?;
        let now = fs.now();
        let mut state = dir.inode.lock();
        if state.links == 0 {
            // Somebody stands in a directory that was removed.
            return Err(Errno::ENOENT);
        }
        let Kind::Dir(entries) = &mut state.kind else { return Err(Errno::EACCES) };
        if entries.contains(name) {
            return Err(Errno::EEXIST);
        }
        entries.insert(name, Arc::clone(&inode));
        Inode::touch_entries(&mut state, now);
        Ok(Location { mount: Arc::clone(&dir.mount), inode })
    }

    /// Gives a file another name.
    pub(crate) fn link(&self, from: &[u8], to: &[u8], follow: bool) -> Result<(), Errno> {
        let source = self.place(from, follow)?;
        if source.inode.is_dir() {
            return Err(Errno::EPERM);
        }
        let Parent { dir, name, .. } = self.parent(to)?;
        if self.step(&dir, &name).is_ok() {
            return Err(Errno::EEXIST);
        }
        if !Arc::ptr_eq(&dir.mount, &source.mount) {
            return Err(Errno::EXDEV);
        }
        self.check_dir(&dir)?;
        if source.inode.lock().links >= MAX_LINKS {
            return Err(Errno::EMLINK);
        }
        source.inode.add_links(1);
        let now = dir.inode.fs.now();
        let mut state = dir.inode.lock();
        if let Kind::Dir(entries) = &mut state.kind {
            entries.insert(&name, source.inode);
        }
        Inode::touch_entries(&mut state, now);
        Ok(())
    }

    /// Removes a name of anything but a directory.
    pub(crate) fn unlink(&self, path: &[u8]) -> Result<(), Errno> {
        let Parent { dir, name, slash } = self.parent(path)?;
        if matches!(name.as_slice(), b"" | b"." | b"..") {
            return Err(Errno::EISDIR);
        }
        let victim = self.step(&dir, &name)?;
        self.may_remove(&dir, &victim)?;
        if victim.inode.is_dir() {
            return Err(Errno::EISDIR);
        }
        if slash {
            return Err(Errno::ENOTDIR);
        }
        take_entry(&dir, &name)?;
        victim.inode.add_links(-1);
        Ok(())
    }

    /// Removes an empty directory.
    pub(crate) fn rmdir(&self, path: &[u8]) -> Result<(), Errno> {
        let Parent { dir, name, .. } = self.parent(path)?;
        match name.as_slice() {
            b"." => return Err(Errno::EINVAL),
            b".." => return Err(Errno::ENOTEMPTY),
            b"" => return Err(Errno::EBUSY),
            _ => {}
        }
        let victim = self.step(&dir, &name)?;
        self.may_remove(&dir, &victim)?;
        match &victim.inode.lock().kind {
            Kind::Dir(entries) if entries.is_empty() => {}
            Kind::Dir(_) => return Err(Errno::ENOTEMPTY),
            Kind::Virtual(_, _) => return Err(Errno::EPERM),
            _ => return Err(Errno::ENOTDIR),
        }
        take_entry(&dir, &name)?;
        victim.inode.add_links(-1);
        Ok(())
    }

    /// Moves `from` to `to`, replacing what `to` named before, as one step.
    pub(crate) fn rename(&self, from: &[u8], to: &[u8]) -> Result<(), Errno> {
        let old = self.parent(from)?;
        let new = self.parent(to)?;
        for name in [&old.name, &new.name] {
            if matches!(name.as_slice(), b"" | b"." | b"..") {
                return Err(Errno::EBUSY);
            }
        }
        let source = self.step(&old.dir, &old.name)?;
        if !Arc::ptr_eq(&old.dir.mount, &new.dir.mount) {
            return Err(Errno::EXDEV);
        }
        self.may_remove(&old.dir, &source)?;
        let target = match self.step(&new.dir, &new.name) {
            Ok(target) => Some(target),
            Err(Errno::ENOENT) => None,
            Err(error) => return Err(error),
        };
        let is_dir = source.inode.is_dir();
        if !is_dir && (old.slash || new.slash) {
            return Err(Errno::ENOTDIR);
        }
        if is_dir {
            self.check_not_inside(&source, &new.dir)?;
        }
        match &target {
            Some(target) if Arc::ptr_eq(&target.inode, &source.inode) => return Ok(()),
            Some(target) => {
                self.may_remove(&new.dir, target)?;
                match (is_dir, target.inode.is_dir()) {
                    (true, false) => return Err(Errno::ENOTDIR),
                    (false, true) => return Err(Errno::EISDIR),
                    _ => {}
                }
                if let Kind::Dir(entries) = &target.inode.lock().kind
                    && !entries.is_empty()
                {
                    return Err(Errno::ENOTEMPTY);
                }
            }
            None => self.check_dir(&new.dir)?,
        }
        exchange(&old, &new, &source)?;
        if let Some(target) = target {
            target.inode.add_links(-1);
        }
        if let Kind::Dir(entries) = &mut source.inode.lock().kind {
            entries.set_parent(&new.dir.inode);
        }
        source.inode.add_links(0);
        Ok(())
    }

    /// Fails where entries of `dir` cannot be changed.
    fn check_dir(&self, dir: &Location) -> Result<(), Errno> {
        dir.writable()?;
        if !dir.inode.may(self.creds, WRITE | EXECUTE) {
            return Err(Errno::EACCES);
        }
        if matches!(dir.inode.lock().kind, Kind::Virtual(_, _)) {
            return Err(Errno::EPERM);
        }
        Ok(())
    }

    fn may_remove(&self, dir: &Location, victim: &Location) -> Result<(), Errno> {
        self.check_dir(dir)?;
        if Arc::ptr_eq(&victim.inode, &victim.mount.root) || self.table.is_mount_point(victim) {
            return Err(Errno::EBUSY);
        }
        let (dir_mode, dir_uid) = {
            let state = dir.inode.lock();
            (state.mode, state.uid)
        };
        let sticky = dir_mode & 0o1000 != 0;
        let owner = victim.inode.lock().uid;
        if sticky && self.creds.uid != owner && self.creds.uid != dir_uid && !self.creds.has(cap::FOWNER) {
            return Err(Errno::EPERM);
        }
        Ok(())
    }

    /// A directory cannot be moved into itself.
    fn check_not_inside(&self, source: &Location, dir: &Location) -> Result<(), Errno> {
        let mut here = dir.clone();
        loop {
            if Arc::ptr_eq(&here.inode, &source.inode) {
                return Err(Errno::EINVAL);
            }
            let above = self.table.parent(&here);
            if above == here {
                return Ok(());
            }
            here = above;
        }
    }

    /// A directory's entries, sorted by name, without `.` and `..`.
    pub(crate) fn list(&self, dir: &Inode) -> Result<Names, Errno> {
        let state = dir.lock();
        match &state.kind {
            Kind::Dir(entries) => Ok(entries.list()),
            Kind::Virtual(node, _) if dir.is_dir() => {
                let node = Arc::clone(node);
                drop(state);
                Ok(node.entries(self.viewer))
            }
            _ => Err(Errno::ENOTDIR),
        }
    }
}

fn take_entry(dir: &Location, name: &[u8]) -> Result<(), Errno> {
    let now = dir.inode.fs.now();
    let mut state = dir.inode.lock();
    let Kind::Dir(entries) = &mut state.kind else { return Err(Errno::EPERM) };
    entries.remove(name).ok_or(Errno::ENOENT)?;
    Inode::touch_entries(&mut state, now);
    Ok(())
}

/// Takes the entry from one directory and puts it in the other, with both locked (in the order of their addresses, so
/// that two renames never wait for each other).
fn exchange(old: &Parent, new: &Parent, source: &Location) -> Result<(), Errno> {
    let now = old.dir.inode.fs.now();
    let (a, b) = (&old.dir.inode, &new.dir.inode);
    if Arc::ptr_eq(a, b) {
        let mut state = a.lock();
        let Kind::Dir(entries) = &mut state.kind else { return Err(Errno::EPERM) };
        entries.remove(&old.name).ok_or(Errno::ENOENT)?;
        entries.insert(&new.name, Arc::clone(&source.inode));
        Inode::touch_entries(&mut state, now);
        return Ok(());
    }
    let (mut from, mut to);
    if Arc::as_ptr(a) < Arc::as_ptr(b) {
        from = a.lock();
        to = b.lock();
    } else {
        to = b.lock();
        from = a.lock();
    }
    let (Kind::Dir(from_entries), Kind::Dir(to_entries)) = (&mut from.kind, &mut to.kind) else {
        return Err(Errno::EPERM);
    };
    from_entries.remove(&old.name).ok_or(Errno::ENOENT)?;
    to_entries.insert(&new.name, Arc::clone(&source.inode));
    Inode::touch_entries(&mut from, now);
    Inode::touch_entries(&mut to, now);
    Ok(())
}
