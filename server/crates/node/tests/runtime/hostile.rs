//! Containers that want too much: they get the error that Linux gives, and their neighbours notice nothing.

use std::time::Duration;

use podlab_node::{ContainerConfig, ContainerId, ContainerState, NodeConfig, Resources};

use crate::lab::{Lab, idle, script};

/// A node with room for little, so that its bounds are reached soon.
async fn small() -> Lab {
    Lab::with(small_config()).await
}

fn small_config() -> NodeConfig {
    NodeConfig {
        max_pids: 64,
        budget_bytes: 24 << 20,
        cpu_millis: 20,
        busy_steps_per_second: 16_000,
        ..NodeConfig::default()
    }
}

/// Starts what misbehaves beside a neighbour, which must go on all the while.
async fn beside(lab: &Lab, config: ContainerConfig) -> (ContainerId, ContainerId) {
    let pod = lab.pod("pod").await;
    let neighbour = lab.start(&pod, script("while :; do echo tick; sleep 1; done")).await;
    let id = lab.start(&pod, config).await;
    (id, neighbour)
}

/// The neighbour ticked every second so far.
async fn assert_unhurt(lab: &Lab, neighbour: &ContainerId) {
    assert_eq!(lab.node.container_status(neighbour).unwrap().state, ContainerState::Running);
    let ticks = lab.log(neighbour).await.lines().count() as u64;
    let elapsed = lab.uptime().as_secs();
    assert!(ticks + 2 >= elapsed, "{ticks} ticks in {elapsed} s");
}

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
async fn a_file_that_grows_for_ever_fills_the_disk_it_was_given() {
    let lab = small().await;
    let (id, neighbour) =
        beside(&lab, script("yes > /f; echo status $?; rm /f; echo again > /g && cat /g")).await;
    lab.ended(&id).await;
    let log = lab.log(&id).await;
    assert!(log.contains("No space left on device") && log.ends_with("status 1\nagain\n"), "{log}");
    assert_unhurt(&lab, &neighbour).await;
}

