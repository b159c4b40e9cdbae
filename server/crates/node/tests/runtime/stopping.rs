//! Grace periods and signals.

use std::time::Duration;

use podlab_node::{ContainerConfig, ContainerState, ExitReason, RuntimeError, Signal};

use crate::lab::{Lab, script};

const GRACE: Duration = Duration::from_secs(30);

#[tokio::test(start_paused = true)]
async fn a_first_process_without_a_handler_takes_the_whole_grace_period() {
    let lab = Lab::new().await;
    let config = ContainerConfig { command: vec!["sleep".into(), "3600".into()], args: vec![], ..script("") };
    let id = lab.container(config).await;
    let begun = lab.uptime();
    lab.node.stop_container(&id, GRACE).await.unwrap();
    assert_eq!(lab.uptime() - begun, GRACE);
    let status = lab.node.container_status(&id).unwrap();
    assert_eq!((status.exit_code, status.signal), (Some(137), Some(Signal::KILL)));
    assert_eq!(status.reason, Some(ExitReason::Error));
}

#[tokio::test(start_paused = true)]
async fn a_handler_ends_it_at_once_with_its_own_exit_code() {
    let lab = Lab::new().await;
    let id = lab.container(script("trap 'echo stopping; exit 0' TERM; while :; do sleep 1; done")).await;
    lab.sleep(2500).await;
    lab.node.stop_container(&id, GRACE).await.unwrap();
    // The trap waits for the `sleep` in the foreground to end.
    assert_eq!(lab.uptime().as_secs(), 3);
    let status = lab.node.container_status(&id).unwrap();
    assert_eq!((status.exit_code, status.reason), (Some(0), Some(ExitReason::Completed)));
    assert_eq!(lab.log(&id).await, "stopping\n");
}

#[tokio::test(start_paused = true)]
async fn waiting_for_a_background_process_is_interrupted_by_a_trap() {
    let lab = Lab::new().await;
    let id = lab.container(script("trap 'echo term; exit 4' TERM; sleep 3600 & wait")).await;
    let begun = lab.uptime();
    lab.sleep(1).await;
    lab.node.stop_container(&id, GRACE).await.unwrap();
    assert!(lab.uptime() - begun < Duration::from_secs(1));
    assert_eq!(lab.node.container_status(&id).unwrap().exit_code, Some(4));
}

#[tokio::test(start_paused = true)]
async fn without_grace_it_is_killed_at_once_with_all_its_processes() {
    let lab = Lab::new().await;
    let id = lab.container(script("trap '' TERM; sleep 1000 & sleep 1000 & wait")).await;
    lab.sleep(10).await;
    assert_eq!(lab.node.container_stats(&id).unwrap().pids, 3);
    lab.node.stop_container(&id, Duration::ZERO).await.unwrap();
    assert_eq!(lab.node.container_status(&id).unwrap().exit_code, Some(137));
    assert!(lab.node.container_stats(&id).is_none());
    // A second stop is no error.
    lab.node.stop_container(&id, GRACE).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_first_process_takes_all_others_with_it() {
    let lab = Lab::new().await;
    let pod = lab.pod("pod").await;
    let volume = lab.node.empty_dir(Default::default());
    let config = ContainerConfig {
        mounts: vec![crate::lab::mount(&volume, "/v")],
        ..script("(sleep 5; echo survived > /v/f) & exit 0")
    };
    let id = lab.start(&pod, config).await;
    lab.ended(&id).await;
    lab.sleep(10_000).await;
    let config = ContainerConfig { mounts: vec![crate::lab::mount(&volume, "/v")], ..script("ls /v") };
    let id = lab.start(&pod, config).await;
    lab.ended(&id).await;
    assert_eq!(lab.log(&id).await, "");
}

#[tokio::test(start_paused = true)]
async fn another_stop_signal_can_be_asked_for() {
    let lab = Lab::new().await;
    let config = ContainerConfig {
        stop_signal: Some(Signal::QUIT),
        ..script("trap 'echo quit; exit 5' QUIT; sleep 3600 & wait")
    };
    let id = lab.container(config).await;
    lab.sleep(1).await;
    lab.node.stop_container(&id, GRACE).await.unwrap();
    assert_eq!(lab.log(&id).await, "quit\n");
}

#[tokio::test(start_paused = true)]
async fn a_container_that_runs_cannot_be_removed_and_one_that_ended_can() {
    let lab = Lab::new().await;
    let id = lab.container(script("sleep 3600")).await;
    assert_eq!(lab.node.remove_container(&id).unwrap_err(), RuntimeError::StillRunning(id.clone()));
    lab.node.signal_container(&id, Signal::KILL).unwrap();
    lab.ended(&id).await;
    assert_eq!(
        lab.node.signal_container(&id, Signal::KILL).unwrap_err(),
        RuntimeError::NotRunning(id.clone())
    );
    let mut log = lab.node.logs(&id, Default::default()).unwrap();
    lab.node.remove_container(&id).unwrap();
    assert!(lab.node.container_status(&id).is_none());
    assert!(log.next().await.is_none());
    assert!(lab.node.logs(&id, Default::default()).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_container_that_was_never_started_can_be_stopped() {
    let lab = Lab::new().await;
    let pod = lab.pod("pod").await;
    let id = lab.node.create_container(&pod, script("true")).unwrap();
    lab.node.stop_container(&id, GRACE).await.unwrap();
    assert_eq!(lab.node.container_status(&id).unwrap().state, ContainerState::Exited);
    assert!(lab.node.start_container(&id).await.is_err());
}
