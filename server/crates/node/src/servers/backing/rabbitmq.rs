//! RabbitMQ: that it listens, and `rabbitmq-diagnostics ping`; messages are not simulated.

use std::{sync::Arc, time::Duration};

use super::{Service, hostname, stamp, version};
use crate::{
    env::BoxFuture,
    kernel::{
        errno::Errno,
        process::{Outcome, Process},
    },
};

const PORT: u16 = 5672;

pub(super) const SERVICE: Service = Service {
    name: "rabbitmq-server",
    memory: 120 << 20,
    ports: &[PORT, 25672],
    starting: Duration::from_secs(3),
    greeting,
    ready,
    taken,
    farewell,
    answer: None,
    exit_code: 0,
};

fn line(process: &Process, text: &str) -> String {
    format!("{} [info] <0.230.0> {text}\n", stamp(process, "%Y-%m-%d %H:%M:%S%.6f+00:00"))
}

fn greeting(process: &Process) -> String {
    let version = version(process, "RABBITMQ_VERSION", "4.1.5");
    line(process, &format!("Starting RabbitMQ {version} on Erlang 27"))
}

fn ready(process: &Process) -> String {
    line(process, "started TCP listener on [::]:5672")
        + &line(process, "Server startup complete; 0 plugins started.")
}

fn taken(process: &Process, port: u16, _: Errno) -> String {
    line(
        process,
        &format!(
            "Failed to start Ranch listener {{acceptor,{{0,0,0,0,0,0,0,0}},{port}}}: eaddrinuse (address already in use)"
        ),
    )
}

fn farewell(process: &Process) -> String {
    line(process, "SIGTERM received - shutting down")
}

/// Runs `rabbitmq-diagnostics` and `rabbitmqctl`: they find out whether the server here runs.
pub(in crate::servers) fn diagnostics_main(process: Arc<Process>) -> BoxFuture<Outcome> {
    Box::pin(async move { Outcome::Exit(diagnose(&process).await) })
}

async fn diagnose(process: &Arc<Process>) -> u8 {
    let argv = process.argv();
    let words: Vec<String> =
        argv.iter().skip(1).map(|arg| String::from_utf8_lossy(arg).into_owned()).collect();
    let quiet = words.iter().any(|word| word == "-q" || word == "--quiet");
    let node = format!("rabbit@{}", hostname(process));
    let verb = words.iter().find(|word| !word.starts_with('-')).map(String::as_str);
    let Some(verb @ ("ping" | "check_running" | "check_port_connectivity" | "check_local_alarms")) = verb
    else {
        let text = "podlab simulates ping, check_running, check_port_connectivity and check_local_alarms of RabbitMQ's tools\n";
        let _ = process.write(2, text).await;
        return 64;
    };
    if process.connect(([127, 0, 0, 1], PORT).into()).await.is_err() {
        let text = format!(
            "Error: unable to perform an operation on node '{node}'. Please see diagnostics information and suggestions below.\n"
        );
        let _ = process.write(2, text).await;
        return 69;
    }
    let (before, after) = match verb {
        "ping" => (
            format!(
                "Will ping {node}. This only checks if the OS process is running and registered with epmd. Timeout: 60000 ms.\n"
            ),
            "Ping succeeded\n".to_owned(),
        ),
        "check_running" => (
            format!("Checking if RabbitMQ is running on node {node} ...\n"),
            format!("RabbitMQ on node {node} is fully booted and running\n"),
        ),
        "check_port_connectivity" => (
            format!("Testing TCP connections to all active listeners on node {node} ...\n"),
            format!("Successfully connected to ports 5672, 25672 on node {node}.\n"),
        ),
        _ => (
            format!("Asking node {node} to report any local resource alarms ...\n"),
            format!("Node {node} reported no local alarms\n"),
        ),
    };
    let _ = process.write(1, if quiet { after } else { before + &after }).await;
    0
}
