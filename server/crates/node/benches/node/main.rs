//! What containers cost: `cargo bench -p podlab-node` prints a figure a line. On the wall clock, on this machine.
#![expect(clippy::disallowed_methods, reason = "a benchmark looks at the real clock and the real machine")]
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark that cannot go on has failed")]

mod turns;

use std::{
    fs,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use podlab_node::{
    Catalogue, ContainerConfig, ContainerId, ContainerState, Env, ExecOptions, Network, Node, NodeConfig,
    SandboxConfig, SandboxId,
};
use tokio::io::AsyncReadExt;
use turns::turns;

/// As the server's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn holding_nothing_back() -> NodeConfig {
    NodeConfig {
        pod_range: ([10, 0, 0, 0].into(), 16),
        max_pids: 1 << 20,
        budget_bytes: 4 << 30,
        memory_bytes: 1 << 40,
        burst_steps: 1 << 40,
        busy_steps_per_second: 1 << 40,
        ..NodeConfig::default()
    }
}

fn node() -> Node {
    let env = Env::on_current_runtime(Timestamp::UNIX_EPOCH, 1);
    Node::new(holding_nothing_back(), env.clone(), Network::new(env), Catalogue::builtin())
}

fn script(text: &str) -> ContainerConfig {
    run_by("busybox", "sh", text)
}

/// A script that a shell of an image runs.
fn run_by(image: &str, shell: &str, text: &str) -> ContainerConfig {
    ContainerConfig {
        image: image.to_owned(),
        command: [shell, "-c", text].map(str::to_owned).to_vec(),
        ..ContainerConfig::default()
    }
}

async fn pod(node: &Node) -> SandboxId {
    node.run_sandbox(SandboxConfig::default()).await.unwrap().id
}

async fn start(node: &Node, config: ContainerConfig) -> ContainerId {
    let id = node.create_container(&pod(node).await, config).unwrap();
    node.start_container(&id).await.unwrap();
    id
}

async fn run(node: &Node, config: ContainerConfig) -> Duration {
    let begun = Instant::now();
    let mut events = node.events();
    let id = start(node, config).await;
    while node.container_status(&id).unwrap().state != ContainerState::Exited {
        events.next().await.unwrap();
    }
    begun.elapsed()
}

