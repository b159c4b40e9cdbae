//! Runs scripts in simulated containers: many at a time, on one node whose clock jumps.

use std::time::Duration;

use futures::{StreamExt, stream};
use jiff::Timestamp;
use podlab_node::{
    AttachOptions, Catalogue, ContainerConfig, Env, Mount, Network, Node, NodeConfig, PidMode, SandboxConfig,
};
use tokio::io::AsyncReadExt;

use crate::{
    outcome::Outcome,
    script::{Script, System},
};

/// How many scripts run at a time.
const AT_A_TIME: usize = 32;
/// How long a script may take, in the node's time.
const TIME_LIMIT: Duration = Duration::from_mins(30);

/// Runs all scripts, each in a container of its own. An outcome is an error where the script did not end in time.
pub(crate) async fn run_all(system: System, scripts: &[Script]) -> Vec<Result<Outcome, String>> {
    let env = Env::on_current_runtime(Timestamp::UNIX_EPOCH + Duration::from_secs(1_700_000_000), 1);
    let network = Network::new(env.clone());
    let node = Node::new(NodeConfig::default(), env, network, Catalogue::builtin());
    stream::iter(scripts)
        .map(|script| {
            let node = &node;
            async move {
                let outcome = tokio::time::timeout(TIME_LIMIT, run(node, system, script)).await;
                outcome.map_err(|_| format!("no end here within {} min", TIME_LIMIT.as_secs() / 60))
            }
        })
        .buffered(AT_A_TIME)
        .collect()
        .await
}

async fn run(node: &Node, system: System, script: &Script) -> Outcome {
    let image = node.pull_image(system.image()).await.unwrap();
    // As on the real side the script is not process 1.
    let sandbox =
        SandboxConfig { hostname: "container".to_owned(), pids: PidMode::Pod, ..SandboxConfig::default() };
    let sandbox = node.run_sandbox(sandbox).await.unwrap();
    let volume = node.directory(&[]).unwrap();
    let config = ContainerConfig {
        name: "script".to_owned(),
        image: image.id,
        command: vec![script.shell().to_owned(), "-c".to_owned(), script.text.clone()],
        working_dir: Some("/work".to_owned()),
        env: [("TZ", "UTC0"), ("HOME", "/work")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
        mounts: vec![Mount { volume, sub_path: None, path: "/work".to_owned(), read_only: false }],
        ..ContainerConfig::default()
    };
    let id = node.create_container(&sandbox.id, config).unwrap();
    let session = node.attach(&id, AttachOptions { stdin: false, size: None }).unwrap();
    node.start_container(&id).await.unwrap();
    let (mut out, mut err) = (session.stdout, session.stderr.unwrap());
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let _ = tokio::join!(out.read_to_end(&mut stdout), err.read_to_end(&mut stderr));
    let status = session.exit.wait().await;
    node.stop_sandbox(&sandbox.id).await.unwrap();
    node.remove_sandbox(&sandbox.id).await;
    Outcome::normalized(&stdout, &stderr, status.code())
}
