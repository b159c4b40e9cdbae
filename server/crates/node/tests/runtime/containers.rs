//! What a container begins with, and how its end is told.

use podlab_node::{ContainerConfig, ContainerState, ExitReason, Resources, RuntimeError, Security, User};

use crate::lab::{Lab, idle, script};

#[tokio::test(start_paused = true)]
async fn exit_codes_and_reasons_are_those_of_the_first_process() {
    let lab = Lab::new().await;
    for (text, code, reason) in [
        ("exit 0", 0, ExitReason::Completed),
        ("exit 3", 3, ExitReason::Error),
        ("nosuchcommand", 127, ExitReason::Error),
        ("/etc/passwd", 126, ExitReason::Error),
        ("sh -c 'kill -KILL $$'; exit $?", 137, ExitReason::Error),
        ("sh -c 'kill -TERM $$'; exit $?", 143, ExitReason::Error),
        ("sh -c 'kill -SEGV $$'; exit $?", 139, ExitReason::Error),
        // The last command takes the place of the shell, and process 1 does not kill itself.
        ("sh -c 'kill -KILL $$'", 0, ExitReason::Completed),
    ] {
        let (_, status) = lab.outcome(script(text)).await;
        assert_eq!((status.exit_code, status.reason), (Some(code), Some(reason)), "{text}");
        assert_eq!(status.state, ContainerState::Exited);
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_process_that_kills_itself_is_protected_from_itself() {
    let lab = Lab::new().await;
    let (log, status) = lab.outcome(script("kill -TERM $$; kill -KILL $$; echo alive")).await;
    assert_eq!((log.as_str(), status.exit_code), ("alive\n", Some(0)));
}

#[tokio::test(start_paused = true)]
async fn a_program_that_is_not_there_is_a_start_error_in_the_words_of_runc() {
    let lab = Lab::new().await;
    let pod = lab.pod("pod").await;
    let start = async |command: &str| {
        let config = ContainerConfig { command: vec![command.to_owned()], args: vec![], ..script("") };
        let id = lab.node.create_container(&pod, config).unwrap();
        let error = lab.node.start_container(&id).await.unwrap_err();
        let status = lab.node.container_status(&id).unwrap();
        assert_eq!((status.exit_code, status.reason), (Some(128), Some(ExitReason::StartError)));
        assert_eq!(status.started_at, None);
        let RuntimeError::Start(message) = error else { panic!("{error}") };
        assert_eq!(status.message.as_deref(), Some(message.as_str()));
        message.rsplit_once("unable to start container process: ").unwrap().1.to_owned()
    };
    assert_eq!(start("nosuch").await, "exec: \"nosuch\": executable file not found in $PATH");
    assert_eq!(
        start("/bin/nosuch").await,
        "exec: \"/bin/nosuch\": stat /bin/nosuch: no such file or directory"
    );
    assert_eq!(start("/etc/passwd").await, "exec: \"/etc/passwd\": permission denied");
    assert_eq!(start("/etc").await, "exec: \"/etc\": is a directory");
}

#[tokio::test(start_paused = true)]
async fn environment_working_directory_and_host_name_are_as_asked_for() {
    let lab = Lab::new().await;
    let config = ContainerConfig {
        env: [("GREETING", "a b"), ("EMPTY", ""), ("GREETING", "two  words")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
        working_dir: Some("/work/deep".to_owned()),
        ..script("env | sort; pwd; hostname; cat /etc/hostname")
    };
    let (log, _) = lab.outcome(config).await;
    assert_eq!(
        log,
        "EMPTY=\nGREETING=two  words\nHOME=/root\nHOSTNAME=pod\n\
         PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nPWD=/work/deep\nSHLVL=1\n\
         /work/deep\npod\npod\n"
    );
}

#[tokio::test(start_paused = true)]
async fn hosts_and_resolv_conf_name_the_pod_and_its_name_server() {
    let lab = Lab::new().await;
    let pod = lab.pod("web").await;
    let id = lab.start(&pod, idle()).await;
    let ip = lab.node.sandbox_status(&pod).unwrap().ip;
    let hosts = lab.sh(&id, "cat /etc/hosts").await.stdout;
    assert!(
        hosts.starts_with("127.0.0.1\tlocalhost\n") && hosts.ends_with(&format!("{ip}\tweb\n")),
        "{hosts}"
    );
    assert_eq!(
        lab.sh(&id, "cat /etc/resolv.conf").await.stdout,
        "search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n"
    );
}

#[tokio::test(start_paused = true)]
async fn users_are_numbers_or_names_of_the_image() {
    let lab = Lab::new().await;
    let run = async |security: Security, text: &str| {
        lab.outcome(ContainerConfig { security, ..script(text) }).await.0
    };
    let user = |user: User| Security { user: Some(user), ..Security::default() };
    assert_eq!(run(Security::default(), "id").await, "uid=0(root) gid=0(root) groups=0(root),10(wheel)\n");
    assert_eq!(run(user(User::Id(1000)), "id").await, "uid=1000 gid=0(root) groups=0(root)\n");
    assert_eq!(run(user(User::Name("www-data".into())), "id -un; id -gn").await, "www-data\nwww-data\n");
    let security = Security {
        user: Some(User::Id(1000)),
        group: Some(3000),
        supplemental_groups: vec![2000],
        ..Security::default()
    };
    assert_eq!(run(security.clone(), "id").await, "uid=1000 gid=3000 groups=3000,2000\n");
    assert_eq!(
        run(security, "echo x > /x; echo $?; touch /tmp/y; stat -c '%u %g' /tmp/y").await,
        "sh: can't create /x: Permission denied\n1\n1000 3000\n"
    );
    let pod = lab.pod("pod").await;
    let config = ContainerConfig { security: user(User::Name("nosuch".into())), ..script("id") };
    let error = lab.node.create_container(&pod, config).unwrap_err();
    assert!(error.to_string().contains("unable to find user nosuch: no matching entries in passwd file"));
}

#[tokio::test(start_paused = true)]
async fn a_read_only_root_refuses_writes_outside_of_mounts() {
    let lab = Lab::new().await;
    let config = ContainerConfig {
        security: Security { read_only_root: true, ..Security::default() },
        mounts: vec![crate::lab::mount(&lab.node.empty_dir(Default::default()), "/cache")],
        ..script("echo x > /x; mkdir /d; echo y > /cache/y && cat /cache/y; echo z > /dev/shm/z && echo shm")
    };
    let (log, _) = lab.outcome(config).await;
    assert_eq!(
        log,
        "sh: can't create /x: Read-only file system\nmkdir: can't create directory '/d': Read-only file system\ny\nshm\n"
    );
}

#[tokio::test(start_paused = true)]
async fn a_container_that_passes_its_memory_limit_is_killed_for_it() {
    let lab = Lab::new().await;
    let config = ContainerConfig {
        resources: Resources { memory_limit_bytes: Some(16 << 20), ..Resources::default() },
        ..script("x=0123456789abcdef; while :; do x=$x$x; done")
    };
    let (_, status) = lab.outcome(config).await;
    assert_eq!((status.exit_code, status.reason), (Some(137), Some(ExitReason::OomKilled)));
    let config = ContainerConfig {
        resources: Resources { memory_limit_bytes: Some(64 << 20), ..Resources::default() },
        ..script("sleep 1; echo fine")
    };
    assert_eq!(lab.outcome(config).await.1.reason, Some(ExitReason::Completed));
}

#[tokio::test(start_paused = true)]
async fn input_without_an_end_takes_memory_up_to_the_limit_however_high_it_is() {
    let lab = Lab::new().await;
    for (program, mebibytes) in [("tail", 20), ("sort", 100), ("tail", 400)] {
        let limited = ContainerConfig {
            resources: Resources { memory_limit_bytes: Some(mebibytes << 20), ..Resources::default() },
            ..script(&format!("exec {program} /dev/zero"))
        };
        let (log, status) = lab.outcome(limited).await;
        assert_eq!((status.exit_code, status.reason), (Some(137), Some(ExitReason::OomKilled)), "{program}");
        assert_eq!(log, "");
    }
    let (log, status) = lab.outcome(script("head -c 100000000 /dev/zero | tail; echo $?")).await;
    assert_eq!(status.exit_code, Some(0), "{log}");
    assert!(log.ends_with("Cannot allocate memory\n1\n"), "{log}");
}

#[tokio::test(start_paused = true)]
async fn a_child_that_is_killed_for_memory_leaves_the_others_alone() {
    let lab = Lab::new().await;
    let config = ContainerConfig {
        resources: Resources { memory_limit_bytes: Some(32 << 20), ..Resources::default() },
        ..script("sh -c 'x=0123456789abcdef; while :; do x=$x$x; done'; echo $?; sleep 100")
    };
    let pod = lab.pod("pod").await;
    let other = lab.start(&pod, idle()).await;
    let id = lab.start(&pod, config).await;
    lab.ended(&id).await;
    assert_eq!(lab.node.container_status(&other).unwrap().state, ContainerState::Running);
}

#[tokio::test(start_paused = true)]
async fn the_termination_message_is_read_from_its_file() {
    let lab = Lab::new().await;
    let config = ContainerConfig {
        termination_message_path: Some("/dev/termination-log".to_owned()),
        ..script("echo -n the disk is full > /dev/termination-log; exit 2")
    };
    let (_, status) = lab.outcome(config).await;
    assert_eq!(status.termination_message.as_deref(), Some("the disk is full"));
}

#[tokio::test(start_paused = true)]
async fn processes_use_no_more_together_than_their_containers_share() {
    let lab = Lab::new().await;
    let resources = podlab_node::Resources { cpu_limit_millis: Some(100), ..Default::default() };
    let busy = script("while :; do :; done & while :; do :; done & while :; do :; done");
    let id = lab.container(ContainerConfig { resources, ..busy }).await;
    lab.sleep(10_000).await;
    let before = lab.node.container_stats(&id).unwrap().cpu_nanos;
    lab.sleep(10_000).await;
    let millis = (lab.node.container_stats(&id).unwrap().cpu_nanos - before) / 10_000_000;
    assert!((80..=120).contains(&millis), "{millis} thousandths of a core");
}

#[tokio::test(start_paused = true)]
async fn stats_tell_what_a_container_uses() {
    let lab = Lab::new().await;
    let id = lab.container(idle()).await;
    lab.sleep(100).await;
    let before = lab.node.container_stats(&id).unwrap();
    lab.sh(&id, "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; yes | head -c 100000 > /file").await;
    let after = lab.node.container_stats(&id).unwrap();
    assert!(after.cpu_nanos > before.cpu_nanos);
    assert!(after.rootfs_used_bytes >= before.rootfs_used_bytes + 100_000, "{before:?} {after:?}");
    assert_eq!((before.pids, after.pids), (2, 2));
    assert!(before.memory_working_set_bytes > 0);
}
