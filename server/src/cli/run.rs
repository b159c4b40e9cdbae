//! `podlab run`: one simulated container in this terminal.

mod copy_in;
mod terminal;

use std::{path::PathBuf, process::ExitCode, str::FromStr};

use clap::Args;
use jiff::Timestamp;
use podlab_node::{
    AttachOptions, ByteSink, ByteSource, Catalogue, ContainerConfig, ContainerId, Env, Mount, Network, Node,
    NodeConfig, RuntimeError, SandboxConfig, Session, Signal,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::Failure;

/// Arguments of `podlab run`.
#[derive(Debug, Args)]
pub(super) struct Run {
    /// Keep the container's standard input open and connected to this one
    #[arg(short, long)]
    interactive: bool,
    /// Give the container a terminal
    #[arg(short, long)]
    tty: bool,
    /// Copy the folder DIR into the container at PATH; what the container changes there stays in the container
    #[arg(long, value_name = "DIR:PATH")]
    mount: Vec<FolderAt>,
    /// The image, such as busybox or nginx:1.29
    image: String,
    /// The command and its arguments, instead of the image's own
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// A folder of this machine, and where it goes.
#[derive(Clone, Debug)]
struct FolderAt {
    folder: PathBuf,
    path: String,
}

impl FromStr for FolderAt {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.rsplit_once(':') {
            Some((folder, path)) if !folder.is_empty() && path.starts_with('/') => {
                Ok(Self { folder: folder.into(), path: path.into() })
            }
            _ => Err("write DIR:PATH, with an absolute PATH in the container, such as ./site:/usr/share/nginx/html".into()),
        }
    }
}

impl Run {
    pub(super) async fn run(self) -> Result<ExitCode, Failure> {
        let env = Env::on_current_runtime(Timestamp::now(), rand::random());
        let node = Node::new(NodeConfig::default(), env.clone(), Network::new(env), Catalogue::builtin());
        node.pull_image(&self.image).await?;
        let sandbox = node
            .run_sandbox(SandboxConfig {
                name: "podlab/run".into(),
                hostname: format!("{:012x}", rand::random::<u64>() >> 16),
                ..SandboxConfig::default()
            })
            .await?;
        let mut mounts = vec![];
        for FolderAt { folder, path } in &self.mount {
            let volume = node.directory(&copy_in::entries(folder)?)?;
            mounts.push(Mount { volume, sub_path: None, path: path.clone(), read_only: false });
        }
        let raw = if self.tty { terminal::Raw::enter() } else { None };
        let config = ContainerConfig {
            name: "run".into(),
            image: self.image.clone(),
            // As everywhere in containers: what is given replaces the arguments, and keeps the entry point.
            args: self.command.clone(),
            mounts,
            stdin: self.interactive,
            stdin_once: true,
            tty: self.tty,
            ..ContainerConfig::default()
        };
        let container = node.create_container(&sandbox.id, config)?;
        let size = self.tty.then(|| terminal::size().unwrap_or_default());
        let session = node.attach(&container, AttachOptions { stdin: self.interactive, size })?;
        let code = match node.start_container(&container).await {
            Ok(()) => attend(&node, &container, session).await,
            Err(RuntimeError::Start(why)) => {
                drop(raw);
                eprintln!("podlab: {why}");
                // The codes that shells and container runtimes have for "not found" and "cannot be executed".
                return Ok(ExitCode::from(if why.contains("permission denied") { 126 } else { 127 }));
            }
            Err(error) => return Err(error.into()),
        };
        drop(raw);
        Ok(ExitCode::from(code))
    }
}

/// Pumps the streams until the container has ended, and gives its exit code.
async fn attend(node: &Node, container: &ContainerId, session: Session) -> u8 {
    let Session { stdin, stdout, stderr, terminal: control, exit, .. } = session;
    if let Some(stdin) = stdin {
        tokio::spawn(feed(tokio::io::stdin(), stdin));
    }
    if let Some(control) = control {
        tokio::spawn(terminal::follow_size(control));
    }
    let signals = tokio::spawn(forward_signals(node.clone(), container.clone()));
    let out = drain(stdout, tokio::io::stdout());
    let err = async {
        if let Some(stderr) = stderr {
            drain(stderr, tokio::io::stderr()).await;
        }
    };
    tokio::join!(out, err);
    let status = exit.wait().await;
    signals.abort();
    u8::try_from(status.code()).unwrap_or(u8::MAX)
}

async fn feed(mut from: impl AsyncRead + Unpin, mut to: ByteSink) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
    let _ = to.shutdown().await;
}

async fn drain(mut from: ByteSource, mut to: impl AsyncWrite + Unpin) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        // Nobody reads any more (`podlab run ... | head`): the container finds its stream closed, as in a pipe.
        if to.write_all(&buffer[..count]).await.is_err() || to.flush().await.is_err() {
            return;
        }
    }
}

/// Hands SIGINT and SIGTERM on, as container runtimes do; the third one ends podlab whatever the container does.
async fn forward_signals(node: Node, container: ContainerId) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return;
    };
    for _ in 0..2 {
        let received = tokio::select! {
            _ = interrupt.recv() => Signal::INT,
            _ = terminate.recv() => Signal::TERM,
        };
        let _ = node.signal_container(&container, received);
    }
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    let _ = node.signal_container(&container, Signal::KILL);
}
