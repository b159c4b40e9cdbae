//! What containers print, kept line by line with its time.

use std::{
    collections::VecDeque,
    future::poll_fn,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use bytes::{Buf, Bytes, BytesMut};
use jiff::Timestamp;

use super::container::LogLimits;
use crate::{
    env::Env,
    kernel::{
        errno::Errno,
        fs::Sink,
        pipe::PipeWriter,
        wait::{WaitQueue, lock},
    },
};

/// Which stream a line was printed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl LogStream {
    /// `stdout` or `stderr`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

/// One line of a log, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// When it was printed.
    pub time: Timestamp,
    /// Where it was printed.
    pub stream: LogStream,
    /// Whether the line goes on in the stream's next entry: lines are cut after 16 KiB, and the last one may lack its
    /// newline. Print no newline after such an entry.
    pub partial: bool,
    /// What was printed, without the newline.
    pub text: Bytes,
}

/// Which part of a log to read.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogOptions {
    /// Nothing older than this.
    pub since: Option<Timestamp>,
    /// At most this many of the last lines.
    pub tail: Option<usize>,
    /// Go on with what is printed later, to the container's end.
    pub follow: bool,
}

/// A container's log: the last lines that it printed, and whoever watches it print.
#[derive(Debug)]
pub(crate) struct Log {
    env: Env,
    max_bytes: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    entries: VecDeque<LogEntry>,
    /// The number of the first entry, counted from the log's beginning.
    first: u64,
    bytes: usize,
    /// What was printed of a line that has not ended, by stream.
    unfinished: [BytesMut; 2],
    /// Nothing will be printed any more.
    ended: bool,
    readers: WaitQueue,
    /// Those who see everything as it is printed, and hold the printer up when they do not look.
    attached: Vec<Attached>,
}

#[derive(Debug)]
struct Attached {
    stdout: PipeWriter,
    stderr: Option<PipeWriter>,
}

/// What an entry takes besides its text.
const ENTRY_COST: usize = 64;
/// Lines are cut after this much, as containerd does it.
const MAX_LINE: usize = 16 * 1024;
/// The most that is printed in one step.
const PIECE: usize = 16 * 1024;

impl Log {
    pub(crate) fn new(env: Env, limits: LogLimits) -> Arc<Self> {
        Arc::new(Self { env, max_bytes: limits.max_bytes, state: Mutex::default() })
    }

    /// Where a stream of the container goes.
    pub(crate) fn sink(self: &Arc<Self>, stream: LogStream) -> Arc<dyn Sink> {
        Arc::new(LogSink { log: Arc::clone(self), stream })
    }

    /// Shows someone what is printed from now on.
    pub(crate) fn attach(&self, stdout: PipeWriter, stderr: Option<PipeWriter>) {
        lock(&self.state).attached.push(Attached { stdout, stderr });
    }

    /// Notes that nothing more will be printed.
    pub(crate) fn end(&self) {
        let now = self.env.clock.now();
        let mut state = lock(&self.state);
        for stream in [LogStream::Stdout, LogStream::Stderr] {
            let text = std::mem::take(&mut state.unfinished[stream as usize]).freeze();
            if !text.is_empty() {
                state.push(LogEntry { time: now, stream, partial: true, text }, self.max_bytes);
            }
        }
        state.ended = true;
        state.attached.clear();
        state.readers.wake();
    }

    /// How many bytes it holds.
    pub(crate) fn bytes(&self) -> u64 {
        lock(&self.state).bytes as u64
    }

    /// Reads it.
    pub(crate) fn read(self: &Arc<Self>, options: LogOptions) -> LogReader {
        let state = lock(&self.state);
        let since = |entry: &LogEntry| options.since.is_none_or(|since| entry.time >= since);
        let mut next = state.first + state.entries.iter().take_while(|entry| !since(entry)).count() as u64;
        if let Some(tail) = options.tail {
            // A line in several parts counts once.
            let mut lines = 0;
            let mut start = state.entries.len();
            while start > 0 && state.first + start as u64 > next {
                let ends_line = !state.entries[start - 1].partial || start == state.entries.len();
                if ends_line && lines == tail {
                    break;
                }
                lines += usize::from(ends_line);
                start -= 1;
            }
            next = next.max(state.first + start as u64);
        }
        drop(state);
        LogReader { log: Arc::clone(self), next, follow: options.follow }
    }

    fn poll_print(&self, cx: &Context<'_>, stream: LogStream, bytes: &mut Bytes) -> Poll<()> {
        let now = self.env.clock.now();
        let mut state = lock(&self.state);
        let part = bytes.slice(..bytes.len().min(PIECE));
        state.attached.retain(|attached| attached.of(stream).has_readers());
        if state.attached.iter().any(|attached| attached.of(stream).poll_room(cx, part.len()).is_pending()) {
            return Poll::Pending;
        }
        for attached in &state.attached {
            attached.of(stream).put_now(&part);
        }
        bytes.advance(part.len());
        let mut rest = &part[..];
        while !rest.is_empty() {
            let unfinished = &mut state.unfinished[stream as usize];
            let room = MAX_LINE - unfinished.len();
            let newline = memchr::memchr(b'\n', &rest[..rest.len().min(room)]);
            let (text, partial) = match newline {
                Some(at) => {
                    let text = if unfinished.is_empty() {
                        Bytes::copy_from_slice(&rest[..at])
                    } else {
                        unfinished.extend_from_slice(&rest[..at]);
                        std::mem::take(unfinished).freeze()
                    };
                    rest = &rest[at + 1..];
                    (text, false)
                }
                None if rest.len() >= room => {
                    unfinished.extend_from_slice(&rest[..room]);
                    rest = &rest[room..];
                    (std::mem::take(unfinished).freeze(), true)
                }
                None => {
                    unfinished.extend_from_slice(rest);
                    break;
                }
            };
            state.push(LogEntry { time: now, stream, partial, text }, self.max_bytes);
        }
        state.readers.wake();
        Poll::Ready(())
    }
}

