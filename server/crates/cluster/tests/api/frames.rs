//! Frames that no client means: the connection ends, and the cluster goes on.

use std::time::Duration;

use podlab_cluster::Cluster;
use proptest::{prelude::*, strategy::ValueTree as _, test_runner::TestRunner};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use crate::{request, run};

const EXEC: &str = "/api/v1/namespaces/default/pods/p/exec?container=a&command=shout&stdin=true&stdout=true";
const FORWARD: &str = "/api/v1/namespaces/default/pods/p/portforward?ports=80";

/// How long a connection may take to end, on the test's clock.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection after its upgrade.
async fn upgraded(cluster: &Cluster, method: &str, path: &str, headers: &str) -> DuplexStream {
    let mut connection = cluster.connect();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n{headers}\r\n");
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(connection.read_u8().await.unwrap());
    }
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
    connection
}

async fn websocket(cluster: &Cluster, path: &str, protocol: &str) -> DuplexStream {
    let headers = format!(
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Protocol: {protocol}\r\n"
    );
    upgraded(cluster, "GET", path, &headers).await
}

async fn spdy(cluster: &Cluster, path: &str, protocol: &str) -> DuplexStream {
    let headers =
        format!("Upgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: {protocol}\r\nContent-Length: 0\r\n");
    upgraded(cluster, "POST", path, &headers).await
}

/// Sends bytes and hangs up: whatever they are, the server hangs up too.
async fn ends(mut connection: DuplexStream, bytes: &[u8]) {
    // It may have hung up before it has read all.
    let _ = connection.write_all(bytes).await;
    let _ = connection.shutdown().await;
    let mut rest = Vec::new();
    let end = tokio::time::timeout(PATIENCE, connection.read_to_end(&mut rest)).await;
    assert!(end.is_ok(), "the connection stays open after {:?}", bytes.get(..24.min(bytes.len())));
}

async fn is_alive(cluster: &Cluster) {
    assert_eq!(request(cluster, "GET", "/readyz", &[], "").await.0, 200);
}

#[test]
fn broken_websocket_frames_end_the_connection() {
    run(async |cluster| {
        let frames: [(&str, Vec<u8>); 8] = [
            ("not masked", vec![0x82, 2, 0, b'x']),
            ("unknown opcode", vec![0x83, 0x80, 1, 2, 3, 4]),
            ("reserved bits", vec![0xf2, 0x80, 1, 2, 3, 4]),
            ("a control frame in pieces", vec![0x09, 0x80, 1, 2, 3, 4]),
            ("a control frame that is too long", [&[0x89, 0xfe, 1, 0, 1, 2, 3, 4][..], &[0; 256]].concat()),
            ("a continuation of nothing", vec![0x80, 0x80, 1, 2, 3, 4]),
            ("larger than any memory", vec![0x82, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, 1, 2, 3, 4]),
            ("cut off", vec![0x82, 0xfe, 0xff]),
        ];
        for (what, bytes) in &frames {
            for protocol in ["v5.channel.k8s.io", "v4.channel.k8s.io"] {
                let mut connection = websocket(&cluster, EXEC, protocol).await;
                connection.write_all(bytes).await.unwrap();
                let mut rest = Vec::new();
                if *what == "cut off" {
                    connection.shutdown().await.unwrap();
                }
                let end = tokio::time::timeout(PATIENCE, connection.read_to_end(&mut rest)).await;
                assert!(end.is_ok(), "{what}: the connection stays open");
            }
            ends(websocket(&cluster, FORWARD, "v4.channel.k8s.io").await, bytes).await;
            ends(websocket(&cluster, FORWARD, "SPDY/3.1+portforward.k8s.io").await, bytes).await;
        }
        is_alive(&cluster).await;
    });
}

/// A SPDY control frame.
fn control(kind: u16, flags: u8, length: u32, payload: &[u8]) -> Vec<u8> {
    let [_, a, b, c] = length.to_be_bytes();
    let kind = kind.to_be_bytes();
    [&[0x80, 3, kind[0], kind[1], flags, a, b, c], payload].concat()
}

