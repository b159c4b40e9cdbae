//! Sessions whose other end does not do its part.

use std::time::Duration;

use podlab_node::ExecOptions;
use tokio::io::AsyncWriteExt;

use crate::{
    lab::{idle, script},
    trial::{assert_stops, assert_unhurt, beside, small},
};

fn options(text: &str, stdin: bool) -> ExecOptions {
    ExecOptions { argv: ["sh", "-c", text].map(str::to_owned).to_vec(), stdin, tty: None }
}

#[tokio::test(start_paused = true)]
async fn output_that_nobody_reads_waits() {
    let lab = small().await;
    let (id, neighbour) = beside(&lab, idle()).await;
    let mut sessions = Vec::new();
    // Two processes each: the Pod has room for some more.
    for _ in 0..20 {
        sessions.push(lab.node.exec(&id, options("yes; yes >&2", false)).await.unwrap());
    }
    lab.sleep(1000).await;
    let before = lab.node.container_stats(&id).unwrap().cpu_nanos;
    lab.sleep(2000).await;
    assert_eq!(lab.node.container_stats(&id).unwrap().cpu_nanos, before);
    assert_unhurt(&lab, &neighbour).await;
    drop(sessions);
    lab.sleep(10_000).await;
    // Whoever writes to nobody ends.
    assert_eq!(lab.node.container_stats(&id).unwrap().pids, 2);
    assert_unhurt(&lab, &neighbour).await;
    assert_stops(&lab, &id).await;
}

#[tokio::test(start_paused = true)]
async fn input_that_nobody_reads_waits() {
    let lab = small().await;
    let (id, neighbour) = beside(&lab, script("while :; do sleep 1; done")).await;
    let session = lab.node.exec(&id, options("sleep 1000", true)).await.unwrap();
    let mut stdin = session.stdin.unwrap();
    let flood = async { while stdin.write_all(&[b'x'; 65536]).await.is_ok() {} };
    assert!(tokio::time::timeout(Duration::from_secs(3), flood).await.is_err());
    assert_unhurt(&lab, &neighbour).await;
    assert_stops(&lab, &id).await;
    assert!(stdin.write_all(b"x").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_terminal_that_is_typed_into_without_end_keeps_little() {
    let lab = small().await;
    let (id, neighbour) = beside(&lab, idle()).await;
    for argv in [&["sh"][..], &["sleep", "1000"], &["cat"], &["vi", "/f"]] {
        let mut session = lab.terminal(&id, argv).await;
        let mut stdin = session.stdin.take().unwrap();
        for _ in 0..100 {
            // A terminal throws away what is more than it can keep, or lets whoever types wait.
            let typed = b"echo some words that are typed \x1b[A".repeat(100);
            let _ = tokio::time::timeout(Duration::from_millis(10), stdin.write_all(&typed)).await;
        }
        assert_unhurt(&lab, &neighbour).await;
    }
    assert_stops(&lab, &id).await;
}
