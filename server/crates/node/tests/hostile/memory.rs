//! Programs that take in too much.

use std::time::Duration;

use podlab_node::{ContainerConfig, Resources};

use crate::{
    lab::{idle, script},
    trial::{assert_unhurt, beside, small},
};

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

#[tokio::test(start_paused = true)]
async fn arguments_and_environments_have_a_limit() {
    let lab = small().await;
    let id = lab.container(idle()).await;
    let output = lab
        .sh(
            &id,
            "x=$(head -c 140000 /dev/zero | tr '\\0' x)
             /bin/true $x; echo $?
             export x; /bin/true; echo $?
             unset x; /bin/true $(seq 1000000000000000 1000000000130000); echo $?
             seq 400000 | xargs /bin/true; echo $?
             find / -exec /bin/true {} + ; echo $?",
        )
        .await;
    assert_eq!(output.stdout, "126\n126\n126\n0\n0\n", "{output:?}");
    assert_eq!(output.stderr.matches("sh: /bin/true: Argument list too long\n").count(), 3, "{output:?}");
}

#[tokio::test(start_paused = true)]
async fn words_that_double_for_ever_are_out_of_memory() {
    let lab = small().await;
    for text in [
        "set -- a b c d; while :; do set -- \"$@\" \"$@\"; done",
        "set -- $(yes | head -c 8000000); echo never",
        "f() { f \"$@\" x x; }; f $(seq 2000)",
        "f() { for i in $(seq 20000); do f; done; }; f",
    ] {
        let (id, neighbour) = beside(&lab, script(&format!("{text}; echo never"))).await;
        assert_ne!(lab.ended(&id).await.exit_code, Some(0), "{text}");
        let log = lab.log(&id).await;
        assert!(!log.contains("never"), "{text}: {log}");
        assert_unhurt(&lab, &neighbour).await;
    }
}
