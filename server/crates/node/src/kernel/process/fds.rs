//! File descriptors.

use std::sync::Arc;

use crate::kernel::{errno::Errno, fs::OpenFile};

/// How many files a process may have open.
const MAX_FDS: usize = 1024;

/// A file descriptor's number.
pub(crate) type Fd = u32;

/// What the numbers stand for.
#[derive(Clone, Debug, Default)]
pub(crate) struct FdTable(Vec<Option<Entry>>);

#[derive(Clone, Debug)]
struct Entry {
    file: Arc<OpenFile>,
    close_on_exec: bool,
}

impl FdTable {
    pub(crate) fn get(&self, fd: Fd) -> Option<&Arc<OpenFile>> {
        Some(&self.0.get(fd as usize)?.as_ref()?.file)
    }

    /// Puts a file at this very number; returns what was there.
    pub(crate) fn set(&mut self, fd: Fd, file: Arc<OpenFile>) -> Result<Option<Arc<OpenFile>>, Errno> {
        let index = fd as usize;
        if index >= MAX_FDS {
            return Err(Errno::EBADF);
        }
        if self.0.len() <= index {
            self.0.resize(index + 1, None);
        }
        let old = self.0[index].replace(Entry { file, close_on_exec: false });
        Ok(old.map(|entry| entry.file))
    }

    /// Puts a file at the lowest free number from `least` on.
    pub(crate) fn add(&mut self, file: Arc<OpenFile>, least: Fd, close_on_exec: bool) -> Result<Fd, Errno> {
        let start = least as usize;
        let free = (start..self.0.len()).find(|index| self.0[*index].is_none());
        let index = free.unwrap_or_else(|| self.0.len().max(start));
        if index >= MAX_FDS {
            return Err(Errno::EMFILE);
        }
        if self.0.len() <= index {
            self.0.resize(index + 1, None);
        }
        self.0[index] = Some(Entry { file, close_on_exec });
        Fd::try_from(index).map_err(|_| Errno::EMFILE)
    }

    /// Takes a file out.
    pub(crate) fn take(&mut self, fd: Fd) -> Option<Arc<OpenFile>> {
        let file = self.0.get_mut(fd as usize)?.take()?.file;
        while self.0.last().is_some_and(Option::is_none) {
            self.0.pop();
        }
        Some(file)
    }

    /// Takes out what an exec closes.
    pub(crate) fn take_close_on_exec(&mut self) -> Vec<Arc<OpenFile>> {
        let closed =
            |entry: &mut Option<Entry>| entry.take_if(|entry| entry.close_on_exec).map(|entry| entry.file);
        self.0.iter_mut().filter_map(closed).collect()
    }

    /// All numbers in use, with their files.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Fd, &Arc<OpenFile>)> {
        (0..).zip(&self.0).filter_map(|(fd, entry)| Some((fd, &entry.as_ref()?.file)))
    }
}

#[cfg(test)]
mod tests {
    use super::FdTable;
    use crate::kernel::{
        errno::Errno,
        fs::{FileObject, OpenFile, OpenFlags},
        pipe::pipe,
    };

    #[test]
    fn the_lowest_free_number_is_used_and_there_is_a_last_one() {
        let file = || OpenFile::new(FileObject::PipeReader(pipe().0), OpenFlags::READ, *b"pipe");
        let mut fds = FdTable::default();
        assert_eq!(fds.add(file(), 0, false), Ok(0));
        assert_eq!(fds.add(file(), 0, false), Ok(1));
        assert_eq!(fds.add(file(), 10, true), Ok(10));
        fds.take(0);
        assert_eq!(fds.add(file(), 0, false), Ok(0));
        assert_eq!(fds.take_close_on_exec().len(), 1);
        assert!(fds.get(10).is_none());
        assert_eq!(fds.add(file(), 2000, false), Err(Errno::EMFILE));
        assert!(matches!(fds.set(2000, file()), Err(Errno::EBADF)));
    }
}
