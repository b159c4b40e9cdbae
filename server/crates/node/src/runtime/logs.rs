//! What containers print, kept line by line with its time.

use bytes::Bytes;
use jiff::Timestamp;

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

/// Reads a container's log in order. It stays valid when the container is removed.
#[derive(Debug)]
pub struct LogReader(());

impl LogReader {
    /// The next entry; `None` at the end: of what there is, or when following, of the container.
    pub async fn next(&mut self) -> Option<LogEntry> {
        None
    }
}
