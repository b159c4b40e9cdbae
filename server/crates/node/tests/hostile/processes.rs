//! Programs that start too many others, or never end.

use std::time::Duration;

use crate::{
    lab::{idle, script},
    trial::{assert_unhurt, beside, small},
};

#[tokio::test(start_paused = true)]
async fn a_fork_bomb_runs_out_of_processes() {
    let lab = small().await;
    let (id, neighbour) = beside(&lab, script("b() { b | b & }; b; sleep 3; echo over")).await;
    lab.sleep(5000).await;
    assert!(lab.log(&id).await.contains("sh: can't fork: Resource temporarily unavailable"));
    let limits = lab.node.container_stats(&neighbour).unwrap();
    assert!(limits.pids >= 1);
    lab.node.stop_container(&id, Duration::ZERO).await.unwrap();
    assert_eq!(lab.sh(&neighbour, "echo fine").await.stdout, "fine\n");
}

#[tokio::test(start_paused = true)]
async fn fifty_endless_loops_let_time_go_on() {
    let lab = small().await;
    let pod = lab.pod("loops").await;
    for _ in 0..50 {
        lab.start(&pod, script("while :; do :; done")).await;
    }
    let (id, neighbour) = beside(&lab, script("i=0; while :; do i=$((i+1)); done")).await;
    lab.sleep(3000).await;
    assert_unhurt(&lab, &neighbour).await;
    lab.node.stop_container(&id, Duration::from_secs(1)).await.unwrap();
    lab.node.remove_sandbox(&pod).await;
}

#[tokio::test(start_paused = true)]
async fn deep_nesting_is_refused_and_endless_recursion_ends() {
    let lab = small().await;
    let id = lab.container(idle()).await;
    for (open, close) in
        [("(", ")"), ("{ ", "; }"), ("$(", ")"), ("\"$(", ")\""), ("`", ""), ("${a:-", "}"), ("$((", "))")]
    {
        let text = format!("echo {}x{}", open.repeat(5000), close.repeat(5000));
        let output = lab.sh_with(&id, "sh", &text).await;
        assert!(output.code != 0 || open == "`", "{open}: {output:?}");
    }
    let output = lab.sh(&id, "f() { f; }; f; echo not reached").await;
    assert_eq!(output.code, 2, "{output:?}");
    assert!(output.stderr.contains("nesting level exceeded"));
    let output = lab.sh(&id, "f() { x=$(f); }; f; echo $?").await;
    assert!(output.stderr.contains("can't fork"), "{output:?}");
    let output = lab.sh(&id, "echo 'sh /s' > /s; sh /s").await;
    assert_ne!(output.code, 0);
    let output = lab.sh(&id, "echo '. /t' > /t; . /t").await;
    assert_ne!(output.code, 0);
    let output = lab.sh(&id, "alias a='b' b='a'; a; echo $?").await;
    assert!(output.stdout.ends_with("127\n"), "{output:?}");
}

#[tokio::test(start_paused = true)]
async fn a_pipe_without_a_reader_holds_its_writer_up() {
    let lab = small().await;
    let (id, neighbour) = beside(&lab, script("yes | sleep 5; echo ended")).await;
    lab.sleep(2000).await;
    let before = lab.node.container_stats(&id).unwrap().cpu_nanos;
    lab.sleep(2000).await;
    assert_eq!(lab.node.container_stats(&id).unwrap().cpu_nanos, before);
    lab.ended(&id).await;
    assert_eq!(lab.log(&id).await, "ended\n");
    assert_unhurt(&lab, &neighbour).await;
}

#[tokio::test(start_paused = true)]
async fn an_awk_program_that_never_ends_costs_its_owner_only() {
    let lab = small().await;
    let (id, neighbour) = beside(&lab, script("awk 'BEGIN { while (1) n++ }'")).await;
    let (full, _) = beside(&lab, script("awk 'BEGIN { while (1) s = s \"more\" s }'; echo status $?")).await;
    lab.ended(&full).await;
    assert!(!lab.log(&full).await.ends_with("status 0\n"));
    lab.sleep(3000).await;
    assert_unhurt(&lab, &neighbour).await;
    lab.node.stop_container(&id, Duration::ZERO).await.unwrap();
    assert_eq!(lab.node.container_status(&id).unwrap().exit_code, Some(137));
}
