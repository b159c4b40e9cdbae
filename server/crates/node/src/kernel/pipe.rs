//! Pipes: bounded streams of bytes between tasks, with back-pressure (`pipe(7)`).
//!
//! They carry the output of a pipeline's stage to the next, a container's standard streams, and each direction of a
//! connection. Both ends implement tokio's traits, so that what lies outside the node can use them as they are.

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{
    quota::Quota,
    wait::{WaitQueue, lock},
};

/// How many bytes a pipe holds before its writers wait: Linux's default.
pub(crate) const PIPE_CAPACITY: usize = 64 * 1024;

/// What a pipe may hold even where nothing is left of podlab's own memory: a page, as Linux leaves to those who have too many.
const PAGE: usize = 4096;

/// The largest piece that one write moves at a time; what is larger is written piece by piece.
const MAX_CHUNK: usize = 16 * 1024;

/// Writes shorter than this are gathered, so that a pipe full of single bytes is not a pipe full of bookkeeping.
const SMALL: usize = 1024;

#[derive(Debug, Default)]
struct State {
    chunks: VecDeque<Bytes>,
    /// What small writes gather in, after `chunks`.
    tail: BytesMut,
    len: usize,
    readers: usize,
    writers: usize,
    /// The connection was reset: readers and writers get an error instead of the end.
    reset: bool,
    can_read: WaitQueue,
    can_write: WaitQueue,
    /// What pays for all but a page of it.
    budget: Option<Arc<Quota>>,
    /// What was paid for: never more than `len`.
    charged: usize,
}

/// The buffer that the two ends share.
#[derive(Debug, Default)]
pub(crate) struct Pipe(Mutex<State>);

/// The end that bytes come out of. A clone reads from the same stream.
#[derive(Debug)]
pub(crate) struct PipeReader(Arc<Pipe>);

/// The end that bytes go into; readers see the end of the stream when the last clone is dropped.
#[derive(Debug)]
pub(crate) struct PipeWriter(Arc<Pipe>);

/// Makes a pipe and returns its two ends.
pub(crate) fn pipe() -> (PipeReader, PipeWriter) {
    let pipe = Arc::new(Pipe::default());
    (Pipe::reader(&pipe), Pipe::writer(&pipe))
}

/// Makes a pipe whose content is paid for, where there is somebody to pay, and returns its two ends.
pub(crate) fn pipe_within(budget: Option<&Arc<Quota>>) -> (PipeReader, PipeWriter) {
    let pipe = Arc::new(Pipe::default());
    lock(&pipe.0).budget = budget.cloned();
    (Pipe::reader(&pipe), Pipe::writer(&pipe))
}

impl Pipe {
    /// One more end to read from.
    pub(crate) fn reader(pipe: &Arc<Self>) -> PipeReader {
        lock(&pipe.0).readers += 1;
        PipeReader(Arc::clone(pipe))
    }

    /// One more end to write to.
    pub(crate) fn writer(pipe: &Arc<Self>) -> PipeWriter {
        lock(&pipe.0).writers += 1;
        PipeWriter(Arc::clone(pipe))
    }
}

impl Pipe {
    pub(crate) fn has_readers(&self) -> bool {
        lock(&self.0).readers > 0
    }

    pub(crate) fn has_writers(&self) -> bool {
        lock(&self.0).writers > 0
    }
}

impl State {
    fn clear(&mut self) {
        self.chunks = VecDeque::new();
        self.tail = BytesMut::new();
        self.len = 0;
        self.pay_back();
    }

    /// How much of `wanted` bytes there is room for; that much is paid for, all but a page.
    fn take_room(&mut self, wanted: usize) -> usize {
        let room = PIPE_CAPACITY.saturating_sub(self.len);
        let part = wanted.min(room);
        let Some(budget) = self.budget.as_ref().filter(|_| room >= wanted.min(PAGE)) else { return room };
        if budget.charge(part as u64).is_ok() {
            self.charged += part;
            return room;
        }
        PAGE.saturating_sub(self.len)
    }

    /// Gives back what was paid for more than is held.
    fn pay_back(&mut self) {
        let surplus = self.charged.saturating_sub(self.len);
        if let Some(budget) = self.budget.as_ref().filter(|_| surplus > 0) {
            budget.release(surplus as u64);
            self.charged -= surplus;
        }
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.len = 0;
        self.pay_back();
    }
}

impl Clone for PipeReader {
    fn clone(&self) -> Self {
        Pipe::reader(&self.0)
    }
}

impl Drop for PipeReader {
    fn drop(&mut self) {
        let mut state = lock(&self.0.0);
        state.readers -= 1;
        if state.readers == 0 {
            state.clear();
            state.can_write.wake();
        }
    }
}

impl Clone for PipeWriter {
    fn clone(&self) -> Self {
        Pipe::writer(&self.0)
    }
}

impl Drop for PipeWriter {
    fn drop(&mut self) {
        let mut state = lock(&self.0.0);
        state.writers -= 1;
        if state.writers == 0 {
            state.can_read.wake();
        }
    }
}

impl PipeReader {
    /// One more end to write to the same pipe.
    pub(crate) fn writer(&self) -> PipeWriter {
        Pipe::writer(&self.0)
    }

    /// Whether there is something to take, or the end.
    pub(crate) fn is_ready(&self) -> bool {
        let state = lock(&self.0.0);
        state.reset || state.len > 0 || state.writers == 0
    }

