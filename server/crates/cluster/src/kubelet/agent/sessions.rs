//! Commands, terminals and ports, between the API server's streams and the node's.

use futures::FutureExt;
use podlab_node::{
    AttachOptions, ContainerId, Node, RuntimeError, SandboxId, TerminalControl, WindowSize,
    network::{ConnectError, Connection, Origin},
};
use tokio::{io::DuplexStream, sync::mpsc};

use crate::{
    Client,
    kubelet::seat::NodeFacts,
    node_agent::{AgentError, Answer, ExecOptions, Session, StreamOptions, TerminalSize},
};

/// How many bytes a forwarded connection holds in each direction.
const BUFFER: usize = 64 * 1024;

/// How many changes of a terminal's size wait.
const RESIZES: usize = 8;

pub(super) fn failed(message: String) -> AgentError {
    AgentError { code: 500, message }
}

/// Runs a command. That it cannot be started shows as the end of the session, as the runtime tells only then; nothing
/// comes back if the container has ended meanwhile.
pub(super) async fn exec(
    client: &Client,
    node: &Node,
    id: &ContainerId,
    options: ExecOptions,
) -> Option<Session> {
    let streams = options.streams;
    let wanted = podlab_node::ExecOptions {
        argv: options.command,
        stdin: streams.stdin,
        tty: streams.tty.then(WindowSize::default),
    };
    match node.exec(id, wanted).await {
        Ok(session) => Some(join(client, session, streams)),
        Err(error) if has_ended(&error) => None,
        Err(error) => {
            let message = match error {
                RuntimeError::Exec(message) => message,
                error => error.to_string(),
            };
            let text = format!("error executing command in container: {message}");
            Some(Session {
                stdin: None,
                stdout: None,
                stderr: None,
                resize: None,
                exit: futures::future::ready(Err(text)).boxed(),
            })
        }
    }
}

/// The loop that knows which containers run learns of an end a moment later than the node.
fn has_ended(error: &RuntimeError) -> bool {
    matches!(error, RuntimeError::NotRunning(_) | RuntimeError::ContainerNotFound(_))
}

/// Joins a container's own process; nothing comes back if it has ended meanwhile. The session ends well however the process
/// does: the container runtime interface tells those who are attached of no exit code.
pub(super) fn attach(
    client: &Client,
    node: &Node,
    id: &ContainerId,
    streams: StreamOptions,
) -> Answer<Option<Session>> {
    let size = streams.tty.then(WindowSize::default);
    match node.attach(id, AttachOptions { stdin: streams.stdin, size }) {
        Ok(session) => {
            let joined = join(client, session, streams);
            Ok(Some(Session { exit: joined.exit.map(|ended| ended.map(|_| 0)).boxed(), ..joined }))
        }
        Err(error) if has_ended(&error) => Ok(None),
        Err(error) => Err(failed(error.to_string())),
    }
}

fn join(client: &Client, session: podlab_node::Session, streams: StreamOptions) -> Session {
    let resize = session.terminal.map(|terminal| {
        let (sender, sizes) = mpsc::channel(RESIZES);
        client.spawn(follow_size(terminal, sizes));
        sender
    });
    let exit = session.exit;
    Session {
        stdin: session.stdin.filter(|_| streams.stdin).map(|sink| Box::new(sink) as _),
        stdout: streams.stdout.then(|| Box::new(session.stdout) as _),
        stderr: session.stderr.filter(|_| streams.stderr).map(|source| Box::new(source) as _),
        resize,
        exit: async move { Ok(exit.wait().await.code()) }.boxed(),
    }
}

async fn follow_size(terminal: TerminalControl, mut sizes: mpsc::Receiver<TerminalSize>) {
    while let Some(TerminalSize { width, height }) = sizes.recv().await {
        terminal.resize(WindowSize { columns: width, rows: height });
    }
}

/// A connection to a port on a Pod's localhost.
pub(super) async fn port_forward(
    client: &Client,
    node: &Node,
    sandbox: &SandboxId,
    port: u16,
) -> Answer<DuplexStream> {
    let connection = node.port_forward(sandbox, port).await.map_err(|error| {
        let error = refusal(error);
        failed(format!(
            "failed to execute portforward in network namespace: failed to connect to localhost:{port} inside \
             namespace: dial tcp4 127.0.0.1:{port}: {error}"
        ))
    })?;
    Ok(pump(client, connection))
}

/// A connection to an address as the node reaches it.
pub(super) async fn dial(facts: &NodeFacts, address: &str, port: u16) -> Answer<DuplexStream> {
    let ip = address.parse().map_err(|_| failed(format!("dial tcp: lookup {address}: no such host")))?;
    let to = std::net::SocketAddr::new(ip, port);
    let origin = Origin::Node(facts.name.clone());
    let connection = facts.node.network().connect(&origin, to).await;
    let connection = connection.map_err(|error| failed(format!("dial tcp {to}: {}", refusal(error))))?;
    Ok(pump(&facts.client, connection))
}

fn refusal(error: ConnectError) -> &'static str {
    match error {
        ConnectError::Refused => "connect: connection refused",
        ConnectError::TimedOut => "connect: connection timed out",
        ConnectError::Unreachable => "connect: no route to host",
    }
}

fn pump(client: &Client, mut connection: Connection) -> DuplexStream {
    let (near, mut far) = tokio::io::duplex(BUFFER);
    client.spawn(async move {
        // Whichever side breaks off, the other one sees its end.
        let _ = tokio::io::copy_bidirectional(&mut far, &mut connection).await;
    });
    near
}
