//! What the containers of a Pod share.

use podlab_node::{
    ContainerChange, ContainerConfig, ContainerState, EmptyDir, NodeConfig, NodeEvent, PidMode,
    SandboxConfig, SandboxState,
};

use crate::lab::{Lab, idle, mount, script};

#[tokio::test(start_paused = true)]
async fn two_containers_meet_in_an_empty_directory() {
    let lab = Lab::new().await;
    let pod = lab.pod("mc1").await;
    let html = lab.node.empty_dir(EmptyDir::default());
    let writer = ContainerConfig {
        mounts: vec![mount(&html, "/html")],
        ..script("while true; do date >> /html/index.html; sleep 1; done")
    };
    let reader = ContainerConfig { mounts: vec![mount(&html, "/usr/share/nginx/html")], ..idle() };
    let writer = lab.start(&pod, writer).await;
    let reader = lab.start(&pod, reader).await;
    lab.sleep(2500).await;
    let page = lab.sh(&reader, "cat /usr/share/nginx/html/index.html").await.stdout;
    assert_eq!(
        page,
        "Sun Mar  1 12:00:00 UTC 2026\nSun Mar  1 12:00:01 UTC 2026\nSun Mar  1 12:00:02 UTC 2026\n"
    );
    lab.sh(&reader, "echo mark > /usr/share/nginx/html/mark").await;
    assert_eq!(lab.sh(&writer, "cat /html/mark; ls -d /usr/share/nginx").await.stdout, "mark\n");
}

#[tokio::test(start_paused = true)]
async fn a_container_that_is_restarted_finds_the_volume_but_not_its_own_files() {
    let lab = Lab::new().await;
    let pod = lab.pod("pod").await;
    let volume = lab.node.empty_dir(EmptyDir::default());
    let config = ContainerConfig {
        mounts: vec![mount(&volume, "/v")],
        ..script("ls /v /own 2>&1; touch /own; echo run >> /v/runs; cat /v/runs")
    };
    let first = lab.start(&pod, config.clone()).await;
    lab.ended(&first).await;
    let second = lab.start(&pod, config).await;
    lab.ended(&second).await;
    assert_eq!(lab.log(&first).await, "ls: /own: No such file or directory\n/v:\nrun\n");
    assert_eq!(lab.log(&second).await, "ls: /own: No such file or directory\n/v:\nruns\nrun\nrun\n");
}

#[tokio::test(start_paused = true)]
async fn processes_are_apart_unless_they_are_shared() {
    let lab = Lab::new().await;
    let pod = lab.pod("apart").await;
    let one = lab.start(&pod, script("sleep 1001")).await;
    lab.start(&pod, script("sleep 1002")).await;
    let seen = lab.sh(&one, "ps -o pid,args").await.stdout;
    assert!(seen.contains("    1 sleep 1001") && !seen.contains("1002"), "{seen}");

    let config = SandboxConfig { hostname: "shared".into(), pids: PidMode::Pod, ..SandboxConfig::default() };
    let pod = lab.node.run_sandbox(config).await.unwrap().id;
    let one = lab.start(&pod, script("sleep 1001; echo not reached")).await;
    let two = lab.start(&pod, script("sleep 1002; echo $?")).await;
    let seen = lab.sh(&one, "ps -o pid,args").await.stdout;
    assert!(seen.contains("    1 /pause") && seen.contains("1001") && seen.contains("1002"), "{seen}");
    // One container's process can be signalled, and its files seen, from another one.
    lab.sh(&two, "echo secret > /two").await;
    let out = lab
        .sh(
            &one,
            "cat /proc/$(pidof sleep | tr ' ' '\\n' | sort -n | tail -1)/root/two; pkill -f '^sleep 1002'",
        )
        .await;
    assert_eq!(out.stdout, "secret\n", "{out:?}");
    let status = lab.ended(&two).await;
    assert_eq!((lab.log(&two).await.as_str(), status.exit_code), ("Terminated\n143\n", Some(0)));
    assert_eq!(lab.node.container_status(&one).unwrap().state, ContainerState::Running);
}

