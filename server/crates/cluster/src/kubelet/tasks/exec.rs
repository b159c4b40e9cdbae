//! A command in a container, to its end: what hooks and probes run.

use std::time::Duration;

use futures::future::{Either, join3, select};
use podlab_node::{ContainerId, Env, ExecOptions, Node, Signal};
use tokio::io::{AsyncRead, AsyncReadExt};

/// What a command printed and exited with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Output {
    pub(super) code: i32,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
}

/// Why there is no exit code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ExecError {
    /// It took too long and was killed.
    TimedOut,
    /// It could not be started.
    Start(String),
}

/// Runs a command; what it prints past `limit` bytes of each stream is dropped.
pub(super) async fn run(
    node: &Node,
    env: &Env,
    id: &ContainerId,
    argv: Vec<String>,
    timeout: Option<Duration>,
    limit: usize,
) -> Result<Output, ExecError> {
    let options = ExecOptions { argv, stdin: false, tty: None };
    let session = node.exec(id, options).await.map_err(|error| ExecError::Start(error.to_string()))?;
    let (process, exit) = (session.process.clone(), session.exit.clone());
    let stderr = async {
        match session.stderr {
            Some(stream) => read(stream, limit).await,
            None => Vec::new(),
        }
    };
    let finished = join3(read(session.stdout, limit), stderr, exit.wait());
    let late = async {
        match timeout {
            Some(timeout) => env.sleep(timeout).await,
            None => std::future::pending().await,
        }
    };
    match select(Box::pin(finished), Box::pin(late)).await {
        Either::Left(((stdout, stderr, status), _)) => Ok(Output { code: status.code(), stdout, stderr }),
        Either::Right(((), _)) => {
            process.signal(Signal::KILL);
            Err(ExecError::TimedOut)
        }
    }
}

async fn read(mut stream: impl AsyncRead + Unpin, limit: usize) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        let room = limit.saturating_sub(kept.len()).min(count);
        kept.extend_from_slice(buffer.get(..room).unwrap_or_default());
    }
    kept
}
