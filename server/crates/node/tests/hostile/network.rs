//! Connections and sockets without end.

use std::time::Duration;

use podlab_node::{SandboxId, network::Connection};
use tokio::io::AsyncWriteExt;

use crate::{
    lab::{Lab, idle, script},
    trial::{assert_stops, assert_unhurt, beside, small},
};

/// Opens connections until one is refused or `most` are open.
async fn crowd(lab: &Lab, pod: &SandboxId, port: u16, most: usize) -> Vec<Connection> {
    let mut open = Vec::new();
    while open.len() < most {
        match lab.node.port_forward(pod, port).await {
            Ok(connection) => open.push(connection),
            Err(_) => break,
        }
        tokio::task::yield_now().await;
    }
    open
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_connections_are_too_many_and_go_away() {
    let lab = small().await;
    let pod = lab.pod("web").await;
    let web = lab.start(&pod, script("echo page > /index.html; exec httpd -f -p 80 -h /")).await;
    let neighbour = lab.start(&pod, script("while :; do echo tick; sleep 1; done")).await;
    lab.sleep(100).await;
    let open = crowd(&lab, &pod, 80, 10_000).await;
    assert!(open.len() > 100, "{}", open.len());
    lab.sleep(1000).await;
    assert_unhurt(&lab, &neighbour).await;
    drop(open);
    lab.sleep(1000).await;
    let output = lab.sh(&neighbour, "wget -q -O - localhost").await;
    assert_eq!(output.stdout, "page\n", "{output:?}");
    assert_stops(&lab, &web).await;
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_does_not_read_holds_its_clients_up() {
    let lab = small().await;
    let pod = lab.pod("flood").await;
    let neighbour = lab.start(&pod, script("while :; do echo tick; sleep 1; done")).await;
    let listener = lab.start(&pod, script("nc -l -p 9000 | sleep 1000 & nc -l -p 9001 | sleep 1000")).await;
    lab.sleep(100).await;
    let client = lab.start(&pod, script("yes | nc localhost 9001; sleep 1000")).await;
    let mut connection = lab.node.port_forward(&pod, 9000).await.unwrap();
    let flood = async { while connection.write_all(&[b'x'; 65536]).await.is_ok() {} };
    assert!(tokio::time::timeout(Duration::from_secs(3), flood).await.is_err());
    let before = lab.node.container_stats(&client).unwrap().cpu_nanos;
    lab.sleep(1000).await;
    assert_eq!(lab.node.container_stats(&client).unwrap().cpu_nanos, before);
    assert_unhurt(&lab, &neighbour).await;
    assert_stops(&lab, &listener).await;
    assert_stops(&lab, &client).await;
}

#[tokio::test(start_paused = true)]
async fn sockets_have_a_limit_of_their_own() {
    let lab = small().await;
    let (id, neighbour) = beside(
        &lab,
        script(
            "nc -lk -p 9000 -e cat & sleep 1; for i in $(seq 200); do sleep 1000 | nc localhost 9000 & done; sleep 1000",
        ),
    )
    .await;
    lab.sleep(5000).await;
    assert_unhurt(&lab, &neighbour).await;
    assert_stops(&lab, &id).await;
    let (id, neighbour) =
        beside(&lab, script("while :; do nslookup nowhere; wget -q -O - localhost:1; done 2> /dev/null"))
            .await;
    lab.sleep(3000).await;
    assert_eq!(lab.sh(&neighbour, "echo fine").await.stdout, "fine\n");
    assert_stops(&lab, &id).await;
}

#[tokio::test(start_paused = true)]
async fn bodies_and_heads_without_end_are_refused() {
    let lab = small().await;
    let pod = lab.pod("web").await;
    lab.start(&pod, script("exec httpd -f -p 80 -h /")).await;
    let id = lab.start(&pod, idle()).await;
    lab.sleep(100).await;
    for flood in [
        "(echo 'GET / HTTP/1.1'; yes 'X: y') | timeout 5 nc localhost 80 | head -c 1000",
        "(printf 'POST / HTTP/1.1\\r\\nContent-Length: 1000000000000\\r\\n\\r\\n'; yes) | timeout 5 nc localhost 80 | head -c 1000",
        "(printf 'GET /'; cat /dev/zero | tr '\\0' a) | timeout 5 nc localhost 80 | head -c 1000",
    ] {
        lab.sh(&id, flood).await;
        assert_eq!(lab.sh(&id, "echo fine").await.stdout, "fine\n");
    }
}
