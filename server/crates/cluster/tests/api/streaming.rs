//! Commands, attached processes, forwarded ports and logs, with kube-rs and by hand.

use futures::{AsyncBufReadExt, TryStreamExt};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, AttachParams, LogParams};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{in_process, run};

fn pods(cluster: &podlab_cluster::Cluster) -> Api<Pod> {
    Api::namespaced(in_process::client(cluster), "default")
}

#[test]
fn a_command_gets_its_input_and_its_output_comes_back() {
    run(async |cluster| {
        let options = AttachParams::default().container("a").stdin(true).stderr(false);
        let mut command = pods(&cluster).exec("p", ["shout"], &options).await.unwrap();
        let mut stdin = command.stdin().unwrap();
        stdin.write_all(b"hello").await.unwrap();
        stdin.shutdown().await.unwrap();
        drop(stdin);
        let mut said = String::new();
        command.stdout().unwrap().read_to_string(&mut said).await.unwrap();
        assert_eq!(said, "HELLO");
        let status = command.take_status().unwrap().await.unwrap();
        assert_eq!(status.status.as_deref(), Some("Success"));
    });
}

#[test]
fn the_exit_code_of_a_command_is_a_cause() {
    run(async |cluster| {
        let mut command =
            pods(&cluster).exec("p", ["fail"], &AttachParams::default().container("b")).await.unwrap();
        let mut said = String::new();
        command.stderr().unwrap().read_to_string(&mut said).await.unwrap();
        assert_eq!(said, "no\n");
        let status = command.take_status().unwrap().await.unwrap();
        assert_eq!(status.reason.as_deref(), Some("NonZeroExitCode"));
        assert_eq!(
            status.message.as_deref(),
            Some("command terminated with non-zero exit code: error executing command, exit code 3")
        );
        let causes = status.details.unwrap().causes.unwrap();
        assert_eq!(
            (causes[0].reason.as_deref(), causes[0].message.as_deref()),
            (Some("ExitCode"), Some("3"))
        );
    });
}

#[test]
fn a_command_that_is_not_there_is_an_internal_error() {
    run(async |cluster| {
        let mut command =
            pods(&cluster).exec("p", ["nope"], &AttachParams::default().container("a")).await.unwrap();
        let status = command.take_status().unwrap().await.unwrap();
        assert_eq!(status.reason.as_deref(), Some("InternalError"));
        // The newest protocol is translated for the kubelet, and its error wrapped once more.
        let message = "Internal error occurred: Internal error occurred: exec: \"nope\": executable file not found in $PATH";
        assert_eq!(status.message.as_deref(), Some(message));
    });
}

#[test]
fn an_attached_process_is_met_as_a_command_is() {
    run(async |cluster| {
        let options = AttachParams::default().container("a").stdin(true).stderr(false);
        let mut process = pods(&cluster).attach("p", &options).await.unwrap();
        let mut stdin = process.stdin().unwrap();
        stdin.write_all(b"x").await.unwrap();
        stdin.shutdown().await.unwrap();
        drop(stdin);
        let mut said = String::new();
        process.stdout().unwrap().read_to_string(&mut said).await.unwrap();
        assert_eq!(said, "X");
    });
}

#[test]
fn a_forwarded_port_carries_bytes_both_ways() {
    run(async |cluster| {
        let mut forwarder = pods(&cluster).portforward("p", &[80]).await.unwrap();
        let mut stream = forwarder.take_stream(80).unwrap();
        stream.write_all(b"ping").await.unwrap();
        let mut answer = [0; 4];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"PING");
    });
}

#[test]
fn a_port_that_nobody_listens_on_says_so() {
    run(async |cluster| {
        let mut forwarder = pods(&cluster).portforward("p", &[81]).await.unwrap();
        let error = forwarder.take_error(81).unwrap();
        assert_eq!(error.await.as_deref(), Some("connection refused"));
    });
}

#[test]
fn logs_come_as_lines_with_the_options_that_were_asked_for() {
    run(async |cluster| {
        let options = LogParams {
            container: Some("b".into()),
            follow: true,
            tail_lines: Some(5),
            ..LogParams::default()
        };
        let lines = pods(&cluster).log_stream("p", &options).await.unwrap().lines();
        let lines: Vec<String> = lines.try_collect().await.unwrap();
        assert_eq!(lines, ["b Some(5)", "second"]);
    });
}

/// What a client sends before it speaks SPDY, and what it hears.
async fn upgraded(cluster: &podlab_cluster::Cluster, path: &str, protocols: &str) -> String {
    let mut connection = cluster.connect();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: {protocols}\r\nContent-Length: 0\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(connection.read_u8().await.unwrap());
    }
    String::from_utf8(answer).unwrap().to_lowercase()
}

#[test]
fn a_forwarding_client_that_names_no_protocol_gets_the_channels() {
    run(async |cluster| {
        let mut connection = cluster.connect();
        let head = "GET /api/v1/namespaces/default/pods/p/portforward?ports=80 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n\
                    Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        connection.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(connection.read_u8().await.unwrap());
        }
        let answer = String::from_utf8(answer).unwrap().to_lowercase();
        assert!(answer.starts_with("http/1.1 101") && !answer.contains("sec-websocket-protocol"), "{answer}");
        // Each of the port's two channels begins with the port's number.
        let mut frames = [0; 10];
        connection.read_exact(&mut frames).await.unwrap();
        assert_eq!(frames, [0x82, 3, 0, 80, 0, 0x82, 3, 1, 80, 0]);
        connection.write_all(&[0x82, 0x85, 0, 0, 0, 0, 0, b'p', b'i', b'n', b'g']).await.unwrap();
        let mut frame = [0; 7];
        connection.read_exact(&mut frame).await.unwrap();
        assert_eq!(frame, [0x82, 5, 0, b'P', b'I', b'N', b'G']);
    });
}

#[test]
fn older_clients_speak_spdy() {
    run(async |cluster| {
        let exec = "/api/v1/namespaces/default/pods/p/exec?container=a&command=fail&stdout=true&stderr=true";
        let answer =
            upgraded(&cluster, exec, "v5.channel.k8s.io, v4.channel.k8s.io, v3.channel.k8s.io").await;
        assert!(answer.starts_with("http/1.1 101"), "{answer}");
        assert!(answer.contains("upgrade: spdy/3.1\r\n"), "{answer}");
        assert!(answer.contains("x-stream-protocol-version: v4.channel.k8s.io\r\n"), "{answer}");
        let forward = "/api/v1/namespaces/default/pods/p/portforward";
        let answer = upgraded(&cluster, forward, "portforward.k8s.io").await;
        assert!(answer.contains("x-stream-protocol-version: portforward.k8s.io\r\n"), "{answer}");
        let answer = upgraded(&cluster, forward, "gossip").await;
        assert!(answer.starts_with("http/1.1 403"), "{answer}");
    });
}