#[tokio::test(start_paused = true)]
async fn an_ephemeral_container_joins_its_targets_processes() {
    let lab = Lab::new().await;
    let pod = lab.pod("pod").await;
    let target = lab.start(&pod, script("sleep 1001")).await;
    let config = ContainerConfig {
        join_pids_of: Some(target.clone()),
        ..script("ps -o pid,args; ls /proc/1/root/etc/passwd")
    };
    let id = lab.start(&pod, config).await;
    lab.ended(&id).await;
    let log = lab.log(&id).await;
    assert!(log.contains("    1 sleep 1001") && log.ends_with("/proc/1/root/etc/passwd\n"), "{log}");
    assert_eq!(lab.node.container_status(&target).unwrap().state, ContainerState::Running);
}

#[tokio::test(start_paused = true)]
async fn events_tell_what_happens() {
    let lab = Lab::new().await;
    let mut events = lab.node.events();
    let pod = lab.pod("pod").await;
    let id = lab.start(&pod, script("exit 0")).await;
    lab.ended(&id).await;
    lab.node.remove_container(&id).unwrap();
    lab.node.stop_sandbox(&pod).await.unwrap();
    let mut seen = Vec::new();
    for _ in 0..4 {
        let Some(NodeEvent::Container { change, container, .. }) = events.next().await else { panic!() };
        assert_eq!(container, id);
        seen.push(change);
    }
    use ContainerChange::{Created, Exited, Removed, Started};
    assert_eq!(seen, [Created, Started, Exited, Removed]);
    assert!(matches!(events.next().await, Some(NodeEvent::SandboxStopped { sandbox, .. }) if sandbox == pod));
}

#[tokio::test(start_paused = true)]
async fn a_sandbox_that_is_stopped_starts_nothing_more() {
    let lab = Lab::new().await;
    let pod = lab.pod("pod").await;
    let id = lab.start(&pod, script("sleep 3600")).await;
    lab.node.stop_sandbox(&pod).await.unwrap();
    assert_eq!(lab.node.sandbox_status(&pod).unwrap().state, SandboxState::NotReady);
    assert_eq!(lab.node.container_status(&id).unwrap().exit_code, Some(137));
    assert!(lab.node.create_container(&pod, script("true")).is_err());
    // Its log is there until it is removed.
    assert_eq!(lab.log(&id).await, "");
    lab.node.remove_sandbox(&pod).await;
    assert!(lab.node.sandbox_status(&pod).is_none() && lab.node.container_status(&id).is_none());
    lab.node.remove_sandbox(&pod).await;
}

#[tokio::test(start_paused = true)]
async fn removing_a_sandbox_frees_all_that_it_used() {
    // A range of eight addresses: five for Pods.
    let config = NodeConfig { pod_range: ([10, 0, 0, 0].into(), 29), max_pids: 40, ..NodeConfig::default() };
    let lab = Lab::with(config).await;
    let before = lab.node.stats().disk.used_bytes;
    for _ in 0..40 {
        let pod = lab.pod("pod").await;
        let volume = lab.node.empty_dir(EmptyDir::default());
        let config = ContainerConfig {
            mounts: vec![mount(&volume, "/v")],
            ..script(
                "for i in 1 2 3 4 5 6; do sleep 1000 & done; yes | head -c 3000000 > /v/f; yes | head -c 3000000 > /f; wait",
            )
        };
        let id = lab.start(&pod, config).await;
        lab.sleep(50).await;
        assert_eq!(lab.sh(&id, "wc -c < /f").await.stdout, "3000000\n");
        assert!(lab.node.stats().disk.used_bytes >= before + 6_000_000);
        lab.node.remove_sandbox(&pod).await;
        drop(volume);
        lab.sleep(0).await;
        assert_eq!(lab.node.stats().disk.used_bytes, before);
    }
    assert!(lab.node.sandboxes().is_empty() && lab.node.containers().is_empty());
}

#[tokio::test(start_paused = true)]
async fn addresses_run_out_and_come_back() {
    let config = NodeConfig { pod_range: ([10, 0, 0, 0].into(), 29), ..NodeConfig::default() };
    let lab = Lab::with(config).await;
    let mut pods = Vec::new();
    for _ in 0..5 {
        pods.push(lab.pod("pod").await);
    }
    let error = lab.node.run_sandbox(SandboxConfig::default()).await.unwrap_err();
    assert!(error.to_string().contains("no IP addresses available in range set"), "{error}");
    let ip = lab.node.sandbox_status(&pods[2]).unwrap().ip;
    lab.node.remove_sandbox(&pods[2]).await;
    assert_eq!(lab.node.run_sandbox(SandboxConfig::default()).await.unwrap().ip, ip);
}
