//! Reading what containers print.

use std::time::Duration;

use podlab_node::{ContainerConfig, LogLimits, LogOptions, LogStream};

use crate::lab::{BEGIN, Lab, script};

#[tokio::test(start_paused = true)]
async fn entries_have_time_and_stream() {
    let lab = Lab::new().await;
    let id = lab.container(script("echo one; sleep 2; echo two >&2; printf three")).await;
    let begun = lab.now();
    lab.ended(&id).await;
    let mut reader = lab.node.logs(&id, LogOptions::default()).unwrap();
    let mut seen = Vec::new();
    while let Some(entry) = reader.next().await {
        let age = entry.time.duration_since(begun).as_secs();
        seen.push((age, entry.stream, entry.partial, String::from_utf8_lossy(&entry.text).into_owned()));
    }
    assert_eq!(
        seen,
        [
            (0, LogStream::Stdout, false, "one".to_owned()),
            (2, LogStream::Stderr, false, "two".to_owned()),
            (2, LogStream::Stdout, true, "three".to_owned()),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn tail_and_since_choose_the_last_part() {
    let lab = Lab::new().await;
    let id = lab.container(script("for i in 1 2 3 4 5; do echo $i; sleep 1; done")).await;
    lab.ended(&id).await;
    let tail = |tail| LogOptions { tail: Some(tail), ..LogOptions::default() };
    assert_eq!(lab.log_with(&id, tail(2)).await, "4\n5\n");
    assert_eq!(lab.log_with(&id, tail(0)).await, "");
    assert_eq!(lab.log_with(&id, tail(50)).await, "1\n2\n3\n4\n5\n");
    let since = lab.now().checked_sub(Duration::from_millis(2500)).unwrap();
    let options = LogOptions { since: Some(since), ..LogOptions::default() };
    assert_eq!(lab.log_with(&id, options).await, "4\n5\n");
    let options = LogOptions { since: Some(BEGIN.parse().unwrap()), tail: Some(1), ..LogOptions::default() };
    assert_eq!(lab.log_with(&id, options).await, "5\n");
}

#[tokio::test(start_paused = true)]
async fn following_goes_on_to_the_end_of_the_container() {
    let lab = Lab::new().await;
    let id = lab.container(script("for i in 1 2 3; do echo $i; sleep 1; done")).await;
    lab.sleep(1500).await;
    let options = LogOptions { follow: true, tail: Some(1), ..LogOptions::default() };
    assert_eq!(lab.log_with(&id, options).await, "2\n3\n");
    assert_eq!(lab.uptime().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_log_keeps_the_last_part_only() {
    let lab = Lab::new().await;
    let config = ContainerConfig {
        log: LogLimits { max_bytes: 10_000 },
        ..script("i=0; while [ $i -lt 2000 ]; do i=$((i+1)); echo line $i; done")
    };
    let (log, _) = lab.outcome(config).await;
    assert!(log.len() <= 10_000 && log.ends_with("line 1999\nline 2000\n"), "{}", log.len());
    assert!(!log.contains("line 1\n"));
}

#[tokio::test(start_paused = true)]
async fn what_background_processes_print_is_logged_too() {
    let lab = Lab::new().await;
    let (log, status) = lab.outcome(script("(sleep 1; echo late) & echo early; wait")).await;
    assert_eq!((log.as_str(), status.exit_code), ("early\nlate\n", Some(0)));
    let id = lab.container(script("sleep 3; exec 1>&-; echo lost; echo kept >&2")).await;
    lab.sh(&id, "echo from the side > /proc/1/fd/1").await;
    lab.ended(&id).await;
    assert_eq!(lab.log(&id).await, "from the side\nsh: write error: Bad file descriptor\nkept\n");
}