impl Attached {
    fn of(&self, stream: LogStream) -> &PipeWriter {
        match (stream, &self.stderr) {
            (LogStream::Stderr, Some(stderr)) => stderr,
            _ => &self.stdout,
        }
    }
}

impl State {
    fn push(&mut self, entry: LogEntry, max_bytes: usize) {
        self.bytes += entry.text.len() + ENTRY_COST;
        self.entries.push_back(entry);
        while self.bytes > max_bytes {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.bytes -= oldest.text.len() + ENTRY_COST;
            self.first += 1;
        }
    }
}

/// A standard stream of a container's processes.
#[derive(Debug)]
struct LogSink {
    log: Arc<Log>,
    stream: LogStream,
}

impl Sink for LogSink {
    fn poll_write(&self, cx: &Context<'_>, bytes: &mut Bytes) -> Poll<Result<(), Errno>> {
        self.log.poll_print(cx, self.stream, bytes).map(Ok)
    }
}

/// Reads a container's log in order. It stays valid when the container is removed.
#[derive(Debug)]
pub struct LogReader {
    log: Arc<Log>,
    next: u64,
    follow: bool,
}

impl LogReader {
    /// The next entry; `None` at the end: of what there is, or when following, of the container.
    pub async fn next(&mut self) -> Option<LogEntry> {
        poll_fn(|cx| {
            let mut state = lock(&self.log.state);
            // What was rotated away meanwhile is skipped.
            self.next = self.next.max(state.first);
            let index = usize::try_from(self.next - state.first).unwrap_or(usize::MAX);
            if let Some(entry) = state.entries.get(index) {
                self.next += 1;
                return Poll::Ready(Some(entry.clone()));
            }
            if !self.follow || state.ended {
                return Poll::Ready(None);
            }
            state.readers.register(cx);
            Poll::Pending
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use bytes::Bytes;

    use super::{Log, LogOptions, LogStream};
    use crate::{env::Env, runtime::LogLimits};

    async fn print(log: &std::sync::Arc<Log>, stream: LogStream, text: &str) {
        let mut bytes = Bytes::copy_from_slice(text.as_bytes());
        while !bytes.is_empty() {
            poll_fn(|cx| log.poll_print(cx, stream, &mut bytes)).await;
        }
    }

    async fn texts(log: &std::sync::Arc<Log>, options: LogOptions) -> Vec<(String, bool)> {
        let mut reader = log.read(options);
        let mut all = Vec::new();
        while let Some(entry) = reader.next().await {
            all.push((String::from_utf8_lossy(&entry.text).into_owned(), entry.partial));
        }
        all
    }

    fn log(max_bytes: usize) -> std::sync::Arc<Log> {
        Log::new(Env::on_current_runtime(jiff::Timestamp::UNIX_EPOCH, 1), LogLimits { max_bytes })
    }

    #[tokio::test(start_paused = true)]
    async fn lines_are_kept_whole_and_streams_apart() {
        let log = log(10_000);
        print(&log, LogStream::Stdout, "one\ntw").await;
        print(&log, LogStream::Stderr, "err\n").await;
        print(&log, LogStream::Stdout, "o\nend").await;
        assert_eq!(
            texts(&log, LogOptions::default()).await,
            [("one".into(), false), ("err".into(), false), ("two".into(), false)]
        );
        log.end();
        let tail = LogOptions { tail: Some(2), ..LogOptions::default() };
        assert_eq!(texts(&log, tail).await, [("two".into(), false), ("end".into(), true)]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_lines_go_first_and_a_line_has_a_longest_length() {
        let log = log(40_000);
        for number in 0..1000 {
            print(&log, LogStream::Stdout, &format!("line {number}\n")).await;
        }
        let kept = texts(&log, LogOptions::default()).await;
        assert!(kept.len() < 1000 && kept.last().unwrap().0 == "line 999");
        print(&log, LogStream::Stdout, &"x".repeat(20_000)).await;
        print(&log, LogStream::Stdout, "\n").await;
        let kept = texts(&log, LogOptions { tail: Some(1), ..LogOptions::default() }).await;
        assert_eq!(
            kept.iter().map(|(text, partial)| (text.len(), *partial)).collect::<Vec<_>>(),
            [(16384, true), (3616, false)]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_follower_sees_what_comes_and_the_end() {
        let log = log(10_000);
        print(&log, LogStream::Stdout, "a\n").await;
        let follower = texts(&log, LogOptions { follow: true, tail: Some(0), ..LogOptions::default() });
        let printer = async {
            print(&log, LogStream::Stdout, "b\n").await;
            tokio::task::yield_now().await;
            print(&log, LogStream::Stdout, "c\n").await;
            log.end();
        };
        let (seen, ()) = tokio::join!(follower, printer);
        assert_eq!(seen, [("b".into(), false), ("c".into(), false)]);
    }
}
