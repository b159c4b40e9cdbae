//! A node to try things on.

use std::{net::IpAddr, time::Duration};

use jiff::Timestamp;
use podlab_node::{
    Catalogue, ContainerConfig, ContainerId, ContainerState, ContainerStatus, DnsConfig, Env, ExecOptions,
    LogOptions, Mount, Network, Node, NodeConfig, RuntimeError, SandboxConfig, SandboxId, Session, Volume,
    WindowSize,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The date at which every test begins.
pub(crate) const BEGIN: &str = "2026-03-01T12:00:00Z";

/// A node with `busybox` on it.
pub(crate) struct Lab {
    pub(crate) env: Env,
    pub(crate) network: Network,
    pub(crate) node: Node,
}

/// What a command printed, and how it ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Output {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: i32,
}

impl Lab {
    pub(crate) async fn new() -> Self {
        Self::with(NodeConfig::default()).await
    }

    pub(crate) async fn with(config: NodeConfig) -> Self {
        let env = Env::on_current_runtime(BEGIN.parse().unwrap(), 7);
        let network = Network::new(env.clone());
        let node = Node::new(config, env.clone(), network.clone(), Catalogue::builtin());
        node.pull_image("busybox").await.unwrap();
        Self { env, network, node }
    }

    /// A sandbox as an ordinary Pod has it.
    pub(crate) async fn pod(&self, name: &str) -> SandboxId {
        let dns = DnsConfig {
            servers: vec![IpAddr::from([10, 96, 0, 10])],
            searches: ["default.svc.cluster.local", "svc.cluster.local", "cluster.local"]
                .map(str::to_owned)
                .to_vec(),
            options: vec!["ndots:5".to_owned()],
        };
        let config = SandboxConfig {
            name: format!("default/{name}"),
            hostname: name.to_owned(),
            dns,
            ..SandboxConfig::default()
        };
        self.node.run_sandbox(config).await.unwrap().id
    }

    /// Makes a container and starts it.
    pub(crate) async fn start(&self, pod: &SandboxId, config: ContainerConfig) -> ContainerId {
        let id = self.node.create_container(pod, config).unwrap();
        self.node.start_container(&id).await.unwrap();
        id
    }

    /// A Pod of one container.
    pub(crate) async fn container(&self, config: ContainerConfig) -> ContainerId {
        let pod = self.pod("pod").await;
        self.start(&pod, config).await
    }

    /// Waits for a container's end.
    pub(crate) async fn ended(&self, id: &ContainerId) -> ContainerStatus {
        let mut events = self.node.events();
        loop {
            let status = self.node.container_status(id).unwrap();
            if status.state == ContainerState::Exited {
                return status;
            }
            events.next().await.unwrap();
        }
    }

    /// Runs a Pod of one container to its end: its log, and how it ended.
    pub(crate) async fn outcome(&self, config: ContainerConfig) -> (String, ContainerStatus) {
        let pod = self.pod("pod").await;
        let id = self.start(&pod, config).await;
        let status = self.ended(&id).await;
        let log = self.log(&id).await;
        self.node.remove_sandbox(&pod).await;
        (log, status)
    }

    /// What the container printed, both streams together.
    pub(crate) async fn log(&self, id: &ContainerId) -> String {
        self.log_with(id, LogOptions::default()).await
    }

    pub(crate) async fn log_with(&self, id: &ContainerId, options: LogOptions) -> String {
        let mut reader = self.node.logs(id, options).unwrap();
        let mut text = String::new();
        while let Some(entry) = reader.next().await {
            text.push_str(&String::from_utf8_lossy(&entry.text));
            if !entry.partial {
                text.push('\n');
            }
        }
        text
    }

    /// Runs a script in a container.
    pub(crate) async fn sh(&self, id: &ContainerId, script: &str) -> Output {
        self.exec(id, &["sh", "-c", script]).await.unwrap()
    }

    pub(crate) async fn exec(&self, id: &ContainerId, argv: &[&str]) -> Result<Output, RuntimeError> {
        let session = self.node.exec(id, ExecOptions { argv: words(argv), ..ExecOptions::default() }).await?;
        Ok(collect(session, None).await)
    }

    /// Runs a script that reads `input`.
    pub(crate) async fn sh_with(&self, id: &ContainerId, script: &str, input: &str) -> Output {
        let options = ExecOptions { argv: words(&["sh", "-c", script]), stdin: true, tty: None };
        collect(self.node.exec(id, options).await.unwrap(), Some(input)).await
    }

    /// Runs a program on a terminal; what is typed goes in through the session.
    pub(crate) async fn terminal(&self, id: &ContainerId, argv: &[&str]) -> Session {
        let options =
            ExecOptions { argv: words(argv), stdin: true, tty: Some(WindowSize { columns: 80, rows: 24 }) };
        self.node.exec(id, options).await.unwrap()
    }

    pub(crate) async fn sleep(&self, millis: u64) {
        self.env.sleep(Duration::from_millis(millis)).await;
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.env.clock.now()
    }

    /// Time since the node was made.
    pub(crate) fn uptime(&self) -> Duration {
        self.env.clock.uptime()
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Feeds a session and reads it to its end.
pub(crate) async fn collect(session: Session, input: Option<&str>) -> Output {
    let Session { stdin, mut stdout, stderr, exit, .. } = session;
    let feed = async {
        if let (Some(mut stdin), Some(input)) = (stdin, input) {
            // A program may end without reading all of it.
            let _ = stdin.write_all(input.as_bytes()).await;
            let _ = stdin.shutdown().await;
        }
    };
    let mut out = Vec::new();
    let mut err = Vec::new();
    let errors = async {
        if let Some(mut stderr) = stderr {
            stderr.read_to_end(&mut err).await.unwrap();
        }
    };
    let (_, read, ()) = tokio::join!(feed, stdout.read_to_end(&mut out), errors);
    read.unwrap();
    let code = exit.wait().await.code();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Output { stdout: text(out), stderr: text(err), code }
}

/// What a container runs: `sh -c SCRIPT` in `busybox`.
pub(crate) fn script(script: &str) -> ContainerConfig {
    ContainerConfig {
        name: "main".to_owned(),
        image: "busybox".to_owned(),
        command: words(&["sh", "-c"]),
        args: vec![script.to_owned()],
        ..ContainerConfig::default()
    }
}

/// A container that runs until it is stopped.
pub(crate) fn idle() -> ContainerConfig {
    script("trap 'exit 0' TERM; while :; do sleep 3600 & wait $!; done")
}

/// All of a volume at a path.
pub(crate) fn mount(volume: &Volume, path: &str) -> Mount {
    Mount { volume: volume.clone(), sub_path: None, path: path.to_owned(), read_only: false }
}