#[test]
fn broken_spdy_frames_end_the_connection() {
    run(async |cluster| {
        let stream = |id: u32| [&id.to_be_bytes()[..], &[0; 6]].concat();
        let frames: [(&str, Vec<u8>); 10] = [
            ("no headers", control(1, 0, 10, &stream(1))),
            ("headers that are not compressed", control(1, 0, 40, &[&stream(1)[..], &[0xff; 30]].concat())),
            ("a stream of the server's", control(1, 0, 10, &stream(2))),
            ("a length that never comes", control(1, 0, 0xff_ffff, &stream(1))),
            ("too short for its kind", control(1, 0, 2, &[0, 1])),
            ("another version", vec![0x80, 9, 0, 1, 0, 0, 0, 0]),
            ("an unknown kind", control(77, 0, 4, &[1, 2, 3, 4])),
            ("data of no stream", vec![0, 0, 0, 9, 0, 0, 0, 4, 1, 2, 3, 4]),
            ("a window past its end", control(9, 0, 8, &[0, 0, 0, 0, 0x7f, 255, 255, 255])),
            ("a reset of no stream", control(3, 0, 8, &[0, 0, 0, 7, 0, 0, 0, 5])),
        ];
        for (_, bytes) in &frames {
            ends(spdy(&cluster, EXEC, "v4.channel.k8s.io").await, bytes).await;
            ends(spdy(&cluster, FORWARD, "portforward.k8s.io").await, bytes).await;
        }
        is_alive(&cluster).await;
    });
}

#[test]
fn any_bytes_end_a_connection() {
    run(async |cluster| {
        let mut runner = TestRunner::deterministic();
        let bytes = prop::collection::vec(
            prop_oneof![3 => any::<u8>(), 2 => prop::sample::select(vec![0x80, 0x82, 0, 1, 3, 0x7f, 0xff])],
            0..200,
        );
        for _ in 0..60 {
            let bytes = bytes.new_tree(&mut runner).unwrap().current();
            ends(websocket(&cluster, EXEC, "v5.channel.k8s.io").await, &bytes).await;
            ends(spdy(&cluster, EXEC, "v4.channel.k8s.io").await, &bytes).await;
            ends(spdy(&cluster, FORWARD, "portforward.k8s.io").await, &bytes).await;
        }
        is_alive(&cluster).await;
    });
}

/// One who asks for more than he reads: what waits for him is bounded, and others are served meanwhile.
#[test]
fn a_reader_who_does_not_read_holds_nobody_up() {
    run(async |cluster| {
        let mut lazy = cluster.connect();
        let head = "GET /api/v1/namespaces/default/configmaps?watch=true HTTP/1.1\r\nHost: x\r\n\r\n";
        lazy.write_all(head.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        let media = [("content-type", "application/json")];
        let text = "x".repeat(10_000);
        for index in 0..3_000 {
            let body = format!("{{\"metadata\":{{\"name\":\"c\"}},\"data\":{{\"a\":\"{index}{text}\"}}}}");
            let (method, path) = match index {
                0 => ("POST", "/api/v1/namespaces/default/configmaps".to_owned()),
                _ => ("PUT", "/api/v1/namespaces/default/configmaps/c".to_owned()),
            };
            let (status, _, answer) = request(&cluster, method, &path, &media, &body).await;
            assert!(matches!(status, 200 | 201), "{answer}");
        }
        // He is told that he has missed something, or hears all of it: but nothing in between is left out silently.
        drop(cluster.connect());
        let mut heard = Vec::new();
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(Ok(count @ 1..)) =
            tokio::time::timeout(Duration::from_secs(5), lazy.read(&mut buffer)).await
        {
            heard.extend_from_slice(&buffer[..count]);
        }
        let heard = String::from_utf8_lossy(&heard);
        let events = heard.matches("\"type\":\"MODIFIED\"").count();
        let told = heard.contains("\"code\":410") || heard.contains("too old resource version");
        let ended = heard.ends_with("0\r\n\r\n");
        assert!(told || ended || events == 2_999, "{events} events, and no word of those that are missing");
        is_alive(&cluster).await;
    });
}
