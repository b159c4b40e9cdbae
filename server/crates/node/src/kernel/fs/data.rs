//! What a regular file holds: bytes of a shared image until the first write, then pieces of its own.

use std::sync::Arc;

use bytes::Bytes;

use super::TreeFile;

/// The size of a piece. A piece that was never written, or only with zeros, takes no memory.
const PIECE: u64 = 64 * 1024;

/// The content of a regular file.
#[derive(Debug, Default)]
pub(crate) struct FileData {
    /// The content as it was in the image; read until `pieces` take over.
    shared: Option<Arc<TreeFile>>,
    /// Pieces of [`PIECE`] bytes; what a piece lacks at its end is zeros.
    pieces: Vec<Vec<u8>>,
    len: u64,
    /// What the pieces take in podlab's own memory.
    held: u64,
}

impl FileData {
    /// The content of an image's file.
    pub(crate) fn from_image(file: &Arc<TreeFile>) -> Self {
        Self { shared: Some(Arc::clone(file)), pieces: Vec::new(), len: file.len, held: 0 }
    }

    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Whether it is still the image's.
    pub(crate) fn is_shared(&self) -> bool {
        self.shared.is_some()
    }

    /// What the pieces take in podlab's own memory.
    pub(crate) fn held(&self) -> u64 {
        self.held
    }

    /// Up to `max` bytes from `offset` on; empty at and past the end.
    pub(crate) fn read(&self, offset: u64, max: usize) -> Bytes {
        let end = self.len.min(offset.saturating_add(max as u64));
        if offset >= end {
            return Bytes::new();
        }
        if let Some(TreeFile { head: shared, .. }) = self.shared.as_deref() {
            let head = shared.len() as u64;
            if end <= head {
                return shared.slice(offset as usize..end as usize);
            }
            let mut out = vec![0; (end - offset) as usize];
            if offset < head {
                let part = &shared[offset as usize..];
                out[..part.len()].copy_from_slice(part);
            }
            return out.into();
        }
        let mut out = Vec::with_capacity((end - offset) as usize);
        let mut at = offset;
        while at < end {
            let within = (at % PIECE) as usize;
            let count = (end - at).min(PIECE - within as u64) as usize;
            let piece: &[u8] = self.pieces.get((at / PIECE) as usize).map_or(&[], Vec::as_slice);
            let have = piece.len().saturating_sub(within).min(count);
            out.extend_from_slice(&piece[piece.len().min(within)..][..have]);
            out.resize(out.len() + count - have, 0);
            at += count as u64;
        }
        out.into()
    }

    /// What it begins with, up to `max` bytes; less where only zeros follow.
    pub(crate) fn head(&self, max: usize) -> Bytes {
        match self.shared.as_deref() {
            Some(TreeFile { head, .. }) => head.slice(..head.len().min(max)),
            None => self.read(0, max),
        }
    }

    /// Writes `bytes` at `offset`; what lies between the old end and `offset` becomes zeros. Returns by how much the
    /// memory that it takes grew.
    pub(crate) fn write(&mut self, offset: u64, bytes: &[u8]) -> u64 {
        // Nothing is written past the end without a byte to write (write(2) of POSIX).
        if bytes.is_empty() {
            return 0;
        }
        let before = self.held;
        self.own();
        let mut at = offset;
        let mut rest = bytes;
        while !rest.is_empty() {
            let within = (at % PIECE) as usize;
            let (now, later) = rest.split_at(rest.len().min(PIECE as usize - within));
            let index = (at / PIECE) as usize;
            if self.pieces.len() <= index {
                self.pieces.resize_with(index + 1, Vec::new);
            }
            let piece = &mut self.pieces[index];
            let had = piece.capacity();
            let past_end = within >= piece.len();
            if !(past_end && now.iter().all(|byte| *byte == 0)) {
                if piece.len() < within {
                    piece.resize(within, 0);
                }
                let overlap = (piece.len() - within).min(now.len());
                piece[within..within + overlap].copy_from_slice(&now[..overlap]);
                piece.extend_from_slice(&now[overlap..]);
                self.held += (piece.capacity() - had) as u64;
            }
            at += now.len() as u64;
            rest = later;
        }
        self.len = self.len.max(at);
        self.held - before
    }

    /// Cuts the content, or extends it with zeros.
    pub(crate) fn truncate(&mut self, len: u64) {
        if len == 0 {
            *self = Self::default();
            return;
        }
        if len == self.len {
            return;
        }
        self.own();
        if len < self.len {
            self.pieces.truncate(len.div_ceil(PIECE) as usize);
            let last = (len / PIECE) as usize;
            if let Some(piece) = self.pieces.get_mut(last) {
                piece.truncate((len % PIECE) as usize);
                piece.shrink_to_fit();
            }
            self.count();
        }
        self.len = len;
    }

    /// Copies what was shared, so that it can be changed.
    fn own(&mut self) {
        if let Some(shared) = self.shared.take() {
            self.pieces = shared.head.chunks(PIECE as usize).map(<[u8]>::to_vec).collect();
            self.count();
        }
    }

    fn count(&mut self) {
        self.held = self.pieces.iter().map(|piece| piece.capacity() as u64).sum();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::FileData;
    use crate::kernel::fs::{TreeFile, TreeMeta};

    #[test]
    fn zeros_take_no_memory() {
        let mut data = FileData::default();
        for i in 0..64 {
            data.write(i << 20, &vec![0; 1 << 20]);
        }
        assert_eq!(data.len(), 64 << 20);
        assert_eq!(data.held(), 0);
    }

    #[test]
    fn an_image_file_is_shared_until_it_is_written() {
        let head = Bytes::from_static(b"hello");
        let meta = TreeMeta { mode: 0o644, uid: 0, gid: 0, mtime: Timestamp::UNIX_EPOCH };
        let file = Arc::new(TreeFile { meta, head: head.clone(), len: 8, links: 1 });
        let mut data = FileData::from_image(&file);
        assert_eq!(data.read(0, 100).as_ref(), b"hello\0\0\0");
        assert_eq!(data.held(), 0);
        data.write(1, b"u");
        assert_eq!(data.read(0, 100).as_ref(), b"hullo\0\0\0");
        assert_eq!(head.as_ref(), b"hello");
    }

    #[test]
    fn writing_nothing_past_the_end_leaves_the_end_where_it_is() {
        let mut data = FileData::default();
        data.write(1, b"");
        assert_eq!(data.len(), 0);
    }

    proptest! {
        #[test]
        fn behaves_as_a_vector_of_bytes(ops in prop::collection::vec((0u8..3, 0u64..200_000, 0usize..70_000, any::<u8>()), 0..12)) {
            let mut data = FileData::default();
            let mut model: Vec<u8> = Vec::new();
            for (kind, offset, count, byte) in ops {
                match kind {
                    0 => {
                        let bytes = vec![byte; count];
                        data.write(offset, &bytes);
                        if count > 0 {
                            let end = offset as usize + count;
                            if model.len() < end { model.resize(end, 0); }
                            model[offset as usize..end].copy_from_slice(&bytes);
                        }
                    }
                    1 => { data.truncate(offset); model.resize(offset as usize, 0); }
                    _ => {
                        let start = (offset as usize).min(model.len());
                        let end = (start + count).min(model.len());
                        let seen = data.read(offset, count);
                        prop_assert_eq!(seen.as_ref(), &model[start..end]);
                    }
                }
                prop_assert_eq!(data.len(), model.len() as u64);
            }
            prop_assert_eq!(data.read(0, model.len() + 1), Bytes::from(model));
        }
    }
}