    /// Takes up to `max` bytes, waiting for some; empty means that all writers are gone.
    pub(crate) fn poll_take(&self, cx: &Context<'_>, max: usize) -> Poll<io::Result<Bytes>> {
        let mut state = lock(&self.0.0);
        if state.reset {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        if state.len == 0 {
            if state.writers == 0 || max == 0 {
                return Poll::Ready(Ok(Bytes::new()));
            }
            state.can_read.register(cx);
            return Poll::Pending;
        }
        let taken = match state.chunks.front_mut() {
            Some(front) if front.len() > max => front.split_to(max),
            Some(_) => state.chunks.pop_front().unwrap_or_default(),
            None => {
                let count = state.tail.len().min(max);
                state.tail.split_to(count).freeze()
            }
        };
        state.len -= taken.len();
        state.pay_back();
        state.can_write.wake();
        Poll::Ready(Ok(taken))
    }
}

impl PipeWriter {
    /// One more end to read from the same pipe.
    pub(crate) fn reader(&self) -> PipeReader {
        Pipe::reader(&self.0)
    }

    /// Puts some of `bytes` in, waiting for room, and advances `bytes` by that; an error when no reader is left.
    pub(crate) fn poll_put(&self, cx: &Context<'_>, bytes: &mut Bytes) -> Poll<io::Result<()>> {
        let mut state = lock(&self.0.0);
        if state.reset {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        if state.readers == 0 {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let room = state.take_room(bytes.len());
        // A small write is atomic, as PIPE_BUF demands; and a chunk is never so small that bookkeeping outweighs it.
        if room < bytes.len().min(PAGE) {
            state.can_write.register(cx);
            return Poll::Pending;
        }
        let part = bytes.split_to(bytes.len().min(room));
        if part.is_empty() {
            return Poll::Ready(Ok(()));
        }
        state.len += part.len();
        if part.len() < SMALL {
            state.tail.extend_from_slice(&part);
        }
        if part.len() >= SMALL || state.tail.len() >= MAX_CHUNK {
            let tail = state.tail.split().freeze();
            if !tail.is_empty() {
                state.chunks.push_back(tail);
            }
        }
        if part.len() >= SMALL {
            state.chunks.push_back(part);
        }
        state.can_read.wake();
        Poll::Ready(Ok(()))
    }

    /// Whether anyone can still read what is put in.
    pub(crate) fn has_readers(&self) -> bool {
        self.0.has_readers()
    }

    /// Waits for room for so many bytes (or for an empty pipe); with no reader there is always room.
    pub(crate) fn poll_room(&self, cx: &Context<'_>, len: usize) -> Poll<()> {
        let mut state = lock(&self.0.0);
        if state.readers == 0 || state.reset || state.len == 0 || state.len + len <= PIPE_CAPACITY {
            return Poll::Ready(());
        }
        state.can_write.register(cx);
        Poll::Pending
    }

    /// Puts `bytes` in if there is room for all of them.
    pub(crate) fn put_now(&self, bytes: &[u8]) -> bool {
        let mut state = lock(&self.0.0);
        let fits = state.readers > 0 && !state.reset && state.len + bytes.len() <= PIPE_CAPACITY;
        if fits {
            state.tail.extend_from_slice(bytes);
            state.len += bytes.len();
            state.can_read.wake();
        }
        fits
    }

    /// Makes both ends fail from now on, as a TCP reset does.
    pub(crate) fn reset(&self) {
        let mut state = lock(&self.0.0);
        state.reset = true;
        state.clear();
        state.can_read.wake();
        state.can_write.wake();
    }
}

impl AsyncRead for PipeReader {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.poll_take(cx, buf.remaining()).map_ok(|bytes| buf.put_slice(&bytes))
    }
}

impl AsyncWrite for PipeWriter {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let whole = buf.len().min(MAX_CHUNK);
        let mut bytes = Bytes::copy_from_slice(&buf[..whole]);
        self.poll_put(cx, &mut bytes).map_ok(|()| whole - bytes.remaining())
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Does nothing: readers see the end when every [`PipeWriter`] is dropped.
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Waker};

    use bytes::Bytes;

    use super::{PAGE, PIPE_CAPACITY, pipe_within};
    use crate::kernel::quota::Quota;

    /// Fills a pipe; says how much it took.
    fn fill(writer: &super::PipeWriter) -> usize {
        let cx = Context::from_waker(Waker::noop());
        let whole = 4 * PIPE_CAPACITY;
        let mut bytes = Bytes::from(vec![b'x'; whole]);
        while writer.poll_put(&cx, &mut bytes).is_ready() {}
        whole - bytes.len()
    }

    #[test]
    fn pipes_are_paid_for_and_keep_a_page_where_nobody_can_pay() {
        let cx = Context::from_waker(Waker::noop());
        let budget = Quota::new(100_000, None);
        let (reader, writer) = pipe_within(Some(&budget));
        assert_eq!((fill(&writer), budget.used()), (PIPE_CAPACITY, PIPE_CAPACITY as u64));
        let (other_reader, other) = pipe_within(Some(&budget));
        assert_eq!(fill(&other), PAGE);
        assert_eq!(budget.used(), PIPE_CAPACITY as u64);
        // What is taken out is given back, and there is room again.
        while reader.poll_take(&cx, PIPE_CAPACITY).is_ready() {}
        assert_eq!(budget.used(), 0);
        assert!(fill(&other) > 0 && budget.used() > 0);
        drop(other_reader);
        assert_eq!(budget.used(), 0);
        assert_eq!(fill(&writer), PIPE_CAPACITY);
        drop((reader, writer));
        assert_eq!(budget.used(), 0);
    }
}