/// Memory in use, in bytes.
fn resident() -> u64 {
    let text = fs::read_to_string("/proc/self/statm").unwrap();
    text.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

/// Processor time used, in seconds.
fn processor() -> f64 {
    times(11)
}

/// Processor time that programs used which this one ran, in seconds.
fn children() -> f64 {
    times(13)
}

/// The sum of two fields of `/proc/self/stat`, in seconds.
fn times(field: usize) -> f64 {
    let text = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = text.rsplit(')').next().unwrap().split_whitespace().collect();
    (fields[field].parse::<f64>().unwrap() + fields[field + 1].parse::<f64>().unwrap()) / 100.0
}

/// Prints a figure and how many times its aim it is; `-` where there is no aim.
fn report(what: &str, figure: f64, unit: &str, target: &str) {
    let ratio = target.parse().map_or_else(|_| "-".to_owned(), |aim: f64| format!("{:.2}", figure / aim));
    println!("{what:<44} {figure:>10.3} {unit:<8} aim {target:>4}, {ratio:>6} times that");
}

async fn starts_and_execs() {
    let node = node();
    node.pull_image("busybox").await.unwrap();
    run(&node, script("exit")).await;
    let count = 500;
    let mut total = Duration::ZERO;
    for _ in 0..count {
        total += run(&node, script("exit")).await;
    }
    report("container: create, start, exit", total.as_secs_f64() * 1e3 / f64::from(count), "ms", "1");
    let id = start(&node, script("sleep 1000000")).await;
    let begun = Instant::now();
    for _ in 0..count {
        let options = ExecOptions { argv: vec!["true".to_owned()], ..ExecOptions::default() };
        let mut session = node.exec(&id, options).await.unwrap();
        let mut text = Vec::new();
        session.stdout.read_to_end(&mut text).await.unwrap();
        session.exit.wait().await;
    }
    report("exec round trip", begun.elapsed().as_secs_f64() * 1e3 / f64::from(count), "ms", "1");
}

async fn throughput() {
    let node = node();
    node.pull_image("busybox").await.unwrap();
    let elapsed = run(&node, script("head -c 1000000000 /dev/zero | cat > /dev/null")).await;
    report("pipe", 1000.0 / elapsed.as_secs_f64(), "MB/s", "500");
    let elapsed =
        run(&node, script("yes some words in a line | head -c 100000000 | grep -c words > /dev/null")).await;
    report("yes | head | grep -c", 100.0 / elapsed.as_secs_f64(), "MB/s", "-");
}

async fn arithmetic() {
    let node = node();
    node.pull_image("busybox").await.unwrap();
    let text = "i=0; while [ $i -lt 1000000 ]; do i=$((i+1)); done";
    let before = processor();
    let wall = run(&node, script(text)).await.as_secs_f64();
    let ours = processor() - before;
    report("a million rounds of a counting loop", wall, "s", "-");
    // Processor time, which does not depend on what else the machine does.
    let before = children();
    let real = Command::new("busybox").args(["sh", "-c", text]).stdin(Stdio::null()).status();
    if real.is_ok_and(|status| status.success()) {
        report("  against busybox itself", ours / (children() - before).max(0.01), "times", "3");
    }
    let text = "f() { x=$1; case $x in a*) y=${x#a};; *) y=b;; esac; }; i=0; while [ $i -lt 100000 ]; do f ab; i=$((i+1)); done";
    report("100,000 calls of a function", run(&node, script(text)).await.as_secs_f64(), "s", "-");
    let text = "i=0; while [ $i -lt 5000 ]; do x=$(echo $i | cat); i=$((i+1)); done";
    report("5,000 substitutions of a pipeline", run(&node, script(text)).await.as_secs_f64(), "s", "-");
}

async fn idle() {
    let node = node();
    node.pull_image("busybox").await.unwrap();
    start(&node, script("sleep 1000000")).await;
    let count = 10_000u32;
    let before = resident();
    for _ in 0..count {
        start(&node, script("sleep 1000000")).await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let used = resident().saturating_sub(before);
    report("an idle container", used as f64 / f64::from(count) / 1e3, "kB", "15");
    report("10,000 of them", used as f64 / 1e6, "MB", "300");
}

async fn ticking() {
    let node = node();
    node.pull_image("busybox").await.unwrap();
    for _ in 0..1000 {
        start(&node, script("while true; do date >> /x; sleep 1; done")).await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (before, begun) = (processor(), Instant::now());
    tokio::time::sleep(Duration::from_secs(10)).await;
    let share = (processor() - before) / begun.elapsed().as_secs_f64();
    report("1,000 containers that date every second", share * 100.0, "% core", "3");
}

async fn lateness() {
    let env = Env::on_current_runtime(Timestamp::UNIX_EPOCH, 1);
    let node = Node::new(NodeConfig::default(), env.clone(), Network::new(env), Catalogue::builtin());
    node.pull_image("busybox").await.unwrap();
    for _ in 0..4 {
        start(&node, script("while :; do :; done")).await;
    }
    let mut worst = Duration::ZERO;
    for _ in 0..200 {
        let begun = Instant::now();
        tokio::time::sleep(Duration::from_millis(10)).await;
        worst = worst.max(begun.elapsed().saturating_sub(Duration::from_millis(10)));
    }
    report("the latest timer beside four busy loops", worst.as_secs_f64() * 1e3, "ms", "20");
}

fn main() {
    // As the server's. Each on a runtime of its own, so that nothing is left of the one before.
    let runtime = || {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .event_interval(8)
            .enable_time()
            .build()
            .unwrap()
    };
    let only = std::env::args().nth(1).filter(|arg| !arg.starts_with('-'));
    let wanted = |name: &str| only.as_deref().is_none_or(|only| name.contains(only));
    macro_rules! measure {
        ($($name:ident),*) => {
            $(if wanted(stringify!($name)) {
                let runtime = runtime();
                // On a worker, as everything is that serves.
                runtime.block_on(async { tokio::task::spawn($name()).await.unwrap() });
                runtime.shutdown_background();
            })*
        };
    }
    measure!(idle, starts_and_execs, throughput, arithmetic, ticking, lateness, turns);
}
