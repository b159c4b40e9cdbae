//! Named pipes: opening one end waits for the other (`fifo(7)`).

use std::{
    future::poll_fn,
    sync::{Arc, Mutex, Weak},
    task::Poll,
};

use super::{
    pipe::{Pipe, PipeReader, PipeWriter},
    wait::{WaitQueue, lock},
};

/// A named pipe. Its content lives as long as some end is open.
#[derive(Debug, Default)]
pub(crate) struct Fifo(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    pipe: Weak<Pipe>,
    /// How often it was opened for reading and for writing, so that an opener notices a partner who left at once.
    reads: u64,
    writes: u64,
    opened: WaitQueue,
}

impl Fifo {
    fn pipe(state: &mut State) -> Arc<Pipe> {
        state.pipe.upgrade().unwrap_or_else(|| {
            let pipe = Arc::new(Pipe::default());
            state.pipe = Arc::downgrade(&pipe);
            pipe
        })
    }

    /// Opens the end that bytes come out of, when someone has the other one open.
    pub(crate) async fn open_reader(&self) -> PipeReader {
        let (reader, pipe, seen) = {
            let mut state = lock(&self.0);
            let pipe = Self::pipe(&mut state);
            state.reads += 1;
            state.opened.wake();
            (Pipe::reader(&pipe), pipe, state.writes)
        };
        poll_fn(|cx| {
            let mut state = lock(&self.0);
            if pipe.has_writers() || state.writes != seen {
                return Poll::Ready(());
            }
            state.opened.register(cx);
            Poll::Pending
        })
        .await;
        reader
    }

    /// Opens the end that bytes go into, when someone has the other one open.
    pub(crate) async fn open_writer(&self) -> PipeWriter {
        let (writer, pipe, seen) = {
            let mut state = lock(&self.0);
            let pipe = Self::pipe(&mut state);
            state.writes += 1;
            state.opened.wake();
            (Pipe::writer(&pipe), pipe, state.reads)
        };
        poll_fn(|cx| {
            let mut state = lock(&self.0);
            if pipe.has_readers() || state.reads != seen {
                return Poll::Ready(());
            }
            state.opened.register(cx);
            Poll::Pending
        })
        .await;
        writer
    }

    /// Opens both ends at once, which never waits (`<>`).
    pub(crate) fn open_both(&self) -> (PipeReader, PipeWriter) {
        let mut state = lock(&self.0);
        let pipe = Self::pipe(&mut state);
        state.reads += 1;
        state.writes += 1;
        state.opened.wake();
        (Pipe::reader(&pipe), Pipe::writer(&pipe))
    }
}
