//! What the API server asks of the kubelet of a node: logs, commands, attached terminals, ports, usage.
//!
//! In Kubernetes this is the kubelet's own HTTP API, to which the API server forwards; here it is a trait that the
//! kubelet implements and registers under its node's name ([`crate::Client::register_node_agent`]).

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use futures::stream::BoxStream;
use jiff::Timestamp;
use podlab_node::env::BoxFuture;
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream},
    sync::mpsc,
};

/// A byte stream out of a container.
pub type Reader = Box<dyn AsyncRead + Send + Unpin>;
/// A byte stream into a container.
pub type Writer = Box<dyn AsyncWrite + Send + Unpin>;

/// The kubelet's side of logs, exec, attach, port-forward and statistics.
///
/// Every error of these calls is one that comes before anything was streamed; the API answers with its status
/// instead of switching protocols.
pub trait NodeAgent: Send + Sync + 'static {
    /// The log of a container, as lines that are already cut and stamped as the options say. It ends where the log
    /// ends, or when the container does if the options say to follow.
    fn logs(
        &self,
        container: ContainerRef,
        options: LogOptions,
    ) -> BoxFuture<Answer<BoxStream<'static, Bytes>>>;

    /// Runs a command beside the container's own process.
    fn exec(&self, container: ContainerRef, options: ExecOptions) -> BoxFuture<Answer<Session>>;

    /// Joins the container's own process.
    fn attach(&self, container: ContainerRef, options: StreamOptions) -> BoxFuture<Answer<Session>>;

    /// A connection to a port on the Pod's localhost.
    fn port_forward(&self, pod: PodRef, port: u16) -> BoxFuture<Answer<DuplexStream>>;

    /// A connection to a port of an address as the node reaches it (a Pod's, a Service's or its own), for the `proxy`
    /// subresources.
    fn dial(&self, address: String, port: u16) -> BoxFuture<Answer<DuplexStream>>;

    /// What the node and its containers use now.
    fn usage(&self) -> NodeUsage;
}

/// An answer of the kubelet.
pub type Answer<T> = Result<T, AgentError>;

/// Why the kubelet could not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct AgentError {
    /// The HTTP status code of the kubelet's answer: 400, 404, 500.
    pub code: u16,
    /// The kubelet's sentence, such as `container not found ("x")`.
    pub message: String,
}

/// Which Pod, of which generation of that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodRef {
    /// The namespace.
    pub namespace: String,
    /// The Pod's name.
    pub name: String,
    /// The Pod's uid.
    pub uid: String,
}

/// Which container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerRef {
    /// The Pod that it belongs to.
    pub pod: PodRef,
    /// The container's name: an ordinary, init or ephemeral one.
    pub container: String,
}

/// The query of `pods/NAME/log`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogOptions {
    /// Go on as the log grows.
    pub follow: bool,
    /// The log of the container's instance before this one.
    pub previous: bool,
    /// Only what was written after this moment.
    pub since: Option<Timestamp>,
    /// Only that many lines from the end.
    pub tail_lines: Option<u64>,
    /// End after that many bytes.
    pub limit_bytes: Option<u64>,
    /// Begin each line with its RFC 3339 time.
    pub timestamps: bool,
    /// Which of the streams.
    pub stream: LogStream,
}

/// Which of a container's output streams a log has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogStream {
    /// Both.
    #[default]
    All,
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Which streams a session has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamOptions {
    /// Standard input.
    pub stdin: bool,
    /// Standard output.
    pub stdout: bool,
    /// Standard error; never together with a terminal.
    pub stderr: bool,
    /// A terminal.
    pub tty: bool,
}

/// A command and its streams.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecOptions {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// The streams.
    pub streams: StreamOptions,
}

/// A process with its streams. Dropping it hangs up.
pub struct Session {
    /// Standard input, if asked for; dropping it is the end of input.
    pub stdin: Option<Writer>,
    /// Standard output, if asked for.
    pub stdout: Option<Reader>,
    /// Standard error, if asked for.
    pub stderr: Option<Reader>,
    /// The terminal's size, if there is one.
    pub resize: Option<mpsc::Sender<TerminalSize>>,
    /// The exit code, or what went wrong at the start of the process (`Internal error occurred: ...` is put before
    /// it). The streams still have to be read to their ends.
    pub exit: BoxFuture<Result<i32, String>>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("terminal", &self.resize.is_some()).finish_non_exhaustive()
    }
}

/// The size of a terminal, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalSize {
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

/// What a node uses.
#[derive(Clone, Debug, Default)]
pub struct NodeUsage {
    /// When it was measured.
    pub at: Option<Timestamp>,
    /// Over which time the processor's use was averaged.
    pub window: Duration,
    /// Of the node as a whole.
    pub total: Usage,
    /// Of each container, by Pod (`namespace/name`) and container name.
    pub pods: BTreeMap<String, BTreeMap<String, Usage>>,
}

/// Processor and memory in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Billionths of a core.
    pub nanocores: u64,
    /// Bytes.
    pub memory: u64,
}
