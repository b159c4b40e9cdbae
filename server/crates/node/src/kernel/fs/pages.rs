//! Whose memory a file in memory takes: a page counts for the container that wrote it first, until it is gone, as control
//! groups count them (<https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-ownership>).

use std::sync::Arc;

use crate::kernel::memory::{Memory, OutOfMemory};

/// The pages of one file, in bytes, by who holds them; who wrote last is last.
#[derive(Debug, Default)]
pub(super) struct Pages(Vec<(Arc<Memory>, u64)>);

impl Pages {
    /// Notes pages that `memory` holds from now on. Past its limit they are not held.
    pub(super) fn hold(&mut self, memory: &Arc<Memory>, bytes: u64) -> Result<(), OutOfMemory> {
        if let Err(error) = memory.hold_pages(bytes) {
            memory.release_pages(bytes);
            return Err(error);
        }
        match self.0.iter_mut().find(|(holder, _)| Arc::ptr_eq(holder, memory)) {
            Some((_, held)) => *held += bytes,
            None => {
                // Nobody looks at the memory of a container that is gone.
                self.0.retain(|(holder, _)| Arc::strong_count(holder) > 1);
                self.0.push((Arc::clone(memory), bytes));
            }
        }
        Ok(())
    }

    /// Gives pages back, the newest first.
    pub(super) fn release(&mut self, mut bytes: u64) {
        while bytes > 0
            && let Some((memory, held)) = self.0.last_mut()
        {
            let part = bytes.min(*held);
            memory.release_pages(part);
            *held -= part;
            bytes -= part;
            if *held == 0 {
                self.0.pop();
            }
        }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.release(u64::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::Pages;
    use crate::kernel::memory::Memory;

    #[test]
    fn pages_count_for_who_wrote_them_until_they_are_gone() {
        let (one, two) = (Memory::new(Some(10_000)), Memory::new(None));
        let mut pages = Pages::default();
        assert!(pages.hold(&one, 8192).is_ok());
        assert!(pages.hold(&two, 4096).is_ok());
        assert!(pages.hold(&one, 4096).is_err(), "past its limit");
        assert_eq!((one.used(), one.shared(), two.used()), (8192, 8192, 4096));
        pages.release(8192);
        assert_eq!((one.used(), two.used()), (4096, 0));
        drop(pages);
        assert_eq!((one.used(), one.shared()), (0, 0));
    }
}