#[tokio::test(start_paused = true)]
async fn endless_output_costs_its_owner_only() {
    let lab = small().await;
    let (id, neighbour) = beside(&lab, script("cat /dev/zero")).await;
    let (other, _) = beside(&lab, script("yes a million lines")).await;
    lab.sleep(3000).await;
    for id in [&id, &other] {
        let stats = lab.node.container_stats(id).unwrap();
        assert!(stats.logs_used_bytes <= 1 << 20, "{stats:?}");
    }
    assert_unhurt(&lab, &neighbour).await;
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
async fn a_million_files_run_out_of_room() {
    let lab = Lab::with(NodeConfig { budget_bytes: 4 << 20, ..small_config() }).await;
    let (id, neighbour) = beside(
        &lab,
        script("mkdir /d; i=0; while echo > /d/$i; do i=$((i+1)); done; rm -r /d; echo again > /f; cat /f"),
    )
    .await;
    lab.ended(&id).await;
    let log = lab.log(&id).await;
    assert!(log.ends_with("No space left on device\nagain\n"), "{log}");
    assert_unhurt(&lab, &neighbour).await;
}

#[tokio::test(start_paused = true)]
async fn a_variable_that_doubles_for_ever_is_out_of_memory() {
    let lab = small().await;
    let limited = Resources { memory_limit_bytes: Some(8 << 20), ..Resources::default() };
    let config =
        ContainerConfig { resources: limited, ..script("x=aaaaaaaaaaaaaaaa; while :; do x=$x$x$x$x; done") };
    let (id, neighbour) = beside(&lab, config).await;
    assert_eq!(lab.ended(&id).await.exit_code, Some(137));
    let (free, _) =
        beside(&lab, script("x=aaaaaaaaaaaaaaaa; while :; do x=$x$x$x$x; done; echo never")).await;
    let status = lab.ended(&free).await;
    assert_ne!(status.exit_code, Some(0));
    assert!(!lab.log(&free).await.contains("never"));
    assert_unhurt(&lab, &neighbour).await;
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
async fn very_long_lines_and_arguments_pass_or_are_refused() {
    let lab = small().await;
    let id = lab.container(idle()).await;
    let line = "x".repeat(1 << 20);
    let output = lab.sh_with(&id, "read line; echo ${#line}", &format!("{line}\n")).await;
    assert_eq!(output.stdout, "1048576\n");
    let output = lab.sh_with(&id, "cat | wc -c", &line.repeat(16)).await;
    assert_eq!(output.stdout.trim(), "16777216");
    let output = lab.sh_with(&id, "sh", &format!("echo {line} | wc -c")).await;
    assert_eq!(output.stdout.trim(), "1048577");
}

#[tokio::test(start_paused = true)]
async fn links_that_lead_to_each_other_are_given_up() {
    let lab = small().await;
    let id = lab.container(idle()).await;
    let output = lab.sh(&id, "ln -s b /a; ln -s a /b; cat /a; cd /a; ls /a/x; echo x > /b").await;
    assert_eq!(output.stderr.matches("Too many levels of symbolic links").count(), 4, "{output:?}");
    assert_ne!(output.code, 0);
}

#[tokio::test(start_paused = true)]
async fn patterns_and_expressions_that_explode_take_no_time() {
    let lab = small().await;
    let id = lab.container(idle()).await;
    let begun = lab.uptime();
    let output = lab
        .sh(
            &id,
            "s=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab
             case $s in *a*a*a*a*a*a*a*a*a*a*a*a*a*a*c) echo no;; *) echo ok;; esac
             echo ${s##*a*a*a*a*a*a*a*a*a*a*a*a*c} | wc -c
             echo $s | grep -E '^(a|aa)+$'; echo $?
             echo $s | grep -E '((a*)*)*c'; echo $?
             echo $s | sed -E 's/^(a+)+$/no/' | wc -c
             echo $s | awk '/^((a|aa)+)+$/ { print \"no\" } { print NR }'
             expr $s : '\\(a*\\)*c'",
        )
        .await;
    assert_eq!(
        output.stdout.split_whitespace().collect::<Vec<_>>(),
        ["ok", "65", "1", "1", "65", "1"],
        "{output:?}"
    );
    assert!(lab.uptime() - begun < Duration::from_secs(5));
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

#[tokio::test(start_paused = true)]
async fn a_log_that_grows_for_ever_keeps_its_last_lines_only() {
    let lab = small().await;
    let (id, neighbour) = beside(&lab, script("i=0; while :; do i=$((i+1)); echo line $i; done")).await;
    lab.sleep(20_000).await;
    let log = lab.log(&id).await;
    let numbers: Vec<u64> = log.lines().filter_map(|line| line.strip_prefix("line ")?.parse().ok()).collect();
    assert!(
        numbers.len() > 1000 && numbers.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "{}",
        numbers.len()
    );
    assert!(lab.node.container_stats(&id).unwrap().logs_used_bytes <= 1 << 20);
    assert_unhurt(&lab, &neighbour).await;
}

#[tokio::test(start_paused = true)]
async fn a_file_without_an_end_is_too_much_for_a_variable_and_for_a_line() {
    let lab = small().await;
    let limited = Resources { memory_limit_bytes: Some(6 << 20), ..Resources::default() };
    for text in ["x=$(cat /dev/zero | tr '\\0' x)", "tr '\\0' x < /dev/zero | sort", "sed s/a/b/ /dev/zero"] {
        let config = ContainerConfig { resources: limited, ..script(&format!("{text}; echo survived")) };
        let (id, neighbour) = beside(&lab, config).await;
        let status = lab.ended(&id).await;
        let log = lab.log(&id).await;
        let killed = status.exit_code == Some(137);
        assert!(killed || log.contains("memory"), "{text}: {status:?} {log}");
        assert_unhurt(&lab, &neighbour).await;
        lab.node.stop_container(&neighbour, Duration::ZERO).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn memory_is_back_when_what_misbehaved_is_gone() {
    let lab = small().await;
    let before = lab.node.stats().memory_working_set_bytes;
    let pod = lab.pod("hog").await;
    let id = lab.start(&pod, script("yes > /f; x=$(head -c 4000000 /f); sleep 1000")).await;
    lab.sleep(2000).await;
    lab.node.stop_container(&id, Duration::ZERO).await.unwrap();
    lab.node.remove_sandbox(&pod).await;
    assert_eq!(lab.node.stats().memory_working_set_bytes, before);
    let (log, status) = lab.outcome(script("head -c 4000000 /dev/zero > /f && echo room")).await;
    assert_eq!((log.as_str(), status.exit_code), ("room\n", Some(0)));
}
